/* Memory for the rows of a task, which a thread keeps for its next one: the system takes as long to
 * make new pages of it as some hundred steps of the neurons. */
#include <pthread.h>

enum { MOST_KEPT = 1 << 22 }; /* bytes; neurons that feed each other may need far more */

typedef struct {
    void *memory;
    size_t size;
} Scratch;

static pthread_key_t scratch_key;
static int scratch_is_kept;

static void drop_scratch(void *kept) {
    Scratch *scratch = kept;
    free(scratch->memory), free(scratch);
}

static void make_scratch_key(void) {
    scratch_is_kept = !pthread_key_create(&scratch_key, drop_scratch);
}

/* At least `size` bytes, a multiple of `alignment`, with whatever an earlier task left there; NULL
 * where there is not enough memory. */
static void *take_scratch(size_t size, size_t alignment) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_scratch_key);
    Scratch *scratch = scratch_is_kept ? pthread_getspecific(scratch_key) : NULL;
    if (size > MOST_KEPT || !scratch_is_kept) return aligned_alloc(alignment, size);
    if (!scratch) {
        scratch = calloc(1, sizeof *scratch);
        if (!scratch) return NULL;
        if (pthread_setspecific(scratch_key, scratch)) {
            free(scratch);
            return NULL;
        }
    }
    if (scratch->size < size) {
        free(scratch->memory);
        scratch->memory = aligned_alloc(alignment, size);
        scratch->size = scratch->memory ? size : 0;
    }
    return scratch->memory;
}

static void give_back_scratch(void *memory, size_t size) {
    if (size > MOST_KEPT || !scratch_is_kept) free(memory);
}

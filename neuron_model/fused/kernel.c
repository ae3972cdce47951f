/* The equations of neuron_model/dynamics.py through time, and their exact gradient.
 *
 * An application program calls mtc_forward_* and mtc_backward_* with a Problem; everything lies
 * in the caller's memory, in rows of neurons: (batch, time, neurons). Tiles of four vectors of
 * neurons go through time on one thread, and stay in the first-level cache meanwhile. The code is
 * there once for each level of processors (x86-64-v4, v3 and any), which differ in how long their
 * vectors are, and for each type of numbers; see both_types.h. Each pass looks at which level the
 * processor has, so that one library serves them all.
 *
 * The work is cut in the same way whatever the number of threads, so that results do not depend
 * on it.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "threads.h"
#include "scratch.h"

#define INLINE static inline __attribute__((always_inline))

enum { FAST, SLOW, ULTRASLOW, TIMESCALES };
enum { MEMBRANE = TIMESCALES, COPIES };       /* rows of a state: the copies, then U_m */
enum { NONE, ALL, MIXED };                    /* for how many of the neurons something is so */
enum { SHORT, MIDDLE, LONG };                 /* steps: up to 1/8 time constant, up to 20, beyond */

/* Rows of coefficients; those of the filters and of the elements follow each other. */
enum { RATE, BIAS, REST, CONDUCTANCE, RANGE, LEAK_IS_LINEAR, THRESHOLD, GAIN, FILTERS };
enum { DECAY, KAPPA, OFFSET, IS_LINEAR, IS_INSTANT, DURATION, FILTER_ROWS };
enum { ALPHA, DELTA, SLOPE, ELEMENT_ROWS };
#define FILTER(x, row) (FILTERS + (x) * FILTER_ROWS + (row))
#define ELEMENT(k, row) (FILTERS + TIMESCALES * FILTER_ROWS + (k) * ELEMENT_ROWS + (row))

enum {
    CELLS = 4,     /* vectors of a tile */
    SECTION = 128, /* neurons of a row that one task takes */
    BLOCK = 32,    /* steps that a tile takes before the next one's turn */
    RECALLED = 32, /* steps at most that are gone through again at once, operator.py's SEGMENT */
    ALIGNMENT = 64 /* bytes of the widest vector */
};

/* What a gradient is asked for, beside that of the current and of the state. */
enum { NEED_ELEMENTS = 1, NEED_FILTERS = 2, NEED_MEMBRANE = 4, NEED_OUTPUT = 8, NEED_SHAPES = 16 };

/* Which of the equations neurons have. */
typedef struct {
    int64_t exponential;      /* else explicit Euler */
    int64_t saturating_leak;  /* NONE, ALL or MIXED, as what follows */
    int64_t saturating[TIMESCALES];
    int64_t instant[TIMESCALES];
    int64_t steps;            /* SHORT, MIDDLE or LONG, of a saturating filter's time constants */
} Kind;

/* library.py holds the same fields in the same order. */
typedef struct {
    int64_t batch, time, neurons;
    int64_t parameter_batch;  /* 1, or batch where each sequence has coefficients of its own */
    int64_t elements;
    Kind kind;
    int64_t ota_output;       /* whether s is max(0, tanh), else clip */
    int64_t segment;          /* steps between two states on the tape, 0: no tape; at most RECALLED */
    int64_t chunks;           /* of the batch, each with a partial sum of parameter gradients */
    int64_t needs;
    int64_t threads;
    int64_t output_strides[2], voltage_strides[2]; /* of their gradients: batch, time */
    const int64_t *timescale; /* (elements,) */
    const void *current;      /* (batch, time, neurons) */
    const void *state;        /* (copies, batch, neurons), U_m last */
    const void *coefficients; /* (rows, parameter_batch, neurons) */
    const void *weights;      /* (from, to) among the neurons, or null */
    void *output;             /* (batch, time, neurons): s */
    void *voltage;            /* the same: U_m, or null */
    void *end;                /* as state */
    void *tape;               /* (U_m and the moving copies, batch, segments, neurons) */
    const void *grad_output, *grad_voltage, *grad_end; /* each may be null */
    void *grad_current;       /* (batch, time, neurons), or null where it is not wanted */
    void *grad_state;
    void *grad_coefficients;  /* (rows, parameter_batch, or chunks where that is 1, neurons) */
    void *grad_weights;       /* (chunks, from, to), or null */
} Problem;

/* Part of the work: `sequences` from `batch` on, of the `lanes` neurons of a row from `first` on. */
typedef struct {
    const Problem *p;
    int64_t batch, sequences, first, lanes;
    int64_t chunk; /* whose partial sums it adds to */
} Task;

/* Work that is cut into chunks of sequences and sections of the rows, which threads take one after
 * the other. A chunk is gone through a group of sequences after the other. */
typedef struct {
    const Problem *problem;
    int (*run)(const Task *);
    int64_t section, sections; /* neurons of a section */
    atomic_llong next;
    atomic_int failed;
} Work;

/* Results so small that they are denormal are 0: with them a step takes a hundred times as long,
 * and a gradient that fades away is made of them. */
#if defined(__SSE__)
typedef unsigned int Mode;
static Mode flush_denormals(void) {
    Mode before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    return before;
}
static void restore(Mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
typedef uint64_t Mode;
static Mode flush_denormals(void) {
    Mode before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" ::"r"(before | ((Mode)1 << 24)));
    return before;
}
static void restore(Mode mode) { __asm__ volatile("msr fpcr, %0" ::"r"(mode)); }
#else
typedef int Mode;
static Mode flush_denormals(void) { return 0; }
static void restore(Mode mode) { (void)mode; }
#endif

static int run_group(const Work *work, int64_t chunk, int64_t section) {
    const Problem *p = work->problem;
    const int64_t end = (chunk + 1) * p->batch / p->chunks;
    for (int64_t b = chunk * p->batch / p->chunks; b < end; b += CELLS) {
        Task task = {.p = p, .batch = b, .chunk = chunk, .first = section * work->section};
        task.sequences = end - b < CELLS ? end - b : CELLS;
        task.lanes = section + 1 < work->sections ? work->section : p->neurons - task.first;
        if (work->run(&task)) return 1;
    }
    return 0;
}

static void take_tasks(void *argument) {
    Work *work = argument;
    Mode mode = flush_denormals();
    for (;;) {
        int64_t task = atomic_fetch_add(&work->next, 1);
        if (task >= work->problem->chunks * work->sections || atomic_load(&work->failed)) break;
        if (run_group(work, task / work->sections, task % work->sections))
            atomic_store(&work->failed, 1);
    }
    restore(mode);
}

/* `cell` is how many numbers a vector holds. Gives 0, or 1 where there is not enough memory. */
static int run_tasks(const Problem *p, int (*run)(const Task *), int cell) {
    if (!p->neurons || !p->batch) return 0;
    /* the neurons of a row that feed each other stay together; no section is shorter than a cell,
     * unless the row is, and the last one takes what is left */
    const int64_t section = p->weights ? p->neurons : SECTION;
    const int64_t sections = (p->neurons + section - cell) / section;
    Work work = {p, run, section, sections > 0 ? sections : 1, 0, 0};
    int64_t tasks = p->chunks * work.sections;
    int64_t wanted = p->threads < tasks ? p->threads : tasks;
    run_on_threads(take_tasks, &work, wanted - 1);
    return atomic_load(&work.failed);
}

/* Memory that is about to be written for the first time: it costs as much as the neurons to have
 * it page by page. */
static void in_large_pages(const Problem *p, void *memory, size_t size) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    enum { PAGE = 1 << 21 };
    if (!memory) return;
    uintptr_t begin = ((uintptr_t)memory + PAGE - 1) / PAGE * PAGE;
    uintptr_t end = ((uintptr_t)memory + (size_t)(p->batch * p->time * p->neurons) * size) / PAGE * PAGE;
    if (end > begin) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)p, (void)memory, (void)size;
#endif
}

INLINE int64_t coefficient_rows(const Problem *p) { return ELEMENT(p->elements, 0); }

/* Tiles of a task, whose cells have `cell` lanes. */
INLINE int64_t tiles_of(const Task *task, int cell) {
    int64_t cells = task->sequences * ((task->lanes + cell - 1) / cell);
    return (cells + CELLS - 1) / CELLS;
}

/* Rows that a step leaves: the state before it, of the copies those that move; on the way back also
 * what its gradient needs. The last are those of the elements. */
enum {
    KEPT_SLOPE = COPIES,                  /* membrane_conductance */
    TANH_LEAK,
    FILTER_SLOPE,                         /* dF/du of a saturating filter's flow F */
    FILTER_BY = FILTER_SLOPE + TIMESCALES, /* dF/d(decay); dF/d(duration) but in MIDDLE steps */
    TANH_ELEMENT = FILTER_BY + TIMESCALES
};

/* What the steps of a task need to know of the problem. */
typedef struct {
    const Problem *p;
    const Kind *kind;
    int is_recurrent;
    int is_shared; /* all cells of a tile are the same neurons, of several sequences */
    int is_whole;  /* no row is shorter than a cell */
    int64_t needs, elements;
    const int64_t *timescale; /* of each element */
} Plan;

/* The usual kinds of neurons: fast elements without a filter, the others with filters of one sort.
 * Their steps are compiled apart, with all this as constants, where they do not feed each other. */
enum { USUAL_NEEDS = NEED_ELEMENTS | NEED_FILTERS }; /* of what layers learn; computed in any case */
static const Kind EULER = {0, NONE, {NONE, NONE, NONE}, {ALL, NONE, NONE}, MIDDLE};
static const Kind EXPONENTIAL = {1, NONE, {NONE, NONE, NONE}, {ALL, NONE, NONE}, MIDDLE};
static const Kind CIRCUIT = {1, ALL, {ALL, ALL, ALL}, {ALL, NONE, NONE}, MIDDLE};
static const Kind CIRCUIT_FINE = {1, ALL, {ALL, ALL, ALL}, {ALL, NONE, NONE}, SHORT};

INLINE int is_kind(const Problem *p, const Kind *kind) {
    int same = p->kind.exponential == kind->exponential && p->kind.steps == kind->steps &&
               p->kind.saturating_leak == kind->saturating_leak;
    for (int x = 0; x < TIMESCALES; x++) {
        same &= p->kind.instant[x] == kind->instant[x];
        same &= kind->instant[x] == ALL || p->kind.saturating[x] == kind->saturating[x];
    }
    return same && !p->weights && !(p->needs & ~USUAL_NEEDS);
}

INLINE int is_shared(const Task *task) {
    return task->p->parameter_batch == 1 && task->sequences == CELLS;
}

#define IF_KIND(run, kind, shared)                                                       \
    if (is_kind(task->p, &kind) && is_shared(task) == shared && task->lanes >= NAME(CELL)) { \
        const Plan plan = {task->p, &kind, 0, shared, 1, USUAL_NEEDS,                  \
                           task->p->elements, task->p->timescale};                       \
        return run(&plan, task);                                                         \
    }
#define BY_KIND(run)                                                                     \
    if (sizeof(REAL) == sizeof(float)) {                                                 \
        IF_KIND(run, EULER, 1)                                                           \
        IF_KIND(run, EXPONENTIAL, 1)                                                     \
        IF_KIND(run, CIRCUIT, 1)                                                         \
        IF_KIND(run, CIRCUIT_FINE, 1)                                                    \
        IF_KIND(run, CIRCUIT_FINE, 0)                                                    \
    }                                                                                    \
    const Plan plan = {task->p, &task->p->kind, task->p->weights != NULL, is_shared(task), \
                       task->lanes >= NAME(CELL), task->p->needs, task->p->elements,         \
                       task->p->timescale};                                               \
    return run(&plan, task);

#define JOIN(a, b, c) a##b##c
#define JOINED(a, b, c) JOIN(a, b, c)

/* The code for each kind of processor, and the one for this processor. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define HAS_LEVELS
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
#define LEVEL _v4
#define VECTOR 64
#include "both_types.h"
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#define LEVEL _v3
#define VECTOR 32
#include "both_types.h"
#pragma GCC pop_options
#endif
#define LEVEL
#define VECTOR 16
#include "both_types.h"

#ifdef HAS_LEVELS
/* By the features that tell the levels apart: older compilers do not know the names of these. */
static int highest_level(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2"))
        return 2;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl")
               ? 4
               : 3;
}

/* A lower one where the environment asks for it, to measure what other processors would do. */
static int level(void) {
    const char *asked = getenv("MTC_KERNEL_LEVEL");
    const int highest = highest_level();
    const int wanted = asked && asked[0] >= '2' && asked[0] <= '4' && !asked[1] ? asked[0] - '0' : 4;
    return wanted < highest ? wanted : highest;
}

#define RUN(name, problem)                                                               \
    switch (level()) {                                                                   \
        case 4: return name##_v4(problem);                                               \
        case 3: return name##_v3(problem);                                               \
        default: return name(problem);                                                   \
    }
#else
#define RUN(name, problem) return name(problem);
#endif

/* Bytes of a Problem: what calls a library of other sources sees it by this. */
int64_t mtc_problem_size(void) { return sizeof(Problem); }

int mtc_forward_f32(const Problem *p) { RUN(forward_f32, p) }
int mtc_backward_f32(const Problem *p) { RUN(backward_f32, p) }
int mtc_forward_f64(const Problem *p) { RUN(forward_f64, p) }
int mtc_backward_f64(const Problem *p) { RUN(backward_f64, p) }

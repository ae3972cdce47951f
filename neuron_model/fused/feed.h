/* What the neurons of a row feed to each other, through the outputs of the step before:
 * drive = current + sum of s[from] weights[from]. Rows here are whole ones, of a sequence each.
 */

typedef struct {
    REAL *um, *drive; /* a row for each sequence of a task */
    REAL *g_output;   /* gradient of what was fed */
    int64_t width;
} NAME(Feed);

enum { NAME(FEED_ROWS) = 3 };

INLINE int64_t NAME(feed_width)(const Problem *p) {
    return (p->neurons + NAME(CELL) - 1) / NAME(CELL) * NAME(CELL);
}

INLINE int64_t NAME(feed_room)(const Task *task) {
    return task->p->weights ? NAME(FEED_ROWS) * task->sequences * NAME(feed_width)(task->p) : 0;
}

INLINE NAME(Feed) NAME(feed_at)(const Task *task, REAL *room) {
    const int64_t width = NAME(feed_width)(task->p), rows = task->sequences * width;
    NAME(Feed) f = {room, room + rows, room + 2 * rows, width};
    return f;
}

/* Rows of a task's sequences, as a tile's load and store address them. */
INLINE REAL *NAME(of_all)(const NAME(Feed) *f, const Task *task, REAL *rows) {
    return rows - task->batch * f->width;
}

INLINE const REAL *NAME(coefficient)(const Problem *p, int64_t row, int64_t b) {
    const int64_t sets = p->parameter_batch;
    return (const REAL *)p->coefficients + (row * sets + (sets == 1 ? 0 : b)) * p->neurons;
}

/* The drive of all sequences at step t, from U_m before it. */
INLINE void NAME(feed)(const NAME(Feed) *f, const Task *task, int64_t t) {
    const Problem *p = task->p;
    const int64_t N = p->neurons;
    for (int64_t i = 0; i < task->sequences; i++) {
        const int64_t b = task->batch + i;
        const REAL *threshold = NAME(coefficient)(p, THRESHOLD, b), *um = f->um + i * f->width;
        const REAL *gain = NAME(coefficient)(p, GAIN, b);
        REAL *drive = f->drive + i * f->width;
        memcpy(drive, (const REAL *)p->current + (b * p->time + t) * N, (size_t)N * sizeof(REAL));
        for (int64_t from = 0; from < N; from++) {
            REAL fed = NAME(output)(p, (um[from] - threshold[from]) * gain[from]);
            const REAL *weights = (const REAL *)p->weights + from * N;
            if (fed == 0) continue; /* most neurons are silent most of the time */
            _Pragma("omp simd") for (int64_t n = 0; n < N; n++) drive[n] += fed * weights[n];
        }
    }
}

/* From the gradient of the drive, in f->drive, to those of the weights and of what was fed. */
INLINE void NAME(feed_gradient)(const NAME(Feed) *f, const Task *task, REAL *g_weights) {
    const Problem *p = task->p;
    const int64_t N = p->neurons;
    for (int64_t i = 0; i < task->sequences; i++) {
        const int64_t b = task->batch + i;
        const REAL *threshold = NAME(coefficient)(p, THRESHOLD, b), *um = f->um + i * f->width;
        const REAL *gain = NAME(coefficient)(p, GAIN, b), *g_drive = f->drive + i * f->width;
        REAL *g_output = f->g_output + i * f->width;
        for (int64_t from = 0; from < N; from++) {
            REAL v = (um[from] - threshold[from]) * gain[from], sum = 0;
            const REAL *weights = (const REAL *)p->weights + from * N;
            if (v >= 0 && (p->ota_output || v <= R(1.0))) {
                _Pragma("omp simd reduction(+ : sum)")
                for (int64_t n = 0; n < N; n++) sum += weights[n] * g_drive[n];
            }
            g_output[from] = sum;
            REAL fed = NAME(output)(p, v);
            REAL *to = g_weights + from * N;
            if (fed == 0) continue;
            _Pragma("omp simd") for (int64_t n = 0; n < N; n++) to[n] += fed * g_drive[n];
        }
    }
}

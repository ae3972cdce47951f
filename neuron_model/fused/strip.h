/* A strip: some lanes of a row of neurons, with their coefficients and the place for their state. */

#define LOOP _Pragma("omp simd") for (int64_t n = 0; n < w; n++)

typedef struct {
    const Problem *p;
    int64_t first, lanes, width; /* where in the row it begins, how long it is, how long padded */
    REAL *memory;
    REAL *c;                     /* coefficients, a row each */
    REAL *inverse_range, *inverse_kappa[TIMESCALES];
    REAL *steepness;             /* alpha kappa of each element */
    REAL *initial[COPIES];       /* the state before the first step */
    REAL *drive, *total, *slope;
} NAME(Strip);

/* Where the state before a step lies, and what else of the step its gradient needs. */
typedef struct {
    REAL *u[COPIES];             /* the copies that move, and U_m */
    const REAL *source[TIMESCALES]; /* what the elements of a timescale read */
    REAL *tanh_element;          /* a row for each element */
    REAL *slope;                 /* membrane_conductance */
    REAL *tanh_leak;
    REAL *filter_slope[TIMESCALES]; /* dF/du of a saturating filter's flow F */
    REAL *filter_by[TIMESCALES];    /* dF/d(decay), or dF/d(duration) where steps are long */
} NAME(Step);

INLINE REAL *NAME(row)(const NAME(Strip) *s, int64_t row) { return s->c + row * s->width; }

/* A row of global memory, with the last lane repeated in the padding so that it is harmless. */
INLINE void NAME(load)(const NAME(Strip) *s, REAL *to, const REAL *from) {
    memcpy(to, from + s->first, (size_t)s->lanes * sizeof(REAL));
    for (int64_t n = s->lanes; n < s->width; n++) to[n] = to[s->lanes - 1];
}

INLINE void NAME(store)(const NAME(Strip) *s, REAL *to, const REAL *from) {
    memcpy(to + s->first, from, (size_t)s->lanes * sizeof(REAL));
}

INLINE const REAL *NAME(state_row)(const Problem *p, const void *state, int64_t copy, int64_t b) {
    return (const REAL *)state + (copy * p->batch + b) * p->neurons;
}

/* Room for a strip and `more` rows, which begin at the returned address; null without memory. */
INLINE REAL *NAME(open)(NAME(Strip) *s, const Problem *p, int64_t strip, int64_t more) {
    s->p = p;
    s->first = strip * LANES;
    int64_t left = p->neurons - s->first;
    s->lanes = p->weights || left < LANES ? left : LANES;
    s->width = padded(s->lanes, sizeof(REAL));
    int64_t rows = coefficient_rows(p) + 1 + TIMESCALES + p->elements + COPIES + 3;
    size_t bytes = (size_t)((rows + more) * s->width) * sizeof(REAL);
    s->memory = aligned_alloc(ALIGNMENT, bytes);
    if (!s->memory) return NULL;
    memset(s->memory, 0, bytes);
    REAL *next = s->memory;
    s->c = next, next += coefficient_rows(p) * s->width;
    s->inverse_range = next, next += s->width;
    for (int x = 0; x < TIMESCALES; x++) s->inverse_kappa[x] = next, next += s->width;
    s->steepness = next, next += p->elements * s->width;
    for (int i = 0; i < COPIES; i++) s->initial[i] = next, next += s->width;
    s->drive = next, next += s->width;
    s->total = next, next += s->width;
    s->slope = next, next += s->width;
    return next;
}

INLINE void NAME(load_coefficients)(NAME(Strip) *s, int64_t b) {
    const Problem *p = s->p;
    const int64_t w = s->width, of = p->parameter_batch == 1 ? 0 : b;
    for (int64_t i = 0; i < coefficient_rows(p); i++)
        NAME(load)(s, NAME(row)(s, i), (const REAL *)p->coefficients +
                   (i * p->parameter_batch + of) * p->neurons);
    const REAL *range = NAME(row)(s, RANGE);
    LOOP s->inverse_range[n] = R(1.0) / range[n];
    for (int x = 0; x < TIMESCALES; x++) {
        const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA));
        REAL *inverse = s->inverse_kappa[x];
        LOOP inverse[n] = R(1.0) / kappa[n];
    }
    for (int64_t k = 0; k < p->elements; k++) {
        const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *kappa = NAME(row)(s, ELEMENT(k, SLOPE));
        REAL *steepness = s->steepness + k * w;
        LOOP steepness[n] = alpha[n] * kappa[n];
    }
}

INLINE void NAME(load_initial)(NAME(Strip) *s, int64_t b) {
    for (int i = 0; i < COPIES; i++)
        NAME(load)(s, s->initial[i], NAME(state_row)(s->p, s->p->state, i, b));
}

/* The rows of one step in the memory at `next`: those of the state, then the gradient's. */
INLINE NAME(Step) NAME(step_at)(const NAME(Strip) *s, REAL *next, int is_first) {
    const Problem *p = s->p;
    const int64_t w = s->width;
    NAME(Step) at;
    at.u[MEMBRANE] = next, next += w;
    for (int x = 0; x < TIMESCALES; x++) {
        at.u[x] = s->initial[x];
        if (p->instant[x] != ALL) at.u[x] = next, next += w;
        at.source[x] = p->instant[x] != ALL || is_first ? at.u[x] : at.u[MEMBRANE];
    }
    at.tanh_element = next, next += p->elements * w;
    at.slope = next, next += w;
    at.tanh_leak = next, next += w;
    for (int x = 0; x < TIMESCALES; x++) {
        at.filter_slope[x] = next, next += w;
        at.filter_by[x] = next, next += w;
    }
    return at;
}

INLINE int64_t NAME(state_rows)(const Problem *p) { return 1 + moving(p); }

INLINE int64_t NAME(step_rows)(const Problem *p) {
    return NAME(state_rows)(p) + p->elements + 2 + 2 * TIMESCALES;
}

/* One step of the neuron and its gradient, over the lanes of a strip; included by kernel.c for each
 * type. The names are those of neuron_model/dynamics.py: what is a formula there has its place here
 * under the same name. */

#include "functions.h"

#define LOOP _Pragma("omp simd") for (int64_t n = 0; n < w; n++)

/* Beyond this many units sinh is half an exponential, see dynamics.py. */
#define SATURATED R(40.0)

typedef struct {
    const Problem *p;
    int64_t first, lanes, width; /* of the row: where the strip begins, how long, how long padded */
    REAL *memory;
    REAL *c;                        /* coefficients, a row each */
    REAL *inverse_range, *inverse_kappa[TIMESCALES];
    REAL *u[COPIES];                /* the state */
    const REAL *source[TIMESCALES]; /* what the elements of a timescale read */
    REAL *drive, *total, *slope;
} NAME(Strip);

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

INLINE int64_t NAME(moving)(const Problem *p) {
    int64_t count = 0;
    for (int x = 0; x < TIMESCALES; x++) count += p->instant[x] != ALL;
    return count;
}

/* Room for a strip and `more` rows, which begin at the returned address; null without memory. */
INLINE REAL *NAME(open)(NAME(Strip) *s, const Problem *p, int64_t strip, int64_t more) {
    s->p = p;
    s->first = strip * LANES;
    int64_t left = p->neurons - s->first;
    s->lanes = p->weights || left < LANES ? left : LANES;
    s->width = padded(s->lanes, sizeof(REAL));
    int64_t rows = coefficient_rows(p) + 1 + TIMESCALES + COPIES + 3;
    size_t bytes = (size_t)((rows + more) * s->width) * sizeof(REAL);
    s->memory = aligned_alloc(ALIGNMENT, bytes);
    if (!s->memory) return NULL;
    memset(s->memory, 0, bytes);
    REAL *next = s->memory;
    s->c = next, next += coefficient_rows(p) * s->width;
    s->inverse_range = next, next += s->width;
    for (int x = 0; x < TIMESCALES; x++) s->inverse_kappa[x] = next, next += s->width;
    for (int i = 0; i < COPIES; i++) s->u[i] = next, next += s->width;
    s->drive = next, next += s->width;
    s->total = next, next += s->width;
    s->slope = next, next += s->width;
    return next;
}

INLINE void NAME(load_coefficients)(NAME(Strip) *s, int64_t b) {
    const Problem *p = s->p;
    int64_t w = s->width, of = p->parameter_batch == 1 ? 0 : b;
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
}

INLINE void NAME(load_state)(NAME(Strip) *s, int64_t b) {
    for (int i = 0; i < COPIES; i++)
        NAME(load)(s, s->u[i], NAME(state_row)(s->p, s->p->state, i, b));
    for (int x = 0; x < TIMESCALES; x++) s->source[x] = s->u[x];
}

INLINE int NAME(in_slope)(const Problem *p, int64_t x) {
    return p->exponential && p->instant[x] != NONE;
}

/* ionic_current at the state, and membrane_conductance where the integrator takes it. */
INLINE void NAME(ionic)(NAME(Strip) *s, const REAL *um) {
    const Problem *p = s->p;
    const int64_t w = s->width;
    REAL *total = s->total, *slope = s->slope;
    const REAL *rest = NAME(row)(s, REST), *g = NAME(row)(s, CONDUCTANCE);
    const REAL *range = NAME(row)(s, RANGE), *linear = NAME(row)(s, LEAK_IS_LINEAR);
    if (p->saturating_leak == NONE) {
        LOOP total[n] = g[n] * (um[n] - rest[n]);
        LOOP slope[n] = g[n];
    } else {
        LOOP {
            REAL u = um[n] - rest[n], t = NAME(tanh)(u * s->inverse_range[n]);
            int is_linear = linear[n] != 0;
            total[n] = g[n] * (is_linear ? u : range[n] * t);
            slope[n] = g[n] * (is_linear ? R(1.0) : R(1.0) - t * t);
        }
    }
    for (int64_t k = 0; k < p->elements; k++) {
        const int64_t x = p->timescale[k];
        const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *u = s->source[x];
        const REAL *delta = NAME(row)(s, ELEMENT(k, DELTA));
        const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE));
        if (!NAME(in_slope)(p, x)) {
            LOOP total[n] += alpha[n] * NAME(tanh)(kappa[n] * (u[n] - delta[n]));
        } else if (p->instant[x] == ALL) {
            LOOP {
                REAL t = NAME(tanh)(kappa[n] * (u[n] - delta[n]));
                total[n] += alpha[n] * t;
                slope[n] += alpha[n] * kappa[n] * (R(1.0) - t * t);
            }
        } else {
            const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
            LOOP {
                REAL t = NAME(tanh)(kappa[n] * (u[n] - delta[n]));
                total[n] += alpha[n] * t;
                slope[n] += instant[n] * alpha[n] * kappa[n] * (R(1.0) - t * t);
            }
        }
    }
}

/* What the exact flow of a saturating filter, asinh(left sinh(y)), is made of. */
typedef struct {
    REAL y;      /* |kappa u|, at most SATURATED */
    REAL beyond; /* what is above that */
    REAL slewed; /* of it, within the step */
    REAL left;   /* exp(-duration), less where some of the step went into slewing */
    REAL sinh, cosh_minus_1;
} NAME(Flow);

INLINE NAME(Flow) NAME(flow)(REAL y, REAL decay, REAL duration, int is_long) {
    NAME(Flow) f;
    y = FABS(y);
    f.y = y > SATURATED ? SATURATED : y;
    f.beyond = y - f.y;
    f.slewed = 0;
    f.left = decay;
    if (is_long) {
        f.slewed = f.beyond < duration ? f.beyond : duration;
        REAL rest = f.slewed - duration;
        f.left = NAME(exp)(rest < R(-80.0) ? R(-80.0) : rest);
    }
    REAL e = NAME(expm1)(f.y), q = e / (e + R(1.0));
    f.sinh = R(0.5) * (e + q);
    f.cosh_minus_1 = R(0.5) * e * q;
    return f;
}

/* asinh(left sinh(y)) + beyond - slewed, for y >= 0 */
INLINE REAL NAME(flowed)(NAME(Flow) f) {
    REAL z = f.left * f.sinh;
    return NAME(log1p)(z + z * z / (R(1.0) + SQRT(R(1.0) + z * z))) + (f.beyond - f.slewed);
}

INLINE void NAME(follow_exponential)(NAME(Strip) *s, int x) {
    const Problem *p = s->p;
    const int64_t w = s->width;
    const REAL *um = s->u[MEMBRANE], *decay = NAME(row)(s, FILTER(x, DECAY));
    const REAL *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *ux = s->u[x];
    if (p->saturating[x] == NONE) {
        /* an instant one has a decay and an offset of 0 */
        LOOP {
            REAL u = um[n] - ux[n] - offset[n];
            ux[n] = um[n] - decay[n] * u + offset[n];
        }
        return;
    }
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA));
    const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR));
    const REAL *duration = NAME(row)(s, FILTER(x, DURATION));
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT)), *inverse = s->inverse_kappa[x];
#define FOLLOW(is_long)                                                                      \
    LOOP {                                                                                   \
        REAL u = um[n] - ux[n] - offset[n];                                                  \
        REAL moved = NAME(flowed)(NAME(flow)(kappa[n] * u, decay[n], duration[n], is_long)); \
        moved = (u < 0 ? -moved : moved) * inverse[n];                                       \
        moved = linear[n] != 0 ? decay[n] * u : moved;                                       \
        REAL after = um[n] - moved + offset[n];                                              \
        ux[n] = instant[n] != 0 ? um[n] : after;                                             \
    }
    if (p->is_long) {
        FOLLOW(1)
    } else {
        FOLLOW(0)
    }
#undef FOLLOW
}

/* Towards the membrane voltage before the step, as explicit Euler has it. */
INLINE void NAME(follow_euler)(NAME(Strip) *s, int x) {
    const Problem *p = s->p;
    const int64_t w = s->width;
    const REAL *um = s->u[MEMBRANE], *gain = NAME(row)(s, FILTER(x, DECAY));
    const REAL *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *ux = s->u[x];
    if (p->saturating[x] == NONE) {
        LOOP ux[n] += gain[n] * (um[n] - ux[n] + offset[n]);
        return;
    }
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA)), *inverse = s->inverse_kappa[x];
    const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR));
    LOOP {
        REAL u = um[n] - ux[n], f = NAME(tanh)(kappa[n] * u) * inverse[n];
        ux[n] += gain[n] * ((linear[n] != 0 ? u : f) + offset[n]);
    }
}

INLINE void NAME(step)(NAME(Strip) *s) {
    const Problem *p = s->p;
    const int64_t w = s->width;
    REAL *um = s->u[MEMBRANE];
    const REAL *total = s->total, *slope = s->slope, *drive = s->drive;
    const REAL *rate = NAME(row)(s, RATE), *bias = NAME(row)(s, BIAS);
    NAME(ionic)(s, um);
    if (p->exponential) {
        LOOP {
            REAL x = rate[n] * slope[n];
            um[n] += rate[n] * (drive[n] + bias[n] - total[n]) /
                     (R(1.0) + x * (R(0.5) + x * (REAL)(1.0 / 12.0)));
        }
        for (int x = 0; x < TIMESCALES; x++)
            if (p->instant[x] != ALL) NAME(follow_exponential)(s, x);
    } else {
        for (int x = 0; x < TIMESCALES; x++)
            if (p->instant[x] != ALL) NAME(follow_euler)(s, x);
        LOOP um[n] += rate[n] * (drive[n] + bias[n] - total[n]);
        for (int x = 0; x < TIMESCALES; x++)
            if (p->instant[x] == MIXED) {
                const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
                REAL *ux = s->u[x];
                LOOP ux[n] = instant[n] != 0 ? um[n] : ux[n];
            }
    }
    for (int x = 0; x < TIMESCALES; x++)
        if (p->instant[x] == ALL) s->source[x] = um;
}

INLINE REAL NAME(output)(REAL um, REAL threshold, REAL gain) {
    REAL v = (um - threshold) * gain;
    v = v < 0 ? R(0.0) : v;
    return v > R(1.0) ? R(1.0) : v;
}

/* drive = current + what the neurons of the row feed to each other, from um before the step */
INLINE void NAME(load_drive)(NAME(Strip) *s, int64_t b, int64_t t, const REAL *um) {
    const Problem *p = s->p;
    NAME(load)(s, s->drive, (const REAL *)p->current + (b * p->time + t) * p->neurons);
    if (!p->weights) return;
    const int64_t w = s->lanes;
    const REAL *threshold = NAME(row)(s, THRESHOLD), *gain = NAME(row)(s, GAIN);
    REAL *drive = s->drive;
    for (int64_t from = 0; from < w; from++) {
        REAL fed = NAME(output)(um[from], threshold[from], gain[from]);
        const REAL *weights = (const REAL *)p->weights + from * p->neurons;
        /* most neurons are silent most of the time */
        if (fed != 0) LOOP drive[n] += fed * weights[n];
    }
}

VERSIONS static int NAME(forward_task)(const Problem *p, int64_t task) {
    NAME(Strip) s;
    const int64_t b = task / strips(p), T = p->time, N = p->neurons;
    const int64_t segments = p->segment > 1 ? (T + p->segment - 1) / p->segment : 0;
    if (!NAME(open)(&s, p, task % strips(p), 0)) return 1;
    NAME(load_coefficients)(&s, b);
    NAME(load_state)(&s, b);
    const REAL *um = s.u[MEMBRANE];
    const REAL *threshold = NAME(row)(&s, THRESHOLD), *gain = NAME(row)(&s, GAIN);
    REAL *tape = p->tape;
    for (int64_t t = 0; t < T; t++) {
        int64_t saved = 0;
        if (segments && t % p->segment == 0)
            for (int i = 0; i < COPIES; i++)
                if (i == MEMBRANE || p->instant[i] != ALL)
                    NAME(store)(&s, tape + ((saved++ * p->batch + b) * segments + t / p->segment) * N,
                                s.u[i]);
        NAME(load_drive)(&s, b, t, um);
        NAME(step)(&s);
        const int64_t w = s.lanes;
        REAL *output = (REAL *)p->output + (b * T + t) * N + s.first;
        LOOP output[n] = NAME(output)(um[n], threshold[n], gain[n]);
        if (p->voltage) NAME(store)(&s, (REAL *)p->voltage + (b * T + t) * N, um);
        if (p->segment == 1)
            for (int x = 0; x < TIMESCALES; x++)
                if (p->instant[x] != ALL)
                    NAME(store)(&s, tape + ((saved++ * p->batch + b) * T + t) * N, s.u[x]);
    }
    for (int i = 0; i < COPIES; i++) {
        REAL *end = (REAL *)p->end + (i * p->batch + b) * N;
        int follows = i != MEMBRANE && p->instant[i] == ALL && T > 0;
        NAME(store)(&s, end, follows ? um : s.u[i]);
    }
    free(s.memory);
    return 0;
}

/* ---- the gradient ---- */

typedef struct {
    NAME(Strip) s;
    REAL *g[COPIES];     /* gradient of the state after the step, then of the one before */
    REAL *gc;            /* of the coefficients, a row each */
    REAL *moved;         /* sum of g dU_m: the part of RATE's gradient that is divided by it */
    REAL *later;         /* what reaches U_m before the step past the membrane's equation */
    REAL *g_output, *g_drive, *g_slope;
    REAL *initial[COPIES];
    REAL *buffer[2][COPIES];
    REAL *segment;       /* the states after each step of a segment, run again */
} NAME(Gradient);

INLINE REAL *NAME(gc_row)(const NAME(Gradient) *g, int64_t row) {
    return g->gc + row * g->s.width;
}

INLINE void NAME(output_gradient)(NAME(Gradient) *g, const REAL *um) {
    const int64_t w = g->s.width;
    const REAL *threshold = NAME(row)(&g->s, THRESHOLD), *gain = NAME(row)(&g->s, GAIN);
    const REAL *g_output = g->g_output;
    REAL *gm = g->g[MEMBRANE];
    LOOP {
        REAL v = (um[n] - threshold[n]) * gain[n];
        REAL q = (v >= 0) & (v <= R(1.0)) ? g_output[n] : R(0.0);
        gm[n] += q * gain[n];
    }
    if (g->s.p->needs & NEED_OUTPUT) {
        REAL *gt = NAME(gc_row)(g, THRESHOLD), *gg = NAME(gc_row)(g, GAIN);
        LOOP {
            REAL v = (um[n] - threshold[n]) * gain[n];
            REAL q = (v >= 0) & (v <= R(1.0)) ? g_output[n] : R(0.0);
            gt[n] -= q * gain[n];
            gg[n] += q * (um[n] - threshold[n]);
        }
    }
}

/* U_x' = U_m' - F(u) + offset,  u = U_m' - U_x - offset */
INLINE void NAME(follow_exponential_gradient)(NAME(Gradient) *g, int x, const REAL *um_after,
                                              const REAL *ux) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x];
    const REAL *decay = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *g_decay = NAME(gc_row)(g, FILTER(x, DECAY));
    REAL *g_offset = NAME(gc_row)(g, FILTER(x, OFFSET));
    const int shapes = (p->needs & NEED_SHAPES) != 0;
    if (p->saturating[x] == NONE) {
        /* an instant one has a decay of 0; whoever gave that has no use for its gradient */
        if (p->needs & NEED_FILTERS)
            LOOP g_decay[n] -= gx[n] * (um_after[n] - ux[n] - offset[n]);
        if (shapes) LOOP g_offset[n] += gx[n] * (R(1.0) + decay[n]);
        LOOP {
            REAL kept = gx[n] * decay[n];
            gm[n] += gx[n] - kept;
            gx[n] = kept;
        }
        return;
    }
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA));
    const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR));
    const REAL *duration = NAME(row)(s, FILTER(x, DURATION));
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT)), *inverse = s->inverse_kappa[x];
    REAL *g_kappa = NAME(gc_row)(g, FILTER(x, KAPPA));
    REAL *g_duration = NAME(gc_row)(g, FILTER(x, DURATION));
    /* slope: dF/du; by_decay: dF/d(decay), or dF/d(duration) where the step is long */
#define GRADIENT(is_long, needs_rate, needs_shape)                                             \
    LOOP {                                                                                     \
        REAL u = um_after[n] - ux[n] - offset[n];                                              \
        NAME(Flow) f = NAME(flow)(kappa[n] * u, decay[n], duration[n], is_long);               \
        REAL z = f.left * f.sinh, inverse_root = R(1.0) / SQRT(R(1.0) + z * z);                \
        REAL slope = f.left * (f.cosh_minus_1 + R(1.0)) * inverse_root;                        \
        REAL by = is_long ? -z * inverse_root : f.sinh * inverse_root;                         \
        if (is_long) {                                                                         \
            int slews = f.beyond > 0, whole = f.beyond > duration[n];                          \
            slope = slews ? (whole ? R(1.0) : z * inverse_root) : slope;                       \
            by = whole ? R(-1.0) : by;                                                         \
        } else {                                                                               \
            slope = f.beyond > 0 ? R(1.0) : slope;                                             \
        }                                                                                      \
        by = (u < 0 ? -by : by) * inverse[n];                                                  \
        int is_linear = linear[n] != 0, is_instant = instant[n] != 0;                          \
        slope = is_linear ? decay[n] : slope;                                                  \
        by = is_linear ? (is_long ? -decay[n] * u : u) : by;                                   \
        slope = is_instant ? R(0.0) : slope;                                                   \
        REAL gone = is_instant ? R(0.0) : gx[n];                                               \
        if (needs_rate) (is_long ? g_duration : g_decay)[n] -= gone * by;                      \
        if (needs_shape) {                                                                     \
            REAL moved = NAME(flowed)(f);                                                      \
            moved = (u < 0 ? -moved : moved) * inverse[n];                                     \
            g_kappa[n] -= is_linear ? R(0.0) : gone * (slope * u - moved) * inverse[n];        \
            g_offset[n] += gone * (R(1.0) + slope);                                            \
        }                                                                                      \
        REAL kept = gx[n] * slope;                                                             \
        gm[n] += gx[n] - kept;                                                                 \
        gx[n] = kept;                                                                          \
    }
    if (p->is_long) {
        GRADIENT(1, 1, 1)
    } else if (shapes) {
        GRADIENT(0, 1, 1)
    } else if (p->needs & NEED_FILTERS) {
        GRADIENT(0, 1, 0)
    } else {
        GRADIENT(0, 0, 0)
    }
#undef GRADIENT
}

/* U_x' = U_x + gain (f(U_m - U_x) + offset), or U_m' where the copy is an instant one */
INLINE void NAME(follow_euler_gradient)(NAME(Gradient) *g, int x, const REAL *um, const REAL *ux) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x], *later = g->later;
    const REAL *gain = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA)), *inverse = s->inverse_kappa[x];
    const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR));
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
    REAL *g_gain = NAME(gc_row)(g, FILTER(x, DECAY)), *g_kappa = NAME(gc_row)(g, FILTER(x, KAPPA));
    REAL *g_offset = NAME(gc_row)(g, FILTER(x, OFFSET));
    if (p->instant[x] == MIXED)
        LOOP {
            gm[n] += instant[n] != 0 ? gx[n] : R(0.0);
            gx[n] = instant[n] != 0 ? R(0.0) : gx[n];
        }
    if (p->saturating[x] == NONE) {
        if (p->needs & NEED_FILTERS) LOOP g_gain[n] += gx[n] * (um[n] - ux[n] + offset[n]);
        if (p->needs & NEED_SHAPES) LOOP g_offset[n] += gx[n] * gain[n];
        LOOP {
            REAL passed = gx[n] * gain[n];
            later[n] += passed;
            gx[n] -= passed;
        }
        return;
    }
    LOOP {
        REAL u = um[n] - ux[n], t = NAME(tanh)(kappa[n] * u);
        int is_linear = linear[n] != 0;
        REAL f = is_linear ? u : t * inverse[n], slope = is_linear ? R(1.0) : R(1.0) - t * t;
        REAL passed = gx[n] * gain[n];
        g_gain[n] += gx[n] * (f + offset[n]);
        g_kappa[n] += is_linear ? R(0.0) : passed * (u * slope - f) * inverse[n];
        g_offset[n] += passed;
        later[n] += passed * slope;
        gx[n] -= passed * slope;
    }
}

/* U_m' = U_m + rate (drive + bias - total) / D,   D = 1 + x / 2 + x^2 / 12,   x = rate slope */
INLINE void NAME(membrane_gradient)(NAME(Gradient) *g, const REAL *um, const REAL *um_after) {
    NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    REAL *gm = g->g[MEMBRANE], *g_drive = g->g_drive, *g_slope = g->g_slope;
    const REAL *rate = NAME(row)(s, RATE), *slope = s->slope;
    const int membrane = (p->needs & NEED_MEMBRANE) != 0;
    REAL *g_rate = NAME(gc_row)(g, RATE), *g_bias = NAME(gc_row)(g, BIAS), *moved = g->moved;
    if (membrane) LOOP moved[n] += gm[n] * (um_after[n] - um[n]);
    if (p->exponential) {
        LOOP {
            REAL x = rate[n] * slope[n];
            REAL inverse = R(1.0) / (R(1.0) + x * (R(0.5) + x * (REAL)(1.0 / 12.0)));
            REAL gx = -gm[n] * (um_after[n] - um[n]) * inverse * (R(0.5) + x * (REAL)(1.0 / 6.0));
            g_drive[n] = gm[n] * rate[n] * inverse;
            g_slope[n] = gx * rate[n];
            if (membrane) g_rate[n] += gx * slope[n];
        }
    } else {
        LOOP g_drive[n] = gm[n] * rate[n];
    }
    if (membrane) LOOP g_bias[n] += g_drive[n];
}

INLINE void NAME(leak_gradient)(NAME(Gradient) *g, const REAL *um) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    REAL *gm = g->g[MEMBRANE];
    const REAL *g_drive = g->g_drive, *g_slope = g->g_slope;
    const REAL *rest = NAME(row)(s, REST), *cond = NAME(row)(s, CONDUCTANCE);
    REAL *g_rest = NAME(gc_row)(g, REST), *g_cond = NAME(gc_row)(g, CONDUCTANCE);
    const int membrane = (p->needs & NEED_MEMBRANE) != 0;
    if (p->saturating_leak == NONE) {
        LOOP gm[n] -= g_drive[n] * cond[n];
        if (membrane)
            LOOP {
                g_rest[n] += g_drive[n] * cond[n];
                g_cond[n] += g_slope[n] - g_drive[n] * (um[n] - rest[n]);
            }
        return;
    }
    const REAL *range = NAME(row)(s, RANGE), *inverse = s->inverse_range;
    const REAL *linear = NAME(row)(s, LEAK_IS_LINEAR);
    REAL *g_range = NAME(gc_row)(g, RANGE);
    LOOP {
        REAL u = um[n] - rest[n], t = NAME(tanh)(u * inverse[n]);
        int is_linear = linear[n] != 0;
        REAL flat = is_linear ? R(1.0) : R(1.0) - t * t;
        REAL curve = is_linear ? R(0.0) : R(-2.0) * t * flat * inverse[n];
        REAL gu = cond[n] * (g_slope[n] * curve - g_drive[n] * flat);
        gm[n] += gu;
        if (membrane) {
            REAL current = is_linear ? u : range[n] * t;
            g_rest[n] -= gu;
            g_cond[n] += g_slope[n] * flat - g_drive[n] * current;
            REAL by_range = is_linear ? R(0.0) : t - u * inverse[n] * flat;
            g_range[n] -=
                cond[n] * (g_drive[n] * by_range + g_slope[n] * curve * u * inverse[n]);
        }
    }
}

INLINE void NAME(element_gradient)(NAME(Gradient) *g, int64_t k, REAL *gu) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width, x = p->timescale[k];
    const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *u = s->source[x];
    const REAL *delta = NAME(row)(s, ELEMENT(k, DELTA)), *kappa = NAME(row)(s, ELEMENT(k, SLOPE));
    const REAL *g_drive = g->g_drive, *g_slope = g->g_slope;
    REAL *ga = NAME(gc_row)(g, ELEMENT(k, ALPHA)), *gd = NAME(gc_row)(g, ELEMENT(k, DELTA));
    REAL *gk = NAME(gc_row)(g, ELEMENT(k, SLOPE));
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
    const int needs = (p->needs & NEED_ELEMENTS) != 0;
    if (!NAME(in_slope)(p, x)) {
        if (needs)
            LOOP {
                REAL v = u[n] - delta[n], t = NAME(tanh)(kappa[n] * v);
                REAL q = g_drive[n] * alpha[n] * (R(1.0) - t * t);
                ga[n] -= g_drive[n] * t;
                gk[n] -= q * v;
                q *= kappa[n];
                gd[n] += q;
                gu[n] -= q;
            }
        else
            LOOP {
                REAL t = NAME(tanh)(kappa[n] * (u[n] - delta[n]));
                gu[n] -= g_drive[n] * alpha[n] * (R(1.0) - t * t) * kappa[n];
            }
        return;
    }
#define GRADIENT(counts)                                                                      \
    LOOP {                                                                                    \
        REAL v = u[n] - delta[n], t = NAME(tanh)(kappa[n] * v), flat = R(1.0) - t * t;        \
        REAL gs = (counts) * g_slope[n];                                                      \
        REAL q = -alpha[n] * flat * (g_drive[n] + R(2.0) * gs * kappa[n] * t);                \
        if (needs) {                                                                          \
            ga[n] += gs * kappa[n] * flat - g_drive[n] * t;                                   \
            gk[n] += q * v + gs * alpha[n] * flat;                                            \
            gd[n] -= q * kappa[n];                                                            \
        }                                                                                     \
        gu[n] += q * kappa[n];                                                                \
    }
    if (p->instant[x] == ALL) {
        GRADIENT(R(1.0))
    } else {
        GRADIENT(instant[n])
    }
#undef GRADIENT
}

/* The step from the state `u` to one whose U_m is `um_after`: g goes from after to before. */
INLINE void NAME(step_gradient)(NAME(Gradient) *g, const REAL *const *u, const REAL *um_after,
                                int is_first) {
    NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    const REAL *um = u[MEMBRANE];
    REAL *gm = g->g[MEMBRANE], *later = g->later;
    for (int x = 0; x < TIMESCALES; x++)
        s->source[x] = p->instant[x] == ALL && !is_first ? um : u[x];
    if (!p->exponential) LOOP later[n] = 0;
    for (int x = 0; x < TIMESCALES; x++) {
        if (p->instant[x] == ALL) continue;
        if (p->exponential)
            NAME(follow_exponential_gradient)(g, x, um_after, u[x]);
        else
            NAME(follow_euler_gradient)(g, x, um, u[x]);
    }
    if (p->exponential) NAME(ionic)(s, um);
    NAME(membrane_gradient)(g, um, um_after);
    if (!p->exponential) LOOP gm[n] += later[n];
    NAME(leak_gradient)(g, um);
    for (int64_t k = 0; k < p->elements; k++) {
        int64_t x = p->timescale[k];
        NAME(element_gradient)(g, k, p->instant[x] == ALL && !is_first ? gm : g->g[x]);
    }
}

/* What the neurons fed to each other before the step: into g_output, and into the weights'. */
INLINE void NAME(weights_gradient)(NAME(Gradient) *g, REAL *g_weights, const REAL *um) {
    const NAME(Strip) *s = &g->s;
    const int64_t w = s->lanes;
    const REAL *threshold = NAME(row)(s, THRESHOLD), *gain = NAME(row)(s, GAIN);
    const REAL *g_drive = g->g_drive;
    for (int64_t from = 0; from < w; from++) {
        REAL v = (um[from] - threshold[from]) * gain[from];
        const REAL *weights = (const REAL *)s->p->weights + from * s->p->neurons;
        REAL sum = 0;
        if (v >= 0 && v <= R(1.0))
            _Pragma("omp simd reduction(+ : sum)") for (int64_t n = 0; n < w; n++) sum +=
                weights[n] * g_drive[n];
        g->g_output[from] = sum;
        REAL fed = NAME(output)(um[from], threshold[from], gain[from]);
        REAL *to = g_weights + from * s->p->neurons;
        if (fed != 0) LOOP to[n] += fed * g_drive[n];
    }
}

/* The state after step t; -1 is the initial one. */
INLINE const REAL *NAME(recall)(NAME(Gradient) *g, int64_t b, int64_t t, int64_t first, int copy) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    if (t < 0) return g->initial[copy];
    int64_t index = 0;
    for (int x = 0; x < copy && copy != MEMBRANE; x++) index += p->instant[x] != ALL;
    if (p->segment > 1) {
        if (copy == MEMBRANE) index = NAME(moving)(p);
        return g->segment + ((t - first + 1) * (NAME(moving)(p) + 1) + index) * s->width;
    }
    REAL *to = g->buffer[t & 1][copy];
    const REAL *from = copy == MEMBRANE ? (const REAL *)p->voltage + (b * p->time + t) * p->neurons
                                        : (const REAL *)p->tape +
                                              ((index * p->batch + b) * p->time + t) * p->neurons;
    NAME(load)(s, to, from);
    return to;
}

/* Run a segment again, from the state kept before it. */
INLINE void NAME(recompute)(NAME(Gradient) *g, int64_t b, int64_t first, int64_t last) {
    NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t segments = (p->time + p->segment - 1) / p->segment;
    REAL *to = g->segment;
    for (int i = 0, index = 0; i < COPIES; i++) {
        if (i != MEMBRANE && p->instant[i] == ALL) continue;
        const REAL *kept = (const REAL *)p->tape +
                           ((index * p->batch + b) * segments + first / p->segment) * p->neurons;
        NAME(load)(s, s->u[i], kept);
        index++;
    }
    for (int x = 0; x < TIMESCALES; x++)
        s->source[x] = p->instant[x] != ALL ? s->u[x] : first ? s->u[MEMBRANE] : g->initial[x];
    for (int64_t t = first - 1; t < last; t++) {
        if (t >= first) {
            NAME(load_drive)(s, b, t, s->u[MEMBRANE]);
            NAME(step)(s);
        }
        size_t bytes = (size_t)s->width * sizeof(REAL);
        for (int x = 0; x < TIMESCALES; x++)
            if (p->instant[x] != ALL) memcpy(to, s->u[x], bytes), to += s->width;
        memcpy(to, s->u[MEMBRANE], bytes), to += s->width;
    }
}

INLINE void NAME(load_gradient)(NAME(Gradient) *g, REAL *to, const void *from, int64_t b, int64_t t,
                                int adds) {
    const Problem *p = g->s.p;
    if (!from) return;
    const REAL *row = (const REAL *)from + (b * p->time + t) * p->neurons + g->s.first;
    const int64_t w = g->s.lanes;
    if (adds) {
        LOOP to[n] += row[n];
    } else {
        LOOP to[n] = row[n];
    }
}

INLINE void NAME(sequence_gradient)(NAME(Gradient) *g, int64_t b, int64_t chunk) {
    NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t T = p->time, N = p->neurons, w = s->width;
    REAL *gm = g->g[MEMBRANE];
    REAL *g_weights = p->weights ? (REAL *)p->grad_weights + chunk * N * N : NULL;
    for (int i = 0; i < COPIES; i++) {
        NAME(load)(s, g->initial[i], NAME(state_row)(p, p->state, i, b));
        memset(g->g[i], 0, (size_t)w * sizeof(REAL));
        if (p->grad_end)
            memcpy(g->g[i], NAME(state_row)(p, p->grad_end, i, b) + s->first,
                   (size_t)s->lanes * sizeof(REAL));
    }
    for (int x = 0; x < TIMESCALES && T > 0; x++)
        if (p->instant[x] == ALL) {
            REAL *gx = g->g[x];
            LOOP gm[n] += gx[n];
            LOOP gx[n] = 0;
        }
    memset(g->g_output, 0, (size_t)w * sizeof(REAL));
    const int64_t length = p->segment > 1 ? p->segment : T;
    for (int64_t first = T > 0 ? (T - 1) / length * length : -1; first >= 0; first -= length) {
        const int64_t last = first + length < T ? first + length : T;
        if (p->segment > 1) NAME(recompute)(g, b, first, last);
        const REAL *after = NAME(recall)(g, b, last - 1, first, MEMBRANE);
        for (int64_t t = last - 1; t >= first; t--) {
            const REAL *u[COPIES];
            for (int i = 0; i < COPIES; i++) {
                int kept = i == MEMBRANE || p->instant[i] != ALL;
                u[i] = kept ? NAME(recall)(g, b, t - 1, first, i) : g->initial[i];
            }
            NAME(load_gradient)(g, g->g_output, p->grad_output, b, t, p->weights != NULL);
            NAME(load_gradient)(g, gm, p->grad_voltage, b, t, 1);
            if (p->grad_output || p->weights) NAME(output_gradient)(g, after);
            NAME(step_gradient)(g, u, after, t == 0);
            NAME(store)(s, (REAL *)p->grad_current + (b * T + t) * N, g->g_drive);
            if (p->weights) NAME(weights_gradient)(g, g_weights, u[MEMBRANE]);
            after = u[MEMBRANE];
        }
    }
    if (p->weights && T > 0) NAME(output_gradient)(g, g->initial[MEMBRANE]);
    for (int i = 0; i < COPIES; i++)
        NAME(store)(s, (REAL *)p->grad_state + (i * p->batch + b) * N, g->g[i]);
}

VERSIONS static int NAME(backward_task)(const Problem *p, int64_t task) {
    NAME(Gradient) g;
    NAME(Strip) *s = &g.s;
    const int64_t chunk = task / strips(p), rows = coefficient_rows(p), N = p->neurons;
    const int64_t begin = chunk * p->batch / p->chunks, end = (chunk + 1) * p->batch / p->chunks;
    const int64_t kept = p->segment > 1 ? (p->segment + 1) * (NAME(moving)(p) + 1) : 0;
    REAL *next = NAME(open)(s, p, task % strips(p), rows + 4 * COPIES + 5 + kept);
    if (!next) return 1;
    const int64_t w = s->width;
    for (int i = 0; i < COPIES; i++) {
        g.g[i] = next, next += w;
        g.initial[i] = next, next += w;
        g.buffer[0][i] = next, next += w;
        g.buffer[1][i] = next, next += w;
    }
    g.gc = next, next += rows * w;
    g.moved = next, next += w;
    g.later = next, next += w;
    g.g_output = next, next += w;
    g.g_drive = next, next += w;
    g.g_slope = next, next += w;
    g.segment = next;
    for (int64_t b = begin; b < end; b++) {
        if (b == begin || p->parameter_batch > 1) NAME(load_coefficients)(s, b);
        NAME(sequence_gradient)(&g, b, chunk);
    }
    const REAL *rate = NAME(row)(s, RATE);
    REAL *g_rate = NAME(gc_row)(&g, RATE), *moved = g.moved;
    LOOP g_rate[n] += moved[n] / rate[n];
    for (int64_t i = 0; i < rows; i++)
        NAME(store)(s, (REAL *)p->grad_coefficients + (i * p->chunks + chunk) * N,
                    NAME(gc_row)(&g, i));
    free(s->memory);
    return 0;
}

int NAME(mtc_forward)(const Problem *p) {
    return run_tasks(p, NAME(forward_task), p->batch * strips(p));
}

int NAME(mtc_backward)(const Problem *p) {
    return run_tasks(p, NAME(backward_task), p->chunks * strips(p));
}

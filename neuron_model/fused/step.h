/* One step of the neuron over the lanes of a tile, under the names of neuron_model/dynamics.py.
 *
 * A step goes from the state of one Step to that of the next. With `keeps`, it leaves what its
 * gradient needs: every derivative follows from it without another tanh or exponential. */

/* Beyond this many units sinh is half an exponential, see dynamics.py. */
#define SATURATED R(40.0)

/* Whether elements of a timescale count in membrane_conductance. */
INLINE int NAME(in_slope)(const Plan *plan, int64_t x) {
    return plan->kind->exponential && plan->kind->instant[x] != NONE;
}

/* ionic_current at the state, and membrane_conductance where the integrator takes it. */
INLINE void NAME(ionic)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at, REAL *slope,
                        int keeps) {
    const Problem *p = plan->p;
    const REAL *um = NAME(kept)(at, MEMBRANE);
    REAL *total = s->total;
    const REAL *rest = NAME(row)(s, REST), *g = NAME(row)(s, CONDUCTANCE);
    const REAL *range = NAME(row)(s, RANGE), *linear = NAME(row)(s, LEAK_IS_LINEAR);
    if (plan->kind->saturating_leak == NONE) {
        LOOP total[n] = g[n] * (um[n] - rest[n]);
        if (plan->kind->exponential) LOOP slope[n] = g[n];
    } else {
        REAL *tanh = NAME(kept)(at, TANH_LEAK);
        LOOP {
            REAL u = um[n] - rest[n], t = NAME(tanh)(u * s->inverse_range[n]);
            int is_linear = linear[n] != 0;
            total[n] = g[n] * (is_linear ? u : range[n] * t);
            slope[n] = g[n] * (is_linear ? R(1.0) : R(1.0) - t * t);
            if (keeps) tanh[n] = is_linear ? R(0.0) : t;
        }
    }
    for (int64_t k = 0; k < p->elements; k++) {
        const int64_t x = p->timescale[k];
        const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *u = NAME(source)(plan, s, at, x);
        const REAL *delta = NAME(row)(s, ELEMENT(k, DELTA));
        const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE)), *steepness = s->steepness + k * WIDTH;
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        REAL *kept = NAME(kept)(at, TANH_ELEMENT + k);
        if (NAME(in_slope)(plan, x)) {
            LOOP {
                REAL t = NAME(tanh)(kappa[n] * (u[n] - delta[n]));
                total[n] += alpha[n] * t;
                slope[n] += instant[n] * steepness[n] * (R(1.0) - t * t);
                if (keeps) kept[n] = t;
            }
        } else {
            LOOP {
                REAL t = NAME(tanh)(kappa[n] * (u[n] - delta[n]));
                total[n] += alpha[n] * t;
                if (keeps) kept[n] = t;
            }
        }
    }
}

/* The exact flow of a saturating filter, F(u) = asinh(left sinh(kappa u)) / kappa. */
typedef struct {
    REAL moved, slope, by; /* F, dF/du, dF/d(decay) or dF/d(duration) */
} NAME(Flow);

INLINE NAME(Flow) NAME(flow)(REAL u, REAL kappa, REAL inverse_kappa, REAL decay, REAL duration,
                             int is_long, int keeps) {
    NAME(Flow) f;
    REAL y = FABS(kappa * u);
    REAL inner = y > SATURATED ? SATURATED : y;
    REAL beyond = y - inner, slewed = 0, left = decay;
    if (is_long) {
        slewed = beyond < duration ? beyond : duration;
        REAL rest = slewed - duration;
        left = NAME(exp)(rest < R(-80.0) ? R(-80.0) : rest);
    }
    REAL e = NAME(expm1)(inner), q = e / (e + R(1.0));
    REAL sinh = R(0.5) * (e + q), cosh = R(1.0) + R(0.5) * e * q;
    REAL z = left * sinh, root = SQRT(R(1.0) + z * z);
    REAL moved = (NAME(log1p)(z + z * z / (R(1.0) + root)) + (beyond - slewed)) * inverse_kappa;
    f.moved = u < 0 ? -moved : moved;
    if (keeps) {
        REAL inverse = R(1.0) / root, by = is_long ? -z * inverse : sinh * inverse;
        f.slope = left * cosh * inverse;
        f.slope = beyond > 0 ? (is_long ? z * inverse : R(1.0)) : f.slope;
        if (is_long) {
            f.slope = beyond > duration ? R(1.0) : f.slope;
            by = beyond > duration ? R(-1.0) : by;
        }
        f.by = (u < 0 ? -by : by) * inverse_kappa;
    }
    return f;
}

/* Towards the membrane voltage after the step. */
INLINE void NAME(follow_exponential)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at,
                                     const NAME(Step) *to, int x, int keeps) {
    if (plan->kind->instant[x] == ALL) return;
    const REAL *um = NAME(kept)(to, MEMBRANE), *ux = NAME(kept)(at, x);
    const REAL *decay = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *after = NAME(kept)(to, x);
    if (plan->kind->saturating[x] == NONE) {
        /* an instant one has a decay and an offset of 0 */
        LOOP {
            REAL u = um[n] - ux[n] - offset[n];
            after[n] = um[n] - decay[n] * u + offset[n];
        }
        return;
    }
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA)), *inverse = s->inverse_kappa[x];
    const REAL *duration = NAME(row)(s, FILTER(x, DURATION));
    REAL *slope = NAME(kept)(at, FILTER_SLOPE + x), *by = NAME(kept)(at, FILTER_BY + x);
    REAL *lag = s->lag;
    LOOP lag[n] = um[n] - ux[n] - offset[n];
#define FOLLOW(is_long)                                                                         \
    LOOP {                                                                                      \
        NAME(Flow) f =                                                                          \
            NAME(flow)(lag[n], kappa[n], inverse[n], decay[n], duration[n], is_long, keeps);    \
        after[n] = um[n] - f.moved + offset[n];                                                 \
        if (keeps) slope[n] = f.slope;                                                          \
        if (keeps) by[n] = f.by;                                                                \
    }
    if (plan->kind->is_long) {
        FOLLOW(1)
    } else {
        FOLLOW(0)
    }
#undef FOLLOW
    if (plan->kind->saturating[x] == MIXED) {
        const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR));
        LOOP {
            REAL moved = decay[n] * lag[n];
            int is_linear = linear[n] != 0;
            after[n] = is_linear ? um[n] - moved + offset[n] : after[n];
            if (keeps) slope[n] = is_linear ? decay[n] : slope[n];
            if (keeps) by[n] = is_linear ? (plan->kind->is_long ? -moved : lag[n]) : by[n];
        }
    }
    if (plan->kind->instant[x] == MIXED) {
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        LOOP {
            after[n] = instant[n] != 0 ? um[n] : after[n];
            if (keeps) slope[n] = instant[n] != 0 ? R(0.0) : slope[n];
            if (keeps) by[n] = instant[n] != 0 ? R(0.0) : by[n];
        }
    }
}

/* Towards the membrane voltage before the step, as explicit Euler has it. */
INLINE void NAME(follow_euler)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at,
                               const NAME(Step) *to, int x, int keeps) {
    if (plan->kind->instant[x] == ALL) return;
    const REAL *um = NAME(kept)(at, MEMBRANE), *ux = NAME(kept)(at, x);
    const REAL *gain = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *after = NAME(kept)(to, x);
    if (plan->kind->saturating[x] == NONE) {
        LOOP after[n] = ux[n] + gain[n] * (um[n] - ux[n] + offset[n]);
        return;
    }
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA)), *inverse = s->inverse_kappa[x];
    const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR));
    REAL *slope = NAME(kept)(at, FILTER_SLOPE + x), *by = NAME(kept)(at, FILTER_BY + x);
    LOOP {
        REAL u = um[n] - ux[n], t = NAME(tanh)(kappa[n] * u);
        int is_linear = linear[n] != 0;
        REAL f = is_linear ? u : t * inverse[n];
        after[n] = ux[n] + gain[n] * (f + offset[n]);
        if (keeps) slope[n] = is_linear ? R(1.0) : R(1.0) - t * t;
        if (keeps) by[n] = f;
    }
}

/* The copies of some neurons are their membrane voltage itself; explicit Euler moved them all. */
INLINE void NAME(keep_instant)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *to, int x) {
    if (plan->kind->instant[x] != MIXED) return;
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT)), *um = NAME(kept)(to, MEMBRANE);
    REAL *after = NAME(kept)(to, x);
    LOOP after[n] = instant[n] != 0 ? um[n] : after[n];
}

/* From `at` to `to`, which may be the same, under the drive of the tile. */
INLINE void NAME(step)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at,
                       const NAME(Step) *to, int keeps) {
    const REAL *um = NAME(kept)(at, MEMBRANE), *total = s->total, *drive = s->drive;
    REAL *after = NAME(kept)(to, MEMBRANE);
    REAL *slope = keeps ? NAME(kept)(at, KEPT_SLOPE) : s->slope;
    const REAL *rate = NAME(row)(s, RATE), *bias = NAME(row)(s, BIAS);
    NAME(ionic)(plan, s, at, slope, keeps);
    if (plan->kind->exponential) {
        LOOP {
            REAL x = rate[n] * slope[n];
            after[n] = um[n] + rate[n] * (drive[n] + bias[n] - total[n]) /
                                   (R(1.0) + x * (R(0.5) + x * (REAL)(1.0 / 12.0)));
        }
        NAME(follow_exponential)(plan, s, at, to, FAST, keeps);
        NAME(follow_exponential)(plan, s, at, to, SLOW, keeps);
        NAME(follow_exponential)(plan, s, at, to, ULTRASLOW, keeps);
    } else {
        NAME(follow_euler)(plan, s, at, to, FAST, keeps);
        NAME(follow_euler)(plan, s, at, to, SLOW, keeps);
        NAME(follow_euler)(plan, s, at, to, ULTRASLOW, keeps);
        LOOP after[n] = um[n] + rate[n] * (drive[n] + bias[n] - total[n]);
        NAME(keep_instant)(plan, s, to, FAST);
        NAME(keep_instant)(plan, s, to, SLOW);
        NAME(keep_instant)(plan, s, to, ULTRASLOW);
    }
}

INLINE REAL NAME(output)(REAL um, REAL threshold, REAL gain) {
    REAL v = (um - threshold) * gain;
    v = v < 0 ? R(0.0) : v;
    return v > R(1.0) ? R(1.0) : v;
}


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
INLINE void NAME(ionic)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at,
                        NAME(Lanes) *total, NAME(Lanes) *slope, int keeps) {
    const REAL *um = NAME(kept)(at, MEMBRANE);
    const REAL *rest = NAME(row)(s, REST), *g = NAME(row)(s, CONDUCTANCE);
    if (plan->kind->saturating_leak == NONE) {
        EACH total[j] = OF(g) * (AT(um) - OF(rest));
        EACH slope[j] = OF(g);
    } else {
        const REAL *range = NAME(row)(s, RANGE), *linear = NAME(row)(s, LEAK_IS_LINEAR);
        REAL *tanh = NAME(kept)(at, TANH_LEAK);
        EACH {
            NAME(Lanes) u = AT(um) - OF(rest), t = NAME(tanh_of)(u * OF(s->inverse_range));
            NAME(Lanes) current = OF(range) * t;
            if (plan->kind->saturating_leak == MIXED) {
                t = NAME(masked)(OF(linear) == 0, t);
                current = OF(range) * t + NAME(masked)(OF(linear) != 0, u);
            }
            total[j] = OF(g) * current;
            slope[j] = OF(g) * (R(1.0) - t * t);
            if (keeps) AT(tanh) = t;
        }
    }
    for (int64_t k = 0; k < plan->elements; k++) {
        const int64_t x = plan->timescale[k];
        const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *u = NAME(source)(plan, s, at, x);
        const REAL *delta = NAME(row)(s, ELEMENT(k, DELTA));
        const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE)), *steepness = s->steepness + k * WIDTH;
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        REAL *kept = NAME(kept)(at, TANH_ELEMENT + k);
        NAME(Lanes) t[CELLS];
        EACH t[j] = NAME(tanh_of)(OF(kappa) * (AT(u) - OF(delta)));
        EACH total[j] += OF(alpha) * t[j];
        if (NAME(in_slope)(plan, x))
            EACH slope[j] += OF(instant) * OF(steepness) * (R(1.0) - t[j] * t[j]);
        if (keeps) EACH AT(kept) = t[j];
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

/* The same of the tile's lags in short steps, as the series in their duration h, without a sinh. With
 * y = kappa u, t = tanh(y) and q = t^2, dy/dh = -t and dt/dh = -t (1 - q), so that
 *     y(h)     = y - h t + (1 - q) t h^2 (1/2 - h / 6 p3 + h^2 / 24 p4 - h^3 / 120 p5)
 *     dy(h)/dy = 1 - (1 - q) h (1 - h / 2 p3 + h^2 / 6 p4 - h^3 / 24 p5)
 *     p3 = 1 - 3 q,   p4 = 1 - 12 q + 15 q^2,   p5 = 1 - 39 q + 135 q^2 - 105 q^3
 * and dy(h)/dh = -t dy(h)/dy, the flow being that of one equation.
 */
typedef struct {
    NAME(Lanes) moved[CELLS], slope[CELLS], by[CELLS]; /* F, dF/du, dF/dh */
} NAME(Flows);

INLINE void NAME(short_flow)(const Plan *plan, const NAME(Tile) *s, int x, NAME(Flows) *f) {
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA)), *inverse = s->inverse_kappa[x];
    const REAL *duration = NAME(row)(s, FILTER(x, DURATION)), *lag = s->lag;
    EACH {
        NAME(Lanes) t = NAME(tanh_of)(OF(kappa) * AT(lag)), h = OF(duration);
        NAME(Lanes) q = t * t, flat = h - h * q, by_unit = t * OF(inverse);
        NAME(Lanes) p3 = R(1.0) - R(3.0) * q;
        NAME(Lanes) p4 = R(1.0) - q * (R(12.0) - R(15.0) * q);
        NAME(Lanes) p5 = R(1.0) - q * (R(39.0) - q * (R(135.0) - R(105.0) * q));
        NAME(Lanes) bent = R(0.5) - h * (p3 * (REAL)(1.0 / 6.0) -
                                         h * (p4 * (REAL)(1.0 / 24.0) -
                                              h * (p5 * (REAL)(1.0 / 120.0))));
        NAME(Lanes) steep = R(1.0) - h * (p3 * R(0.5) - h * (p4 * (REAL)(1.0 / 6.0) -
                                                              h * (p5 * (REAL)(1.0 / 24.0))));
        f->moved[j] = AT(lag) - h * by_unit * (R(1.0) - flat * bent);
        f->slope[j] = R(1.0) - flat * steep;
        f->by[j] = -by_unit * f->slope[j];
    }
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
        NAME(Lanes) moved[CELLS];
        EACH moved[j] = AT(um) - OF(decay) * (AT(um) - AT(ux) - OF(offset)) + OF(offset);
        EACH AT(after) = moved[j];
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
    if (plan->kind->steps == SHORT) {
        NAME(Flows) f;
        NAME(short_flow)(plan, s, x, &f);
        EACH AT(after) = AT(um) - f.moved[j] + OF(offset);
        if (keeps) EACH AT(slope) = f.slope[j];
        if (keeps) EACH AT(by) = f.by[j];
    } else if (plan->kind->steps == LONG) {
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
            const REAL rate = plan->kind->steps == MIDDLE ? lag[n] : -moved;
            if (keeps) by[n] = is_linear ? rate : by[n];
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
        NAME(Lanes) moved[CELLS];
        EACH moved[j] = AT(ux) + OF(gain) * (AT(um) - AT(ux) + OF(offset));
        EACH AT(after) = moved[j];
        return;
    }
    const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA)), *inverse = s->inverse_kappa[x];
    const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR));
    REAL *slope = NAME(kept)(at, FILTER_SLOPE + x), *by = NAME(kept)(at, FILTER_BY + x);
    EACH {
        NAME(Lanes) u = AT(um) - AT(ux), t = NAME(tanh_of)(OF(kappa) * u), f = t * OF(inverse);
        if (plan->kind->saturating[x] == MIXED) {
            t = NAME(masked)(OF(linear) == 0, t);
            f = t * OF(inverse) + NAME(masked)(OF(linear) != 0, u);
        }
        AT(after) = AT(ux) + OF(gain) * (f + OF(offset));
        if (keeps) AT(slope) = R(1.0) - t * t;
        if (keeps) AT(by) = f;
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
    const REAL *um = NAME(kept)(at, MEMBRANE), *drive = s->drive;
    REAL *after = NAME(kept)(to, MEMBRANE), *kept = NAME(kept)(at, KEPT_SLOPE);
    const REAL *rate = NAME(row)(s, RATE), *bias = NAME(row)(s, BIAS);
    NAME(Lanes) total[CELLS], slope[CELLS];
    NAME(ionic)(plan, s, at, total, slope, keeps);
    if (plan->kind->exponential) {
        EACH {
            NAME(Lanes) x = OF(rate) * slope[j];
            NAME(Lanes) divisor = R(1.0) + x * (R(0.5) + x * (REAL)(1.0 / 12.0));
            total[j] = AT(um) + OF(rate) * (AT(drive) + OF(bias) - total[j]) / divisor;
        }
        EACH AT(after) = total[j];
        if (keeps) EACH AT(kept) = slope[j];
        NAME(follow_exponential)(plan, s, at, to, FAST, keeps);
        NAME(follow_exponential)(plan, s, at, to, SLOW, keeps);
        NAME(follow_exponential)(plan, s, at, to, ULTRASLOW, keeps);
    } else {
        NAME(follow_euler)(plan, s, at, to, FAST, keeps);
        NAME(follow_euler)(plan, s, at, to, SLOW, keeps);
        NAME(follow_euler)(plan, s, at, to, ULTRASLOW, keeps);
        EACH total[j] = AT(um) + OF(rate) * (AT(drive) + OF(bias) - total[j]);
        EACH AT(after) = total[j];
        NAME(keep_instant)(plan, s, to, FAST);
        NAME(keep_instant)(plan, s, to, SLOW);
        NAME(keep_instant)(plan, s, to, ULTRASLOW);
    }
}

/* s of v = (U_m - U_threshold) GAIN: clip(v, 0, 1), or max(0, tanh(v)). */
INLINE REAL NAME(clipped)(REAL v) {
    v = v < 0 ? R(0.0) : v;
    return v > R(1.0) ? R(1.0) : v;
}

INLINE NAME(Lanes) NAME(pushed)(NAME(Lanes) v) {
    return NAME(masked)(v > 0, NAME(tanh_of)(v));
}

INLINE REAL NAME(output)(const Problem *p, REAL v) {
    if (!p->ota_output) return NAME(clipped)(v);
    return v > 0 ? NAME(tanh)(v) : R(0.0);
}


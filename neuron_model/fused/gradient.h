/* The gradient of a step, under the names of step.h. */

typedef struct {
    NAME(Tile) s;
    NAME(Offsets) output, voltage; /* in their gradients */
    REAL *g[COPIES];     /* gradient of the state after the step, then of the one before */
    REAL *gc;            /* of the coefficients, a row each, then the slope's part of each element */
    REAL *moved;         /* sum of g dU_m: the part of RATE's gradient that is divided by it */
    /* of the step at hand; all tiles of a task share them */
    REAL *later;         /* what reaches U_m before the step past the membrane's equation */
    REAL *g_output, *g_drive, *g_slope;
} NAME(Gradient);

INLINE REAL *NAME(gc_row)(const NAME(Gradient) *g, int64_t row) {
    return g->gc + row * WIDTH;
}

INLINE void NAME(output_gradient)(const Plan *plan, const NAME(Gradient) *g, const REAL *um) {
    const REAL *threshold = NAME(row)(&g->s, THRESHOLD), *gain = NAME(row)(&g->s, GAIN);
    const REAL *g_output = g->g_output;
    REAL *gm = g->g[MEMBRANE];
    LOOP {
        REAL v = (um[n] - threshold[n]) * gain[n];
        REAL q = v < 0 ? R(0.0) : g_output[n];
        q = v > R(1.0) ? R(0.0) : q;
        gm[n] += q * gain[n];
    }
    if (plan->p->needs & NEED_OUTPUT) {
        REAL *gt = NAME(gc_row)(g, THRESHOLD), *gg = NAME(gc_row)(g, GAIN);
        LOOP {
            REAL v = (um[n] - threshold[n]) * gain[n];
            REAL q = v < 0 ? R(0.0) : g_output[n];
            q = v > R(1.0) ? R(0.0) : q;
            gt[n] -= q * gain[n];
            gg[n] += q * (um[n] - threshold[n]);
        }
    }
}

/* U_x' = U_m' - F(u) + offset,  u = U_m' - U_x - offset */
INLINE void NAME(follow_exponential_gradient)(const Plan *plan, const NAME(Gradient) *g,
                                              const NAME(Step) *at, const NAME(Step) *to, int x) {
    const NAME(Tile) *s = &g->s;
    const Problem *p = plan->p;
    if (plan->kind->instant[x] == ALL) return;
    const REAL *um = NAME(kept)(to, MEMBRANE), *ux = NAME(kept)(at, x), *after = NAME(kept)(to, x);
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x];
    const REAL *decay = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *g_offset = NAME(gc_row)(g, FILTER(x, OFFSET));
    const int needs = (p->needs & NEED_FILTERS) != 0, shapes = (p->needs & NEED_SHAPES) != 0;
    if (plan->kind->saturating[x] == NONE) {
        /* an instant one has a decay of 0; whoever gave that has no use for its gradient */
        REAL *g_decay = NAME(gc_row)(g, FILTER(x, DECAY));
        if (shapes) LOOP g_offset[n] += gx[n] * (R(1.0) + decay[n]);
        if (needs)
            LOOP {
                REAL kept = gx[n] * decay[n];
                g_decay[n] -= gx[n] * (um[n] - ux[n] - offset[n]);
                gm[n] += gx[n] - kept;
                gx[n] = kept;
            }
        else
            LOOP {
                REAL kept = gx[n] * decay[n];
                gm[n] += gx[n] - kept;
                gx[n] = kept;
            }
        return;
    }
    const REAL *slope = NAME(kept)(at, FILTER_SLOPE + x), *by = NAME(kept)(at, FILTER_BY + x);
    REAL *g_rate = NAME(gc_row)(g, FILTER(x, plan->kind->is_long ? DURATION : DECAY));
    if (needs) LOOP g_rate[n] -= gx[n] * by[n];
    if (shapes) {
        REAL *g_kappa = NAME(gc_row)(g, FILTER(x, KAPPA));
        const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR)), *inverse = s->inverse_kappa[x];
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        LOOP {
            REAL u = um[n] - ux[n] - offset[n], moved = um[n] - after[n] + offset[n];
            int none = (linear[n] + instant[n]) != 0;
            g_kappa[n] -= none ? R(0.0) : gx[n] * (slope[n] * u - moved) * inverse[n];
            g_offset[n] += instant[n] != 0 ? R(0.0) : gx[n] * (R(1.0) + slope[n]);
        }
    }
    LOOP {
        REAL kept = gx[n] * slope[n];
        gm[n] += gx[n] - kept;
        gx[n] = kept;
    }
}

/* U_x' = U_x + gain (f(U_m - U_x) + offset), or U_m' where the copy is an instant one */
INLINE void NAME(follow_euler_gradient)(const Plan *plan, const NAME(Gradient) *g,
                                        const NAME(Step) *at, int x) {
    const NAME(Tile) *s = &g->s;
    const Problem *p = plan->p;
    if (plan->kind->instant[x] == ALL) return;
    const REAL *um = NAME(kept)(at, MEMBRANE), *ux = NAME(kept)(at, x);
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x], *later = g->later;
    const REAL *gain = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *g_gain = NAME(gc_row)(g, FILTER(x, DECAY));
    REAL *g_offset = NAME(gc_row)(g, FILTER(x, OFFSET));
    const int needs = (p->needs & NEED_FILTERS) != 0, shapes = (p->needs & NEED_SHAPES) != 0;
    if (plan->kind->instant[x] == MIXED) {
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        LOOP {
            gm[n] += instant[n] != 0 ? gx[n] : R(0.0);
            gx[n] = instant[n] != 0 ? R(0.0) : gx[n];
        }
    }
    if (shapes) LOOP g_offset[n] += gx[n] * gain[n];
    if (plan->kind->saturating[x] == NONE) {
        if (needs)
            LOOP {
                REAL passed = gx[n] * gain[n];
                g_gain[n] += gx[n] * (um[n] - ux[n] + offset[n]);
                later[n] += passed;
                gx[n] -= passed;
            }
        else
            LOOP {
                REAL passed = gx[n] * gain[n];
                later[n] += passed;
                gx[n] -= passed;
            }
        return;
    }
    const REAL *slope = NAME(kept)(at, FILTER_SLOPE + x), *f = NAME(kept)(at, FILTER_BY + x);
    if (needs) LOOP g_gain[n] += gx[n] * (f[n] + offset[n]);
    if (shapes) {
        const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR)), *inverse = s->inverse_kappa[x];
        REAL *g_kappa = NAME(gc_row)(g, FILTER(x, KAPPA));
        LOOP {
            REAL u = um[n] - ux[n];
            g_kappa[n] += linear[n] != 0 ? R(0.0)
                                         : gx[n] * gain[n] * (u * slope[n] - f[n]) * inverse[n];
        }
    }
    LOOP {
        REAL passed = gx[n] * gain[n] * slope[n];
        later[n] += passed;
        gx[n] -= passed;
    }
}

/* membrane_gradient and leak_gradient at once, for a linear leak and where of all their coefficients
 * none has a gradient that is asked for. */
INLINE void NAME(plain_membrane_gradient)(const Plan *plan, const NAME(Gradient) *g,
                                          const NAME(Step) *at, const NAME(Step) *to) {
    const NAME(Tile) *s = &g->s;
    const REAL *um = NAME(kept)(at, MEMBRANE), *after = NAME(kept)(to, MEMBRANE), *later = g->later;
    const REAL *rate = NAME(row)(s, RATE), *cond = NAME(row)(s, CONDUCTANCE);
    const REAL *slope = NAME(kept)(at, KEPT_SLOPE);
    REAL *gm = g->g[MEMBRANE], *g_drive = g->g_drive, *g_slope = g->g_slope;
    if (plan->kind->exponential) {
        LOOP {
            REAL x = rate[n] * slope[n];
            REAL inverse = R(1.0) / (R(1.0) + x * (R(0.5) + x * (REAL)(1.0 / 12.0)));
            REAL q = gm[n] * rate[n] * inverse;
            g_drive[n] = q;
            g_slope[n] = q * (um[n] - after[n]) * (R(0.5) + x * (REAL)(1.0 / 6.0));
            gm[n] -= q * cond[n];
        }
    } else {
        LOOP {
            REAL q = gm[n] * rate[n];
            g_drive[n] = q;
            gm[n] += later[n] - q * cond[n];
        }
    }
}

/* U_m' = U_m + rate (drive + bias - total) / D,   D = 1 + x / 2 + x^2 / 12,   x = rate slope */
INLINE void NAME(membrane_gradient)(const Plan *plan, const NAME(Gradient) *g,
                                    const NAME(Step) *at, const NAME(Step) *to) {
    const NAME(Tile) *s = &g->s;
    const Problem *p = plan->p;
    const REAL *um = NAME(kept)(at, MEMBRANE), *after = NAME(kept)(to, MEMBRANE);
    const REAL *gm = g->g[MEMBRANE];
    const REAL *rate = NAME(row)(s, RATE), *slope = NAME(kept)(at, KEPT_SLOPE);
    REAL *g_drive = g->g_drive, *g_slope = g->g_slope;
    if (plan->kind->exponential) {
        LOOP {
            REAL x = rate[n] * slope[n];
            REAL inverse = R(1.0) / (R(1.0) + x * (R(0.5) + x * (REAL)(1.0 / 12.0)));
            REAL q = -gm[n] * (after[n] - um[n]) * inverse * (R(0.5) + x * (REAL)(1.0 / 6.0));
            g_drive[n] = gm[n] * rate[n] * inverse;
            g_slope[n] = q * rate[n];
        }
    } else {
        LOOP g_drive[n] = gm[n] * rate[n];
    }
    if (p->needs & NEED_MEMBRANE) {
        REAL *g_rate = NAME(gc_row)(g, RATE), *g_bias = NAME(gc_row)(g, BIAS), *moved = g->moved;
        LOOP {
            moved[n] += gm[n] * (after[n] - um[n]);
            g_bias[n] += g_drive[n];
        }
        /* g_slope is 0 throughout where the integrator takes no slope */
        if (plan->kind->exponential) LOOP g_rate[n] += g_slope[n] * slope[n] / rate[n];
    }
}

INLINE void NAME(leak_gradient)(const Plan *plan, const NAME(Gradient) *g, const NAME(Step) *at) {
    const NAME(Tile) *s = &g->s;
    const Problem *p = plan->p;
    REAL *gm = g->g[MEMBRANE];
    const REAL *um = NAME(kept)(at, MEMBRANE), *g_drive = g->g_drive, *g_slope = g->g_slope;
    const REAL *rest = NAME(row)(s, REST), *cond = NAME(row)(s, CONDUCTANCE);
    REAL *g_rest = NAME(gc_row)(g, REST), *g_cond = NAME(gc_row)(g, CONDUCTANCE);
    const int membrane = (p->needs & NEED_MEMBRANE) != 0;
    if (plan->kind->saturating_leak == NONE) {
        LOOP gm[n] -= g_drive[n] * cond[n];
        if (membrane)
            LOOP {
                g_rest[n] += g_drive[n] * cond[n];
                g_cond[n] += g_slope[n] - g_drive[n] * (um[n] - rest[n]);
            }
        return;
    }
    const REAL *range = NAME(row)(s, RANGE), *inverse = s->inverse_range;
    const REAL *t = NAME(kept)(at, TANH_LEAK);
    const REAL *linear = NAME(row)(s, LEAK_IS_LINEAR);
    REAL *g_range = NAME(gc_row)(g, RANGE);
    LOOP {
        /* a linear leak's tanh was kept as 0: flat is 1 and curve 0 */
        REAL flat = R(1.0) - t[n] * t[n], curve = R(-2.0) * t[n] * flat * inverse[n];
        REAL gu = cond[n] * (g_slope[n] * curve - g_drive[n] * flat);
        gm[n] += gu;
        if (membrane) {
            int is_linear = linear[n] != 0;
            REAL u = um[n] - rest[n], current = is_linear ? u : range[n] * t[n];
            REAL by_range = is_linear ? R(0.0) : t[n] - u * inverse[n] * flat;
            g_rest[n] -= gu;
            g_cond[n] += g_slope[n] * flat - g_drive[n] * current;
            g_range[n] -=
                cond[n] * (g_drive[n] * by_range + g_slope[n] * curve * u * inverse[n]);
        }
    }
}

/* I_k = alpha tanh(kappa (U_x - delta)), counted in the slope where U_x is U_m; gu is U_x's. */
INLINE void NAME(element_gradient)(const Plan *plan, const NAME(Gradient) *g, const NAME(Step) *at,
                                   int64_t k, REAL *gu) {
    const NAME(Tile) *s = &g->s;
    const Problem *p = plan->p;
    const int64_t x = p->timescale[k];
    const REAL *steepness = s->steepness + k * WIDTH, *t = NAME(kept)(at, TANH_ELEMENT + k);
    const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE)), *u = NAME(source)(plan, s, at, x);
    const REAL *g_drive = g->g_drive, *g_slope = g->g_slope;
    /* of kappa: sum of q u here; see finish_elements */
    REAL *ga = NAME(gc_row)(g, ELEMENT(k, ALPHA)), *gd = NAME(gc_row)(g, ELEMENT(k, DELTA));
    REAL *gk = NAME(gc_row)(g, ELEMENT(k, SLOPE));
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
    const int needs = (p->needs & NEED_ELEMENTS) != 0;
    if (!NAME(in_slope)(plan, x)) {
        if (needs)
            LOOP {
                REAL q = g_drive[n] * steepness[n] * (R(1.0) - t[n] * t[n]);
                ga[n] -= g_drive[n] * t[n];
                gk[n] -= q * u[n];
                gd[n] += q;
                gu[n] -= q;
            }
        else
            LOOP gu[n] -= g_drive[n] * steepness[n] * (R(1.0) - t[n] * t[n]);
        return;
    }
    REAL *gs = g->gc + (coefficient_rows(p) + k) * WIDTH;
    LOOP {
        REAL flat = R(1.0) - t[n] * t[n], slope = instant[n] * g_slope[n];
        REAL q = steepness[n] * flat * (g_drive[n] + R(2.0) * slope * kappa[n] * t[n]);
        if (needs) {
            ga[n] -= g_drive[n] * t[n];
            gs[n] += slope * flat;
            gk[n] -= q * u[n];
            gd[n] += q;
        }
        gu[n] -= q;
    }
}

/* From the sums over time of q, q u and the slope's part to the gradients:
 *     d delta = sum q,   d kappa = -sum q (u - delta) / kappa + alpha sum gs,   d alpha += kappa sum gs
 */
INLINE void NAME(finish_elements)(const Plan *plan, const NAME(Gradient) *g) {
    const NAME(Tile) *s = &g->s;
    for (int64_t k = 0; k < plan->p->elements; k++) {
        const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *delta = NAME(row)(s, ELEMENT(k, DELTA));
        const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE));
        REAL *gs = g->gc + (coefficient_rows(plan->p) + k) * WIDTH;
        REAL *ga = NAME(gc_row)(g, ELEMENT(k, ALPHA)), *gd = NAME(gc_row)(g, ELEMENT(k, DELTA));
        REAL *gk = NAME(gc_row)(g, ELEMENT(k, SLOPE));
        LOOP {
            gk[n] = (gk[n] + delta[n] * gd[n]) / kappa[n] + alpha[n] * gs[n];
            ga[n] += kappa[n] * gs[n];
        }
    }
}

/* g goes from the state of `to` to that of `at`. */
INLINE void NAME(step_gradient)(const Plan *plan, const NAME(Gradient) *g, const NAME(Step) *at,
                                const NAME(Step) *to) {
    const Problem *p = plan->p;
    REAL *gm = g->g[MEMBRANE], *later = g->later;
    if (plan->kind->exponential) {
        NAME(follow_exponential_gradient)(plan, g, at, to, FAST);
        NAME(follow_exponential_gradient)(plan, g, at, to, SLOW);
        NAME(follow_exponential_gradient)(plan, g, at, to, ULTRASLOW);
    } else {
        LOOP later[n] = 0;
        NAME(follow_euler_gradient)(plan, g, at, FAST);
        NAME(follow_euler_gradient)(plan, g, at, SLOW);
        NAME(follow_euler_gradient)(plan, g, at, ULTRASLOW);
    }
    if (plan->kind->saturating_leak == NONE && !(p->needs & NEED_MEMBRANE)) {
        NAME(plain_membrane_gradient)(plan, g, at, to);
    } else {
        NAME(membrane_gradient)(plan, g, at, to);
        if (!plan->kind->exponential) LOOP gm[n] += later[n];
        NAME(leak_gradient)(plan, g, at);
    }
    for (int64_t k = 0; k < p->elements; k++) {
        int64_t x = p->timescale[k];
        const int of_um = plan->kind->instant[x] == ALL && !at->is_first;
        NAME(element_gradient)(plan, g, at, k, of_um ? gm : g->g[x]);
    }
}

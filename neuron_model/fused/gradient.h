/* The gradient of a step, under the names of step.h. */

typedef struct {
    NAME(Tile) s;
    NAME(Offsets) output, voltage; /* in their gradients */
    REAL *g[COPIES];     /* gradient of the state after the step, then of the one before */
    REAL *gc;            /* of the coefficients, a row each, then the slope's part of each element */
    REAL *moved;         /* sum of g dU_m: the part of RATE's gradient that is divided by it */
    REAL *g_output, *g_drive; /* of the step at hand; all tiles of a task share them */
} NAME(Gradient);

INLINE REAL *NAME(gc_row)(const NAME(Gradient) *g, int64_t row) {
    return g->gc + row * WIDTH;
}

/* Adds to the gradient of a row of coefficients. Where all cells read one cell's coefficients, that
 * cell's gradient is the sum over all. */
INLINE void NAME(add)(const Plan *plan, REAL *row, const NAME(Lanes) *by) {
    if (plan->is_shared) {
        NAME(Lanes) sum = by[0];
        for (int j = 1; j < CELLS; j++) sum += by[j];
        *(NAME(Lanes) *)row += sum;
    } else {
        EACH AT(row) += by[j];
    }
}

/* ds/dv times q: clip's where the output is neither silent nor saturated, else that of max(0, tanh). */
INLINE NAME(Lanes) NAME(by_distance)(const Problem *p, NAME(Lanes) v, NAME(Lanes) q) {
    if (!p->ota_output) return NAME(masked)((v >= 0) & (v <= R(1.0)), q);
    NAME(Lanes) t = NAME(tanh_of)(v);
    return NAME(masked)(v >= 0, q * (R(1.0) - t * t));
}

INLINE void NAME(output_gradient)(const Plan *plan, const NAME(Gradient) *g, const REAL *um) {
    const NAME(Tile) *s = &g->s;
    const REAL *threshold = NAME(row)(s, THRESHOLD), *gain = NAME(row)(s, GAIN);
    REAL *gm = g->g[MEMBRANE], *g_output = g->g_output;
    NAME(Lanes) by_threshold[CELLS], by_gain[CELLS];
    EACH {
        NAME(Lanes) u = AT(um) - OF(threshold), distance = u * OF(gain);
        NAME(Lanes) q = NAME(by_distance)(plan->p, distance, AT(g_output));
        by_gain[j] = q * u;
        by_threshold[j] = -q * OF(gain);
    }
    EACH AT(gm) -= by_threshold[j];
    if (plan->needs & NEED_OUTPUT) {
        NAME(add)(plan, NAME(gc_row)(g, THRESHOLD), by_threshold);
        NAME(add)(plan, NAME(gc_row)(g, GAIN), by_gain);
    }
}

/* U_x' = U_m' - F(u) + offset,  u = U_m' - U_x - offset */
INLINE void NAME(follow_exponential_gradient)(const Plan *plan, const NAME(Gradient) *g,
                                              const NAME(Step) *at, const NAME(Step) *to, int x) {
    const NAME(Tile) *s = &g->s;
    if (plan->kind->instant[x] == ALL) return;
    const REAL *um = NAME(kept)(to, MEMBRANE), *ux = NAME(kept)(at, x), *after = NAME(kept)(to, x);
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x];
    const REAL *decay = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *g_offset = NAME(gc_row)(g, FILTER(x, OFFSET));
    const int needs = (plan->needs & NEED_FILTERS) != 0, shapes = (plan->needs & NEED_SHAPES) != 0;
    NAME(Lanes) sum[CELLS];
    if (plan->kind->saturating[x] == NONE) {
        /* an instant one has a decay of 0; whoever gave that has no use for its gradient */
        if (shapes) {
            EACH sum[j] = AT(gx) * (R(1.0) + OF(decay));
            NAME(add)(plan, g_offset, sum);
        }
        NAME(Lanes) kept[CELLS];
        EACH kept[j] = AT(gx) * OF(decay);
        EACH sum[j] = -AT(gx) * (AT(um) - AT(ux) - OF(offset));
        EACH AT(gm) += AT(gx) - kept[j];
        EACH AT(gx) = kept[j];
        if (needs) NAME(add)(plan, NAME(gc_row)(g, FILTER(x, DECAY)), sum);
        return;
    }
    const REAL *slope = NAME(kept)(at, FILTER_SLOPE + x), *by = NAME(kept)(at, FILTER_BY + x);
    if (needs) {
        EACH sum[j] = -AT(gx) * AT(by);
        const int row = plan->kind->steps == MIDDLE ? DECAY : DURATION;
        NAME(add)(plan, NAME(gc_row)(g, FILTER(x, row)), sum);
    }
    if (shapes) {
        const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR)), *inverse = s->inverse_kappa[x];
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        NAME(Lanes) of_offset[CELLS];
        EACH {
            NAME(Lanes) u = AT(um) - AT(ux) - OF(offset), moved = AT(um) - AT(after) + OF(offset);
            NAME(Lanes) by_kappa = -AT(gx) * (AT(slope) * u - moved) * OF(inverse);
            sum[j] = NAME(masked)((OF(linear) + OF(instant)) == 0, by_kappa);
            of_offset[j] = NAME(masked)(OF(instant) == 0, AT(gx) * (R(1.0) + AT(slope)));
        }
        NAME(add)(plan, NAME(gc_row)(g, FILTER(x, KAPPA)), sum);
        NAME(add)(plan, g_offset, of_offset);
    }
    EACH {
        NAME(Lanes) kept = AT(gx) * AT(slope);
        AT(gm) += AT(gx) - kept;
        AT(gx) = kept;
    }
}

/* U_x' = U_x + gain (f(U_m - U_x) + offset), or U_m' where the copy is an instant one. What reaches
 * U_m before the step goes to `later`. */
INLINE void NAME(follow_euler_gradient)(const Plan *plan, const NAME(Gradient) *g,
                                        const NAME(Step) *at, NAME(Lanes) *later, int x) {
    const NAME(Tile) *s = &g->s;
    if (plan->kind->instant[x] == ALL) return;
    const REAL *um = NAME(kept)(at, MEMBRANE), *ux = NAME(kept)(at, x);
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x];
    const REAL *gain = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *g_gain = NAME(gc_row)(g, FILTER(x, DECAY));
    const int needs = (plan->needs & NEED_FILTERS) != 0, shapes = (plan->needs & NEED_SHAPES) != 0;
    NAME(Lanes) sum[CELLS];
    if (plan->kind->instant[x] == MIXED) {
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        EACH {
            AT(gm) += NAME(masked)(OF(instant) != 0, AT(gx));
            AT(gx) = NAME(masked)(OF(instant) == 0, AT(gx));
        }
    }
    if (shapes) {
        EACH sum[j] = AT(gx) * OF(gain);
        NAME(add)(plan, NAME(gc_row)(g, FILTER(x, OFFSET)), sum);
    }
    if (plan->kind->saturating[x] == NONE) {
        NAME(Lanes) passed[CELLS];
        EACH passed[j] = AT(gx) * OF(gain);
        EACH sum[j] = AT(gx) * (AT(um) - AT(ux) + OF(offset));
        EACH later[j] += passed[j];
        EACH AT(gx) -= passed[j];
        if (needs) NAME(add)(plan, g_gain, sum);
        return;
    }
    const REAL *slope = NAME(kept)(at, FILTER_SLOPE + x), *f = NAME(kept)(at, FILTER_BY + x);
    if (needs) {
        EACH sum[j] = AT(gx) * (AT(f) + OF(offset));
        NAME(add)(plan, g_gain, sum);
    }
    if (shapes) {
        const REAL *linear = NAME(row)(s, FILTER(x, IS_LINEAR)), *inverse = s->inverse_kappa[x];
        EACH {
            NAME(Lanes) u = AT(um) - AT(ux);
            NAME(Lanes) by_kappa = AT(gx) * OF(gain) * (u * AT(slope) - AT(f)) * OF(inverse);
            sum[j] = NAME(masked)(OF(linear) == 0, by_kappa);
        }
        NAME(add)(plan, NAME(gc_row)(g, FILTER(x, KAPPA)), sum);
    }
    EACH {
        NAME(Lanes) passed = AT(gx) * OF(gain) * AT(slope);
        later[j] += passed;
        AT(gx) -= passed;
    }
}

/* U_m' = U_m + rate (drive + bias - total) / D,   D = 1 + x / 2 + x^2 / 12,   x = rate slope */
INLINE void NAME(membrane_gradient)(const Plan *plan, const NAME(Gradient) *g,
                                    const NAME(Step) *at, const NAME(Step) *to,
                                    NAME(Lanes) *g_drive, NAME(Lanes) *g_slope) {
    const NAME(Tile) *s = &g->s;
    const REAL *um = NAME(kept)(at, MEMBRANE), *after = NAME(kept)(to, MEMBRANE);
    const REAL *gm = g->g[MEMBRANE], *rate = NAME(row)(s, RATE), *slope = NAME(kept)(at, KEPT_SLOPE);
    if (plan->kind->exponential) {
        EACH {
            NAME(Lanes) x = OF(rate) * AT(slope);
            NAME(Lanes) divisor = R(1.0) + x * (R(0.5) + x * (REAL)(1.0 / 12.0));
            g_drive[j] = AT(gm) * OF(rate) / divisor;
            g_slope[j] =
                g_drive[j] * (AT(um) - AT(after)) * (R(0.5) + x * (REAL)(1.0 / 6.0));
        }
    } else {
        EACH g_drive[j] = AT(gm) * OF(rate);
        EACH g_slope[j] = (NAME(Lanes)){0};
    }
    if (plan->needs & NEED_MEMBRANE) {
        NAME(Lanes) sum[CELLS];
        NAME(add)(plan, NAME(gc_row)(g, BIAS), g_drive);
        EACH sum[j] = AT(gm) * (AT(after) - AT(um));
        NAME(add)(plan, g->moved, sum);
        if (plan->kind->exponential) {
            EACH sum[j] = g_slope[j] * AT(slope) / OF(rate);
            NAME(add)(plan, NAME(gc_row)(g, RATE), sum);
        }
    }
}

INLINE void NAME(leak_gradient)(const Plan *plan, const NAME(Gradient) *g, const NAME(Step) *at,
                                const NAME(Lanes) *g_drive, const NAME(Lanes) *g_slope) {
    const NAME(Tile) *s = &g->s;
    REAL *gm = g->g[MEMBRANE];
    const REAL *um = NAME(kept)(at, MEMBRANE);
    const REAL *rest = NAME(row)(s, REST), *cond = NAME(row)(s, CONDUCTANCE);
    const int needs = (plan->needs & NEED_MEMBRANE) != 0;
    NAME(Lanes) by_rest[CELLS], by_cond[CELLS], by_range[CELLS];
    if (plan->kind->saturating_leak == NONE) {
        EACH by_rest[j] = g_drive[j] * OF(cond);
        EACH by_cond[j] = g_slope[j] - g_drive[j] * (AT(um) - OF(rest));
        EACH AT(gm) -= by_rest[j];
    } else {
        const REAL *range = NAME(row)(s, RANGE), *inverse = s->inverse_range;
        const REAL *tanh = NAME(kept)(at, TANH_LEAK), *linear = NAME(row)(s, LEAK_IS_LINEAR);
        EACH {
            /* a linear leak's tanh was kept as 0: flat is 1 and curve 0 */
            NAME(Lanes) t = AT(tanh), flat = R(1.0) - t * t;
            NAME(Lanes) curve = R(-2.0) * t * flat * OF(inverse);
            NAME(Lanes) gu = OF(cond) * (g_slope[j] * curve - g_drive[j] * flat);
            NAME(Lanes) u = AT(um) - OF(rest), current = OF(range) * t;
            NAME(Lanes) of_range = t - u * OF(inverse) * flat;
            if (plan->kind->saturating_leak == MIXED) {
                current += NAME(masked)(OF(linear) != 0, u);
                of_range = NAME(masked)(OF(linear) == 0, of_range);
            }
            by_rest[j] = -gu;
            by_cond[j] = g_slope[j] * flat - g_drive[j] * current;
            by_range[j] =
                -OF(cond) * (g_drive[j] * of_range + g_slope[j] * curve * u * OF(inverse));
        }
        EACH AT(gm) -= by_rest[j];
        if (needs) NAME(add)(plan, NAME(gc_row)(g, RANGE), by_range);
    }
    if (needs) {
        NAME(add)(plan, NAME(gc_row)(g, REST), by_rest);
        NAME(add)(plan, NAME(gc_row)(g, CONDUCTANCE), by_cond);
    }
}

/* I_k = alpha tanh(kappa (U_x - delta)), counted in the slope where U_x is U_m; gu is U_x's. */
INLINE void NAME(element_gradient)(const Plan *plan, const NAME(Gradient) *g, const NAME(Step) *at,
                                   const NAME(Lanes) *g_drive, const NAME(Lanes) *g_slope,
                                   int64_t k, REAL *gu) {
    const NAME(Tile) *s = &g->s;
    const int64_t x = plan->timescale[k];
    const REAL *steepness = s->steepness + k * WIDTH, *tanh = NAME(kept)(at, TANH_ELEMENT + k);
    const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE)), *u = NAME(source)(plan, s, at, x);
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
    NAME(Lanes) by_alpha[CELLS], by_kappa[CELLS], by_delta[CELLS], by_slope[CELLS];
    EACH {
        NAME(Lanes) t = AT(tanh), flat = R(1.0) - t * t, of_tanh = g_drive[j];
        by_slope[j] = (NAME(Lanes)){0};
        if (NAME(in_slope)(plan, x)) {
            NAME(Lanes) slope = OF(instant) * g_slope[j];
            of_tanh += R(2.0) * slope * OF(kappa) * t;
            by_slope[j] = slope * flat;
        }
        NAME(Lanes) q = OF(steepness) * flat * of_tanh;
        by_alpha[j] = -g_drive[j] * t;
        by_kappa[j] = -q * AT(u); /* a part of it; see finish_elements */
        by_delta[j] = q;
    }
    EACH AT(gu) -= by_delta[j];
    if (!(plan->needs & NEED_ELEMENTS)) return;
    NAME(add)(plan, NAME(gc_row)(g, ELEMENT(k, ALPHA)), by_alpha);
    NAME(add)(plan, NAME(gc_row)(g, ELEMENT(k, SLOPE)), by_kappa);
    NAME(add)(plan, NAME(gc_row)(g, ELEMENT(k, DELTA)), by_delta);
    if (NAME(in_slope)(plan, x)) NAME(add)(plan, g->gc + (coefficient_rows(plan->p) + k) * WIDTH, by_slope);
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
    NAME(Lanes) later[CELLS], g_drive[CELLS], g_slope[CELLS];
    REAL *gm = g->g[MEMBRANE], *kept = g->g_drive;
    EACH later[j] = (NAME(Lanes)){0};
    if (plan->kind->exponential) {
        NAME(follow_exponential_gradient)(plan, g, at, to, FAST);
        NAME(follow_exponential_gradient)(plan, g, at, to, SLOW);
        NAME(follow_exponential_gradient)(plan, g, at, to, ULTRASLOW);
    } else {
        NAME(follow_euler_gradient)(plan, g, at, later, FAST);
        NAME(follow_euler_gradient)(plan, g, at, later, SLOW);
        NAME(follow_euler_gradient)(plan, g, at, later, ULTRASLOW);
    }
    NAME(membrane_gradient)(plan, g, at, to, g_drive, g_slope);
    EACH AT(kept) = g_drive[j];
    if (!plan->kind->exponential) EACH AT(gm) += later[j];
    NAME(leak_gradient)(plan, g, at, g_drive, g_slope);
    for (int64_t k = 0; k < plan->elements; k++) {
        int64_t x = plan->timescale[k];
        const int of_um = plan->kind->instant[x] == ALL && !at->is_first;
        NAME(element_gradient)(plan, g, at, g_drive, g_slope, k, of_um ? gm : g->g[x]);
    }
}

/* The gradient of a step, and of a run: segments of steps are gone through once more, forward with
 * what the gradient needs kept at hand, then backward. */

typedef struct {
    NAME(Strip) s;
    REAL *g[COPIES];     /* gradient of the state after the step, then of the one before */
    REAL *gc;            /* of the coefficients, a row each */
    REAL *moved;         /* sum of g dU_m: the part of RATE's gradient that is divided by it */
    REAL *later;         /* what reaches U_m before the step past the membrane's equation */
    REAL *g_output, *g_drive, *g_slope;
    REAL *steps;         /* the rows of a segment's steps, and of the state after them */
} NAME(Gradient);

INLINE REAL *NAME(gc_row)(const NAME(Gradient) *g, int64_t row) {
    return g->gc + row * g->s.width;
}

INLINE void NAME(output_gradient)(const NAME(Gradient) *g, const REAL *um) {
    const int64_t w = g->s.width;
    const REAL *threshold = NAME(row)(&g->s, THRESHOLD), *gain = NAME(row)(&g->s, GAIN);
    const REAL *g_output = g->g_output;
    REAL *gm = g->g[MEMBRANE];
    LOOP {
        REAL v = (um[n] - threshold[n]) * gain[n];
        REAL q = v < 0 ? R(0.0) : g_output[n];
        q = v > R(1.0) ? R(0.0) : q;
        gm[n] += q * gain[n];
    }
    if (g->s.p->needs & NEED_OUTPUT) {
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
INLINE void NAME(follow_exponential_gradient)(const NAME(Gradient) *g, const NAME(Step) *at,
                                              const NAME(Step) *to, int x) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    const REAL *um = to->u[MEMBRANE], *ux = at->u[x], *after = to->u[x];
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x];
    const REAL *decay = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *g_offset = NAME(gc_row)(g, FILTER(x, OFFSET));
    const int needs = (p->needs & NEED_FILTERS) != 0, shapes = (p->needs & NEED_SHAPES) != 0;
    if (p->saturating[x] == NONE) {
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
    const REAL *slope = at->filter_slope[x], *by = at->filter_by[x];
    REAL *g_rate = NAME(gc_row)(g, FILTER(x, p->is_long ? DURATION : DECAY));
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
INLINE void NAME(follow_euler_gradient)(const NAME(Gradient) *g, const NAME(Step) *at, int x) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    const REAL *um = at->u[MEMBRANE], *ux = at->u[x];
    REAL *gm = g->g[MEMBRANE], *gx = g->g[x], *later = g->later;
    const REAL *gain = NAME(row)(s, FILTER(x, DECAY)), *offset = NAME(row)(s, FILTER(x, OFFSET));
    REAL *g_gain = NAME(gc_row)(g, FILTER(x, DECAY));
    REAL *g_offset = NAME(gc_row)(g, FILTER(x, OFFSET));
    const int needs = (p->needs & NEED_FILTERS) != 0, shapes = (p->needs & NEED_SHAPES) != 0;
    if (p->instant[x] == MIXED) {
        const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
        LOOP {
            gm[n] += instant[n] != 0 ? gx[n] : R(0.0);
            gx[n] = instant[n] != 0 ? R(0.0) : gx[n];
        }
    }
    if (shapes) LOOP g_offset[n] += gx[n] * gain[n];
    if (p->saturating[x] == NONE) {
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
    const REAL *slope = at->filter_slope[x], *f = at->filter_by[x];
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
INLINE void NAME(plain_membrane_gradient)(const NAME(Gradient) *g, const NAME(Step) *at,
                                          const NAME(Step) *to) {
    const NAME(Strip) *s = &g->s;
    const int64_t w = s->width;
    const REAL *um = at->u[MEMBRANE], *after = to->u[MEMBRANE], *later = g->later;
    const REAL *rate = NAME(row)(s, RATE), *cond = NAME(row)(s, CONDUCTANCE), *slope = at->slope;
    REAL *gm = g->g[MEMBRANE], *g_drive = g->g_drive, *g_slope = g->g_slope;
    if (s->p->exponential) {
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
INLINE void NAME(membrane_gradient)(const NAME(Gradient) *g, const NAME(Step) *at,
                                    const NAME(Step) *to) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    const REAL *um = at->u[MEMBRANE], *after = to->u[MEMBRANE], *gm = g->g[MEMBRANE];
    const REAL *rate = NAME(row)(s, RATE), *slope = at->slope;
    REAL *g_drive = g->g_drive, *g_slope = g->g_slope;
    if (p->exponential) {
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
        if (p->exponential) LOOP g_rate[n] += g_slope[n] * slope[n] / rate[n];
    }
}

INLINE void NAME(leak_gradient)(const NAME(Gradient) *g, const NAME(Step) *at) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width;
    REAL *gm = g->g[MEMBRANE];
    const REAL *um = at->u[MEMBRANE], *g_drive = g->g_drive, *g_slope = g->g_slope;
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
    const REAL *range = NAME(row)(s, RANGE), *inverse = s->inverse_range, *t = at->tanh_leak;
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
INLINE void NAME(element_gradient)(const NAME(Gradient) *g, const NAME(Step) *at, int64_t k,
                                   REAL *gu) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t w = s->width, x = p->timescale[k];
    const REAL *steepness = s->steepness + k * w, *t = at->tanh_element + k * w;
    const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE)), *u = at->source[x];
    const REAL *g_drive = g->g_drive, *g_slope = g->g_slope;
    /* of kappa: sum of q u here; see finish_elements */
    REAL *ga = NAME(gc_row)(g, ELEMENT(k, ALPHA)), *gd = NAME(gc_row)(g, ELEMENT(k, DELTA));
    REAL *gk = NAME(gc_row)(g, ELEMENT(k, SLOPE));
    const REAL *instant = NAME(row)(s, FILTER(x, IS_INSTANT));
    const int needs = (p->needs & NEED_ELEMENTS) != 0;
    if (!NAME(in_slope)(p, x)) {
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
    REAL *gs = g->gc + (coefficient_rows(p) + k) * w;
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
INLINE void NAME(finish_elements)(const NAME(Gradient) *g) {
    const NAME(Strip) *s = &g->s;
    const int64_t w = s->width;
    for (int64_t k = 0; k < s->p->elements; k++) {
        const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *delta = NAME(row)(s, ELEMENT(k, DELTA));
        const REAL *kappa = NAME(row)(s, ELEMENT(k, SLOPE));
        REAL *gs = g->gc + (coefficient_rows(s->p) + k) * w;
        REAL *ga = NAME(gc_row)(g, ELEMENT(k, ALPHA)), *gd = NAME(gc_row)(g, ELEMENT(k, DELTA));
        REAL *gk = NAME(gc_row)(g, ELEMENT(k, SLOPE));
        LOOP {
            gk[n] = (gk[n] + delta[n] * gd[n]) / kappa[n] + alpha[n] * gs[n];
            ga[n] += kappa[n] * gs[n];
        }
    }
}

/* g goes from the state of `to` to that of `at`. */
INLINE void NAME(step_gradient)(const NAME(Gradient) *g, const NAME(Step) *at, const NAME(Step) *to,
                                int is_first) {
    const Problem *p = g->s.p;
    const int64_t w = g->s.width;
    REAL *gm = g->g[MEMBRANE], *later = g->later;
    if (!p->exponential) memset(later, 0, (size_t)w * sizeof(REAL));
    for (int x = 0; x < TIMESCALES; x++) {
        if (p->instant[x] == ALL) continue;
        if (p->exponential)
            NAME(follow_exponential_gradient)(g, at, to, x);
        else
            NAME(follow_euler_gradient)(g, at, x);
    }
    if (p->saturating_leak == NONE && !(p->needs & NEED_MEMBRANE)) {
        NAME(plain_membrane_gradient)(g, at, to);
    } else {
        NAME(membrane_gradient)(g, at, to);
        if (!p->exponential) LOOP gm[n] += later[n];
        NAME(leak_gradient)(g, at);
    }
    for (int64_t k = 0; k < p->elements; k++) {
        int64_t x = p->timescale[k];
        NAME(element_gradient)(g, at, k, p->instant[x] == ALL && !is_first ? gm : g->g[x]);
    }
}

/* What the neurons fed to each other before the step: into g_output, and into the weights'. */
INLINE void NAME(weights_gradient)(const NAME(Gradient) *g, REAL *g_weights, const REAL *um) {
    const NAME(Strip) *s = &g->s;
    const int64_t w = s->lanes;
    const REAL *threshold = NAME(row)(s, THRESHOLD), *gain = NAME(row)(s, GAIN);
    const REAL *g_drive = g->g_drive;
    for (int64_t from = 0; from < w; from++) {
        REAL v = (um[from] - threshold[from]) * gain[from], sum = 0;
        const REAL *weights = (const REAL *)s->p->weights + from * s->p->neurons;
        if (v >= 0 && v <= R(1.0)) {
            _Pragma("omp simd reduction(+ : sum)")
            for (int64_t n = 0; n < w; n++) sum += weights[n] * g_drive[n];
        }
        g->g_output[from] = sum;
        REAL fed = NAME(output)(um[from], threshold[from], gain[from]);
        REAL *to = g_weights + from * s->p->neurons;
        if (fed != 0) LOOP to[n] += fed * g_drive[n];
    }
}

/* The steps from `first` to `last` once more, with what their gradient needs. */
INLINE void NAME(recall)(const NAME(Gradient) *g, int64_t b, int64_t first, int64_t last) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    REAL *room = g->steps;
    NAME(Step) at = NAME(step_at)(s, room, first == 0);
    for (int64_t t = first; t < last; t++) {
        if (t % p->segment == 0) {
            int64_t index = 0;
            NAME(load)(s, at.u[MEMBRANE], NAME(taped)(p, b, t, index++));
            for (int x = 0; x < TIMESCALES; x++)
                if (p->instant[x] != ALL) NAME(load)(s, at.u[x], NAME(taped)(p, b, t, index++));
        }
        NAME(load_drive)(s, b, t, at.u[MEMBRANE]);
        room += NAME(step_rows)(p) * s->width;
        NAME(Step) to = NAME(step_at)(s, room, 0);
        NAME(step)(s, &at, &to, 1);
        at = to;
    }
}

INLINE void NAME(load_gradient)(const NAME(Gradient) *g, REAL *to, const void *from,
                                const int64_t *strides, int64_t b, int64_t t, int adds) {
    if (!from) return;
    const REAL *row = (const REAL *)from + b * strides[0] + t * strides[1] + g->s.first;
    const int64_t w = g->s.lanes;
    /* processors do not foresee rows that come in falling order */
    const REAL *soon = row - 8 * strides[1];
    if (t >= 8)
        for (int64_t n = 0; n < w; n += ALIGNMENT / (int64_t)sizeof(REAL))
            __builtin_prefetch(soon + n);
    if (adds) {
        LOOP to[n] += row[n];
    } else {
        LOOP to[n] = row[n];
    }
}

INLINE void NAME(sequence_gradient)(const NAME(Gradient) *g, int64_t b, int64_t chunk) {
    const NAME(Strip) *s = &g->s;
    const Problem *p = s->p;
    const int64_t T = p->time, N = p->neurons, w = s->width;
    const int64_t length = p->segment > 1 ? p->segment : RECALLED;
    REAL *gm = g->g[MEMBRANE];
    REAL *g_weights = p->weights ? (REAL *)p->grad_weights + chunk * N * N : NULL;
    for (int i = 0; i < COPIES; i++) {
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
    for (int64_t first = (T - 1) / length * length; T > 0 && first >= 0; first -= length) {
        const int64_t last = first + length < T ? first + length : T;
        NAME(recall)(g, b, first, last);
        for (int64_t t = last - 1; t >= first; t--) {
            REAL *room = g->steps + (t - first) * NAME(step_rows)(p) * w;
            NAME(Step) at = NAME(step_at)(s, room, t == 0);
            NAME(Step) to = NAME(step_at)(s, room + NAME(step_rows)(p) * w, 0);
            NAME(load_gradient)(g, g->g_output, p->grad_output, p->output_strides, b, t,
                                p->weights != NULL);
            NAME(load_gradient)(g, gm, p->grad_voltage, p->voltage_strides, b, t, 1);
            if (p->grad_output || p->weights) NAME(output_gradient)(g, to.u[MEMBRANE]);
            NAME(step_gradient)(g, &at, &to, t == 0);
            if (p->grad_current)
                NAME(store)(s, (REAL *)p->grad_current + (b * T + t) * N, g->g_drive);
            if (p->weights) NAME(weights_gradient)(g, g_weights, at.u[MEMBRANE]);
        }
    }
    if (p->weights && T > 0) NAME(output_gradient)(g, s->initial[MEMBRANE]);
    for (int i = 0; i < COPIES; i++)
        NAME(store)(s, (REAL *)p->grad_state + (i * p->batch + b) * N, g->g[i]);
}

VERSIONS static int NAME(backward_task)(const Problem *p, int64_t task) {
    NAME(Gradient) g;
    NAME(Strip) *s = &g.s;
    const int64_t chunk = task / strips(p), rows = coefficient_rows(p), N = p->neurons;
    const int64_t begin = chunk * p->batch / p->chunks, end = (chunk + 1) * p->batch / p->chunks;
    const int64_t length = p->segment > 1 ? p->segment : RECALLED;
    const int64_t kept = (length + 1) * NAME(step_rows)(p);
    REAL *next = NAME(open)(s, p, task % strips(p), rows + p->elements + COPIES + 5 + kept);
    if (!next) return 1;
    const int64_t w = s->width;
    for (int i = 0; i < COPIES; i++) g.g[i] = next, next += w;
    g.gc = next, next += (rows + p->elements) * w;
    g.moved = next, next += w;
    g.later = next, next += w;
    g.g_output = next, next += w;
    g.g_drive = next, next += w;
    g.g_slope = next, next += w;
    g.steps = next;
    for (int64_t b = begin; b < end; b++) {
        if (b == begin || p->parameter_batch > 1) NAME(load_coefficients)(s, b);
        NAME(load_initial)(s, b);
        NAME(sequence_gradient)(&g, b, chunk);
    }
    const REAL *rate = NAME(row)(s, RATE);
    REAL *g_rate = NAME(gc_row)(&g, RATE), *moved = g.moved;
    LOOP g_rate[n] += moved[n] / rate[n];
    NAME(finish_elements)(&g);
    for (int64_t i = 0; i < rows; i++)
        NAME(store)(s, (REAL *)p->grad_coefficients + (i * p->chunks + chunk) * N,
                    NAME(gc_row)(&g, i));
    free(s->memory);
    return 0;
}

int NAME(mtc_backward)(const Problem *p) {
    in_large_pages(p, p->grad_current, sizeof(REAL));
    return run_tasks(p, NAME(backward_task), p->chunks * strips(p));
}

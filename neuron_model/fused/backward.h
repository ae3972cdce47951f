/* The gradient of a run: segments of steps are gone through once more, forward with what the
 * gradient needs kept at hand, then backward.
 */

typedef struct {
    NAME(Gradient) g;
    REAL *steps; /* the rows of a segment's steps, and of the state after them */
} NAME(Returner);

enum { NAME(SHARED_GRADIENT_ROWS) = NAME(SHARED_ROWS) + 4 };

/* The rows of step t, of a segment that begins at `first`. */
INLINE REAL *NAME(room_of)(const Plan *plan, const NAME(Returner) *r, int64_t first, int64_t t) {
    return r->steps + (t - first) * plan->layout.rows * WIDTH;
}

INLINE const REAL *NAME(membrane)(const Plan *plan, const NAME(Returner) *r, int64_t first,
                                  int64_t t) {
    return NAME(room_of)(plan, r, first, t) + plan->layout.u[MEMBRANE] * WIDTH;
}

/* Step t once more, of a tile whose drive is loaded, with what its gradient needs. */
INLINE void NAME(recall_step)(const Plan *plan, const NAME(Returner) *r, int64_t first, int64_t t) {
    const NAME(Tile) *s = &r->g.s;
    NAME(Step) at = NAME(step_at)(plan, s, NAME(room_of)(plan, r, first, t), t == 0);
    NAME(Step) to = NAME(step_at)(plan, s, NAME(room_of)(plan, r, first, t + 1), 0);
    NAME(step)(plan, s, &at, &to, 1);
}

/* The state before step t, where it is on the tape. */
INLINE void NAME(recall_state)(const Plan *plan, const NAME(Returner) *r, int64_t first,
                               int64_t t) {
    if (t % plan->p.segment) return;
    NAME(Step) at = NAME(step_at)(plan, &r->g.s, NAME(room_of)(plan, r, first, t), t == 0);
    NAME(load_state)(plan, &r->g.s, &at, t);
}

/* Rows of step t that its gradient will read and write: in falling order, which processors do not
 * foresee. */
INLINE void NAME(expect_return)(const Plan *plan, const NAME(Tile) *s, int64_t t) {
    const Problem *p = &plan->p;
    const int64_t *output = p->output_strides, *voltage = p->voltage_strides;
    if (p->grad_output)
        NAME(expect)(s, (const REAL *)p->grad_output + t * output[1], output[0], 0);
    if (p->grad_voltage)
        NAME(expect)(s, (const REAL *)p->grad_voltage + t * voltage[1], voltage[0], 0);
    if (p->grad_current)
        NAME(expect)(s, (const REAL *)p->grad_current + t * p->neurons, p->time * p->neurons, 1);
}

/* The gradient of step t; g_output holds the gradient of what was fed from its end. */
INLINE void NAME(return_step)(const Plan *plan, const NAME(Returner) *r, int64_t first, int64_t t) {
    const NAME(Gradient) *g = &r->g;
    const NAME(Tile) *s = &g->s;
    const Problem *p = &plan->p;
    const int64_t *output = p->output_strides, *voltage = p->voltage_strides;
    REAL *gm = g->g[MEMBRANE], *more = g->g_drive; /* not in use yet */
    NAME(Step) at = NAME(step_at)(plan, s, NAME(room_of)(plan, r, first, t), t == 0);
    NAME(Step) to = NAME(step_at)(plan, s, NAME(room_of)(plan, r, first, t + 1), 0);
    if (p->grad_output) {
        const REAL *row = (const REAL *)p->grad_output + t * output[1];
        NAME(load)(s, p->weights ? more : g->g_output, row, output[0]);
        if (p->weights) LOOP g->g_output[n] += more[n];
    }
    if (p->grad_voltage) {
        NAME(load)(s, more, (const REAL *)p->grad_voltage + t * voltage[1], voltage[0]);
        LOOP gm[n] += more[n];
    }
    if (p->grad_output || p->weights) NAME(output_gradient)(plan, g, to.u[MEMBRANE]);
    NAME(step_gradient)(plan, g, &at, &to, t == 0);
    if (p->grad_current)
        NAME(store)(s, (REAL *)p->grad_current + t * p->neurons, g->g_drive,
                    p->time * p->neurons);
}

/* The gradient of the state at the end, into rows that are 0. */
INLINE void NAME(begin_return)(const Plan *plan, const NAME(Gradient) *g) {
    const Problem *p = &plan->p;
    REAL *gm = g->g[MEMBRANE];
    for (int i = 0; i < COPIES && p->grad_end; i++)
        NAME(load)(&g->s, g->g[i], NAME(state_rows)(p, p->grad_end, i), p->neurons);
    for (int x = 0; x < TIMESCALES && p->time > 0; x++)
        if (p->instant[x] == ALL) {
            REAL *gx = g->g[x];
            LOOP gm[n] += gx[n];
            LOOP gx[n] = 0;
        }
}

/* What a tile found is added to the gradients of the state and of the coefficients. */
INLINE void NAME(end_return)(const Plan *plan, const NAME(Gradient) *g, int64_t chunk) {
    const NAME(Tile) *s = &g->s;
    const Problem *p = &plan->p;
    const int64_t N = p->neurons, shares = p->parameter_batch > 1 ? p->batch : p->chunks;
    for (int i = 0; i < COPIES; i++)
        NAME(store)(s, (REAL *)p->grad_state + i * p->batch * N, g->g[i], N);
    const REAL *rate = NAME(row)(s, RATE), *moved = g->moved;
    REAL *g_rate = NAME(gc_row)(g, RATE);
    LOOP g_rate[n] += moved[n] / rate[n];
    NAME(finish_elements)(plan, g);
    for (int64_t i = 0; i < coefficient_rows(p); i++)
        for (int j = 0; j < CELLS; j++) {
            const REAL *from = NAME(gc_row)(g, i) + j * NAME(CELL);
            int64_t share = p->parameter_batch > 1 ? s->batch[j] : chunk;
            REAL *to = (REAL *)p->grad_coefficients + (i * shares + share) * N + s->first[j];
            for (int64_t n = s->lanes - s->own[j]; n < s->lanes; n++) to[n] += from[n];
        }
}

/* The steps of a segment, of neurons that do not feed each other: one tile after the other. */
INLINE void NAME(return_apart)(const Plan *plan, const NAME(Returner) *returners, int64_t tiles,
                               int64_t first, int64_t last) {
    for (int64_t i = 0; i < tiles; i++) {
        const NAME(Returner) *r = &returners[i];
        const NAME(Tile) *s = &r->g.s;
        const Problem *p = &plan->p;
        const int64_t T = p->time, N = p->neurons;
        for (int64_t t = first; t < last; t++) {
            NAME(recall_state)(plan, r, first, t);
            const REAL *current = (const REAL *)p->current + t * N;
            NAME(expect)(s, current + AHEAD * N, T * N, 0);
            NAME(load)(s, s->drive, current, T * N);
            NAME(recall_step)(plan, r, first, t);
            NAME(expect_return)(plan, s, t);
        }
        for (int64_t t = last - 1; t >= first; t--) NAME(return_step)(plan, r, first, t);
    }
}

/* The same where they do: all tiles take a step before the next one. */
INLINE void NAME(return_together)(const Plan *plan, const NAME(Returner) *returners, int64_t tiles,
                                  int64_t first, int64_t last, const Task *task,
                                  const NAME(Feed) *feed, REAL *g_weights) {
    const int64_t width = feed->width;
    REAL *fed = NAME(of_all)(feed, task, feed->um), *drives = NAME(of_all)(feed, task, feed->drive);
    const REAL *g_fed = NAME(of_all)(feed, task, feed->g_output);
    for (int64_t t = first; t < last; t++) {
        for (int64_t i = 0; i < tiles; i++) {
            const NAME(Returner) *r = &returners[i];
            NAME(recall_state)(plan, r, first, t);
            NAME(store)(&r->g.s, fed, NAME(membrane)(plan, r, first, t), width);
        }
        NAME(feed)(feed, task, t);
        for (int64_t i = 0; i < tiles; i++) {
            NAME(load)(&returners[i].g.s, returners[i].g.s.drive, drives, width);
            NAME(recall_step)(plan, &returners[i], first, t);
            NAME(expect_return)(plan, &returners[i].g.s, t);
        }
    }
    for (int64_t t = last - 1; t >= first; t--) {
        for (int64_t i = 0; i < tiles; i++) {
            const NAME(Returner) *r = &returners[i];
            NAME(load)(&r->g.s, r->g.g_output, g_fed, width);
            NAME(return_step)(plan, r, first, t);
            NAME(store)(&r->g.s, drives, r->g.g_drive, width);
            NAME(store)(&r->g.s, fed, NAME(membrane)(plan, r, first, t), width);
        }
        NAME(feed_gradient)(feed, task, g_weights);
    }
    if (first == 0)
        for (int64_t i = 0; i < tiles; i++) {
            NAME(load)(&returners[i].g.s, returners[i].g.g_output, g_fed, width);
            NAME(output_gradient)(plan, &returners[i].g, returners[i].g.s.initial[MEMBRANE]);
        }
}

INLINE int NAME(run_backward)(const Plan *plan, const Task *task) {
    const Problem *p = &plan->p;
    const int64_t T = p->time, N = p->neurons, tiles = tiles_of(task, NAME(CELL));
    const int64_t length = p->segment > 1 ? p->segment : RECALLED;
    const int64_t own = coefficient_rows(p) + p->elements + COPIES + 1;
    const int64_t kept = (length + 1) * plan->layout.rows;
    const int64_t rows = NAME(SHARED_GRADIENT_ROWS) + tiles * (NAME(tile_rows)(p) + own) +
                         kept * (p->weights ? tiles : 1);
    const int64_t room = rows * WIDTH + NAME(feed_room)(task);
    NAME(Returner) *returners = malloc((size_t)tiles * sizeof *returners);
    REAL *memory = aligned_alloc(ALIGNMENT, (size_t)room * sizeof(REAL));
    if (!returners || !memory) {
        free(returners), free(memory);
        return 1;
    }
    /* sums begin at 0, a gradient that nobody fills is 0, and what pads a cell is to be a number */
    memset(memory, 0, (size_t)room * sizeof(REAL));
    REAL *shared = memory + NAME(SHARED_ROWS) * WIDTH;
    REAL *next = memory + NAME(SHARED_GRADIENT_ROWS) * WIDTH;
    for (int64_t i = 0; i < tiles; i++) {
        NAME(Gradient) *g = &returners[i].g;
        next = NAME(open)(plan, &g->s, task, i, next, memory);
        for (int j = 0; j < COPIES; j++) g->g[j] = next, next += WIDTH;
        g->gc = next, next += (coefficient_rows(p) + p->elements) * WIDTH;
        g->moved = next, next += WIDTH;
        g->later = shared, g->g_output = shared + WIDTH;
        g->g_drive = shared + 2 * WIDTH, g->g_slope = shared + 3 * WIDTH;
        NAME(begin_return)(plan, g);
    }
    for (int64_t i = 0; i < tiles; i++) {
        returners[i].steps = next;
        if (p->weights || i == tiles - 1) next += kept * WIDTH;
    }
    const NAME(Feed) feed = NAME(feed_at)(task, next);
    REAL *g_weights = p->weights ? (REAL *)p->grad_weights + task->chunk * N * N : NULL;
    for (int64_t first = (T - 1) / length * length; T > 0 && first >= 0; first -= length) {
        const int64_t last = first + length < T ? first + length : T;
        if (p->weights)
            NAME(return_together)(plan, returners, tiles, first, last, task, &feed, g_weights);
        else
            NAME(return_apart)(plan, returners, tiles, first, last);
    }
    for (int64_t i = 0; i < tiles; i++) NAME(end_return)(plan, &returners[i].g, task->chunk);
    free(returners), free(memory);
    return 0;
}

VERSIONS static int NAME(backward_task)(const Task *task) { WITH_PLAN(NAME(run_backward), 1) }

int NAME(mtc_backward)(const Problem *p) {
    in_large_pages(p, p->grad_current, sizeof(REAL));
    return run_tasks(p, NAME(backward_task), NAME(CELL));
}

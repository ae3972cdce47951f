/* The gradient of a run: segments of steps are gone through once more, forward with what the
 * gradient needs kept at hand, then backward.
 */

typedef struct {
    NAME(Gradient) g;
    REAL *steps; /* the rows of a segment's steps, and of the state after them */
} NAME(Returner);

enum { NAME(SHARED_GRADIENT_ROWS) = NAME(SHARED_ROWS) + 2 };

/* Step t, of a segment that begins at `first`. */
INLINE NAME(Step) NAME(step_at)(const NAME(Returner) *r, int64_t first, int64_t t) {
    return (NAME(Step)){r->steps + (t - first) * WIDTH, (RECALLED + 1) * WIDTH, t == 0};
}

INLINE const REAL *NAME(membrane)(const NAME(Returner) *r, int64_t first, int64_t t) {
    const NAME(Step) at = NAME(step_at)(r, first, t);
    return NAME(kept)(&at, MEMBRANE);
}

/* Step t once more, of a tile whose drive is loaded, with what its gradient needs. */
INLINE void NAME(recall_step)(const Plan *plan, const NAME(Returner) *r, int64_t first, int64_t t) {
    const NAME(Tile) *s = &r->g.s;
    const NAME(Step) at = NAME(step_at)(r, first, t);
    const NAME(Step) to = NAME(step_at)(r, first, t + 1);
    NAME(step)(plan, s, &at, &to, 1);
}

/* The state before step t, where it is on the tape. */
INLINE void NAME(recall_state)(const Plan *plan, const NAME(Returner) *r, int64_t first,
                               int64_t t) {
    if (!NAME(is_taped)(plan->p, t)) return;
    const NAME(Step) at = NAME(step_at)(r, first, t);
    NAME(load_state)(plan, &r->g.s, &at, t);
}

/* Rows of step t that its recall and its gradient will read. */
INLINE void NAME(expect_reads)(const Plan *plan, const NAME(Gradient) *g, int64_t t) {
    const Problem *p = plan->p;
    NAME(expect)((const REAL *)p->current + t * p->neurons, g->s.sequences, 0);
    if (p->grad_output)
        NAME(expect)((const REAL *)p->grad_output + t * p->output_strides[1], g->output, 0);
    if (p->grad_voltage)
        NAME(expect)((const REAL *)p->grad_voltage + t * p->voltage_strides[1], g->voltage, 0);
}

/* And the one that it will write. */
INLINE void NAME(expect_writes)(const Plan *plan, const NAME(Gradient) *g, int64_t t) {
    const Problem *p = plan->p;
    if (p->grad_current)
        NAME(expect)((const REAL *)p->grad_current + t * p->neurons, g->s.sequences, 1);
}

/* The gradient of step t; g_output holds the gradient of what was fed from its end. */
INLINE void NAME(return_step)(const Plan *plan, const NAME(Returner) *r, int64_t first, int64_t t) {
    const NAME(Gradient) *g = &r->g;
    const NAME(Tile) *s = &g->s;
    const Problem *p = plan->p;
    REAL *gm = g->g[MEMBRANE], *more = g->g_drive; /* not in use yet */
    const NAME(Step) at = NAME(step_at)(r, first, t);
    const NAME(Step) to = NAME(step_at)(r, first, t + 1);
    if (p->grad_output) {
        const REAL *row = (const REAL *)p->grad_output + t * p->output_strides[1];
        NAME(load)(plan, s, plan->is_recurrent ? more : g->g_output, row, g->output);
        if (plan->is_recurrent) LOOP g->g_output[n] += more[n];
    }
    if (p->grad_voltage) {
        const REAL *row = (const REAL *)p->grad_voltage + t * p->voltage_strides[1];
        NAME(load)(plan, s, more, row, g->voltage);
        LOOP gm[n] += more[n];
    }
    if (p->grad_output || plan->is_recurrent)
        NAME(output_gradient)(plan, g, NAME(kept)(&to, MEMBRANE));
    NAME(step_gradient)(plan, g, &at, &to);
    if (p->grad_current)
        NAME(store)(plan, s, (REAL *)p->grad_current + t * p->neurons, g->g_drive, s->sequences);
}

/* The gradient of the state at the end, into rows that are 0. */
INLINE void NAME(begin_return)(const Plan *plan, const NAME(Gradient) *g) {
    const Problem *p = plan->p;
    REAL *gm = g->g[MEMBRANE];
    for (int i = 0; i < COPIES && p->grad_end; i++)
        NAME(load)(plan, &g->s, g->g[i], NAME(state_rows)(p, p->grad_end, i),
                   NAME(offsets)(&g->s, p->neurons));
    for (int x = 0; x < TIMESCALES && p->time > 0; x++)
        if (plan->kind->instant[x] == ALL) {
            REAL *gx = g->g[x];
            LOOP gm[n] += gx[n];
            LOOP gx[n] = 0;
        }
}

/* What a tile found is added to the gradients of the state and of the coefficients. */
INLINE void NAME(end_return)(const Plan *plan, const NAME(Gradient) *g, int64_t chunk) {
    const NAME(Tile) *s = &g->s;
    const Problem *p = plan->p;
    const int64_t N = p->neurons, shares = p->parameter_batch > 1 ? p->batch : p->chunks;
    for (int i = 0; i < COPIES; i++)
        NAME(store)(plan, s, (REAL *)p->grad_state + i * p->batch * N, g->g[i], NAME(offsets)(s, N));
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

/* The steps of a segment, of neurons that do not feed each other: one tile after the other. What the
 * segment before it will need is brought near as in run_apart. */
INLINE void NAME(return_apart)(const Plan *plan, const NAME(Returner) *returners, int64_t tiles,
                               int64_t first, int64_t last) {
    const Problem *p = plan->p;
    int64_t read = first - RECALLED, read_tile = 0, write = read, write_tile = 0;
    for (int64_t i = 0; i < tiles; i++) {
        const NAME(Returner) *r = &returners[i];
        const NAME(Tile) *s = &r->g.s;
        for (int64_t t = first; t < last; t++) {
            if (read >= 0) NAME(expect_reads)(plan, &returners[read_tile].g, read);
            if (++read_tile == tiles) read_tile = 0, read++;
            NAME(recall_state)(plan, r, first, t);
            NAME(load)(plan, s, s->drive, (const REAL *)p->current + t * p->neurons, s->sequences);
            NAME(recall_step)(plan, r, first, t);
        }
        for (int64_t t = last - 1; t >= first; t--) {
            if (write >= 0) NAME(expect_writes)(plan, &returners[write_tile].g, write);
            if (++write_tile == tiles) write_tile = 0, write++;
            NAME(return_step)(plan, r, first, t);
        }
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
            const NAME(Tile) *s = &r->g.s;
            NAME(recall_state)(plan, r, first, t);
            NAME(store)(plan, s, fed, NAME(membrane)(r, first, t), NAME(offsets)(s, width));
        }
        NAME(feed)(feed, task, t);
        for (int64_t i = 0; i < tiles; i++) {
            const NAME(Tile) *s = &returners[i].g.s;
            NAME(load)(plan, s, s->drive, drives, NAME(offsets)(s, width));
            NAME(recall_step)(plan, &returners[i], first, t);
        }
    }
    for (int64_t t = last - 1; t >= first; t--) {
        for (int64_t i = 0; i < tiles; i++) {
            const NAME(Returner) *r = &returners[i];
            const NAME(Tile) *s = &r->g.s;
            NAME(load)(plan, s, r->g.g_output, g_fed, NAME(offsets)(s, width));
            NAME(return_step)(plan, r, first, t);
            NAME(store)(plan, s, drives, r->g.g_drive, NAME(offsets)(s, width));
            NAME(store)(plan, s, fed, NAME(membrane)(r, first, t), NAME(offsets)(s, width));
        }
        NAME(feed_gradient)(feed, task, g_weights);
    }
    if (first == 0)
        for (int64_t i = 0; i < tiles; i++) {
            const NAME(Gradient) *g = &returners[i].g;
            NAME(load)(plan, &g->s, g->g_output, g_fed, NAME(offsets)(&g->s, width));
            NAME(output_gradient)(plan, g, g->s.initial[MEMBRANE]);
        }
}

INLINE int NAME(run_backward)(const Plan *plan, const Task *task) {
    const Problem *p = plan->p;
    const int64_t T = p->time, N = p->neurons, tiles = tiles_of(task, NAME(CELL));
    const int64_t own = coefficient_rows(p) + p->elements + COPIES + 1;
    const int64_t kept = (TANH_ELEMENT + p->elements) * (RECALLED + 1);
    const int64_t rows = NAME(SHARED_GRADIENT_ROWS) + tiles * (NAME(tile_rows)(p) + own) +
                         kept * (plan->is_recurrent ? tiles : 1);
    const int64_t room = rows * WIDTH + NAME(feed_room)(task);
    const size_t size = (size_t)room * sizeof(REAL);
    NAME(Returner) *returners = malloc((size_t)tiles * sizeof *returners);
    REAL *memory = returners ? take_scratch(size, ALIGNMENT) : NULL;
    if (!memory) {
        free(returners);
        return 1;
    }
    /* sums begin at 0, a gradient that nobody fills is 0, and what pads a cell is to be a number */
    if (!plan->is_whole || plan->is_recurrent) memset(memory, 0, size);
    memset(memory, 0, NAME(SHARED_GRADIENT_ROWS) * ROW);
    REAL *shared = memory + NAME(SHARED_ROWS) * WIDTH;
    REAL *next = memory + NAME(SHARED_GRADIENT_ROWS) * WIDTH;
    for (int64_t i = 0; i < tiles; i++) {
        NAME(Gradient) *g = &returners[i].g;
        next = NAME(open)(plan, &g->s, task, i, next, memory);
        memset(next, 0, (size_t)own * ROW);
        for (int j = 0; j < COPIES; j++) g->g[j] = next, next += WIDTH;
        g->gc = next, next += (coefficient_rows(p) + p->elements) * WIDTH;
        g->moved = next, next += WIDTH;
        g->g_output = shared, g->g_drive = shared + WIDTH;
        g->output = NAME(offsets)(&g->s, p->output_strides[0]);
        g->voltage = NAME(offsets)(&g->s, p->voltage_strides[0]);
        NAME(begin_return)(plan, g);
    }
    for (int64_t i = 0; i < tiles; i++) {
        returners[i].steps = next;
        if (plan->is_recurrent || i == tiles - 1) next += kept * WIDTH;
    }
    const NAME(Feed) feed = NAME(feed_at)(task, next);
    REAL *g_weights = plan->is_recurrent ? (REAL *)p->grad_weights + task->chunk * N * N : NULL;
    const int64_t length = p->segment > 1 ? p->segment : RECALLED;
    for (int64_t last = T, first; last > 0; last = first) {
        first = (last - 1) / length * length;
        if (plan->is_recurrent)
            NAME(return_together)(plan, returners, tiles, first, last, task, &feed, g_weights);
        else
            NAME(return_apart)(plan, returners, tiles, first, last);
    }
    for (int64_t i = 0; i < tiles; i++) NAME(end_return)(plan, &returners[i].g, task->chunk);
    free(returners), give_back_scratch(memory, size);
    return 0;
}

static int NAME(backward_task)(const Task *task) { BY_KIND(NAME(run_backward)) }

static int NAME(backward)(const Problem *p) {
    in_large_pages(p, p->grad_current, sizeof(REAL));
    return run_tasks(p, NAME(backward_task), NAME(CELL));
}

/* Some sequences of some neurons through time, and out. */

typedef struct {
    NAME(Tile) s;
    REAL *room; /* the state, before and after the step at hand */
} NAME(Runner);

/* A step of a tile, whose drive is loaded; the results are stored. */
INLINE void NAME(run_step)(const Plan *plan, const NAME(Runner) *r, int64_t t) {
    const NAME(Tile) *s = &r->s;
    const Problem *p = plan->p;
    const int64_t N = p->neurons;
    const NAME(Step) at = {r->room, WIDTH, t == 0};
    if (NAME(is_taped)(p, t)) NAME(store_state)(plan, s, &at, t);
    NAME(step)(plan, s, &at, &at, 0);
    const REAL *um = NAME(kept)(&at, MEMBRANE);
    const REAL *threshold = NAME(row)(s, THRESHOLD), *gain = NAME(row)(s, GAIN);
    REAL *output = s->output;
    if (p->ota_output) {
        NAME(Lanes) pushed[CELLS];
        EACH pushed[j] = NAME(pushed)((AT(um) - OF(threshold)) * OF(gain));
        EACH AT(output) = pushed[j];
    } else {
        LOOP output[n] = NAME(clipped)((um[n] - threshold[n]) * gain[n]);
    }
    NAME(store)(plan, s, (REAL *)p->output + t * N, output, s->sequences);
    if (p->voltage) NAME(store)(plan, s, (REAL *)p->voltage + t * N, um, s->sequences);
}

/* Some steps of neurons that do not feed each other: one tile after the other. Meanwhile what the
 * next ones read and write is brought near, row by row, a cell's piece of it for each cell that takes
 * a step. */
INLINE void NAME(run_apart)(const Plan *plan, const NAME(Runner) *runners, int64_t tiles,
                            int64_t first, int64_t last) {
    const Problem *p = plan->p;
    const int64_t N = p->neurons;
    const REAL *current = p->current, *output = p->output;
    int64_t ahead = first + BLOCK, tile = 0;
    for (int64_t i = 0; i < tiles; i++) {
        const NAME(Tile) *s = &runners[i].s;
        for (int64_t t = first; t < last; t++) {
            if (ahead < p->time) {
                NAME(expect)(current + ahead * N, runners[tile].s.sequences, 0);
                NAME(expect)(output + ahead * N, runners[tile].s.sequences, 1);
            }
            if (++tile == tiles) tile = 0, ahead++;
            NAME(load)(plan, s, s->drive, current + t * N, s->sequences);
            NAME(run_step)(plan, &runners[i], t);
        }
    }
}

/* The same where they do: all tiles take a step before the next one. */
INLINE void NAME(run_together)(const Plan *plan, const NAME(Runner) *runners, int64_t tiles,
                               int64_t first, int64_t last, const Task *task,
                               const NAME(Feed) *feed) {
    REAL *fed = NAME(of_all)(feed, task, feed->um), *drives = NAME(of_all)(feed, task, feed->drive);
    for (int64_t t = first; t < last; t++) {
        for (int64_t i = 0; i < tiles; i++) {
            const NAME(Tile) *s = &runners[i].s;
            const NAME(Step) at = {runners[i].room, WIDTH, t == 0};
            NAME(store)(plan, s, fed, NAME(kept)(&at, MEMBRANE), NAME(offsets)(s, feed->width));
        }
        NAME(feed)(feed, task, t);
        for (int64_t i = 0; i < tiles; i++) {
            const NAME(Tile) *s = &runners[i].s;
            NAME(load)(plan, s, s->drive, drives, NAME(offsets)(s, feed->width));
            NAME(run_step)(plan, &runners[i], t);
        }
    }
}

INLINE int NAME(run_forward)(const Plan *plan, const Task *task) {
    const Problem *p = plan->p;
    const int64_t T = p->time, N = p->neurons, tiles = tiles_of(task, NAME(CELL));
    const int64_t rows = NAME(tile_rows)(p) + COPIES;
    const int64_t room = (NAME(SHARED_ROWS) + tiles * rows) * WIDTH + NAME(feed_room)(task);
    const size_t size = (size_t)room * sizeof(REAL);
    NAME(Runner) *runners = malloc((size_t)tiles * sizeof *runners);
    REAL *memory = runners ? take_scratch(size, ALIGNMENT) : NULL;
    if (!memory) {
        free(runners);
        return 1;
    }
    /* what pads a cell is to be a number */
    if (!plan->is_whole || plan->is_recurrent) memset(memory, 0, size);
    REAL *next = memory + NAME(SHARED_ROWS) * WIDTH;
    for (int64_t i = 0; i < tiles; i++) {
        NAME(Runner) *r = &runners[i];
        next = NAME(open)(plan, &r->s, task, i, next, memory);
        r->room = next, next += COPIES * WIDTH;
        const NAME(Step) at = {r->room, WIDTH, 1};
        for (int j = 0; j < COPIES; j++)
            if (j == MEMBRANE || plan->kind->instant[j] != ALL)
                memcpy(NAME(kept)(&at, j), r->s.initial[j], ROW);
    }
    const NAME(Feed) feed = NAME(feed_at)(task, next);
    for (int64_t first = 0; first < T; first += BLOCK) {
        const int64_t last = first + BLOCK < T ? first + BLOCK : T;
        if (plan->is_recurrent)
            NAME(run_together)(plan, runners, tiles, first, last, task, &feed);
        else
            NAME(run_apart)(plan, runners, tiles, first, last);
    }
    for (int64_t i = 0; i < tiles; i++) {
        const NAME(Tile) *s = &runners[i].s;
        const NAME(Step) at = {runners[i].room, WIDTH, T == 0};
        for (int j = 0; j < COPIES; j++)
            NAME(store)(plan, s, (REAL *)p->end + j * p->batch * N,
                        j == MEMBRANE ? NAME(kept)(&at, j) : NAME(source)(plan, s, &at, j),
                        NAME(offsets)(s, N));
    }
    free(runners), give_back_scratch(memory, size);
    return 0;
}

static int NAME(forward_task)(const Task *task) { BY_KIND(NAME(run_forward)) }

static int NAME(forward)(const Problem *p) {
    in_large_pages(p, p->output, sizeof(REAL));
    in_large_pages(p, p->voltage, sizeof(REAL));
    return run_tasks(p, NAME(forward_task), NAME(CELL));
}

/* A tile: cells of neurons that go through time together, with their coefficients and their state.
 *
 * A cell is some neighbours of a row of neurons, of one sequence: one vector of numbers, as the
 * processor has them. The cells of a tile are those of several sequences at the same place of the
 * row, which share their coefficients; where sequences are few, or have coefficients of their own,
 * those of several places.
 *
 * Where a row is no whole number of cells, the last one begins earlier and goes through some neurons
 * of the one before it once more: both find the same numbers, and processors take whole vectors in
 * and out several times as quickly as parts of them. Only sums are added once, see end_return.
 */

typedef REAL NAME(Lanes) __attribute__((vector_size(VECTOR), may_alias));
typedef INTEGER NAME(Mask) __attribute__((vector_size(VECTOR), may_alias));

enum { NAME(CELL) = VECTOR / (int)sizeof(REAL), NAME(WIDTH) = CELLS * NAME(CELL) };
#define WIDTH NAME(WIDTH)
#define ROW (WIDTH * sizeof(REAL))
#define LOOP _Pragma("omp simd") for (int64_t n = 0; n < WIDTH; n++)

/* Each cell of a tile: `AT` in a row that has numbers of its own for every cell, `OF` in a row of
 * coefficients, which cells may share. A loop that reads shared ones reads each once, unless it
 * writes rows as well: loops here compute first, and write then. */
#define EACH _Pragma("GCC unroll 4") for (int j = 0; j < CELLS; j++)
#define AT(row) (*(NAME(Lanes) *)((row) + j * NAME(CELL)))
#define OF(row) (*(const NAME(Lanes) *)((row) + (plan->is_shared ? 0 : j * NAME(CELL))))

/* Neurons in a cell of a tile: a constant where the plan says so. */
#define LANES(s) (plan->is_whole ? NAME(CELL) : (s)->lanes)

/* x where the mask is set, else 0. */
INLINE NAME(Lanes) NAME(masked)(NAME(Mask) mask, NAME(Lanes) x) {
    return (NAME(Lanes))((NAME(Mask))x & mask);
}

/* tanh of each. */
INLINE NAME(Lanes) NAME(tanh_of)(NAME(Lanes) x) {
#ifdef HAS_TANH_OF
    return tanh_of_lanes(x);
#else
    REAL t[NAME(CELL)] __attribute__((aligned(VECTOR)));
    *(NAME(Lanes) *)t = x;
    _Pragma("omp simd") for (int n = 0; n < NAME(CELL); n++) t[n] = NAME(tanh)(t[n]);
    return *(NAME(Lanes) *)t;
#endif
}

/* Of the cells of a tile in rows in memory, from where those begin. */
typedef struct {
    int64_t of[CELLS];
} NAME(Offsets);

typedef struct {
    int64_t batch[CELLS], first[CELLS]; /* of a cell: its sequence, where in the row it begins */
    int64_t own[CELLS];                 /* its last neurons, which no other cell has */
    int64_t lanes;                      /* neurons in a cell: fewer than it holds in short rows */
    REAL *c;                            /* coefficients, a row each */
    REAL *inverse_range, *inverse_kappa[TIMESCALES];
    REAL *steepness;                    /* alpha kappa of each element */
    REAL *initial[COPIES];              /* the state before the first step */
    REAL *drive, *output, *lag;         /* of the step at hand; all tiles of a task share them */
    NAME(Offsets) sequences;            /* in rows that are (batch, time, neurons) */
} NAME(Tile);

/* A step of a tile: one of those whose rows lie at `room`, each row of all steps in one piece. */
typedef struct {
    REAL *room;
    int64_t pitch; /* from one row to the next */
    int is_first;
} NAME(Step);

INLINE REAL *NAME(row)(const NAME(Tile) *s, int64_t row) { return s->c + row * WIDTH; }

/* One of the rows that a step leaves. */
INLINE REAL *NAME(kept)(const NAME(Step) *at, int64_t row) { return at->room + row * at->pitch; }

/* What the elements of a timescale read. */
INLINE const REAL *NAME(source)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at,
                                int64_t x) {
    const int is_instant = plan->kind->instant[x] == ALL;
    return is_instant && at->is_first ? s->initial[x] : NAME(kept)(at, is_instant ? MEMBRANE : x);
}

/* Apart, so that it is compiled once: for rows shorter than a cell. */
__attribute__((noinline)) static void NAME(copy_some)(REAL *to, const REAL *from, int64_t lanes) {
    for (int64_t n = 0; n < lanes; n++) to[n] = from[n];
}

INLINE void NAME(copy)(REAL *to, const REAL *from, int64_t lanes) {
    /* not with memcpy, after which compilers read all addresses again */
    if (lanes == NAME(CELL)) {
        _Pragma("omp simd") for (int64_t n = 0; n < NAME(CELL); n++) to[n] = from[n];
    } else {
        NAME(copy_some)(to, from, lanes);
    }
}

/* In rows that are `stride` numbers apart from one sequence to the next. */
INLINE NAME(Offsets) NAME(offsets)(const NAME(Tile) *s, int64_t stride) {
    NAME(Offsets) offsets;
    EACH offsets.of[j] = s->batch[j] * stride + s->first[j];
    return offsets;
}

/* From memory to the lanes of a tile. In the lanes beyond a short row stays what was there: whatever
 * comes of it is stored nowhere. */
INLINE void NAME(load)(const Plan *plan, const NAME(Tile) *s, REAL *to, const REAL *from,
                        NAME(Offsets) offsets) {
    EACH NAME(copy)(to + j * NAME(CELL), from + offsets.of[j], LANES(s));
}

INLINE void NAME(store)(const Plan *plan, const NAME(Tile) *s, REAL *to, const REAL *from,
                         NAME(Offsets) offsets) {
    EACH NAME(copy)(to + offsets.of[j], from + j * NAME(CELL), LANES(s));
}

/* Rows that will be read or written: processors do not foresee those in parts. */
INLINE void NAME(expect)(const REAL *from, NAME(Offsets) offsets, int writes) {
    EACH {
        if (writes)
            __builtin_prefetch(from + offsets.of[j], 1);
        else
            __builtin_prefetch(from + offsets.of[j]);
    }
}

INLINE const REAL *NAME(state_rows)(const Problem *p, const void *state, int64_t copy) {
    return (const REAL *)state + copy * p->batch * p->neurons;
}

/* How many rows a tile has for itself, and how many all tiles of a task share. */
INLINE int64_t NAME(tile_rows)(const Problem *p) {
    return coefficient_rows(p) + 1 + TIMESCALES + p->elements + COPIES;
}
enum { NAME(SHARED_ROWS) = 3 };

/* Lays out the rows of a tile of some cells of a task in the memory at `next`, behind them `shared`;
 * gives the address behind the rows. */
INLINE REAL *NAME(open)(const Plan *plan, NAME(Tile) *s, const Task *task, int64_t tile, REAL *next,
                        REAL *shared) {
    const Problem *p = plan->p;
    const int64_t columns = (task->lanes + NAME(CELL) - 1) / NAME(CELL);
    const int64_t cells = task->sequences * columns;
    s->lanes = task->lanes < NAME(CELL) ? task->lanes : NAME(CELL);
    for (int j = 0; j < CELLS; j++) {
        /* a tile that has cells to spare has the last one several times */
        int64_t is_own = tile * CELLS + j < cells, cell = is_own ? tile * CELLS + j : cells - 1;
        int64_t column = plan->is_shared ? cell / CELLS : cell % columns;
        int64_t first = column * NAME(CELL), left = task->lanes - first;
        if (left > s->lanes) left = s->lanes;
        s->batch[j] = task->batch + (plan->is_shared ? cell % CELLS : cell / columns);
        s->first[j] = task->first + first + left - s->lanes;
        s->own[j] = is_own ? left : 0;
    }
    s->c = next, next += coefficient_rows(p) * WIDTH;
    s->inverse_range = next, next += WIDTH;
    for (int x = 0; x < TIMESCALES; x++) s->inverse_kappa[x] = next, next += WIDTH;
    s->steepness = next, next += p->elements * WIDTH;
    for (int i = 0; i < COPIES; i++) s->initial[i] = next, next += WIDTH;
    s->drive = shared, s->output = shared + WIDTH, s->lag = shared + 2 * WIDTH;
    s->sequences = NAME(offsets)(s, p->time * p->neurons);
    const int64_t sets = p->parameter_batch;
    for (int64_t i = 0; i < coefficient_rows(p); i++)
        NAME(load)(plan, s, NAME(row)(s, i), (const REAL *)p->coefficients + i * sets * p->neurons,
                   NAME(offsets)(s, sets == 1 ? 0 : p->neurons));
    const REAL *range = NAME(row)(s, RANGE);
    LOOP s->inverse_range[n] = R(1.0) / range[n];
    for (int x = 0; x < TIMESCALES; x++) {
        const REAL *kappa = NAME(row)(s, FILTER(x, KAPPA));
        REAL *inverse = s->inverse_kappa[x];
        LOOP inverse[n] = R(1.0) / kappa[n];
    }
    for (int64_t k = 0; k < p->elements; k++) {
        const REAL *alpha = NAME(row)(s, ELEMENT(k, ALPHA)), *kappa = NAME(row)(s, ELEMENT(k, SLOPE));
        REAL *steepness = s->steepness + k * WIDTH;
        LOOP steepness[n] = alpha[n] * kappa[n];
    }
    for (int i = 0; i < COPIES; i++)
        NAME(load)(plan, s, s->initial[i], NAME(state_rows)(p, p->state, i),
                   NAME(offsets)(s, p->neurons));
    return next;
}

/* Whether the state before step t is on the tape. */
INLINE int NAME(is_taped)(const Problem *p, int64_t t) {
    if (p->segment == RECALLED) return t % RECALLED == 0; /* without a division */
    return p->segment && t % p->segment == 0;
}

INLINE int64_t NAME(tape_stride)(const Problem *p) {
    return (p->time + p->segment - 1) / p->segment * p->neurons;
}

/* A row of the state before step t on the tape: all of them where every step is kept. */
INLINE REAL *NAME(taped)(const Problem *p, int64_t t, int64_t index) {
    return (REAL *)p->tape + index * p->batch * NAME(tape_stride)(p) + t / p->segment * p->neurons;
}

INLINE void NAME(load_state)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at,
                             int64_t t) {
    const NAME(Offsets) offsets = NAME(offsets)(s, NAME(tape_stride)(plan->p));
    int64_t index = 0;
    NAME(load)(plan, s, NAME(kept)(at, MEMBRANE), NAME(taped)(plan->p, t, index++), offsets);
    for (int x = 0; x < TIMESCALES; x++)
        if (plan->kind->instant[x] != ALL)
            NAME(load)(plan, s, NAME(kept)(at, x), NAME(taped)(plan->p, t, index++), offsets);
}

INLINE void NAME(store_state)(const Plan *plan, const NAME(Tile) *s, const NAME(Step) *at,
                              int64_t t) {
    const NAME(Offsets) offsets = NAME(offsets)(s, NAME(tape_stride)(plan->p));
    int64_t index = 0;
    NAME(store)(plan, s, NAME(taped)(plan->p, t, index++), NAME(kept)(at, MEMBRANE), offsets);
    for (int x = 0; x < TIMESCALES; x++)
        if (plan->kind->instant[x] != ALL)
            NAME(store)(plan, s, NAME(taped)(plan->p, t, index++), NAME(kept)(at, x), offsets);
}

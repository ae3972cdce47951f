/* Threads that wait for work, and stay: starting one anew for each pass costs little, but the system
 * may take a millisecond to notice that another processor is free for it.
 */
#include <pthread.h>
#include <signal.h>

enum { MOST_THREADS = 256 };

static struct {
    pthread_mutex_t taken; /* held by the caller whose work it is */
    pthread_mutex_t lock;  /* of what follows */
    pthread_cond_t wake, done;
    void (*run)(void *);
    void *work;
    int64_t started;
    int64_t places; /* threads that may still join */
    int64_t inside; /* threads that have not ended yet, those places included */
} pool = {.taken = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

static void *serve(void *nothing) {
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (!pool.places) pthread_cond_wait(&pool.wake, &pool.lock);
        pool.places--;
        void (*run)(void *) = pool.run;
        void *work = pool.work;
        pthread_mutex_unlock(&pool.lock);
        run(work);
        pthread_mutex_lock(&pool.lock);
        if (--pool.inside == 0) pthread_cond_signal(&pool.done);
    }
    return nothing;
}

/* A process that was forked has none of the threads. */
static void forget_threads(void) {
    pthread_mutex_init(&pool.taken, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.done, NULL);
    pool.started = pool.places = pool.inside = 0;
}

static void watch_forks(void) { pthread_atfork(NULL, NULL, forget_threads); }

/* Starts threads until there are `count`, or no more to be had; those never see a signal. */
static void start_threads(int64_t count) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (pool.started < count) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, NULL)) break;
        pthread_detach(thread);
        pool.started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* run(work) on the caller's thread and on up to `others` more; comes back when all have ended. While
 * the threads work for another caller, this one is alone. */
static void run_on_threads(void (*run)(void *), void *work, int64_t others) {
    if (others > MOST_THREADS) others = MOST_THREADS;
    if (others < 1 || pthread_mutex_trylock(&pool.taken)) {
        run(work);
        return;
    }
    pthread_mutex_lock(&pool.lock);
    start_threads(others);
    pool.run = run, pool.work = work;
    pool.places = pool.inside = others < pool.started ? others : pool.started;
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    run(work);
    pthread_mutex_lock(&pool.lock);
    pool.inside -= pool.places; /* whoever has not come by now is not needed */
    pool.places = 0;
    while (pool.inside) pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&pool.taken);
}

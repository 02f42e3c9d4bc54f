/* pool.c: a few threads that stay, for work of microseconds.
 *
 * One word tells the state of the job in hand, so that joining and closing cannot miss each other:
 *
 *      63 ............ 33 | 32 | 31 ...... 0
 *      number of the job  |open| helpers inside
 *
 *   caller: write job, state = (next number, open, 0), wake sleepers, work along,
 *           clear open, wait until nobody is inside
 *   helper: sees an open job with a new number, enters by compare-and-swap, works, leaves
 *
 * The caller never waits for a helper that has not entered: on a shared machine a helper may have lost its processor,
 * and the caller then does the work alone.
 * Between jobs helpers spin for about 100 us (the serial parts of a forward pass are shorter), then sleep.
 */
#include "base/group.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SPINS_BEFORE_SLEEP = 5000, SPINS_BEFORE_YIELD = 2000, MOST_THREADS = 256, MOST_PROCESSORS = 1024 };

static const uint64_t OPEN = (uint64_t)1 << 32;
static const uint64_t ONE_JOB = (uint64_t)1 << 33;

struct pool {
    _Alignas(64) _Atomic uint64_t state;
    _Alignas(64) atomic_size_t next; /* the first item that nobody took */
    _Alignas(64) size_t items;
    size_t run; /* items taken at once */
    void (*work)(void *context, size_t item, unsigned thread);
    void *context;

    atomic_bool ending;
    atomic_uint sleepers;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    unsigned threads;
    unsigned helpers; /* started */
    struct helper {
        pthread_t thread;
        struct pool *pool;
        unsigned number;
    } helper[];
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t job_number(uint64_t state)
{
    return state / ONE_JOB;
}

static void take_items(struct pool *pool, unsigned thread)
{
    const size_t items = pool->items, run = pool->run;
    for (;;) {
        const size_t first = atomic_fetch_add_explicit(&pool->next, run, memory_order_relaxed);
        if (first >= items)
            return;
        const size_t end = size_min(first + run, items);
        for (size_t item = first; item < end; item++)
            pool->work(pool->context, item, thread);
    }
}

/* A helper that was late for the last job may have taken the number of the end for it, so the number is not enough. */
static bool is_idle(const struct pool *pool, uint64_t seen)
{
    return job_number(atomic_load(&pool->state)) == seen && !atomic_load(&pool->ending);
}

/* Waits for a job other than the last one seen; false when the pool ends. */
static bool wait_for_job(struct pool *pool, uint64_t seen)
{
    for (unsigned spins = 0; spins < SPINS_BEFORE_SLEEP; spins++) {
        if (!is_idle(pool, seen))
            return !atomic_load(&pool->ending);
        relax();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (is_idle(pool, seen))
        pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
    return !atomic_load(&pool->ending);
}

static void *help(void *argument)
{
    const struct helper *self = argument;
    struct pool *pool = self->pool;
    uint64_t seen = 0;
    while (wait_for_job(pool, seen)) {
        uint64_t state = atomic_load(&pool->state);
        seen = job_number(state);
        while ((state & OPEN) && job_number(state) == seen) {
            if (!atomic_compare_exchange_weak(&pool->state, &state, state + 1))
                continue;
            take_items(pool, self->number);
            atomic_fetch_sub(&pool->state, 1);
            break;
        }
    }
    return NULL;
}

static void wake_sleepers(struct pool *pool)
{
    if (atomic_load(&pool->sleepers) == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_until_nobody_is_inside(struct pool *pool)
{
    for (unsigned spins = 0; (atomic_load(&pool->state) & (OPEN - 1)) != 0; spins++) {
        if (spins < SPINS_BEFORE_YIELD)
            relax();
        else
            sched_yield();
    }
}

void pool_run(struct pool *pool, size_t items, size_t run, void (*work)(void *context, size_t item, unsigned thread),
              void *context)
{
    if (pool->helpers == 0 || items <= run) {
        for (size_t item = 0; item < items; item++)
            work(context, item, 0);
        return;
    }
    pool->items = items;
    pool->run = size_max(run, 1);
    pool->work = work;
    pool->context = context;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    const uint64_t number = job_number(atomic_load_explicit(&pool->state, memory_order_relaxed)) + 1;
    atomic_store(&pool->state, number * ONE_JOB | OPEN);
    wake_sleepers(pool);
    take_items(pool, 0);
    atomic_fetch_and(&pool->state, ~OPEN);
    wait_until_nobody_is_inside(pool);
}

unsigned pool_threads(const struct pool *pool)
{
    return pool->threads;
}

static bool start_helpers(struct pool *pool, struct error *error)
{
    /* Helpers take no signals: a handler runs on the caller's thread, whose wait for input it then interrupts. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = true;
    for (; started && pool->helpers + 1 < pool->threads; pool->helpers += started) {
        struct helper *helper = &pool->helper[pool->helpers];
        helper->pool = pool;
        helper->number = pool->helpers + 1;
        started = pthread_create(&helper->thread, NULL, help, helper) == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started || error_set(error, "cannot start thread %u of %u: the system has no more: use fewer threads",
                                pool->helpers + 2, pool->threads);
}

bool pool_open(unsigned threads, struct pool **out, struct error *error)
{
    if (threads == 0)
        threads = pool_cores();
    if (threads > MOST_THREADS)
        return error_set_kind(error, ERROR_WRONG_USE, "%u threads: at most %d are of use", threads, MOST_THREADS);
    size_t bytes;
    if (!size_align(sizeof(struct pool) + threads * sizeof(struct helper), 64, &bytes))
        return error_memory(error, SIZE_MAX);
    struct pool *pool = aligned_alloc(64, bytes);
    if (!pool)
        return error_memory(error, bytes);
    *pool = (struct pool){ .threads = threads };
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    if (!start_helpers(pool, error)) {
        pool_close(pool);
        return false;
    }
    *out = pool;
    return true;
}

void pool_close(struct pool *pool)
{
    if (!pool)
        return;
    atomic_store(&pool->ending, true);
    atomic_fetch_add(&pool->state, ONE_JOB);
    wake_sleepers(pool);
    for (unsigned i = 0; i < pool->helpers; i++)
        pthread_join(pool->helper[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* The first processor that shares this one's core, or the processor itself where the system does not say. */
static int first_sibling(int processor)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", processor);
    FILE *file = fopen(path, "re");
    int first = processor;
    if (file) {
        if (fscanf(file, "%d", &first) != 1)
            first = processor;
        fclose(file);
    }
    return first;
}

/* Containers are given a share of the time rather than some of the processors: "150000 100000" keeps two of them busy,
 * the second for half of the time. */
static void look_at_quota(void *context, const char *folder)
{
    unsigned *most = context;
    char line[256], *rest;
    if (!group_line(folder, "cpu.max", "", line))
        return;
    const unsigned long long quota = strtoull(line, &rest, 10), period = strtoull(rest, NULL, 10);
    if (quota > 0 && period > 0 && (quota - 1) / period + 1 < *most)
        *most = (unsigned)((quota - 1) / period + 1);
}

unsigned pool_cores(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return 1;
    bool counted[MOST_PROCESSORS] = { false };
    unsigned cores = 0, most = MOST_THREADS;
    group_each(look_at_quota, &most);
    for (int processor = 0; processor < CPU_SETSIZE && processor < MOST_PROCESSORS; processor++) {
        if (!CPU_ISSET((size_t)processor, &allowed))
            continue;
        const int first = first_sibling(processor);
        const int core = first >= 0 && first < MOST_PROCESSORS ? first : processor;
        cores += !counted[core];
        counted[core] = true;
    }
    return cores == 0 ? 1 : cores < most ? cores : most;
}

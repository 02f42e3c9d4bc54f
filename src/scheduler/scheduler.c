/* scheduler.c: the scheduler from its opening to its end, its thread, and what it counts. */
#include "scheduler/state.h"

#include <stdlib.h>

const double histogram_bounds[HISTOGRAM_BOUNDS] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,  0.5,    1,     2.5,  5,     10,   30 };

void histogram_add(struct histogram *histogram, double seconds)
{
    size_t i = 0;
    while (i < HISTOGRAM_BOUNDS && seconds > histogram_bounds[i])
        i++;
    histogram->counts[i]++;
    histogram->sum += seconds;
}

static void *work(void *argument)
{
    struct scheduler *scheduler = argument;
    pthread_mutex_lock(&scheduler->lock);
    while (!scheduler->ending) {
        const double expiry = residents_expire(scheduler);
        if (scheduler->failing || !step_run(scheduler))
            condition_wait(&scheduler->work, &scheduler->lock, expiry);
    }
    pthread_mutex_unlock(&scheduler->lock);
    return NULL;
}

enum {
    CACHE_SHARE = 4, /* of the budget, where nobody says otherwise */
    SPILL_TIMES = 8, /* the cache's size: what the cache folder may take */
};

static bool copy_settings(struct scheduler *scheduler, const struct scheduler_settings *settings, struct error *error)
{
    const size_t budget = settings->memory_budget ? settings->memory_budget : memory_available();
    const char **const texts[] = { &scheduler->settings.cache_folder, &scheduler->settings.slot_folder };
    scheduler->settings = *settings;
    scheduler->settings.memory_budget = budget;
    scheduler->prefixes.bytes_most = settings->cache_bytes ? settings->cache_bytes : budget / CACHE_SHARE;
    if (settings->parallel == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "0 answers at once: at least one is needed");
    for (size_t i = 0; i < LENGTH(texts); i++)
        if (*texts[i] && !(*texts[i] = arena_text(&scheduler->arena, span_text(*texts[i]))))
            return error_memory(error, sizeof *settings);
    return true;
}

static bool open_parts(struct scheduler *scheduler, const struct scheduler_settings *settings, struct error *error)
{
    scheduler->places = arena_take(&scheduler->arena, settings->parallel, sizeof *scheduler->places);
    if (!scheduler->places)
        return error_memory(error, settings->parallel * sizeof *scheduler->places);
    if (!copy_settings(scheduler, settings, error) || !step_open(&scheduler->step, settings->parallel, error) ||
        !pool_open(settings->threads, &scheduler->pool, error))
        return false;
    if (scheduler->settings.cache_folder &&
        !spill_open(scheduler->settings.cache_folder, scheduler->prefixes.bytes_most * SPILL_TIMES,
                    &scheduler->prefixes.spill, error))
        return false;
    scheduler->has_thread = pthread_create(&scheduler->thread, NULL, work, scheduler) == 0;
    return scheduler->has_thread || error_set(error, "cannot start the scheduler's thread: the system has no more");
}

bool scheduler_open(const struct scheduler_settings *settings, struct scheduler **out, struct error *error)
{
    struct scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler)
        return error_memory(error, sizeof *scheduler);
    scheduler->references = 1;
    pthread_mutex_init(&scheduler->lock, NULL);
    condition_open(&scheduler->work);
    condition_open(&scheduler->changed);
    if (!open_parts(scheduler, settings, error)) {
        scheduler_close(scheduler);
        return false;
    }
    *out = scheduler;
    return true;
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

static void free_scheduler(struct scheduler *scheduler)
{
    for (size_t i = 0; scheduler->places && i < scheduler->settings.parallel; i++)
        place_forget(scheduler, &scheduler->places[i]);
    for (struct resident *resident = scheduler->models, *next; resident; resident = next) {
        next = resident->next;
        resident_unload(scheduler, resident);
    }
    for (struct owner *owner = scheduler->owners, *next; owner; owner = next) {
        next = owner->next;
        free(owner);
    }
    spill_close(scheduler->prefixes.spill);
    step_close(&scheduler->step);
    pool_close(scheduler->pool);
    pthread_cond_destroy(&scheduler->changed);
    pthread_cond_destroy(&scheduler->work);
    pthread_mutex_destroy(&scheduler->lock);
    arena_free(&scheduler->arena);
    free(scheduler);
}

void scheduler_leave(struct scheduler *scheduler)
{
    const bool last = --scheduler->references == 0;
    pthread_mutex_unlock(&scheduler->lock);
    if (last)
        free_scheduler(scheduler);
}

/* A job that waits or runs and is not in a step; NULL if there is none. */
static struct job *find_idle(const struct scheduler *scheduler)
{
    if (scheduler->chosen)
        return scheduler->chosen;
    for (const struct owner *owner = scheduler->owners; owner; owner = owner->next)
        if (owner->waiting.first)
            return owner->waiting.first;
    struct job *job = scheduler->running.first;
    while (job && job->in_step)
        job = job->next;
    return job;
}

static size_t jobs_left(const struct scheduler *scheduler)
{
    return queue_length(scheduler) + scheduler->running.count;
}

/* Jobs in a step are waited for. */
static void fail_all(struct scheduler *scheduler)
{
    const double patience = 0.01;
    struct error error;
    error_set_kind(&error, ERROR_STOPPED, "the server is stopping: try again later");
    scheduler->failing = true; /* or the next step would have begun before this thread wakes */
    while (jobs_left(scheduler) > 0) {
        struct job *job = find_idle(scheduler);
        if (job)
            job_fail(job, &error);
        else
            condition_wait(&scheduler->changed, &scheduler->lock, seconds_now() + patience);
    }
    scheduler->failing = false;
}

void scheduler_drain(struct scheduler *scheduler, double seconds)
{
    const double until = seconds_now() + seconds;
    pthread_mutex_lock(&scheduler->lock);
    scheduler->draining = true;
    while (jobs_left(scheduler) > 0 && condition_wait(&scheduler->changed, &scheduler->lock, until))
        ;
    fail_all(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
}

void scheduler_close(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    scheduler_drain(scheduler, 0);
    pthread_mutex_lock(&scheduler->lock);
    scheduler->ending = true;
    pthread_cond_signal(&scheduler->work);
    pthread_mutex_unlock(&scheduler->lock);
    if (scheduler->has_thread)
        pthread_join(scheduler->thread, NULL);
    pthread_mutex_lock(&scheduler->lock);
    scheduler_leave(scheduler);
}

struct scheduler_counts scheduler_counts(struct scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    struct scheduler_counts counts = scheduler->counts;
    counts.running = scheduler->running.count;
    counts.cache_bytes = scheduler->prefixes.bytes;
    counts.waiting = queue_length(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
    return counts;
}

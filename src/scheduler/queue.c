/* queue.c: who goes next: deficit round robin by owner, with ageing.
 *
 * Owners with jobs that wait take turns. In its turn an owner gets QUANTUM tokens; it may start its first job when it
 * has as many as the job costs, and saves them up until then. So owners get the same share of tokens, however many
 * jobs each brings and however long they are. A job costs its prompt and what it is thought to answer; when it ends,
 * the difference to what it took is settled. For an owner that has waited long it costs less, so that nobody
 * waits for ever.
 * The job that was chosen waits until it fits, and nothing overtakes it.
 * Source: Shreedhar and Varghese 1996, "Efficient fair queuing using deficit round robin". */
#include "scheduler/state.h"

#include <stdlib.h>
#include <string.h>

enum { QUANTUM = 256, AGEING = 1000 /* tokens a second */ };

/* ---- owners ------------------------------------------------------------------------------------------------------ */

struct owner *owner_use(struct scheduler *scheduler, const char *name)
{
    struct owner **link = &scheduler->owners;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    if (!*link) {
        const size_t bytes = strlen(name) + 1;
        struct owner *made = calloc(1, sizeof *made + bytes);
        if (!made)
            return NULL;
        memcpy(made->name, name, bytes);
        *link = made;
    }
    (*link)->uses++;
    return *link;
}

void owner_leave(struct scheduler *scheduler, struct owner *owner)
{
    if (!owner || --owner->uses > 0)
        return;
    struct owner **link = &scheduler->owners;
    while (*link != owner)
        link = &(*link)->next;
    *link = owner->next;
    free(owner);
}

/* Puts the first owner last. */
static void next_turn(struct scheduler *scheduler)
{
    struct owner *first = scheduler->owners, **end = &first->next;
    while (*end)
        end = &(*end)->next;
    if (end == &first->next)
        return;
    scheduler->owners = first->next;
    first->next = NULL;
    *end = first;
}

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

size_t queue_length(const struct scheduler *scheduler)
{
    size_t length = scheduler->chosen != NULL;
    for (const struct owner *owner = scheduler->owners; owner; owner = owner->next)
        length += owner->waiting.count;
    return length;
}

static double cost_of(const struct job *job)
{
    const size_t most = job->wishes.answer.most_tokens;
    const size_t answer = most > 0 ? size_min(most, ANSWER_GUESS) : ANSWER_GUESS;
    const size_t answers = job->wishes.kind == JOB_ANSWER ? job->wishes.answers : 0;
    return (double)job->wishes.prompt_count + (double)(answers * answer);
}

/* Whether an owner's first job could be chosen: it may wish for a slot that is taken. */
static bool may_choose(const struct scheduler *scheduler, const struct owner *owner)
{
    const struct job *job = owner->waiting.first;
    return job && (job->wishes.slot < 0 || place_free(scheduler, job->wishes.slot));
}

/* How long an owner has waited for a job of its own to start: one that brings many and had one started did not wait,
 * however long the others will. */
static double waited(const struct owner *owner, double now)
{
    const double since = owner->waiting.first->opened;
    return now - (since > owner->last_start ? since : owner->last_start);
}

/* An owner that has nothing left to wait saves nothing up. */
static struct job *take_first(struct owner *owner, double cost)
{
    struct job *job = owner->waiting.first;
    jobs_remove(&owner->waiting, job);
    owner->deficit -= cost;
    if (owner->waiting.count == 0 && owner->deficit > 0)
        owner->deficit = 0;
    return job;
}

/* NULL if no job may be chosen. */
static struct job *choose(struct scheduler *scheduler)
{
    const double now = seconds_now();
    bool any = false;
    for (const struct owner *owner = scheduler->owners; owner; owner = owner->next)
        any = any || may_choose(scheduler, owner);
    while (any) {
        struct owner *owner = scheduler->owners;
        if (may_choose(scheduler, owner)) {
            const double cost = cost_of(owner->waiting.first);
            if (cost <= owner->deficit + AGEING * waited(owner, now))
                return take_first(owner, cost);
            owner->deficit += QUANTUM;
        }
        next_turn(scheduler);
    }
    return NULL;
}

void queue_settle(struct job *job)
{
    double took = (double)(job->counts.read_tokens - job->counts.cached_tokens);
    for (size_t i = 0; i < job->wishes.answers; i++)
        took += (double)job->branches[i].tokens.count;
    job->owner->deficit -= took - cost_of(job);
}

/* ---- admission --------------------------------------------------------------------------------------------------- */

static void start(struct scheduler *scheduler, struct job *job)
{
    jobs_add(&scheduler->running, job);
    places_take(job);
    job->state = STATE_RUNNING;
    job->started = job->owner->last_start = seconds_now();
    job->counts.queue_seconds = job->started - job->opened;
    const struct job_event event = { .kind = JOB_STARTED, .counts = job->counts, .slot = job->branches[0].slot };
    job_tell(job, &event);
}

void queue_admit(struct scheduler *scheduler)
{
    while (scheduler->places_taken < scheduler->settings.parallel) {
        if (!scheduler->chosen)
            scheduler->chosen = choose(scheduler);
        struct job *job = scheduler->chosen;
        if (!job || !places_fit(job))
            return;
        scheduler->chosen = NULL;
        start(scheduler, job);
    }
}

void queue_remove(struct job *job)
{
    if (job->scheduler->chosen == job)
        job->scheduler->chosen = NULL;
    else
        jobs_remove(&job->owner->waiting, job);
}

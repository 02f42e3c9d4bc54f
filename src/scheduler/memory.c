/* memory.c: all models and what they cache stay below the budget. Weights and scratch are counted as they are loaded,
 * pages of the cache as the engine makes them, each once however many share it.
 *
 * A job starts when what it will probably take fits. If answers become longer than that, a step that lacks room drops
 * what nobody needs at the moment (pages in the tree, slots), then takes the pages of the job that started last: it
 * is put off until it fits again, then reads what it had, which gives the same bits. The first always goes on. */
#include "scheduler/state.h"

static size_t bytes_of(const struct resident *resident)
{
    const size_t pages = resident->loading ? 0 : model_pages(resident->model) * model_page_bytes(resident->model);
    return resident->fixed_bytes + pages;
}

size_t memory_used(const struct scheduler *scheduler)
{
    size_t bytes = 0;
    for (const struct resident *resident = scheduler->models; resident; resident = resident->next)
        bytes += bytes_of(resident);
    return bytes;
}

size_t memory_free(const struct scheduler *scheduler)
{
    const size_t used = memory_used(scheduler), budget = scheduler->settings.memory_budget;
    return size_min(used < budget ? budget - used : 0, memory_available());
}

/* The unused model that was used before all others. */
static struct resident *find_unused(const struct scheduler *scheduler)
{
    struct resident *oldest = NULL;
    for (struct resident *resident = scheduler->models; resident; resident = resident->next)
        if (resident->holders == 0 && !resident->loading && (!oldest || resident->last_used < oldest->last_used))
            oldest = resident;
    return oldest;
}

bool memory_make_room(struct scheduler *scheduler, size_t bytes)
{
    while (memory_free(scheduler) < bytes) {
        struct resident *unused = find_unused(scheduler);
        if (unused)
            resident_unload(scheduler, unused);
        else if (!prefix_evict(scheduler) && !places_drop_one(scheduler))
            return false;
    }
    return true;
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

static size_t pages_for(size_t tokens)
{
    return (tokens + PAGE_TOKENS - 1) / PAGE_TOKENS;
}

/* What a job takes, by what is known: the prompt once, each answer for itself. */
static size_t probable_bytes(const struct job *job)
{
    const size_t most = job->wishes.answer.most_tokens, guess = most > 0 ? size_min(most, ANSWER_GUESS) : ANSWER_GUESS;
    size_t pages = pages_for(job->wishes.prompt_count);
    for (size_t i = 0; i < job->wishes.answers && job->wishes.kind == JOB_ANSWER; i++)
        pages += pages_for(size_max(guess, job->branches[i].chosen));
    return pages * model_page_bytes(job->resident->model);
}

/* Nothing new starts before those that were put off go on. */
bool memory_fits(const struct job *job)
{
    const struct scheduler *scheduler = job->scheduler;
    size_t bytes = probable_bytes(job), others = 0;
    for (const struct resident *resident = scheduler->models; resident; resident = resident->next)
        bytes += resident->fixed_bytes;
    for (const struct job *other = scheduler->running.first; other; other = other->next) {
        if (other->put_off && job->state == STATE_WAITING)
            return false;
        if (other == job || other->put_off)
            continue;
        bytes += probable_bytes(other);
        others++;
    }
    return others == 0 || bytes <= scheduler->settings.memory_budget;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void measure_room(struct scheduler *scheduler)
{
    const size_t used = memory_used(scheduler), budget = scheduler->settings.memory_budget;
    const size_t free = used < budget ? budget - used : 0;
    scheduler->step.room = free > scheduler->step.taken ? free - scheduler->step.taken : 0;
}

void room_begin(struct scheduler *scheduler)
{
    scheduler->step.taken = 0;
    measure_room(scheduler);
}

/* Pages that more tokens may need: new ones, and a copy of the last one if it is shared. */
static size_t bytes_for(const struct branch *branch, size_t tokens)
{
    const size_t held = sequence_length(branch->sequence);
    const size_t pages = pages_for(held + tokens) - pages_for(held) + (held % PAGE_TOKENS != 0);
    return pages * model_page_bytes(branch->job->resident->model);
}

static void take_pages(struct job *job)
{
    job->put_off = true;
    for (size_t i = 0; i < job->wishes.answers; i++) {
        prefix_leave(&job->branches[i]);
        sequence_close(job->branches[i].sequence);
        job->branches[i].sequence = NULL;
    }
    if (job->answering > 0)
        return;
    job->counts.read_tokens = job->counts.cached_tokens = 0; /* it begins again */
    vector_begin(job);
}

static bool holds_pages(const struct job *job)
{
    for (size_t i = 0; i < job->wishes.answers; i++)
        if (job->branches[i].sequence && sequence_length(job->branches[i].sequence) > 0)
            return true;
    return false;
}

/* The job that started last, of those after this one that are not in the step. */
static struct job *find_later(const struct scheduler *scheduler, const struct job *job)
{
    struct job *later = scheduler->running.last;
    while (later != job && (later->in_step || !holds_pages(later)))
        later = later->previous;
    return later == job ? NULL : later;
}

/* Whether another job holds memory that it will give back. */
static bool others_hold(const struct scheduler *scheduler, const struct job *job)
{
    for (const struct job *other = scheduler->running.first; other; other = other->next)
        if (other != job && holds_pages(other))
            return true;
    return false;
}

static bool free_some(struct scheduler *scheduler, const struct job *job)
{
    struct resident *unused;
    struct job *later;
    if (prefix_evict(scheduler) || places_drop_one(scheduler))
        return true;
    if ((unused = find_unused(scheduler)) != NULL)
        resident_unload(scheduler, unused);
    else if ((later = find_later(scheduler, job)) != NULL)
        take_pages(later);
    else
        return false;
    return true;
}

bool room_take(struct branch *branch, size_t tokens)
{
    struct job *job = branch->job;
    struct scheduler *scheduler = job->scheduler;
    const size_t bytes = bytes_for(branch, tokens);
    while (scheduler->step.room < bytes) {
        struct error error;
        if (free_some(scheduler, job)) {
            measure_room(scheduler);
            continue;
        }
        if (!others_hold(scheduler, job) && !job->in_step) {
            error_set_kind(&error, ERROR_NO_ROOM, "no memory is left for this answer: %zu bytes are needed, %zu free",
                           bytes, scheduler->step.room);
            job_fail(job, &error);
        }
        return false;
    }
    scheduler->step.room -= bytes;
    scheduler->step.taken += bytes;
    return true;
}

/* jobs.c: a job from its wishes to its end: opened into the queue, admitted, cancelled, closed. */
#include "scheduler/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists ------------------------------------------------------------------------------------------------------- */

void jobs_add(struct jobs *jobs, struct job *job)
{
    job->next = NULL;
    job->previous = jobs->last;
    if (jobs->last)
        jobs->last->next = job;
    else
        jobs->first = job;
    jobs->last = job;
    jobs->count++;
}

void jobs_remove(struct jobs *jobs, struct job *job)
{
    *(job->previous ? &job->previous->next : &jobs->first) = job->next;
    *(job->next ? &job->next->previous : &jobs->last) = job->previous;
    job->next = job->previous = NULL;
    jobs->count--;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool check_wishes(const struct job_wishes *wishes, struct error *error)
{
    const struct held_parts *parts = &wishes->held->parts;
    const size_t context = model_context(parts->model), vocabulary = model_facts(parts->model).vocabulary;
    if (wishes->prompt_count == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "the prompt is empty: there is nothing to continue");
    if (wishes->prompt_count >= context)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "the prompt has %zu tokens and the context %zu, of which one is for an answer: "
                              "shorten the prompt or ask for a larger context",
                              wishes->prompt_count, context);
    for (size_t i = 0; i < wishes->prompt_count; i++)
        if (wishes->prompt[i] >= vocabulary)
            return error_set_kind(error, ERROR_WRONG_USE, "token %zu: id %u is not below the vocabulary's %zu", i,
                                  wishes->prompt[i], vocabulary);
    if (wishes->answers < 1 || wishes->answers > ANSWERS_MOST)
        return error_set_kind(error, ERROR_WRONG_USE, "%zu answers: from 1 to %d are possible", wishes->answers,
                              ANSWERS_MOST);
    if (wishes->slot >= (int)wishes->held->scheduler->settings.parallel)
        return error_set_kind(error, ERROR_WRONG_USE, "slot %d: there are slots 0 to %zu", wishes->slot,
                              wishes->held->scheduler->settings.parallel - 1);
    if (wishes->tops > TOPS_MOST)
        return error_set_kind(error, ERROR_WRONG_USE, "%zu likeliest tokens: at most %d are told", wishes->tops,
                              TOPS_MOST);
    return true;
}

static bool open_branches(struct job *job, struct error *error)
{
    job->going_on = job->wishes.answers;
    if (job->wishes.kind == JOB_EMBED)
        return vector_open(job, error);
    for (size_t i = 0; i < job->wishes.answers; i++)
        if (!branch_open(&job->branches[i], job, i, error))
            return false;
    return true;
}

static void free_job(struct job *job)
{
    for (size_t i = 0; job->branches && i < job->wishes.answers; i++)
        branch_close(&job->branches[i]);
    for (struct event *event = job->first_event, *next; event; event = next) {
        next = event->next;
        free(event);
    }
    owner_leave(job->scheduler, job->owner);
    pthread_cond_destroy(&job->news);
    free(job->told);
    free(job->sums);
    free(job->vector);
    free(job->branches);
    free(job->prompt);
    free(job);
}

static bool copy_wishes(struct job *job, struct error *error)
{
    struct job_wishes *wishes = &job->wishes;
    const size_t bytes = wishes->prompt_count * sizeof *job->prompt;
    job->prompt = malloc(bytes);
    job->branches = calloc(wishes->answers, sizeof *job->branches);
    if (!job->prompt || !job->branches)
        return error_memory(error, bytes);
    memcpy(job->prompt, wishes->prompt, bytes);
    for (size_t i = 0; i < wishes->answers; i++)
        job->branches[i] = (struct branch){ .job = job, .number = i, .slot = -1 };
    return true;
}

static struct job *make_job(struct scheduler *scheduler, const struct job_wishes *wishes, struct error *error)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        error_memory(error, sizeof *job);
        return NULL;
    }
    *job = (struct job){
        .scheduler = scheduler, .wishes = *wishes, .resident = wishes->held->resident, .opened = seconds_now()
    };
    job->counts.prompt_tokens = wishes->prompt_count;
    condition_open(&job->news);
    if (copy_wishes(job, error) && open_branches(job, error))
        return job;
    free_job(job);
    return NULL;
}

static bool enter_queue(struct scheduler *scheduler, struct job *job, size_t *queue_position, struct error *error)
{
    if (scheduler->draining || scheduler->ending)
        return error_set_kind(error, ERROR_STOPPED, "no new work is taken: the server is stopping: try again later");
    job->owner = owner_use(scheduler, job->wishes.owner ? job->wishes.owner : "");
    if (!job->owner)
        return error_memory(error, sizeof *job->owner);
    job->number = scheduler->jobs_opened++;
    jobs_add(&job->owner->waiting, job);
    queue_admit(scheduler);
    *queue_position = job->state == STATE_WAITING ? queue_length(scheduler) : 0;
    if (*queue_position <= scheduler->settings.queue)
        return true;
    queue_remove(job);
    return error_set_kind(error, ERROR_BUSY, "%zu requests are waiting already, as many as may: try again later",
                          queue_length(scheduler));
}

bool job_open(struct scheduler *scheduler, const struct job_wishes *wishes, struct job **out, size_t *queue_position,
              struct error *error)
{
    struct job *job = check_wishes(wishes, error) ? make_job(scheduler, wishes, error) : NULL;
    if (!job)
        return false;
    pthread_mutex_lock(&scheduler->lock);
    const bool entered = enter_queue(scheduler, job, queue_position, error);
    scheduler->references += entered;
    pthread_cond_signal(&scheduler->work);
    if (entered)
        *out = job;
    else
        free_job(job);
    pthread_mutex_unlock(&scheduler->lock);
    return entered;
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

void job_end(struct job *job)
{
    struct scheduler *scheduler = job->scheduler;
    if (job->state == STATE_OVER)
        return;
    if (job->state == STATE_WAITING) {
        queue_remove(job);
    } else {
        jobs_remove(&scheduler->running, job);
        queue_settle(job);
        places_leave(job);
    }
    job->state = STATE_OVER;
    job->in_step = false;
    for (size_t i = 0; i < job->wishes.answers; i++)
        branch_close(&job->branches[i]);
    pthread_cond_signal(&job->news);
    pthread_cond_broadcast(&scheduler->changed);
    pthread_cond_signal(&scheduler->work);
}

void job_fail(struct job *job, const struct error *error)
{
    if (job->state == STATE_OVER)
        return;
    if (!job->failed)
        job->error = *error;
    job->failed = true;
    job_end(job);
}

void job_stop(struct job *job)
{
    struct error stopped;
    for (size_t i = 0; i < job->wishes.answers && job->state != STATE_OVER; i++)
        if (job->wishes.kind == JOB_ANSWER && !job->branches[i].over)
            branch_stop(&job->branches[i], ANSWER_STOPPED);
    error_set_kind(&stopped, ERROR_STOPPED, "it was cancelled");
    if (job->wishes.kind == JOB_ANSWER)
        job_end(job);
    else
        job_fail(job, &stopped);
}

void job_cancel(struct job *job)
{
    struct scheduler *scheduler = job->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    job->cancelled = true;
    if (job->state != STATE_OVER && !job->in_step)
        job_stop(job);
    pthread_mutex_unlock(&scheduler->lock);
}

void job_close(struct job *job)
{
    if (!job)
        return;
    struct scheduler *scheduler = job->scheduler;
    pthread_mutex_lock(&scheduler->lock);
    job->cancelled = true;
    while (job->in_step)
        pthread_cond_wait(&job->news, &scheduler->lock);
    job_end(job);
    free_job(job);
    scheduler_leave(scheduler);
}

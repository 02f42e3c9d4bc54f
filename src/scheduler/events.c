/* events.c: what a job tells its client: a list that the scheduler's thread adds to and job_next takes from.
 * It is as long as the client is slow: at most a token's event for each token of the context. */
#include "scheduler/state.h"

#include <stdlib.h>
#include <string.h>

static void append(struct job *job, struct event *event)
{
    if (job->last_event)
        job->last_event->next = event;
    else
        job->first_event = event;
    job->last_event = event;
    pthread_cond_signal(&job->news);
}

void job_tell(struct job *job, const struct job_event *event)
{
    if (job->failed)
        return;
    struct event *copy = malloc(sizeof *copy + event->text.bytes + 1);
    if (!copy) {
        job->failed = error_memory(&job->error, event->text.bytes) || true;
        pthread_cond_signal(&job->news);
        return;
    }
    copy->next = NULL;
    copy->event = *event;
    if (event->text.bytes > 0)
        memcpy(copy->text, event->text.data, event->text.bytes);
    copy->event.text = span_of(copy->text, event->text.bytes);
    if (event->told_count > 0)
        memcpy(copy->told, event->told, event->told_count * sizeof *event->told);
    copy->event.told = copy->told;
    append(job, copy);
}

/* Takes the first event out of the list; it stays until the next one is taken. */
static void take_first(struct job *job, struct job_event *out)
{
    free(job->told);
    job->told = job->first_event;
    job->first_event = job->told->next;
    if (!job->first_event)
        job->last_event = NULL;
    *out = job->told->event;
}

void job_next(struct job *job, double seconds, struct job_event *out)
{
    const double until = seconds_now() + seconds;
    pthread_mutex_lock(&job->scheduler->lock);
    while (!job->first_event && !job->failed && condition_wait(&job->news, &job->scheduler->lock, until))
        ;
    *out = (struct job_event){ .kind = JOB_WAITING };
    if (job->first_event)
        take_first(job, out);
    else if (job->failed)
        *out = (struct job_event){ .kind = JOB_FAILED, .counts = job->counts, .error = &job->error };
    pthread_mutex_unlock(&job->scheduler->lock);
}

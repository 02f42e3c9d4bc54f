/* vectors.c: texts to vectors. A few jobs at a time are in the queue: enough to fill a step, not so many that a long
 * list takes all places from others. */
#include "server/vectors.h"

#include "server/exchange.h"
#include "server/serving.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_AT_ONCE = 8 };

struct work {
    struct server *server;
    const struct request *request;
    struct held *held;
    const struct tokens *prompts;
    enum pooling pooling;
    struct vectors *out;
};

static bool open_job(const struct work *work, size_t i, struct job **out, struct failure *failure)
{
    struct error error = { 0 };
    const struct tokens *prompt = &work->prompts[i];
    const struct job_wishes wishes = {
        .kind = JOB_EMBED,
        .held = work->held,
        .owner = work->request->owner,
        .prompt = prompt->ids,
        .prompt_count = prompt->count,
        .answer.sampling = sampling_default(),
        .answers = 1,
        .slot = -1,
        .pooling = work->pooling,
    };
    size_t position;
    return prompt_fits(work->server, work->held, prompt->count, failure) &&
           (job_open(work->server->scheduler, &wishes, out, &position, &error) || failure_error(failure, &error));
}

static bool keep_vector(struct vectors *out, size_t i, const struct job_event *event, struct failure *failure)
{
    if (!out->rows) {
        out->width = event->width;
        out->rows = calloc(out->count, event->width * sizeof *out->rows);
    }
    if (!out->rows || out->width != event->width)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: ask for fewer vectors at once");
    memcpy(out->rows + i * out->width, event->vector, out->width * sizeof *out->rows);
    return true;
}

static bool finish_job(const struct work *work, size_t i, struct job *job, struct failure *failure)
{
    struct job_event event;
    do {
        job_next(job, 0.1, &event);
        if (event.kind == JOB_FAILED)
            return failure_error(failure, event.error);
        if (event.kind == JOB_WAITING && request_left(work->request))
            return failure_set(failure, FAILURE_UNAVAILABLE, "the client has gone");
    } while (event.kind != JOB_VECTOR);
    return keep_vector(work->out, i, &event, failure);
}

static bool make_some(const struct work *work, size_t first, size_t count, struct failure *failure)
{
    struct job *jobs[JOBS_AT_ONCE] = { NULL };
    bool done = true;
    for (size_t i = 0; i < count && done; i++)
        done = open_job(work, first + i, &jobs[i], failure);
    for (size_t i = 0; i < count && done; i++)
        done = finish_job(work, first + i, jobs[i], failure);
    for (size_t i = 0; i < count; i++)
        job_close(jobs[i]);
    return done;
}

bool vectors_make(struct server *server, const struct request *request, struct held *held, const struct tokens *prompts,
                  size_t count, enum pooling pooling, struct vectors *out, struct failure *failure)
{
    *out = (struct vectors){ .count = count };
    const struct work work = { server, request, held, prompts, pooling, out };
    for (size_t i = 0; i < count; i += JOBS_AT_ONCE)
        if (!make_some(&work, i, size_min(JOBS_AT_ONCE, count - i), failure)) {
            vectors_free(out);
            return false;
        }
    return true;
}

void vectors_free(struct vectors *vectors)
{
    free(vectors->rows);
    *vectors = (struct vectors){ 0 };
}

void vector_normalise(float *vector, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += (double)vector[i] * (double)vector[i];
    const float scale = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
    for (size_t i = 0; i < width; i++)
        vector[i] *= scale;
}

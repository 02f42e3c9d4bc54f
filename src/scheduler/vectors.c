/* vectors.c: a text's vector, made of the states of its tokens: their mean, the first or the last.
 * States are added in the order of the text, so that the vector does not depend on how the text was cut. */
#include "scheduler/state.h"

#include <stdlib.h>

static enum pooling pooling_of(const struct job *job)
{
    static const enum pooling by_file[] = { POOLING_MEAN, POOLING_MEAN, POOLING_FIRST, POOLING_LAST, POOLING_LAST };
    if (job->wishes.pooling != POOLING_MODEL)
        return job->wishes.pooling;
    return by_file[gguf_pooling(job->resident->gguf)];
}

bool vector_open(struct job *job, struct error *error)
{
    const size_t width = model_facts(job->resident->model).width;
    job->pooling = pooling_of(job);
    job->sums = calloc(width, sizeof *job->sums);
    job->vector = calloc(width, sizeof *job->vector);
    return (job->sums && job->vector) || error_memory(error, width * sizeof *job->sums);
}

void vector_begin(struct job *job)
{
    const size_t width = model_facts(job->resident->model).width;
    for (size_t i = 0; job->sums && i < width; i++)
        job->sums[i] = 0;
}

bool vector_wants(const struct job *job, size_t position)
{
    switch (job->pooling) {
    case POOLING_FIRST:
        return position == 0;
    case POOLING_LAST:
        return position + 1 == job->wishes.prompt_count;
    default:
        return true;
    }
}

void vector_add(struct job *job, const float *states, size_t count)
{
    const size_t width = model_facts(job->resident->model).width;
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < width; i++)
            job->sums[i] += (double)states[row * width + i];
}

void vector_tell(struct job *job)
{
    const size_t width = model_facts(job->resident->model).width;
    const double rows = job->pooling == POOLING_MEAN ? (double)job->wishes.prompt_count : 1;
    for (size_t i = 0; i < width; i++)
        job->vector[i] = (float)(job->sums[i] / rows);
    const struct job_event event = { .kind = JOB_VECTOR, .vector = job->vector, .width = width, .counts = job->counts };
    job_tell(job, &event);
}

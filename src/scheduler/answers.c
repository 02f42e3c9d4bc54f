/* answers.c: the branches of a job: each takes a token of each row of logits and tells the client what came of it. */
#include "scheduler/state.h"

#include <stdlib.h>

bool branch_open(struct branch *branch, struct job *job, size_t number, struct error *error)
{
    const struct held_parts *parts = &job->resident->parts;
    struct answer_wishes wishes = job->wishes.answer;
    wishes.sampling.seed += number;
    branch->text.limit = SIZE_MAX / 2;
    if (!answer_open(parts->tokenizer, model_facts(parts->model).vocabulary, &wishes, &branch->answer, error))
        return false;
    answer_accept(branch->answer, job->prompt, job->wishes.prompt_count);
    return true;
}

void branch_close(struct branch *branch)
{
    prefix_leave(branch);
    answer_close(branch->answer);
    branch->answer = NULL;
    sequence_close(branch->sequence);
    branch->sequence = NULL;
    tokens_free(&branch->tokens);
    buffer_free(&branch->text);
}

uint32_t branch_token(const struct branch *branch, size_t i)
{
    const size_t prompt = branch->job->wishes.prompt_count;
    return i < prompt ? branch->job->prompt[i] : branch->tokens.ids[i - prompt];
}

size_t branch_lack(const struct branch *branch)
{
    const size_t held = branch->sequence ? sequence_length(branch->sequence) : 0;
    return branch->job->wishes.prompt_count + branch->tokens.count - held;
}

bool branch_writes(const struct branch *branch)
{
    return branch->sequence && branch->tokens.count > 0 && branch_lack(branch) == 1;
}

void branch_take(struct branch *branch, const float *logits)
{
    uint32_t token;
    const struct job *job = branch->job;
    struct error *error = &branch->error;
    branch->text.length = 0;
    branch->told_count = 0;
    branch->took = answer_take(branch->answer, logits, &token, &branch->text, &branch->end, error) &&
                   tokens_add(&branch->tokens, token, error);
    if (branch->took && job->wishes.tells_tokens && branch->end != ANSWER_DONE)
        branch->told_count = likelihood_tell(logits, model_facts(job->resident->model).vocabulary, token,
                                             job->wishes.tops, branch->told);
}

/* Reasons to end that the answer itself does not know. */
static enum answer_end end_from_outside(const struct branch *branch)
{
    const struct job *job = branch->job;
    const double limit = job->wishes.most_seconds;
    if (job->cancelled)
        return ANSWER_STOPPED;
    if (sequence_room(branch->sequence) == 0)
        return ANSWER_CONTEXT;
    return limit > 0 && seconds_now() - job->answering >= limit ? ANSWER_LENGTH : ANSWER_GOES_ON;
}

static struct job_counts counts_of(const struct branch *branch)
{
    struct job_counts counts = branch->job->counts;
    counts.tokens = branch->tokens.count;
    counts.seconds = branch->job->answering > 0 ? seconds_now() - branch->job->answering : 0;
    return counts;
}

static void tell_text(struct branch *branch)
{
    if (branch->text.length == 0 && branch->told_count == 0)
        return;
    const struct job_event event = {
        .kind = JOB_TEXT,
        .answer = branch->number,
        .text = buffer_span(&branch->text),
        .told = branch->told,
        .told_count = branch->told_count,
        .counts = counts_of(branch),
        .slot = branch->slot,
    };
    job_tell(branch->job, &event);
    branch->text.length = branch->told_count = 0;
}

static void tell_end(struct branch *branch)
{
    struct job *job = branch->job;
    tell_text(branch);
    const struct job_event event = {
        .kind = JOB_ENDED,
        .answer = branch->number,
        .end = branch->end,
        .stop_text = answer_stop_text(branch->answer),
        .counts = counts_of(branch),
        .slot = branch->slot,
    };
    job_tell(job, &event);
    branch->over = true;
    job->going_on--;
}

void branch_stop(struct branch *branch, enum answer_end end)
{
    branch->end = end;
    if (!answer_finish(branch->answer, &branch->text, &branch->error)) {
        job_fail(branch->job, &branch->error);
        return;
    }
    tell_end(branch);
}

void branch_tell(struct branch *branch)
{
    struct job *job = branch->job;
    struct scheduler *scheduler = job->scheduler;
    const double now = seconds_now();
    histogram_add(branch->tokens.count > 1 ? &scheduler->counts.between_tokens : &scheduler->counts.first_token,
                  now - (branch->tokens.count > 1 ? branch->last_seconds : job->opened));
    branch->last_seconds = now;
    branch->chosen = branch->tokens.count;
    scheduler->counts.generated_tokens++;
    scheduler->counts.longest = size_max(scheduler->counts.longest, job->counts.prompt_tokens + branch->tokens.count);
    const enum answer_end outside = branch->end == ANSWER_GOES_ON ? end_from_outside(branch) : ANSWER_GOES_ON;
    if (outside != ANSWER_GOES_ON)
        branch_stop(branch, outside);
    else if (branch->end != ANSWER_GOES_ON)
        tell_end(branch);
    else
        tell_text(branch);
}

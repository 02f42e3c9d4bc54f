/* plan.c: what a step runs: the next token of each answer, then pieces of prompts and texts.
 *
 * Pieces take about prompt_slice_seconds while answers are written, by the speed measured so far, so that the gaps
 * between tokens stay alike; when none is written, as much as the batch holds, but not so much that a client who goes
 * away, or another who comes, would wait for long. */
#include "scheduler/state.h"

#include <stdlib.h>

/* ---- batches ----------------------------------------------------------------------------------------------------- */

static void add_token(struct batch *batch, struct sequence *sequence, uint32_t token, bool wants)
{
    batch->tokens[batch->count++] = (struct batch_token){ sequence, token, wants };
    batch->rows += wants;
}

static void add_taker(struct step *step, struct branch *branch)
{
    step->takers[step->taker_count++] = (struct taker){ branch, step->answers.rows - 1 };
}

static void plan_written(struct step *step, struct job *job)
{
    for (size_t i = 0; i < job->wishes.answers && job->state == STATE_RUNNING; i++) {
        struct branch *branch = &job->branches[i];
        if (branch->over || !branch_writes(branch) || !room_take(branch, 1))
            continue;
        add_token(&step->answers, branch->sequence, branch->tokens.ids[branch->tokens.count - 1], true);
        add_taker(step, branch);
        job->in_step = true;
    }
}

/* The prompt's last token gives the logits from which all answers begin. */
static void plan_prompt(struct step *step, struct branch *branch, size_t count)
{
    struct job *job = branch->job;
    const size_t held = sequence_length(branch->sequence), lack = branch_lack(branch);
    for (size_t i = held; i < held + count; i++)
        add_token(&step->answers, branch->sequence, branch_token(branch, i), i + 1 == held + lack);
    if (count < lack)
        return;
    if (branch->tokens.count > 0) {
        add_taker(step, branch);
        return;
    }
    for (size_t i = 0; i < job->wishes.answers; i++)
        add_taker(step, &job->branches[i]);
}

static void plan_text(struct step *step, struct branch *branch, size_t count)
{
    struct job *job = branch->job;
    const size_t held = sequence_length(branch->sequence), before = step->texts.rows;
    for (size_t i = held; i < held + count; i++)
        add_token(&step->texts, branch->sequence, job->prompt[i], vector_wants(job, i));
    step->pieces[step->piece_count++] = (struct piece){ job, step->texts.rows - before };
}

/* ---- pieces ------------------------------------------------------------------------------------------------------ */

/* How many tokens this step may read. */
static size_t tokens_to_read(const struct step *step, double slice_seconds)
{
    enum { FIRST_PIECE = 32, LEAST_ALONE = 64, SLICES_ALONE = 5 };
    const double each = step->resident->prompt_token_seconds;
    const bool alone = step->written == 0;
    if (each <= 0)
        return alone ? BATCH_TOKENS : FIRST_PIECE;
    const double tokens = slice_seconds * (alone ? SLICES_ALONE : 1) / each, least = alone ? LEAST_ALONE : 1;
    return tokens < least ? (size_t)least : tokens > BATCH_TOKENS ? BATCH_TOKENS : (size_t)tokens;
}

/* Returns how many tokens it planned. */
static size_t plan_reader(struct step *step, struct branch *branch, size_t most)
{
    struct job *job = branch->job;
    const size_t count = size_min(branch_lack(branch), most);
    if (job->state != STATE_RUNNING || !branch->sequence || branch->restores || !room_take(branch, count))
        return 0;
    (job->wishes.kind == JOB_EMBED ? plan_text : plan_prompt)(step, branch, count);
    job->in_step = true;
    return count;
}

static void plan_readers(struct step *step, size_t left, bool all)
{
    for (size_t i = 0; i < step->reader_count && left > 0; i++)
        if (all || !reader_waits(step, step->readers[i]))
            left -= plan_reader(step, step->readers[i], left);
}

bool step_plan(struct scheduler *scheduler, struct resident *resident)
{
    struct step *step = &scheduler->step;
    step->resident = resident;
    step->answers.count = step->answers.rows = step->texts.count = step->texts.rows = 0;
    step->taker_count = step->piece_count = 0;
    room_begin(scheduler);
    for (struct job *job = scheduler->running.first, *next; job; job = next) {
        next = job->next;
        if (job->resident == resident && job->answering > 0)
            plan_written(step, job);
    }
    step->written = step->answers.count;
    readers_find(scheduler);
    plan_readers(step, tokens_to_read(step, scheduler->settings.prompt_slice_seconds), false);
    if (step->answers.count + step->texts.count == 0) /* who is waited for may lack memory */
        plan_readers(step, BATCH_TOKENS, true);
    return step->answers.count + step->texts.count > 0;
}

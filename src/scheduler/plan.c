/* plan.c: what a step runs: the next token of each answer, then pieces of prompts and texts.
 *
 * Pieces take about prompt_slice_seconds while answers are written, by the speed measured so far, so that the gaps
 * between tokens stay alike; when none is written, as much as the batch holds. What has least left to read goes first:
 * a short question does not wait for a long document. What has waited counts as read at half speed, so that a long one
 * takes at most twice as long as alone, whatever comes meanwhile. */
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
    for (size_t i = 0; i < job->wishes.answers; i++) {
        struct branch *branch = &job->branches[i];
        if (branch->over || !branch_writes(branch))
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

/* ---- who reads --------------------------------------------------------------------------------------------------- */

/* Tokens that a job has left to read, less what it has waited for. */
static double priority(const struct job *job, double now)
{
    const double each = job->resident->prompt_token_seconds, share = 0.5;
    const double waited = each > 0 ? share * (now - job->started) / each : 0;
    return (double)branch_lack(&job->branches[0]) - waited;
}

/* Takes what the tree has of its prompt. */
static bool begin_reading(struct job *job)
{
    struct branch *branch = &job->branches[0];
    struct error error;
    if (!branch->sequence && !prefix_begin(branch, &error)) {
        job_fail(job, &error);
        return false;
    }
    const size_t adopted = prefix_adopt(branch);
    job->counts.cached_tokens += adopted;
    job->counts.read_tokens += adopted;
    job->scheduler->counts.cached_tokens += adopted;
    return true;
}

/* Jobs of this model that read, in their order; among equals, who came first. */
static size_t find_readers(struct scheduler *scheduler, struct step *step)
{
    const double now = seconds_now();
    size_t count = 0;
    for (struct job *job = scheduler->running.first, *next; job; job = next) {
        next = job->next;
        const struct branch *first = &job->branches[0];
        if (job->resident != step->resident || job->answering > 0 || first->over || !begin_reading(job))
            continue;
        size_t place = count++;
        for (; place > 0 && priority(step->readers[place - 1], now) > priority(job, now); place--)
            step->readers[place] = step->readers[place - 1];
        step->readers[place] = job;
    }
    return count;
}

/* How many tokens this step may read. */
static size_t tokens_to_read(const struct step *step, double slice_seconds)
{
    enum { FIRST_PIECE = 32 };
    const double each = step->resident->prompt_token_seconds;
    if (step->written == 0)
        return BATCH_TOKENS;
    if (each <= 0)
        return FIRST_PIECE;
    const double tokens = slice_seconds / each;
    return tokens < 1 ? 1 : tokens > BATCH_TOKENS ? BATCH_TOKENS : (size_t)tokens;
}

static size_t common_beginning(const struct job *a, const struct job *b)
{
    const size_t most = size_min(a->wishes.prompt_count, b->wishes.prompt_count);
    size_t common = 0;
    while (common < most && a->prompt[common] == b->prompt[common])
        common++;
    return common;
}

/* Whether one reads what the other is about to read: at least a page more, which will then be in the tree. */
static bool reads_for(const struct job *reader, const struct job *job)
{
    const size_t held = sequence_length(job->branches[0].sequence);
    const size_t ahead = sequence_length(reader->branches[0].sequence);
    if (!job->branches[0].prefix || !reader->branches[0].prefix || reader->owner != job->owner || ahead < held ||
        (ahead == held && reader->number > job->number))
        return false;
    const size_t common = common_beginning(reader, job) / PAGE_TOKENS * PAGE_TOKENS;
    return common > ahead;
}

static bool waits(const struct step *step, size_t readers, const struct job *job)
{
    for (size_t i = 0; i < readers; i++)
        if (step->readers[i] != job && reads_for(step->readers[i], job))
            return true;
    return false;
}

/* Returns how many tokens it planned. */
static size_t plan_reader(struct step *step, struct job *job, size_t most)
{
    struct branch *branch = &job->branches[0];
    const size_t count = size_min(branch_lack(branch), most);
    (job->wishes.kind == JOB_EMBED ? plan_text : plan_prompt)(step, branch, count);
    job->in_step = true;
    return count;
}

bool step_plan(struct scheduler *scheduler, struct resident *resident)
{
    struct step *step = &scheduler->step;
    step->resident = resident;
    step->answers.count = step->answers.rows = step->texts.count = step->texts.rows = 0;
    step->taker_count = step->piece_count = 0;
    for (struct job *job = scheduler->running.first; job; job = job->next)
        if (job->resident == resident && job->answering > 0)
            plan_written(step, job);
    step->written = step->answers.count;
    size_t readers = find_readers(scheduler, step);
    size_t left = tokens_to_read(step, scheduler->settings.prompt_slice_seconds);
    for (size_t i = 0; i < readers && left > 0; i++)
        if (!waits(step, readers, step->readers[i]))
            left -= plan_reader(step, step->readers[i], left);
    return step->answers.count + step->texts.count > 0;
}

/* step.c: one step: a token for each answer that runs, then pieces of the prompts that are being read.
 *
 *   plan     with the lock: which tokens go into the batch, which branch takes which row of logits
 *   run      without it: the engine, then every branch chooses its token
 *   deliver  with the lock: events, ends, prompts that are read become answers
 *
 * A piece of a prompt takes about prompt_slice_seconds while answers run, by the speed measured so far, so that their
 * gaps stay alike; when none runs, as much as the batch holds. */
#include "scheduler/state.h"

#include <stdlib.h>

bool step_open(struct step *step, size_t parallel, struct error *error)
{
    enum { ANSWERS_MOST = 16 }; /* of one job, which may be more than parallel */
    const size_t most = BATCH_TOKENS + parallel + ANSWERS_MOST;
    *step = (struct step){ .most = most };
    step->tokens = calloc(most, sizeof *step->tokens);
    step->takers = calloc(most, sizeof *step->takers);
    return (step->tokens && step->takers) || error_memory(error, most * sizeof *step->tokens);
}

void step_close(struct step *step)
{
    free(step->tokens);
    free(step->takers);
}

/* ---- plan -------------------------------------------------------------------------------------------------------- */

static void add_token(struct step *step, struct sequence *sequence, uint32_t token, bool wants_logits)
{
    step->tokens[step->count++] = (struct batch_token){ sequence, token, wants_logits };
    step->rows += wants_logits;
}

static void add_taker(struct step *step, struct branch *branch)
{
    step->takers[step->taker_count++] = (struct taker){ branch, step->rows - 1 };
}

static void plan_answers(struct step *step, struct job *job)
{
    for (size_t i = 0; i < job->wishes.answers; i++) {
        struct branch *branch = &job->branches[i];
        if (branch->end != ANSWER_GOES_ON)
            continue;
        add_token(step, branch->sequence, branch->tokens.ids[branch->tokens.count - 1], true);
        add_taker(step, branch);
    }
    job->in_step = true;
}

/* How many tokens of prompts this step may read. */
static size_t prompt_tokens(const struct step *step, double slice_seconds)
{
    enum { FIRST_PIECE = 32 };
    const size_t room = BATCH_TOKENS;
    const double each = step->resident->prompt_token_seconds;
    if (step->answer_tokens == 0)
        return room;
    if (each <= 0)
        return FIRST_PIECE;
    const double tokens = slice_seconds / each;
    return tokens < 1 ? 1 : tokens > (double)room ? room : (size_t)tokens;
}

static size_t plan_piece(struct step *step, struct job *job, size_t most)
{
    const size_t read = sequence_length(job->sequence), end = job->wishes.prompt_count;
    const size_t count = size_min(end - read, most);
    for (size_t i = read; i < read + count; i++)
        add_token(step, job->sequence, job->prompt[i], i + 1 == end);
    if (read + count == end)
        for (size_t i = 0; i < job->wishes.answers; i++)
            add_taker(step, &job->branches[i]);
    job->in_step = true;
    return count;
}

static void plan_prompts(struct scheduler *scheduler, struct step *step)
{
    size_t left = prompt_tokens(step, scheduler->settings.prompt_slice_seconds);
    for (struct job *job = scheduler->running.first, *next; job && left > 0; job = next) {
        struct error error;
        next = job->next;
        if (job->resident != step->resident || job->state != STATE_READING)
            continue;
        if (!job->sequence && !sequence_open(job->resident->model, &job->sequence, &error))
            job_fail(job, &error);
        else
            left -= plan_piece(step, job, left);
    }
}

static void plan(struct scheduler *scheduler, struct step *step, struct resident *resident)
{
    step->resident = resident;
    step->count = step->taker_count = step->rows = 0;
    for (struct job *job = scheduler->running.first; job; job = job->next)
        if (job->resident == resident && job->state == STATE_ANSWERING)
            plan_answers(step, job);
    step->answer_tokens = step->count;
    plan_prompts(scheduler, step);
}

/* ---- run --------------------------------------------------------------------------------------------------------- */

static void take_row(void *context, size_t item, unsigned thread)
{
    (void)thread;
    const struct step *step = context;
    const struct taker *taker = &step->takers[item];
    branch_take(taker->branch, step->logits + taker->row * model_facts(step->resident->model).vocabulary);
}

/* A constraint serves one thread: its answers take their rows one after the other. */
static void take_rows(struct scheduler *scheduler, struct step *step)
{
    size_t free_count = 0;
    for (size_t i = 0; i < step->taker_count; i++) {
        const struct taker taker = step->takers[i];
        if (taker.branch->job->wishes.answer.constraint)
            continue;
        step->takers[i] = step->takers[free_count];
        step->takers[free_count++] = taker;
    }
    pool_run(scheduler->pool, free_count, 1, take_row, step);
    for (size_t i = free_count; i < step->taker_count; i++)
        take_row(step, i, 0);
}

/* What a token of a prompt costs follows the last steps; what they cost without any is known from those that had
 * none. */
static void measure(struct step *step, double seconds)
{
    struct resident *resident = step->resident;
    const size_t prompt = step->count - step->answer_tokens;
    const double share = 0.3;
    if (prompt == 0) {
        resident->answers_seconds += (seconds - resident->answers_seconds) * share;
        return;
    }
    const double rest = step->answer_tokens > 0 ? seconds - resident->answers_seconds : seconds;
    const double each = (rest > seconds / 4 ? rest : seconds / 4) / (double)prompt;
    const double known = resident->prompt_token_seconds;
    resident->prompt_token_seconds = known > 0 ? known + (each - known) * share : each;
}

/* ---- deliver ----------------------------------------------------------------------------------------------------- */

/* The prompt is read: every branch goes on from it with a sequence of its own. */
static void begin_answers(struct job *job)
{
    struct error error;
    job->state = STATE_ANSWERING;
    job->answering = seconds_now();
    job->counts.prompt_seconds = job->answering - job->started;
    for (size_t i = 1; i < job->wishes.answers; i++)
        if (!sequence_fork(job->sequence, &job->branches[i].sequence, &error)) {
            job_fail(job, &error);
            return;
        }
    job->branches[0].sequence = job->sequence;
    job->sequence = NULL;
}

static void deliver_branches(struct job *job)
{
    for (size_t i = 0; i < job->wishes.answers && job->state == STATE_ANSWERING; i++) {
        struct branch *branch = &job->branches[i];
        if (!branch->sequence)
            continue;
        if (!branch->took)
            job_fail(job, &branch->error);
        else
            branch_tell(branch);
        if (branch->end != ANSWER_GOES_ON && job->state != STATE_OVER)
            branch_close(branch);
    }
}

static void deliver_prompt(struct job *job)
{
    const size_t before = job->counts.read_tokens;
    job->counts.read_tokens = sequence_length(job->sequence);
    job->scheduler->counts.prompt_tokens += job->counts.read_tokens - before;
    if (job->wishes.tells_prompt) {
        const struct job_event event = { .kind = JOB_READING, .counts = job->counts };
        job_tell(job, &event);
    }
    if (job->counts.read_tokens == job->wishes.prompt_count)
        begin_answers(job);
}

static void deliver_job(struct job *job, const struct error *error)
{
    job->in_step = false;
    pthread_cond_signal(&job->news);
    if (error) {
        job_fail(job, error);
        return;
    }
    if (job->state == STATE_READING)
        deliver_prompt(job);
    if (job->state == STATE_ANSWERING)
        deliver_branches(job);
    if (job->state == STATE_OVER)
        return;
    if (job->failed)
        job_fail(job, &job->error);
    else if (job->state == STATE_ANSWERING && job->going_on == 0)
        job_end(job);
    else if (job->cancelled)
        job_stop(job);
}

static void deliver(struct scheduler *scheduler, const struct error *error)
{
    for (struct job *job = scheduler->running.first, *next; job; job = next) {
        next = job->next;
        if (job->in_step)
            deliver_job(job, error);
    }
}

static void run_planned(struct scheduler *scheduler, struct step *step)
{
    struct error error;
    pthread_mutex_unlock(&scheduler->lock);
    const double started = seconds_now();
    const bool done = engine_run(step->resident->engine, step->tokens, step->count, &step->logits, &error);
    if (done)
        take_rows(scheduler, step);
    const double seconds = seconds_now() - started;
    pthread_mutex_lock(&scheduler->lock);
    scheduler->counts.steps++;
    measure(step, seconds);
    deliver(scheduler, done ? NULL : &error);
}

bool step_run(struct scheduler *scheduler)
{
    struct step *step = &scheduler->step;
    bool ran = false;
    scheduler_admit(scheduler);
    for (struct resident *resident = scheduler->models; resident; resident = resident->next) {
        if (resident->loading)
            continue;
        plan(scheduler, step, resident);
        if (step->count == 0)
            continue;
        run_planned(scheduler, step);
        ran = true;
    }
    return ran;
}

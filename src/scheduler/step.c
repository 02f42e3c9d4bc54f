/* step.c: one step of a model.
 *
 *   plan     with the lock: which tokens are run, which branch takes which row (plan.c)
 *   run      without it: the engine, then every branch chooses its token
 *   deliver  with the lock: events, ends, prompts that are read become answers */
#include "scheduler/state.h"

#include <stdlib.h>

bool step_open(struct step *step, size_t parallel, struct error *error)
{
    const size_t most = BATCH_TOKENS + parallel + ANSWERS_MOST; /* one job may have more answers than parallel */
    *step = (struct step){ .most = most };
    step->answers.tokens = calloc(most, sizeof *step->answers.tokens);
    step->texts.tokens = calloc(most, sizeof *step->texts.tokens);
    step->takers = calloc(most * ANSWERS_MOST, sizeof *step->takers); /* each token may be a prompt's last */
    step->pieces = calloc(most, sizeof *step->pieces);
    step->readers = calloc(parallel + ANSWERS_MOST, sizeof(struct branch *));
    return (step->answers.tokens && step->texts.tokens && step->takers && step->pieces && step->readers) ||
           error_memory(error, most * sizeof *step->takers);
}

void step_close(struct step *step)
{
    free(step->answers.tokens);
    free(step->texts.tokens);
    free(step->takers);
    free(step->pieces);
    free(step->readers);
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

static void add_states(const struct step *step, const float *states)
{
    const size_t width = model_facts(step->resident->model).width;
    for (size_t i = 0; i < step->piece_count; i++) {
        vector_add(step->pieces[i].job, states, step->pieces[i].rows);
        states += step->pieces[i].rows * width;
    }
}

static bool run(struct scheduler *scheduler, struct step *step)
{
    struct engine *engine = step->resident->engine;
    const float *states;
    if (step->answers.count > 0) {
        if (!engine_run(engine, step->answers.tokens, step->answers.count, &step->logits, &step->error))
            return false;
        take_rows(scheduler, step);
    }
    if (step->texts.count > 0) {
        if (!engine_run_states(engine, step->texts.tokens, step->texts.count, &states, &step->error))
            return false;
        add_states(step, states);
    }
    return true;
}

/* What reading a token costs follows the last steps; what a step costs without any is known from those without. */
static void measure(struct step *step, double seconds)
{
    struct resident *resident = step->resident;
    const size_t read = step->answers.count + step->texts.count - step->written;
    const double share = 0.3, least = 0.25; /* of a step's time that is taken to be reading */
    if (read == 0) {
        resident->answers_seconds += (seconds - resident->answers_seconds) * share;
        return;
    }
    const double rest = step->written > 0 ? seconds - resident->answers_seconds : seconds;
    const double each = (rest > seconds * least ? rest : seconds * least) / (double)read;
    const double known = resident->prompt_token_seconds;
    resident->prompt_token_seconds = known > 0 ? known + (each - known) * share : each;
}

/* ---- deliver ----------------------------------------------------------------------------------------------------- */

/* The prompt is read: every branch goes on from it with a sequence of its own. */
static void begin_answers(struct job *job)
{
    struct error error;
    job->answering = seconds_now();
    job->counts.prompt_seconds = job->answering - job->started;
    for (size_t i = 1; i < job->wishes.answers; i++) {
        if (!sequence_fork(job->branches[0].sequence, &job->branches[i].sequence, &error)) {
            job_fail(job, &error);
            return;
        }
        prefix_share(&job->branches[i], &job->branches[0]);
    }
}

static void deliver_prompt(struct job *job)
{
    const size_t before = job->counts.read_tokens;
    job->counts.read_tokens = sequence_length(job->branches[0].sequence);
    job->counts.prompt_seconds = seconds_now() - job->started;
    job->scheduler->counts.prompt_tokens += job->counts.read_tokens - before;
    if (job->wishes.tells_prompt) {
        const struct job_event event = { .kind = JOB_READING, .counts = job->counts, .slot = job->branches[0].slot };
        job_tell(job, &event);
    }
    if (job->counts.read_tokens == job->wishes.prompt_count)
        begin_answers(job);
}

static void deliver_taken(struct scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->step.taker_count; i++) {
        struct branch *branch = scheduler->step.takers[i].branch;
        if (branch->job->state == STATE_OVER)
            continue;
        if (!branch->took)
            job_fail(branch->job, &branch->error);
        else
            branch_tell(branch);
    }
}

static void record(struct job *job)
{
    for (size_t i = 0; i < job->wishes.answers; i++)
        prefix_record(&job->branches[i]);
}

static void end_or_go_on(struct job *job)
{
    job->in_step = false;
    record(job);
    pthread_cond_signal(&job->news);
    if (job->failed) {
        job_fail(job, &job->error);
    } else if (job->answering > 0 && job->wishes.kind == JOB_EMBED) {
        vector_tell(job);
        job_end(job);
    } else if (job->going_on == 0) {
        job_end(job);
    } else if (job->cancelled) {
        job_stop(job);
    }
}

static void deliver(struct scheduler *scheduler, bool done)
{
    struct job *next;
    for (struct job *job = scheduler->running.first; done && job; job = next) {
        next = job->next;
        if (job->in_step && job->answering == 0)
            deliver_prompt(job);
    }
    if (done)
        deliver_taken(scheduler);
    for (struct job *job = scheduler->running.first; job; job = next) {
        next = job->next;
        if (!job->in_step)
            continue;
        if (!done)
            job_fail(job, &scheduler->step.error);
        else
            end_or_go_on(job);
    }
}

static void run_planned(struct scheduler *scheduler)
{
    struct step *step = &scheduler->step;
    pthread_mutex_unlock(&scheduler->lock);
    const double started = seconds_now();
    const bool done = run(scheduler, step);
    const double seconds = seconds_now() - started;
    pthread_mutex_lock(&scheduler->lock);
    scheduler->counts.steps++;
    *(step->written > 0 ? &scheduler->counts.generation_seconds : &scheduler->counts.prompt_seconds) += seconds;
    measure(step, seconds);
    deliver(scheduler, done);
}

bool step_run(struct scheduler *scheduler)
{
    bool ran = false;
    queue_admit(scheduler);
    for (struct resident *resident = scheduler->models; resident; resident = resident->next) {
        const bool planned = !resident->loading && step_plan(scheduler, resident);
        ran = ran || planned || scheduler->prefixes.reads_on;
        if (planned)
            run_planned(scheduler);
    }
    return ran;
}

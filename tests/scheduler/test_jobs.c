/* A job from its wishes to its end: several answers, likelihoods, vectors, cancelling, the queue, the end of all. */
#include "scheduler/rig.h"

/* ---- several answers --------------------------------------------------------------------------------------------- */

static void sixteen_answers_are_those_of_sixteen_seeds(void **state)
{
    (void)state;
    enum { ANSWERS = 16 };
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    talk->wishes.answers = ANSWERS;
    talk->wishes.answer.sampling = sampling_default();
    talk->wishes.answer.sampling.temperature = 2;
    talk->wishes.answer.sampling.seed = 100;
    struct result *result = job_hear(job_begin(&rig, &talk->wishes), ANSWERS);
    for (size_t i = 0; i < ANSWERS; i++) {
        talk_alone(&rig, talk, i);
        assert_string_equal(result->text[i], talk->text);
        assert_int_equal(result->end[i], talk->end);
    }
    assert_string_not_equal(result->text[0], result->text[1]);
    free(result);
    free(talk);
    rig_close(&rig);
}

static void more_answers_than_places_are_given_too(void **state)
{
    (void)state;
    struct scheduler_settings settings = rig_settings();
    settings.parallel = 2;
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    talk->wishes.answers = 5;
    struct result *result = job_hear(job_begin(&rig, &talk->wishes), 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(result->text[i], talk->text);
    free(result);
    free(talk);
    rig_close(&rig);
}

/* ---- likelihoods and vectors ------------------------------------------------------------------------------------- */

/* The logits after a prompt, from an engine of the test's own. */
static const float *logits_after(struct rig *rig, const uint32_t *tokens, size_t count, bool states,
                                 struct engine **engine, struct pool **pool)
{
    struct sequence *sequence = NULL;
    struct error error = { 0 };
    const float *rows = NULL;
    struct batch_token batch[64];
    assert_done(pool_open(1, pool, &error) && engine_open(rig->parts->model, *pool, 64, engine, &error) &&
                    sequence_open(rig->parts->model, &sequence, &error),
                &error);
    for (size_t i = 0; i < count; i++)
        batch[i] = (struct batch_token){ sequence, tokens[i], states || i + 1 == count };
    assert_done((states ? engine_run_states : engine_run)(*engine, batch, count, &rows, &error), &error);
    sequence_close(sequence);
    return rows;
}

static void the_likeliest_tokens_are_told_with_their_probabilities(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    struct engine *engine;
    struct pool *pool;
    const float *logits = logits_after(&rig, talk->prompt, talk->count, false, &engine, &pool);
    double sum = 0;
    for (size_t i = 0; i < rig.vocabulary; i++)
        sum += exp((double)logits[i]);
    talk->wishes.tells_tokens = true;
    talk->wishes.tops = 5;
    struct job *job = job_begin(&rig, &talk->wishes);
    struct job_event event;
    do
        next_event(job, &event);
    while (event.kind != JOB_TEXT);
    assert_int_equal(event.told_count, 6);
    assert_int_equal(event.told[0].token, event.told[1].token); /* greedy */
    for (size_t i = 0; i < 6; i++) {
        const double expected = (double)logits[event.told[i].token] - log(sum);
        assert_float_equal((double)event.told[i].log_probability, expected, 1e-4);
        assert_true(i < 2 || event.told[i].log_probability <= event.told[i - 1].log_probability);
    }
    size_t larger = 0; /* than the fifth: exactly four */
    for (size_t i = 0; i < rig.vocabulary; i++)
        larger += logits[i] > logits[event.told[5].token];
    assert_int_equal(larger, 4);
    job_close(job);
    engine_close(engine);
    pool_close(pool);
    free(talk);
    rig_close(&rig);
}

static void a_vector_is_pooled_from_the_states_of_its_text(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    struct engine *engine;
    struct pool *pool;
    const float *states = logits_after(&rig, talk->prompt, talk->count, true, &engine, &pool);
    const size_t width = model_facts(rig.parts->model).width;
    const enum pooling poolings[] = { POOLING_MODEL, POOLING_MEAN, POOLING_FIRST, POOLING_LAST };
    talk->wishes.kind = JOB_EMBED;
    for (size_t p = 0; p < LENGTH(poolings); p++) {
        talk->wishes.pooling = poolings[p];
        struct job *job = job_begin(&rig, &talk->wishes);
        struct job_event event;
        do
            next_event(job, &event);
        while (event.kind == JOB_STARTED);
        assert_int_equal(event.kind, JOB_VECTOR);
        assert_int_equal(event.width, width);
        for (size_t i = 0; i < width; i++) {
            double mean = 0;
            for (size_t row = 0; row < PROMPT; row++)
                mean += (double)states[row * width + i] / PROMPT;
            const double expected = p == 2   ? (double)states[i]
                                    : p == 3 ? (double)states[(PROMPT - 1) * width + i]
                                             : mean;
            assert_float_equal((double)event.vector[i], expected, 1e-5);
        }
        job_close(job);
    }
    engine_close(engine);
    pool_close(pool);
    free(talk);
    rig_close(&rig);
}

/* ---- cancelling -------------------------------------------------------------------------------------------------- */

static void a_cancelled_answer_ends_within_a_step(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    talk->wishes.answer.most_tokens = 0;
    talk->wishes.answer.goes_on_past_end = true;
    struct job *job = job_begin(&rig, &talk->wishes);
    struct job_event event;
    do
        next_event(job, &event);
    while (event.kind != JOB_TEXT);
    job_cancel(job);
    const uint64_t steps = scheduler_counts(rig.scheduler).steps;
    while (event.kind != JOB_ENDED)
        next_event(job, &event);
    assert_int_equal(event.end, ANSWER_STOPPED);
    assert_true(scheduler_counts(rig.scheduler).steps <= steps + 1);
    job_close(job);
    assert_int_equal(scheduler_counts(rig.scheduler).running, 0);
    free(talk);
    rig_close(&rig);
}

static void a_prompt_being_read_is_cut_too(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    static uint32_t prompt[TINY_CONTEXT - 1];
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    draw_tokens(&rig, prompt, LENGTH(prompt));
    talk->wishes.prompt = prompt;
    talk->wishes.prompt_count = LENGTH(prompt);
    talk->wishes.tells_prompt = true;
    struct job *job = job_begin(&rig, &talk->wishes);
    struct job_event event;
    do
        next_event(job, &event);
    while (event.kind != JOB_READING);
    assert_in_range(event.counts.read_tokens, 1, LENGTH(prompt) - 1);
    job_cancel(job);
    while (event.kind != JOB_ENDED)
        next_event(job, &event);
    assert_int_equal(event.end, ANSWER_STOPPED);
    assert_int_equal(event.counts.tokens, 0);
    assert_true(event.counts.read_tokens < LENGTH(prompt));
    job_close(job);
    free(talk);
    rig_close(&rig);
}

/* ---- the queue --------------------------------------------------------------------------------------------------- */

static void who_finds_the_queue_full_is_told_so(void **state)
{
    (void)state;
    struct scheduler_settings settings = rig_settings();
    settings.parallel = 1;
    settings.queue = 2;
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    talk->wishes.answer.most_tokens = 0;
    talk->wishes.answer.goes_on_past_end = true;
    struct job *jobs[3], *refused;
    struct error error = { 0 };
    size_t position;
    for (size_t i = 0; i < 3; i++) {
        assert_done(job_open(rig.scheduler, &talk->wishes, &jobs[i], &position, &error), &error);
        assert_int_equal(position, i);
    }
    assert_int_equal(scheduler_counts(rig.scheduler).waiting, 2);
    assert_false(job_open(rig.scheduler, &talk->wishes, &refused, &position, &error));
    assert_int_equal(error.kind, ERROR_BUSY);
    job_close(jobs[1]); /* makes a place in the queue */
    assert_done(job_open(rig.scheduler, &talk->wishes, &refused, &position, &error), &error);
    job_close(refused);
    job_close(jobs[0]);
    job_close(jobs[2]);
    free(talk);
    rig_close(&rig);
}

static void with_a_queue_of_none_nobody_waits(void **state)
{
    (void)state;
    struct scheduler_settings settings = rig_settings();
    settings.parallel = 2;
    settings.queue = 0;
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    struct job *jobs[2], *refused;
    struct error error = { 0 };
    size_t position;
    talk->wishes.answer.most_tokens = 0;
    talk->wishes.answer.goes_on_past_end = true;
    for (size_t i = 0; i < 2; i++)
        assert_done(job_open(rig.scheduler, &talk->wishes, &jobs[i], &position, &error), &error);
    assert_false(job_open(rig.scheduler, &talk->wishes, &refused, &position, &error));
    assert_int_equal(error.kind, ERROR_BUSY);
    for (size_t i = 0; i < 2; i++)
        job_close(jobs[i]);
    free(talk);
    rig_close(&rig);
}

/* When a job left the queue, as the scheduler saw it; opened: when it came. INFINITY if it has not yet. */
static double start_of(struct job *job, double opened)
{
    struct job_event event;
    job_next(job, 0, &event);
    return event.kind == JOB_STARTED ? opened + event.counts.queue_seconds : INFINITY;
}

/* An owner with many jobs has a head start; of those that waited, few may start before another's single one. */
static void an_owner_with_a_hundred_jobs_does_not_starve_another(void **state)
{
    (void)state;
    enum { MANY = 100, FEW = 40 }; /* a thread that loses its processor for a moment sees some more start */
    struct scheduler_settings settings = rig_settings();
    settings.parallel = 1;
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "many");
    struct job *jobs[MANY], *one;
    double opened[MANY];
    size_t before = 0;
    talk->wishes.answer.goes_on_past_end = true;
    for (size_t i = 0; i < MANY; i++) {
        opened[i] = seconds_now();
        jobs[i] = job_begin(&rig, &talk->wishes);
    }
    talk->wishes.owner = "one";
    const double coming = seconds_now();
    struct job_event event;
    one = job_begin(&rig, &talk->wishes);
    const double came = seconds_now();
    do
        next_event(one, &event);
    while (event.kind != JOB_STARTED);
    const double started = coming + event.counts.queue_seconds;
    for (size_t i = 0; i < MANY; i++) {
        const double start = start_of(jobs[i], opened[i]);
        before += start > came && start < started;
        job_close(jobs[i]);
    }
    if (before > FEW)
        fail_msg("%zu of %d started before the single one", before, MANY);
    job_close(one);
    free(talk);
    rig_close(&rig);
}

static void what_cannot_be_met_is_refused(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    static uint32_t long_prompt[TINY_CONTEXT];
    const uint32_t unknown = TINY_VOCABULARY;
    const struct {
        const uint32_t *prompt;
        size_t count, answers, tops;
        int slot;
        const char *says;
    } rows[] = {
        { talk->prompt, 0, 1, 0, -1, "empty" },       { long_prompt, TINY_CONTEXT, 1, 0, -1, "4096" },
        { &unknown, 1, 1, 0, -1, "id 256" },          { talk->prompt, 1, 0, 0, -1, "0 answers" },
        { talk->prompt, 1, 17, 0, -1, "17 answers" }, { talk->prompt, 1, 1, 21, -1, "21 likeliest" },
        { talk->prompt, 1, 1, 0, 16, "slot 16" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct job_wishes wishes = talk->wishes;
        struct job *job;
        struct error error = { 0 };
        size_t position;
        wishes.prompt = rows[i].prompt;
        wishes.prompt_count = rows[i].count;
        wishes.answers = rows[i].answers;
        wishes.tops = rows[i].tops;
        wishes.slot = rows[i].slot;
        assert_false(job_open(rig.scheduler, &wishes, &job, &position, &error));
        assert_int_equal(error.kind, ERROR_WRONG_USE);
        assert_contains(error.text, rows[i].says);
    }
    free(talk);
    rig_close(&rig);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void draining_lets_answers_end_and_takes_no_new_ones(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    struct job *job = job_begin(&rig, &talk->wishes), *late;
    struct error error = { 0 };
    size_t position;
    scheduler_drain(rig.scheduler, PATIENCE);
    assert_false(job_open(rig.scheduler, &talk->wishes, &late, &position, &error));
    assert_int_equal(error.kind, ERROR_STOPPED);
    struct result *result = job_hear(job, 1);
    check_result(talk, result);
    free(result);
    free(talk);
    rig_close(&rig);
}

/* One runs for ever, one reads, others wait: all are told, and may be closed before or after. */
static void closing_fails_jobs_in_every_state(void **state)
{
    (void)state;
    struct scheduler_settings settings = rig_settings();
    settings.parallel = 2;
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    static uint32_t prompt[TINY_CONTEXT - 1];
    struct job *jobs[5];
    struct job_event event;
    talk->wishes.answer.most_tokens = 0;
    talk->wishes.answer.goes_on_past_end = true;
    jobs[0] = job_begin(&rig, &talk->wishes);
    do
        next_event(jobs[0], &event);
    while (event.kind != JOB_TEXT);
    draw_tokens(&rig, prompt, LENGTH(prompt));
    talk->wishes.prompt = prompt;
    talk->wishes.prompt_count = LENGTH(prompt);
    for (size_t i = 1; i < 5; i++)
        jobs[i] = job_begin(&rig, &talk->wishes);
    job_close(jobs[4]);
    scheduler_close(rig.scheduler);
    for (size_t i = 0; i < 4; i++) {
        struct result *result = job_hear(jobs[i], 1);
        assert_true(result->failed || result->ended == 1); /* it was quick */
        assert_true(!result->failed || result->error.kind == ERROR_STOPPED);
        free(result);
    }
    held_release(rig.held, 0);
    folder_remove(rig.folder);
    free(talk);
}

int main(void)
{
    RUN_TESTS(TEST(sixteen_answers_are_those_of_sixteen_seeds), TEST(more_answers_than_places_are_given_too),
              TEST(the_likeliest_tokens_are_told_with_their_probabilities),
              TEST(a_vector_is_pooled_from_the_states_of_its_text), TEST(a_cancelled_answer_ends_within_a_step),
              TEST(a_prompt_being_read_is_cut_too), TEST(who_finds_the_queue_full_is_told_so),
              TEST(with_a_queue_of_none_nobody_waits), TEST(an_owner_with_a_hundred_jobs_does_not_starve_another),
              TEST(what_cannot_be_met_is_refused), TEST(draining_lets_answers_end_and_takes_no_new_ones),
              TEST(closing_fails_jobs_in_every_state));
}

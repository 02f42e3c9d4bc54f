/* Memory: whatever the budget leaves, answers are what they are alone, and the budget is kept. */
#include "scheduler/rig.h"

enum { CONTEXT = 1024, LONG = 700 /* tokens of an answer: more than anybody would guess */ };

/* Room for the model and so many pages. */
static struct scheduler_settings tight(struct rig *rig, size_t pages)
{
    struct scheduler_settings settings = rig_settings();
    struct model_needs needs;
    struct error error = { 0 };
    assert_done(model_needs(rig->parts->gguf, &needs, &error), &error);
    settings.memory_budget = needs.weight_bytes + needs.scratch_bytes + pages * needs.page_bytes;
    settings.context = CONTEXT;
    return settings;
}

static size_t bytes_used(struct rig *rig)
{
    struct arena arena = { 0 };
    struct loaded_model *rows;
    struct error error = { 0 };
    size_t count;
    assert_done(scheduler_models(rig->scheduler, &arena, &rows, &count, &error), &error);
    const size_t bytes = count > 0 ? rows[0].bytes : 0;
    arena_free(&arena);
    return bytes;
}

static void answers_that_outgrow_the_memory_wait_and_come_out_the_same(void **state)
{
    (void)state;
    enum { JOBS = 6, PAGES = 40 };
    struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    settings = tight(&rig, PAGES);
    rig_close(&rig);
    rig = rig_open(__func__, &settings);
    struct talk *talks[JOBS];
    struct job *jobs[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        talks[i] = talk_open(&rig, random_in(&rig.random, 1, 30), "ann");
        talks[i]->wishes.answer.most_tokens = LONG;
        talks[i]->wishes.answer.goes_on_past_end = true;
        talk_alone(&rig, talks[i], 0);
    }
    for (size_t i = 0; i < JOBS; i++)
        jobs[i] = job_begin(&rig, &talks[i]->wishes);
    for (size_t i = 0; i < JOBS; i++) {
        assert_true(bytes_used(&rig) <= settings.memory_budget);
        struct result *result = job_hear(jobs[i], 1);
        check_result(talks[i], result);
        free(result);
        free(talks[i]);
    }
    rig_close(&rig);
}

static void several_answers_of_one_prompt_wait_for_memory_too(void **state)
{
    (void)state;
    enum { ANSWERS = 4, PAGES = 64 };
    struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    settings = tight(&rig, PAGES);
    rig_close(&rig);
    rig = rig_open(__func__, &settings);
    struct talk *other = talk_open(&rig, 100, "bob"), *talk = talk_open(&rig, 40, "ann");
    talk->wishes.answers = ANSWERS;
    talk->wishes.answer.sampling.temperature = 2;
    talk->wishes.answer.most_tokens = LONG / 2;
    talk->wishes.answer.goes_on_past_end = true;
    other->wishes.answer.most_tokens = LONG;
    other->wishes.answer.goes_on_past_end = true;
    talk_alone(&rig, other, 0);
    struct job *first = job_begin(&rig, &other->wishes), *second = job_begin(&rig, &talk->wishes);
    struct result *result = job_hear(second, ANSWERS);
    if (result->failed)
        fail_msg("%s", result->error.text);
    for (size_t i = 0; i < ANSWERS; i++) {
        talk_alone(&rig, talk, i);
        assert_string_equal(result->text[i], talk->text);
    }
    free(result);
    result = job_hear(first, 1);
    check_result(other, result);
    free(result);
    free(other);
    free(talk);
    rig_close(&rig);
}

static void an_answer_that_can_never_fit_fails_with_a_reason(void **state)
{
    (void)state;
    enum { ANSWERS = 16, PAGES = 34 };
    struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    settings = tight(&rig, PAGES);
    rig_close(&rig);
    rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, 40, "ann");
    talk->wishes.answers = ANSWERS;
    talk->wishes.answer.most_tokens = 0;
    talk->wishes.answer.goes_on_past_end = true;
    struct result *result = job_hear(job_begin(&rig, &talk->wishes), ANSWERS);
    assert_true(result->failed);
    assert_int_equal(result->error.kind, ERROR_NO_ROOM);
    free(result);
    talk->wishes.answers = 1; /* the next one finds room again */
    talk->wishes.answer.most_tokens = ANSWER;
    talk_alone(&rig, talk, 0);
    result = job_hear(job_begin(&rig, &talk->wishes), 1);
    check_result(talk, result);
    free(result);
    free(talk);
    rig_close(&rig);
}

int main(void)
{
    RUN_TESTS(TEST(answers_that_outgrow_the_memory_wait_and_come_out_the_same),
              TEST(several_answers_of_one_prompt_wait_for_memory_too),
              TEST(an_answer_that_can_never_fit_fails_with_a_reason));
}

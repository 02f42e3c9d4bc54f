/* Answers among others are what they are alone. */
#include "scheduler/rig.h"

static void an_answer_is_what_it_is_alone(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, PROMPT, "ann");
    struct result *result = job_hear(job_begin(&rig, &talk->wishes), 1);
    check_result(talk, result);
    assert_true(result->started);
    assert_int_equal(result->counts.prompt_tokens, PROMPT);
    assert_int_equal(result->counts.read_tokens, PROMPT);
    free(result);
    free(talk);
    rig_close(&rig);
}

static void sixteen_at_once_are_what_they_are_alone(void **state)
{
    (void)state;
    enum { JOBS = 16 };
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talks[JOBS];
    struct job *jobs[JOBS];
    for (size_t i = 0; i < JOBS; i++)
        talks[i] = talk_open(&rig, random_in(&rig.random, 1, 200), "ann");
    for (size_t i = 0; i < JOBS; i++)
        jobs[i] = job_begin(&rig, &talks[i]->wishes);
    for (size_t i = 0; i < JOBS; i++) {
        struct result *result = job_hear(jobs[i], 1);
        check_result(talks[i], result);
        free(result);
        free(talks[i]);
    }
    rig_close(&rig);
}

int main(void)
{
    RUN_TESTS(TEST(an_answer_is_what_it_is_alone), TEST(sixteen_at_once_are_what_they_are_alone));
}

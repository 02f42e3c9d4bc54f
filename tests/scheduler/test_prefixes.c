/* The cache of beginnings: what it saves, that nobody can tell from an answer, and who may use it. */
#include "scheduler/rig.h"

static struct result *ask(struct rig *rig, const struct talk *talk)
{
    return job_hear(job_begin(rig, &talk->wishes), 1);
}

/* The answer is right and so many tokens of its prompt were not computed. */
static void check_ask(struct rig *rig, const struct talk *talk, size_t cached)
{
    const uint64_t before = scheduler_counts(rig->scheduler).prompt_tokens;
    struct result *result = ask(rig, talk);
    check_result(talk, result);
    assert_int_equal(result->counts.cached_tokens, cached);
    assert_int_equal(scheduler_counts(rig->scheduler).prompt_tokens - before, talk->count - cached);
    free(result);
}

/* Another prompt with the same first tokens. */
static struct talk *talk_like(struct rig *rig, const struct talk *other, size_t same, size_t count, const char *owner)
{
    struct talk *talk = calloc(1, sizeof *talk);
    assert_non_null(talk);
    talk->count = count;
    draw_tokens(rig, talk->prompt, count);
    memcpy(talk->prompt, other->prompt, same * sizeof *talk->prompt);
    if (same < count && same < other->count && talk->prompt[same] == other->prompt[same])
        talk->prompt[same] = talk->prompt[same] == 3 ? 4 : 3;
    talk_wish(rig, talk, owner);
    talk_alone(rig, talk, 0);
    return talk;
}

static void a_prompt_that_came_before_costs_one_token(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    const size_t counts[] = { 1, 2, 31, 32, 33, 64, 100 };
    for (size_t i = 0; i < LENGTH(counts); i++) {
        struct talk *talk = talk_open(&rig, counts[i], "ann");
        struct result *first = ask(&rig, talk);
        check_result(talk, first);
        check_ask(&rig, talk, counts[i] - 1);
        free(first);
        free(talk);
    }
    rig_close(&rig);
}

static void any_common_beginning_is_used_to_the_token(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *first = talk_open(&rig, 150, "ann");
    check_ask(&rig, first, 0);
    const size_t same[] = { 149, 128, 127, 97, 96, 95, 33, 32, 31, 1 };
    for (size_t i = 0; i < LENGTH(same); i++) {
        struct talk *talk = talk_like(&rig, first, same[i], 200, "ann");
        check_ask(&rig, talk, same[i]);
        free(talk);
    }
    free(first);
    rig_close(&rig);
}

/* As a conversation goes: the next prompt begins with the last one and its answer. */
static void an_answer_is_part_of_the_next_beginning(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, 50, "ann");
    talk->wishes.tells_tokens = true;
    talk->wishes.answer.goes_on_past_end = true;
    struct job *job = job_begin(&rig, &talk->wishes);
    struct job_event event;
    size_t count = talk->count;
    do {
        next_event(job, &event);
        if (event.kind == JOB_TEXT)
            talk->prompt[count++] = event.told->token;
    } while (event.kind != JOB_ENDED);
    job_close(job);
    assert_int_equal(count, 50 + ANSWER);
    struct talk *next = talk_like(&rig, talk, count, count + 30, "ann");
    check_ask(&rig, next, count - 1); /* the answer's last token was not run */
    free(next);
    free(talk);
    rig_close(&rig);
}

/* before: tokens at their beginning that an earlier prompt had, too. */
static void check_sixteen_alike(const char *name, size_t before)
{
    enum { JOBS = 16, COMMON = 320, END = 20 };
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(name, &settings);
    struct talk *talks[JOBS];
    struct job *jobs[JOBS];
    talks[0] = talk_open(&rig, COMMON + END, "ann");
    if (before > 0) {
        struct talk *earlier = talk_like(&rig, talks[0], before, before + END, "ann");
        check_ask(&rig, earlier, 0);
        free(earlier);
    }
    const uint64_t computed = scheduler_counts(rig.scheduler).prompt_tokens;
    for (size_t i = 1; i < JOBS; i++)
        talks[i] = talk_like(&rig, talks[0], COMMON, COMMON + END, "ann");
    for (size_t i = 0; i < JOBS; i++)
        jobs[i] = job_begin(&rig, &talks[i]->wishes);
    for (size_t i = 0; i < JOBS; i++) {
        struct result *result = job_hear(jobs[i], 1);
        check_result(talks[i], result);
        free(result);
        free(talks[i]);
    }
    /* by chance two may have some more in common */
    assert_in_range(scheduler_counts(rig.scheduler).prompt_tokens - computed, COMMON - before + JOBS * (END - 2),
                    COMMON - before + JOBS * END);
    rig_close(&rig);
}

static void sixteen_that_begin_alike_compute_it_once(void **state)
{
    (void)state;
    check_sixteen_alike(__func__, 0);
}

/* They all adopt the same part of a page, and later the whole of it from the first who reads on. */
static void also_if_their_first_tokens_were_there(void **state)
{
    (void)state;
    const size_t before[] = { 1, 5, 31, 40 };
    for (size_t i = 0; i < LENGTH(before); i++)
        check_sixteen_alike(__func__, before[i]);
}

static void owners_never_share(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, 150, "ann");
    check_ask(&rig, talk, 0);
    talk->wishes.owner = "bob";
    check_ask(&rig, talk, 0);
    talk->wishes.owner = "ann ";
    check_ask(&rig, talk, 0);
    talk->wishes.owner = NULL;
    check_ask(&rig, talk, 0);
    talk->wishes.owner = "ann";
    check_ask(&rig, talk, 149);
    struct job *jobs[4]; /* nor while they run */
    const char *const owners[] = { "a", "b", "c", "d" };
    const uint64_t before = scheduler_counts(rig.scheduler).prompt_tokens;
    for (size_t i = 0; i < 4; i++) {
        talk->wishes.owner = owners[i];
        jobs[i] = job_begin(&rig, &talk->wishes);
    }
    for (size_t i = 0; i < 4; i++)
        free(job_hear(jobs[i], 1));
    assert_int_equal(scheduler_counts(rig.scheduler).prompt_tokens - before, 4 * 150);
    free(talk);
    rig_close(&rig);
}

static void who_wants_no_cache_uses_and_leaves_none(void **state)
{
    (void)state;
    const struct scheduler_settings settings = rig_settings();
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talk = talk_open(&rig, 100, "ann");
    talk->wishes.no_cache = true;
    check_ask(&rig, talk, 0);
    talk->wishes.no_cache = false;
    check_ask(&rig, talk, 0);
    talk->wishes.no_cache = true;
    check_ask(&rig, talk, 0);
    free(talk);
    rig_close(&rig);
}

static void the_cache_keeps_its_bound_and_drops_what_was_not_used(void **state)
{
    (void)state;
    enum { TALKS = 12, BY_CHANCE = 3 }; /* as many tokens two may have in common */
    struct scheduler_settings settings = rig_settings();
    settings.cache_bytes = 300000;
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talks[TALKS];
    for (size_t i = 0; i < TALKS; i++) {
        talks[i] = talk_open(&rig, 150, "ann");
        free(ask(&rig, talks[i]));
        assert_true(scheduler_counts(rig.scheduler).cache_bytes <= settings.cache_bytes);
    }
    check_ask(&rig, talks[TALKS - 1], 149);
    struct result *result = ask(&rig, talks[0]);
    check_result(talks[0], result);
    assert_in_range(result->counts.cached_tokens, 0, BY_CHANCE);
    free(result);
    for (size_t i = 0; i < TALKS; i++)
        free(talks[i]);
    rig_close(&rig);
}

/* Whatever was read before, whoever runs beside, whoever is cut: every answer is what it is alone. */
static void answers_do_not_depend_on_the_cache(void **state)
{
    (void)state;
    enum { TALKS = 24, ROUNDS = CHECK_IS_WATCHED ? 4 : 12, AT_ONCE = 8 };
    struct scheduler_settings settings = rig_settings();
    settings.cache_bytes = 600000;
    struct rig rig = rig_open(__func__, &settings);
    struct talk *talks[TALKS];
    talks[0] = talk_open(&rig, 100, "ann");
    for (size_t i = 1; i < TALKS; i++)
        talks[i] = talk_like(&rig, talks[random_in(&rig.random, 0, i - 1)], random_in(&rig.random, 0, 100),
                             random_in(&rig.random, 100, 200), "ann");
    for (size_t round = 0; round < ROUNDS; round++) {
        struct job *jobs[AT_ONCE];
        const struct talk *asked[AT_ONCE];
        for (size_t i = 0; i < AT_ONCE; i++) {
            asked[i] = talks[random_in(&rig.random, 0, TALKS - 1)];
            jobs[i] = job_begin(&rig, &asked[i]->wishes);
        }
        for (size_t i = 0; i < AT_ONCE; i++) {
            if (random_in(&rig.random, 0, 3) == 0) {
                job_close(jobs[i]);
                continue;
            }
            struct result *result = job_hear(jobs[i], 1);
            check_result(asked[i], result);
            free(result);
        }
    }
    for (size_t i = 0; i < TALKS; i++)
        free(talks[i]);
    rig_close(&rig);
}

int main(void)
{
    RUN_TESTS(TEST(a_prompt_that_came_before_costs_one_token), TEST(any_common_beginning_is_used_to_the_token),
              TEST(an_answer_is_part_of_the_next_beginning), TEST(sixteen_that_begin_alike_compute_it_once),
              TEST(also_if_their_first_tokens_were_there), TEST(owners_never_share),
              TEST(who_wants_no_cache_uses_and_leaves_none),
              TEST(the_cache_keeps_its_bound_and_drops_what_was_not_used), TEST(answers_do_not_depend_on_the_cache));
}

/* Which token the sampler takes: exact cases, the shape of what it draws, and what must not upset it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "engine/engine.h"

static struct sampling everything(void)
{
    return (struct sampling){ .temperature = 1, .top_p = 1, .repeat_penalty = 1, .seed = 1 };
}

static struct sampler *open_sampler(struct sampling sampling, size_t vocabulary)
{
    struct sampler *sampler = NULL;
    struct error error = { 0 };
    if (!sampler_open(&sampling, vocabulary, &sampler, &error))
        fail_msg("%s", error.text);
    return sampler;
}

static uint32_t choose_once(struct sampling sampling, const float *logits, size_t count)
{
    struct sampler *sampler = open_sampler(sampling, count);
    const uint32_t token = sampler_choose(sampler, logits);
    sampler_close(sampler);
    return token;
}

/* A repeatable stream of logits between -10 and 10 that owes nothing to the code under test. */
static float *noise(size_t count, uint32_t seed)
{
    float *logits = malloc(count * sizeof *logits);
    assert_non_null(logits);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        logits[i] = (float)(seed >> 8) / (float)(1 << 24) * 20 - 10;
    }
    return logits;
}

static void greedy_takes_the_largest_and_of_equals_the_first(void **state)
{
    (void)state;
    struct sampling greedy = everything();
    greedy.temperature = 0;
    const float plain[] = { 1, 5, 3, 5, 2 };
    assert_int_equal(choose_once(greedy, plain, 5), 1);
    const float zeros[] = { -1, -0.0f, 0.0f };
    assert_int_equal(choose_once(greedy, zeros, 3), 1);
}

static void greedy_finds_the_largest_at_every_place(void **state)
{
    (void)state;
    struct sampling greedy = everything();
    greedy.temperature = 0;
    const size_t count = 1000; /* no multiple of any width of a loop */
    float *logits = noise(count, 7);
    struct sampler *sampler = open_sampler(greedy, count);
    for (uint32_t i = 0; i < count; i++) {
        const float before = logits[i];
        logits[i] = 11;
        assert_int_equal(sampler_choose(sampler, logits), i);
        logits[i] = before;
    }
    sampler_close(sampler);
    free(logits);
}

static void nothing_but_nan_or_minus_infinity_gives_token_zero(void **state)
{
    (void)state;
    const float values[] = { NAN, -INFINITY };
    for (size_t v = 0; v < LENGTH(values); v++) {
        float logits[300];
        for (size_t i = 0; i < LENGTH(logits); i++)
            logits[i] = values[v];
        struct sampling sampling = everything();
        assert_int_equal(choose_once(sampling, logits, 300), 0);
        assert_int_equal(choose_once(sampling_default(), logits, 300), 0);
        sampling.temperature = 0;
        assert_int_equal(choose_once(sampling, logits, 300), 0);
    }
}

static void the_only_possible_token_is_taken_whatever_the_settings(void **state)
{
    (void)state;
    float logits[300];
    for (size_t i = 0; i < LENGTH(logits); i++)
        logits[i] = i % 2 ? NAN : -INFINITY;
    const float possible[] = { -FLT_MAX, -3, 0, FLT_MAX, INFINITY };
    for (size_t p = 0; p < LENGTH(possible); p++)
        for (int setting = 0; setting < 6; setting++) {
            struct sampling sampling = everything();
            sampling.temperature = setting == 0 ? 0 : setting == 1 ? 1e-30f : 1;
            sampling.top_k = setting == 2 ? 5 : 0;
            sampling.top_p = setting == 3 ? 0.5f : setting == 4 ? 0 : 1;
            sampling.min_p = setting == 5 ? 1 : 0;
            logits[257] = possible[p];
            assert_int_equal(choose_once(sampling, logits, 300), 257);
        }
}

/* Draws many times and holds the frequencies against probabilities[count] by chi squared. */
static void check_distribution(struct sampling sampling, const float *logits, const double *probabilities, size_t count)
{
    enum { DRAWS = 40000 };
    size_t *seen = calloc(count, sizeof *seen);
    assert_non_null(seen);
    struct sampler *sampler = open_sampler(sampling, count);
    for (int i = 0; i < DRAWS; i++)
        seen[sampler_choose(sampler, logits)]++;
    double chi_squared = 0;
    for (size_t i = 0; i < count; i++) {
        const double expected = probabilities[i] * DRAWS, difference = (double)seen[i] - expected;
        if (expected == 0)
            assert_int_equal(seen[i], 0);
        else
            chi_squared += difference * difference / expected;
    }
    assert_true(chi_squared < 30); /* at most 5 degrees of freedom here: by chance once in 70,000 */
    sampler_close(sampler);
    free(seen);
}

/* Logits whose probabilities are 0.4, 0.3, 0.15, 0.1, 0.05, in another order. */
static const double shares[] = { 0.1, 0.4, 0.05, 0.3, 0.15 };

static void share_logits(float logits[5])
{
    for (int i = 0; i < 5; i++)
        logits[i] = (float)log(shares[i]) + 3;
}

static void draws_follow_the_probabilities(void **state)
{
    (void)state;
    float logits[5];
    share_logits(logits);
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct sampling sampling = everything();
        sampling.seed = seed;
        check_distribution(sampling, logits, shares, 5);
    }
}

static void temperature_flattens_and_sharpens(void **state)
{
    (void)state;
    float logits[5];
    share_logits(logits);
    struct sampling sampling = everything();
    sampling.temperature = 2; /* probabilities as their square roots */
    const double roots[] = { 0.31623, 0.63246, 0.22361, 0.54772, 0.38730 };
    double flat[5];
    for (int i = 0; i < 5; i++)
        flat[i] = roots[i] / 2.10732; /* their sum */
    check_distribution(sampling, logits, flat, 5);
    sampling.temperature = 0.5f; /* as their squares: 0.01 0.16 0.0025 0.09 0.0225, in all 0.285 */
    const double sharp[] = { 0.01 / 0.285, 0.16 / 0.285, 0.0025 / 0.285, 0.09 / 0.285, 0.0225 / 0.285 };
    check_distribution(sampling, logits, sharp, 5);
}

static void top_k_leaves_k(void **state)
{
    (void)state;
    float logits[5];
    share_logits(logits);
    struct sampling sampling = everything();
    sampling.top_k = 2;
    const double two[] = { 0, 4.0 / 7, 0, 3.0 / 7, 0 };
    check_distribution(sampling, logits, two, 5);
    sampling.top_k = 1;
    const double one[] = { 0, 1, 0, 0, 0 };
    check_distribution(sampling, logits, one, 5);
    sampling.top_k = 100;
    check_distribution(sampling, logits, shares, 5);
}

static void top_p_leaves_the_fewest_that_reach_it(void **state)
{
    (void)state;
    float logits[5];
    share_logits(logits);
    struct sampling sampling = everything();
    const double two[] = { 0, 4.0 / 7, 0, 3.0 / 7, 0 }, one[] = { 0, 1, 0, 0, 0 };
    const double three[] = { 0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85 };
    sampling.top_p = 0.69f;
    check_distribution(sampling, logits, two, 5);
    sampling.top_p = 0.71f;
    check_distribution(sampling, logits, three, 5);
    sampling.top_p = 0;
    check_distribution(sampling, logits, one, 5);
    sampling.top_p = 0.9999999f;
    check_distribution(sampling, logits, shares, 5);
}

static void top_p_counts_what_top_k_left(void **state)
{
    (void)state;
    float logits[5];
    share_logits(logits);
    struct sampling sampling = everything();
    sampling.top_k = 3;
    sampling.top_p = 0.8f; /* 0.7 of 0.85 is 0.82: two are enough, of all of them three would be needed */
    const double two[] = { 0, 4.0 / 7, 0, 3.0 / 7, 0 };
    check_distribution(sampling, logits, two, 5);
}

static void min_p_compares_with_the_best(void **state)
{
    (void)state;
    float logits[5];
    share_logits(logits);
    struct sampling sampling = everything();
    sampling.min_p = 0.3f; /* of 0.4 is 0.12 */
    const double three[] = { 0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85 };
    check_distribution(sampling, logits, three, 5);
    sampling.min_p = 1;
    const double one[] = { 0, 1, 0, 0, 0 };
    check_distribution(sampling, logits, one, 5);
}

static void filters_come_before_the_temperature(void **state)
{
    (void)state;
    float logits[5];
    share_logits(logits);
    struct sampling sampling = everything();
    sampling.temperature = 50; /* after it, a top-p of 0.6 would need three or more */
    sampling.top_p = 0.6f;
    struct sampler *sampler = open_sampler(sampling, 5);
    for (int i = 0; i < 2000; i++) {
        const uint32_t token = sampler_choose(sampler, logits);
        assert_true(token == 1 || token == 3);
    }
    sampler_close(sampler);
}

static void of_equal_logits_a_filter_keeps_the_lower_ids(void **state)
{
    (void)state;
    float *logits = calloc(5000, sizeof *logits);
    assert_non_null(logits);
    for (int by_mass = 0; by_mass < 2; by_mass++) {
        struct sampling sampling = everything();
        sampling.top_k = by_mass ? 0 : 10;
        sampling.top_p = by_mass ? 0.00195f : 1; /* of 5,000 equal ones: 9.75 */
        struct sampler *sampler = open_sampler(sampling, 5000);
        unsigned seen = 0;
        for (int i = 0; i < 1000; i++) {
            const uint32_t token = sampler_choose(sampler, logits);
            assert_in_range(token, 0, 9);
            seen |= 1u << token;
        }
        assert_int_equal(seen, 1023);
        sampler_close(sampler);
    }
    free(logits);
}

static int compare_falling(const void *a, const void *b)
{
    const float left = *(const float *)a, right = *(const float *)b;
    return (left < right) - (left > right);
}

/* What may be drawn from a large vocabulary, found again by sorting all of it. */
static void a_large_vocabulary_is_cut_as_a_full_sort_would(void **state)
{
    (void)state;
    const size_t count = 50001;
    const uint32_t keep[] = { 1, 40, 300, 391, 392, 20000, 50000 };
    float *logits = noise(count, 99), *sorted = noise(count, 99);
    qsort(sorted, count, sizeof *sorted, compare_falling);
    double all = 0;
    for (size_t i = 0; i < count; i++)
        all += exp((double)sorted[i]);
    for (size_t k = 0; k < LENGTH(keep); k++) {
        double mass = 0;
        for (size_t i = 0; i < keep[k]; i++)
            mass += exp((double)sorted[i]);
        struct sampling by_count = everything(), by_mass = everything();
        by_count.temperature = by_mass.temperature =
            100; /* so that the worst that is left is drawn as often as others */
        by_count.top_k = keep[k];
        by_mass.top_p = (float)(mass / all);
        struct sampler *counting = open_sampler(by_count, count), *weighing = open_sampler(by_mass, count);
        for (int i = 0; i < 100; i++) {
            assert_true(logits[sampler_choose(counting, logits)] >= sorted[keep[k] - 1]);
            /* top_p is a float: it may be off by some tokens among thousands */
            const size_t last = size_min(keep[k] + keep[k] / 100, count - 1);
            assert_true(logits[sampler_choose(weighing, logits)] >= sorted[last]);
        }
        sampler_close(counting);
        sampler_close(weighing);
    }
    free(logits);
    free(sorted);
}

static void the_same_seed_gives_the_same_tokens_and_another_seed_others(void **state)
{
    (void)state;
    float *logits = noise(1000, 3);
    struct sampling sampling = everything();
    struct sampler *first = open_sampler(sampling, 1000), *second = open_sampler(sampling, 1000);
    sampling.seed = 2;
    struct sampler *other = open_sampler(sampling, 1000);
    int differ = 0;
    for (int i = 0; i < 200; i++) {
        const uint32_t token = sampler_choose(first, logits);
        assert_int_equal(sampler_choose(second, logits), token);
        differ += sampler_choose(other, logits) != token;
    }
    assert_true(differ > 100);
    sampler_close(first);
    sampler_close(second);
    sampler_close(other);
    free(logits);
}

static void penalties_change_which_token_leads(void **state)
{
    (void)state;
    const float logits[] = { 2.0f, 1.5f, -1.0f, -1.2f };
    struct sampling sampling = everything();
    sampling.temperature = 0;
    sampling.penalty_window = 8;
    sampling.repeat_penalty = 1.3f; /* 2 / 1.3 is still above 1.5, once or twice */
    struct sampler *sampler = open_sampler(sampling, 4);
    sampler_accept(sampler, 0);
    sampler_accept(sampler, 0);
    assert_int_equal(sampler_choose(sampler, logits), 0);
    sampler_close(sampler);
    sampling.repeat_penalty = 1.4f; /* 2 / 1.4 is not */
    sampler = open_sampler(sampling, 4);
    sampler_accept(sampler, 0);
    assert_int_equal(sampler_choose(sampler, logits), 1);
    sampler_close(sampler);
}

static void a_repeat_penalty_lowers_negative_logits_too(void **state)
{
    (void)state;
    const float logits[] = { -1.0f, -1.2f };
    struct sampling sampling = everything();
    sampling.temperature = 0;
    sampling.penalty_window = 8;
    sampling.repeat_penalty = 1.5f;
    struct sampler *sampler = open_sampler(sampling, 2);
    sampler_accept(sampler, 0);
    assert_int_equal(sampler_choose(sampler, logits), 1);
    sampler_close(sampler);
}

static void frequency_grows_with_each_use_and_presence_does_not(void **state)
{
    (void)state;
    const float logits[] = { 2.0f, 1.5f };
    struct sampling frequency = everything(), presence = everything();
    frequency.temperature = presence.temperature = 0;
    frequency.penalty_window = presence.penalty_window = 8;
    frequency.frequency_penalty = presence.presence_penalty = 0.2f;
    struct sampler *counting = open_sampler(frequency, 2), *once = open_sampler(presence, 2);
    const uint32_t expected[] = { 0, 0, 1, 1 }; /* 1.8, 1.6, 1.4, 1.2 against 1.5 */
    for (size_t i = 0; i < LENGTH(expected); i++) {
        sampler_accept(counting, 0);
        sampler_accept(once, 0);
        assert_int_equal(sampler_choose(counting, logits), expected[i]);
        assert_int_equal(sampler_choose(once, logits), 0);
    }
    sampler_close(counting);
    sampler_close(once);
}

static void penalties_forget_what_left_the_window(void **state)
{
    (void)state;
    const float logits[] = { 2.0f, 1.5f, 0, 0 };
    struct sampling sampling = everything();
    sampling.temperature = 0;
    sampling.penalty_window = 3;
    sampling.presence_penalty = 1;
    struct sampler *sampler = open_sampler(sampling, 4);
    const uint32_t history[] = { 0, 2, 3, 2, 0, 0, 3, 2, 3 }, expected[] = { 1, 1, 1, 0, 1, 1, 1, 1, 0 };
    for (size_t i = 0; i < LENGTH(history); i++) {
        sampler_accept(sampler, history[i]);
        assert_int_equal(sampler_choose(sampler, logits), expected[i]);
    }
    sampler_close(sampler);
}

static void tokens_outside_the_vocabulary_are_not_remembered(void **state)
{
    (void)state;
    const float logits[] = { 1, 2 };
    struct sampling sampling = everything();
    sampling.temperature = 0;
    sampling.penalty_window = 4;
    sampling.presence_penalty = 5;
    struct sampler *sampler = open_sampler(sampling, 2);
    sampler_accept(sampler, 2);
    sampler_accept(sampler, TOKEN_NONE);
    assert_int_equal(sampler_choose(sampler, logits), 1);
    sampler_close(sampler);
}

static void values_out_of_range_are_refused_by_name(void **state)
{
    (void)state;
    const struct {
        const char *name;
        struct sampling sampling;
    } cases[] = {
        { "temperature", { .temperature = -1, .top_p = 1, .repeat_penalty = 1 } },
        { "temperature", { .temperature = NAN, .top_p = 1, .repeat_penalty = 1 } },
        { "temperature", { .temperature = INFINITY, .top_p = 1, .repeat_penalty = 1 } },
        { "top_p", { .top_p = 1.01f, .repeat_penalty = 1 } },
        { "top_p", { .top_p = NAN, .repeat_penalty = 1 } },
        { "min_p", { .top_p = 1, .min_p = -0.1f, .repeat_penalty = 1 } },
        { "repeat_penalty", { .top_p = 1, .repeat_penalty = 0 } },
        { "presence_penalty", { .top_p = 1, .repeat_penalty = 1, .presence_penalty = 1e9f } },
        { "frequency_penalty", { .top_p = 1, .repeat_penalty = 1, .frequency_penalty = NAN } },
        { "penalty_window", { .top_p = 1, .repeat_penalty = 1, .penalty_window = UINT32_MAX } },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct error error = { 0 };
        struct sampler *sampler = NULL;
        assert_false(sampler_open(&cases[i].sampling, 10, &sampler, &error));
        assert_null(sampler);
        assert_int_equal(error.kind, ERROR_WRONG_USE);
        assert_memory_equal(error.text, cases[i].name, span_text(cases[i].name).bytes);
    }
    const struct sampling good = sampling_default();
    assert_true(sampling_check(&good, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_takes_the_largest_and_of_equals_the_first),
        cmocka_unit_test(greedy_finds_the_largest_at_every_place),
        cmocka_unit_test(nothing_but_nan_or_minus_infinity_gives_token_zero),
        cmocka_unit_test(the_only_possible_token_is_taken_whatever_the_settings),
        cmocka_unit_test(draws_follow_the_probabilities),
        cmocka_unit_test(temperature_flattens_and_sharpens),
        cmocka_unit_test(top_k_leaves_k),
        cmocka_unit_test(top_p_leaves_the_fewest_that_reach_it),
        cmocka_unit_test(top_p_counts_what_top_k_left),
        cmocka_unit_test(min_p_compares_with_the_best),
        cmocka_unit_test(filters_come_before_the_temperature),
        cmocka_unit_test(of_equal_logits_a_filter_keeps_the_lower_ids),
        cmocka_unit_test(a_large_vocabulary_is_cut_as_a_full_sort_would),
        cmocka_unit_test(the_same_seed_gives_the_same_tokens_and_another_seed_others),
        cmocka_unit_test(penalties_change_which_token_leads),
        cmocka_unit_test(a_repeat_penalty_lowers_negative_logits_too),
        cmocka_unit_test(frequency_grows_with_each_use_and_presence_does_not),
        cmocka_unit_test(penalties_forget_what_left_the_window),
        cmocka_unit_test(tokens_outside_the_vocabulary_are_not_remembered),
        cmocka_unit_test(values_out_of_range_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

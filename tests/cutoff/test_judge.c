/* What two runs say: never "survives" where somebody would have noticed. */
#include "check.h"
#include "cutoff/judge.h"

static struct cutoff_tried refused = { "gone.test", "", 0, "dns", NULL, false, "cut", 1 };

/* Two runs that did the same, with something refused in the first. */
static struct cutoff_result same(void)
{
    struct cutoff_result result = { 0 };
    for (int i = 0; i < 2; i++)
        result.runs[i] = (struct cutoff_run){ .cut = i == 0, .seconds = 1 };
    result.runs[0].tried = &refused;
    result.runs[0].tried_count = 1;
    return result;
}

static void check(struct cutoff_result result, enum cutoff_verdict verdict, const char *reason)
{
    struct arena arena = { 0 };
    struct error error = { 0 };
    assert_true(judge(&result, &arena, &error));
    assert_int_equal(result.verdict, verdict);
    assert_true(result.reason_count > 0);
    assert_contains(result.reasons[result.reason_count - 1], reason);
    arena_free(&arena);
}

static void the_same_survives(void **state)
{
    (void)state;
    check(same(), CUTOFF_SURVIVES, "same status");
}

static void differences_degrade(void **state)
{
    (void)state;
    struct cutoff_result result = same();
    result.runs[0].out.words = 1;
    check(result, CUTOFF_DEGRADES, "standard output differs");
    result = same();
    result.runs[0].out.exact = 1;
    check(result, CUTOFF_DEGRADES, "numbers");
    result = same();
    result.runs[0].err.words = 1;
    check(result, CUTOFF_DEGRADES, "standard error differs");
    result = same();
    result.runs[0].seconds = 4.1;
    check(result, CUTOFF_DEGRADES, "4.1 s instead of 1.0 s");
}

static void times_in_errors_and_small_delays_are_no_difference(void **state)
{
    (void)state;
    struct cutoff_result result = same();
    result.runs[0].err.exact = 1;
    result.runs[0].seconds = 3.9;
    check(result, CUTOFF_SURVIVES, "same status");
}

static void another_status_or_a_time_that_is_over_stops(void **state)
{
    (void)state;
    struct cutoff_result result = same();
    result.runs[0].status = 6;
    check(result, CUTOFF_STOPS, "ended with status 6");
    result = same();
    result.runs[0].status = 137;
    result.runs[0].timed_out = true;
    check(result, CUTOFF_STOPS, "was killed");
}

static void what_was_not_refused_is_not_the_cuts_doing(void **state)
{
    (void)state;
    struct cutoff_result result = same();
    result.runs[0].tried_count = 0;
    result.runs[0].out.words = 1;
    check(result, CUTOFF_SURVIVES, "nothing that it tried");
}

static void what_fails_anyway_is_unclear(void **state)
{
    (void)state;
    struct cutoff_result result = same();
    result.runs[0].status = result.runs[1].status = 6;
    check(result, CUTOFF_UNCLEAR, "status 6");
}

static void a_service_that_runs_until_its_time_is_over_can_survive(void **state)
{
    (void)state;
    struct cutoff_result result = same();
    for (int i = 0; i < 2; i++) {
        result.runs[i].status = 137;
        result.runs[i].timed_out = true;
    }
    check(result, CUTOFF_SURVIVES, "same status");
}

int main(void)
{
    RUN_TESTS(TEST(the_same_survives), TEST(differences_degrade),
              TEST(times_in_errors_and_small_delays_are_no_difference),
              TEST(another_status_or_a_time_that_is_over_stops), TEST(what_was_not_refused_is_not_the_cuts_doing),
              TEST(what_fails_anyway_is_unclear), TEST(a_service_that_runs_until_its_time_is_over_can_survive));
}

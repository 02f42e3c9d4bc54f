/* test_results.c: what a report comes to: dependencies, parties with their shares, the way out, the sentence. */
#include "check.h"

#include "audit/sample.h"

struct summed {
    struct report report;
    struct summary summary;
    struct arena arena;
};

static void sum_up(struct summed *summed)
{
    struct error error = { 0 };
    summed->arena = (struct arena){ 0 };
    assert_done(summary_make(&summed->report, &summed->arena, &summed->summary, &error), &error);
}

static void let_go(struct summed *summed)
{
    arena_free(&summed->arena);
    arena_free(&summed->report.arena);
}

static const char *headline(struct summed *summed)
{
    struct error error = { 0 };
    struct buffer text = { .limit = 1024 };
    assert_done(summary_headline(&summed->summary, &text, &error), &error);
    const char *kept = arena_text(&summed->arena, buffer_span(&text));
    buffer_free(&text);
    return kept;
}

static void findings_of_a_service_are_one_dependency(void **state)
{
    (void)state;
    struct summed summed;
    sample_report(&summed.report, 40);
    sum_up(&summed);
    assert_int_equal(summed.summary.dependency_count, 44);
    assert_int_equal(summed.summary.unknown, 4);
    size_t findings = 0;
    for (size_t i = 0; i < summed.summary.dependency_count; i++)
        findings += summed.summary.dependencies[i].finding_count;
    assert_int_equal(findings, summed.report.finding_count);
    let_go(&summed);
}

static void shares_are_weighted_by_level(void **state)
{
    (void)state;
    struct summed summed;
    sample_report(&summed.report, 3); /* 9 + 3 of one owner, 3 of another */
    sum_up(&summed);
    const struct parties *owners = &summed.summary.owners;
    assert_int_equal(owners->count, 2);
    assert_string_equal(owners->rows[0].name, "Great River, Inc.");
    assert_true(owners->rows[0].share > 0.799 && owners->rows[0].share < 0.801);
    assert_true(owners->index > 6799 && owners->index < 6801);
    assert_int_equal(owners->rows[0].cuts[CUT_STOPS], 1);
    let_go(&summed);
}

static void the_union_is_one_jurisdiction(void **state)
{
    (void)state;
    struct summed summed;
    sample_report(&summed.report, 12);
    sum_up(&summed);
    assert_int_equal(summed.summary.countries.count, 5); /* US, FR, DE, CN and the unknown */
    assert_int_equal(summed.summary.jurisdictions.count, 4);
    assert_null(summed.summary.jurisdictions.rows[3].name);
    let_go(&summed);
}

static void what_is_under_union_law_need_not_be_left(void **state)
{
    (void)state;
    struct summed summed;
    sample_report(&summed.report, 40);
    sum_up(&summed);
    assert_true(summed.summary.step_count > 5);
    for (size_t i = 0; i < summed.summary.step_count; i++) {
        const struct step *step = &summed.summary.plan[i];
        assert_true(step->dependency->outside);
        assert_int_not_equal(step->dependency->level, LEVEL_NOTE);
        if (i && step->work > 0)
            assert_true(step->risk / step->work <= step[-1].risk / step[-1].work);
    }
    assert_int_equal(summed.summary.plan[0].horizon, 30);
    let_go(&summed);
}

static void the_sentence_says_whose_law_and_what_stops(void **state)
{
    (void)state;
    struct summed summed;
    sample_report(&summed.report, 40);
    sum_up(&summed);
    assert_string_equal(headline(&summed), "11 of 20 providers are under the law of the United States; if Great River "
                                           "goes, 2 things stop at once.");
    let_go(&summed);
    sample_report(&summed.report, 0);
    sum_up(&summed);
    assert_string_equal(headline(&summed), "No third party was found.");
    let_go(&summed);
}

static void the_same_report_gives_the_same_bytes(void **state)
{
    (void)state;
    char *first = NULL, *again = NULL;
    size_t first_bytes, again_bytes;
    struct error error = { 0 };
    for (const char *const *form = result_forms(); *form; form++) {
        struct report report;
        FILE *one = open_memstream(&first, &first_bytes), *two = open_memstream(&again, &again_bytes);
        sample_report(&report, 40);
        assert_done(result_write(&report, *form, one, &error), &error);
        arena_free(&report.arena);
        sample_report(&report, 40);
        assert_done(result_write(&report, *form, two, &error), &error);
        arena_free(&report.arena);
        fclose(one);
        fclose(two);
        assert_int_equal(first_bytes, again_bytes);
        assert_memory_equal(first, again, first_bytes);
        free(first);
        free(again);
    }
}

static void a_form_that_is_none_is_wrong_use(void **state)
{
    (void)state;
    struct report report;
    struct error error = { 0 };
    sample_report(&report, 1);
    assert_false(result_write(&report, "docx", stdout, &error));
    assert_int_equal(error.kind, ERROR_WRONG_USE);
    assert_contains(error.text, "docx");
    arena_free(&report.arena);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct report report;
    struct error error = { 0 };
    FILE *full = fopen("/dev/full", "w");
    sample_report(&report, 40);
    assert_false(result_write(&report, "json", full, &error));
    assert_contains(error.text, "write");
    fclose(full);
    arena_free(&report.arena);
}

int main(void)
{
    RUN_TESTS(TEST(findings_of_a_service_are_one_dependency), TEST(shares_are_weighted_by_level),
              TEST(the_union_is_one_jurisdiction), TEST(what_is_under_union_law_need_not_be_left),
              TEST(the_sentence_says_whose_law_and_what_stops), TEST(the_same_report_gives_the_same_bytes),
              TEST(a_form_that_is_none_is_wrong_use), TEST(a_full_disk_is_told));
}

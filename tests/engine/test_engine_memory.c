/* Promises about memory: none is taken while tokens are generated within a page, and wherever it runs out, the call
 * says so, leaves nothing behind and leaves the sequences as they were. */
#include "allocations.h"
#include "engine/rig.h"

static struct rig open_any(const char *name)
{
    struct rig rig = rig_open(name, "scalar", 2);
    rig.random = random_start(name);
    return rig;
}

/* ---- generating -------------------------------------------------------------------------------------------------- */

static void generating_within_a_page_allocates_nothing(void **state)
{
    (void)state;
    const char *const names[] = { "llama", "llama-q4_k", "gemma3-q4_1" };
    for (size_t i = 0; i < LENGTH(names); i++) {
        struct rig rig = open_any(names[i]);
        struct talk talk = talk_open(&rig, 96);
        struct sequence *sequence = rig_sequence(&rig);
        run_more(&rig, sequence, &talk, 33); /* the first token of a page, which is made here */
        fail_at(0);
        while (sequence_length(sequence) < 64)
            run_more(&rig, sequence, &talk, 1);
        assert_int_equal(allocations.calls, 0);
        run_more(&rig, sequence, &talk, 1);
        assert_int_equal(allocations.calls, 1); /* the next page; the counter counts */
        sequence_close(sequence);
        talk_close(&talk);
        rig_close(&rig);
    }
}

/* ---- running out ------------------------------------------------------------------------------------------------- */

/* Opens with one call failing; false once there was no such call any more. */
static bool open_short_of_memory(const char *name, size_t call)
{
    struct rig rig;
    struct error error = { 0 };
    fail_at(call);
    const bool opened = rig_try(name, "scalar", 2, &rig, &error);
    const bool failed = allocations.failed > 0;
    fail_at(0);
    rig_close(&rig);
    assert_true(opened == !failed);
    if (failed) {
        assert_int_equal(error.kind, ERROR_COULD_NOT);
        assert_contains(error.text, "memory");
    }
    return failed;
}

static void opening_survives_each_allocation_that_fails(void **state)
{
    (void)state;
    const char *const names[] = { "llama-ropefreqs", "gemma3" };
    for (size_t i = 0; i < LENGTH(names); i++) {
        size_t call = 1;
        while (open_short_of_memory(names[i], call))
            call++;
        print_message("%s: %zu allocations\n", names[i], call - 1);
        assert_true(call > 10);
    }
}

static void opening_a_sequence_or_a_fork_survives_it(void **state)
{
    (void)state;
    struct rig rig = open_any("gemma3");
    struct talk talk = talk_open(&rig, 50);
    struct sequence *sequence = rig_sequence(&rig);
    run_more(&rig, sequence, &talk, 40);
    for (size_t call = 1; call <= 2; call++) {
        struct sequence *none = NULL;
        struct error error = { 0 };
        fail_at(call);
        assert_false(sequence_open(rig.model, &none, &error));
        assert_contains(error.text, "out of memory");
        fail_at(call);
        assert_false(sequence_fork(sequence, &none, &error));
        assert_null(none);
        fail_at(0);
    }
    run_more(&rig, sequence, &talk, 10);
    sequence_close(sequence);
    talk_close(&talk);
    rig_close(&rig);
}

/* Two sequences that need three pages together, one of them also a copy, and more rows of logits than before. */
static size_t run_short_of_memory(struct rig *rig, const struct talk *talk, const struct talk *other, size_t call)
{
    struct sequence *sequence = rig_sequence(rig), *second = rig_sequence(rig);
    run_more(rig, sequence, talk, 20);
    run_more(rig, second, other, 30);
    struct sequence *fork = rig_fork(sequence);
    struct engine *engine;
    struct error error = { 0 };
    assert_done(engine_open(rig->model, rig->pool, RIG_BATCH, &engine, &error), &error);
    struct batch_token tokens[60];
    for (size_t i = 0; i < LENGTH(tokens); i++)
        tokens[i] = i < 40 ? (struct batch_token){ sequence, talk->ids[20 + i], true }
                           : (struct batch_token){ second, other->ids[30 + i - 40], true };
    const float *logits;
    fail_at(call);
    const bool done = engine_run(engine, tokens, LENGTH(tokens), &logits, &error);
    const size_t failed = allocations.failed;
    fail_at(0);
    assert_true(done == (failed == 0));
    assert_true(done || (error.kind == ERROR_COULD_NOT && strstr(error.text, "out of memory")));
    assert_int_equal(sequence_length(sequence), done ? 60 : 20);
    assert_int_equal(sequence_length(second), done ? 50 : 30);
    run_more(rig, sequence, talk, 10);
    run_more(rig, second, other, 10);
    run_more(rig, fork, talk, 20);
    sequence_close(sequence);
    sequence_close(second);
    sequence_close(fork);
    engine_close(engine);
    return failed;
}

static void a_batch_that_runs_out_of_memory_leaves_its_sequences_as_they_were(void **state)
{
    (void)state;
    struct rig rig = open_any("llama");
    struct talk talk = talk_open(&rig, 80), other = talk_open(&rig, 80);
    size_t failures = 0;
    while (run_short_of_memory(&rig, &talk, &other, failures + 1))
        failures++;
    assert_int_equal(failures, 4); /* the copy, a page for each, the logits */
    talk_close(&talk);
    talk_close(&other);
    rig_close(&rig);
}

static void logits_that_do_not_fit_are_refused_before_they_are_written(void **state)
{
    (void)state;
    struct rig rig = open_any("llama");
    struct talk talk = talk_open(&rig, 40);
    struct sequence *sequence = rig_sequence(&rig);
    struct batch_token tokens[40];
    const float *rows;
    struct error error = { 0 };
    for (size_t i = 0; i < LENGTH(tokens); i++)
        tokens[i] = (struct batch_token){ sequence, talk.ids[i], true };
    setenv("BASTIDE_MEMORY", "39k", 1); /* a row is 1 KiB */
    assert_false(engine_run(rig.engine, tokens, LENGTH(tokens), &rows, &error));
    assert_contains(error.text, "not enough memory for the logits of 40 tokens at a time: use a smaller --batch");
    assert_int_equal(sequence_length(sequence), 0);
    run_more(&rig, sequence, &talk, 39);
    unsetenv("BASTIDE_MEMORY");
    run_more(&rig, sequence, &talk, 1);
    sequence_close(sequence);
    talk_close(&talk);
    rig_close(&rig);
}

static void states_take_no_memory_for_logits(void **state)
{
    (void)state;
    struct rig rig = open_any("gemma3");
    struct sequence *sequence = rig_sequence(&rig);
    const struct batch_token tokens[] = { { sequence, 1, true }, { sequence, 2, true } };
    const float *states;
    struct error error = { 0 };
    fail_at(0);
    assert_done(engine_run_states(rig.engine, tokens, LENGTH(tokens), &states, &error), &error);
    assert_int_equal(allocations.calls, 1); /* a page */
    sequence_close(sequence);
    rig_close(&rig);
}

int main(void)
{
    RUN_TESTS(TEST(generating_within_a_page_allocates_nothing), TEST(opening_survives_each_allocation_that_fails),
              TEST(opening_a_sequence_or_a_fork_survives_it),
              TEST(logits_that_do_not_fit_are_refused_before_they_are_written), TEST(states_take_no_memory_for_logits),
              TEST(a_batch_that_runs_out_of_memory_leaves_its_sequences_as_they_were));
}

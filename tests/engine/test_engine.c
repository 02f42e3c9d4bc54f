/* Promises of engine_run: what a token gets depends on its sequence alone, to the bit, on every instruction set and
 * with any number of threads; and a batch that fails leaves all sequences as they were. */
#include "engine/rig.h"

static const char *const models[] = { "llama", "llama-q4_k", "gemma3-linear", "gemma3-q4_1" };

/* Runs a check with each model, instruction set and number of threads that there is; under a sanitizer with the
 * quantised models and two threads. */
static void for_each_rig(const char *name, void (*check)(struct rig *rig))
{
    struct random random = random_start(name);
    struct kernels kernels;
    for (size_t level = 0; kernels_level(level, &kernels); level++)
        for (size_t model = CHECK_IS_WATCHED; model < LENGTH(models); model += 1 + CHECK_IS_WATCHED)
            for (unsigned threads = 1 + CHECK_IS_WATCHED; threads <= 3 - CHECK_IS_WATCHED; threads++) {
                struct rig rig = rig_open(models[model], kernels.name, threads);
                rig.random = random;
                assert_string_equal(model_facts(rig.model).kernels, kernels.name);
                check(&rig);
                random.state = rig.random.state;
                rig_close(&rig);
            }
}

/* ---- one sequence ------------------------------------------------------------------------------------------------ */

static void check_pieces(struct rig *rig)
{
    struct talk talk = talk_open(rig, RIG_BATCH);
    const size_t pieces[] = { 2, 31, 32, 33, 64, RIG_BATCH, 0 }; /* 0: another size for each */
    for (size_t i = 0; i < LENGTH(pieces); i++) {
        struct sequence *sequence = rig_sequence(rig);
        while (sequence_length(sequence) < talk.count) {
            const size_t piece = pieces[i] ? pieces[i] : random_in(&rig->random, 1, 50);
            run_more(rig, sequence, &talk, size_min(piece, talk.count - sequence_length(sequence)));
        }
        sequence_close(sequence);
    }
    talk_close(&talk);
}

static void a_prompt_gives_the_same_bits_in_pieces_of_any_size(void **state)
{
    (void)state;
    for_each_rig(__func__, check_pieces);
}

static void check_cut(struct rig *rig)
{
    const size_t lengths[] = { 95, 64, 33, 0 };
    struct talk first = talk_open(rig, 100);
    struct sequence *sequence = rig_sequence(rig);
    struct error error = { 0 };
    run_more(rig, sequence, &first, first.count);
    assert_false(sequence_cut(sequence, first.count + 1, &error));
    assert_int_equal(error.kind, ERROR_WRONG_USE);
    assert_int_equal(sequence_length(sequence), first.count);
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        struct talk other = talk_after(rig, &first, lengths[i], lengths[i] + 35);
        assert_true(sequence_cut(sequence, lengths[i], &error));
        assert_int_equal(sequence_length(sequence), lengths[i]);
        assert_int_equal(sequence_room(sequence), RIG_CONTEXT - lengths[i]);
        run_more(rig, sequence, &other, 35);
        talk_close(&other);
        assert_true(sequence_cut(sequence, lengths[i], &error));
        run_more(rig, sequence, &first, first.count - lengths[i]);
    }
    sequence_close(sequence);
    talk_close(&first);
}

static void a_sequence_that_was_cut_has_forgotten_what_was_cut_off(void **state)
{
    (void)state;
    for_each_rig(__func__, check_cut);
}

/* ---- several sequences ------------------------------------------------------------------------------------------- */

enum { TALKS = 4 };

/* Adds a few tokens of one talk, of which some want logits; false if there is nothing left to add. */
static bool add_some(struct rig *rig, struct mix *mix, struct sequence *sequence, const struct talk *talk, size_t *next)
{
    const size_t most = size_min(talk->count - *next, RIG_BATCH - mix->count);
    const size_t count = most > 0 ? random_in(&rig->random, 1, size_min(most, 40)) : 0;
    const size_t one_in = random_in(&rig->random, 1, 4);
    for (size_t i = 0; i < count; i++)
        mix_add(mix, sequence, talk, (*next)++, random_in(&rig->random, 1, one_in) == 1);
    return count > 0;
}

/* Batches of runs in random order: a sequence often comes twice, with others between. */
static void check_interleaved(struct rig *rig)
{
    const size_t lengths[TALKS] = { RIG_CONTEXT, 1, 33, 64 };
    struct talk talks[TALKS];
    struct sequence *sequences[TALKS];
    size_t next[TALKS] = { 0 };
    for (size_t i = 0; i < TALKS; i++) {
        talks[i] = talk_open(rig, lengths[i]);
        sequences[i] = rig_sequence(rig);
    }
    struct mix mix = { 0 };
    for (size_t quiet = 0; quiet < 20;) {
        const size_t i = random_in(&rig->random, 0, TALKS - 1);
        quiet = add_some(rig, &mix, sequences[i], &talks[i], &next[i]) ? 0 : quiet + 1;
        if (mix.count > 0 && (quiet == 20 || random_in(&rig->random, 0, 4) == 0))
            mix_run(rig, &mix);
    }
    for (size_t i = 0; i < TALKS; i++) {
        run_more(rig, sequences[i], &talks[i], talks[i].count - next[i]);
        assert_int_equal(sequence_length(sequences[i]), lengths[i]);
        sequence_close(sequences[i]);
        talk_close(&talks[i]);
    }
}

static void sequences_in_one_batch_do_not_know_of_each_other(void **state)
{
    (void)state;
    for_each_rig(__func__, check_interleaved);
}

/* Token by token in turns, which makes each token a run of its own. */
static void check_alternating(struct rig *rig)
{
    struct talk talks[2] = { talk_open(rig, RIG_BATCH / 2), talk_open(rig, RIG_BATCH / 2) };
    struct sequence *sequences[2] = { rig_sequence(rig), rig_sequence(rig) };
    struct mix mix = { 0 };
    for (size_t i = 0; i < RIG_BATCH; i++)
        mix_add(&mix, sequences[i % 2], &talks[i % 2], i / 2, i % 3 != 0);
    mix_run(rig, &mix);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sequence_length(sequences[i]), RIG_BATCH / 2);
        sequence_close(sequences[i]);
        talk_close(&talks[i]);
    }
}

static void a_sequence_may_come_back_in_a_batch_any_number_of_times(void **state)
{
    (void)state;
    for_each_rig(__func__, check_alternating);
}

/* ---- forks ------------------------------------------------------------------------------------------------------- */

static void check_fork_at(struct rig *rig, size_t shared)
{
    struct talk before = talk_open(rig, shared + 12), after = talk_after(rig, &before, shared, shared + 12);
    struct talk last = talk_after(rig, &after, shared + 1, shared + 12);
    struct sequence *parent = rig_sequence(rig);
    run_more(rig, parent, &before, shared);
    struct sequence *fork = rig_fork(parent);
    assert_int_equal(sequence_length(fork), shared);
    struct mix mix = { 0 };
    mix_add(&mix, parent, &before, shared, true);
    mix_add(&mix, fork, &after, shared, true);
    mix_add(&mix, parent, &before, shared + 1, true);
    mix_run(rig, &mix);
    struct sequence *grandchild = rig_fork(fork);
    run_more(rig, parent, &before, 10);
    sequence_close(parent);
    run_more(rig, fork, &after, 11);
    run_more(rig, grandchild, &last, 11);
    sequence_close(fork);
    sequence_close(grandchild);
    talk_close(&before);
    talk_close(&after);
    talk_close(&last);
}

static void check_forks(struct rig *rig)
{
    const size_t shared[] = { 0, 31, 32, 33 };
    for (size_t i = 0; i < LENGTH(shared); i++)
        check_fork_at(rig, shared[i]);
}

static void forks_share_a_beginning_and_nothing_else(void **state)
{
    (void)state;
    for_each_rig(__func__, check_forks);
}

/* The pages that a batch took before it failed must not be shared: both would write into them. */
static void check_fork_after_failure(struct rig *rig)
{
    struct talk talk = talk_open(rig, 54), other = talk_after(rig, &talk, 32, 54),
                long_one = talk_open(rig, RIG_CONTEXT);
    struct sequence *sequence = rig_sequence(rig), *full = rig_sequence(rig);
    struct error error = { 0 };
    const float *logits;
    run_more(rig, sequence, &talk, 32);
    run_more(rig, full, &long_one, RIG_BATCH);
    run_more(rig, full, &long_one, RIG_CONTEXT - RIG_BATCH);
    const struct batch_token tokens[] = { { sequence, talk.ids[32], true }, { full, 0, true } };
    assert_false(engine_run(rig->engine, tokens, LENGTH(tokens), &logits, &error));
    assert_int_equal(sequence_length(sequence), 32);
    struct sequence *fork = rig_fork(sequence);
    run_more(rig, sequence, &talk, 20);
    run_more(rig, fork, &other, 20);
    run_more(rig, sequence, &talk, 2);
    run_more(rig, fork, &other, 2);
    sequence_close(sequence);
    sequence_close(full);
    sequence_close(fork);
    talk_close(&talk);
    talk_close(&other);
    talk_close(&long_one);
}

static void a_fork_after_a_failed_batch_is_no_different(void **state)
{
    (void)state;
    for_each_rig(__func__, check_fork_after_failure);
}

/* ---- failure ----------------------------------------------------------------------------------------------------- */

static void refuse(struct rig *rig, const struct batch_token *tokens, size_t count, enum error_kind kind,
                   const char *message)
{
    struct error error = { 0 };
    const float *rows = NULL;
    assert_false(engine_run(rig->engine, tokens, count, &rows, &error));
    assert_int_equal(error.kind, kind);
    assert_contains(error.text, message);
    assert_false(engine_run_states(rig->engine, tokens, count, &rows, &error));
    assert_int_equal(error.kind, kind);
}

static void check_failures(struct rig *rig)
{
    struct talk talk = talk_open(rig, RIG_CONTEXT);
    struct sequence *sequence = rig_sequence(rig), *other = rig_sequence(rig);
    const uint32_t beyond = (uint32_t)rig->vocabulary;
    struct batch_token many[RIG_BATCH + 1];
    for (size_t i = 0; i < LENGTH(many); i++)
        many[i] = (struct batch_token){ sequence, 1, true };
    run_more(rig, sequence, &talk, 40);
    refuse(rig, many, 0, ERROR_WRONG_USE, "a batch of 0 tokens: 1 to 100 are expected");
    refuse(rig, many, RIG_BATCH + 1, ERROR_WRONG_USE, "a batch of 101 tokens");
    refuse(rig, (struct batch_token[]){ { sequence, beyond, true } }, 1, ERROR_WRONG_USE, "id 256 is not below");
    refuse(rig, (struct batch_token[]){ { sequence, 0, true }, { other, UINT32_MAX, false } }, 2, ERROR_WRONG_USE,
           "token 1: id 4294967295 is not below");
    refuse(rig, many, RIG_CONTEXT - 40 + 1, ERROR_COULD_NOT, "the context is full: 40 tokens are there, 91 more");
    many[0].sequence = other;
    refuse(rig, many, RIG_CONTEXT - 40 + 2, ERROR_COULD_NOT, "the context is full");
    assert_int_equal(sequence_length(sequence), 40);
    assert_int_equal(sequence_length(other), 0);
    run_more(rig, sequence, &talk, RIG_CONTEXT - 40);
    run_more(rig, other, &talk, 50);
    assert_int_equal(sequence_room(sequence), 0);
    refuse(rig, (struct batch_token[]){ { sequence, 0, true } }, 1, ERROR_COULD_NOT, "the context is full");
    sequence_close(sequence);
    sequence_close(other);
    talk_close(&talk);
}

static void a_batch_that_fails_leaves_its_sequences_as_they_were(void **state)
{
    (void)state;
    for_each_rig(__func__, check_failures);
}

int main(void)
{
    RUN_TESTS(TEST(a_prompt_gives_the_same_bits_in_pieces_of_any_size),
              TEST(a_sequence_that_was_cut_has_forgotten_what_was_cut_off),
              TEST(sequences_in_one_batch_do_not_know_of_each_other),
              TEST(a_sequence_may_come_back_in_a_batch_any_number_of_times),
              TEST(forks_share_a_beginning_and_nothing_else), TEST(a_fork_after_a_failed_batch_is_no_different),
              TEST(a_batch_that_fails_leaves_its_sequences_as_they_were));
}

/* What generate does with an engine: which tokens it runs, what the transcript says, how an answer ends.
 * The engine is replaced by one that writes down what it was asked to run. Its model is simple: the next token after
 * t is t + 1, and token 99 ends an answer; token t reads as the letter 'a' + t % 26. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

enum { VOCABULARY = 100, LAST_TOKEN = 99, CONTEXT = 64, BATCH = 8 };

struct sequence {
    uint32_t tokens[CONTEXT];
    size_t length;
    bool can_not_go_back; /* like a recurrent state */
};

struct engine {
    size_t calls, tokens_run, logits_wanted, largest;
    size_t fails_at_call; /* 0: never */
    float logits[VOCABULARY];
};

struct model {
    int nothing;
};

struct model_facts model_facts(const struct model *model)
{
    (void)model;
    return (struct model_facts){ .vocabulary = VOCABULARY };
}

size_t sequence_length(const struct sequence *sequence)
{
    return sequence->length;
}

size_t sequence_room(const struct sequence *sequence)
{
    return CONTEXT - sequence->length;
}

bool sequence_cut(struct sequence *sequence, size_t length, struct error *error)
{
    if (sequence->can_not_go_back && length > 0 && length < sequence->length)
        return error_set(error, "it can't");
    sequence->length = length;
    return true;
}

bool engine_run(struct engine *engine, const struct batch_token *tokens, size_t count, const float **logits,
                struct error *error)
{
    assert_in_range(count, 1, BATCH);
    if (++engine->calls == engine->fails_at_call)
        return error_set(error, "it broke");
    engine->tokens_run += count;
    engine->largest = size_max(engine->largest, count);
    for (size_t i = 0; i < count; i++) {
        struct sequence *sequence = tokens[i].sequence;
        assert_true(sequence->length < CONTEXT);
        sequence->tokens[sequence->length++] = tokens[i].token;
        engine->logits_wanted += tokens[i].wants_logits;
        memset(engine->logits, 0, sizeof engine->logits);
        engine->logits[(tokens[i].token + 1) % VOCABULARY] = 1;
    }
    *logits = engine->logits;
    return true;
}

bool tokenizer_ends(const struct tokenizer *tokenizer, uint32_t id)
{
    (void)tokenizer;
    return id == LAST_TOKEN;
}

struct span tokenizer_piece(const struct tokenizer *tokenizer, uint32_t id, bool special, char scratch[256])
{
    (void)tokenizer, (void)special;
    scratch[0] = (char)('a' + id % 26);
    return span_of(scratch, 1);
}

size_t tokenizer_vocabulary(const struct tokenizer *tokenizer)
{
    (void)tokenizer;
    return VOCABULARY;
}

bool decoder_add(struct decoder *decoder, uint32_t id, struct buffer *out, struct error *error)
{
    (void)decoder;
    const char letter = (char)('a' + id % 26);
    return buffer_add(out, &letter, 1, error);
}

bool decoder_end(struct decoder *decoder, struct buffer *out, struct error *error)
{
    (void)decoder;
    (void)out;
    (void)error;
    return true;
}

bool tokens_add(struct tokens *tokens, uint32_t id, struct error *error)
{
    uint32_t *grown = realloc(tokens->ids, (tokens->count + 1) * sizeof *grown);
    if (!grown)
        return error_memory(error, 1);
    tokens->ids = grown;
    tokens->ids[tokens->count++] = id;
    return true;
}

/* One test's world. */
struct fixture {
    struct model model;
    struct sequence sequence;
    struct engine engine;
    struct transcript transcript;
    struct generation generation;
    struct generated generated;
    struct buffer text;
    size_t asked, stop_after; /* stop when asked that often; 0: never */
    struct error error;
};

static bool collect(void *context, struct span text, struct error *error)
{
    struct fixture *fixture = context;
    assert_true(text.bytes > 0);
    return buffer_add(&fixture->text, text.data, text.bytes, error);
}

static bool stop_after(void *context)
{
    struct fixture *fixture = context;
    return ++fixture->asked == fixture->stop_after;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    fixture->transcript.sequence = &fixture->sequence;
    fixture->text.limit = 1000;
    fixture->generation = (struct generation){
        .model = &fixture->model,
        .engine = &fixture->engine,
        .batch = BATCH,
        .wishes.sampling = { .temperature = 0, .top_p = 1, .repeat_penalty = 1 },
        .text = collect,
        .stop = stop_after,
        .context = fixture,
    };
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    buffer_free(&fixture->text);
    free(fixture->transcript.tokens.ids);
    free(fixture);
    return 0;
}

static bool generate_from(struct fixture *fixture, const uint32_t *ids, size_t count)
{
    const struct tokens prompt = { .ids = (uint32_t *)(uintptr_t)ids, .count = count };
    fixture->text.length = 0;
    const bool done = generate(&fixture->generation, &prompt, &fixture->transcript, &fixture->generated,
                               &fixture->error);
    assert_int_equal(fixture->transcript.tokens.count, fixture->sequence.length);
    for (size_t i = 0; i < fixture->sequence.length; i++)
        assert_int_equal(fixture->transcript.tokens.ids[i], fixture->sequence.tokens[i]);
    return done;
}

static const uint32_t counting[CONTEXT] = {
    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
};

static void a_prompt_goes_in_pieces_and_wants_logits_once(void **state)
{
    struct fixture *fixture = *state;
    fixture->generation.wishes.most_tokens = 1;
    assert_true(generate_from(fixture, counting, 20));
    assert_int_equal(fixture->engine.calls, 3);
    assert_int_equal(fixture->engine.largest, BATCH);
    assert_int_equal(fixture->engine.logits_wanted, 1);
    assert_int_equal(fixture->generated.prompt_tokens, 20);
    assert_int_equal(fixture->generated.tokens, 1);
    assert_int_equal(fixture->generated.end, ANSWER_LENGTH);
    assert_string_equal(fixture->text.bytes, "e"); /* token 30 */
}

static void an_answer_ends_where_the_model_ends_it(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t prompt[] = { 95 };
    assert_true(generate_from(fixture, prompt, 1));
    assert_int_equal(fixture->generated.end, ANSWER_DONE);
    assert_int_equal(fixture->generated.tokens, 4); /* 96, 97, 98 and the end */
    assert_string_equal(fixture->text.bytes, "stu");
}

static void an_answer_ends_before_a_stop_text_that_spans_tokens(void **state)
{
    struct fixture *fixture = *state;
    const char *const stops[] = { "zz", "def" };
    const uint32_t prompt[] = { 0 };
    fixture->generation.wishes.stop_texts = stops;
    fixture->generation.wishes.stop_count = 2;
    assert_true(generate_from(fixture, prompt, 1));
    assert_int_equal(fixture->generated.end, ANSWER_STOP_TEXT);
    assert_string_equal(fixture->text.bytes, "bc");
}

static void what_was_held_back_for_a_stop_text_comes_when_none_comes(void **state)
{
    struct fixture *fixture = *state;
    const char *const stops[] = { "cde!" };
    const uint32_t prompt[] = { 0 };
    fixture->generation.wishes.stop_texts = stops;
    fixture->generation.wishes.stop_count = 1;
    fixture->generation.wishes.most_tokens = 4;
    assert_true(generate_from(fixture, prompt, 1));
    assert_string_equal(fixture->text.bytes, "bcde");
}

static void a_full_context_ends_the_answer(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t prompt[] = { 5 };
    assert_true(generate_from(fixture, prompt, 1));
    assert_int_equal(fixture->generated.end, ANSWER_CONTEXT);
    assert_int_equal(fixture->sequence.length, CONTEXT);
    assert_int_equal(fixture->generated.tokens, CONTEXT); /* one more than fits needs not be run */
}

static void a_prompt_without_room_for_an_answer_is_refused_with_both_numbers(void **state)
{
    struct fixture *fixture = *state;
    assert_false(generate_from(fixture, counting, CONTEXT));
    assert_int_equal(fixture->error.kind, ERROR_WRONG_USE);
    assert_non_null(strstr(fixture->error.text, "has 64 tokens and the context 64"));
    assert_false(generate_from(fixture, counting, 0));
    assert_int_equal(fixture->engine.calls, 0);
}

static void only_what_is_new_is_run(void **state)
{
    struct fixture *fixture = *state;
    fixture->generation.wishes.most_tokens = 3;
    assert_true(generate_from(fixture, counting, 10)); /* answers 20, 21, 22; holds the prompt, 20 and 21 */
    const size_t before = fixture->engine.tokens_run;
    assert_true(generate_from(fixture, counting, 16)); /* goes on 20, 21, 22, 23, 24, 25 */
    assert_int_equal(fixture->generated.kept_tokens, 12);
    assert_int_equal(fixture->engine.tokens_run - before, 4 + 2);
}

static void the_same_prompt_again_runs_its_last_token_only(void **state)
{
    struct fixture *fixture = *state;
    fixture->generation.wishes.most_tokens = 1;
    assert_true(generate_from(fixture, counting, 10));
    const size_t before = fixture->engine.tokens_run;
    assert_true(generate_from(fixture, counting, 10));
    assert_int_equal(fixture->engine.tokens_run - before, 1);
    assert_string_equal(fixture->text.bytes, "u");
}

static void a_sequence_that_can_not_go_back_starts_again(void **state)
{
    struct fixture *fixture = *state;
    fixture->generation.wishes.most_tokens = 1;
    fixture->sequence.can_not_go_back = true;
    assert_true(generate_from(fixture, counting, 10));
    assert_true(generate_from(fixture, counting, 5));
    assert_int_equal(fixture->generated.kept_tokens, 0);
    assert_int_equal(fixture->sequence.length, 5);
    assert_string_equal(fixture->text.bytes, "p");
}

static void a_stop_is_heeded_between_pieces_and_tokens(void **state)
{
    struct fixture *fixture = *state;
    fixture->stop_after = 2;
    assert_true(generate_from(fixture, counting, 20));
    assert_int_equal(fixture->generated.end, ANSWER_STOPPED);
    assert_int_equal(fixture->sequence.length, BATCH);
    assert_int_equal(fixture->generated.tokens, 0);
    fixture->asked = 0;
    fixture->stop_after = 2 + 3; /* two pieces are missing, then three tokens */
    assert_true(generate_from(fixture, counting, 20));
    assert_int_equal(fixture->generated.end, ANSWER_STOPPED);
    assert_string_equal(fixture->text.bytes, "efg");
}

static void a_failing_engine_leaves_a_transcript_that_tells_the_truth(void **state)
{
    struct fixture *fixture = *state;
    for (size_t call = 1; call < 6; call++) {
        fixture->engine.calls = 0;
        fixture->engine.fails_at_call = call;
        fixture->sequence.length = fixture->transcript.tokens.count = 0;
        assert_false(generate_from(fixture, counting, 20)); /* which compares transcript and sequence */
        assert_string_equal(fixture->error.text, "it broke");
    }
}

static void wishes_that_can_not_be_met_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture->generation.wishes.most_tokens = 1;
    assert_true(generate_from(fixture, counting, 10));
    fixture->generation.wishes.sampling.top_p = 2;
    assert_false(generate_from(fixture, counting, 3));
    assert_int_equal(fixture->sequence.length, 10);
}

int main(void)
{
#define GENERATE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        GENERATE_TEST(a_prompt_goes_in_pieces_and_wants_logits_once),
        GENERATE_TEST(an_answer_ends_where_the_model_ends_it),
        GENERATE_TEST(an_answer_ends_before_a_stop_text_that_spans_tokens),
        GENERATE_TEST(what_was_held_back_for_a_stop_text_comes_when_none_comes),
        GENERATE_TEST(a_full_context_ends_the_answer),
        GENERATE_TEST(a_prompt_without_room_for_an_answer_is_refused_with_both_numbers),
        GENERATE_TEST(only_what_is_new_is_run),
        GENERATE_TEST(the_same_prompt_again_runs_its_last_token_only),
        GENERATE_TEST(a_sequence_that_can_not_go_back_starts_again),
        GENERATE_TEST(a_stop_is_heeded_between_pieces_and_tokens),
        GENERATE_TEST(a_failing_engine_leaves_a_transcript_that_tells_the_truth),
        GENERATE_TEST(wishes_that_can_not_be_met_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What an answer within a constraint says is of the language, whatever the model would rather say; and an answer that
 * ended is whole. The model here is random: each row of logits is noise. */
#include "check.h"

#include <jansson.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>

#include "engine/grammar/constraint.h"
#include "engine/tokenizer.h"

struct world {
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct grammar *grammar;
    struct constraint *constraint;
    float *logits;
    size_t vocabulary;
    struct random random;
};

static int open_world(void **state)
{
    struct error error = { 0 };
    struct arena arena = { 0 };
    struct world *world = calloc(1, sizeof *world);
    world->random = random_start("constraint");
    assert_done(gguf_open(golden_path(&arena, "tokens/smollm2-vocabulary.gguf"), &world->gguf, &error), &error);
    assert_done(tokenizer_open(world->gguf, &world->tokenizer, &error), &error);
    assert_done(grammar_open(&world->grammar, &error), &error);
    world->vocabulary = tokenizer_vocabulary(world->tokenizer);
    world->logits = calloc(world->vocabulary, sizeof *world->logits);
    arena_free(&arena);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    constraint_close(world->constraint);
    grammar_close(world->grammar);
    tokenizer_close(world->tokenizer);
    gguf_close(world->gguf);
    free(world->logits);
    free(world);
    return 0;
}

static void open_constraint(struct world *world, struct rule start)
{
    struct error error = { 0 };
    assert_done(constraint_open(world->grammar, start, world->tokenizer, &world->constraint, &error), &error);
}

static void make_noise(struct world *world)
{
    for (size_t i = 0; i < world->vocabulary; i++)
        world->logits[i] = 8 * random_float(&world->random);
}

/* One answer of the random model, at most so many tokens; returns how it ended. */
static enum answer_end answer_of(struct world *world, struct answer_wishes wishes, size_t most, struct buffer *out)
{
    struct error error = { 0 };
    struct answer *answer;
    enum answer_end end = ANSWER_GOES_ON;
    wishes.constraint = world->constraint;
    assert_done(answer_open(world->tokenizer, world->vocabulary, &wishes, &answer, &error), &error);
    for (size_t i = 0; i < most && end == ANSWER_GOES_ON; i++) {
        uint32_t token;
        make_noise(world);
        assert_done(answer_take(answer, world->logits, &token, out, &end, &error), &error);
    }
    answer_close(answer);
    return end;
}

static void any_object_is_json_when_it_ends(void **state)
{
    struct world *world = *state;
    struct rule start;
    struct error error = { 0 };
    size_t ended = 0;
    assert_done(grammar_schema(world->grammar, NULL, &start, &error), &error);
    open_constraint(world, start);
    for (int round = 0; round < 40; round++) {
        struct answer_wishes wishes = { .sampling = sampling_default() };
        struct buffer out = { .limit = 1 << 20 };
        wishes.sampling.temperature = round % 2 ? 1.0f : 0.0f;
        wishes.sampling.seed = random_next(&world->random);
        if (answer_of(world, wishes, 300, &out) == ANSWER_DONE) {
            json_error_t cause;
            json_t *json = json_loadb(out.bytes, out.length, 0, &cause);
            if (!json_is_object(json))
                fail_msg("%s in %s", cause.text, out.bytes);
            json_decref(json);
            ended++;
        }
        buffer_free(&out);
    }
    assert_true(ended > 0);
}

/* ---- masks ------------------------------------------------------------------------------------------------------- */

static void read_schema(struct world *world, const char *schema)
{
    struct rule start;
    struct error error = { 0 };
    assert_done(grammar_schema(world->grammar, schema, &start, &error), &error);
    open_constraint(world, start);
}

static void read_gbnf(struct world *world, const char *text)
{
    struct rule start;
    struct error error = { 0 };
    assert_done(grammar_gbnf(world->grammar, span_text(text), &start, &error), &error);
    open_constraint(world, start);
}

/* A new grammar in the same world. */
static void begin_anew(struct world *world)
{
    struct error error = { 0 };
    constraint_close(world->constraint);
    grammar_close(world->grammar);
    world->constraint = NULL;
    assert_true(grammar_open(&world->grammar, &error));
}

static bool bit_of(const uint64_t *bits, uint32_t token)
{
    return bits[token / 64] >> token % 64 & 1;
}

/* Every token of the mask is allowed byte by byte, and no other. Returns one of them at random. */
static uint32_t check_mask(struct world *world, struct place *place, bool special)
{
    struct error error = { 0 };
    uint64_t *bits = calloc(place_words(place), sizeof *bits);
    uint32_t chosen = TOKEN_NONE;
    size_t seen = 0;
    assert_done(place_mask(place, special, false, bits, &error), &error);
    for (uint32_t token = 0; token < world->vocabulary; token++) {
        char scratch[256];
        bool allowed = false;
        const struct span piece = tokenizer_piece(world->tokenizer, token, special, scratch);
        if (piece.bytes > 0 && !tokenizer_ends(world->tokenizer, token))
            assert_done(place_allows(place, piece, &allowed, &error), &error);
        if (allowed != bit_of(bits, token))
            fail_msg("token %u, \"%.*s\": mask %d", token, (int)piece.bytes, (const char *)piece.data, !allowed);
        if (allowed && random_in(&world->random, 0, seen++) == 0)
            chosen = token;
    }
    free(bits);
    return chosen;
}

static const char *const schemas[] = {
    "{}",
    "{\"type\":\"string\",\"minLength\":5,\"maxLength\":30}",
    "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":3},\"minItems\":40}",
    "{\"type\":\"string\",\"pattern\":\"^( {0,40}|[a-z]{2,20}-)*$\"}",
    "{\"enum\":[\"hello\",\"hello world\",\"help\"]}",
    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"number\"}},\"additionalProperties\":{\"type\":\"null\"}}",
};

static void a_mask_has_just_the_tokens_that_may_come(void **state)
{
    struct world *world = *state;
    const size_t steps = CHECK_IS_WATCHED ? 3 : 14;
    for (size_t i = 0; i < LENGTH(schemas); i++) {
        begin_anew(world);
        read_schema(world, schemas[i]);
        struct place place;
        place_begin(&place, world->constraint);
        for (size_t step = 0; step < steps; step++) {
            char scratch[256];
            bool taken;
            struct error error = { 0 };
            const uint32_t token = check_mask(world, &place, step % 2);
            if (token == TOKEN_NONE)
                break;
            const struct span piece = tokenizer_piece(world->tokenizer, token, true, scratch);
            assert_done(place_take(&place, piece, &taken, &error), &error);
            assert_true(taken);
        }
        place_end(&place);
    }
}

static void greedy_takes_the_likeliest_of_the_allowed_tokens(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    struct answer_wishes wishes = { .sampling = sampling_default() };
    struct buffer out = { .limit = 1 << 20 };
    struct answer *answer;
    enum answer_end end = ANSWER_GOES_ON;
    read_schema(world, schemas[5]);
    struct place place;
    place_begin(&place, world->constraint);
    uint64_t *bits = calloc(place_words(&place), sizeof *bits);
    wishes.sampling.temperature = 0;
    wishes.constraint = world->constraint;
    assert_done(answer_open(world->tokenizer, world->vocabulary, &wishes, &answer, &error), &error);
    for (int step = 0; step < 100 && end == ANSWER_GOES_ON; step++) {
        uint32_t token, likeliest = TOKEN_NONE;
        char scratch[256];
        bool taken;
        make_noise(world);
        assert_true(place_mask(&place, false, true, bits, &error));
        for (uint32_t i = 0; i < world->vocabulary; i++)
            if (bit_of(bits, i) && (likeliest == TOKEN_NONE || world->logits[i] > world->logits[likeliest]))
                likeliest = i;
        assert_done(answer_take(answer, world->logits, &token, &out, &end, &error), &error);
        assert_int_equal(token, likeliest);
        if (!tokenizer_ends(world->tokenizer, token))
            assert_true(place_take(&place, tokenizer_piece(world->tokenizer, token, false, scratch), &taken, &error));
    }
    answer_close(answer);
    place_end(&place);
    buffer_free(&out);
    free(bits);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

/* A model that says these tokens, whatever comes. */
struct script {
    struct answer *answer;
    struct buffer out;
    enum answer_end end;
    struct error error;
};

static void open_script(struct world *world, struct script *script, struct answer_wishes wishes)
{
    *script = (struct script){ .out.limit = 1 << 20 };
    wishes.sampling = sampling_default();
    wishes.sampling.temperature = 0;
    assert_done(answer_open(world->tokenizer, world->vocabulary, &wishes, &script->answer, &script->error),
                &script->error);
}

static void close_script(struct script *script)
{
    answer_close(script->answer);
    buffer_free(&script->out);
}

static uint32_t token_of(struct world *world, const char *text)
{
    struct tokens tokens = { 0 };
    struct error error = { 0 };
    assert_true(tokenizer_encode(world->tokenizer, span_text(text), (struct encoding){ .parse_special = true }, &tokens,
                                 &error));
    if (tokens.count != 1)
        fail_msg("\"%s\" is %zu tokens", text, tokens.count);
    const uint32_t token = tokens.ids[0];
    tokens_free(&tokens);
    return token;
}

/* The model would say the token, then a second one, then anything. Returns what the answer took. */
static uint32_t say(struct world *world, struct script *script, uint32_t first, uint32_t second)
{
    uint32_t token;
    for (size_t i = 0; i < world->vocabulary; i++)
        world->logits[i] = 0;
    world->logits[second] = 5;
    world->logits[first] = 9;
    assert_done(answer_take(script->answer, world->logits, &token, &script->out, &script->end, &script->error),
                &script->error);
    return token;
}

static void an_answer_ends_only_where_it_is_whole(void **state)
{
    struct world *world = *state;
    struct script script;
    const uint32_t eos = tokenizer_eos(world->tokenizer), one = token_of(world, "1");
    read_schema(world, "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}");
    open_script(world, &script, (struct answer_wishes){ .constraint = world->constraint });
    assert_int_equal(say(world, &script, eos, token_of(world, "[")), token_of(world, "["));
    assert_int_equal(say(world, &script, eos, one), one);
    assert_int_equal(script.end, ANSWER_GOES_ON);
    say(world, &script, eos, token_of(world, "]"));
    assert_int_equal(script.end, ANSWER_DONE); /* at once: nothing may follow */
    assert_string_equal(script.out.bytes, "[1]");
    close_script(&script);
}

static void an_end_may_come_where_more_may_come_too(void **state)
{
    struct world *world = *state;
    struct script script;
    const uint32_t eos = tokenizer_eos(world->tokenizer), one = token_of(world, "1");
    read_schema(world, "{\"type\":\"integer\"}");
    open_script(world, &script, (struct answer_wishes){ .constraint = world->constraint });
    assert_int_equal(say(world, &script, one, eos), one);
    assert_int_equal(say(world, &script, eos, one), eos);
    assert_int_equal(script.end, ANSWER_DONE);
    close_script(&script);
    open_script(world, &script, (struct answer_wishes){ .constraint = world->constraint, .goes_on_past_end = true });
    for (int i = 0; i < 18; i++) {
        assert_int_equal(script.end, ANSWER_GOES_ON);
        assert_int_equal(say(world, &script, eos, one), one);
    }
    assert_int_equal(script.end, ANSWER_DONE); /* no longer integer is possible */
    close_script(&script);
}

static void where_no_token_may_come_there_is_an_error(void **state)
{
    struct world *world = *state;
    struct script script;
    struct token_bias *biases = calloc(world->vocabulary, sizeof *biases);
    uint32_t token;
    for (uint32_t i = 0; i < world->vocabulary; i++)
        biases[i] = (struct token_bias){ i, -INFINITY };
    read_schema(world, "{\"type\":\"integer\"}");
    open_script(
        world, &script,
        (struct answer_wishes){ .constraint = world->constraint, .biases = biases, .bias_count = world->vocabulary });
    make_noise(world);
    assert_false(answer_take(script.answer, world->logits, &token, &script.out, &script.end, &script.error));
    assert_contains(script.error.text, "can't go on");
    close_script(&script);
    free(biases);
}

/* Logits of tokens that the tokenizer does not know, as models with padded vocabularies have. */
static void tokens_without_text_are_never_chosen(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    struct answer_wishes wishes = { .sampling = sampling_default(), .constraint = NULL };
    struct buffer out = { .limit = 1000 };
    struct answer *answer;
    enum answer_end end;
    uint32_t token;
    const size_t padded = world->vocabulary + 100;
    float *logits = calloc(padded, sizeof *logits);
    for (size_t i = world->vocabulary; i < padded; i++)
        logits[i] = 50;
    read_schema(world, "{}");
    wishes.constraint = world->constraint;
    assert_true(answer_open(world->tokenizer, padded, &wishes, &answer, &error));
    for (int i = 0; i < 5; i++) {
        assert_done(answer_take(answer, logits, &token, &out, &end, &error), &error);
        assert_in_range(token, 0, world->vocabulary - 1);
    }
    answer_close(answer);
    buffer_free(&out);
    free(logits);
}

/* ---- biases, special tokens, stop texts -------------------------------------------------------------------------- */

static void biases_move_and_ban_tokens(void **state)
{
    struct world *world = *state;
    struct script script;
    const uint32_t one = token_of(world, "1"), two = token_of(world, "2");
    const struct token_bias biases[] = { { one, -INFINITY }, { two, 7 }, { UINT32_MAX, 3 } };
    open_script(world, &script, (struct answer_wishes){ .biases = biases, .bias_count = LENGTH(biases) });
    assert_int_equal(say(world, &script, one, two), two);
    close_script(&script);
    const struct token_bias strange = { one, NAN };
    struct answer_wishes wishes = { .sampling = sampling_default(), .biases = &strange, .bias_count = 1 };
    assert_false(answer_open(world->tokenizer, world->vocabulary, &wishes, &script.answer, &script.error));
    assert_int_equal(script.error.kind, ERROR_WRONG_USE);
}

static void special_tokens_show_only_where_it_is_wished(void **state)
{
    struct world *world = *state;
    struct script script;
    const uint32_t start = token_of(world, "<|im_start|>"), one = token_of(world, "1");
    open_script(world, &script, (struct answer_wishes){ .show_special = true });
    say(world, &script, start, one);
    assert_string_equal(script.out.bytes, "<|im_start|>");
    close_script(&script);
    read_gbnf(world, "root ::= \"<|im_start|>\" [0-9]");
    open_script(world, &script, (struct answer_wishes){ .constraint = world->constraint, .show_special = true });
    assert_int_equal(say(world, &script, one, start), start);
    assert_int_equal(say(world, &script, start, one), one);
    assert_string_equal(script.out.bytes, "<|im_start|>1");
    close_script(&script);
    open_script(world, &script, (struct answer_wishes){ .constraint = world->constraint });
    assert_int_not_equal(say(world, &script, start, one), start); /* its text, letter by letter */
    close_script(&script);
}

static void the_stop_text_that_ended_an_answer_is_told(void **state)
{
    struct world *world = *state;
    struct script script;
    const char *const texts[] = { "2", "1" };
    open_script(world, &script, (struct answer_wishes){ .stop_texts = texts, .stop_count = 2 });
    assert_null(answer_stop_text(script.answer));
    say(world, &script, token_of(world, "1"), 0);
    assert_int_equal(script.end, ANSWER_STOP_TEXT);
    assert_string_equal(answer_stop_text(script.answer), "1");
    close_script(&script);
}

/* ---- constraints that wait --------------------------------------------------------------------------------------- */

static void say_text(struct world *world, struct script *script, const char *text, uint32_t otherwise)
{
    struct tokens tokens = { 0 };
    struct error error = { 0 };
    assert_true(tokenizer_encode(world->tokenizer, span_text(text), (struct encoding){ 0 }, &tokens, &error));
    for (size_t i = 0; i < tokens.count; i++)
        say(world, script, tokens.ids[i], otherwise);
    tokens_free(&tokens);
}

static void a_constraint_waits_for_its_text(void **state)
{
    struct world *world = *state;
    struct script script;
    const uint32_t one = token_of(world, "1"), letter = token_of(world, "x");
    read_gbnf(world, "root ::= \"<tool>\" [0-9] \"</tool>\"");
    open_script(world, &script,
                (struct answer_wishes){ .constraint = world->constraint, .constraint_after = "<tool>" });
    say_text(world, &script, "I say < and <too and <tool and then <", 0);
    const size_t before = script.out.length;
    for (const char *part = "tool>"; *part; part++) /* split over tokens */
        say(world, &script, token_of(world, (const char[]){ *part, '\0' }), 0);
    assert_int_equal(say(world, &script, letter, one), one);
    say_text(world, &script, "</tool>", 0);
    assert_int_equal(script.end, ANSWER_DONE);
    assert_string_equal(script.out.bytes + before, "tool>1</tool>");
    close_script(&script);
}

static void a_token_that_goes_on_wrongly_behind_the_text_is_refused(void **state)
{
    struct world *world = *state;
    struct script script;
    const uint32_t all = token_of(world, "all"), a = token_of(world, "a"), b = token_of(world, "b");
    read_gbnf(world, "root ::= \"a\" \"b\"");
    open_script(world, &script, (struct answer_wishes){ .constraint = world->constraint, .constraint_after = "a" });
    assert_int_equal(say(world, &script, all, a), a);
    assert_int_equal(say(world, &script, all, b), b);
    assert_int_equal(script.end, ANSWER_DONE);
    close_script(&script);
    open_script(world, &script, (struct answer_wishes){ .constraint = world->constraint, .constraint_after = "a" });
    const uint32_t both = token_of(world, "ab"); /* brings the text, and rightly what follows it */
    assert_int_equal(say(world, &script, both, b), both);
    assert_int_equal(script.end, ANSWER_DONE);
    close_script(&script);
}

static void an_answer_may_end_while_its_constraint_waits(void **state)
{
    struct world *world = *state;
    struct script script;
    read_gbnf(world, "root ::= \"<tool>\"");
    open_script(world, &script,
                (struct answer_wishes){ .constraint = world->constraint, .constraint_after = "<tool>" });
    say_text(world, &script, "No tool.", 0);
    say(world, &script, tokenizer_eos(world->tokenizer), 0);
    assert_int_equal(script.end, ANSWER_DONE);
    close_script(&script);
}

static void a_text_that_no_answer_begins_with_is_refused(void **state)
{
    struct world *world = *state;
    static const char *const texts[] = { "", "<call>", "\xC3" };
    read_gbnf(world, "root ::= \"<tool>\"");
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct answer_wishes wishes = { .sampling = sampling_default(),
                                        .constraint = world->constraint,
                                        .constraint_after = texts[i] };
        struct answer *answer;
        struct error error = { 0 };
        assert_false(answer_open(world->tokenizer, world->vocabulary, &wishes, &answer, &error));
        assert_int_equal(error.kind, ERROR_WRONG_USE);
    }
}

/* ---- bounds, threads --------------------------------------------------------------------------------------------- */

static void memory_stays_bounded_whatever_is_counted(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    struct place place, other;
    bool taken, may_end, may_go_on;
    read_schema(world, "{\"type\":\"string\",\"minLength\":200000,\"maxLength\":200000}");
    place_begin(&place, world->constraint);
    place_begin(&other, world->constraint);
    assert_true(place_take(&place, span_text("\""), &taken, &error) && taken);
    assert_true(place_take(&other, span_text("\"abc"), &taken, &error) && taken);
    for (int i = 0; i < 200000; i++)
        assert_true(place_take(&place, span_text("x"), &taken, &error) && taken);
    assert_true(place_take(&place, span_text("x"), &taken, &error) && !taken);
    assert_true(place_take(&place, span_text("\""), &taken, &error) && taken);
    place_look(&place, &may_end, &may_go_on);
    assert_true(may_end && !may_go_on);
    assert_true(place_take(&other, span_text("d"), &taken, &error) && taken); /* it moved along */
    assert_true(place_take(&other, span_text("\""), &taken, &error) && !taken);
    if (!CHECK_IS_WATCHED)
        assert_true(mallinfo2().uordblks < (size_t)64 << 20);
    place_end(&place);
    place_end(&other);
}

static void hostile_grammars_end_with_an_error(void **state)
{
    struct world *world = *state;
    struct error error = { 0 };
    struct place place;
    read_gbnf(world, "root ::= (\"a\"{0,1000} \"a\"{0,1000}){0,1000} (\"a\"{0,1000} | [ab]{0,1000}){0,1000} \"c\"");
    place_begin(&place, world->constraint);
    const double start = seconds_now();
    bool taken = true, done = true;
    for (int i = 0; i < 300 && done && taken; i++)
        done = place_take(&place, span_text("a"), &taken, &error);
    assert_true(done || error.kind == ERROR_WRONG_USE);
    assert_true(seconds_now() - start < (CHECK_IS_WATCHED ? 60 : 10));
    place_end(&place);
}

struct worker {
    pthread_t thread;
    struct world *world;
    uint64_t seed;
    bool good;
};

static void *work(void *context)
{
    struct worker *worker = context;
    struct world own = { .tokenizer = worker->world->tokenizer,
                         .constraint = worker->world->constraint,
                         .vocabulary = worker->world->vocabulary,
                         .random = { worker->seed, worker->seed } };
    own.logits = calloc(own.vocabulary, sizeof *own.logits);
    worker->good = true;
    for (int round = 0; round < 6; round++) {
        struct answer_wishes wishes = { .sampling = sampling_default() };
        struct buffer out = { .limit = 1 << 20 };
        wishes.sampling.temperature = round % 2 ? 1.0f : 0.0f;
        if (answer_of(&own, wishes, 60, &out) == ANSWER_DONE) {
            json_t *json = json_loadb(out.bytes, out.length, 0, NULL);
            worker->good &= json != NULL;
            json_decref(json);
        }
        buffer_free(&out);
    }
    free(own.logits);
    return NULL;
}

static void several_threads_may_share_a_constraint(void **state)
{
    struct world *world = *state;
    struct worker workers[4];
    read_schema(world, "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":20},\"maxItems\":9}");
    for (size_t i = 0; i < LENGTH(workers); i++) {
        workers[i] = (struct worker){ .world = world, .seed = random_next(&world->random) };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < LENGTH(workers); i++) {
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].good);
    }
}

#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(any_object_is_json_when_it_ends),
        WORLD_TEST(a_mask_has_just_the_tokens_that_may_come),
        WORLD_TEST(greedy_takes_the_likeliest_of_the_allowed_tokens),
        WORLD_TEST(an_answer_ends_only_where_it_is_whole),
        WORLD_TEST(an_end_may_come_where_more_may_come_too),
        WORLD_TEST(where_no_token_may_come_there_is_an_error),
        WORLD_TEST(tokens_without_text_are_never_chosen),
        WORLD_TEST(biases_move_and_ban_tokens),
        WORLD_TEST(special_tokens_show_only_where_it_is_wished),
        WORLD_TEST(the_stop_text_that_ended_an_answer_is_told),
        WORLD_TEST(a_constraint_waits_for_its_text),
        WORLD_TEST(a_token_that_goes_on_wrongly_behind_the_text_is_refused),
        WORLD_TEST(an_answer_may_end_while_its_constraint_waits),
        WORLD_TEST(a_text_that_no_answer_begins_with_is_refused),
        WORLD_TEST(memory_stays_bounded_whatever_is_counted),
        WORLD_TEST(hostile_grammars_end_with_an_error),
        WORLD_TEST(several_threads_may_share_a_constraint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Vocabularies made to hurt, and texts made to last. */
#include "engine/vocabulary_maker.h"

#include <signal.h>

enum { N = 1, UNKNOWN = 2, CONTROL = 3, BYTE = 6 };

static const char *const tokens[] = { "a", "b", "ab", "aa" };
static const char *const merges[] = { "a b", "a a" };
static const int types[] = { N, N, N, N };
static const float scores[] = { 0, 0, 0, 0 };

static struct vocabulary good(const char *model)
{
    return (struct vocabulary){ .model = model,
                                .pre = "smollm",
                                .tokens = tokens,
                                .token_count = LENGTH(tokens),
                                .merges = merges,
                                .merge_count = LENGTH(merges),
                                .types = types,
                                .type_count = LENGTH(types),
                                .scores = scores,
                                .score_count = LENGTH(scores) };
}

static void a_file_without_a_tokenizer_says_so(void **state)
{
    (void)state;
    struct vocabulary vocabulary = { 0 };
    vocabulary_refused(&vocabulary, "no tokenizer");
    vocabulary = good("none");
    vocabulary_refused(&vocabulary, "no tokenizer");
}

static void what_is_not_known_is_named_with_what_is(void **state)
{
    (void)state;
    struct vocabulary vocabulary = good("bert");
    vocabulary_refused(&vocabulary, "bert, which is not known: known are gpt2 and llama");
    vocabulary = good("gpt2");
    vocabulary.pre = "tekken";
    vocabulary_refused(&vocabulary, "tekken, which is not known: known are gpt-2, default, smollm, llama-bpe, qwen2");
}

static void missing_parts_are_named(void **state)
{
    (void)state;
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.tokens = NULL;
    vocabulary_refused(&vocabulary, "tokenizer.ggml.tokens is missing");
    vocabulary = good("gpt2");
    vocabulary.merges = NULL;
    vocabulary_refused(&vocabulary, "tokenizer.ggml.merges is missing");
    vocabulary = good("llama");
    vocabulary.scores = NULL;
    vocabulary_refused(&vocabulary, "tokenizer.ggml.scores must be an array of f32");
}

static void arrays_must_be_as_long_as_the_vocabulary(void **state)
{
    (void)state;
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.type_count = 3;
    vocabulary_refused(&vocabulary, "4 tokens, but 3 types");
    vocabulary = good("llama");
    vocabulary.score_count = 3;
    vocabulary_refused(&vocabulary, "4 tokens, but 3 scores");
    vocabulary = good("llama");
    vocabulary.token_count = 0;
    vocabulary_refused(&vocabulary, "0 strings");
}

static void ids_must_be_in_the_vocabulary(void **state)
{
    (void)state;
    const char *const keys[] = { "bos_token_id", "eos_token_id", "unknown_token_id", "eot_token_id", "eom_token_id" };
    for (size_t i = 0; i < LENGTH(keys); i++) {
        struct vocabulary vocabulary = good("gpt2");
        vocabulary.ids[0].key = keys[i];
        vocabulary.ids[0].value = LENGTH(tokens);
        vocabulary_refused(&vocabulary, keys[i]);
        vocabulary.ids[0].value = UINT32_MAX;
        vocabulary_refused(&vocabulary, keys[i]);
    }
}

/* A vocabulary shorter than where SentencePiece has its special tokens if nobody says otherwise. */
static void ids_that_nobody_named_may_be_missing(void **state)
{
    (void)state;
    struct vocabulary vocabulary = good("llama");
    vocabulary.token_count = vocabulary.type_count = vocabulary.score_count = 1;
    struct opened opened = vocabulary_open(&vocabulary);
    assert_int_equal(tokenizer_bos(opened.tokenizer), TOKEN_NONE);
    assert_false(tokenizer_adds_bos(opened.tokenizer));
    opened_close(&opened);
}

static void a_bos_that_is_not_there_is_not_added(void **state)
{
    (void)state;
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.flags[0].key = "add_bos_token";
    vocabulary.flags[0].value = 1;
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "ab", FULL, 2);
    opened_close(&opened);
}

static void tokens_that_only_look_like_bytes_are_text(void **state)
{
    (void)state;
    const char *const odd[] = { "<0x-1>", "<0xZZ>", "<0x4>", "<0x414>", "<0x41", "", "<0xfF>", "<0x41>" };
    const int kinds[] = { BYTE, BYTE, BYTE, BYTE, BYTE, BYTE, BYTE, N };
    const char *const shown[] = { "<0x-1>", "<0xZZ>", "<0x4>", "<0x414>", "<0x41", "", "\xFF", "<0x41>" };
    const float zeros[LENGTH(odd)] = { 0 };
    const struct vocabulary vocabulary = { .model = "llama",
                                           .tokens = odd,
                                           .token_count = LENGTH(odd),
                                           .types = kinds,
                                           .type_count = LENGTH(kinds),
                                           .scores = zeros,
                                           .score_count = LENGTH(zeros),
                                           .flags = { { "add_space_prefix", 0 }, { "add_bos_token", 0 } } };
    struct opened opened = vocabulary_open(&vocabulary);
    for (uint32_t id = 0; id < LENGTH(odd); id++) {
        char scratch[256];
        assert_true(span_equal(tokenizer_piece(opened.tokenizer, id, true, scratch), span_text(shown[id])));
    }
    assert_ids(&opened, "A", FULL, 0); /* unknown: the token 7 is no byte */
    opened_close(&opened);
}

static void of_equal_tokens_the_first_is_meant(void **state)
{
    (void)state;
    const char *const twice[] = { "a", "b", "a", "", "" };
    const int kinds[] = { N, CONTROL, N, CONTROL, N };
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.tokens = twice;
    vocabulary.types = kinds;
    vocabulary.token_count = vocabulary.type_count = LENGTH(twice);
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "aba", PARSED, 0, 1, 0);
    opened_close(&opened);
}

static void merges_that_are_none_are_passed_over(void **state)
{
    (void)state;
    const char *const odd[] = { "", " ", "a", "a  b", " a b", "q z", "a b" };
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.merges = odd;
    vocabulary.merge_count = LENGTH(odd);
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "abqz", PLAIN, 2);
    opened_close(&opened);
}

static void types_that_are_none_are_normal(void **state)
{
    (void)state;
    const int odd[] = { -1, 0, 7, INT32_MAX };
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.types = odd;
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "abaa", PLAIN, 2, 3);
    opened_close(&opened);
}

/* A token of a megabyte is kept, and never found, nor does showing it pass what a caller has room for. */
static void an_endless_token_does_no_harm(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    char *endless = arena_take(&arena, (1 << 20) + 1, 1);
    memset(endless, 'a', 1 << 20);
    const char *const some[] = { "a", endless, "b" };
    const int kinds[] = { N, N, N }, control[] = { N, CONTROL, N };
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.tokens = some;
    vocabulary.token_count = vocabulary.type_count = LENGTH(some);
    vocabulary.types = kinds;
    struct opened opened = vocabulary_open(&vocabulary);
    char scratch[256];
    assert_in_range(tokenizer_piece(opened.tokenizer, 1, true, scratch).bytes, 1, sizeof scratch);
    opened_close(&opened);
    vocabulary.types = control;
    opened = vocabulary_open(&vocabulary);
    assert_int_equal(tokenizer_piece(opened.tokenizer, 1, true, scratch).bytes, 1 << 20);
    assert_ids(&opened, "ab", PARSED, 0, 2);
    opened_close(&opened);
    arena_free(&arena);
}

/* ---- time: each of these would take minutes, not less than a second, if it were quadratic ------------------------ */

enum { SECONDS_MOST = 60, MEGABYTE = 1 << 20 };

/* SIGALRM ends the program, and with it the test, if text takes too long. */
static size_t count_in_time(const struct opened *opened, struct span text, struct encoding encoding)
{
    struct tokens found = { 0 };
    struct error error = { 0 };
    alarm(SECONDS_MOST);
    assert_done(tokenizer_encode(opened->tokenizer, text, encoding, &found, &error), &error);
    alarm(0);
    const size_t count = found.count;
    tokens_free(&found);
    return count;
}

/* Texts that doubling merges reach: a, aa, aaaa and so on. */
static void a_word_of_a_megabyte_is_linear(void **state)
{
    (void)state;
    const char *const doubled[] = { "a", "aa", "aaaa", "aaaaaaaa", "aaaaaaaaaaaaaaaa" };
    const char *const pairs[] = { "a a", "aa aa", "aaaa aaaa", "aaaaaaaa aaaaaaaa" };
    const float rising[] = { 0, 1, 2, 3, 4 };
    const char *const models[] = { "gpt2", "llama" };
    unsigned char *text = malloc(MEGABYTE);
    assert_non_null(text);
    memset(text, 'a', MEGABYTE);
    for (size_t i = 0; i < LENGTH(models); i++) {
        const struct vocabulary vocabulary = { .model = models[i],
                                               .tokens = doubled,
                                               .token_count = LENGTH(doubled),
                                               .merges = pairs,
                                               .merge_count = LENGTH(pairs),
                                               .scores = rising,
                                               .score_count = LENGTH(rising),
                                               .flags = { { "add_space_prefix", 0 } } };
        struct opened opened = vocabulary_open(&vocabulary);
        assert_int_equal(count_in_time(&opened, span_of(text, MEGABYTE), PLAIN), MEGABYTE / 16);
        opened_close(&opened);
    }
    free(text);
}

/* Special tokens that overlap at every place, in each of many lengths. */
static void runs_of_special_tokens_are_linear(void **state)
{
    (void)state;
    enum { LENGTHS = 31 };
    char texts[LENGTHS][LENGTHS + 1];
    const char *runs[LENGTHS];
    int kinds[LENGTHS];
    for (size_t i = 0; i < LENGTHS; i++) {
        memset(texts[i], '\n', i + 1);
        texts[i][i + 1] = '\0';
        runs[i] = texts[i];
        kinds[i] = CONTROL;
    }
    struct vocabulary vocabulary = good("gpt2");
    vocabulary.tokens = runs;
    vocabulary.types = kinds;
    vocabulary.token_count = vocabulary.type_count = LENGTHS;
    struct opened opened = vocabulary_open(&vocabulary);
    unsigned char *text = malloc(MEGABYTE);
    assert_non_null(text);
    memset(text, '\n', MEGABYTE);
    assert_int_equal(count_in_time(&opened, span_of(text, MEGABYTE), PARSED), (MEGABYTE + LENGTHS - 1) / LENGTHS);
    free(text);
    opened_close(&opened);
}

/* ---- collisions -------------------------------------------------------------------------------------------------
 * The table's hash is no secret, and for eight bytes it can be undone: texts that all fall into one slot are easy to
 * make. Without a bound the file here would take some hours. */

/* The number that hashes to sum: the steps of hash() in strings.c, for one word, backwards. */
static uint64_t undo(uint64_t sum)
{
    const uint64_t multiplier = 0x9E3779B97F4A7C15u;
    uint64_t inverse = multiplier; /* Newton's iteration doubles the right bits: 3, 6, 12, 24, 48, 96 */
    for (int i = 0; i < 5; i++)
        inverse *= 2 - multiplier * inverse;
    sum ^= sum >> 29;
    sum ^= sum >> 58;
    return (sum * inverse) ^ 8 * multiplier;
}

static void a_vocabulary_made_to_collide_is_refused(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    struct keys keys = { .bytes = { .limit = 1 << 24 } };
    add_text(&keys, "model", "gpt2");
    add_array(&keys, "tokens", GGUF_STRING, COUNT);
    for (uint64_t i = 0; i < COUNT; i++) {
        make_number(&keys.bytes, 8, 8);
        make_number(&keys.bytes, undo(i << 32), 8);
    }
    struct buffer file = { .limit = 1 << 24 };
    struct error error = { 0 };
    struct gguf *gguf = NULL;
    struct tokenizer *tokenizer = NULL;
    make_head(&file, 3, 0, keys.count);
    make_bytes(&file, keys.bytes.bytes, keys.bytes.length);
    assert_done(gguf_read(buffer_span(&file), "tiny.gguf", &gguf, &error), &error);
    alarm(SECONDS_MOST);
    assert_false(tokenizer_open(gguf, &tokenizer, &error));
    alarm(0);
    assert_contains(error.text, "collide");
    gguf_close(gguf);
    buffer_free(&file);
    buffer_free(&keys.bytes);
}

int main(void)
{
    RUN_TESTS(TEST(a_file_without_a_tokenizer_says_so), TEST(what_is_not_known_is_named_with_what_is),
              TEST(missing_parts_are_named), TEST(arrays_must_be_as_long_as_the_vocabulary),
              TEST(ids_must_be_in_the_vocabulary), TEST(ids_that_nobody_named_may_be_missing),
              TEST(a_bos_that_is_not_there_is_not_added), TEST(tokens_that_only_look_like_bytes_are_text),
              TEST(of_equal_tokens_the_first_is_meant), TEST(merges_that_are_none_are_passed_over),
              TEST(types_that_are_none_are_normal), TEST(an_endless_token_does_no_harm),
              TEST(a_word_of_a_megabyte_is_linear), TEST(runs_of_special_tokens_are_linear),
              TEST(a_vocabulary_made_to_collide_is_refused));
}

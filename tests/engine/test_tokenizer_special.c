/* Tokens that stand for themselves: found in texts, ending answers, shown by decoders. */
#include "engine/vocabulary_maker.h"

enum { N = 1, CONTROL = 3, USER = 4 };

static const char *const merges[] = { "none none" };
static const char *const tokens[] = {
    "a",     "b",  "c",   "d",   "<",    "|",  ">",         /* 0 to 6 */
    "<|x|>", "ab", "abc", "bcd", "cdab", "aa", "aaa", "da", /* 7 to 14 */
};
static const int types[] = { N, N, N, N, N, N, N, CONTROL, USER, CONTROL, USER, USER, USER, USER, CONTROL };

static struct vocabulary small(void)
{
    return (struct vocabulary){ .model = "gpt2",
                                .tokens = tokens,
                                .token_count = LENGTH(tokens),
                                .merges = merges,
                                .merge_count = LENGTH(merges),
                                .types = types,
                                .type_count = LENGTH(types) };
}

static void a_control_token_is_plain_text_unless_parsed(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "c<|x|>", PARSED, 2, 7);
    assert_ids(&opened, "c<|>", PLAIN, 2, 4, 5, 6);
    assert_ids(&opened, "c<|x|>", PLAIN, 2, 4, 5, 5, 6); /* there is no token for x */
    opened_close(&opened);
}

static void a_user_defined_token_is_always_found(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "dab", PLAIN, 3, 8);
    assert_ids(&opened, "dab", PARSED, 14, 1); /* da and ab are equally long: the leftmost */
    opened_close(&opened);
}

static void the_longest_wins_wherever_it_begins(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "abcd", PLAIN, 0, 10);    /* ab begins further left, bcd is longer */
    assert_ids(&opened, "abcdab", PLAIN, 8, 11);  /* cdab is longer than bcd, and leaves ab */
    assert_ids(&opened, "abcdab", PARSED, 8, 11); /* abc touches cdab: cut down to ab */
    assert_ids(&opened, "aaaaa", PLAIN, 13, 12);  /* no room for aaa twice */
    assert_ids(&opened, "aaaaaaa", PLAIN, 13, 13, 0);
    opened_close(&opened);
}

/* The rule said plainly: each token in turn, the longest first, takes its places in what is left. */
static void find_plainly(const char *text, size_t bytes, uint32_t *owner)
{
    for (size_t length = bytes; length > 0; length--)
        for (size_t start = 0; start + length <= bytes; start++)
            for (uint32_t id = 7; id < LENGTH(tokens); id++) {
                bool fits = strlen(tokens[id]) == length && strncmp(text + start, tokens[id], length) == 0;
                for (size_t i = 0; i < length && fits; i++)
                    fits = owner[start + i] == TOKEN_NONE;
                for (size_t i = 0; i < length && fits; i++)
                    owner[start + i] = i == 0 ? id : id + 1000;
            }
}

static void random_texts_agree_with_the_rule_said_plainly(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    for (int round = 0; round < 3000; round++) {
        char text[33];
        uint32_t owner[32], expected[33];
        const size_t bytes = random_in(&random, 1, 32), letters = random_in(&random, 1, 4);
        for (size_t i = 0; i < bytes; i++) {
            text[i] = (char)('a' + random_in(&random, 0, letters - 1));
            owner[i] = TOKEN_NONE;
        }
        text[bytes] = '\0';
        find_plainly(text, bytes, owner);
        size_t count = 0;
        for (size_t i = 0; i < bytes; i++)
            if (owner[i] == TOKEN_NONE || owner[i] < 1000)
                expected[count++] = owner[i] == TOKEN_NONE ? (uint32_t)(text[i] - 'a') : owner[i];
        expected[count] = TOKEN_NONE;
        check_ids(&opened, span_text(text), PARSED, expected, __FILE__, __LINE__);
    }
    opened_close(&opened);
}

/* ---- ends of answers --------------------------------------------------------------------------------------------- */

static struct opened open_texts(const char *const *texts, size_t count, const int *kinds)
{
    const struct vocabulary vocabulary = { .model = "gpt2",
                                           .tokens = texts,
                                           .token_count = count,
                                           .merges = merges,
                                           .merge_count = LENGTH(merges),
                                           .types = kinds,
                                           .type_count = kinds ? count : 0,
                                           .ids = { { "eos_token_id", 1 }, { "eot_token_id", 2 } } };
    return vocabulary_open(&vocabulary);
}

static void an_answer_ends_by_the_keys_and_by_well_known_texts(void **state)
{
    (void)state;
    const char *const texts[] = { "a", "<|stop|>", "<|turn|>", "<|im_end|>", "<|endoftext|>", "<|im_start|>" };
    struct opened opened = open_texts(texts, LENGTH(texts), NULL);
    const bool ends[] = { false, true, true, true, true, false };
    for (uint32_t id = 0; id < LENGTH(texts); id++)
        assert_int_equal(tokenizer_ends(opened.tokenizer, id), ends[id]);
    assert_false(tokenizer_ends(opened.tokenizer, TOKEN_NONE));
    assert_int_equal(tokenizer_eos(opened.tokenizer), 1);
    assert_int_equal(tokenizer_bos(opened.tokenizer), TOKEN_NONE);
    opened_close(&opened);
}

/* In gpt-oss <|end|> ends a message and <|call|> or <|return|> the answer; in Phi 3 there is only <|end|>. */
static void end_ends_an_answer_only_where_nothing_else_does(void **state)
{
    (void)state;
    const char *const phi[] = { "a", "b", "c", "<|end|>" };
    const char *const harmony[] = { "a", "b", "c", "<|end|>", "<|return|>", "<|call|>" };
    struct opened opened = open_texts(phi, LENGTH(phi), NULL);
    assert_true(tokenizer_ends(opened.tokenizer, 3));
    opened_close(&opened);
    opened = open_texts(harmony, LENGTH(harmony), NULL);
    assert_false(tokenizer_ends(opened.tokenizer, 3));
    assert_true(tokenizer_ends(opened.tokenizer, 4));
    opened_close(&opened);
}

/* Converters have left <|im_end|> as ordinary text: it would be shown, and not be found in a prompt. */
static void an_end_that_was_left_as_text_is_a_control_token(void **state)
{
    (void)state;
    const char *const texts[] = { "a", "b", "c", "<|im_end|>" };
    const int kinds[] = { N, N, N, N };
    struct opened opened = open_texts(texts, LENGTH(texts), kinds);
    char scratch[256];
    assert_ids(&opened, "a<|im_end|>", PARSED, 0, 3);
    assert_int_equal(tokenizer_piece(opened.tokenizer, 3, false, scratch).bytes, 0);
    opened_close(&opened);
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

enum { BYTE = 6 };

static const char *const spm_tokens[] = { "<unk>",  "<s>",    "</s>",    "<0xF0>", "<0x9F>", "<0x98>",
                                          "<0x80>", "<0xC3>", "\u2581a", "b",      "\u2581", "c\u00E9" };
static const int spm_types[] = { 2, CONTROL, CONTROL, BYTE, BYTE, BYTE, BYTE, BYTE, N, N, N, N };
static const float spm_scores[LENGTH(spm_tokens)] = { 0 };

static struct opened open_spm(bool adds_space)
{
    const struct vocabulary vocabulary = { .model = "llama",
                                           .tokens = spm_tokens,
                                           .token_count = LENGTH(spm_tokens),
                                           .types = spm_types,
                                           .type_count = LENGTH(spm_types),
                                           .scores = spm_scores,
                                           .score_count = LENGTH(spm_scores),
                                           .flags = { { "add_space_prefix", adds_space } } };
    return vocabulary_open(&vocabulary);
}

/* What is shown after each token, separated by bars, and at the end. */
static void check_shown(struct decoder decoder, const uint32_t *ids, size_t count, const char *expected)
{
    struct buffer shown = { .limit = 1000 };
    struct error error = { 0 };
    for (size_t i = 0; i < count; i++) {
        assert_done(decoder_add(&decoder, ids[i], &shown, &error), &error);
        assert_int_equal(utf8_valid_prefix(buffer_span(&shown)), shown.length);
        assert_done(buffer_text(&shown, "|", &error), &error);
    }
    assert_done(decoder_end(&decoder, &shown, &error), &error);
    assert_string_equal(shown.bytes, expected);
    buffer_free(&shown);
}

#define SHOWN(decoder, expected, ...) \
    check_shown(decoder, (const uint32_t[]){ __VA_ARGS__ }, LENGTH(((const uint32_t[]){ __VA_ARGS__ })), expected)

static void a_character_is_shown_when_it_is_whole(void **state)
{
    (void)state;
    struct opened opened = open_spm(false);
    const struct decoder decoder = { .tokenizer = opened.tokenizer };
    SHOWN(decoder, "|||\U0001F600|b|", 3, 4, 5, 6, 9);
    SHOWN(decoder, "b||\uFFFDc\u00E9|", 9, 7, 11); /* begun, and something else came */
    SHOWN(decoder, "b|||\uFFFD", 9, 3, 4);         /* begun, and the end came */
    SHOWN(decoder, "\uFFFD||\uFFFD", 6, 7);
    opened_close(&opened);
}

static void only_the_space_that_was_added_is_taken_away(void **state)
{
    (void)state;
    struct opened llama = open_spm(true), gemma = open_spm(false);
    const struct decoder first = { .tokenizer = llama.tokenizer }, plain = { .tokenizer = gemma.tokenizer };
    SHOWN(first, "a| a|", 8, 8);
    SHOWN(first, "| a|", 10, 8);
    SHOWN(first, "|a|", 1, 8); /* what is not shown is not the first word */
    SHOWN(plain, " a| a|", 8, 8);
    const struct decoder goes_on = { .tokenizer = llama.tokenizer, .started = true };
    SHOWN(goes_on, " a|", 8);
    opened_close(&llama);
    opened_close(&gemma);
}

static void special_tokens_are_shown_when_asked(void **state)
{
    (void)state;
    struct opened opened = open_spm(false);
    const struct decoder silent = { .tokenizer = opened.tokenizer };
    const struct decoder open = { .tokenizer = opened.tokenizer, .special = true };
    SHOWN(silent, "|b||", 1, 9, 2);
    SHOWN(open, "<s>|b|</s>|", 1, 9, 2);
    opened_close(&opened);
}

/* Any ids, the impossible ones too, into a buffer that gets full. */
static void whatever_the_tokens_the_text_is_valid(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct opened opened = open_spm(true);
    for (int round = 0; round < 2000; round++) {
        struct decoder decoder = { .tokenizer = opened.tokenizer, .special = random_in(&random, 0, 1) };
        struct buffer shown = { .limit = random_in(&random, 0, 40) };
        struct error error = { 0 };
        for (int i = 0; i < 30; i++) {
            if (!decoder_add(&decoder, (uint32_t)random_in(&random, 0, LENGTH(spm_tokens)), &shown, &error))
                assert_int_equal(error.kind, ERROR_COULD_NOT);
            assert_int_equal(utf8_valid_prefix(buffer_span(&shown)), shown.length);
        }
        if (decoder_end(&decoder, &shown, &error))
            assert_int_equal(utf8_valid_prefix(buffer_span(&shown)), shown.length);
        buffer_free(&shown);
    }
    opened_close(&opened);
}

int main(void)
{
    RUN_TESTS(TEST(a_control_token_is_plain_text_unless_parsed), TEST(a_user_defined_token_is_always_found),
              TEST(the_longest_wins_wherever_it_begins), TEST(random_texts_agree_with_the_rule_said_plainly),
              TEST(an_answer_ends_by_the_keys_and_by_well_known_texts),
              TEST(end_ends_an_answer_only_where_nothing_else_does),
              TEST(an_end_that_was_left_as_text_is_a_control_token), TEST(a_character_is_shown_when_it_is_whole),
              TEST(only_the_space_that_was_added_is_taken_away), TEST(special_tokens_are_shown_when_asked),
              TEST(whatever_the_tokens_the_text_is_valid));
}

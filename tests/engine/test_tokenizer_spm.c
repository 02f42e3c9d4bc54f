/* SentencePiece on vocabularies small enough to merge by hand. */
#include "engine/vocabulary_maker.h"

#include <math.h>

enum { N = 1, UNKNOWN = 2, CONTROL = 3, USER = 4, BYTE = 6 };

/* A token in each row: text, score, type. */
static const char *const tokens[] = {
    "<unk>",  "<s>", "</s>", "<0xC3>",  "<0xA9>",   "<0x0A>", /* 0 to 5 */
    "a",      "b",   "c",    "\u2581",                        /* 6 to 9 */
    "ab",     "bc",  "abc",  "\u2581a", "\u2581ab", "aa",     /* 10 to 15 */
    "<mark>",                                                 /* 16 */
};
static const float scores[] = { 0, 0, 0, 0, 0, 0, -10, -10, -10, -10, -2, -1, -4, -3, -5, -2, 0 };
static const int types[] = { UNKNOWN, CONTROL, CONTROL, BYTE, BYTE, BYTE, N, N, N, N, N, N, N, N, N, N, USER };

static struct vocabulary small(void)
{
    return (struct vocabulary){ .model = "llama",
                                .tokens = tokens,
                                .token_count = LENGTH(tokens),
                                .types = types,
                                .type_count = LENGTH(types),
                                .scores = scores,
                                .score_count = LENGTH(scores),
                                .flags = { { "add_space_prefix", 0 } } };
}

static struct vocabulary llama(void)
{
    struct vocabulary vocabulary = small();
    vocabulary.flags[0].value = 1;
    return vocabulary;
}

static void the_higher_score_goes_first(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "abc", PLAIN, 12); /* bc, then a bc: all of it is a token */
    assert_ids(&opened, "abcb", PLAIN, 12, 7);
    assert_ids(&opened, "bab", PLAIN, 7, 10);
    assert_ids(&opened, " ab", PLAIN, 14); /* ab has -2, the space and a -3 */
    opened_close(&opened);
}

static void of_equal_scores_the_leftmost_is_merged(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "aaa", PLAIN, 15, 6);
    assert_ids(&opened, "aab", PLAIN, 15, 7); /* aa and ab both have -2 */
    opened_close(&opened);
}

static void a_character_without_a_token_becomes_its_bytes(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "a\u00E9b", PLAIN, 6, 3, 4, 7);
    assert_ids(&opened, "\n", PLAIN, 5);
    assert_ids(&opened, "\xA9", PLAIN, 4);   /* half a character */
    assert_ids(&opened, "\u20AC", PLAIN, 0); /* not all of its bytes have a token */
    opened_close(&opened);
}

static void a_space_goes_before_the_text_and_after_each_special_token(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = llama();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "ab", PLAIN, 14);
    assert_ids(&opened, "ab<mark>b", PLAIN, 14, 16, 9, 7);
    check_ids(&opened, (struct span){ 0 }, PLAIN, (const uint32_t[]){ TOKEN_NONE }, __FILE__, __LINE__);
    opened_close(&opened);
}

static void bos_goes_first_unless_the_file_says_no(void **state)
{
    (void)state;
    struct vocabulary vocabulary = small();
    struct opened silent = vocabulary_open(&vocabulary);
    assert_true(tokenizer_adds_bos(silent.tokenizer));
    assert_ids(&silent, "a", FULL, 1, 6);
    assert_ids(&silent, "a", PARSED, 6);
    opened_close(&silent);
    vocabulary.flags[1].key = "add_bos_token";
    vocabulary.flags[2].key = "add_eos_token";
    vocabulary.flags[2].value = 1;
    struct opened told = vocabulary_open(&vocabulary);
    assert_false(tokenizer_adds_bos(told.tokenizer));
    assert_ids(&told, "a", FULL, 6, 2);
    opened_close(&told);
}

static void a_piece_shows_spaces_bytes_and_special_tokens_when_asked(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    const struct {
        uint32_t id;
        bool special;
        const char *text;
    } rows[] = {
        { 14, false, " ab" }, { 3, false, "\xC3" },    { 1, false, "" }, { 1, true, "<s>" },
        { 0, false, "" },     { 16, false, "<mark>" }, { 17, true, "" }, { UINT32_MAX, true, "" },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char scratch[256];
        const struct span piece = tokenizer_piece(opened.tokenizer, rows[i].id, rows[i].special, scratch);
        assert_true(span_equal(piece, span_text(rows[i].text)));
    }
    opened_close(&opened);
}

/* NaN is no score to compare; infinities are. */
static void scores_that_are_no_numbers_do_no_harm(void **state)
{
    (void)state;
    float odd[LENGTH(scores)];
    memcpy(odd, scores, sizeof odd);
    odd[10] = NAN;
    odd[11] = -NAN;
    odd[12] = INFINITY;
    odd[15] = -INFINITY;
    struct vocabulary vocabulary = small();
    vocabulary.scores = odd;
    struct opened opened = vocabulary_open(&vocabulary);
    struct tokens found = { 0 };
    struct error error = { 0 };
    assert_done(tokenizer_encode(opened.tokenizer, span_text("abcaabbcaaa"), PLAIN, &found, &error), &error);
    assert_true(found.count > 0);
    tokens_free(&found);
    opened_close(&opened);
}

int main(void)
{
    RUN_TESTS(
        TEST(the_higher_score_goes_first), TEST(of_equal_scores_the_leftmost_is_merged),
        TEST(a_character_without_a_token_becomes_its_bytes),
        TEST(a_space_goes_before_the_text_and_after_each_special_token), TEST(bos_goes_first_unless_the_file_says_no),
        TEST(a_piece_shows_spaces_bytes_and_special_tokens_when_asked), TEST(scores_that_are_no_numbers_do_no_harm));
}

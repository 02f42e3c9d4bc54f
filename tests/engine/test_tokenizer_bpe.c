/* Byte-level BPE on vocabularies small enough to merge by hand. */
#include "engine/vocabulary_maker.h"

/* ids                                    0    1    2    3    4    5    6     7      8     9        10 */
static const char *const tokens[] = { "l",           "o",         "w",   "e",     "r",      "a",
                                      "lo",          "ow",        "low", "er",    "\u0120",
                                      /* 11 */ "aa", "\u0120low", "!",   "lower", "1",      "12" };
static const char *const merges[] = { "o w", "l ow", "e r", "l o", "a a", "\u0120 low", "1 2", "w e", "low wer" };

static struct vocabulary small(void)
{
    return (struct vocabulary){ .model = "gpt2",
                                .pre = "gpt-2",
                                .tokens = tokens,
                                .token_count = LENGTH(tokens),
                                .merges = merges,
                                .merge_count = LENGTH(merges) };
}

static void the_earlier_merge_goes_first(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "lo", PLAIN, 6);
    assert_ids(&opened, "low", PLAIN, 8); /* o w, not l o, though that is further left */
    assert_ids(&opened, "lower", PLAIN, 8, 9);
    opened_close(&opened);
}

static void of_equal_pairs_the_leftmost_is_merged(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "aaa", PLAIN, 11, 5);
    assert_ids(&opened, "aaaaa", PLAIN, 11, 11, 5);
    opened_close(&opened);
}

static void a_space_belongs_to_the_word_after_it(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "low low", PLAIN, 8, 12);
    assert_ids(&opened, "low  low", PLAIN, 8, 10, 12);
    assert_ids(&opened, "low ", PLAIN, 8, 10);
    opened_close(&opened);
}

static void nothing_becomes_nothing(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    check_ids(&opened, (struct span){ 0 }, FULL, (const uint32_t[]){ TOKEN_NONE }, __FILE__, __LINE__);
    opened_close(&opened);
}

/* "lower" is a token that no merge leads to. */
static void llama_takes_a_whole_word_that_is_a_token(void **state)
{
    (void)state;
    struct vocabulary vocabulary = small();
    struct opened gpt = vocabulary_open(&vocabulary);
    assert_ids(&gpt, "lower", PLAIN, 8, 9);
    opened_close(&gpt);
    vocabulary.pre = "llama-bpe";
    struct opened llama = vocabulary_open(&vocabulary);
    assert_ids(&llama, "lower", PLAIN, 14);
    opened_close(&llama);
}

static void a_digit_is_alone_in_smollm(void **state)
{
    (void)state;
    struct vocabulary vocabulary = small();
    struct opened gpt = vocabulary_open(&vocabulary);
    assert_ids(&gpt, "12", PLAIN, 16);
    opened_close(&gpt);
    vocabulary.pre = "smollm";
    struct opened smollm = vocabulary_open(&vocabulary);
    check_ids(&smollm, span_text("1"), PLAIN, (const uint32_t[]){ 15, TOKEN_NONE }, __FILE__, __LINE__);
    assert_ids(&smollm, "11", PLAIN, 15, 15);
    opened_close(&smollm);
}

/* The merge "w e" makes a symbol that is no token: it falls back to its letters. */
static void a_merge_that_makes_no_token_is_taken_apart(void **state)
{
    (void)state;
    const struct vocabulary vocabulary = small();
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "we", PLAIN, 2, 3);
    opened_close(&opened);
}

/* SmolLM2 lacks U+0004 and some more. Its unknown token is the end of the text, which would be worse than nothing. */
static void a_byte_without_a_token_is_left_out(void **state)
{
    (void)state;
    struct vocabulary vocabulary = small();
    vocabulary.ids[0].key = "unknown_token_id";
    vocabulary.ids[0].value = 13;
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "lo?lo", PLAIN, 6, 6);
    assert_ids(&opened, "lo\xFFlo", PLAIN, 6, 6); /* there is no U+FFFD either */
    opened_close(&opened);
}

static void a_byte_that_no_character_has_becomes_a_replacement(void **state)
{
    (void)state;
    const char *const texts[] = { "l", "\u00EF\u00BF\u00BD" };
    struct vocabulary vocabulary = small();
    vocabulary.tokens = texts;
    vocabulary.token_count = LENGTH(texts);
    struct opened opened = vocabulary_open(&vocabulary);
    assert_ids(&opened, "l\xFFl\xC0\xF5", PLAIN, 0, 1, 0, 1, 1);
    assert_ids(&opened, "l\xE9l", PLAIN, 0, 0); /* a byte of some character, which this vocabulary lacks */
    opened_close(&opened);
}

/* All 256 bytes, as GPT-2's vocabulary spells them. Recorded from the published vocabulary. */
static const char alphabet[] =
    "ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠ!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklm"
    "nopqrstuvwxyz{|}~ġĢģĤĥĦħĨĩĪīĬĭĮįİıĲĳĴĵĶķĸĹĺĻļĽľĿŀŁł¡¢£¤¥¦§¨©ª«¬Ń®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß"
    "àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

/* A vocabulary of all single bytes, token i for byte i, and no merge that happens. */
static struct opened open_bytes(struct arena *arena)
{
    static const char *const no_merges[] = { "nothing nowhere" };
    const struct span letters = span_text(alphabet);
    const char **bytes = arena_take(arena, 256, sizeof *bytes);
    size_t count = 0;
    for (size_t i = 0; i < letters.bytes;) {
        uint32_t code_point;
        const size_t length = utf8_read(letters, i, &code_point);
        assert_true(count < 256);
        bytes[count++] = arena_text(arena, span_of(letters.data + i, length));
        i += length;
    }
    assert_int_equal(count, 256);
    const struct vocabulary vocabulary = { .model = "gpt2",
                                           .pre = "llama-bpe",
                                           .tokens = bytes,
                                           .token_count = count,
                                           .merges = no_merges,
                                           .merge_count = LENGTH(no_merges) };
    return vocabulary_open(&vocabulary);
}

static void every_byte_is_a_letter_and_comes_back(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct opened opened = open_bytes(&arena);
    for (unsigned byte = 0; byte < 256; byte++) {
        const unsigned char text[] = { (unsigned char)byte };
        char scratch[256];
        check_ids(&opened, span_of(text, 1), PLAIN, (const uint32_t[]){ byte, TOKEN_NONE }, __FILE__, __LINE__);
        const struct span piece = tokenizer_piece(opened.tokenizer, byte, false, scratch);
        assert_true(span_equal(piece, span_of(text, 1)));
    }
    opened_close(&opened);
    arena_free(&arena);
}

/* Whatever the bytes are, valid UTF-8 or not. */
static void any_bytes_come_back_from_their_pieces(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct arena arena = { 0 };
    struct opened opened = open_bytes(&arena);
    for (int round = 0; round < 300; round++) {
        unsigned char text[200];
        const size_t length = random_in(&random, 0, sizeof text);
        for (size_t i = 0; i < length; i++)
            text[i] = (unsigned char)random_next(&random);
        struct tokens found = { 0 };
        struct error error = { 0 };
        assert_done(tokenizer_encode(opened.tokenizer, span_of(text, length), FULL, &found, &error), &error);
        assert_int_equal(found.count, length);
        for (size_t i = 0; i < found.count; i++)
            assert_int_equal(found.ids[i], text[i]);
        tokens_free(&found);
    }
    opened_close(&opened);
    arena_free(&arena);
}

int main(void)
{
    RUN_TESTS(TEST(the_earlier_merge_goes_first), TEST(of_equal_pairs_the_leftmost_is_merged),
              TEST(a_space_belongs_to_the_word_after_it), TEST(nothing_becomes_nothing),
              TEST(llama_takes_a_whole_word_that_is_a_token), TEST(a_digit_is_alone_in_smollm),
              TEST(a_merge_that_makes_no_token_is_taken_apart), TEST(a_byte_without_a_token_is_left_out),
              TEST(a_byte_that_no_character_has_becomes_a_replacement), TEST(every_byte_is_a_letter_and_comes_back),
              TEST(any_bytes_come_back_from_their_pieces));
}

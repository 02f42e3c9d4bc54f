/* How text is cut before byte-level BPE. The expected pieces, separated by bars, were recorded from the regular
 * expressions that the models' authors publish (pretokenizer.c names them), run by another engine: Python's regex. */
#include "check.h"
#include "engine/pretokenizer.h"

static const char *const names[] = { "gpt-2", "smollm", "llama-bpe", "qwen2" };

static const struct {
    const char *text;
    const char *pieces[LENGTH(names)];
} rows[] = {
    { "Hello world", { "Hello| world", "Hello| world", "Hello| world", "Hello| world" } },
    { "  two  spaces ", { " | two| | spaces| ", " | two| | spaces| ", " | two| | spaces| ", " | two| | spaces| " } },
    { "It's they'LL I'd'Ve 'S",
      { "It|'s| they|'|LL| I|'d|'|Ve| '|S", "It|'s| they|'|LL| I|'d|'|Ve| '|S", "It|'s| they|'LL| I|'d|'Ve| '|S",
        "It|'s| they|'LL| I|'d|'Ve| '|S" } },
    { " 'tis", { " '|tis", " '|tis", " '|tis", " '|tis" } },
    { "abc123 4567", { "abc|123| 4567", "abc|1|2|3| |4|5|6|7", "abc|123| |456|7", "abc|1|2|3| |4|5|6|7" } },
    { "12 345678", { "12| 345678", "1|2| |3|4|5|6|7|8", "12| |345|678", "1|2| |3|4|5|6|7|8" } },
    { "x=1,y=22;", { "x|=|1|,|y|=|22|;", "x|=|1|,|y|=|2|2|;", "x|=|1|,y|=|22|;", "x|=|1|,y|=|2|2|;" } },
    { "$3.50 (ok)...",
      { "$|3|.|50| (|ok|)...", "$|3|.|5|0| (|ok|)...", "$|3|.|50| (|ok|)...", "$|3|.|5|0| (|ok|)..." } },
    { "a\n\nb \n\t c\r\n",
      { "a|\n|\n|b| \n\t| c|\r\n", "a|\n|\n|b| \n\t| c|\r\n", "a|\n\n|b| \n|\t| c|\r\n", "a|\n\n|b| \n|\t| c|\r\n" } },
    { "end   \n   ", { "end|   \n   ", "end|   \n   ", "end|   \n|   ", "end|   \n|   " } },
    { "\n \n  x", { "\n \n | x", "\n \n | x", "\n \n| | x", "\n \n| | x" } },
    { "tab\tword", { "tab|\t|word", "tab|\t|word", "tab|\tword", "tab|\tword" } },
    { "Éte d'été naïve", { "Éte| d|'|été| naïve", "Éte| d|'|été| naïve", "Éte| d|'été| naïve", "Éte| d|'été| naïve" } },
    { "Привет мир, 你好世界 123",
      { "Привет| мир|,| 你好世界| 123", "Привет| мир|,| 你好世界| |1|2|3", "Привет| мир|,| 你好世界| |123",
        "Привет| мир|,| 你好世界| |1|2|3" } },
    { "नमस\u094Dत\u0947 \u096A\u0968",
      { "नमस|\u094D|त|\u0947| \u096A\u0968", "नमस|\u094D|त|\u0947| |\u096A|\u0968", "नमस|\u094Dत|\u0947| |\u096A\u0968",
        "नमस|\u094Dत|\u0947| |\u096A|\u0968" } },
    { "e\u0301 n\u0303", { "e|\u0301| n|\u0303", "e|\u0301| n|\u0303", "e|\u0301| n|\u0303", "e|\u0301| n|\u0303" } },
    { "\u00BD \u2167 \u00B2",
      { "\u00BD| \u2167| \u00B2", "\u00BD| |\u2167| |\u00B2", "\u00BD| |\u2167| |\u00B2",
        "\u00BD| |\u2167| |\u00B2" } },
    { "\u00A0nbsp\u2003em\u3000ideo",
      { "\u00A0|nbsp|\u2003|em|\u3000|ideo", "\u00A0|nbsp|\u2003|em|\u3000|ideo", "\u00A0nbsp|\u2003em|\u3000ideo",
        "\u00A0nbsp|\u2003em|\u3000ideo" } },
    { "\302\205\013\014x",
      { "\302\205\013|\014|x", "\302\205\013|\014|x", "\302\205\013|\014x", "\302\205\013|\014x" } },
    { "😀 a😀b 👨\u200D👩\u200D👧",
      { "😀| a|😀|b| 👨\u200D👩\u200D👧", "😀| a|😀|b| 👨\u200D👩\u200D👧", "😀| a|😀b| 👨\u200D👩\u200D👧",
        "😀| a|😀b| 👨\u200D👩\u200D👧" } },
    { " !?\n\n!\n", { " !?|\n|\n|!|\n", " !?|\n|\n|!|\n", " !?\n\n|!\n", " !?\n\n|!\n" } },
    { "a.b_c-d", { "a|.|b|_|c|-|d", "a|.|b|_|c|-|d", "a|.b|_c|-d", "a|.b|_c|-d" } },
    { "''", { "''", "''", "''", "''" } },
    { "\u2028x \u200Bz", { "\u2028|x| \u200B|z", "\u2028|x| \u200B|z", "\u2028x| \u200B|z", "\u2028x| \u200B|z" } },
    { "CamelCase 3rd", { "CamelCase| 3|rd", "CamelCase| |3|rd", "CamelCase| |3|rd", "CamelCase| |3|rd" } },
};

static const struct pretokenizer *find(const char *name)
{
    struct error error = { 0 };
    const struct pretokenizer *found = pretokenizer_find(span_text(name), "tiny.gguf", &error);
    if (!found)
        print_error("%s\n", error.text);
    assert_non_null(found);
    return found;
}

static void check_pieces(const char *name, const char *text, const char *expected)
{
    struct cutter cutter = { .pretokenizer = find(name), .text = span_text(text) };
    struct buffer pieces = { .limit = 1000 };
    struct span piece;
    struct error error = { 0 };
    while (cutter_next(&cutter, &piece)) {
        assert_true(piece.bytes > 0);
        assert_done(buffer_format(&pieces, &error, "%s%.*s", pieces.length ? "|" : "", (int)piece.bytes,
                                  (const char *)piece.data),
                    &error);
    }
    if (strcmp(pieces.bytes, expected) != 0)
        print_error("%s: ", name);
    assert_string_equal(pieces.bytes, expected);
    buffer_free(&pieces);
}

static void pieces_are_those_of_the_published_expressions(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++)
        for (size_t k = 0; k < LENGTH(names); k++)
            check_pieces(names[k], rows[i].text, rows[i].pieces[k]);
}

static void a_missing_name_means_gpt2(void **state)
{
    (void)state;
    struct error error = { 0 };
    assert_ptr_equal(pretokenizer_find((struct span){ 0 }, "tiny.gguf", &error), find("gpt-2"));
}

/* Any bytes: the pieces are the text. */
static void nothing_is_lost_of_any_bytes(void **state)
{
    (void)state;
    static const unsigned char favourites[] = { ' ', '\n', '\r', '1', 'a', '\'', '.', 0xC3, 0xA9, 0xE2, 0x80, 0 };
    struct random random = random_start(__func__);
    for (int round = 0; round < 4000; round++) {
        unsigned char text[64];
        const size_t length = random_in(&random, 0, sizeof text);
        for (size_t i = 0; i < length; i++)
            text[i] = random_in(&random, 0, 3) ? favourites[random_in(&random, 0, LENGTH(favourites) - 1)]
                                               : (unsigned char)random_next(&random);
        struct cutter cutter = { .pretokenizer = find(names[round % 4]), .text = span_of(text, length) };
        struct span piece;
        size_t end = 0;
        while (cutter_next(&cutter, &piece)) {
            assert_ptr_equal(piece.data, text + end);
            assert_true(piece.bytes > 0);
            end += piece.bytes;
        }
        assert_int_equal(end, length);
    }
}

/* The worst for each: they would take minutes if a piece's search could run to the end of the text each time. */
static void a_megabyte_of_anything_takes_no_time(void **state)
{
    (void)state;
    enum { MEGABYTE = 1 << 20, SECONDS_MOST = 60 };
    static const char *const patterns[] = { "a", " ", "\n", "1", "'", ".", " \n", " .", "a1", "\u00A0", "\xFF", "\r " };
    unsigned char *text = malloc(MEGABYTE);
    assert_non_null(text);
    for (size_t i = 0; i < LENGTH(patterns) * LENGTH(names); i++) {
        const struct span pattern = span_text(patterns[i / LENGTH(names)]);
        for (size_t k = 0; k < MEGABYTE; k++)
            text[k] = pattern.data[k % pattern.bytes];
        struct cutter cutter = { .pretokenizer = find(names[i % LENGTH(names)]), .text = span_of(text, MEGABYTE) };
        struct span piece;
        alarm(SECONDS_MOST); /* its signal ends the test */
        while (cutter_next(&cutter, &piece))
            assert_true(piece.bytes > 0);
        alarm(0);
    }
    free(text);
}

int main(void)
{
    RUN_TESTS(TEST(pieces_are_those_of_the_published_expressions), TEST(a_missing_name_means_gpt2),
              TEST(nothing_is_lost_of_any_bytes), TEST(a_megabyte_of_anything_takes_no_time));
}

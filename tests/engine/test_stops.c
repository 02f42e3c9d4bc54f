/* Texts that end an answer are found however the stream is cut, and nothing of them is ever passed on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "engine/stops.h"

/* Passes text in pieces of a size; returns what came out before a stop text, or all with what the end let go. */
static void pass_in_pieces(const char *const *texts, size_t count, struct span text, size_t piece, struct buffer *out,
                           bool *found)
{
    struct error error = { 0 };
    struct stops stops;
    assert_true(stops_open(&stops, texts, count, &error));
    *found = false;
    for (size_t i = 0; i < text.bytes && !*found; i += piece) {
        const struct span part = span_of(text.data + i, size_min(piece, text.bytes - i));
        assert_true(stops_pass(&stops, part, out, found, &error));
        assert_true(stops.held.length < STOP_TEXT_BYTES_MOST);
    }
    if (!*found)
        assert_true(stops_end(&stops, out, &error));
    stops_close(&stops);
}

static const struct {
    const char *texts[3];
    size_t count;
    const char *stream, *out;
    bool found;
} cases[] = {
    { { "END" }, 1, "one END two", "one ", true },
    { { "END" }, 1, "one EN", "one EN", false },
    { { "END" }, 1, "ENENEND", "ENEN", true },
    { { "aab" }, 1, "aaaab", "aa", true },
    { { "abcd", "bc" }, 2, "xxabd abcc", "xxabd a", true },
    { { "\n\n" }, 1, "a\nb\n\nc", "a\nb", true },
    { { "é" }, 1, "caf\xC3\xA8 caf\xC3\xA9!", "caf\xC3\xA8 caf", true },
    { { "x", "y", "z" }, 3, "abc", "abc", false },
    { { "a" }, 1, "a", "", true },
    { { NULL }, 0, "nothing to look for", "nothing to look for", false },
    { { "long" }, 1, "", "", false },
};

static void a_stop_text_is_found_however_the_stream_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (size_t piece = 1; piece <= 11; piece++) {
            struct buffer out = { .limit = 1000 };
            bool found;
            pass_in_pieces(cases[i].texts, cases[i].count, span_text(cases[i].stream), piece, &out, &found);
            assert_int_equal(found, cases[i].found);
            assert_int_equal(out.length, strlen(cases[i].out));
            assert_memory_equal(out.bytes ? out.bytes : "", cases[i].out, out.length);
            buffer_free(&out);
        }
}

static void text_that_begins_no_stop_text_is_passed_on_at_once(void **state)
{
    (void)state;
    const char *const texts[] = { "</answer>" };
    struct error error = { 0 };
    struct stops stops;
    struct buffer out = { .limit = 1000 };
    bool found;
    assert_true(stops_open(&stops, texts, 1, &error));
    assert_true(stops_pass(&stops, span_text("1 < 2 </"), &out, &found, &error));
    assert_string_equal(out.bytes, "1 < 2 ");
    assert_true(stops_pass(&stops, span_text("b>"), &out, &found, &error));
    assert_string_equal(out.bytes, "1 < 2 </b>");
    stops_close(&stops);
    buffer_free(&out);
}

static void zero_bytes_in_the_stream_are_text_like_others(void **state)
{
    (void)state;
    const char *const texts[] = { "ab" };
    struct buffer out = { .limit = 1000 };
    bool found;
    pass_in_pieces(texts, 1, span_of("a\0ab", 4), 1, &out, &found);
    assert_true(found);
    assert_int_equal(out.length, 2);
    assert_memory_equal(out.bytes, "a\0", 2);
    buffer_free(&out);
}

static void texts_that_can_not_work_are_refused(void **state)
{
    (void)state;
    char too_long[STOP_TEXT_BYTES_MOST + 2];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    const char *const bad[] = { "", "\xA9", "caf\xC3", too_long };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct error error = { 0 };
        struct stops stops;
        assert_false(stops_open(&stops, &bad[i], 1, &error));
        assert_int_equal(error.kind, ERROR_WRONG_USE);
    }
    const char *many[STOP_TEXTS_MOST + 1];
    for (size_t i = 0; i < LENGTH(many); i++)
        many[i] = "x";
    struct error error = { 0 };
    struct stops stops;
    assert_false(stops_open(&stops, many, LENGTH(many), &error));
    assert_true(stops_open(&stops, many, LENGTH(many) - 1, &error));
    stops_close(&stops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_text_is_found_however_the_stream_is_cut),
        cmocka_unit_test(text_that_begins_no_stop_text_is_passed_on_at_once),
        cmocka_unit_test(zero_bytes_in_the_stream_are_text_like_others),
        cmocka_unit_test(texts_that_can_not_work_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

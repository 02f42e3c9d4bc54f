/* UTF-8 as RFC 3629 has it: every code point goes there and back, everything else is one replacement for each byte. */
#include "check.h"

static bool is_character(uint32_t c)
{
    return c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
}

static void every_character_goes_there_and_back(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (!is_character(c))
            continue;
        char text[4];
        uint32_t back = 0;
        const size_t wanted = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        const size_t bytes = utf8_write(c, text);
        if (bytes != wanted || utf8_read(span_of(text, bytes), 0, &back) != wanted || back != c)
            fail_msg("U+%04X: %zu bytes, back U+%04X", c, bytes, back);
        if (utf8_valid_prefix(span_of(text, bytes)) != bytes || utf8_complete_prefix(span_of(text, bytes)) != bytes)
            fail_msg("U+%04X is not taken as whole", c);
    }
}

/* Decodes by arithmetic alone: a sequence is valid if its value, written again, gives the same bytes. */
static bool valid_by_arithmetic(const unsigned char *bytes, size_t count)
{
    uint32_t value = count == 2 ? bytes[0] & 0x1Fu : count == 3 ? bytes[0] & 0x0Fu : bytes[0] & 0x07u;
    for (size_t i = 1; i < count; i++)
        value = value << 6 | (bytes[i] & 0x3Fu);
    char again[4];
    return is_character(value) && utf8_write(value, again) == count && memcmp(again, bytes, count) == 0;
}

static void of_all_beginnings_only_characters_are_valid(void **state)
{
    (void)state;
    static const unsigned char edges[] = { 0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF };
    for (unsigned n = 0; n < 256 * 256; n++)
        for (size_t e = 0; e < LENGTH(edges) * LENGTH(edges); e++) {
            const unsigned char bytes[4] = { (unsigned char)(n >> 8), (unsigned char)n, edges[e / LENGTH(edges)],
                                             edges[e % LENGTH(edges)] };
            size_t wanted = bytes[0] < 0x80 ? 1 : 0;
            for (size_t count = 2; count <= 4 && wanted == 0; count++)
                wanted = valid_by_arithmetic(bytes, count) ? count : 0;
            uint32_t c = 0;
            const size_t read = utf8_read(span_of(bytes, 4), 0, &c);
            if (read != (wanted ? wanted : 1) || (wanted == 0 && c != UTF8_REPLACEMENT))
                fail_msg("%02x %02x %02x %02x: read %zu as U+%04X", bytes[0], bytes[1], bytes[2], bytes[3], read, c);
        }
}

static void a_character_that_is_cut_is_a_replacement_for_each_byte(void **state)
{
    (void)state;
    static const char text[] = "\xF0\x9F\x98\x80";
    for (size_t bytes = 1; bytes < 4; bytes++)
        for (size_t offset = 0; offset < bytes; offset++) {
            uint32_t c = 0;
            assert_int_equal(utf8_read(span_of(text, bytes), offset, &c), 1);
            assert_int_equal(c, UTF8_REPLACEMENT);
        }
}

static void the_valid_prefix_ends_where_the_first_bad_byte_is(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t expected;
    } cases[] = {
        { "", 0 },
        { "abc", 3 },
        { "\xC3\xA9", 2 },
        { "a\x80", 1 },
        { "ab\xC3", 2 },
        { "\xC0\xAF", 0 },
        { "\xE0\x9F\xBF", 0 },
        { "a\xED\xA0\x80", 1 },
        { "\xF4\x90\x80\x80", 0 },
        { "\xF8\x88\x80\x80\x80", 0 },
        { "\xE2\x82\xAC\xE2\x82", 3 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        assert_int_equal(utf8_valid_prefix(span_text(cases[i].text)), cases[i].expected);
}

static void a_stream_keeps_back_only_what_may_still_become_a_character(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t kept; /* bytes at the end */
    } cases[] = {
        { "", 0 },
        { "abc", 0 },
        { "a\xC3", 1 },
        { "a\xE2", 1 },
        { "a\xE2\x82", 2 },
        { "\xF0", 1 },
        { "\xF0\x9F", 2 },
        { "a\xF0\x9F\x98", 3 },
        { "\xF0\x9F\x98\x80", 0 },
        { "\xE0\x9F", 0 }, /* overlong: nothing can save it */
        { "\xED\xA0", 0 }, /* a surrogate */
        { "\xF4\x90", 0 }, /* above U+10FFFF */
        { "\xC0", 0 },     /* begins nothing */
        { "\xFF", 0 },
        { "\x80\x80\x80", 0 }, /* continues nothing */
        { "\xE2\x82\xAC\x80", 0 },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct span text = span_text(cases[i].text);
        assert_int_equal(utf8_complete_prefix(text), text.bytes - cases[i].kept);
    }
}

static void spans_know_their_bounds(void **state)
{
    (void)state;
    const struct span span = span_of("abcd", 4);
    assert_true(span_has(span, 0, 4));
    assert_true(span_has(span, 4, 0));
    assert_false(span_has(span, 4, 1));
    assert_false(span_has(span, 5, 0));
    assert_false(span_has(span, SIZE_MAX, 1));
    assert_false(span_has(span, 1, SIZE_MAX));
    assert_true(span_equal(span_of(NULL, 0), span_text("")));
    assert_false(span_equal(span, span_text("abc")));
    assert_false(span_equal(span, span_text("abcx")));
}

int main(void)
{
    RUN_TESTS(TEST(every_character_goes_there_and_back), TEST(of_all_beginnings_only_characters_are_valid),
              TEST(a_character_that_is_cut_is_a_replacement_for_each_byte),
              TEST(the_valid_prefix_ends_where_the_first_bad_byte_is),
              TEST(a_stream_keeps_back_only_what_may_still_become_a_character), TEST(spans_know_their_bounds));
}

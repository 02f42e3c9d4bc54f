/* Errors: they reach the user whole, harmless to the terminal, and with the kind that decides the exit status. */
#include "check.h"

#include <errno.h>

static void setting_returns_false_and_fills_the_text(void **state)
{
    (void)state;
    struct error error = { 0 };
    assert_false(error_set(&error, "%s: line %d", "a.txt", 3));
    assert_int_equal(error.kind, ERROR_COULD_NOT);
    assert_string_equal(error.text, "a.txt: line 3");
    assert_false(error_set_kind(&error, ERROR_WRONG_USE, "no"));
    assert_int_equal(error.kind, ERROR_WRONG_USE);
}

static void nobody_need_listen(void **state)
{
    (void)state;
    assert_false(error_set(NULL, "x"));
    assert_false(error_prefix(NULL, "x"));
    assert_false(error_memory(NULL, 1));
    assert_false(error_system(NULL, "a", "b"));
}

static void nothing_in_a_text_acts_on_the_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shown;
    } cases[] = {
        { "a\x1b[2Jb", "a?[2Jb" },        /* escape sequence */
        { "a\nb\rc\td\x7f", "a?b?c?d?" }, /* controls of ASCII */
        { "a\xc2\x9b"
          "2Jb",
          "a?2Jb" }, /* U+009B: the same escape sequence as one character */
        { "a\x9b"
          "2Jb",
          "a?2Jb" },                           /* and as one byte */
        { "gpj\xe2\x80\xae.exe", "gpj?.exe" }, /* U+202E turns the direction */
        { "\xe2\x81\xa6x", "?x" },             /* U+2066 does too */
        { "\xff\xfe", "??" },                  /* no UTF-8 */
        { "\xe2\x82", "??" },                  /* cut */
        { "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
        { "\xef\xbf\xbd", "\xef\xbf\xbd" }, /* the replacement character itself is harmless */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct error error = { 0 };
        error_set(&error, "%s", cases[i].name);
        assert_string_equal(error.text, cases[i].shown);
    }
}

static void a_long_text_is_cut_at_the_end_of_a_character(void **state)
{
    (void)state;
    char name[3001];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(name, 'x', sizeof name);
        for (size_t i = shift; i + 3 < sizeof name; i += 3)
            memcpy(name + i, "\xe2\x82\xac", 3);
        name[sizeof name - 1] = '\0';
        struct error error = { 0 };
        error_set(&error, "%s", name);
        const struct span text = span_text(error.text);
        assert_true(text.bytes > sizeof error.text - 4);
        assert_int_equal(utf8_valid_prefix(text), text.bytes);
        assert_null(strchr(error.text, '?'));
    }
}

static void a_prefix_keeps_kind_and_text(void **state)
{
    (void)state;
    struct error error = { 0 };
    error_set_kind(&error, ERROR_WRONG_USE, "line 3: no number");
    assert_false(error_prefix(&error, "%s", "models.yaml"));
    assert_string_equal(error.text, "models.yaml: line 3: no number");
    assert_int_equal(error.kind, ERROR_WRONG_USE);
}

static void prefixes_without_end_do_no_harm(void **state)
{
    (void)state;
    struct error error = { 0 };
    char name[1000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    error_set(&error, "the cause");
    for (int i = 0; i < 20; i++)
        error_prefix(&error, "%s", name);
    assert_true(strlen(error.text) < sizeof error.text);
}

static void an_error_of_the_system_says_why(void **state)
{
    (void)state;
    struct error error = { 0 };
    errno = ENOENT;
    assert_false(error_system(&error, "a.gguf", "open it"));
    assert_string_equal(error.text, "a.gguf: cannot open it: No such file or directory");
    assert_int_equal(error.kind, ERROR_COULD_NOT);
    errno = EPIPE;
    error_system(&error, "standard output", "write");
    assert_int_equal(error.kind, ERROR_PIPE);
}

int main(void)
{
    RUN_TESTS(TEST(setting_returns_false_and_fills_the_text), TEST(nobody_need_listen),
              TEST(nothing_in_a_text_acts_on_the_terminal), TEST(a_long_text_is_cut_at_the_end_of_a_character),
              TEST(a_prefix_keeps_kind_and_text), TEST(prefixes_without_end_do_no_harm),
              TEST(an_error_of_the_system_says_why));
}

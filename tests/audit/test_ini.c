/* INI, properties and .env: keys and values with their lines; what is commented out is not there. */
#include "check.h"

#include "audit/tree.h"

struct parsed {
    struct arena arena;
    struct node *root;
};

static struct parsed parse(const char *text)
{
    struct parsed parsed = { 0 };
    struct error error = { 0 };
    assert_done(ini_parse(span_text(text), &parsed.arena, &parsed.root, &error), &error);
    return parsed;
}

static void check_value(const struct node *map, const char *key, const char *value, size_t line)
{
    const struct node *node = node_get(map, key);
    assert_non_null(node);
    assert_true(text_is(node, value));
    assert_int_equal(node->line, line);
}

static void keys_and_values_have_their_lines(void **state)
{
    (void)state;
    struct parsed parsed = parse("# top\nA=1\n\nexport B=two words # aside\nc.d: x\n[mail]\nhost = smtp\n; no = 1\n");
    check_value(parsed.root, "A", "1", 2);
    check_value(parsed.root, "B", "two words", 4);
    check_value(parsed.root, "c.d", "x", 5);
    check_value(node_get(parsed.root, "mail"), "host", "smtp", 7);
    assert_null(node_get(node_get(parsed.root, "mail"), "no"));
    arena_free(&parsed.arena);
}

static void a_comment_is_no_setting(void **state)
{
    (void)state;
    struct parsed parsed = parse("#A=1\n  # B=2\n;C=3\n!D=4\nE=#x\nF= ; nothing\n");
    assert_null(node_get(parsed.root, "A"));
    assert_null(node_get(parsed.root, "B"));
    assert_null(node_get(parsed.root, "C"));
    assert_null(node_get(parsed.root, "D"));
    check_value(parsed.root, "E", "", 5);
    check_value(parsed.root, "F", "", 6);
    arena_free(&parsed.arena);
}

static void quotes_keep_what_is_in_them(void **state)
{
    (void)state;
    struct parsed parsed = parse("A=\"x # y\"\nB='line one\nline two'\nC=\"never closed\nD=4\n");
    check_value(parsed.root, "A", "x # y", 1);
    check_value(parsed.root, "B", "line one\nline two", 2);
    check_value(parsed.root, "D", "4", 5);
    arena_free(&parsed.arena);
}

static void properties_join_lines_and_escape_colons(void **state)
{
    (void)state;
    struct parsed parsed = parse("a = one,\\\n    two,\\\n    three\nb=https\\://host\nc = 3\n");
    check_value(parsed.root, "a", "one,two,three", 1);
    check_value(parsed.root, "b", "https://host", 4);
    check_value(parsed.root, "c", "3", 5);
    arena_free(&parsed.arena);
}

static void lines_further_in_go_on(void **state)
{
    (void)state;
    struct parsed parsed = parse("[options]\nrequires =\n    boto3\n    requests\nnext = 1\n");
    check_value(node_get(parsed.root, "options"), "requires", "boto3\nrequests", 2);
    check_value(node_get(parsed.root, "options"), "next", "1", 5);
    arena_free(&parsed.arena);
}

static void hostile_quotes_end_soon(void **state)
{
    (void)state;
    struct buffer text = { .limit = 8 << 20 };
    struct error error = { 0 };
    for (int i = 0; i < 200000; i++)
        assert_done(buffer_text(&text, i % 2 ? "a=\"x\\\n" : "b='\n", &error), &error);
    const double begin = seconds_now();
    struct parsed parsed = { 0 };
    assert_done(ini_parse(buffer_span(&text), &parsed.arena, &parsed.root, &error), &error);
    assert_true(seconds_now() - begin < 10);
    arena_free(&parsed.arena);
    buffer_free(&text);
}

int main(void)
{
    RUN_TESTS(TEST(keys_and_values_have_their_lines), TEST(a_comment_is_no_setting), TEST(quotes_keep_what_is_in_them),
              TEST(properties_join_lines_and_escape_colons), TEST(lines_further_in_go_on),
              TEST(hostile_quotes_end_soon));
}

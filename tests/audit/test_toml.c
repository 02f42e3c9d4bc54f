/* test_toml.c: what TOML says, where it stands, and that no text costs more than its length. */
#include "check.h"
#include "audit/tree.h"

static struct arena arena;

static const struct node *parse(const char *text)
{
    struct node *root = NULL;
    struct error error = { 0 };
    assert_done(toml_parse(span_text(text), &arena, &root, &error), &error);
    return root;
}

static struct node *parse_broken(const char *text, const char *why)
{
    struct node *root = NULL;
    struct error error = { 0 };
    assert_false(toml_parse(span_text(text), &arena, &root, &error));
    assert_contains(error.text, why);
    assert_non_null(root);
    return root;
}

static int forget(void **state)
{
    (void)state;
    arena_free(&arena);
    arena = (struct arena){ 0 };
    return 0;
}

static void assert_text(const struct node *root, const char *path, const char *text, size_t line)
{
    const struct node *node = node_at(root, path);
    assert_non_null(node);
    assert_true(text_is(node, text));
    assert_int_equal(node->line, line);
}

static void tables_and_dotted_keys_make_one_tree(void **state)
{
    (void)state;
    const struct node *root = parse("title = \"x\"\n[a.b]\nc.d = 1\nc.e = 2\n[a]\nf = true\n[a.b.g]\nh = 'y'\n");
    assert_text(root, "title", "x", 1);
    assert_text(root, "a.b.c.d", "1", 3);
    assert_text(root, "a.b.c.e", "2", 4);
    assert_text(root, "a.f", "true", 6);
    assert_text(root, "a.b.g.h", "y", 8);
    assert_null(root->first->next->next);
}

static void lists_of_tables_hold_a_map_for_each_header(void **state)
{
    (void)state;
    const struct node *root =
        parse("[[package]]\nname = \"a\"\n[package.source]\nurl = \"u\"\n\n[[package]]\nname = \"b\"\n");
    const struct node *list = node_get(root, "package");
    assert_int_equal(list->type, NODE_LIST);
    assert_text(list->first, "name", "a", 2);
    assert_text(list->first, "source.url", "u", 4);
    assert_int_equal(list->last->line, 6);
    assert_text(list->last, "name", "b", 7);
}

static void values_of_all_kinds_keep_their_text(void **state)
{
    (void)state;
    const struct node *root = parse(
        "a = [ 1, # one\n  \"two\", [3], {x=4,\n y.z = 5}, ]\nb = 1979-05-27 07:32:00Z # when\n"
        "\"quoted key\" = +inf\n'' = 0x1F\r\n");
    const struct node *a = node_get(root, "a");
    assert_true(text_is(a->first, "1"));
    assert_false(a->first->quoted);
    assert_true(text_is(a->first->next, "two"));
    assert_true(a->first->next->quoted);
    assert_int_equal(a->first->next->line, 2);
    assert_text(a->last, "x", "4", 2);
    assert_text(a->last, "y.z", "5", 3);
    assert_text(root, "b", "1979-05-27 07:32:00Z", 4);
    assert_text(root, "quoted key", "+inf", 5);
    assert_true(text_is(root->last, "0x1F"));
}

static void strings_say_what_they_mean(void **state)
{
    (void)state;
    const struct node *root = parse(
        "a = \"t\\tq\\\"u\\u00e9\\U0001F600\\q\\ud800\"\nb = '\\n'\nc = \"\"\"\none \\\n   two\"\"\"\"\"\n"
        "d = '''\n'a''\n'''\ne = \"\"\n");
    assert_text(root, "a", "t\tq\"u\xC3\xA9\xF0\x9F\x98\x80\\q\xEF\xBF\xBD", 1);
    assert_text(root, "b", "\\n", 2);
    assert_text(root, "c", "one two\"\"", 3);
    assert_text(root, "d", "'a''\n", 6);
    assert_text(root, "e", "", 9);
}

static void a_mistake_is_told_with_its_line_and_what_stood_before_stays(void **state)
{
    (void)state;
    assert_text(parse_broken("a = 1\nb = \n", "line 2: a value is missing"), "a", "1", 1);
    assert_text(parse_broken("a = 1\nb = \"x\n", "line 2: a text has no closing quote"), "a", "1", 1);
    assert_text(parse_broken("a = 1\n[x\ny = 2", "line 2: ']' is missing"), "a", "1", 1);
    assert_text(parse_broken("a = 1\nb c = 2", "line 2: '=' is missing"), "a", "1", 1);
    assert_text(parse_broken("a = 1\nb = [1, 2\n", "or a closing bracket"), "a", "1", 1);
    assert_text(parse_broken("a = \"x\" y", "something stands after"), "a", "x", 1);
    parse_broken("a = '''x''", "no closing quotes");
    parse_broken("a = \"\\", "no closing quote");
    parse_broken("= 1", "a key is missing");
}

static char *repeated(const char *begin, const char *text, size_t count, const char *end)
{
    const size_t bytes = strlen(text), before = strlen(begin);
    char *out = arena_take(&arena, before + count * bytes + strlen(end) + 1, 1);
    assert_non_null(out);
    memcpy(out, begin, before);
    for (size_t i = 0; i < count; i++)
        memcpy(out + before + i * bytes, text, bytes);
    memcpy(out + before + count * bytes, end, strlen(end));
    return out;
}

static void nothing_nests_deeper_than_a_tree_may(void **state)
{
    (void)state;
    parse_broken(repeated("a = ", "[", 1000000, ""), "nested too deep");
    parse_broken(repeated("a = ", "{x=", 1000000, ""), "nested too deep");
    parse_broken(repeated("[a", ".a", 1000000, "]"), "nested too deep");
    parse_broken(repeated("a", ".a", 1000000, "=1"), "nested too deep");
}

static void a_million_tables_take_no_longer_than_their_length(void **state)
{
    (void)state;
    struct buffer text = { .limit = 1 << 26 };
    struct error error = { 0 };
    for (int i = 0; i < 400000; i++)
        assert_true(buffer_format(&text, &error, "[t%d]\nk=1\n", i));
    struct node *root = NULL;
    const double begun = seconds_now();
    assert_done(toml_parse(buffer_span(&text), &arena, &root, &error), &error);
    assert_true(seconds_now() - begun < 20);
    buffer_free(&text);
}

/* Each test begins with an empty arena. */
#define TEST_ALONE(function) cmocka_unit_test_teardown(function, forget)

int main(void)
{
    RUN_TESTS(TEST_ALONE(tables_and_dotted_keys_make_one_tree), TEST_ALONE(lists_of_tables_hold_a_map_for_each_header),
              TEST_ALONE(values_of_all_kinds_keep_their_text), TEST_ALONE(strings_say_what_they_mean),
              TEST_ALONE(a_mistake_is_told_with_its_line_and_what_stood_before_stays),
              TEST_ALONE(nothing_nests_deeper_than_a_tree_may),
              TEST_ALONE(a_million_tables_take_no_longer_than_their_length));
}

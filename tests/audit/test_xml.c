/* test_xml.c: what XML says and where it stands; that nothing in it expands, is fetched, or nests without end. */
#include "check.h"
#include "audit/tree.h"

static struct arena arena;

static const struct node *parse(const char *text)
{
    struct node *root = NULL;
    struct error error = { 0 };
    assert_done(xml_parse(span_text(text), &arena, &root, &error), &error);
    return root;
}

static struct node *parse_broken(const char *text, const char *why)
{
    struct node *root = NULL;
    struct error error = { 0 };
    assert_false(xml_parse(span_text(text), &arena, &root, &error));
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
    assert_true(span_is(node->text, text));
    assert_int_equal(node->line, line);
}

static void elements_and_attributes_stand_at_their_lines(void **state)
{
    (void)state;
    const struct node *root = parse("<?xml version='1.0' encoding='ISO-8859-1'?>\n<!-- no <x/> -->\n"
                                    "<project xmlns='http://x' xmlns:p='http://y'\n a='1'\n  p:bb = '2&amp;3'>\n"
                                    "  <p:dep>\n  caf\xC3\xA9 <!-- c --> x\n</p:dep><dep Include='q'/>"
                                    "<v><![CDATA[<z>]]></v>\n</project>\n");
    assert_text(root, "project.@a", "1", 4);
    assert_text(root, "project.@bb", "2&3", 5);
    assert_text(root, "project.dep", "caf\xC3\xA9  x", 6);
    assert_int_equal(node_at(root, "project.dep")->type, NODE_TEXT);
    assert_int_equal(node_at(root, "project.dep")->value_line, 7);
    assert_text(root, "project.v", "<z>", 8);
    const struct node *second = node_at(root, "project.dep")->next;
    assert_int_equal(second->type, NODE_MAP);
    assert_text(second, "@Include", "q", 8);
    assert_int_equal(node_at(root, "project")->line, 3);
}

static void what_is_read_stays_when_the_rest_is_broken(void **state)
{
    (void)state;
    const struct node *root = parse_broken("<a>\n<b>1</b>\n<c>2</d>\n<e>3</e></a>", "line 3: Opening and ending tag");
    assert_text(root, "a.b", "1", 2);
    assert_null(node_at(root, "a.e"));
    parse_broken("", "line");
    parse_broken("no xml", "line 1");
}

static void entities_do_not_expand_and_nothing_is_fetched(void **state)
{
    (void)state;
    const struct node *root = parse(
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd' [<!ENTITY l 'lol'><!ENTITY m '&l;&l;'>"
        "<!ENTITY p SYSTEM 'file:///etc/passwd'><!ENTITY % q SYSTEM 'file:///etc/passwd'>%q;]>\n"
        "<a><b>&lt;</b><c>&m;</c><d>&p;</d><e f='&m;'/></a>");
    assert_text(root, "a.b", "<", 2);
    assert_text(root, "a.c", "", 2);
    assert_text(root, "a.d", "", 2);
    assert_text(root, "a.e.@f", "", 2);
    parse_broken("<!DOCTYPE a [<!ENTITY m 'lol'>]><a>&m;</a>", "Entity 'm' not defined");
}

static void nesting_ends_where_a_tree_does(void **state)
{
    (void)state;
    struct buffer text = { .limit = 1 << 26 };
    struct error error = { 0 };
    for (int i = 0; i < 1000000; i++)
        assert_true(buffer_text(&text, "<a>", &error));
    struct node *root = NULL;
    assert_false(xml_parse(buffer_span(&text), &arena, &root, &error));
    size_t depth = 0;
    for (const struct node *node = root; node; node = node->first)
        depth++;
    assert_in_range(depth, 150, MOST_TREE_DEPTH);
    buffer_free(&text);
}

static void many_attributes_take_no_longer_than_their_length(void **state)
{
    (void)state;
    struct buffer text = { .limit = 1 << 26 };
    struct error error = { 0 };
    assert_true(buffer_text(&text, "<a", &error));
    for (int i = 0; i < 10000; i++)
        assert_true(buffer_format(&text, &error, "\na%d=''", i));
    assert_true(buffer_text(&text, "/>", &error));
    struct node *root = NULL;
    assert_done(xml_parse(buffer_span(&text), &arena, &root, &error), &error);
    assert_int_equal(root->first->last->line, 10001);
    buffer_free(&text);
}

/* Each test begins with an empty arena. */
#define TEST_ALONE(function) cmocka_unit_test_teardown(function, forget)

int main(void)
{
    RUN_TESTS(TEST_ALONE(elements_and_attributes_stand_at_their_lines),
              TEST_ALONE(what_is_read_stays_when_the_rest_is_broken),
              TEST_ALONE(entities_do_not_expand_and_nothing_is_fetched), TEST_ALONE(nesting_ends_where_a_tree_does),
              TEST_ALONE(many_attributes_take_no_longer_than_their_length));
}

/* What YAML becomes in the common tree, charts' templates among it, and what it costs when it is hostile. */
#include "tree_text.h"

static void reads(const char *text, const char *expected)
{
    check_tree(yaml_parse, text, false, expected, NULL);
}

static void all_documents_are_read(void **state)
{
    (void)state;
    reads("a: 1\n---\n- b\n- {c: d}\n---\n", "[{a: 1}, [b, {c: d}], ]");
    reads("# a: 1\n", "[]");
}

static void anchors_are_followed(void **state)
{
    (void)state;
    reads("a: &x {b: 1}\nc: *x\nd: [*x, *y]\n", "[{a: {b: 1}, c: {b: 1}, d: [{b: 1}, ]}]");
}

static void merge_keys_add_what_they_name(void **state)
{
    (void)state;
    reads("x: &x {a: 1, b: 2}\ny: &y {c: 3}\nz:\n  <<: [*x, *y]\n  a: 4\n",
          "[{x: {a: 1, b: 2}, y: {c: 3}, z: {<<: , a: 4, a: 1, b: 2, c: 3}}]");
}

static void own_tags_make_expressions(void **state)
{
    (void)state;
    reads("a: !Ref B\nc: !Join ['', [d]]\ne: !!str 1\n", "[{a: <B>, c: <[, [d]]>, e: 1}]");
}

static void keys_that_are_no_texts_cost_nothing_else(void **state)
{
    (void)state;
    reads("? [a, b]\n: c\nd: e\n? {f: g}\n: h\n", "[{[a, b], c, d: e, {f: g}, h}]");
}

static void every_node_knows_its_line(void **state)
{
    (void)state;
    check_tree(yaml_parse, "a:\n  b: 1\n  c:\n  - x\n  - d: 2\n---\ne: |\n  f\n", true,
               "@1 [@1 {a: @1 {b: @2 1, c: @3 [@4 x, @5 {d: @5 2}]}}, @7 {e: @7 f\n}]", NULL);
}

static void lines_are_those_that_an_editor_counts(void **state)
{
    (void)state;
    check_tree(yaml_parse, "a: \"b\u2028c\302\205\rd\"\r\ne: 1\n", true, "@1 [@1 {a: @1 b   c   d, e: @2 1}]", NULL);
}

static void templates_of_charts_keep_their_lines(void **state)
{
    (void)state;
    check_tree(yaml_parse,
               "{{- if .a }}\na: {{ .b | default \"}}\" }}:{{ .c }}\n{{/* d\n e */}}\n"
               "f: \"{{ include \"g\" . }}\"\n{{ toYaml .h |\n nindent 2 }}\n{{- end }}\ni: {{- if .j }} k{{ end }}\n",
               true, "@1 [@2 {a: @2 $(template):$(template), f: @5 $(template), i: @9 k}]", NULL);
}

static void braces_in_strings_are_no_templates(void **state)
{
    (void)state;
    reads("a: \"{{ b }}/c\"\nd: ${{ e.f }}\n", "[{a: {{ b }}/c, d: ${{ e.f }}}]");
}

static void what_stands_before_a_mistake_stays(void **state)
{
    (void)state;
    check_tree(yaml_parse, "a: 1\nb: [c, {d\n", false, "[{a: 1, b: [c, {d: }]}]", "line ");
    check_tree(yaml_parse, "a: 1\n{{ if\nb: 2\n", false, "[{a: 1}]", NULL);
}

static void a_million_levels_are_a_mistake(void **state)
{
    (void)state;
    check_refused(yaml_parse, "", "[", 1000000, "", "nested too deep");
    check_refused(yaml_parse, "", "{a: ", 1000000, "", "nested too deep");
    check_refused(yaml_parse, "", "- ", 1000, "", "nested too deep");
}

/* Visits what a reader would. */
static size_t count(const struct node *node)
{
    size_t nodes = 1;
    for (const struct node *inner = node->first; inner; inner = inner->next)
        nodes += count(inner);
    return nodes;
}

static void a_bomb_does_not_go_off(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct error error = { 0 };
    struct node *root = NULL;
    struct buffer text = { .limit = 1 << 16 };
    assert_done(buffer_text(&text, "a: &a [x,x,x,x,x,x,x,x,x]\n", &error), &error);
    for (char c = 'b'; c <= 'z'; c++) {
        const char b = (char)(c - 1);
        assert_done(buffer_format(&text, &error, "%c: &%c {<<: *%c, k: [*%c,*%c,*%c,*%c,*%c,*%c]}\n", c, c, b, b, b, b,
                                  b, b, b),
                    &error);
    }
    assert_done(yaml_parse(buffer_span(&text), &arena, &root, &error), &error);
    assert_in_range(count(root), 100, 210000);
    buffer_free(&text);
    arena_free(&arena);
}

static void an_anchor_within_itself_ends(void **state)
{
    (void)state;
    reads("a: &a {b: *a, c: [*a]}\n", "[{a: {b: , c: []}}]");
}

int main(void)
{
    RUN_TESTS(TEST(all_documents_are_read), TEST(anchors_are_followed), TEST(merge_keys_add_what_they_name),
              TEST(own_tags_make_expressions), TEST(keys_that_are_no_texts_cost_nothing_else),
              TEST(every_node_knows_its_line), TEST(lines_are_those_that_an_editor_counts),
              TEST(templates_of_charts_keep_their_lines), TEST(braces_in_strings_are_no_templates),
              TEST(what_stands_before_a_mistake_stays), TEST(a_million_levels_are_a_mistake),
              TEST(a_bomb_does_not_go_off), TEST(an_anchor_within_itself_ends));
}

/* What HCL becomes in the common tree, and what it costs when it is hostile. */
#include "tree_text.h"

static void reads(const char *text, const char *expected)
{
    check_tree(hcl_parse, text, false, expected, NULL);
}

static void a_block_becomes_a_map_for_each_label(void **state)
{
    (void)state;
    reads("resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x\"\n}\nresource a b {}\n",
          "{resource: {aws_s3_bucket: {b: {bucket: x}}}, resource: {a: {b: {}}}}");
    reads("terraform { backend \"s3\" { bucket = \"b\" } }", "{terraform: {backend: {s3: {bucket: b}}}}");
    reads("locals {\n}", "{locals: {}}");
}

static void comments_are_nothing(void **state)
{
    (void)state;
    reads("# a = 1\n// b = 2\n/* c = 3\n d = 4 */ e = 5 # f\ng /* h */ = /* i */ [ # j\n 6, // k\n]\n/* open",
          "{e: 5, g: [6]}");
    reads("/* resource \"a\" \"b\" {} */ x = \"# no /* comment */\"", "{x: # no /* comment */}");
}

static void lists_and_objects_are_nodes(void **state)
{
    (void)state;
    reads("a = [\"x\", 1, true,\n [2.5e3], {}]", "{a: [x, 1, true, [2.5e3], {}]}");
    reads("a = { b = \"1\", \"c.d\" : 2\n e = {\n f = null }\n }", "{a: {b: 1, c.d: 2, e: {f: null}}}");
}

static void expressions_keep_their_source_and_what_is_in_them(void **state)
{
    (void)state;
    reads("a = var.x\nb = !var.y", "{a: <var.x>, b: <!var.y>}");
    reads("a = jsonencode([{ image = \"i\" }])", "{a: <[[{image: i}]]>}");
    reads("a = var.x ? \"p\" : merge({ q = 1 }, var.y)", "{a: <[p, {q: 1}, <var.y>]>}");
    reads("a = [for s in var.l : \"${s}-1\" if s != null]\nb = 1", "{a: <[<${s}-1>, null]>, b: 1}");
    reads("a = { for k, v in var.m : k => upper(\"v\") }", "{a: <[v]>}");
    reads("a = var.m[\"k\"].b[*].c\nb = aws_x.y[0].id", "{a: <[k, <*>]>, b: <[0]>}");
    reads("a = (\n 1 +\n 2)\nb = 3", "{a: <[<[1, 2]>]>, b: 3}");
}

static void strings_are_unescaped_and_templates_kept(void **state)
{
    (void)state;
    reads("a = \"q\\\"\\\\ \\u00e9\\U0001F3F0 \\t$${x}\"", "{a: q\"\\ \u00e9\U0001F3F0 \t${x}}");
    reads("a = \"https://${var.m[\"host\"]}/${ { a = \"}\" } }x\"",
          "{a: <https://${var.m[\"host\"]}/${ { a = \"}\" } }x>}");
    reads("a = \"%{ if x }y%{ endif }\"", "{a: <%{ if x }y%{ endif }>}");
}

static void heredocs_are_texts(void **state)
{
    (void)state;
    reads("a = <<EOT\n  x\n# y\nEOT\nb = <<-E\n  ${z}\n  E\nc = f(<<F\nv\nF\n)",
          "{a:   x\n# y\n, b: <  ${z}\n>, c: <[v\n]>}");
}

static void every_node_knows_its_line(void **state)
{
    (void)state;
    check_tree(hcl_parse, "\na = [\n \"x\",\n\n {\n b = 1 }]\nc \"d\" {\n\n e = <<E\nf\nE\n}\ng = 1", true,
               "@1 {a: @2 [@3 x, @5 {b: @6 1}], c: @7 {d: @7 {e: @9 f\n}}, g: @13 1}", NULL);
}

static void what_stands_before_a_mistake_stays(void **state)
{
    (void)state;
    check_tree(hcl_parse, "a = 1\nb = \"x\nc = 2\n", false, "{a: 1, b: []}", "line 2: a string without an end");
    check_tree(hcl_parse, "a {\n b = 1\n", false, "{a: {b: 1}}", "line 3: a brace without an end");
    check_tree(hcl_parse, "a = <<E\nx\n", false, "{a: []}", "line 1: a text after << without an end");
    check_tree(hcl_parse, "a = \n", false, "{a: []}", "line 1: a value was expected");
    check_tree(hcl_parse, "a b 3\n", false, "{a: {b: {}}}", "line 1: = or { was expected");
    check_tree(hcl_parse, "= 1", false, "{}", "line 1: a key was expected");
    check_tree(hcl_parse, "a = ~", false, "{a: []}", "line 1: an unexpected character");
}

static void a_million_levels_are_a_mistake(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "a = ", "[" },   { "a = ", "{b=" },    { "a = ", "(" },  { "", "a {\n" },
        { "a", " \"b\"" }, { "a = \"", "${\"" }, { "a = ", "f(" }, { "a = ", "x[" }
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        check_refused(hcl_parse, rows[i][0], rows[i][1], 1000000, "", "nested too deep");
}

static void nothing_is_read_past_the_end(void **state)
{
    (void)state;
    static const char text[] = "a \"b\" {\n c = [\"${d[\"e\"]}\", <<E\nx\nE\n, 1.5e+3, /* f */ { g : null }] # h\n}\n";
    for (size_t bytes = 0; bytes < sizeof text; bytes++) {
        struct arena arena = { 0 };
        struct error error;
        struct node *root = NULL;
        char *copy = malloc(size_max(bytes, 1)); /* just that size, for sanitizers */
        assert_non_null(copy);
        memcpy(copy, text, bytes);
        const bool parsed = hcl_parse(span_of(copy, bytes), &arena, &root, &error);
        assert_true(parsed || strncmp(error.text, "line ", 5) == 0);
        free(copy);
        arena_free(&arena);
    }
}

int main(void)
{
    RUN_TESTS(TEST(a_block_becomes_a_map_for_each_label), TEST(comments_are_nothing), TEST(lists_and_objects_are_nodes),
              TEST(expressions_keep_their_source_and_what_is_in_them), TEST(strings_are_unescaped_and_templates_kept),
              TEST(heredocs_are_texts), TEST(every_node_knows_its_line), TEST(what_stands_before_a_mistake_stays),
              TEST(a_million_levels_are_a_mistake), TEST(nothing_is_read_past_the_end));
}

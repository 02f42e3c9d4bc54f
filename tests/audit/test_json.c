/* JSON as files have it, with the line of every value. */
#include "audit/tree.h"
#include "check.h"

static struct node *parsed(const char *text, struct arena *arena)
{
    struct node *root = NULL;
    struct error error = { 0 };
    if (!json_parse(span_text(text), arena, &root, &error))
        fail_msg("%s", error.text);
    return root;
}

static void values_have_their_lines(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    const struct node *root = parsed("{\n \"a\": {\"b\": \"x\"},\n \"c\": [1,\n  true]\n}", &arena);
    const struct node *b = node_at(root, "a.b"), *c = node_get(root, "c");
    assert_true(text_is(b, "x") && b->line == 2 && b->quoted);
    assert_int_equal(c->line, 3);
    assert_int_equal(c->last->line, 4);
    assert_true(text_is(c->first, "1") && !c->first->quoted);
    assert_null(node_at(root, "a.b.c"));
    arena_free(&arena);
}

static void comments_and_last_commas_are_passed(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    const struct node *root = parsed("// x\n{ /* \"n\": 1 \n */ \"a\": [1, 2,], b: 'y', }", &arena);
    assert_true(text_is(node_get(root, "b"), "y"));
    assert_null(node_get(root, "n"));
    assert_int_equal(node_get(root, "a")->line, 3);
    arena_free(&arena);
}

static void escapes_become_characters(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    const struct node *root = parsed("[\"a\\/b\\n\\u00e9\\ud83d\\ude00\\ud83d\"]", &arena);
    assert_true(text_is(root->first, "a/b\n\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd"));
    arena_free(&arena);
}

static void what_is_broken_is_said_with_its_line(void **state)
{
    (void)state;
    static const char *const rows[] = { "",     "{",         "{\"a\"}", "{\"a\": }", "[1",  "{\"a\": \"x\n\"}", "]",
                                        "\"\\", "{\"a\":1,", "/* x",    "{\"\\u",    "[\"", "nul\x01" };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct arena arena = { 0 };
        struct node *root = NULL;
        struct error error = { 0 };
        const bool good = json_parse(span_text(rows[i]), &arena, &root, &error);
        if (!good)
            assert_contains(error.text, "line ");
        else
            assert_string_equal(rows[i], "nul\x01"); /* the rest of the line is not looked at */
        arena_free(&arena);
    }
}

static void a_million_brackets_are_a_mistake_and_no_crash(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct node *root = NULL;
    struct error error = { 0 };
    char *deep = malloc(1000000);
    assert_non_null(deep);
    memset(deep, '[', 1000000);
    assert_false(json_parse(span_of(deep, 1000000), &arena, &root, &error));
    assert_contains(error.text, "nested too deeply");
    assert_non_null(root); /* what came before stays */
    arena_free(&arena);
    free(deep);
}

static void add_text(void *context, const struct node *node, struct span key)
{
    struct buffer *texts = context;
    assert_true(buffer_format(texts, NULL, "%.*s=%.*s;", (int)key.bytes, (const char *)key.data, (int)node->text.bytes,
                              (const char *)node->text.data));
}

static void a_walk_meets_every_text_with_its_key(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buffer texts = { .limit = 1000 };
    const struct node *root = parsed("{\"a\": [\"1\", [\"2\"], {\"b\": \"3\"}, \"4\"], \"c\": \"5\"}", &arena);
    node_walk(root, NULL, add_text, &texts);
    assert_string_equal(texts.bytes, "a=1;a=2;b=3;a=4;c=5;");
    buffer_free(&texts);
    arena_free(&arena);
}

int main(void)
{
    RUN_TESTS(TEST(values_have_their_lines), TEST(comments_and_last_commas_are_passed), TEST(escapes_become_characters),
              TEST(what_is_broken_is_said_with_its_line), TEST(a_million_brackets_are_a_mistake_and_no_crash),
              TEST(a_walk_meets_every_text_with_its_key));
}

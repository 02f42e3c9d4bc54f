/* tree_text.h: a tree as one line of text, so that a test shows what it expects: {key: "text", key: [a, b]}.
 * Expressions stand in <>, and @N follows a key's line where lines are asked for. */
#ifndef BASTIDE_TREE_TEXT_H
#define BASTIDE_TREE_TEXT_H

#include "check.h"

#include "audit/tree.h"

static inline bool tree_write(const struct node *node, bool lines, struct buffer *out)
{
    struct error error;
    const char *open = node->type == NODE_MAP ? "{" : node->type == NODE_LIST ? (node->raw ? "<[" : "[") : "";
    const char *close = node->type == NODE_MAP ? "}" : node->type == NODE_LIST ? (node->raw ? "]>" : "]") : "";
    bool done = true;
    if (node->key.bytes > 0)
        done = buffer_add(out, node->key.data, node->key.bytes, &error) && buffer_text(out, ": ", &error);
    if (lines)
        done = done && buffer_format(out, &error, "@%u ", (unsigned)node->line);
    if (node->type == NODE_TEXT)
        done = done && buffer_text(out, node->raw ? "<" : "", &error) &&
               (node->text.bytes == 0 || buffer_add(out, node->text.data, node->text.bytes, &error)) &&
               buffer_text(out, node->raw ? ">" : "", &error);
    done = done && buffer_text(out, open, &error);
    for (const struct node *inner = node->first; done && inner; inner = inner->next)
        done = (inner == node->first || buffer_text(out, ", ", &error)) && tree_write(inner, lines, out);
    return done && buffer_text(out, close, &error);
}

typedef bool tree_parser(struct span text, struct arena *arena, struct node **out, struct error *error);

/* Parses text and compares the tree with the text that is expected; mistake is part of the error's text, or NULL. */
static inline void check_tree(tree_parser *parse, const char *text, bool lines, const char *expected,
                              const char *mistake)
{
    struct arena arena = { 0 };
    struct buffer written = { .limit = 1 << 20 };
    struct error error = { 0 };
    struct node *root = NULL;
    const bool parsed = parse(span_text(text), &arena, &root, &error);
    if (mistake)
        assert_contains(parsed ? "(no mistake)" : error.text, mistake);
    else
        assert_done(parsed, &error);
    assert_non_null(root);
    assert_true(tree_write(root, lines, &written));
    assert_string_equal(written.bytes, expected);
    buffer_free(&written);
    arena_free(&arena);
}

/* begin, then middle so many times, then end: must be a mistake that says what. */
static inline void check_refused(tree_parser *parse, const char *begin, const char *middle, size_t times,
                                 const char *end, const char *mistake)
{
    struct arena arena = { 0 };
    struct error error = { 0 };
    struct node *root = NULL;
    struct buffer text = { .limit = 1 << 24 };
    bool written = buffer_text(&text, begin, &error);
    for (size_t i = 0; i < times; i++)
        written = written && buffer_text(&text, middle, &error);
    assert_done(written && buffer_text(&text, end, &error), &error);
    assert_false(parse(buffer_span(&text), &arena, &root, &error));
    assert_contains(error.text, mistake);
    buffer_free(&text);
    arena_free(&arena);
}

#endif

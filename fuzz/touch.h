/* touch.h: any bytes as a syntax of which a tree is made. The tree is no deeper than one may be, its lines are the
 * text's, and every byte of it can be read; a parser that fails says why. */
#ifndef BASTIDE_FUZZ_TOUCH_H
#define BASTIDE_FUZZ_TOUCH_H

#include "audit/tree.h"

/* The sum of all bytes, so that they are read. */
static inline size_t touch(const struct node *node, size_t lines, size_t depth)
{
    size_t sum = 0;
    if (depth > MOST_TREE_DEPTH || node->line > lines || node->value_line > lines || node->line < 1)
        __builtin_trap();
    for (size_t i = 0; i < node->text.bytes; i++)
        sum += node->text.data[i];
    for (size_t i = 0; i < node->key.bytes; i++)
        sum += node->key.data[i];
    for (const struct node *child = node->first; child; child = child->next)
        sum += touch(child, lines, depth + 1);
    return sum;
}

static inline int fuzz_tree(const uint8_t *data, size_t bytes,
                            bool (*parse)(struct span text, struct arena *arena, struct node **out,
                                          struct error *error))
{
    struct arena arena = { 0 };
    struct node *root = NULL;
    struct error error = { 0 };
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += data[i] == '\n';
    const bool parsed = parse(span_of(data, bytes), &arena, &root, &error);
    if (!parsed && !error.text[0])
        __builtin_trap();
    if (root && touch(root, lines, 1) == SIZE_MAX)
        __builtin_trap();
    arena_free(&arena);
    return 0;
}

#endif

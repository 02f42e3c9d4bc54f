/* touch.h: walks over a tree that was made of any bytes. It is no deeper than a tree may be, its lines are the text's,
 * and every byte of it can be read. */
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

#endif

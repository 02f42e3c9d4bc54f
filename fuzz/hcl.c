/* hcl.c: any bytes as HCL. A tree comes out whose nodes lie in the text's lines, nested no deeper than promised. */
#include "audit/tree.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_node(const struct node *node, size_t lines, unsigned depth)
{
    /* a block's labels and an expression's brackets are levels of the same count, each at most two nodes */
    if (depth > 2 * MOST_TREE_DEPTH + 2 || node->line == 0 || node->line > lines || node->value_line > lines)
        abort();
    for (const struct node *inner = node->first; inner; inner = inner->next)
        check_node(inner, lines, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena arena = { 0 };
    struct error error = { 0 };
    struct node *root = NULL;
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += data[i] == '\n';
    if (!hcl_parse(span_of(data, bytes), &arena, &root, &error) && error.kind == ERROR_NONE)
        abort();
    if (root)
        check_node(root, lines, 0);
    arena_free(&arena);
    return 0;
}

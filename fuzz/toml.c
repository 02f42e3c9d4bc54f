/* toml.c: any bytes as TOML. What is read of them is a tree that can be walked, no deeper than a tree may be, with
 * lines that the text has. */
#include "audit/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void touch(const struct node *node, size_t lines, size_t depth)
{
    volatile size_t sum = 0;
    if (depth > MOST_TREE_DEPTH || node->line > lines || node->value_line > lines || node->line < 1)
        __builtin_trap();
    for (size_t i = 0; i < node->text.bytes; i++)
        sum += node->text.data[i];
    for (size_t i = 0; i < node->key.bytes; i++)
        sum += node->key.data[i];
    for (const struct node *child = node->first; child; child = child->next)
        touch(child, lines, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena arena = { 0 };
    struct node *root = NULL;
    struct error error = { 0 };
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += data[i] == '\n';
    const bool parsed = toml_parse(span_of(data, bytes), &arena, &root, &error);
    if (!parsed && !error.text[0])
        __builtin_trap();
    if (root)
        touch(root, lines, 1);
    arena_free(&arena);
    return 0;
}

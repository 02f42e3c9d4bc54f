/* yaml.c: any bytes as YAML, charts' templates among it. A tree comes out whose nodes lie in the text's lines, and
 * whose aliases do not make it endless. */
#include "audit/formats/templated.h"
#include "audit/tree.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static size_t count_lines(struct span text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.bytes; i++)
        lines += text.data[i] == '\n';
    return lines;
}

static size_t check_node(const struct node *node, size_t lines)
{
    size_t nodes = 1;
    if (node->line == 0 || node->line > lines + 1) /* the end of the text may be a line of its own */
        abort();
    for (const struct node *inner = node->first; inner; inner = inner->next)
        nodes += check_node(inner, lines);
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const struct span text = span_of(data, bytes);
    struct span plain = { 0 };
    struct arena arena = { 0 };
    struct error error = { 0 };
    struct node *root = NULL;
    if (!yaml_parse(text, &arena, &root, &error) && error.kind == ERROR_NONE)
        abort();
    if (root && check_node(root, count_lines(text)) > 300000 + 4 * bytes)
        abort();
    if (templated_plain(text, &arena, &plain, &error) && count_lines(plain) != count_lines(text))
        abort();
    arena_free(&arena);
    return 0;
}

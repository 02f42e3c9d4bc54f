/* xml.c: any bytes as XML. What is read of them is a tree that can be walked, no deeper than a tree may be, with
 * lines that the text has. */
#include "touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena arena = { 0 };
    struct node *root = NULL;
    struct error error = { 0 };
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += data[i] == '\n';
    const bool parsed = xml_parse(span_of(data, bytes), &arena, &root, &error);
    if (!parsed && !error.text[0])
        __builtin_trap();
    if (root && touch(root, lines, 1) == SIZE_MAX)
        __builtin_trap();
    arena_free(&arena);
    return 0;
}

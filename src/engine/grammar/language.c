/* language.c: what holds of a grammar at every place in it: heights of rules, empty rules, classes of bytes. */
#include "engine/grammar/automaton.h"

#include <stdlib.h>
#include <string.h>

/* Tells the bytes of the set from the others of their classes. */
static void split_classes(struct language *language, const struct byte_set *set)
{
    unsigned inside[256], count = language->classes;
    bool used[256] = { false }; /* some byte of the class is outside */
    memset(inside, 0, sizeof inside);
    for (unsigned byte = 0; byte < 256; byte++)
        used[language->class_of[byte]] |= !byte_set_has(set, (unsigned char)byte);
    for (unsigned byte = 0; byte < 256; byte++) {
        const unsigned char class = language->class_of[byte];
        if (!byte_set_has(set, (unsigned char)byte) || !used[class])
            continue;
        if (inside[class] == 0)
            inside[class] = count++;
        language->class_of[byte] = (unsigned char)inside[class];
    }
    language->classes = count;
}

static void find_classes(struct language *language)
{
    const struct grammar *grammar = language->grammar;
    struct byte_set texts = { { 0 } };
    language->classes = 1;
    for (uint32_t id = 0; id < grammar->nodes.count; id++) {
        const struct node *node = node_at(grammar, id);
        if (node->kind == NODE_BYTES && language->classes < 256)
            split_classes(language, node_set(grammar, node));
        for (uint32_t i = 0; node->kind == NODE_TEXT && i < node->count; i++)
            byte_set_add(&texts, node_text(grammar, node)[i], node_text(grammar, node)[i]);
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        struct byte_set one = { { 0 } };
        byte_set_add(&one, byte, byte);
        if (byte_set_has(&texts, (unsigned char)byte))
            split_classes(language, &one);
    }
    for (unsigned byte = 0; byte < 256; byte++)
        language->example[language->class_of[byte]] = (unsigned char)byte;
}

bool language_open(const struct grammar *grammar, struct rule start, struct language *out, struct error *error)
{
    const size_t count = grammar->nodes.count;
    *out = (struct language){ .grammar = grammar, .start = start };
    if (start.id >= count)
        return error_set_kind(error, ERROR_WRONG_USE, "grammar: rule %u is not one of this grammar", start.id);
    out->heights = malloc(count * sizeof *out->heights);
    out->empty = malloc(count * sizeof *out->empty);
    if (!out->heights || !out->empty)
        return error_memory(error, 2 * count * sizeof *out->heights);
    if (!grammar_heights(grammar, false, out->heights, error) || !grammar_heights(grammar, true, out->empty, error) ||
        !grammar_check_recursion(grammar, error))
        return false;
    if (out->heights[start.id] == UINT32_MAX)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "grammar: no text at all is possible: look for rules that "
                              "contradict each other or never end");
    find_classes(out);
    return true;
}

void language_close(struct language *language)
{
    free(language->heights);
    free(language->empty);
    *language = (struct language){ 0 };
}

size_t language_bytes(const struct language *language)
{
    return language->grammar->nodes.count * (sizeof *language->heights + sizeof *language->empty);
}

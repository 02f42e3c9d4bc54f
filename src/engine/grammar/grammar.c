/* grammar.c: rules, built from the leaves up. */
#include "engine/grammar/grammar.h"

#include <stdlib.h>
#include <string.h>

/* What a grammar may hold: some megabytes, far more than any schema that people write. */
enum { NODES_MOST = 1 << 18, CHILDREN_MOST = 1 << 20, SETS_MOST = 1 << 16, TEXTS_MOST = 1 << 22 };

bool pile_reserve(struct pile *pile, size_t size, size_t more, size_t most, struct error *error)
{
    if (more > most || pile->count > most - more)
        return error_set_kind(error, ERROR_WRONG_USE, "grammar: it is too large: make it smaller");
    const size_t wanted = pile->count + more;
    if (wanted <= pile->capacity)
        return true;
    const size_t capacity = size_max(wanted, size_max(2 * pile->capacity, 64));
    void *items = realloc(pile->items, capacity * size);
    if (!items)
        return error_memory(error, capacity * size);
    pile->items = items;
    pile->capacity = capacity;
    return true;
}

bool grammar_open(struct grammar **out, struct error *error)
{
    struct grammar *grammar = calloc(1, sizeof *grammar);
    if (!grammar)
        return error_memory(error, sizeof *grammar);
    *out = grammar;
    return true;
}

void grammar_close(struct grammar *grammar)
{
    if (!grammar)
        return;
    free(grammar->nodes.items);
    free(grammar->sets.items);
    free(grammar->children.items);
    free(grammar->texts.items);
    free(grammar);
}

size_t grammar_size(const struct grammar *grammar)
{
    return sizeof *grammar + grammar->nodes.capacity * sizeof(struct node) +
           grammar->sets.capacity * sizeof(struct byte_set) + grammar->children.capacity * sizeof(uint32_t) +
           grammar->texts.capacity;
}

static bool add_node(struct grammar *grammar, struct node node, struct rule *out, struct error *error)
{
    if (!pile_reserve(&grammar->nodes, sizeof node, 1, NODES_MOST, error))
        return false;
    out->id = (uint32_t)grammar->nodes.count++;
    ((struct node *)grammar->nodes.items)[out->id] = node;
    return true;
}

/* Keeps bytes; their offset goes to *first. */
static bool add_text(struct grammar *grammar, struct span text, uint32_t *first, struct error *error)
{
    if (!pile_reserve(&grammar->texts, 1, size_max(text.bytes, 1), TEXTS_MOST, error))
        return false;
    *first = (uint32_t)grammar->texts.count;
    if (text.bytes > 0)
        memcpy((char *)grammar->texts.items + *first, text.data, text.bytes);
    grammar->texts.count += text.bytes;
    return true;
}

bool grammar_literal(struct grammar *grammar, struct span text, struct rule *out, struct error *error)
{
    struct node node = { .kind = NODE_TEXT, .count = (uint32_t)size_min(text.bytes, TEXTS_MOST) };
    return add_text(grammar, text, &node.first, error) && add_node(grammar, node, out, error);
}

bool grammar_bytes(struct grammar *grammar, const struct byte_set *set, struct rule *out, struct error *error)
{
    if (!pile_reserve(&grammar->sets, sizeof *set, 1, SETS_MOST, error))
        return false;
    const struct node node = { .kind = NODE_BYTES, .first = (uint32_t)grammar->sets.count };
    ((struct byte_set *)grammar->sets.items)[grammar->sets.count++] = *set;
    return add_node(grammar, node, out, error);
}

bool grammar_range(struct grammar *grammar, unsigned low, unsigned high, struct rule *out, struct error *error)
{
    struct byte_set set = { { 0 } };
    byte_set_add(&set, low, high);
    return grammar_bytes(grammar, &set, out, error);
}

static bool check_rules(const struct grammar *grammar, const struct rule *rules, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].id >= grammar->nodes.count)
            return error_set_kind(error, ERROR_WRONG_USE, "grammar: rule %u is not one of this grammar", rules[i].id);
    return true;
}

static bool add_list(struct grammar *grammar, enum node_kind kind, const struct rule *rules, size_t count,
                     struct rule *out, struct error *error)
{
    if (!check_rules(grammar, rules, count, error))
        return false;
    if (count == 1) {
        *out = rules[0];
        return true;
    }
    if (!pile_reserve(&grammar->children, sizeof(uint32_t), size_max(count, 1), CHILDREN_MOST, error))
        return false;
    const struct node node = { .kind = kind, .first = (uint32_t)grammar->children.count, .count = (uint32_t)count };
    for (size_t i = 0; i < count; i++)
        ((uint32_t *)grammar->children.items)[grammar->children.count++] = rules[i].id;
    return add_node(grammar, node, out, error);
}

bool grammar_sequence(struct grammar *grammar, const struct rule *rules, size_t count, struct rule *out,
                      struct error *error)
{
    if (count == 0)
        return grammar_literal(grammar, span_of("", 0), out, error);
    return add_list(grammar, NODE_SEQUENCE, rules, count, out, error);
}

bool grammar_choice(struct grammar *grammar, const struct rule *rules, size_t count, struct rule *out,
                    struct error *error)
{
    return add_list(grammar, NODE_CHOICE, rules, count, out, error);
}

bool grammar_repeat(struct grammar *grammar, struct rule rule, size_t least, size_t most, struct rule *out,
                    struct error *error)
{
    if (!check_rules(grammar, &rule, 1, error))
        return false;
    if (least > most || least >= ENDLESS)
        return error_set_kind(error, ERROR_WRONG_USE, "grammar: a rule can't be repeated %zu to %zu times", least,
                              most);
    if (most == 0)
        return grammar_literal(grammar, span_of("", 0), out, error);
    if (least == 1 && most == 1) {
        *out = rule;
        return true;
    }
    const struct node node = {
        .kind = NODE_REPEAT, .first = rule.id, .least = (uint32_t)least, .most = (uint32_t)size_min(most, ENDLESS)
    };
    return add_node(grammar, node, out, error);
}

bool grammar_optional(struct grammar *grammar, struct rule rule, struct rule *out, struct error *error)
{
    return grammar_repeat(grammar, rule, 0, 1, out, error);
}

bool grammar_forward(struct grammar *grammar, struct span name, struct rule *out, struct error *error)
{
    struct node node = { .kind = NODE_FORWARD, .first = RULE_NONE };
    return add_text(grammar, name, &node.count, error) && add_text(grammar, span_of("\0", 1), &node.least, error) &&
           add_node(grammar, node, out, error);
}

void grammar_define(struct grammar *grammar, struct rule forward, struct rule target)
{
    ((struct node *)grammar->nodes.items)[forward.id].first = target.id;
}

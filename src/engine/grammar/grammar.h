/* grammar.h: what a grammar is made of. Private to the folder.
 *
 * A rule is a node; a node names others by their numbers:
 *
 *   bytes      one byte of a set
 *   text       these bytes, in order; of no bytes: the empty text
 *   sequence   its children, one after the other
 *   choice     one of its children; of none: nothing at all is possible
 *   repeat     its child, least to most times
 *   forward    another rule, named before it was there: the only way to recursion
 *
 * Rules speak of bytes, not of characters: vocabularies split characters, so the automaton has to as well. */
#ifndef BASTIDE_ENGINE_GRAMMAR_H
#define BASTIDE_ENGINE_GRAMMAR_H

#include "engine/engine.h"

enum node_kind { NODE_BYTES, NODE_TEXT, NODE_SEQUENCE, NODE_CHOICE, NODE_REPEAT, NODE_FORWARD };

#define ENDLESS UINT32_MAX   /* of a repeat: any number of times */
#define RULE_NONE UINT32_MAX /* what a forward stands for until it is defined */

struct node {
    enum node_kind kind;
    uint32_t first;       /* bytes: its set; text: offset in texts; sequence, choice: offset in children;
                             repeat, forward: the rule */
    uint32_t count;       /* text: bytes; sequence, choice: children; forward: offset of its name in texts */
    uint32_t least, most; /* repeat */
};

struct byte_set {
    uint64_t bits[4];
};

static inline bool byte_set_has(const struct byte_set *set, unsigned char byte)
{
    return set->bits[byte / 64] >> byte % 64 & 1;
}

static inline void byte_set_add(struct byte_set *set, unsigned low, unsigned high)
{
    for (unsigned byte = low; byte <= high; byte++)
        set->bits[byte / 64] |= (uint64_t)1 << byte % 64;
}

/* An array that grows up to a cap. */
struct pile {
    void *items;
    size_t count, capacity;
};

/* Makes room for more items of a size. ERROR_WRONG_USE if there would be more than most. */
MUST_USE bool pile_reserve(struct pile *pile, size_t size, size_t more, size_t most, struct error *error);

struct grammar {
    struct pile nodes;    /* struct node */
    struct pile sets;     /* struct byte_set */
    struct pile children; /* uint32_t */
    struct pile texts;    /* char */
};

/* What it holds, in bytes. */
size_t grammar_size(const struct grammar *grammar);

static inline const struct node *node_at(const struct grammar *grammar, uint32_t id)
{
    return (const struct node *)grammar->nodes.items + id;
}

static inline const uint32_t *node_children(const struct grammar *grammar, const struct node *node)
{
    return (const uint32_t *)grammar->children.items + node->first;
}

static inline const unsigned char *node_text(const struct grammar *grammar, const struct node *node)
{
    return (const unsigned char *)grammar->texts.items + node->first;
}

static inline const struct byte_set *node_set(const struct grammar *grammar, const struct node *node)
{
    return (const struct byte_set *)grammar->sets.items + node->first;
}

/* ---- rules that only this folder makes: grammar.c ---------------------------------------------------------------- */

/* One byte of the set. */
MUST_USE bool grammar_bytes(struct grammar *grammar, const struct byte_set *set, struct rule *out, struct error *error);

/* One byte from low to high. */
MUST_USE bool grammar_range(struct grammar *grammar, unsigned low, unsigned high, struct rule *out,
                            struct error *error);

/* A rule that grammar_define will say. name: what messages call it. */
MUST_USE bool grammar_forward(struct grammar *grammar, struct span name, struct rule *out, struct error *error);
void grammar_define(struct grammar *grammar, struct rule forward, struct rule target);

/* rule or nothing. */
MUST_USE bool grammar_optional(struct grammar *grammar, struct rule rule, struct rule *out, struct error *error);

/* ---- what rules can do: analysis.c ------------------------------------------------------------------------------- */

/* heights [nodes]: how many rules stand on top of each other in the lowest tree of the rule; UINT32_MAX if it has none,
 * that is, no text at all. only_empty: counts trees of the empty text alone. */
MUST_USE bool grammar_heights(const struct grammar *grammar, bool only_empty, uint32_t *heights, struct error *error);

/* ERROR_WRONG_USE, naming the rule, if one comes back to itself before a byte is read: the automaton would never get
 * to a byte. */
MUST_USE bool grammar_check_recursion(const struct grammar *grammar, struct error *error);

/* ---- characters: characters.c ------------------------------------------------------------------------------------ */

enum { CODE_POINT_LAST = 0x10FFFF };

/* Code points low to high, both included. */
struct code_range {
    uint32_t low, high;
};

/* One character of the ranges, which are in order and do not touch, in UTF-8; surrogates are left out. */
MUST_USE bool grammar_characters(struct grammar *grammar, const struct code_range *ranges, size_t count,
                                 struct rule *out, struct error *error);

/* ---- JSON: json.c ------------------------------------------------------------------------------------------------ */

/* The pieces that JSON is made of; made once for each schema. */
struct json_rules {
    struct rule space;     /* between members: nothing, a space, or a line end and indentation */
    struct rule character; /* one character of a string, escapes included */
    struct rule string;
    struct rule integer, number;
    struct rule value, object, array; /* any */
};

MUST_USE bool json_rules_make(struct grammar *grammar, struct json_rules *out, struct error *error);

#endif

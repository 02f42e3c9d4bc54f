/* specials.h: finds the tokens that stand for themselves in a text, such as <|im_start|>. Private to the room. */
#ifndef BASTIDE_ENGINE_SPECIALS_H
#define BASTIDE_ENGINE_SPECIALS_H

#include "engine/engine.h"

struct special_node;

/* A tree of texts, byte by byte. Zero-initialised is empty. */
struct specials {
    struct special_node *nodes;
    uint32_t count, capacity;
    uint32_t first[256]; /* the node of each first byte; 0 if there is none */
};

/* Adds a text; empty ones, ones of more than 255 bytes and ones that are there already are passed over.
 * always: it is found whether or not special tokens are parsed. */
MUST_USE bool specials_add(struct specials *specials, struct span text, uint32_t id, bool always, struct error *error);
void specials_free(struct specials *specials);

/* Whether the text of a token that is only found when special tokens are parsed begins at start. */
bool specials_begin(const struct specials *specials, struct span text, size_t start);

struct match {
    uint32_t start;
    uint32_t bytes;
    uint32_t id;
};

struct matches {
    struct match *all;
    size_t count, capacity;
};

/* The matches in text (below 4 GB) in order, none overlapping: longer ones win over shorter ones wherever they begin,
 * of equally long ones the leftmost. parse: all special tokens, else only those that are always found. */
MUST_USE bool specials_find(const struct specials *specials, struct span text, bool parse, struct matches *out,
                            struct error *error);
void matches_free(struct matches *matches);

#endif

/* constraint.h: places in a constraint's language, one for each answer. Private to the room; answer.c is its user. */
#ifndef BASTIDE_ENGINE_CONSTRAINT_H
#define BASTIDE_ENGINE_CONSTRAINT_H

#include "engine/engine.h"

/* What it holds by now, in bytes. */
size_t constraint_size(struct constraint *constraint);

/* Where an answer is. Zero-initialised is nowhere. It does not move in memory between begin and end. */
struct place {
    struct constraint *constraint;
    uint32_t state, moved;        /* moved: while states move to another automaton */
    struct place *before, *after; /* the constraint's other places */
};

/* Stands at the beginning. */
void place_begin(struct place *place, struct constraint *constraint);
void place_end(struct place *place);

/* Whether bytes may come here. */
MUST_USE bool place_allows(struct place *place, struct span bytes, bool *out, struct error *error);

/* Goes on behind bytes; *taken false, staying where it is, if they may not come. */
MUST_USE bool place_take(struct place *place, struct span bytes, bool *taken, struct error *error);

/* Whether the text may end here, and whether more may come. */
void place_look(const struct place *place, bool *may_end, bool *may_go_on);

/* The tokens that may come here: bits [words of 64 tokens]. special: special tokens count, by their texts; may_end:
 * where the text may end, so may the tokens that end an answer. */
MUST_USE bool place_mask(struct place *place, bool special, bool may_end, uint64_t *bits, struct error *error);

/* Words of a mask. */
size_t place_words(const struct place *place);

#endif

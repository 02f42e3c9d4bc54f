/* automaton.h: a grammar as an automaton over bytes. Private to the folder.
 *
 * A rule may be in the middle of others, so a place in the language is a set of stacks of half-read rules, and a byte
 * leads from set to set. Both are worked out when first asked for and kept, each once:
 *
 *   stack   a half-read rule (a node and how far in it) and the stack below it; 0 is the bottom
 *   state   the stacks whose top wants a byte, and whether the text may end here; 0 is the dead state
 *   next    [states][classes] the state after a byte of a class, once known
 *
 * so that in the common case a byte costs one look at a table. Bytes that no rule tells apart are one class. */
#ifndef BASTIDE_ENGINE_AUTOMATON_H
#define BASTIDE_ENGINE_AUTOMATON_H

#include "engine/grammar/grammar.h"

enum { STATE_DEAD = 0, STACK_BOTTOM = 0 };

struct stack {
    uint32_t node;
    uint32_t place; /* sequence: the next child; text: the next byte; repeat: how often at least, from here on */
    uint32_t most;  /* repeat: how often at most, from here on */
    uint32_t below;
    uint32_t depth;
};

struct state {
    uint32_t first, count; /* its stacks, in members */
    uint32_t clipped;      /* the state with small counts that a token can't tell from it; 0: not known yet */
    uint32_t mask;         /* number of its mask + 1, 0: none yet; the constraint's business */
    bool complete;         /* the text may end here */
};

/* Finds numbers by what they stand for. */
struct index {
    uint32_t *slots;
    size_t size, used; /* size: a power of two, or 0 */
};

/* Read-only facts of a grammar, shared by the automatons that replace each other. */
struct language {
    const struct grammar *grammar;
    struct rule start;
    uint32_t *heights; /* [nodes] */
    uint32_t *empty;   /* [nodes] UINT32_MAX: the rule has no empty text */
    unsigned char class_of[256];
    unsigned char example[256]; /* [classes] a byte of each */
    unsigned classes;
};

MUST_USE bool language_open(const struct grammar *grammar, struct rule start, struct language *out,
                            struct error *error);
void language_close(struct language *language);

/* What it holds besides itself, in bytes. */
size_t language_bytes(const struct language *language);

struct automaton {
    const struct language *language;
    struct pile stacks;  /* struct stack */
    struct pile states;  /* struct state */
    struct pile members; /* uint32_t: stacks of the states, in order */
    struct pile next;    /* uint32_t: state + 1, 0: not known yet */
    struct index stack_index, state_index;
    /* of one step */
    struct pile found; /* uint32_t: stacks that want a byte */
    struct pile work;  /* what is still to be opened */
    struct pile met;   /* repeats that came round without a byte */
    struct index seen; /* of work */
    bool complete;
    uint32_t start; /* state */
    struct last {
        uint32_t state;
        uint64_t takers; /* which of its stacks took the byte */
        uint32_t out;
    } last;        /* step that was worked out */
    size_t effort; /* tasks done since the user of the automaton set it to 0; bounded */
};

MUST_USE bool automaton_open(const struct language *language, struct automaton *out, struct error *error);
void automaton_close(struct automaton *automaton);

/* What it holds, in bytes. */
size_t automaton_bytes(const struct automaton *automaton);

static inline struct state *automaton_state(const struct automaton *automaton, uint32_t state)
{
    return (struct state *)automaton->states.items + state;
}

/* Works out a step that is not in the table. Fails if the grammar is so ambiguous that it needs too much memory. */
MUST_USE bool automaton_work_out(struct automaton *automaton, uint32_t state, unsigned class, uint32_t *out,
                                 struct error *error);

/* The state after a byte; STATE_DEAD if it may not come. */
MUST_USE static inline bool automaton_step(struct automaton *automaton, uint32_t state, unsigned char byte,
                                           uint32_t *out, struct error *error)
{
    const struct language *language = automaton->language;
    const unsigned class = language->class_of[byte];
    const uint32_t known = ((const uint32_t *)automaton->next.items)[state * language->classes + class];
    if (known == 0)
        return automaton_work_out(automaton, state, class, out, error);
    *out = known - 1;
    return true;
}

/* The state that a token of at most bytes_most bytes can't tell from this one: counts beyond that are cut to it. */
MUST_USE bool automaton_clip(struct automaton *automaton, uint32_t state, uint32_t bytes_most, uint32_t *out,
                             struct error *error);

/* The same state in another automaton of the language. */
MUST_USE bool automaton_copy_state(const struct automaton *from, uint32_t state, struct automaton *to, uint32_t *out,
                                   struct error *error);

#endif

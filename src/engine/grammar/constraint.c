/* constraint.c: which tokens may come next at a place in a language.
 *
 * A mask is one walk over the tree of the vocabulary beside the automaton: a branch whose byte may not come is left out
 * whole. It is kept with its state, and states that a token can't tell apart share one. Automaton and masks grow with
 * what answers visit; past KEPT_BYTES_MOST the states that answers stand at move to a new automaton and the rest goes.
 *
 * One lock guards it all: questions are short, and a mask that is there is copied under it. */
#include "engine/grammar/constraint.h"

#include "engine/grammar/automaton.h"
#include "engine/grammar/tree.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES_MOST = 1 << 24, DEPTH_MOST = 256 };

struct constraint {
    pthread_mutex_t lock;
    const struct token_tree *tree;
    struct language language;
    struct automaton automaton;
    struct pile masks; /* uint64_t * [tree->words] each */
    struct place *places;
};

static uint64_t **mask_at(const struct constraint *constraint, size_t i)
{
    return (uint64_t **)constraint->masks.items + i;
}

static void drop_masks(struct constraint *constraint)
{
    for (size_t i = 0; i < constraint->masks.count; i++)
        free(*mask_at(constraint, i));
    constraint->masks.count = 0;
}

bool constraint_open(const struct grammar *grammar, struct rule start, const struct tokenizer *tokenizer,
                     struct constraint **out, struct error *error)
{
    struct constraint *constraint = calloc(1, sizeof *constraint);
    if (!constraint)
        return error_memory(error, sizeof *constraint);
    pthread_mutex_init(&constraint->lock, NULL); /* a mutex of the default kind can't fail here */
    if (!tokenizer_tree(tokenizer, &constraint->tree, error) ||
        !language_open(grammar, start, &constraint->language, error) ||
        !automaton_open(&constraint->language, &constraint->automaton, error)) {
        constraint_close(constraint);
        return false;
    }
    *out = constraint;
    return true;
}

void constraint_close(struct constraint *constraint)
{
    if (!constraint)
        return;
    drop_masks(constraint);
    free(constraint->masks.items);
    automaton_close(&constraint->automaton);
    language_close(&constraint->language);
    pthread_mutex_destroy(&constraint->lock);
    free(constraint);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static bool move_places(struct constraint *constraint, struct automaton *fresh, struct error *error)
{
    for (struct place *place = constraint->places; place; place = place->after)
        if (!automaton_copy_state(&constraint->automaton, place->state, fresh, &place->moved, error))
            return false;
    for (struct place *place = constraint->places; place; place = place->after)
        place->state = place->moved;
    return true;
}

static size_t kept_bytes(const struct constraint *constraint)
{
    return automaton_bytes(&constraint->automaton) +
           constraint->masks.count * constraint->tree->words * sizeof(uint64_t);
}

size_t constraint_size(struct constraint *constraint)
{
    pthread_mutex_lock(&constraint->lock);
    const size_t bytes = sizeof *constraint + language_bytes(&constraint->language) + kept_bytes(constraint);
    pthread_mutex_unlock(&constraint->lock);
    return bytes;
}

/* Begins a question: forgets what was worked out, but for where answers are, if it has become too much. */
static bool begin(struct constraint *constraint, struct error *error)
{
    struct automaton fresh;
    constraint->automaton.effort = 0;
    if (kept_bytes(constraint) <= KEPT_BYTES_MOST)
        return true;
    const bool done = automaton_open(&constraint->language, &fresh, error) && move_places(constraint, &fresh, error);
    if (!done) {
        automaton_close(&fresh);
        return false;
    }
    automaton_close(&constraint->automaton);
    constraint->automaton = fresh;
    drop_masks(constraint);
    return true;
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

void place_begin(struct place *place, struct constraint *constraint)
{
    pthread_mutex_lock(&constraint->lock);
    *place = (struct place){ .constraint = constraint, .state = constraint->automaton.start };
    place->after = constraint->places;
    if (place->after)
        place->after->before = place;
    constraint->places = place;
    pthread_mutex_unlock(&constraint->lock);
}

void place_end(struct place *place)
{
    struct constraint *constraint = place->constraint;
    if (!constraint)
        return;
    pthread_mutex_lock(&constraint->lock);
    if (place->before)
        place->before->after = place->after;
    else
        constraint->places = place->after;
    if (place->after)
        place->after->before = place->before;
    pthread_mutex_unlock(&constraint->lock);
    *place = (struct place){ 0 };
}

static bool follow(struct constraint *constraint, uint32_t *state, struct span bytes, struct error *error)
{
    for (size_t i = 0; i < bytes.bytes && *state != STATE_DEAD; i++)
        if (!automaton_step(&constraint->automaton, *state, bytes.data[i], state, error))
            return false;
    return true;
}

bool place_take(struct place *place, struct span bytes, bool *taken, struct error *error)
{
    struct constraint *constraint = place->constraint;
    pthread_mutex_lock(&constraint->lock);
    bool done = begin(constraint, error);
    uint32_t state = place->state;
    done = done && follow(constraint, &state, bytes, error);
    *taken = done && state != STATE_DEAD;
    if (*taken)
        place->state = state;
    pthread_mutex_unlock(&constraint->lock);
    return done;
}

bool place_allows(struct place *place, struct span bytes, bool *out, struct error *error)
{
    struct constraint *constraint = place->constraint;
    pthread_mutex_lock(&constraint->lock);
    bool done = begin(constraint, error);
    uint32_t state = place->state;
    done = done && follow(constraint, &state, bytes, error);
    *out = done && state != STATE_DEAD;
    pthread_mutex_unlock(&constraint->lock);
    return done;
}

void place_look(const struct place *place, bool *may_end, bool *may_go_on)
{
    struct constraint *constraint = place->constraint;
    pthread_mutex_lock(&constraint->lock);
    const struct state *state = automaton_state(&constraint->automaton, place->state);
    *may_end = state->complete;
    *may_go_on = state->count > 0;
    pthread_mutex_unlock(&constraint->lock);
}

/* ---- masks ------------------------------------------------------------------------------------------------------- */

/* The walk over a tree: states[depth] is where the bytes down to that depth lead. It runs through all the vocabulary
 * where nearly everything is allowed, so it has no branch that is hard to foresee: a node without a token sets a bit
 * behind those of all tokens. */
static bool walk(struct constraint *constraint, const struct tree *tree, uint32_t state, uint64_t *bits,
                 struct error *error)
{
    uint32_t states[DEPTH_MOST + 1] = { state };
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        uint32_t *here = &states[node->depth];
        if (!automaton_step(&constraint->automaton, here[-1], node->byte, here, error))
            return false;
        if (*here == STATE_DEAD)
            i += node->below;
        else
            bits[node->token / 64] |= (uint64_t)1 << node->token % 64;
    }
    return true;
}

static void allow_same(const struct token_tree *tree, uint64_t *bits)
{
    for (size_t i = 0; i < tree->same_count; i++) {
        const uint32_t token = tree->same[2 * i], same = tree->same[2 * i + 1];
        bits[same / 64] |= (bits[token / 64] >> token % 64 & 1) << same % 64;
    }
}

/* Whether every token of plain bytes is allowed: each of these bytes leads to the same state, as often as a short token
 * is long. Holds within most strings. */
static bool allows_plain(struct constraint *constraint, uint32_t state, bool *out, struct error *error)
{
    *out = true;
    for (size_t i = 0; i < SHORT_MOST && *out; i++) {
        uint32_t first, next;
        if (!automaton_step(&constraint->automaton, state, ' ', &first, error))
            return false;
        *out = first != STATE_DEAD;
        for (unsigned byte = 0; byte < 256 && *out; byte++) {
            if (byte_is_plain((unsigned char)byte) &&
                !automaton_step(&constraint->automaton, state, (unsigned char)byte, &next, error))
                return false;
            *out = !byte_is_plain((unsigned char)byte) || next == first;
        }
        if (first == state)
            break;
        state = first;
    }
    return true;
}

static bool walk_short(struct constraint *constraint, uint32_t state, uint64_t *bits, struct error *error)
{
    const struct token_tree *tree = constraint->tree;
    bool plain;
    if (!allows_plain(constraint, state, &plain, error))
        return false;
    if (plain)
        memcpy(bits, tree->easy, tree->words * sizeof *bits);
    return (plain || walk(constraint, &tree->trees[TREE_PLAIN], state, bits, error)) &&
           walk(constraint, &tree->trees[TREE_OTHER], state, bits, error);
}

static bool add_mask(struct constraint *constraint, uint32_t state, struct error *error)
{
    const size_t words = constraint->tree->words;
    if (!pile_reserve(&constraint->masks, sizeof(uint64_t *), 1, UINT32_MAX, error))
        return false;
    uint64_t *bits = calloc(words, sizeof *bits);
    if (!bits)
        return error_memory(error, words * sizeof *bits);
    if (!walk_short(constraint, state, bits, error)) {
        free(bits);
        return false;
    }
    *mask_at(constraint, constraint->masks.count++) = bits;
    automaton_state(&constraint->automaton, state)->mask = (uint32_t)constraint->masks.count;
    return true;
}

/* The mask of short tokens, kept with the state that they can't tell from this one. */
static bool find_mask(struct constraint *constraint, uint32_t state, const uint64_t **mask, struct error *error)
{
    uint32_t clipped;
    if (!automaton_clip(&constraint->automaton, state, SHORT_MOST, &clipped, error) ||
        (automaton_state(&constraint->automaton, clipped)->mask == 0 && !add_mask(constraint, clipped, error)))
        return false;
    *mask = *mask_at(constraint, automaton_state(&constraint->automaton, clipped)->mask - 1);
    return true;
}

/* All tokens: short ones from the mask that is kept, long ones looked up. */
static bool find_tokens(struct constraint *constraint, uint32_t state, uint64_t *bits, struct error *error)
{
    const uint64_t *mask;
    if (!begin(constraint, error) || !find_mask(constraint, state, &mask, error))
        return false;
    memcpy(bits, mask, constraint->tree->words * sizeof *bits);
    if (!walk(constraint, &constraint->tree->trees[TREE_LONG], state, bits, error))
        return false;
    allow_same(constraint->tree, bits);
    bits[constraint->tree->no_token / 64] &= ~((uint64_t)1 << constraint->tree->no_token % 64);
    return true;
}

bool place_mask(struct place *place, bool special, bool may_end, uint64_t *bits, struct error *error)
{
    struct constraint *constraint = place->constraint;
    const struct token_tree *tree = constraint->tree;
    pthread_mutex_lock(&constraint->lock);
    const bool done = find_tokens(constraint, place->state, bits, error);
    const bool ends = done && may_end && automaton_state(&constraint->automaton, place->state)->complete;
    for (size_t i = 0; i < tree->words && done; i++)
        bits[i] = (special ? bits[i] : bits[i] & tree->plain[i]) | (ends ? tree->ending[i] : 0);
    pthread_mutex_unlock(&constraint->lock);
    return done;
}

size_t place_words(const struct place *place)
{
    return place->constraint->tree->words;
}

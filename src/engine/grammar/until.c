/* until.c: any text that does not contain another, as a rule.
 *
 * A state says how much of the end has just been read (Knuth, Morris and Pratt 1977) and how the character that was
 * begun may go on; each state is a forward to a choice of bytes and the states that they lead to. The end is valid
 * UTF-8, so that it can't begin inside a character. */
#include "engine/grammar/grammar.h"

#include <stdlib.h>
#include <string.h>

enum { END_BYTES_MOST = 256 };

/* What may come within UTF-8 (RFC 3629, section 4): a byte of a range leads from one place to another. */
enum place { WHOLE, ONE_LEFT, TWO_LEFT, THREE_LEFT, AFTER_E0, AFTER_ED, AFTER_F0, AFTER_F4, PLACES };

static const struct move {
    enum place from, to;
    unsigned char low, high;
} moves[] = {
    { WHOLE, WHOLE, 0x00, 0x7F },       { WHOLE, ONE_LEFT, 0xC2, 0xDF },    { WHOLE, AFTER_E0, 0xE0, 0xE0 },
    { WHOLE, TWO_LEFT, 0xE1, 0xEC },    { WHOLE, AFTER_ED, 0xED, 0xED },    { WHOLE, TWO_LEFT, 0xEE, 0xEF },
    { WHOLE, AFTER_F0, 0xF0, 0xF0 },    { WHOLE, THREE_LEFT, 0xF1, 0xF3 },  { WHOLE, AFTER_F4, 0xF4, 0xF4 },
    { ONE_LEFT, WHOLE, 0x80, 0xBF },    { TWO_LEFT, ONE_LEFT, 0x80, 0xBF }, { THREE_LEFT, TWO_LEFT, 0x80, 0xBF },
    { AFTER_E0, ONE_LEFT, 0xA0, 0xBF }, { AFTER_ED, ONE_LEFT, 0x80, 0x9F }, { AFTER_F0, TWO_LEFT, 0x90, 0xBF },
    { AFTER_F4, TWO_LEFT, 0x80, 0x8F },
};

struct until {
    struct grammar *grammar;
    struct span end;
    size_t shorter[END_BYTES_MOST + 1]; /* the longest end of the first n bytes that is their beginning too */
    uint32_t *states;                   /* [end.bytes][PLACES] forwards; RULE_NONE: not met yet */
    uint32_t *open;                     /* states that were met and not defined yet */
    size_t open_count;
    struct rule nothing;
};

static void find_shorter(struct until *until)
{
    size_t length = 0;
    until->shorter[0] = until->shorter[1] = 0;
    for (size_t i = 1; i < until->end.bytes; i++) {
        while (length > 0 && until->end.data[i] != until->end.data[length])
            length = until->shorter[length];
        length += until->end.data[i] == until->end.data[length];
        until->shorter[i + 1] = length;
    }
}

static size_t matched_after(const struct until *until, size_t matched, unsigned char byte)
{
    while (matched > 0 && until->end.data[matched] != byte)
        matched = until->shorter[matched];
    return matched + (until->end.data[matched] == byte);
}

static bool state_of(struct until *until, size_t matched, enum place place, struct rule *out, struct error *error)
{
    const uint32_t number = (uint32_t)(matched * PLACES + place);
    if (until->states[number] == RULE_NONE) {
        if (!grammar_forward(until->grammar, span_text("until"), out, error))
            return false;
        until->states[number] = out->id;
        until->open[until->open_count++] = number;
    }
    out->id = until->states[number];
    return true;
}

/* The bytes of a move that lead to the same count of matched bytes, followed by the state there. */
static bool add_target(struct until *until, const struct move *move, size_t from, size_t target, struct rule *out,
                       bool *any, struct error *error)
{
    struct byte_set set = { { 0 } };
    struct rule parts[2];
    *any = false;
    for (unsigned byte = move->low; byte <= move->high; byte++)
        if (matched_after(until, from, (unsigned char)byte) == target) {
            byte_set_add(&set, byte, byte);
            *any = true;
        }
    return !*any || (grammar_bytes(until->grammar, &set, &parts[0], error) &&
                     state_of(until, target, move->to, &parts[1], error) &&
                     grammar_sequence(until->grammar, parts, 2, out, error));
}

static bool define_state(struct until *until, uint32_t number, struct error *error)
{
    const size_t matched = number / PLACES;
    const enum place place = number % PLACES;
    struct rule choices[LENGTH(moves) * 4 + END_BYTES_MOST], choice;
    size_t count = 0;
    if (place == WHOLE)
        choices[count++] = until->nothing;
    for (size_t i = 0; i < LENGTH(moves); i++) {
        if (moves[i].from != place)
            continue;
        for (size_t target = 0; target <= matched + 1 && target < until->end.bytes; target++) {
            bool any;
            if (!add_target(until, &moves[i], matched, target, &choices[count], &any, error))
                return false;
            count += any && count + 1 < LENGTH(choices);
        }
    }
    if (!grammar_choice(until->grammar, choices, count, &choice, error))
        return false;
    grammar_define(until->grammar, (struct rule){ until->states[number] }, choice);
    return true;
}

static bool define_all(struct until *until, struct rule *out, struct error *error)
{
    memset(until->states, 0xFF, until->end.bytes * PLACES * sizeof *until->states);
    find_shorter(until);
    if (!grammar_literal(until->grammar, span_of("", 0), &until->nothing, error) ||
        !state_of(until, 0, WHOLE, out, error))
        return false;
    for (size_t i = 0; i < until->open_count; i++)
        if (!define_state(until, until->open[i], error))
            return false;
    return true;
}

bool grammar_until(struct grammar *grammar, struct span end, struct rule *out, struct error *error)
{
    if (end.bytes == 0 || end.bytes > END_BYTES_MOST || utf8_valid_prefix(end) < end.bytes)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "grammar: a text that ends another has 1 to %d bytes of valid UTF-8, not %zu",
                              END_BYTES_MOST, end.bytes);
    struct until until = { .grammar = grammar, .end = end };
    const size_t states = end.bytes * PLACES;
    until.states = malloc(states * sizeof *until.states);
    until.open = malloc(states * sizeof *until.open);
    const bool done = until.states && until.open ? define_all(&until, out, error)
                                                 : error_memory(error, states * sizeof *until.open);
    free(until.states);
    free(until.open);
    return done;
}

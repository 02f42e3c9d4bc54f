/* regex.h: regular expressions of JSON Schema as rules over the bytes of a JSON string. Private to the folder.
 *
 * The language is the part that ECMA 262 and Python's re read alike: characters, classes, groups, alternatives,
 * quantifiers, ^ at the beginning and $ at the end. Where the two differ (\S, \D, \W, "."), a text must please both.
 * Look-around, references back, \b, \p and anchors elsewhere are refused by name. Without anchors a match may be
 * anywhere, as the standard says. */
#ifndef BASTIDE_ENGINE_REGEX_H
#define BASTIDE_ENGINE_REGEX_H

#include "engine/grammar/maker.h"

enum part_kind { PART_CHARACTERS, PART_SEQUENCE, PART_CHOICE, PART_REPEAT };

#define LENGTH_ENDLESS SIZE_MAX

/* A piece of an expression. */
struct part {
    enum part_kind kind;
    const struct code_range *ranges; /* characters: [count] */
    struct part **parts;             /* sequence, choice: [count]; repeat: one */
    size_t count;
    size_t least, most;       /* repeat; most SIZE_MAX: any number of times */
    size_t shortest, longest; /* characters of its texts; LENGTH_ENDLESS: no limit */
};

/* Reads an expression into the arena. ERROR_WRONG_USE, naming what is not supported and where. */
MUST_USE bool regex_read(struct span pattern, struct arena *arena, struct part **out, struct error *error);

/* Leaves only texts of least to most characters, by narrowing one of its repeats. False if that is not possible. */
MUST_USE bool regex_fit(struct part *part, size_t least, size_t most);

/* The texts of an expression as they stand between the quotes of a JSON string. */
struct rule regex_make(struct maker *maker, const struct part *part);

/* The expression of a format of JSON Schema; NULL if it is not known. */
const char *format_pattern(const char *format);

#endif

/* maker.h: grammars written in C, rule by rule, that read like grammars. Private to the folder.
 *
 * A maker remembers that a step failed; what follows does nothing, and the caller looks once, at the end. */
#ifndef BASTIDE_ENGINE_MAKER_H
#define BASTIDE_ENGINE_MAKER_H

#include "engine/grammar/grammar.h"

struct maker {
    struct grammar *grammar;
    struct error *error;
    bool failed;
};

struct rule make_text(struct maker *maker, const char *text);
struct rule make_span(struct maker *maker, struct span text);

/* One of these bytes. */
struct rule make_one_of(struct maker *maker, const char *bytes);
struct rule make_digits(struct maker *maker, unsigned low, unsigned high); /* one digit from low to high */
struct rule make_characters(struct maker *maker, const struct code_range *ranges, size_t count);
struct rule make_repeat(struct maker *maker, struct rule rule, size_t least, size_t most);
struct rule make_optional(struct maker *maker, struct rule rule);
struct rule make_sequence(struct maker *maker, const struct rule *rules, size_t count);
struct rule make_choice(struct maker *maker, const struct rule *rules, size_t count);

/* One of these texts, as a tree of their beginnings: thousands of them cost a byte no more than a few. Sorts texts. */
struct rule make_texts(struct maker *maker, struct span *texts, size_t count);

/* No text at all. */
struct rule make_nothing(struct maker *maker);

#define SEQUENCE(maker, ...) \
    make_sequence(maker, (const struct rule[]){ __VA_ARGS__ }, LENGTH(((const struct rule[]){ __VA_ARGS__ })))
#define CHOICE(maker, ...) \
    make_choice(maker, (const struct rule[]){ __VA_ARGS__ }, LENGTH(((const struct rule[]){ __VA_ARGS__ })))

#endif

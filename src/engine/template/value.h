/* value.h: what a template computes with: the values of Python that Jinja shows.
 * A value is small and passed as it is; what it points to lives in the arena of the rendering (or of the template),
 * and is never freed before. Texts are valid UTF-8 and end nowhere but at their length. */
#ifndef BASTIDE_ENGINE_TEMPLATE_VALUE_H
#define BASTIDE_ENGINE_TEMPLATE_VALUE_H

#include "base/base.h"

struct render;

enum kind {
    KIND_MISSING,   /* an argument that was not given; templates never see it */
    KIND_UNDEFINED, /* a name or a key that is not there: prints as nothing */
    KIND_NONE,
    KIND_BOOLEAN,
    KIND_INTEGER,
    KIND_REAL,
    KIND_TEXT,
    KIND_LIST,
    KIND_TUPLE,
    KIND_RANGE,    /* the list is written out; its shown is "range(0, 3)" */
    KIND_VIEW,     /* of a dict: its keys, values or items; shown is "dict_keys" and so on */
    KIND_ITERATOR, /* what lazy filters give: can be gone through once */
    KIND_DICT,
    KIND_NAMESPACE,
    KIND_LOOP,
    KIND_MACRO,
    KIND_FUNCTION,
    KIND_METHOD,
    KIND_CYCLER,
    KIND_JOINER,
};

struct value {
    enum kind kind;
    enum kind owner; /* KIND_UNDEFINED: what had no such thing; KIND_MISSING: it was a variable; KIND_UNDEFINED: text is
                        the whole message */
    union {
        bool truth;
        int64_t integer;
        double real;
        struct span text;  /* KIND_UNDEFINED: what was asked for */
        struct list *list; /* all kinds from KIND_LIST to KIND_ITERATOR */
        struct dict *dict; /* KIND_DICT and KIND_NAMESPACE */
        struct loop *loop;
        const struct macro *macro;
        const struct builtin *function;
        const struct method *method;
        struct cycler *cycler; /* KIND_CYCLER and KIND_JOINER */
    };
};

struct list {
    struct value *items;
    size_t count;
    size_t capacity;
    size_t taken; /* KIND_ITERATOR: how many of the items are gone */
    const char *shown;
};

struct pair {
    struct value key, value;
};

/* In the order of insertion, as Python's; found by going through, as they are small. */
struct dict {
    struct pair *pairs;
    size_t count;
    size_t capacity;
};

struct method {
    struct value self;
    const struct builtin *builtin;
};

struct cycler {
    const struct value *items;
    size_t count;
    size_t at; /* of a joiner: whether it was called */
};

static inline struct value value_none(void)
{
    return (struct value){ .kind = KIND_NONE };
}

static inline struct value value_boolean(bool truth)
{
    return (struct value){ .kind = KIND_BOOLEAN, .truth = truth };
}

static inline struct value value_integer(int64_t integer)
{
    return (struct value){ .kind = KIND_INTEGER, .integer = integer };
}

static inline struct value value_real(double real)
{
    return (struct value){ .kind = KIND_REAL, .real = real };
}

static inline struct value value_text(struct span text)
{
    return (struct value){ .kind = KIND_TEXT, .text = text };
}

static inline struct value value_list(enum kind kind, struct list *list)
{
    return (struct value){ .kind = kind, .list = list };
}

/* Undefined: message, or 'name' of which owner has no such thing. */
static inline struct value value_undefined(enum kind owner, struct span name)
{
    return (struct value){ .kind = KIND_UNDEFINED, .owner = owner, .text = name };
}

static inline struct value value_undefined_because(const char *message)
{
    return value_undefined(KIND_UNDEFINED, span_text(message));
}

static inline bool value_given(struct value value)
{
    return value.kind != KIND_MISSING;
}

static inline bool value_is_sequence(struct value value) /* with indices and a length */
{
    return value.kind == KIND_LIST || value.kind == KIND_TUPLE || value.kind == KIND_RANGE;
}

static inline bool value_has_list(struct value value)
{
    return value.kind >= KIND_LIST && value.kind <= KIND_ITERATOR;
}

static inline bool value_is_whole(struct value value) /* bool is an int in Python */
{
    return value.kind == KIND_INTEGER || value.kind == KIND_BOOLEAN;
}

static inline bool value_is_number(struct value value)
{
    return value_is_whole(value) || value.kind == KIND_REAL;
}

static inline int64_t value_whole(struct value value)
{
    return value.kind == KIND_BOOLEAN ? value.truth : value.integer;
}

/* As messages call it: "dict object". */
const char *kind_name(enum kind kind);

/* Whether Python takes it for true. */
bool value_truth(struct value value);

/* Whether it is this very object (Python's "is", as far as templates can tell). */
bool value_same(struct value a, struct value b);

/* The message of an undefined value; fails always. */
bool value_fail_undefined(struct render *render, struct value undefined);

/* a == b; fails when the budget is spent. */
MUST_USE bool value_equal(struct render *render, struct value a, struct value b, bool *equal);

/* *order is below, at or above zero; *ordered false: not a number is among them. Fails, naming what, if the two have
 * no order. */
MUST_USE bool value_order(struct render *render, const char *what, struct value a, struct value b, int *order,
                          bool *ordered);

/* needle in haystack. */
MUST_USE bool value_contains(struct render *render, struct value haystack, struct value needle, bool *contains);

/* How many items or characters; fails if it has no length. */
MUST_USE bool value_length(struct render *render, struct value value, size_t *length);

/* What one goes through in a loop: items (never NULL), keys, characters. An iterator is used up by it. */
MUST_USE bool value_items(struct render *render, struct value value, const struct value **items, size_t *count);

/* ---- lists and dicts --------------------------------------------------------------------------------------------- */

/* An empty list with room for so many; NULL after failing. */
MUST_USE struct list *list_new(struct render *render, size_t capacity);
MUST_USE bool list_add(struct render *render, struct list *list, struct value item);

/* A list, tuple and so on of these items, copied. */
MUST_USE bool list_of(struct render *render, enum kind kind, const struct value *items, size_t count,
                      struct value *out);

MUST_USE struct dict *dict_new(struct render *render, size_t capacity);

/* Sets key to value, in its old place if it is there already. Fails for keys that cannot be compared (lists). */
MUST_USE bool dict_set(struct render *render, struct dict *dict, struct value key, struct value value);

/* For keys that are known to be new. */
MUST_USE bool dict_add(struct render *render, struct dict *dict, struct value key, struct value value);

/* *found is NULL if the key is not there. */
MUST_USE bool dict_find(struct render *render, const struct dict *dict, struct value key, struct value **found);

#endif

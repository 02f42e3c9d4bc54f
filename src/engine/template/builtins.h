/* builtins.h: the tables of filters, tests, functions and methods. A new one is its function and a row. */
#ifndef BASTIDE_ENGINE_TEMPLATE_BUILTINS_H
#define BASTIDE_ENGINE_TEMPLATE_BUILTINS_H

#include "engine/template/render.h"

struct builtin {
    const char *name;
    const char *parameters; /* their names in order, with spaces between; NULL: it takes any and looks itself */
    size_t least;           /* how many of them must be given */
    bool (*run)(struct render *render, const struct call *call, struct value *out);
};

/* Rows end with one whose name is NULL. */
extern const struct builtin text_filters[], list_filters[], choice_filters[], number_filters[], tests[], functions[],
    text_methods[], text_search_methods[], dict_methods[], list_methods[], loop_methods[], cycler_methods[];

/* The row of this name, or NULL. */
const struct builtin *builtin_find(const struct builtin *rows, struct span name);
const struct builtin *filter_find(struct span name);
const struct builtin *test_find(struct span name);

/* The methods of values of a kind (texts, dicts, lists, ...); NULL if there is none of this name. */
const struct builtin *method_find(enum kind kind, struct span name);

/* ---- arguments, for builtins ------------------------------------------------------------------------------------ */

/* *out stays as it is if the argument is missing. Fail, naming the parameter, if it is of another kind. */
MUST_USE bool take_integer(struct render *render, const char *name, struct value argument, int64_t *out);
MUST_USE bool take_text(struct render *render, const char *name, struct value argument, struct span *out);

/* A missing argument is false. */
static inline bool take_flag(struct value argument)
{
    return value_given(argument) && value_truth(argument);
}

/* Sorts items by keys, smallest first (largest first if reverse), equal ones in their old order. Fails if two keys
 * have no order. */
MUST_USE bool sort_items(struct render *render, const struct value *keys, struct value *items, size_t count,
                         bool reverse);

/* "a %s b" % values */
MUST_USE bool format_percent(struct render *render, struct span format, const struct value *values, size_t count,
                             struct value *out);

/* JSON as json.dumps writes it. */
struct json_style {
    struct span indent;    /* of one level */
    bool lines;            /* one item a line */
    bool ascii;            /* \u escapes for all that is not ASCII */
    bool sorted;           /* keys in order */
    struct span item, key; /* what stands between items, and behind a key */
};

MUST_USE bool value_write_json(struct render *render, const struct json_style *style, struct value value,
                               struct value *out);

#endif

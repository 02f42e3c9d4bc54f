/* builtins.c: finding builtins by name, and taking their arguments. */
#include "engine/template/builtins.h"

const struct builtin *builtin_find(const struct builtin *rows, struct span name)
{
    for (const struct builtin *row = rows; row->name; row++)
        if (span_equal(span_text(row->name), name))
            return row;
    return NULL;
}

static const struct builtin *find_in(const struct builtin *const *tables, size_t count, struct span name)
{
    const struct builtin *found = NULL;
    for (size_t i = 0; !found && i < count; i++)
        found = builtin_find(tables[i], name);
    return found;
}

const struct builtin *filter_find(struct span name)
{
    static const struct builtin *const tables[] = { text_filters, list_filters, choice_filters, number_filters };
    return find_in(tables, LENGTH(tables), name);
}

const struct builtin *test_find(struct span name)
{
    return builtin_find(tests, name);
}

const struct builtin *method_find(enum kind kind, struct span name)
{
    static const struct builtin *const of_texts[] = { text_methods, text_search_methods };
    switch (kind) {
    case KIND_TEXT:
        return find_in(of_texts, LENGTH(of_texts), name);
    case KIND_DICT:
        return builtin_find(dict_methods, name);
    case KIND_LIST:
    case KIND_TUPLE:
    case KIND_RANGE:
        return builtin_find(list_methods, name);
    case KIND_LOOP:
        return builtin_find(loop_methods, name);
    case KIND_CYCLER:
        return builtin_find(cycler_methods, name);
    default:
        return NULL;
    }
}

bool take_integer(struct render *render, const char *name, struct value argument, int64_t *out)
{
    if (!value_given(argument))
        return true;
    if (argument.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, argument);
    if (!value_is_whole(argument))
        return render_fail(render, "'%s' is a whole number, not a '%s'", name, kind_name(argument.kind));
    *out = value_whole(argument);
    return true;
}

bool take_text(struct render *render, const char *name, struct value argument, struct span *out)
{
    if (!value_given(argument))
        return true;
    if (argument.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, argument);
    if (argument.kind != KIND_TEXT)
        return render_fail(render, "'%s' is a text, not a '%s'", name, kind_name(argument.kind));
    *out = argument.text;
    return true;
}

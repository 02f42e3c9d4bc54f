/* filters_choice.c: filters that apply another filter or test to each item, and defaults.
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/#builtin-filters */
#include "engine/template/builtins.h"

#include <string.h>

static bool filter_default(struct render *render, const struct call *call, struct value *out)
{
    (void)render;
    const bool empty = take_flag(call->given[1]) && !value_truth(call->self);
    *out = call->self;
    if (call->self.kind == KIND_UNDEFINED || empty)
        *out = value_given(call->given[0]) ? call->given[0] : value_text(span_text(""));
    return true;
}

/* An attribute alone, never a key. */
static bool filter_attr(struct render *render, const struct call *call, struct value *out)
{
    struct span name = span_of(NULL, 0);
    if (!take_text(render, "name", call->given[0], &name))
        return false;
    if (method_find(call->self.kind, name) || call->self.kind == KIND_NAMESPACE)
        return attribute_get(render, call->self, name, out);
    *out = value_undefined(call->self.kind, name);
    return true;
}

/* ---- map --------------------------------------------------------------------------------------------------------- */

/* What is applied to each item: a filter or test with its own arguments, or an attribute. */
struct applied {
    const char *what;
    const struct builtin *builtin; /* NULL: none, the item itself */
    struct value path;             /* KIND_MISSING: none */
    struct value fallback;         /* for an attribute that is not there; KIND_MISSING: none */
    struct call call;
};

static bool find_applied(struct render *render, const struct call *call, size_t position, struct applied *applied)
{
    const bool is_test = strcmp(applied->what, "test") == 0;
    const struct value name = call->positional[position];
    if (name.kind != KIND_TEXT)
        return render_fail(render, "the name of a %s is a text, not a '%s'", applied->what, kind_name(name.kind));
    applied->builtin = is_test ? test_find(name.text) : filter_find(name.text);
    if (!applied->builtin)
        return render_fail(render, "unknown %s '%.*s'", applied->what, (int)size_min(name.text.bytes, 100),
                           (const char *)name.text.data);
    applied->call.positional = call->positional + position + 1;
    applied->call.positional_count = call->positional_count - position - 1;
    applied->call.keywords = call->keywords;
    applied->call.keyword_count = call->keyword_count;
    return true;
}

static bool apply_to(struct render *render, const struct applied *applied, struct value item, struct value *out)
{
    *out = item;
    if (value_given(applied->path) && !path_get(render, item, applied->path, out))
        return false;
    if (out->kind == KIND_UNDEFINED && value_given(applied->fallback))
        *out = applied->fallback;
    if (!applied->builtin)
        return true;
    struct call call = applied->call; /* binding arguments changes it */
    call.self = *out;
    return call_builtin(render, applied->what, applied->builtin, &call, out);
}

static bool take_map_keywords(struct render *render, const struct call *call, struct applied *applied)
{
    for (size_t i = 0; i < call->keyword_count; i++) {
        const struct keyword *keyword = &call->keywords[i];
        if (span_equal(keyword->name, span_text("attribute")))
            applied->path = keyword->value;
        else if (span_equal(keyword->name, span_text("default")))
            applied->fallback = keyword->value;
        else
            return render_fail(render, "filter 'map' takes no argument '%.*s'", (int)size_min(keyword->name.bytes, 100),
                               (const char *)keyword->name.data);
    }
    if (applied->fallback.kind == KIND_NONE)
        applied->fallback = (struct value){ .kind = KIND_MISSING };
    return value_given(applied->path) || render_fail(render, "filter 'map' needs a filter or an attribute");
}

static bool filter_map(struct render *render, const struct call *call, struct value *out)
{
    struct applied applied = { .what = "filter" };
    struct list *list = list_new(render, 0);
    const struct value *items;
    size_t count;
    if (!list)
        return false;
    *out = value_list(KIND_ITERATOR, list);
    if (!value_truth(call->self))
        return true;
    const bool found = call->positional_count > 0 ? find_applied(render, call, 0, &applied)
                                                  : take_map_keywords(render, call, &applied);
    if (!found || !value_items(render, call->self, &items, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct value value;
        if (!apply_to(render, &applied, items[i], &value) || !list_add(render, list, value))
            return false;
    }
    return true;
}

/* ---- select and its like ----------------------------------------------------------------------------------------- */

static bool choose_items(struct render *render, const struct call *call, const struct applied *applied, bool wanted,
                         struct list *into)
{
    const struct value *items;
    size_t count;
    if (!value_items(render, call->self, &items, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct value value;
        if (!apply_to(render, applied, items[i], &value))
            return false;
        if (value_truth(value) == wanted && !list_add(render, into, items[i]))
            return false;
    }
    return true;
}

static bool choose(struct render *render, const struct call *call, bool by_attribute, bool wanted, struct value *out)
{
    struct applied applied = { .what = "test" };
    struct list *list = list_new(render, 0);
    if (!list)
        return false;
    *out = value_list(KIND_ITERATOR, list);
    if (!value_truth(call->self))
        return true;
    if (by_attribute && call->positional_count == 0)
        return render_fail(render, "the name of an attribute is missing");
    if (by_attribute)
        applied.path = call->positional[0];
    if (call->positional_count > by_attribute && !find_applied(render, call, by_attribute, &applied))
        return false;
    return choose_items(render, call, &applied, wanted, list);
}

static bool filter_select(struct render *render, const struct call *call, struct value *out)
{
    return choose(render, call, false, true, out);
}

static bool filter_reject(struct render *render, const struct call *call, struct value *out)
{
    return choose(render, call, false, false, out);
}

static bool filter_selectattr(struct render *render, const struct call *call, struct value *out)
{
    return choose(render, call, true, true, out);
}

static bool filter_rejectattr(struct render *render, const struct call *call, struct value *out)
{
    return choose(render, call, true, false, out);
}

const struct builtin choice_filters[] = {
    { "default", "default_value boolean", 0, filter_default },
    { "d", "default_value boolean", 0, filter_default },
    { "attr", "name", 1, filter_attr },
    { "map", NULL, 0, filter_map },
    { "select", NULL, 0, filter_select },
    { "reject", NULL, 0, filter_reject },
    { "selectattr", NULL, 0, filter_selectattr },
    { "rejectattr", NULL, 0, filter_rejectattr },
    { 0 },
};

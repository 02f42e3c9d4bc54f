/* schema_apart.c: whether two schemas can hold together. oneOf demands that exactly one alternative holds; a grammar
 * can only offer them all, which is the same where no value fits two. Certain are: other types, other values, and
 * objects that both require a property which is apart. */
#include "engine/grammar/schema.h"

#include <string.h>

enum { DEPTH_MOST = 4, VALUES_MOST = 1000 };

static const json_t *follow(struct schema *schema, const json_t *part)
{
    for (int i = 0; i < DEPTH_MOST && json_object_get(part, "$ref"); i++) {
        part = schema_resolve(schema, json_object_get(part, "$ref"), NULL);
        if (!part)
            return NULL;
    }
    return part;
}

static unsigned certain_types(const json_t *part)
{
    struct schema nobody = { .maker.error = NULL };
    unsigned types = TYPE_ANY;
    if (json_object_get(part, "type") && schema_types(&nobody, part, NULL, &types))
        return types;
    return TYPE_ANY;
}

/* The only values that fit: [*count]; NULL if they are not listed. */
static const json_t *listed_value(const json_t *part, size_t i, size_t *count)
{
    const json_t *one = json_object_get(part, "const"), *some = json_object_get(part, "enum");
    *count = one ? 1 : json_array_size(some);
    return one ? one : json_array_get(some, i);
}

/* 1 and 1.0 are the same number, whatever jansson calls them. */
static bool same_value(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

/* Whether both list their values, and none is in both lists. Numbers within arrays and objects are not compared. */
static bool values_apart(const json_t *a, const json_t *b)
{
    size_t left, right, none;
    listed_value(a, 0, &left);
    listed_value(b, 0, &right);
    if (left == 0 || right == 0 || left > VALUES_MOST || right > VALUES_MOST)
        return false;
    for (size_t i = 0; i < left; i++)
        for (size_t j = 0; j < right; j++) {
            const json_t *first = listed_value(a, i, &none), *second = listed_value(b, j, &none);
            const bool nested = json_is_array(first) || json_is_object(first);
            if (same_value(first, second) || (nested && json_typeof(first) == json_typeof(second)))
                return false;
        }
    return true;
}

static bool requires(const json_t *part, const char *name)
{
    size_t i;
    json_t *required;
    json_array_foreach(json_object_get(part, "required"), i,
                       required) if (json_is_string(required) &&
                                     strcmp(json_string_value(required), name) == 0) return true;
    return false;
}

static bool properties_apart(struct schema *schema, const json_t *a, const json_t *b, size_t depth)
{
    const json_t *others = json_object_get(b, "properties");
    const char *name;
    json_t *value;
    if (!(certain_types(a) == TYPE_OBJECT && certain_types(b) == TYPE_OBJECT))
        return false;
    json_object_foreach(json_object_get(a, "properties"), name, value)
    {
        const json_t *other = json_object_get(others, name);
        if (other && requires(a, name) && requires(b, name) && schema_apart(schema, value, other, depth + 1))
            return true;
    }
    return false;
}

bool schema_apart(struct schema *schema, const json_t *a, const json_t *b, size_t depth)
{
    if (depth > DEPTH_MOST || !schema_spend(schema, NULL, 10))
        return false;
    a = follow(schema, a);
    b = follow(schema, b);
    if (!a || !b)
        return false;
    return (certain_types(a) & certain_types(b)) == 0 || values_apart(a, b) || properties_apart(schema, a, b, depth);
}

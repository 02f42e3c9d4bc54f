/* schema_merge.c: two schemas that both have to hold, as one. Keyword by keyword; where two differ in a way that one
 * keyword can't say (two patterns, two anyOf), they are refused by name. */
#include "engine/grammar/schema.h"

#include <string.h>

/* One merge: into is a shallow copy of a, and becomes what holds where b does too. */
struct merge {
    struct schema *schema;
    const struct location *location;
    json_t *into;
    const json_t *a, *b;
};

static bool no_memory(struct schema *schema)
{
    return error_memory(schema->maker.error, sizeof(json_t));
}

/* Gives a value away to the object. */
static bool put(struct merge *merge, const char *keyword, json_t *value)
{
    return (value && json_object_set_new(merge->into, keyword, value) == 0) || no_memory(merge->schema);
}

/* A schema that demands both. What is the same, or says nothing, stays simple. */
static json_t *both(const json_t *a, const json_t *b)
{
    if (!a || json_is_true(a) || (b && json_equal(a, b)))
        return json_incref((json_t *)(b ? b : a));
    if (!b || json_is_true(b) || json_is_false(a))
        return json_incref((json_t *)a);
    if (json_is_false(b))
        return json_incref((json_t *)b);
    return json_pack("{s:[O, O]}", "allOf", a, b);
}

/* ---- keywords ---------------------------------------------------------------------------------------------------- */

static bool merge_type(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    static const struct {
        const char *name;
        unsigned type;
    } names[] = { { "null", TYPE_NULL },       { "boolean", TYPE_BOOLEAN }, { "number", TYPE_NUMBER },
                  { "integer", TYPE_INTEGER }, { "string", TYPE_STRING },   { "array", TYPE_ARRAY },
                  { "object", TYPE_OBJECT } };
    unsigned left, right;
    (void)a, (void)b;
    if (!schema_types(merge->schema, merge->a, merge->location, &left) ||
        !schema_types(merge->schema, merge->b, merge->location, &right))
        return false;
    json_t *list = json_array();
    unsigned common = left & right;
    if (common & TYPE_NUMBER)
        common &= ~(unsigned)TYPE_INTEGER; /* a number may be an integer */
    for (size_t i = 0; i < LENGTH(names); i++)
        if (common & names[i].type)
            json_array_append_new(list, json_string(names[i].name));
    return put(merge, keyword, list);
}

static bool merge_required(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    size_t i;
    json_t *name;
    if (!json_is_array(a) || !json_is_array(b))
        return schema_refuse(merge->schema, merge->location, keyword, "a list of names is wanted");
    json_t *names = json_copy((json_t *)a);
    json_array_foreach(b, i, name) json_array_append(names, name);
    return put(merge, keyword, names);
}

/* The larger or smaller of two numbers. */
static bool merge_bound(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    if (!json_is_number(a) || !json_is_number(b))
        return schema_refuse(merge->schema, merge->location, keyword, "a number is wanted");
    const bool lower = strncmp(keyword, "min", 3) == 0 || strcmp(keyword, "exclusiveMinimum") == 0;
    const bool first = lower == (json_number_value(a) > json_number_value(b));
    return put(merge, keyword, json_incref((json_t *)(first ? a : b)));
}

static bool merge_schemas(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    return put(merge, keyword, both(a, b));
}

static bool merge_values(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    size_t i, j;
    json_t *value, *other;
    if (!json_is_array(a) || !json_is_array(b))
        return schema_refuse(merge->schema, merge->location, keyword, "a list of values is wanted");
    if (!schema_spend(merge->schema, merge->location, json_array_size(a) * json_array_size(b)))
        return false;
    json_t *values = json_array();
    json_array_foreach(a, i, value) json_array_foreach(b, j, other) if (json_equal(value, other))
    {
        json_array_append(values, value);
        break;
    }
    return put(merge, keyword, values);
}

static bool refuse_both(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    (void)a, (void)b;
    return schema_refuse(merge->schema, merge->location, keyword,
                         "two different ones have to hold here, which is not supported: write them as one");
}

/* Properties and additionalProperties depend on each other, so they are merged after the rest. */
static bool leave_alone(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    (void)merge, (void)keyword, (void)a, (void)b;
    return true;
}

static const struct {
    const char *keyword;
    bool (*merge)(struct merge *merge, const char *keyword, const json_t *a, const json_t *b);
} rows[] = {
    { "type", merge_type },
    { "required", merge_required },
    { "minimum", merge_bound },
    { "maximum", merge_bound },
    { "exclusiveMinimum", merge_bound },
    { "exclusiveMaximum", merge_bound },
    { "minItems", merge_bound },
    { "maxItems", merge_bound },
    { "minLength", merge_bound },
    { "maxLength", merge_bound },
    { "items", merge_schemas },
    { "enum", merge_values },
    { "properties", leave_alone },
    { "additionalProperties", leave_alone },
};

static bool merge_keyword(struct merge *merge, const char *keyword, const json_t *a, const json_t *b)
{
    if (json_equal(a, b))
        return true;
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (strcmp(rows[i].keyword, keyword) == 0)
            return rows[i].merge(merge, keyword, a, b);
    return refuse_both(merge, keyword, a, b);
}

/* ---- properties -------------------------------------------------------------------------------------------------- */

/* Properties of one side that the other does not name have to please its additionalProperties. */
static bool add_properties(struct merge *merge, json_t *properties, const json_t *from, const json_t *other)
{
    const json_t *named = json_object_get(other, "properties");
    const json_t *additional = json_object_get(other, "additionalProperties");
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(from, "properties"), name, value)
    {
        const json_t *second = json_object_get(named, name);
        json_t *merged = both(value, second ? second : additional);
        if (!merged || json_object_set_new(properties, name, merged) != 0)
            return no_memory(merge->schema);
    }
    return true;
}

static bool merge_properties(struct merge *merge)
{
    const json_t *left = json_object_get(merge->a, "properties"), *right = json_object_get(merge->b, "properties");
    const json_t *a = json_object_get(merge->a, "additionalProperties");
    const json_t *b = json_object_get(merge->b, "additionalProperties");
    if ((left && !json_is_object(left)) || (right && !json_is_object(right)))
        return schema_refuse(merge->schema, merge->location, "properties", "an object is wanted");
    if ((a || b) && !put(merge, "additionalProperties", both(a, b)))
        return false;
    if (!left && !right)
        return true;
    if (!schema_spend(merge->schema, merge->location, json_object_size(left) + json_object_size(right)))
        return false;
    json_t *properties = json_object();
    if (!properties || !add_properties(merge, properties, merge->a, merge->b) ||
        !add_properties(merge, properties, merge->b, merge->a)) {
        json_decref(properties);
        return no_memory(merge->schema);
    }
    return put(merge, "properties", properties);
}

/* ---- schemas ----------------------------------------------------------------------------------------------------- */

static bool merge_all(struct merge *merge)
{
    const char *keyword;
    json_t *value;
    json_object_foreach((json_t *)merge->b, keyword, value)
    {
        const json_t *there = json_object_get(merge->into, keyword);
        if (word_is_annotation(keyword))
            continue;
        const bool done = there ? merge_keyword(merge, keyword, there, value)
                                : json_object_set(merge->into, keyword, value) == 0 || no_memory(merge->schema);
        if (!done)
            return false;
    }
    return merge_properties(merge);
}

/* A boolean as an object: true is one without keywords. */
static json_t *as_object(const json_t *part)
{
    if (json_is_false(part))
        return json_pack("{s:[]}", "enum");
    return json_is_object(part) ? json_copy((json_t *)part) : json_object();
}

bool schema_merge(struct schema *schema, const json_t *a, const json_t *b, const struct location *location,
                  json_t **out)
{
    if ((!json_is_object(a) && !json_is_boolean(a)) || (!json_is_object(b) && !json_is_boolean(b)))
        return schema_refuse(schema, location, NULL, "a schema is an object, true or false");
    json_t *into = as_object(a), *other = as_object(b);
    struct merge merge = { schema, location, into, a, other };
    bool done = (into && other) || no_memory(schema);
    done = done && schema_spend(schema, location, json_object_size(a) + json_object_size(b)) && merge_all(&merge);
    json_decref(other);
    if (!done) {
        json_decref(into);
        return false;
    }
    *out = into;
    return true;
}

json_t *schema_without(struct schema *schema, const json_t *object, const char *keyword)
{
    json_t *copy = json_copy((json_t *)object);
    if (copy)
        json_object_del(copy, keyword);
    else
        no_memory(schema);
    return copy;
}

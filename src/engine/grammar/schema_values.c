/* schema_values.c: enum and const: the values themselves, each written in one way. */
#include "engine/grammar/schema.h"

#include <stdlib.h>
#include <string.h>

enum { VALUES_MOST = 5000 };

/* Whether a value has one of the types; 1.0 counts as a number alone, which is less than the standard allows. */
static bool has_type(unsigned types, const json_t *value)
{
    return (types & type_of(value)) || (json_is_integer(value) && (types & TYPE_NUMBER));
}

/* What stands beside enum and const has to be something that values can be looked at for. */
static bool check_company(struct schema *schema, const json_t *object, const struct location *location)
{
    const char *name;
    json_t *value;
    json_object_foreach(
        (json_t *)object, name,
        value) if (strcmp(name, "enum") != 0 && strcmp(name, "const") != 0 && strcmp(name, "type") != 0 &&
                   !word_is_annotation(
                       name)) return schema_refuse(schema, location, name,
                                                   "together with enum or const it is not supported: leave it "
                                                   "out, the values say it all");
    return true;
}

static bool add_value(struct schema *schema, const json_t *value, struct arena *arena, struct span *out)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *kept = text ? arena_text(arena, span_text(text)) : NULL;
    free(text);
    if (!kept)
        return error_memory(schema->maker.error, sizeof(json_t));
    *out = span_text(kept);
    return true;
}

/* Those of the values that please type and const. */
static bool collect(struct schema *schema, const json_t *object, const json_t *values, const struct location *location,
                    struct arena *arena, struct span *texts, size_t *count)
{
    const json_t *constant = json_object_get(object, "const");
    unsigned types = TYPE_ANY;
    size_t i;
    json_t *value;
    *count = 0;
    if (json_object_get(object, "type") && !schema_types(schema, object, location, &types))
        return false;
    json_array_foreach(values, i, value)
    {
        if (!has_type(types, value) || (constant && !json_equal(constant, value)))
            continue;
        if (!add_value(schema, value, arena, &texts[(*count)++]))
            return false;
    }
    return true;
}

static bool compile(struct schema *schema, const json_t *object, const json_t *values, const struct location *location,
                    struct rule *out)
{
    struct maker *maker = &schema->maker;
    struct arena arena = { 0 };
    size_t count = 0;
    struct span *texts = calloc(json_array_size(values) + 1, sizeof *texts);
    bool done = texts ? collect(schema, object, values, location, &arena, texts, &count)
                      : error_memory(maker->error, json_array_size(values) * sizeof *texts);
    if (done) {
        *out = make_texts(maker, texts, count);
        done = !maker->failed;
    }
    free(texts);
    arena_free(&arena);
    return done;
}

bool schema_values(struct schema *schema, const json_t *object, const struct location *location, struct rule *out)
{
    const json_t *values = json_object_get(object, "enum"), *constant = json_object_get(object, "const");
    if (values && !json_is_array(values))
        return schema_refuse(schema, location, "enum", "a list of values is wanted");
    if (json_array_size(values) > VALUES_MOST)
        return schema_refuse(schema, location, "enum", "at most %d values are possible", VALUES_MOST);
    if (!check_company(schema, object, location) || !schema_spend(schema, location, json_array_size(values)))
        return false;
    json_t *list = values ? json_incref((json_t *)values) : json_pack("[O]", constant);
    const bool done = list ? compile(schema, object, list, location, out)
                           : error_memory(schema->maker.error, sizeof(json_t));
    json_decref(list);
    return done;
}

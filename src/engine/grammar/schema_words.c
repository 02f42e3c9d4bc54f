/* schema_words.c: the keywords of JSON Schema (2020-12) that are supported: those of OpenAI's structured output, and
 * what validators make of them. */
#include "engine/grammar/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct word {
    const char *name;
    unsigned types; /* whose values it speaks of; 0: of all */
    bool annotation;
} words[] = {
    { "type", 0, false },
    { "enum", 0, false },
    { "const", 0, false },
    { "anyOf", 0, false },
    { "oneOf", 0, false },
    { "allOf", 0, false },
    { "$ref", 0, false },
    { "properties", TYPE_OBJECT, false },
    { "required", TYPE_OBJECT, false },
    { "additionalProperties", TYPE_OBJECT, false },
    { "items", TYPE_ARRAY, false },
    { "prefixItems", TYPE_ARRAY, false },
    { "minItems", TYPE_ARRAY, false },
    { "maxItems", TYPE_ARRAY, false },
    { "pattern", TYPE_STRING, false },
    { "format", TYPE_STRING, false },
    { "minLength", TYPE_STRING, false },
    { "maxLength", TYPE_STRING, false },
    { "minimum", TYPE_NUMBER | TYPE_INTEGER, false },
    { "maximum", TYPE_NUMBER | TYPE_INTEGER, false },
    { "exclusiveMinimum", TYPE_NUMBER | TYPE_INTEGER, false },
    { "exclusiveMaximum", TYPE_NUMBER | TYPE_INTEGER, false },
    { "multipleOf", TYPE_NUMBER | TYPE_INTEGER, false },
    { "$schema", 0, true },
    { "$id", 0, true },
    { "$comment", 0, true },
    { "$defs", 0, true }, /* places for $ref */
    { "definitions", 0, true },
    { "title", 0, true },
    { "description", 0, true },
    { "default", 0, true },
    { "example", 0, true },
    { "examples", 0, true },
    { "deprecated", 0, true },
    { "readOnly", 0, true },
    { "writeOnly", 0, true },
};

static const struct word *find_word(const char *name)
{
    for (size_t i = 0; i < LENGTH(words); i++)
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    return NULL;
}

bool word_is_annotation(const char *keyword)
{
    const struct word *word = find_word(keyword);
    return word && word->annotation;
}

bool schema_check_words(struct schema *schema, const json_t *object, const struct location *location)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value) if (!find_word(name)) return schema_refuse(
        schema, location, name, "this keyword is not supported: leave it out");
    return true;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned types;
} type_names[] = {
    { "null", TYPE_NULL },     { "boolean", TYPE_BOOLEAN },
    { "string", TYPE_STRING }, { "number", TYPE_NUMBER | TYPE_INTEGER },
    { "array", TYPE_ARRAY },   { "integer", TYPE_INTEGER },
    { "object", TYPE_OBJECT },
};

static bool add_type(struct schema *schema, const json_t *name, const struct location *location, unsigned *types)
{
    const char *text = json_string_value(name);
    for (size_t i = 0; text && i < LENGTH(type_names); i++)
        if (strcmp(type_names[i].name, text) == 0) {
            *types |= type_names[i].types;
            return true;
        }
    return schema_refuse(schema, location, "type",
                         "null, boolean, integer, number, string, array, object or a list of them is wanted");
}

static unsigned implied_types(const json_t *object)
{
    unsigned types = 0;
    for (size_t i = 0; i < LENGTH(words); i++)
        if (words[i].types && json_object_get(object, words[i].name))
            types |= words[i].types;
    return types ? types : TYPE_ANY;
}

bool schema_types(struct schema *schema, const json_t *object, const struct location *location, unsigned *out)
{
    const json_t *type = json_object_get(object, "type");
    size_t i;
    json_t *name;
    *out = 0;
    if (!type) {
        *out = implied_types(object);
        return true;
    }
    if (!json_is_array(type))
        return add_type(schema, type, location, out);
    json_array_foreach(type, i, name) if (!add_type(schema, name, location, out)) return false;
    return true;
}

unsigned type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return TYPE_OBJECT;
    case JSON_ARRAY:
        return TYPE_ARRAY;
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_INTEGER:
        return TYPE_INTEGER;
    case JSON_REAL:
        return TYPE_NUMBER;
    case JSON_NULL:
        return TYPE_NULL;
    default:
        return TYPE_BOOLEAN;
    }
}

bool schema_count(struct schema *schema, const json_t *object, const char *keyword, const struct location *location,
                  size_t *out)
{
    const json_t *value = json_object_get(object, keyword);
    if (!value)
        return true;
    const double real = json_number_value(value);
    if (!json_is_number(value) || !(real >= 0 && real <= (double)UINT32_MAX - 1) || real != (double)(uint64_t)real)
        return schema_refuse(schema, location, keyword, "a whole number from 0 to 4294967294 is wanted");
    *out = (size_t)real;
    return true;
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static void write_location(const struct location *location, struct buffer *out)
{
    if (!location)
        return;
    write_location(location->above, out);
    const bool done = location->name ? buffer_format(out, NULL, "/%.60s", location->name)
                                     : buffer_format(out, NULL, "/%zu", location->index);
    (void)done; /* a place too long to be told is cut */
}

bool schema_refuse(struct schema *schema, const struct location *location, const char *keyword, const char *format, ...)
{
    struct buffer place = { .limit = 400 };
    char why[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    write_location(location, &place);
    error_set_kind(schema->maker.error, ERROR_WRONG_USE, "%s: %.100s%s%s", place.length > 0 ? place.bytes : "/",
                   keyword ? keyword : "", keyword ? ": " : "", why);
    buffer_free(&place);
    return false;
}

/* schema_object.c: objects. Properties come in the order of the schema; those that are not required may be missing.
 *
 *   object   "{" ( "}" | space next(0) )                      "}" only if nothing is required
 *   next(i)  member i, rest(i + 1) | next(i + 1)               the second only if i is not required
 *   rest(i)  "," space next(i) | space "}"                     the second only if none from i on is required
 *
 * so that the rules are as many as the properties, whatever may be missing. After them come further members, if the
 * schema says of what kind; their names are other than those of the properties, since of two members of one name
 * readers take the last. */
#include "engine/grammar/schema.h"

#include <stdlib.h>
#include <string.h>

enum { PROPERTIES_MOST = 5000, OTHER_NAME_MOST = 256 };

struct property {
    const char *name;
    const json_t *part; /* its schema; NULL: that of further members */
    bool required;
    struct rule member;
};

struct object {
    struct schema *schema;
    const struct location *location;
    const json_t *further; /* schema of further members; NULL: there are none */
    struct property *properties;
    size_t count;
    bool may_close; /* no property from here on is required */
};

/* ---- names ------------------------------------------------------------------------------------------------------- */

bool schema_quote(struct schema *schema, const char *text, struct buffer *out)
{
    json_t *string = json_string(text);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    const bool done = quoted ? buffer_text(out, quoted, schema->maker.error)
                             : error_memory(schema->maker.error, strlen(text));
    free(quoted);
    json_decref(string);
    return done;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What other_names works with. */
struct names {
    struct maker *maker;
    struct rule rest;    /* any rest of a name, with its closing quote */
    struct rule foreign; /* a character beyond ASCII */
};

static const struct code_range foreign[] = { { 0x80, CODE_POINT_LAST } };

/* A character beyond ASCII, but for count code points in rising order; those within ASCII do not matter. */
static struct rule foreign_but(struct names *names, const uint32_t *codes, size_t count)
{
    struct maker *maker = names->maker;
    struct code_range *ranges = calloc(count + 1, sizeof *ranges);
    uint32_t from = foreign[0].low;
    size_t used = 0;
    if (count == 0 || codes[count - 1] < from || !ranges) {
        maker->failed |= !ranges && !error_memory(maker->error, count * sizeof *ranges);
        free(ranges);
        return names->foreign;
    }
    for (size_t i = 0; i < count; i++) {
        if (codes[i] > from)
            ranges[used++] = (struct code_range){ from, codes[i] - 1 };
        from = codes[i] >= from ? codes[i] + 1 : from;
    }
    if (from <= CODE_POINT_LAST)
        ranges[used++] = (struct code_range){ from, CODE_POINT_LAST };
    const struct rule out = make_characters(maker, ranges, used);
    free(ranges);
    return out;
}

/* A character of a name without escapes, but for count code points in rising order. */
static struct rule characters_but(struct names *names, const uint32_t *codes, size_t count)
{
    char ascii[128];
    size_t length = 0;
    for (unsigned char byte = ' '; byte < 0x80; byte++) {
        bool excepted = byte == '"' || byte == '\\';
        for (size_t i = 0; i < count && codes[i] <= byte; i++)
            excepted |= codes[i] == byte;
        if (!excepted)
            ascii[length++] = (char)byte;
    }
    ascii[length] = '\0';
    return CHOICE(names->maker, make_one_of(names->maker, ascii), foreign_but(names, codes, count));
}

/* What may follow the first bytes, which the sorted texts share, so that the whole is none of them. */
static struct rule other_names(struct names *names, const char *const *texts, size_t count, size_t from)
{
    struct maker *maker = names->maker;
    uint32_t *codes = calloc(count + 1, sizeof *codes);
    struct rule *choices = calloc(count + 2, sizeof *choices), out = { 0 };
    size_t used = 0, groups = 0, i = 0, same;
    if (!codes || !choices)
        maker->failed = !error_memory(maker->error, count * sizeof *codes);
    if (!maker->failed && (count == 0 || texts[0][from] != '\0'))
        choices[used++] = make_text(maker, "\"");
    while (i < count && texts[i][from] == '\0')
        i++;
    for (; i < count && !maker->failed; i += same) {
        const size_t bytes = utf8_read(span_text(texts[i] + from), 0, &codes[groups++]);
        same = 1;
        while (i + same < count && strncmp(texts[i + same] + from, texts[i] + from, bytes) == 0)
            same++;
        choices[used++] = SEQUENCE(maker, make_span(maker, span_of(texts[i] + from, bytes)),
                                   other_names(names, texts + i, same, from + bytes));
    }
    if (!maker->failed) {
        choices[used++] = SEQUENCE(maker, characters_but(names, codes, groups), names->rest);
        out = make_choice(maker, choices, used);
    }
    free(codes);
    free(choices);
    return out;
}

/* A name with its quotes that none of the properties has. It is written without escapes, so that names which need them
 * are other ones. */
static bool other_name(struct object *object, struct rule *out)
{
    struct maker *maker = &object->schema->maker;
    struct names names = { .maker = maker };
    const char **texts = calloc(object->count + 1, sizeof *texts);
    size_t count = 0;
    bool done = texts || error_memory(maker->error, object->count * sizeof *texts);
    for (size_t i = 0; i < object->count && done; i++) {
        const char *name = object->properties[i].name;
        if (!strpbrk(name, "\"\\"))
            texts[count++] = name;
        done = strlen(name) <= OTHER_NAME_MOST ||
               schema_refuse(object->schema, object->location, "additionalProperties",
                             "beside names of more than %d bytes it is not supported", OTHER_NAME_MOST);
    }
    if (done) {
        qsort(texts, count, sizeof *texts, compare_names);
        const struct rule quote = make_text(maker, "\"");
        names.foreign = make_characters(maker, foreign, LENGTH(foreign));
        names.rest = SEQUENCE(maker, make_repeat(maker, characters_but(&names, NULL, 0), 0, SIZE_MAX), quote);
        *out = SEQUENCE(maker, quote, other_names(&names, texts, count, 0));
        done = !maker->failed;
    }
    free(texts);
    return done;
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

static struct rule member_of(struct maker *maker, struct rule name, struct rule value)
{
    return SEQUENCE(maker, name, make_text(maker, ":"), make_optional(maker, make_text(maker, " ")), value);
}

static bool compile_member(struct object *object, struct property *property)
{
    struct schema *schema = object->schema;
    const struct location list = { .above = object->location, .name = "properties" };
    const struct location here = { .above = &list, .name = property->name };
    struct buffer name = { .limit = 1 << 20 };
    struct rule value;
    bool done = schema_quote(schema, property->name, &name) && schema_compile(schema, property->part, &here, &value);
    if (done) {
        property->member = member_of(&schema->maker, make_span(&schema->maker, buffer_span(&name)), value);
        done = !schema->maker.failed;
    }
    buffer_free(&name);
    return done;
}

/* Any number of further members, with their commas, behind a first. */
static bool compile_further(struct object *object, struct rule *next, struct rule *rest)
{
    struct schema *schema = object->schema;
    struct maker *maker = &schema->maker;
    const struct location here = { .above = object->location, .name = "additionalProperties" };
    const struct rule close = SEQUENCE(maker, schema->json.space, make_text(maker, "}"));
    struct rule value, name;
    *next = make_nothing(maker);
    *rest = close;
    if (!object->further || maker->failed)
        return !maker->failed;
    if (!schema_compile(schema, object->further, &here, &value) || !other_name(object, &name))
        return false;
    const struct rule member = member_of(maker, name, value);
    const struct rule more = SEQUENCE(maker, make_text(maker, ","), schema->json.space, member);
    *rest = SEQUENCE(maker, make_repeat(maker, more, 0, SIZE_MAX), close);
    *next = SEQUENCE(maker, member, *rest);
    return !maker->failed;
}

/* From the last property to the first; afterwards *next is next(0). */
static bool compile_members(struct object *object, struct rule *next)
{
    struct maker *maker = &object->schema->maker;
    const struct rule close = SEQUENCE(maker, object->schema->json.space, make_text(maker, "}"));
    struct rule rest;
    if (!compile_further(object, next, &rest))
        return false;
    object->may_close = true;
    for (size_t i = object->count; i-- > 0;) {
        struct property *property = &object->properties[i];
        if (!compile_member(object, property))
            return false;
        const struct rule here = SEQUENCE(maker, property->member, rest);
        *next = property->required ? here : CHOICE(maker, here, *next);
        object->may_close &= !property->required;
        const struct rule more = SEQUENCE(maker, make_text(maker, ","), object->schema->json.space, *next);
        rest = object->may_close ? CHOICE(maker, more, close) : more;
    }
    return !maker->failed;
}

/* ---- what the schema says ---------------------------------------------------------------------------------------- */

static struct property *find_property(struct object *object, const char *name)
{
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->properties[i].name, name) == 0)
            return &object->properties[i];
    return NULL;
}

/* A name that is required without being among the properties is a further member that has to come. */
static bool read_required(struct object *object, const json_t *required)
{
    static const json_t *const none = NULL;
    size_t i;
    json_t *name;
    if (required && !json_is_array(required))
        return schema_refuse(object->schema, object->location, "required", "a list of names is wanted");
    if (!schema_spend(object->schema, object->location, json_array_size(required) * (1 + object->count / 8)))
        return false;
    json_array_foreach(required, i, name)
    {
        if (!json_is_string(name) || strlen(json_string_value(name)) != json_string_length(name))
            return schema_refuse(object->schema, object->location, "required", "a list of names is wanted");
        struct property *property = find_property(object, json_string_value(name));
        if (!property) {
            property = &object->properties[object->count++];
            *property = (struct property){ .name = json_string_value(name), .part = none };
        }
        property->required = true;
    }
    return true;
}

static bool read_properties(struct object *object, const json_t *properties)
{
    const char *name;
    json_t *part;
    if (properties && !json_is_object(properties))
        return schema_refuse(object->schema, object->location, "properties", "an object is wanted");
    json_object_foreach((json_t *)properties, name, part)
        object->properties[object->count++] = (struct property){ .name = name, .part = part };
    return true;
}

/* Which further members there are: where the schema does not say, any in an object without properties, else none: a
 * model that may invent members does. */
static bool read_further(struct object *object, const json_t *from, json_t *anything)
{
    const json_t *further = json_object_get(from, "additionalProperties");
    if (further && !json_is_boolean(further) && !json_is_object(further))
        return schema_refuse(object->schema, object->location, "additionalProperties",
                             "true, false or a schema is wanted");
    object->further = further ? further : object->count == 0 ? anything : NULL;
    const json_t *of_required = further ? further : anything;
    for (size_t i = 0; i < object->count; i++)
        if (!object->properties[i].part)
            object->properties[i].part = of_required;
    if (json_is_false(object->further))
        object->further = NULL;
    return true;
}

static bool compile(struct object *object, const json_t *from, struct rule *out)
{
    struct schema *schema = object->schema;
    struct maker *maker = &schema->maker;
    struct rule next;
    json_t *anything = json_true();
    if (!read_properties(object, json_object_get(from, "properties")) ||
        !read_required(object, json_object_get(from, "required")) || !read_further(object, from, anything) ||
        !compile_members(object, &next))
        return false;
    const struct rule members = SEQUENCE(maker, schema->json.space, next);
    const struct rule close = make_text(maker, "}");
    *out = SEQUENCE(maker, make_text(maker, "{"), object->may_close ? CHOICE(maker, close, members) : members);
    return !maker->failed;
}

bool schema_object(struct schema *schema, const json_t *object, const struct location *location, struct rule *out)
{
    const size_t most = json_object_size(json_object_get(object, "properties")) +
                        json_array_size(json_object_get(object, "required"));
    struct object all = { .schema = schema, .location = location };
    if (most > PROPERTIES_MOST)
        return schema_refuse(schema, location, "properties", "at most %d are possible", PROPERTIES_MOST);
    all.properties = calloc(most + 1, sizeof *all.properties);
    const bool done = all.properties ? compile(&all, object, out)
                                     : error_memory(schema->maker.error, most * sizeof *all.properties);
    free(all.properties);
    return done;
}

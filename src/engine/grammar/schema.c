/* schema.c: a JSON Schema to a rule: references, alternatives, types; schema.h has the map.
 *
 * Source: JSON Schema 2020-12, json-schema.org/draft/2020-12. A place that $ref names becomes one rule, made when first
 * met, so that schemas may contain themselves. What stands beside $ref, anyOf and allOf is merged into them first. */
#include "engine/grammar/schema.h"

#include <stdlib.h>
#include <string.h>

enum {
    SCHEMA_BYTES_MOST = 1 << 22,
    DEPTH_MOST = 100,      /* schemas in each other */
    EFFORT_MOST = 1 << 20, /* keywords and values looked at, made or copied */
    REFERENCES_MOST = 1 << 14,
};

bool schema_spend(struct schema *schema, const struct location *location, size_t effort)
{
    schema->effort += size_min(effort, EFFORT_MOST + 1);
    return schema->effort <= EFFORT_MOST || schema_refuse(schema, location, NULL, "the schema is too large");
}

/* ---- references -------------------------------------------------------------------------------------------------- */

/* One step of a JSON pointer (RFC 6901), with ~0, ~1 and %XX resolved, into name. */
static bool read_step(const char *from, size_t bytes, char name[256])
{
    size_t used = 0;
    for (size_t i = 0; i < bytes; i++) {
        char byte = from[i];
        if (byte == '~' && i + 1 < bytes && (from[i + 1] == '0' || from[i + 1] == '1')) {
            byte = from[++i] == '0' ? '~' : '/';
        } else if (byte == '%' && i + 2 < bytes) {
            const char digits[] = { from[i + 1], from[i + 2], '\0' };
            char *end;
            byte = (char)strtoul(digits, &end, 16);
            if (*end || byte == '\0')
                return false;
            i += 2;
        }
        if (used == 255)
            return false;
        name[used++] = byte;
    }
    name[used] = '\0';
    return true;
}

static const json_t *take_step(const json_t *at, const char *name)
{
    if (json_is_object(at))
        return json_object_get(at, name);
    char *end;
    const unsigned long index = strtoul(name, &end, 10);
    return *name >= '0' && *name <= '9' && !*end ? json_array_get(at, index) : NULL;
}

const json_t *schema_resolve(struct schema *schema, const json_t *reference, const struct location *location)
{
    const char *text = json_string_value(reference), *step = text;
    const json_t *at = schema->root;
    if (!text || text[0] != '#' || (text[1] && text[1] != '/')) {
        schema_refuse(schema, location, "$ref", "only places within the schema (#, #/$defs/NAME) are supported");
        return NULL;
    }
    for (step++; at && *step == '/';) {
        char name[256];
        const size_t bytes = strcspn(step + 1, "/");
        at = read_step(step + 1, bytes, name) ? take_step(at, name) : NULL;
        step += 1 + bytes;
    }
    if (!at)
        schema_refuse(schema, location, "$ref", "\"%.100s\" is nowhere in the schema", text);
    return at;
}

/* The rule of a place that is referred to: made once. */
static bool compile_target(struct schema *schema, const json_t *target, const struct location *location,
                           struct rule *out)
{
    struct reference *known = schema->references.items;
    for (size_t i = 0; i < schema->references.count; i++)
        if (known[i].target == target) {
            *out = known[i].rule;
            return true;
        }
    if (!schema_spend(schema, location, 1 + schema->references.count) ||
        !pile_reserve(&schema->references, sizeof *known, 1, REFERENCES_MOST, schema->maker.error) ||
        !grammar_forward(schema->maker.grammar, span_text("$ref"), out, schema->maker.error))
        return false;
    known = schema->references.items;
    known[schema->references.count++] = (struct reference){ target, *out };
    struct rule rule;
    if (!schema_compile(schema, target, location, &rule))
        return false;
    grammar_define(schema->maker.grammar, *out, rule);
    return true;
}

/* Whether a keyword stands alone, but for what says nothing. */
static bool is_alone(const json_t *object, const char *keyword)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name,
                        value) if (strcmp(name, keyword) != 0 && !word_is_annotation(name)) return false;
    return true;
}

/* a and b together. */
static bool compile_both(struct schema *schema, const json_t *a, const json_t *b, const struct location *location,
                         struct rule *out)
{
    json_t *merged;
    if (!schema_merge(schema, a, b, location, &merged))
        return false;
    const bool done = schema_compile(schema, merged, location, out);
    json_decref(merged);
    return done;
}

static bool compile_reference(struct schema *schema, const json_t *object, const struct location *location,
                              struct rule *out)
{
    const json_t *target = schema_resolve(schema, json_object_get(object, "$ref"), location);
    if (!target)
        return false;
    if (is_alone(object, "$ref"))
        return compile_target(schema, target, location, out);
    json_t *rest = schema_without(schema, object, "$ref");
    const bool done = rest && compile_both(schema, target, rest, location, out);
    json_decref(rest);
    return done;
}

/* ---- alternatives ------------------------------------------------------------------------------------------------ */

static bool check_apart(struct schema *schema, const json_t *list, const struct location *location)
{
    const size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (!schema_apart(schema, json_array_get(list, i), json_array_get(list, j), 0))
                return schema_refuse(schema, location, "oneOf",
                                     "alternatives %zu and %zu may both hold for the same value: use anyOf, or give "
                                     "them a required property with different constants",
                                     j, i);
    return true;
}

static bool compile_alternatives(struct schema *schema, const json_t *list, const json_t *rest, bool alone,
                                 const struct location *location, struct rule *rules)
{
    size_t i;
    json_t *alternative;
    json_array_foreach(list, i, alternative)
    {
        const struct location here = { .above = location, .index = i };
        const bool done = alone ? schema_compile(schema, alternative, &here, &rules[i])
                                : compile_both(schema, rest, alternative, &here, &rules[i]);
        if (!done)
            return false;
    }
    return true;
}

static bool compile_choice(struct schema *schema, const json_t *object, const char *keyword,
                           const struct location *location, struct rule *out)
{
    const json_t *list = json_object_get(object, keyword);
    const struct location here = { .above = location, .name = keyword };
    const size_t count = json_array_size(list);
    if (count == 0)
        return schema_refuse(schema, location, keyword, "a list of schemas is wanted");
    if (!schema_spend(schema, location, count) ||
        (strcmp(keyword, "oneOf") == 0 && !check_apart(schema, list, location)))
        return false;
    json_t *rest = schema_without(schema, object, keyword);
    struct rule *rules = calloc(count, sizeof *rules);
    bool done = rest && (rules || error_memory(schema->maker.error, count * sizeof *rules));
    done = done && compile_alternatives(schema, list, rest, is_alone(object, keyword), &here, rules) &&
           grammar_choice(schema->maker.grammar, rules, count, out, schema->maker.error);
    json_decref(rest);
    free(rules);
    return done;
}

/* allOf: each is merged into what stands beside it. A reference among them is replaced by what it means. */
static bool compile_all(struct schema *schema, const json_t *object, const struct location *location, struct rule *out)
{
    const json_t *list = json_object_get(object, "allOf");
    const struct location here = { .above = location, .name = "allOf" };
    json_t *merged = schema_without(schema, object, "allOf");
    bool done = merged &&
                (json_array_size(list) > 0 || schema_refuse(schema, location, "allOf", "a list of schemas is wanted"));
    for (size_t i = 0; done && i < json_array_size(list); i++) {
        const struct location place = { .above = &here, .index = i };
        json_t *next = NULL;
        const json_t *part = json_array_get(list, i);
        for (size_t steps = 0; part && json_object_get(part, "$ref") && is_alone(part, "$ref"); steps++)
            part = steps < DEPTH_MOST ? schema_resolve(schema, json_object_get(part, "$ref"), &place) : NULL;
        done = part && (!json_is_object(part) || schema_check_words(schema, part, &place)) &&
               schema_merge(schema, merged, part, &place, &next);
        json_decref(merged);
        merged = next;
    }
    done = done && schema_compile(schema, merged, location, out);
    json_decref(merged);
    return done;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

/* The rule of the values of one type. */
static bool compile_type(struct schema *schema, const json_t *object, unsigned type, const struct location *location,
                         struct rule *out)
{
    struct maker *maker = &schema->maker;
    switch (type) {
    case TYPE_OBJECT:
        return schema_object(schema, object, location, out);
    case TYPE_ARRAY:
        return schema_array(schema, object, location, out);
    case TYPE_STRING:
        return schema_string(schema, object, location, out);
    case TYPE_NUMBER:
    case TYPE_INTEGER:
        return schema_number(schema, object, type == TYPE_INTEGER, location, out);
    case TYPE_BOOLEAN:
        *out = CHOICE(maker, make_text(maker, "true"), make_text(maker, "false"));
        return !maker->failed;
    default:
        *out = make_text(maker, "null");
        return !maker->failed;
    }
}

static bool compile_types(struct schema *schema, const json_t *object, const struct location *location,
                          struct rule *out)
{
    struct rule rules[8];
    unsigned types;
    size_t count = 0;
    if (is_alone(object, "")) {
        *out = schema->json.value;
        return true;
    }
    if (!schema_types(schema, object, location, &types))
        return false;
    if (types & TYPE_NUMBER)
        types &= ~(unsigned)TYPE_INTEGER; /* numbers may be integers anyway */
    for (unsigned type = 1; type < TYPE_ANY; type *= 2)
        if ((types & type) && !compile_type(schema, object, type, location, &rules[count++]))
            return false;
    return grammar_choice(schema->maker.grammar, rules, count, out, schema->maker.error);
}

static bool compile_object(struct schema *schema, const json_t *object, const struct location *location,
                           struct rule *out)
{
    if (!schema_check_words(schema, object, location))
        return false;
    if (json_object_get(object, "$ref"))
        return compile_reference(schema, object, location, out);
    if (json_object_get(object, "allOf"))
        return compile_all(schema, object, location, out);
    if (json_object_get(object, "anyOf"))
        return compile_choice(schema, object, "anyOf", location, out);
    if (json_object_get(object, "oneOf"))
        return compile_choice(schema, object, "oneOf", location, out);
    if (json_object_get(object, "enum") || json_object_get(object, "const"))
        return schema_values(schema, object, location, out);
    return compile_types(schema, object, location, out);
}

bool schema_compile(struct schema *schema, const json_t *part, const struct location *location, struct rule *out)
{
    if (json_is_true(part)) {
        *out = schema->json.value;
        return true;
    }
    if (json_is_false(part)) {
        *out = make_nothing(&schema->maker);
        return !schema->maker.failed;
    }
    if (!json_is_object(part))
        return schema_refuse(schema, location, NULL, "a schema is an object, true or false");
    if (schema->depth == DEPTH_MOST)
        return schema_refuse(schema, location, NULL, "schemas in each other without end, or more than %d deep",
                             DEPTH_MOST);
    if (!schema_spend(schema, location, 1 + json_object_size(part)))
        return false;
    schema->depth++;
    const bool done = compile_object(schema, part, location, out);
    schema->depth--;
    return done;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static json_t *parse(const char *text, struct error *error)
{
    json_error_t cause;
    if (strlen(text) > SCHEMA_BYTES_MOST) {
        error_set_kind(error, ERROR_WRONG_USE, "/: the schema is too large: at most %d bytes are possible",
                       SCHEMA_BYTES_MOST);
        return NULL;
    }
    json_t *root = json_loads(text, JSON_DECODE_ANY, &cause);
    if (!root)
        error_set_kind(error, ERROR_WRONG_USE, "/: the schema is not valid JSON: line %d: %s", cause.line, cause.text);
    return root;
}

/* Whether there is a text at all; a schema may contradict itself. */
static bool check_possible(const struct grammar *grammar, struct rule rule, struct error *error)
{
    uint32_t *heights = malloc(grammar->nodes.count * sizeof *heights);
    if (!heights)
        return error_memory(error, grammar->nodes.count * sizeof *heights);
    const bool done = grammar_heights(grammar, false, heights, error) &&
                      (heights[rule.id] != UINT32_MAX ||
                       error_set_kind(error, ERROR_WRONG_USE,
                                      "/: no value is possible: the schema contradicts itself, or has no end"));
    free(heights);
    return done;
}

bool grammar_schema(struct grammar *grammar, const char *schema_json, struct rule *out, struct error *error)
{
    struct schema schema = { .maker = { .grammar = grammar, .error = error } };
    if (!json_rules_make(grammar, &schema.json, error))
        return false;
    *out = schema.json.object;
    if (!schema_json)
        return true;
    json_t *root = parse(schema_json, error);
    schema.root = root;
    const bool done = root && compile_target(&schema, root, NULL, out) && !schema.maker.failed &&
                      grammar_check_recursion(grammar, error) && check_possible(grammar, *out, error);
    json_decref(root);
    free(schema.references.items);
    return done;
}

/* schema_string.c: strings: any, of a length, of a pattern or a format. */
#include "engine/grammar/regex.h"
#include "engine/grammar/schema.h"

#include <string.h>

struct lengths {
    size_t least, most;
};

static bool read_lengths(struct schema *schema, const json_t *object, const struct location *location,
                         struct lengths *out)
{
    *out = (struct lengths){ 0, ENDLESS };
    if (!schema_count(schema, object, "minLength", location, &out->least) ||
        !schema_count(schema, object, "maxLength", location, &out->most))
        return false;
    return out->least <= out->most || schema_refuse(schema, location, "minLength", "it is above maxLength");
}

/* The expression that strings have to match; NULL if any will do. keyword: which one says so. */
static bool find_pattern(struct schema *schema, const json_t *object, const struct location *location,
                         const char **keyword, const json_t **pattern, const char **text)
{
    const json_t *format = json_object_get(object, "format");
    *pattern = json_object_get(object, "pattern");
    *keyword = *pattern ? "pattern" : "format";
    *text = json_string_value(*pattern);
    if (*pattern && format)
        return schema_refuse(schema, location, "format", "together with pattern it is not supported");
    if (*pattern && (!*text || strlen(*text) != json_string_length(*pattern)))
        return schema_refuse(schema, location, "pattern", "a regular expression is wanted");
    if (!format)
        return true;
    if (!json_is_string(format))
        return schema_refuse(schema, location, "format", "a name is wanted");
    *text = format_pattern(json_string_value(format));
    return *text || schema_refuse(schema, location, "format",
                                  "\"%.60s\" is not supported: date-time, date, time, duration, email, hostname, ipv4, "
                                  "ipv6 and uuid are",
                                  json_string_value(format));
}

static bool compile_pattern(struct schema *schema, const char *text, struct lengths lengths, const char *keyword,
                            const struct location *location, struct rule *out)
{
    struct maker *maker = &schema->maker;
    struct arena arena = { 0 };
    struct part *part;
    struct error cause = { 0 };
    bool done = regex_read(span_text(text), &arena, &part, &cause);
    if (!done)
        schema_refuse(schema, location, keyword, "%s", cause.text);
    if (done && !regex_fit(part, lengths.least, lengths.most == ENDLESS ? LENGTH_ENDLESS : lengths.most))
        done = schema_refuse(schema, location, keyword,
                             "together with minLength and maxLength it is not supported "
                             "here: write the lengths into the pattern");
    if (done) {
        const struct rule quote = make_text(maker, "\"");
        *out = SEQUENCE(maker, quote, regex_make(maker, part), quote);
        done = !maker->failed;
    }
    arena_free(&arena);
    return done;
}

bool schema_string(struct schema *schema, const json_t *object, const struct location *location, struct rule *out)
{
    struct maker *maker = &schema->maker;
    struct lengths lengths;
    const char *keyword, *text;
    const json_t *pattern;
    if (!read_lengths(schema, object, location, &lengths) ||
        !find_pattern(schema, object, location, &keyword, &pattern, &text))
        return false;
    if (text)
        return compile_pattern(schema, text, lengths, keyword, location, out);
    const struct rule quote = make_text(maker, "\"");
    const struct rule inside = make_repeat(maker, schema->json.character, lengths.least,
                                           lengths.most == ENDLESS ? SIZE_MAX : lengths.most);
    *out = SEQUENCE(maker, quote, inside, quote);
    return !maker->failed;
}

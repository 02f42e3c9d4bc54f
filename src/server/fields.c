/* fields.c: the fields of a request's JSON, each with its type and range. Source: RFC 8259. */
#include "server/fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A body of 32 MiB can hold sixteen million values, which take a hundred times its size once they are parsed; and what
 * goes through them goes by recursion. Both are counted before. */
enum { VALUES_MOST = 1000000, DEPTH_MOST = 200 };

/* Counts brackets and commas outside of texts: never fewer than there are values and levels. */
static bool check_size(struct span body, struct failure *failure)
{
    size_t values = 1, depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < body.bytes; i++) {
        const unsigned char c = body.data[i];
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '[' || c == '{'))
            depth++, values++;
        else if (!in_text && (c == ']' || c == '}') && depth > 0)
            depth--;
        else if (!in_text && c == ',')
            values++;
        if (depth > DEPTH_MOST)
            return failure_set(failure, FAILURE_BAD_REQUEST, "the body is nested deeper than %d levels", DEPTH_MOST);
        if (values > VALUES_MOST)
            return failure_set(failure, FAILURE_BAD_REQUEST, "the body holds more than %d values", VALUES_MOST);
    }
    return true;
}

bool fields_parse(struct span body, json_t **out, struct failure *failure)
{
    if (body.bytes == 0)
        return failure_set(failure, FAILURE_BAD_REQUEST, "the body is empty: a JSON object is wanted");
    if (!check_size(body, failure))
        return false;
    json_error_t why;
    json_t *json = json_loadb((const char *)body.data, body.bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!json)
        return failure_set(failure, FAILURE_BAD_REQUEST, "the body is no valid JSON: line %d, column %d: %s", why.line,
                           why.column, why.text);
    if (!json_is_object(json)) {
        json_decref(json);
        return failure_set(failure, FAILURE_BAD_REQUEST, "the body must be a JSON object");
    }
    *out = json;
    return true;
}

/* "options.seed"; an empty path gives the name alone. */
static void join(struct fields in, const char *name, char out[128])
{
    const bool inside = in.path && in.path[0];
    snprintf(out, 128, "%s%s%s", inside ? in.path : "", inside ? "." : "", name);
}

bool field_wrong(struct fields in, const char *name, struct failure *failure, const char *format, ...)
{
    char field[128], why[sizeof failure->text];
    join(in, name, field);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return failure_field(failure, field, "%s", why);
}

/* NULL if it is absent or null. */
static const json_t *value_of(struct fields in, const char *name)
{
    const json_t *value = json_object_get(in.object, name);
    return json_is_null(value) ? NULL : value;
}

bool field_given(struct fields in, const char *name)
{
    return value_of(in, name) != NULL;
}

bool field_bool(struct fields in, const char *name, bool *out, struct failure *failure)
{
    const json_t *value = value_of(in, name);
    if (!value)
        return true;
    if (!json_is_boolean(value))
        return field_wrong(in, name, failure, "true or false is wanted");
    *out = json_is_true(value);
    return true;
}

/* 2^53: up to here each integer is a double. */
static const double whole_most = 9007199254740992.0;

bool json_whole(const json_t *value, int64_t *out)
{
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    const double real = json_is_real(value) ? json_real_value(value) : 0.5;
    if (real != floor(real) || fabs(real) > whole_most)
        return false;
    *out = (int64_t)real;
    return true;
}

bool field_integer(struct fields in, const char *name, int64_t low, int64_t high, int64_t *out, struct failure *failure)
{
    const json_t *value = value_of(in, name);
    int64_t number;
    if (!value)
        return true;
    if (!json_whole(value, &number))
        return field_wrong(in, name, failure, "a whole number is wanted");
    if (number < low && high == INT64_MAX)
        return field_wrong(in, name, failure, "%lld: must be at least %lld", (long long)number, (long long)low);
    if (number < low || number > high)
        return field_wrong(in, name, failure, "%lld: must be from %lld to %lld", (long long)number, (long long)low,
                           (long long)high);
    *out = number;
    return true;
}

bool field_real(struct fields in, const char *name, double low, double high, double *out, struct failure *failure)
{
    const json_t *value = value_of(in, name);
    if (!value)
        return true;
    if (!json_is_number(value))
        return field_wrong(in, name, failure, "a number is wanted");
    const double number = json_number_value(value);
    if (!(number >= low && number <= high))
        return field_wrong(in, name, failure, "%g: must be from %g to %g", number, low, high);
    *out = number;
    return true;
}

bool field_text(struct fields in, const char *name, const char **out, struct failure *failure)
{
    const json_t *value = value_of(in, name);
    if (!value)
        return true;
    if (!json_is_string(value))
        return field_wrong(in, name, failure, "a string is wanted");
    *out = json_string_value(value);
    return true;
}

bool field_object(struct fields in, const char *name, const json_t **out, struct failure *failure)
{
    const json_t *value = value_of(in, name);
    if (!value)
        return true;
    if (!json_is_object(value))
        return field_wrong(in, name, failure, "an object is wanted");
    *out = value;
    return true;
}

bool field_array(struct fields in, const char *name, const json_t **out, struct failure *failure)
{
    const json_t *value = value_of(in, name);
    if (!value)
        return true;
    if (!json_is_array(value))
        return field_wrong(in, name, failure, "an array is wanted");
    *out = value;
    return true;
}

/* "a, b or c" */
static void list_words(const char *const *words, char *out, size_t capacity)
{
    size_t length = 0;
    for (size_t i = 0; words[i] && length < capacity; i++) {
        const char *before = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        length += (size_t)snprintf(out + length, capacity - length, "%s%s", before, words[i]);
    }
}

bool field_choice(struct fields in, const char *name, const char *const *words, size_t *out, struct failure *failure)
{
    const char *text = NULL;
    if (!field_text(in, name, &text, failure))
        return false;
    if (!text)
        return true;
    for (size_t i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return true;
        }
    char wanted[512] = "";
    list_words(words, wanted, sizeof wanted);
    return field_wrong(in, name, failure, "\"%.64s\": %s is wanted", text, wanted);
}

bool field_demand(struct fields in, const char *name, struct failure *failure)
{
    return field_given(in, name) || field_wrong(in, name, failure, "is missing");
}

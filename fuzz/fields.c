/* fields.c: any bytes as the body of a request, and as what its Host and Origin say. What is read as JSON keeps its
 * promises (an object, bounded); a failure is told in valid UTF-8; a name that is accepted is accepted again in the
 * form in which it is compared. */
#include "server/guard/authority.h"
#include "server/fields.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_failure(const struct failure *failure)
{
    const struct span text = span_text(failure->text), field = span_text(failure->field);
    check(failure->kind != FAILURE_NONE && text.bytes > 0);
    check(utf8_valid_prefix(text) == text.bytes && utf8_valid_prefix(field) == field.bytes);
}

static bool read_fields(const json_t *object, struct failure *failure)
{
    static const char *const words[] = { "none", "auto", NULL };
    const struct fields in = { object, "options" };
    const json_t *inner = NULL;
    const char *text = NULL;
    int64_t integer = 3;
    double real = 0.5;
    bool flag = false;
    size_t word = 0;
    const bool read = field_bool(in, "a", &flag, failure) && field_integer(in, "b", 1, 16, &integer, failure) &&
                      field_real(in, "c", 0, 2, &real, failure) && field_text(in, "d", &text, failure) &&
                      field_object(in, "e", &inner, failure) && field_array(in, "f", &inner, failure) &&
                      field_choice(in, "g", words, &word, failure);
    check(integer >= 1 && integer <= 16 && real >= 0 && real <= 2 && word <= 1);
    return read;
}

static void try_json(struct span body)
{
    struct failure failure = { 0 };
    json_t *object = NULL;
    if (!fields_parse(body, &object, &failure)) {
        check_failure(&failure);
        return;
    }
    check(json_is_object(object));
    if (!read_fields(object, &failure))
        check_failure(&failure);
    json_decref(object);
}

static void try_names(const char *text)
{
    struct authority host, again;
    struct origin origin;
    if (authority_parse_host(text, &host)) {
        check(authority_parse_host(host.host, &again));
        check(strcmp(host.host, again.host) == 0 && host.is_address == again.is_address);
    }
    if (authority_parse(text, &host))
        check(host.host[0] != '\0' && host.port <= 65535);
    if (origin_parse(text, &origin))
        check(origin_equal(&origin, &origin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct arena arena = { 0 };
    const char *text = arena_text(&arena, span_of(data, bytes));
    try_json(span_of(data, bytes));
    if (text)
        try_names(text);
    arena_free(&arena);
    return 0;
}

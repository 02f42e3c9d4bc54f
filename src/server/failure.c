/* failure.c: why a request is not answered as asked, and the status that says so. */
#include "server/failure.h"

#include <string.h>

static const unsigned statuses[FAILURE_KINDS] = {
    [FAILURE_NONE] = 200,        [FAILURE_BAD_REQUEST] = 400, [FAILURE_TOO_LONG] = 400, [FAILURE_NO_KEY] = 401,
    [FAILURE_FORBIDDEN] = 403,   [FAILURE_NOT_FOUND] = 404,   [FAILURE_METHOD] = 405,   [FAILURE_TIMEOUT] = 408,
    [FAILURE_BODY] = 413,        [FAILURE_MEDIA] = 415,       [FAILURE_HOST] = 421,     [FAILURE_RATE] = 429,
    [FAILURE_BUSY] = 429,        [FAILURE_HEADERS] = 431,     [FAILURE_INTERNAL] = 500, [FAILURE_NOT_BUILT] = 501,
    [FAILURE_UNAVAILABLE] = 503, [FAILURE_NO_ROOM] = 507,
};

unsigned failure_status(enum failure_kind kind)
{
    return kind < FAILURE_KINDS ? statuses[kind] : 500;
}

/* Through an error, which makes texts from outside harmless and cuts them between characters. */
static void write_text(struct failure *failure, enum failure_kind kind, const char *format, va_list arguments)
{
    char text[sizeof failure->text];
    vsnprintf(text, sizeof text, format, arguments);
    struct error error = { 0 };
    error_set(&error, "%s", text);
    *failure = (struct failure){ .kind = kind };
    memcpy(failure->text, error.text, sizeof failure->text);
}

_Static_assert(sizeof((struct error *)0)->text == sizeof((struct failure *)0)->text, "one text fits into the other");

bool failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_text(failure, kind, format, arguments);
    va_end(arguments);
    return false;
}

bool failure_field(struct failure *failure, const char *field, const char *format, ...)
{
    char why[sizeof failure->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    struct error name = { 0 };
    error_set(&name, "%s", field);
    failure_set(failure, FAILURE_BAD_REQUEST, "%s: %s", name.text, why);
    snprintf(failure->field, sizeof failure->field, "%.*s", (int)sizeof failure->field - 1, name.text);
    return false;
}

static enum failure_kind kind_of(enum error_kind kind)
{
    switch (kind) {
    case ERROR_WRONG_USE:
        return FAILURE_BAD_REQUEST;
    case ERROR_BUSY:
        return FAILURE_BUSY;
    case ERROR_NO_ROOM:
        return FAILURE_NO_ROOM;
    case ERROR_NOT_FOUND:
        return FAILURE_NOT_FOUND;
    case ERROR_STOPPED:
        return FAILURE_UNAVAILABLE;
    default:
        return FAILURE_INTERNAL;
    }
}

/* How many bytes of a text "messages[2].role: why" name a field; 0 if it does not begin so. */
static size_t field_bytes(const char *text)
{
    const size_t bytes = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.[]/$-");
    return strncmp(text + bytes, ": ", 2) == 0 ? bytes : 0;
}

bool failure_error(struct failure *failure, const struct error *error)
{
    const enum failure_kind kind = kind_of(error->kind);
    failure_set(failure, kind, "%s", error->text);
    if (kind == FAILURE_BAD_REQUEST) {
        const size_t bytes = size_min(field_bytes(error->text), sizeof failure->field - 1);
        memcpy(failure->field, error->text, bytes);
        failure->field[bytes] = '\0';
    }
    if (kind == FAILURE_BUSY || kind == FAILURE_UNAVAILABLE)
        failure->retry_after = 1;
    return false;
}

bool failure_rename(struct failure *failure, const char *from, const char *to)
{
    const size_t length = strlen(from);
    if (strncmp(failure->field, from, length) != 0 || (failure->field[length] && !strchr(".[", failure->field[length])))
        return false;
    char field[sizeof failure->field], text[sizeof failure->text];
    snprintf(field, sizeof field, "%s%s", to, failure->field + length);
    snprintf(text, sizeof text, "%s%s", to, failure->text + length);
    memcpy(failure->field, field, sizeof field);
    memcpy(failure->text, text, sizeof text);
    return false;
}

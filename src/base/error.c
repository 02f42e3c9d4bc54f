/* error.c: how a failure travels up to the person who can act on it. */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Texts carry names out of hostile files: nothing in them may move the cursor of a terminal or break a character. */
static void make_printable(char *text, size_t capacity)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7F)
            text[i] = '?';
    }
    if (length == capacity - 1)
        text[utf8_complete_prefix(span_of(text, length))] = '\0';
}

static void write_text(struct error *error, enum error_kind kind, const char *format, va_list arguments)
{
    if (!error)
        return;
    error->kind = kind;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    make_printable(error->text, sizeof error->text);
}

bool error_set(struct error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_text(error, ERROR_COULD_NOT, format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_kind(struct error *error, enum error_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_text(error, kind, format, arguments);
    va_end(arguments);
    return false;
}

bool error_memory(struct error *error, size_t bytes)
{
    return error_set(error, "out of memory: %zu bytes wanted: close other programs or use a smaller model or context",
                     bytes);
}

bool error_system(struct error *error, const char *path, const char *doing)
{
    const int reason = errno;
    char words[128];
    return error_set_kind(error, reason == EPIPE ? ERROR_PIPE : ERROR_COULD_NOT, "%s: cannot %s: %s", path, doing,
                          strerror_r(reason, words, sizeof words));
}

bool error_prefix(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    char before[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(before, sizeof before, format, arguments);
    va_end(arguments);
    const struct error inner = *error;
    return error_set_kind(error, inner.kind, "%s: %s", before, inner.text);
}

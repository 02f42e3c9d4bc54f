/* error.c: how a failure travels up to the person who can act on it. */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Controls of ASCII and of Latin 1 (U+009B alone begins a terminal's command), and the marks that turn the direction of
 * writing, which make a name look like another one. */
static bool is_harmless(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7F && c < 0xA0) && !(c >= 0x202A && c <= 0x202E) && !(c >= 0x2066 && c <= 0x2069);
}

/* Texts carry names out of hostile files: nothing in them may move the cursor of a terminal or break a character.
 * What may is replaced by '?', in place: the text never grows. */
static void make_printable(char *text, size_t capacity)
{
    size_t length = strlen(text), kept = 0;
    if (length == capacity - 1)
        length = utf8_complete_prefix(span_of(text, length));
    for (size_t i = 0; i < length;) {
        uint32_t c;
        const size_t bytes = utf8_read(span_of(text, length), i, &c);
        const bool valid = bytes > 1 || c != UTF8_REPLACEMENT;
        if (valid && is_harmless(c)) {
            memmove(text + kept, text + i, bytes);
            kept += bytes;
        } else {
            text[kept++] = '?';
        }
        i += bytes;
    }
    text[kept] = '\0';
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

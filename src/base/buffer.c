/* buffer.c: bytes that grow, up to the cap that their maker set. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for bytes more and a terminator. */
static bool make_room(struct buffer *buffer, size_t bytes, struct error *error)
{
    size_t length, terminated;
    if (!size_add(buffer->length, bytes, &length) || length > buffer->limit || !size_add(length, 1, &terminated))
        return error_set(error, "too long: more than the limit of %zu bytes", buffer->limit);
    if (length < buffer->capacity)
        return true;
    const size_t doubled = buffer->capacity > buffer->limit / 2 ? buffer->limit : buffer->capacity * 2;
    const size_t capacity = size_max(size_max(doubled, terminated), 64);
    char *grown = realloc(buffer->bytes, capacity);
    if (!grown)
        return error_memory(error, capacity);
    buffer->bytes = grown;
    buffer->capacity = capacity;
    return true;
}

bool buffer_add(struct buffer *buffer, const void *data, size_t bytes, struct error *error)
{
    if (!make_room(buffer, bytes, error))
        return false;
    if (bytes > 0)
        memcpy(buffer->bytes + buffer->length, data, bytes);
    buffer->length += bytes;
    buffer->bytes[buffer->length] = '\0';
    return true;
}

bool buffer_text(struct buffer *buffer, const char *text, struct error *error)
{
    return buffer_add(buffer, text, strlen(text), error);
}

bool buffer_format(struct buffer *buffer, struct error *error, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    const bool fits = length >= 0 && make_room(buffer, (size_t)length, error);
    if (fits) {
        vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
    return fits;
}

struct span buffer_span(const struct buffer *buffer)
{
    return span_of(buffer->bytes, buffer->length);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->length = buffer->capacity = 0;
}

/* stops.c: texts that end an answer, found in a stream.
 * Held is the end of the stream that may still become a stop text. A piece is added to it; then either a text is in
 * it, or all is passed on but the longest end that begins one. It holds less than the longest text, so that each piece
 * costs its own length and no more. */
#include "engine/stops.h"

#include <string.h>

static bool check_text(const char *text, struct error *error)
{
    const struct span span = span_text(text);
    if (span.bytes == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "stop text: it is empty, which would end every answer at once");
    if (span.bytes > STOP_TEXT_BYTES_MOST)
        return error_set_kind(error, ERROR_WRONG_USE, "stop text: it has %zu bytes: at most %d are possible",
                              span.bytes, STOP_TEXT_BYTES_MOST);
    if (utf8_valid_prefix(span) < span.bytes)
        return error_set_kind(error, ERROR_WRONG_USE, "stop text: byte %zu is not valid UTF-8",
                              utf8_valid_prefix(span));
    return true;
}

bool stops_open(struct stops *stops, const char *const *texts, size_t count, struct error *error)
{
    if (count > STOP_TEXTS_MOST)
        return error_set_kind(error, ERROR_WRONG_USE, "%zu stop texts: at most %d are possible", count,
                              STOP_TEXTS_MOST);
    for (size_t i = 0; i < count; i++)
        if (!check_text(texts[i], error))
            return false;
    *stops = (struct stops){ .texts = texts, .count = count, .held.limit = SIZE_MAX / 2 };
    return true;
}

void stops_close(struct stops *stops)
{
    buffer_free(&stops->held);
}

/* Where the first stop text begins; the length of what is held if there is none. */
static size_t find_text(struct stops *stops)
{
    size_t first = stops->held.length;
    for (size_t i = 0; i < stops->count; i++) {
        const char *found = memmem(stops->held.bytes, stops->held.length, stops->texts[i], strlen(stops->texts[i]));
        if (!found || (size_t)(found - stops->held.bytes) >= first)
            continue;
        first = (size_t)(found - stops->held.bytes);
        stops->found = stops->texts[i];
    }
    return first;
}

static bool begins_text(const struct stops *stops, const char *end, size_t bytes)
{
    for (size_t i = 0; i < stops->count; i++)
        if (strncmp(stops->texts[i], end, bytes) == 0 && strlen(stops->texts[i]) > bytes)
            return true;
    return false;
}

/* How much of what is held can't be part of a stop text any more. */
static size_t certain_bytes(const struct stops *stops)
{
    const size_t length = stops->held.length;
    for (size_t bytes = size_min(length, STOP_TEXT_BYTES_MOST - 1); bytes > 0; bytes--)
        if (begins_text(stops, stops->held.bytes + length - bytes, bytes))
            return length - bytes;
    return length;
}

static bool pass_on(struct stops *stops, size_t bytes, struct buffer *out, struct error *error)
{
    if (bytes == 0)
        return true;
    if (!buffer_add(out, stops->held.bytes, bytes, error))
        return false;
    stops->held.length -= bytes;
    memmove(stops->held.bytes, stops->held.bytes + bytes, stops->held.length);
    return true;
}

bool stops_pass(struct stops *stops, struct span text, struct buffer *out, bool *found, struct error *error)
{
    *found = false;
    if (stops->count == 0)
        return buffer_add(out, text.data, text.bytes, error);
    if (!buffer_add(&stops->held, text.data, text.bytes, error))
        return false;
    const size_t first = find_text(stops);
    *found = first < stops->held.length;
    if (!pass_on(stops, *found ? first : certain_bytes(stops), out, error))
        return false;
    if (*found)
        stops->held.length = 0;
    return true;
}

bool stops_end(struct stops *stops, struct buffer *out, struct error *error)
{
    return pass_on(stops, stops->held.length, out, error);
}

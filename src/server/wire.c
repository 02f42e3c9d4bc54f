/* wire.c: JSON onto the wire. */
#include "server/wire.h"

/* As many as a number of JSON can have and still be read and written as it was: 0.8 stays 0.8, a moment of the calendar
 * keeps its fraction, and a float32 is read back as itself. */
enum { DIGITS = 15 };

struct target {
    struct buffer *out;
    struct error *error;
};

static int add_piece(const char *bytes, size_t length, void *context)
{
    const struct target *target = context;
    return buffer_add(target->out, bytes, length, target->error) ? 0 : -1;
}

bool wire_json(struct buffer *out, json_t *json, struct error *error)
{
    if (!json)
        return error_memory(error, 0);
    struct target target = { out, error };
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS);
    const size_t length = out->length;
    const bool done = json_dump_callback(json, add_piece, &target, flags) == 0;
    json_decref(json);
    if (!done)
        out->length = length;
    return done || error_memory(error, 0);
}

bool wire_event(struct buffer *out, const char *name, json_t *json, struct error *error)
{
    const size_t length = out->length;
    const bool begun = (!name || buffer_format(out, error, "event: %s\n", name)) && buffer_text(out, "data: ", error);
    if (!begun)
        json_decref(json);
    if (begun && wire_json(out, json, error) && buffer_text(out, "\n\n", error))
        return true;
    out->length = length;
    return false;
}

static json_t *mended(struct span text)
{
    struct buffer valid = { .limit = WIRE_MOST };
    struct error error;
    bool done = true;
    for (size_t i = 0; i < text.bytes && done;) {
        uint32_t character;
        char bytes[4];
        i += utf8_read(text, i, &character);
        done = buffer_add(&valid, bytes, utf8_write(character, bytes), &error);
    }
    json_t *json = done ? json_stringn_nocheck(valid.bytes, valid.length) : NULL;
    buffer_free(&valid);
    return json;
}

json_t *wire_text(struct span text)
{
    if (text.bytes == 0)
        return json_string("");
    if (utf8_valid_prefix(text) == text.bytes)
        return json_stringn_nocheck((const char *)text.data, text.bytes);
    return mended(text);
}

json_t *wire_count(size_t count)
{
    return json_integer((json_int_t)count);
}

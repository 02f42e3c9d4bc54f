/* text.c: texts of strangers (names of files, lines of code) made fit for a result. A file's name may be any bytes, and
 * a line may hold marks that turn the order of what is shown around (Boucher, Anderson 2021: "Trojan Source"). */
#include "audit/results/form.h"

#include <stdlib.h>
#include <string.h>

static bool is_shown(uint32_t c)
{
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
    const bool nothing = c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF || c == 0x200B;
    return !control && !direction && !nothing;
}

/* What takes the place of a character. */
static uint32_t cleaned(uint32_t c, bool for_people)
{
    if (!for_people || is_shown(c))
        return c;
    return c == '\t' || c == '\n' || c == '\r' ? ' ' : UTF8_REPLACEMENT;
}

/* out holds three bytes for each of the text's, and one. */
static void clean(struct span text, bool for_people, char *out)
{
    for (size_t i = 0; i < text.bytes;) {
        uint32_t c;
        i += utf8_read(text, i, &c);
        out += utf8_write(cleaned(c, for_people), out);
    }
    *out = '\0';
}

const char *text_clean(struct arena *arena, const char *text)
{
    const struct span bytes = span_text(text);
    char *out = arena_take(arena, bytes.bytes + 1, 3);
    if (out)
        clean(bytes, true, out);
    return out;
}

json_t *text_json(const char *text)
{
    if (!text)
        return json_null();
    const struct span bytes = span_text(text);
    if (utf8_valid_prefix(bytes) == bytes.bytes)
        return json_stringn_nocheck(text, bytes.bytes);
    char *out = calloc(bytes.bytes + 1, 3);
    if (!out)
        return NULL;
    clean(bytes, false, out);
    json_t *value = json_string_nocheck(out);
    free(out);
    return value;
}

json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, text_json(texts[i]));
    return array;
}

bool put_json(FILE *stream, const char *before, json_t *value, struct error *error)
{
    if (!value)
        return error_memory(error, 0);
    fputs(before, stream);
    json_dumpf(value, stream, JSON_COMPACT | JSON_REAL_PRECISION(4) | JSON_ENCODE_ANY);
    json_decref(value);
    return true;
}

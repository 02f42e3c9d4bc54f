/* name.c: names of models. A name becomes a folder, so it is letters, digits and three signs, and can lead nowhere
 * else (Ollama CVE-2024-37032 was a digest used as a path unchecked). */
#include "models/store.h"

#include <ctype.h>
#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_sign(char c)
{
    return c == '.' || c == '_' || c == '-';
}

bool name_valid(const char *name)
{
    const size_t length = strlen(name);
    if (length == 0 || length > LONGEST_NAME || !is_letter(name[0]))
        return false;
    for (size_t i = 1; i < length; i++)
        if (!is_letter(name[i]) && !is_sign(name[i]))
            return false;
    return true;
}

bool name_check(const char *name, struct error *error)
{
    return name_valid(name) ||
           error_set_kind(error, ERROR_WRONG_USE,
                          "%s: not a name for a model: use 1 to %d of a-z 0-9 . _ -, first a letter "
                          "or digit",
                          name, LONGEST_NAME);
}

/* The last part of a path or address without what follows '?' or '#', and without ".gguf". */
static struct span last_part(const char *source)
{
    size_t end = strcspn(source, "?#");
    while (end > 0 && source[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && source[start - 1] != '/' && source[start - 1] != ':')
        start--;
    if (end - start > 5 && strncasecmp(source + end - 5, ".gguf", 5) == 0)
        end -= 5;
    return span_of(source + start, end - start);
}

/* How many bytes at the start of text are one character of an address: "%20" is. */
static size_t escape_length(struct span text)
{
    return text.bytes >= 3 && text.data[0] == '%' && isxdigit(text.data[1]) && isxdigit(text.data[2]) ? 3 : 1;
}

bool name_from(const char *source, struct arena *arena, const char **out, struct error *error)
{
    const struct span part = last_part(source);
    char *name = arena_text(arena, part);
    if (!name)
        return error_memory(error, part.bytes);
    size_t length = 0;
    for (size_t i = 0, step; i < part.bytes && length < LONGEST_NAME; i += step) {
        step = escape_length(span_of(part.data + i, part.bytes - i));
        const char c = step > 1 ? ' ' : (char)tolower(part.data[i]);
        const bool kept = is_letter(c) || (length > 0 && is_sign(c));
        if (kept)
            name[length++] = c;
        else if (length > 0 && name[length - 1] != '-')
            name[length++] = '-';
    }
    while (length > 0 && is_sign(name[length - 1]))
        length--;
    name[length] = '\0';
    *out = name;
    return name_valid(name) ||
           error_set_kind(error, ERROR_WRONG_USE, "%s: no name can be made of this: give one with --name", source);
}

bool name_begins(const char *name, const char *text)
{
    const size_t length = strlen(text);
    return length > 0 && strncmp(name, text, length) == 0 && (is_sign(name[length]) || is_sign(text[length - 1]));
}

bool sha256_valid(const char *text)
{
    return strspn(text, "0123456789abcdef") == 64 && text[64] == '\0';
}

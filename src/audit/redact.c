/* redact.c: see redact.h. A secret shows itself by what stands before it (user:password@, PASSWORD=), by how it begins
 * (sk_live_, ghp_, AKIA), or by its looks: long, and digits among letters. Hashes that name versions (@, sha256:) are
 * public and stay, as evidence. */
#include "audit/redact.h"

#include <ctype.h>
#include <string.h>

#include "audit/tree.h"

enum { SHORTEST_TOKEN = 20 };

static bool is_token_byte(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '-' || c == '+' || c == '=' || c == '~';
}

static bool begins_secret(struct span token)
{
    static const char *const beginnings[] = { "sk_live_", "sk_test_", "rk_live_", "sk-",   "ghp_",  "gho_", "ghs_",
                                              "glpat-",   "AKIA",     "ASIA",     "xoxb-", "xoxp-", "AIza", "SG.",
                                              "key-",     "EAAC",     "whsec_",   "eyJ",   "hf_",   "npm_", "pypi-" };
    for (size_t i = 0; i < LENGTH(beginnings); i++)
        if (span_begins(token, beginnings[i]) && token.bytes >= strlen(beginnings[i]) + 8)
            return true;
    return false;
}

static bool looks_secret(struct span token)
{
    size_t digits = 0, upper = 0, lower = 0, dashes = 0, turns = 0;
    for (size_t i = 0; i < token.bytes; i++) {
        const unsigned char c = token.data[i];
        digits += isdigit(c) != 0;
        upper += isupper(c) != 0;
        lower += islower(c) != 0;
        dashes += c == '-' || c == '_';
        turns += i > 0 && !isdigit(c) != !isdigit(token.data[i - 1]);
    }
    return token.bytes >= SHORTEST_TOKEN && digits >= 3 && upper + lower >= 3 && turns >= 5 && dashes * 6 < token.bytes;
}

/* Whether the token at offset is a version that others can see as well: image@sha256:..., action@commit. */
static bool is_version(struct span line, size_t offset)
{
    return offset > 0 &&
           (line.data[offset - 1] == '@' || (offset >= 7 && memcmp(line.data + offset - 7, "sha256:", 7) == 0));
}

static bool name_is_secret(struct span name)
{
    static const char *const words[] = { "SECRET",  "TOKEN",       "PASSWORD",   "PASSWD",     "APIKEY",
                                         "API_KEY", "PRIVATE_KEY", "ACCESS_KEY", "CREDENTIAL", "AUTHTOKEN" };
    static const char *const endings[] = { "_KEY", "-KEY", "_PASS" };
    char upper[65];
    const size_t bytes = size_min(name.bytes, sizeof upper - 1);
    for (size_t i = 0; i < bytes; i++)
        upper[i] = (char)toupper(name.data[name.bytes - bytes + i]);
    upper[bytes] = '\0';
    for (size_t i = 0; i < LENGTH(words); i++)
        if (strstr(upper, words[i]))
            return true;
    for (size_t i = 0; i < LENGTH(endings); i++)
        if (span_ends(span_of(upper, bytes), endings[i]))
            return true;
    return false;
}

/* Where the value begins if a secret's name and = or : stand directly before offset; else false. */
static bool follows_secret_name(struct span line, size_t offset)
{
    size_t end = offset;
    while (end > 0 && strchr(" \t\"'>", line.data[end - 1]))
        end--;
    if (end == 0 || (line.data[end - 1] != '=' && line.data[end - 1] != ':'))
        return false;
    while (end > 0 && strchr(" \t\"'=:", line.data[end - 1]))
        end--;
    size_t begin = end;
    while (begin > 0 && (isalnum(line.data[begin - 1]) || strchr("_-.", line.data[begin - 1])))
        begin--;
    return name_is_secret(span_part(line, begin, end - begin));
}

/* How many bytes at offset are a secret; 0 if none begins there. */
static size_t secret_at(struct span line, size_t offset)
{
    if (offset > 0 && is_token_byte(line.data[offset - 1]))
        return 0;
    size_t bytes = 0;
    while (offset + bytes < line.bytes && is_token_byte(line.data[offset + bytes]))
        bytes++;
    const struct span token = span_part(line, offset, bytes);
    const bool named = bytes >= 8 && follows_secret_name(line, offset) && span_find(token, "_") == token.bytes;
    return named || begins_secret(token) || (looks_secret(token) && !is_version(line, offset)) ? bytes : 0;
}

/* How many bytes after "://" are a user with password or key: up to the '@' of the same authority. */
static size_t user_at(struct span line, size_t offset)
{
    if (offset < 3 || memcmp(line.data + offset - 3, "://", 3) != 0)
        return 0;
    size_t bytes = 0;
    while (offset + bytes < line.bytes && !strchr("/ \t\"'<>{}$", line.data[offset + bytes])) {
        if (line.data[offset + bytes] == '@')
            return bytes;
        bytes++;
    }
    return 0;
}

void redact(struct span line, char out[TEXT_BYTES])
{
    static const char mark[] = "\xE2\x80\xA6"; /* … */
    size_t bytes = 0, at = 0;
    line = span_trim(line);
    while (at < line.bytes && bytes + 4 < TEXT_BYTES) {
        size_t hidden = user_at(line, at);
        hidden = hidden ? hidden : secret_at(line, at);
        if (hidden) {
            memcpy(out + bytes, mark, 3);
            bytes += 3;
            at += hidden;
            continue;
        }
        uint32_t code;
        const size_t taken = utf8_read(line, at, &code);
        const bool bad = code < 0x20 || code == 0x7F || (code >= 0x80 && code < 0xA0) || code == UTF8_REPLACEMENT ||
                         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
        bytes += utf8_write(bad ? (code == '\t' ? ' ' : '?') : code, out + bytes);
        at += taken;
    }
    out[bytes] = '\0';
}

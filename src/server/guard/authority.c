/* authority.c: Host and Origin taken apart, strictly: what is not plainly a name or an address is refused, since two
 * readers of a doubtful one may see two hosts (RFC 9110, 7.2; RFC 3986, 3.2; RFC 6454, 7). */
#include "server/guard/authority.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool is_name_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' ||
           letter == '.';
}

static bool read_v6(const char *text, struct authority *out)
{
    struct in6_addr address;
    if (inet_pton(AF_INET6, text, &address) != 1)
        return false;
    out->is_address = true;
    if (IN6_IS_ADDR_V4MAPPED(&address))
        return inet_ntop(AF_INET, &address.s6_addr[12], out->host, sizeof out->host) != NULL;
    return inet_ntop(AF_INET6, &address, out->host, sizeof out->host) != NULL;
}

/* A name or an IPv4 address, which inet_pton takes in its usual form only: 127.1 and 0x7f000001 stay names. */
static bool read_name(struct authority *out)
{
    struct in_addr address;
    size_t length = strlen(out->host);
    for (size_t i = 0; i < length; i++) {
        out->host[i] = lower(out->host[i]);
        if (!is_name_letter(out->host[i]))
            return false;
    }
    if (length > 0 && out->host[length - 1] == '.')
        out->host[--length] = '\0';
    out->is_address = inet_pton(AF_INET, out->host, &address) == 1;
    return length > 0 && out->host[0] != '.' && out->host[length - 1] != '.' && !strstr(out->host, "..");
}

static bool take_host(const char *text, size_t length, struct authority *out)
{
    if (length >= sizeof out->host)
        return false;
    memcpy(out->host, text, length);
    out->host[length] = '\0';
    return true;
}

static bool read_port(const char *text, unsigned *out)
{
    const size_t length = strspn(text, "0123456789");
    if (text[length] || length > 5)
        return false;
    for (*out = 0; *text; text++)
        *out = *out * 10 + (unsigned)(*text - '0');
    return *out <= UINT16_MAX;
}

bool authority_parse(const char *text, struct authority *out)
{
    *out = (struct authority){ 0 };
    const bool bracketed = text[0] == '[';
    const size_t length = bracketed ? strcspn(text, "]") : strcspn(text, ":");
    const char *rest = text + length + (bracketed && text[length] == ']');
    if (bracketed && text[length] != ']')
        return false;
    if (!take_host(text + bracketed, length - bracketed, out))
        return false;
    if (rest[0] && (rest[0] != ':' || !read_port(rest + 1, &out->port)))
        return false;
    char inside[AUTHORITY_HOST];
    memcpy(inside, out->host, sizeof inside);
    return bracketed ? read_v6(inside, out) : read_name(out);
}

bool authority_parse_host(const char *text, struct authority *out)
{
    *out = (struct authority){ 0 };
    return read_v6(text, out) || (authority_parse(text, out) && (text[0] == '[' || !strchr(text, ':')));
}

bool authority_is_loopback(const struct authority *authority)
{
    if (!authority->is_address)
        return strcmp(authority->host, "localhost") == 0;
    return strncmp(authority->host, "127.", 4) == 0 || strcmp(authority->host, "::1") == 0;
}

bool authority_ends(const struct authority *authority, const char *suffix)
{
    const size_t length = strlen(authority->host), end = strlen(suffix);
    return !authority->is_address && length > end && strcmp(authority->host + length - end, suffix) == 0;
}

static bool read_scheme(const char *text, size_t length, char out[AUTHORITY_SCHEME])
{
    if (length == 0 || length >= AUTHORITY_SCHEME)
        return false;
    for (size_t i = 0; i < length; i++) {
        out[i] = lower(text[i]);
        if (!is_name_letter(out[i]) && out[i] != '+')
            return false;
    }
    out[length] = '\0';
    return true;
}

bool origin_parse(const char *text, struct origin *out)
{
    *out = (struct origin){ 0 };
    const char *end = strstr(text, "://");
    if (!end || !read_scheme(text, (size_t)(end - text), out->scheme) || !authority_parse(end + 3, &out->authority))
        return false;
    if (out->authority.port == 0)
        out->authority.port = strcmp(out->scheme, "http") == 0 ? 80 : strcmp(out->scheme, "https") == 0 ? 443 : 0;
    return true;
}

bool origin_equal(const struct origin *a, const struct origin *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->authority.host, b->authority.host) == 0 &&
           a->authority.port == b->authority.port;
}

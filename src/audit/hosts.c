/* hosts.c: see hosts.h. What may be registered is known by the Public Suffix List, in libpsl. */
#include "audit/hosts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libpsl.h>
#include <string.h>

#include "audit/tree.h"

static bool is_host_byte(unsigned char c)
{
    return isalnum(c) || c == '-' || c == '.' || c == '_';
}

static bool scheme_ends(struct span address, size_t *host)
{
    size_t i = 0;
    while (i < address.bytes &&
           (isalnum(address.data[i]) || address.data[i] == '+' || address.data[i] == '-' || address.data[i] == '.'))
        i++;
    const bool scheme = i > 0 && span_begins(span_from(address, i), "://");
    *host = scheme ? i + 3 : span_begins(address, "//") ? 2 : 0;
    return *host > 0;
}

/* "[2001:db8::1]" */
static bool copy_bracketed(struct span rest, char out[HOST_BYTES])
{
    const unsigned char *end = memchr(rest.data, ']', rest.bytes);
    const size_t bytes = end ? (size_t)(end - rest.data) - 1 : 0;
    if (bytes == 0 || bytes >= INET6_ADDRSTRLEN)
        return false;
    memcpy(out, rest.data + 1, bytes);
    out[bytes] = '\0';
    return host_is_address(out);
}

static bool labels_sound(const char *host)
{
    const size_t length = strlen(host);
    if (length == 0 || host[0] == '.' || host[0] == '-' || host[length - 1] == '-' || strstr(host, ".."))
        return false;
    for (const char *label = host; *label; label += strcspn(label, "."), label += *label == '.')
        if (strcspn(label, ".") > 63)
            return false;
    return true;
}

/* What follows the last variable of an authority and the label that it stands in: "${region}.api.x.io" is below
 * api.x.io, and of "${name}-eu.x.io" x.io is sure. */
static struct span after_variables(struct span authority)
{
    size_t begin = 0;
    for (size_t i = 0; i < authority.bytes; i++)
        if (strchr("}>)%*", authority.data[i]))
            begin = i + 1;
    if (begin == 0)
        return authority;
    const struct span rest = span_from(authority, begin);
    return span_from(rest, span_find(rest, ".") + 1);
}

bool host_of(struct span address, char out[HOST_BYTES], bool *scheme)
{
    size_t begin;
    *scheme = scheme_ends(address, &begin);
    struct span rest = span_from(address, begin);
    size_t authority = 0;
    while (authority < rest.bytes && !strchr("/?#\\ \t\r\n\"'`<>", rest.data[authority]))
        authority++;
    rest.bytes = authority;
    for (size_t i = rest.bytes; i-- > 0;)
        if (rest.data[i] == '@') {
            rest = span_from(rest, i + 1);
            break;
        }
    if (rest.bytes > 0 && rest.data[0] == '[')
        return copy_bracketed(rest, out);
    rest = after_variables(rest);
    size_t bytes = 0;
    while (bytes < rest.bytes && is_host_byte(rest.data[bytes]))
        bytes++;
    if (bytes < rest.bytes && rest.data[bytes] != ':' && rest.data[bytes] != ',')
        return false; /* a variable in it, say */
    while (bytes > 0 && rest.data[bytes - 1] == '.')
        bytes--;
    if (bytes == 0 || bytes >= HOST_BYTES)
        return false;
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)tolower(rest.data[i]);
    out[bytes] = '\0';
    return labels_sound(out);
}

bool host_is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool ends_in_label(const char *host, const char *label)
{
    const size_t length = strlen(host), tail = strlen(label);
    return length >= tail && strcmp(host + length - tail, label) == 0 &&
           (length == tail || host[length - tail - 1] == '.');
}

bool host_public(const char *host)
{
    static const char *const reserved[] = {
        "example",
        "test",
        "invalid",
        "localhost",
        "local",
        "internal",
        "lan",
        "home.arpa",
        "arpa",
        "corp",
        "home",
        "intranet",
        "private",
        "onion",
        "example.com",
        "example.net",
        "example.org",
        "example.edu",
        "svc.cluster.local",
        "localdomain",
        "tld",
        "nip.io",
        "sslip.io",
        "localtest.me",
        "lvh.me",
        "xip.io",
    };
    const char *dot = strrchr(host, '.');
    if (!dot || host_is_address(host))
        return false;
    for (size_t i = 0; i < LENGTH(reserved); i++)
        if (ends_in_label(host, reserved[i]))
            return false;
    return psl_is_public_suffix2(psl_builtin(), dot + 1, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) == 1;
}

const char *host_registrable(const char *host)
{
    return psl_registrable_domain(psl_builtin(), host);
}

bool host_placeholder(const char *host)
{
    /* clang-format off */
    static const char *const names[] = {
        "example", "domain", "yourdomain", "mydomain", "your-domain", "my-domain", "yoursite", "mysite", "my-site",
        "your-site", "website", "yourcompany", "mycompany", "company", "acme", "foo", "bar", "baz", "foobar", "test",
        "site", "email", "host", "server", "somedomain", "some-domain", "anotherdomain", "otherdomain", "yourapp",
        "your-app", "myapp", "my-app", "placeholder", "changeme", "xxx", "xxxx", "abc", "sample", "dummy", "fake",
        "testing", "hostname", "yourhost", "myhost", "yourserver", "myserver", "custom-domain", "customdomain",
        "your-company", "my-company", "yourorg", "your-org", "myorg", "organization", "examples", "url", "evil",
        "attacker", "malicious", "localhost", "yourname", "your-instance",
    };
    /* clang-format on */
    const char *registered = host_registrable(host);
    const char *name = registered ? registered : host;
    const size_t length = strcspn(name, ".");
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strlen(names[i]) == length && strncmp(name, names[i], length) == 0)
            return true;
    return length == 1 || strncmp(name, "example", 7) == 0 || strncmp(name, "your", 4) == 0;
}

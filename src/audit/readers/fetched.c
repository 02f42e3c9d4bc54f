/* fetched.c: addresses that a tool fetches its modules from. Source: github.com/hashicorp/go-getter, README;
 * git-fetch(1), section GIT URLS. */
#include <ctype.h>
#include <string.h>

#include "audit/readers/fetched.h"

/* "git::", "hg::", "s3::" before an address. */
static struct span without_getter(struct span address)
{
    static const char *const getters[] = { "git::", "hg::", "s3::", "gcs::", "http::", "https::", "git+" };
    for (size_t i = 0; i < LENGTH(getters); i++)
        if (span_begins(address, getters[i]))
            return span_from(address, strlen(getters[i]));
    return address;
}

/* "user@host:path", as scp takes it. */
static bool is_scp(struct span address, struct span *host)
{
    const size_t at = span_find(address, "@"), colon = span_find(address, ":"), slash = span_find(address, "/");
    if (at >= colon || colon > slash || colon == address.bytes)
        return false;
    *host = span_part(address, at + 1, colon - at - 1);
    return true;
}

/* Hosts that need no scheme. */
static bool is_known_host(struct span address)
{
    static const char *const hosts[] = { "github.com/",   "bitbucket.org/", "gitlab.com/",
                                         "codeberg.org/", "www.",           "raw.githubusercontent.com/" };
    for (size_t i = 0; i < LENGTH(hosts); i++)
        if (span_begins(address, hosts[i]))
            return true;
    return false;
}

void tell_registry_host(struct source *source, struct sink *sink, struct span address, size_t line)
{
    if (span_begins(address, "oci://"))
        address = span_from(address, strlen("oci://"));
    address.bytes = span_find(address, "/");
    declare_registry(source, sink, address, line);
}

bool tell_fetched(struct source *source, struct sink *sink, struct span address, size_t line)
{
    struct span host;
    address = without_getter(span_trim(address));
    if (span_begins(address, "oci://")) {
        tell_registry_host(source, sink, address, line);
        return true;
    }
    if (span_find(address, "://") < address.bytes) {
        if (!span_begins(address, "file:"))
            declare(source, sink, SIGNAL_DOMAIN, address, line);
        return true;
    }
    if (is_scp(address, &host) || is_known_host(address)) {
        declare(source, sink, SIGNAL_DOMAIN, is_known_host(address) ? address : host, line);
        return true;
    }
    return span_begins(address, ".") || span_begins(address, "/");
}

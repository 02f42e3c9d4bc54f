/* filter.c: what may go on and what is refused.
 *
 * Some is refused in both runs, so that the runs differ by the cut alone: encrypted questions for names, which would
 * hide what is reached, and QUIC, which hides the server's name; clients fall back to plain questions and to TCP. */
#include "cutoff/filter.h"

#include <stdlib.h>
#include <string.h>

const char why_cut[] = "cut";
const char why_quic[] = "quic";
const char why_resolver[] = "encrypted resolver";
const char why_protocol[] = "protocol";

enum {
    MOST_KNOWN = 8192,
    PORT_HTTPS = 443,
    PORT_DNS_TLS = 853, /* DNS over TLS (RFC 7858) and over QUIC (RFC 9250) */
};

/* Public resolvers that answer over HTTPS; names with all below them. As their operators publish them, 2026. */
static const char *const resolver_names[] = {
    "dns.google",
    "dns.google.com",
    "cloudflare-dns.com",
    "one.one.one.one",
    "dns.quad9.net",
    "dns9.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "doh.opendns.com",
    "dns.opendns.com",
    "dns.adguard.com",
    "adguard-dns.com",
    "cleanbrowsing.org",
    "dns.nextdns.io",
    "dns.controld.com",
    "freedns.controld.com",
    "dns.mullvad.net",
    "dns0.eu",
    "doh.dns.sb",
    "dot.sb",
    "dns.alidns.com",
    "doh.pub",
    "dot.pub",
    "ordns.he.net",
    "doh.libredns.gr",
    "joindns4.eu",
    "use-application-dns.net",
};

static const char *const resolver_addresses[] = {
    "8.8.8.8",
    "8.8.4.4",
    "1.1.1.1",
    "1.0.0.1",
    "1.1.1.2",
    "1.0.0.2",
    "1.1.1.3",
    "1.0.0.3",
    "9.9.9.9",
    "149.112.112.112",
    "9.9.9.10",
    "9.9.9.11",
    "208.67.222.222",
    "208.67.220.220",
    "94.140.14.14",
    "94.140.15.15",
    "45.90.28.0",
    "45.90.30.0",
    "194.242.2.2",
    "193.110.81.0",
    "185.253.5.0",
    "223.5.5.5",
    "223.6.6.6",
    "119.29.29.29",
    "86.54.11.1",
    "86.54.11.100",
    "2001:4860:4860::8888",
    "2001:4860:4860::8844",
    "2606:4700:4700::1111",
    "2606:4700:4700::1001",
    "2620:fe::fe",
    "2620:fe::9",
    "2620:119:35::35",
    "2620:119:53::53",
};

static bool is_below(const char *name, const char *domain)
{
    const size_t length = strlen(name), tail = strlen(domain);
    return length >= tail && strcmp(name + length - tail, domain) == 0 &&
           (length == tail || name[length - tail - 1] == '.');
}

static bool is_resolver_name(const char *name)
{
    for (size_t i = 0; i < LENGTH(resolver_names); i++)
        if (is_below(name, resolver_names[i]))
            return true;
    return false;
}

static bool is_resolver_address(const struct endpoint *address)
{
    struct endpoint resolver;
    for (size_t i = 0; i < LENGTH(resolver_addresses); i++)
        if (endpoint_read(resolver_addresses[i], &resolver) && endpoint_same_address(&resolver, address))
            return true;
    return false;
}

/* ---- names and addresses ----------------------------------------------------------------------------------------- */

static size_t place_of(const struct filter *filter, const struct endpoint *address, const char *name)
{
    size_t i = 0;
    while (i < filter->known_count &&
           !(endpoint_same_address(&filter->known[i].address, address) && strcmp(filter->known[i].name, name) == 0))
        i++;
    return i;
}

/* The latest is the last; the first goes when there is no room. */
void filter_learn(struct filter *filter, const struct endpoint *address, const char *name, const struct ruling *ruling)
{
    size_t gone = place_of(filter, address, name);
    if (gone == MOST_KNOWN)
        gone = 0;
    if (gone < filter->known_count) {
        struct known *place = &filter->known[gone];
        memmove(place, place + 1, (--filter->known_count - gone) * sizeof *place);
    }
    struct known *last = &filter->known[filter->known_count++];
    *last = (struct known){ .address = *address, .service = ruling->service, .refused = !ruling->allowed };
    memcpy(last->name, name, size_min(strlen(name), sizeof last->name - 1));
}

/* The latest name that stands for the address and may be reached; else one that may not. */
static const struct known *find_known(const struct filter *filter, const struct endpoint *address)
{
    const struct known *found = NULL;
    for (size_t i = filter->known_count; i-- > 0;) {
        const struct known *known = &filter->known[i];
        if (!endpoint_same_address(&known->address, address))
            continue;
        if (!known->refused)
            return known;
        found = found ? found : known;
    }
    return found;
}

/* "ADDRESS NAME..." */
static void learn_line(struct filter *filter, char *line)
{
    char *rest = line;
    struct endpoint address;
    line[strcspn(line, "#\r\n")] = '\0';
    const char *first = strsep(&rest, " \t");
    if (!endpoint_read(first, &address) || !endpoint_is_elsewhere(&address))
        return;
    for (char *name; (name = strsep(&rest, " \t"));) {
        const struct ruling ruling = filter_name(filter, name);
        if (name[0])
            filter_learn(filter, &address, name, &ruling);
    }
}

bool filter_open(const struct providers *providers, const struct cut *cut, struct filter *out, struct error *error)
{
    *out = (struct filter){ .providers = providers, .cut = cut };
    out->known = calloc(MOST_KNOWN, sizeof *out->known);
    if (!out->known)
        return error_memory(error, MOST_KNOWN * sizeof *out->known);
    FILE *hosts = fopen("/etc/hosts", "re");
    char line[1024];
    while (hosts && fgets(line, sizeof line, hosts))
        learn_line(out, line);
    if (hosts)
        fclose(hosts);
    return true;
}

void filter_close(struct filter *filter)
{
    free(filter->known);
    filter->known = NULL;
}

/* ---- rulings ----------------------------------------------------------------------------------------------------- */

const struct service *filter_service(const struct filter *filter, const char *name)
{
    return name[0] ? providers_find(filter->providers, SIGNAL_DOMAIN, span_text(name)) : NULL;
}

static const struct service *service_at(const struct filter *filter, const struct endpoint *address)
{
    char text[ENDPOINT_TEXT];
    return providers_find(filter->providers, SIGNAL_NETWORK, span_text(endpoint_text(address, text)));
}

static struct ruling refuse(const char *why, const struct service *service)
{
    return (struct ruling){ false, why, service };
}

struct ruling filter_name(const struct filter *filter, const char *name)
{
    const struct sought sought = { .name = name, .by_name = filter_service(filter, name) };
    if (filter->cut && cut_refuses(filter->cut, &sought))
        return refuse(why_cut, sought.by_name);
    return (struct ruling){ true, "", sought.by_name };
}

/* What no run lets through; NULL if it is something else. */
static const char *never(uint8_t protocol, const struct endpoint *to, const char *name)
{
    if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
        return why_protocol;
    if (to->port == PORT_DNS_TLS)
        return why_resolver;
    if (to->port == PORT_HTTPS && (is_resolver_name(name) || is_resolver_address(to)))
        return why_resolver;
    return protocol == IPPROTO_UDP && to->port == PORT_HTTPS ? why_quic : NULL;
}

/* By name first: who runs the service; then by address: who runs the machine. */
static struct ruling rule(const struct filter *filter, uint8_t protocol, const struct endpoint *to, const char *name,
                          const struct service *by_name)
{
    const struct sought sought = { name, by_name, to, service_at(filter, to) };
    const struct service *service = by_name ? by_name : sought.by_address;
    if (filter->cut && cut_refuses(filter->cut, &sought))
        return refuse(why_cut, service);
    const char *why = never(protocol, to, name);
    return why ? refuse(why, service) : (struct ruling){ true, "", service };
}

struct ruling filter_address(const struct filter *filter, uint8_t protocol, const struct endpoint *to,
                             char name[DNS_NAME])
{
    const struct known *known = find_known(filter, to);
    name[0] = '\0';
    if (known)
        memcpy(name, known->name, sizeof known->name);
    if (known && known->refused)
        return refuse(why_cut, known->service);
    return rule(filter, protocol, to, name, known ? known->service : NULL);
}

/* An address in the place of a name; IPv6 stands in brackets. */
static bool is_address(const char *name, struct endpoint *out)
{
    char bare[ENDPOINT_TEXT];
    const size_t bracket = name[0] == '[', length = strcspn(name + bracket, "]");
    if (length >= sizeof bare)
        return false;
    memcpy(bare, name + bracket, length);
    bare[length] = '\0';
    return endpoint_read(bare, out);
}

struct ruling filter_named(const struct filter *filter, uint8_t protocol, const struct endpoint *to, const char *name)
{
    struct endpoint asked;
    if (!is_address(name, &asked)) {
        const size_t place = place_of(filter, to, name); /* an alias of it may have told more than the name */
        const bool known = place < filter->known_count && filter->known[place].service;
        return rule(filter, protocol, to, name, known ? filter->known[place].service : filter_service(filter, name));
    }
    asked.port = to->port;
    return rule(filter, protocol, &asked, "", NULL);
}

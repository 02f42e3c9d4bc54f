/* accounts.c: see accounts.h. An export is the most private of all files, so that nothing of it but the names of hosts
 * comes into a report. */
#include "audit/readers/accounts.h"

#include <string.h>

#include "audit/hosts.h"

static size_t hash_of(const char *text)
{
    size_t hash = 5381;
    for (; *text; text++)
        hash = hash * 33 + (unsigned char)*text;
    return hash;
}

static void put_site(const char **sites, size_t room, const char *site)
{
    size_t at = hash_of(site) & (room - 1);
    while (sites[at])
        at = (at + 1) & (room - 1);
    sites[at] = site;
}

static bool grow(struct accounts *accounts)
{
    const size_t room = accounts->room ? accounts->room * 2 : 256;
    const char **sites = arena_take(accounts->source->arena, room, sizeof *sites);
    if (!sites)
        return false;
    for (size_t i = 0; i < accounts->room; i++)
        if (accounts->sites[i])
            put_site(sites, room, accounts->sites[i]);
    accounts->sites = sites;
    accounts->room = room;
    return true;
}

/* Whether the site is new to the file; then it is no more. */
static bool is_new(struct accounts *accounts, const char *site)
{
    if (accounts->count * 2 >= accounts->room && !grow(accounts))
        return false;
    for (size_t at = hash_of(site) & (accounts->room - 1); accounts->sites[at]; at = (at + 1) & (accounts->room - 1))
        if (strcmp(accounts->sites[at], site) == 0)
            return false;
    const char *kept = arena_text(accounts->source->arena, span_text(site));
    if (!kept)
        return false;
    put_site(accounts->sites, accounts->room, kept);
    accounts->count++;
    return true;
}

/* "login:HOST", or of what the host lies below: the register knows accounts by that name. */
static const struct service *account_of(const struct sink *sink, const char *host)
{
    for (const char *name = host; name; name = strchr(name, '.') ? strchr(name, '.') + 1 : NULL) {
        char sign[HOST_BYTES + 8];
        snprintf(sign, sizeof sign, "login:%s", name);
        const struct service *service = sign_of(sink, SIGNAL_NAME, span_text(sign));
        if (service)
            return service;
    }
    return sign_of(sink, SIGNAL_DOMAIN, span_text(host));
}

static void tell(struct accounts *accounts, const char *host, size_t line, enum evidence evidence)
{
    const char *site = host_public(host) ? host_registrable(host) : NULL;
    const struct service *service = site ? account_of(accounts->sink, host) : NULL;
    if (!site || !is_new(accounts, service ? service->id : site))
        return;
    struct mention mention_of = {
        .signal = SIGNAL_DOMAIN, .value = span_text(host), .line = line, .evidence = evidence, .shown = span_text(host)
    };
    if (service)
        mention_service(accounts->source, accounts->sink, service, &mention_of);
    else
        mention(accounts->source, accounts->sink, &mention_of);
}

void account_tell(struct accounts *accounts, struct span address, size_t line, enum evidence evidence)
{
    char host[HOST_BYTES];
    bool scheme;
    if (host_of(address, host, &scheme))
        tell(accounts, host, line, evidence);
}

void account_tell_sender(struct accounts *accounts, struct span host, size_t line)
{
    char name[HOST_BYTES], sign[HOST_BYTES + 12];
    bool scheme;
    if (!host_of(host, name, &scheme))
        return;
    snprintf(sign, sizeof sign, "free-mail:%s", name);
    if (!sign_of(accounts->sink, SIGNAL_NAME, span_text(sign)))
        tell(accounts, name, line, EVIDENCE_OBSERVED);
}

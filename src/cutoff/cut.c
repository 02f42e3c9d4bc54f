/* cut.c: what is refused, as the user named it: providers, services, domains, networks. */
#include "cutoff/cut.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct network {
    struct endpoint address;
    unsigned bits;
};

struct cut {
    enum cut_kind kind;
    const struct providers *providers;
    struct arena arena;
    const struct service **services;
    size_t service_count;
    const char **domains;
    size_t domain_count;
    struct network *networks;
    size_t network_count;
};

/* ---- reading names ----------------------------------------------------------------------------------------------- */

/* "203.0.113.0/24", "2001:db8::1" */
static bool read_network(const char *text, struct network *out)
{
    char address[ENDPOINT_TEXT];
    const size_t length = strcspn(text, "/");
    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    if (!endpoint_read(address, &out->address))
        return false;
    const unsigned most = (unsigned)endpoint_bytes(&out->address) * 8;
    out->bits = most;
    if (!text[length])
        return true;
    char *end;
    const unsigned long bits = strtoul(text + length + 1, &end, 10);
    out->bits = (unsigned)bits;
    return isdigit((unsigned char)text[length + 1]) && !*end && bits <= most;
}

/* Letters, digits, hyphens and dots, with a dot inside. */
static bool is_domain(const char *text)
{
    const size_t length = strlen(text);
    const bool plain = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == length;
    return plain && length < 254 && strchr(text, '.') && text[0] != '.' && text[length - 1] != '.';
}

static bool add_domain(struct cut *cut, const char *text, struct error *error)
{
    char *copy = arena_text(&cut->arena, span_text(text));
    if (!copy)
        return error_memory(error, strlen(text));
    for (char *letter = copy; *letter; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    cut->domains[cut->domain_count++] = copy;
    return true;
}

/* How a name may mean a service. */
static bool is_id_or_name(const struct service *service, const char *name)
{
    const struct provider *provider = service->provider;
    return strcasecmp(provider->id, name) == 0 || strcasecmp(provider->name, name) == 0 ||
           strcasecmp(service->id, name) == 0 || strcasecmp(service->name, name) == 0;
}

static bool is_owned(const struct service *service, const char *owner)
{
    return strncasecmp(service->provider->owner, owner, strlen(owner)) == 0; /* "Amazon" is Amazon.com, Inc. */
}

static bool is_there(const struct service *service, const char *country)
{
    return strcasecmp(service->provider->country, country) == 0;
}

static const struct {
    const char *prefix;
    bool (*means)(const struct service *service, const char *name);
} ways[] = {
    { "owner:", is_owned },
    { "country:", is_there },
    { "", is_id_or_name },
};

static bool add_services(struct cut *cut, const char *name)
{
    size_t count, way = 0;
    const struct service *const *all = services_all(cut->providers, &count);
    while (strncasecmp(name, ways[way].prefix, strlen(ways[way].prefix)) != 0)
        way++;
    const char *rest = name + strlen(ways[way].prefix);
    const size_t before = cut->service_count;
    for (size_t i = 0; i < count && rest[0]; i++)
        if (ways[way].means(all[i], rest))
            cut->services[cut->service_count++] = all[i];
    return cut->service_count > before;
}

static bool nobody(const struct cut *cut, const char *name, struct error *error)
{
    size_t count;
    const struct provider *const *all = providers_all(cut->providers, &count);
    struct guess guess = { 0 };
    for (size_t i = 0; i < count; i++) {
        guess_try(&guess, name, all[i]->id);
        guess_try(&guess, name, all[i]->name);
    }
    if (guess.name)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: no such provider: did you mean %s?", name, guess.name);
    return error_set_kind(error, ERROR_WRONG_USE,
                          "%s: no such provider, domain or network: bastide audit providers lists the first", name);
}

static bool add_name(struct cut *cut, const char *name, struct error *error)
{
    if (read_network(name, &cut->networks[cut->network_count])) {
        cut->network_count++;
        return true;
    }
    if (add_services(cut, name))
        return true;
    return is_domain(name) ? add_domain(cut, name, error) : nobody(cut, name, error);
}

static bool make_room(struct cut *cut, size_t count, struct error *error)
{
    size_t services, most;
    services_all(cut->providers, &services);
    if (!size_multiply(services, count, &most))
        return error_memory(error, SIZE_MAX);
    cut->services = arena_take(&cut->arena, most + 1, sizeof *cut->services);
    cut->domains = arena_take(&cut->arena, count + 1, sizeof *cut->domains);
    cut->networks = arena_take(&cut->arena, count + 1, sizeof *cut->networks);
    return (cut->services && cut->domains && cut->networks) || error_memory(error, most * sizeof *cut->services);
}

bool cut_open(const struct providers *providers, enum cut_kind kind, const char *const *names, size_t count,
              struct cut **out, struct error *error)
{
    struct cut *cut = calloc(1, sizeof *cut);
    if (!cut)
        return error_memory(error, sizeof *cut);
    cut->kind = kind;
    cut->providers = providers;
    bool good = make_room(cut, count, error);
    for (size_t i = 0; good && i < count; i++)
        good = add_name(cut, names[i], error);
    if (!good) {
        cut_close(cut);
        return false;
    }
    *out = cut;
    return true;
}

void cut_close(struct cut *cut)
{
    if (cut)
        arena_free(&cut->arena);
    free(cut);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static bool has_service(const struct cut *cut, const struct service *service)
{
    for (size_t i = 0; service && i < cut->service_count; i++)
        if (cut->services[i] == service)
            return true;
    return false;
}

static bool is_below(const char *name, const char *domain)
{
    const size_t length = strlen(name), tail = strlen(domain);
    return length >= tail && strcmp(name + length - tail, domain) == 0 &&
           (length == tail || name[length - tail - 1] == '.');
}

static bool has_name(const struct cut *cut, const char *name)
{
    for (size_t i = 0; i < cut->domain_count; i++)
        if (is_below(name, cut->domains[i]))
            return true;
    return false;
}

static bool holds(const struct network *network, const struct endpoint *address)
{
    const size_t whole = network->bits / 8, rest = network->bits % 8;
    if (network->address.six != address->six || memcmp(network->address.address, address->address, whole) != 0)
        return false;
    const unsigned mask = 0xff00u >> rest & 0xff;
    return rest == 0 || ((network->address.address[whole] ^ address->address[whole]) & mask) == 0;
}

static bool has_address(const struct cut *cut, const struct endpoint *address)
{
    for (size_t i = 0; address && i < cut->network_count; i++)
        if (holds(&cut->networks[i], address))
            return true;
    return false;
}

/* Where all but some is cut, a name that nobody knows may be asked for: its address decides. */
bool cut_refuses(const struct cut *cut, const struct sought *sought)
{
    if (cut->kind == CUT_EVERYTHING)
        return true;
    const bool named = has_service(cut, sought->by_name) || has_name(cut, sought->name) ||
                       has_service(cut, sought->by_address) || has_address(cut, sought->address);
    if (cut->kind == CUT_THESE)
        return named;
    return !named && (sought->address || sought->by_name);
}

/* providers.c: the register from its files: read, what is replaced left out, sorted, and every pattern indexed. */
#include "providers/providers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "providers/embedded.h"
#include "providers/register.h"

enum {
    MOST_CATEGORIES = 256,
    MOST_OWN_BYTES = 16 << 20,
};

static const char *const level_names[] = { "note", "warning", "critical" };

const char *level_name(enum level level)
{
    return level_names[level];
}

bool level_named(const char *name, enum level *out)
{
    for (size_t i = 0; i < LENGTH(level_names); i++)
        if (strcmp(level_names[i], name) == 0) {
            *out = (enum level)i;
            return true;
        }
    return false;
}

const char *signal_key(enum signal signal)
{
    static const char *const keys[SIGNALS] = {
        "domains",
        "registries",
        "images",
        "npm",
        "pypi",
        "go",
        "cargo",
        "maven",
        "nuget",
        "gem",
        "composer",
        "python",
        "java",
        "dotnet",
        "php",
        "terraform",
        "terraform-providers",
        "actions",
        "environment",
        "models",
        "names",
        "mx",
        "spf",
        "dkim",
        "autodiscover",
        "cname",
        "ns",
        "caa",
        "networks",
    };
    return keys[signal];
}

/* ---- putting together -------------------------------------------------------------------------------------------- */

static struct known_provider *find_entry(const struct providers *providers, const char *id)
{
    for (struct known_provider *entry = providers->entries; entry; entry = entry->next)
        if (strcmp(entry->provider.id, id) == 0)
            return entry;
    return NULL;
}

/* Gives services that stand apart to their provider, wherever in the files it stands. */
static bool attach_more(struct providers *providers, struct error *error)
{
    for (; providers->more; providers->more = providers->more->next) {
        struct known_provider *entry = find_entry(providers, providers->more->provider.id);
        if (!entry)
            return error_set(error, "services-of: %s: no such provider", providers->more->provider.id);
        struct known_service **end = &providers->more->services;
        for (; *end; end = &(*end)->next)
            (*end)->service.provider = &entry->provider;
        *end = entry->services;
        entry->services = providers->more->services;
    }
    return true;
}

static bool read_data(struct providers *providers, const char *own, struct error *error)
{
    for (const struct embedded *file = register_data; file->name; file++)
        if (!register_read(providers, file->name, span_of(file->bytes, file->count), error))
            return false;
    if (!attach_more(providers, error))
        return false;
    if (!own)
        return true;
    struct buffer text = { .limit = MOST_OWN_BYTES };
    const bool good = file_read(own, &text, error) && register_read(providers, own, buffer_span(&text), error) &&
                      attach_more(providers, error);
    buffer_free(&text);
    return good;
}

static int by_provider_id(const void *a, const void *b)
{
    return strcmp((*(const struct provider *const *)a)->id, (*(const struct provider *const *)b)->id);
}

static int by_service_id(const void *a, const void *b)
{
    return strcmp((*(const struct service *const *)a)->id, (*(const struct service *const *)b)->id);
}

/* Whether an entry before it, which was read later, has the same id. */
static bool is_replaced(const struct providers *providers, const struct known_provider *entry)
{
    for (const struct known_provider *other = providers->entries; other != entry; other = other->next)
        if (strcmp(other->provider.id, entry->provider.id) == 0)
            return true;
    return false;
}

/* Takes entries out that others replace; counts what is left. */
static void drop_replaced(struct providers *providers, size_t *patterns)
{
    for (struct known_provider **at = &providers->entries; *at;) {
        struct known_provider *entry = *at;
        if (is_replaced(providers, entry)) {
            *at = entry->next;
            continue;
        }
        providers->provider_count++;
        for (struct known_service *service = entry->services; service; service = service->next) {
            providers->service_count++;
            for (int signal = 0; signal < SIGNALS; signal++)
                *patterns += service->patterns[signal].count;
        }
        at = &entry->next;
    }
    for (const struct ranges *ranges = providers->ranges; ranges; ranges = ranges->next)
        *patterns += ranges->networks.count;
}

static bool list_all(struct providers *providers, struct error *error)
{
    providers->providers = arena_take(&providers->arena, providers->provider_count + 1, sizeof(void *));
    providers->services = arena_take(&providers->arena, providers->service_count + 1, sizeof(void *));
    if (!providers->providers || !providers->services)
        return error_memory(error, (providers->provider_count + providers->service_count) * sizeof(void *));
    size_t row = 0, service_row = 0;
    for (struct known_provider *entry = providers->entries; entry; entry = entry->next) {
        providers->providers[row++] = &entry->provider;
        for (struct known_service *service = entry->services; service; service = service->next)
            providers->services[service_row++] = &service->service;
    }
    qsort(providers->providers, row, sizeof *providers->providers, by_provider_id);
    qsort(providers->services, service_row, sizeof *providers->services, by_service_id);
    for (size_t i = 1; i < service_row; i++)
        if (by_service_id(&providers->services[i - 1], &providers->services[i]) == 0)
            return error_set(error, "%s: two services have this id", providers->services[i]->id);
    return true;
}

static bool index_patterns(struct providers *providers, const struct service *service, enum signal signal,
                           const struct patterns *patterns, struct error *error)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (!index_add(&providers->index, signal, patterns->texts[i], service, error))
            return error_prefix(error, "%s: %s: %s", service->id, signal_key(signal), patterns->texts[i]);
    return true;
}

static bool index_service(struct providers *providers, struct known_service *known, struct error *error)
{
    struct service *service = &known->service;
    for (const struct category_ways *ways = providers->ways; ways && !service->alternatives; ways = ways->next)
        if (strcmp(ways->category, service->category->id) == 0) {
            service->alternatives = ways->alternatives;
            service->alternative_count = ways->count;
        }
    for (int signal = 0; signal < SIGNALS; signal++)
        if (!index_patterns(providers, service, (enum signal)signal, &known->patterns[signal], error))
            return false;
    return true;
}

static bool index_all(struct providers *providers, size_t patterns, struct error *error)
{
    if (!index_open(&providers->index, &providers->arena, patterns, error))
        return false;
    for (const struct ranges *ranges = providers->ranges; ranges; ranges = ranges->next) {
        const struct service *service = service_named(providers, ranges->service);
        if (!service)
            return error_set(error, "networks-of: %s: no such service", ranges->service);
        if (!index_patterns(providers, service, SIGNAL_NETWORK, &ranges->networks, error))
            return false;
    }
    for (struct known_provider *entry = providers->entries; entry; entry = entry->next)
        for (struct known_service *service = entry->services; service; service = service->next)
            if (!index_service(providers, service, error))
                return false;
    return true;
}

bool providers_open(const char *own, struct providers **out, struct error *error)
{
    struct providers *providers = calloc(1, sizeof *providers);
    if (!providers)
        return error_memory(error, sizeof *providers);
    size_t patterns = 0;
    providers->category_room = MOST_CATEGORIES;
    providers->categories = arena_take(&providers->arena, MOST_CATEGORIES, sizeof *providers->categories);
    bool good = providers->categories || error_memory(error, MOST_CATEGORIES * sizeof *providers->categories);
    good = good && read_data(providers, own, error);
    if (good)
        drop_replaced(providers, &patterns);
    if (!good || !list_all(providers, error) || !index_all(providers, patterns, error)) {
        providers_close(providers);
        return false;
    }
    *out = providers;
    return true;
}

bool providers_open_own(const char *named, struct providers **out, struct error *error)
{
    struct arena arena = { 0 };
    const char *own = NULL;
    const bool known = named || folder_configuration("providers.yaml", &arena, &own, error);
    const bool there = !named && known && access(own, R_OK) == 0;
    const bool opened = known && providers_open(there ? own : named, out, error);
    arena_free(&arena);
    return opened;
}

void providers_close(struct providers *providers)
{
    if (!providers)
        return;
    arena_free(&providers->arena);
    free(providers);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

const struct service *providers_find(const struct providers *providers, enum signal signal, struct span value)
{
    return index_find(&providers->index, signal, value);
}

const struct provider *const *providers_all(const struct providers *providers, size_t *count)
{
    *count = providers->provider_count;
    return providers->providers;
}

const struct service *const *services_all(const struct providers *providers, size_t *count)
{
    *count = providers->service_count;
    return providers->services;
}

const struct category *categories_all(const struct providers *providers, size_t *count)
{
    *count = providers->category_count;
    return providers->categories;
}

const struct provider *provider_named(const struct providers *providers, const char *id)
{
    const struct provider key = { .id = id }, *wanted = &key;
    const struct provider *const *found = bsearch(&wanted, providers->providers, providers->provider_count,
                                                  sizeof *providers->providers, by_provider_id);
    return found ? *found : NULL;
}

const struct service *service_named(const struct providers *providers, const char *id)
{
    const struct service key = { .id = id }, *wanted = &key;
    const struct service *const *found = bsearch(&wanted, providers->services, providers->service_count,
                                                 sizeof *providers->services, by_service_id);
    return found ? *found : NULL;
}

const struct category *category_named(const struct providers *providers, const char *id)
{
    for (size_t i = 0; i < providers->category_count; i++)
        if (strcmp(providers->categories[i].id, id) == 0)
            return &providers->categories[i];
    return NULL;
}

const char *const *service_patterns(const struct providers *providers, const struct service *service,
                                    enum signal signal, size_t *count)
{
    (void)providers; /* a service that was given out is part of its known_service */
    const struct patterns *patterns = &((const struct known_service *)(const void *)service)->patterns[signal];
    *count = patterns->count;
    return patterns->texts;
}

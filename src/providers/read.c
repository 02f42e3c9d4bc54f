/* read.c: the register's files. Each is a list; the key that an entry has says what it is:
 *
 *   id, name, entity, ...   a provider with its services     data/providers
 *   services-of             more services of a provider       data/providers
 *   networks-of             address ranges of a service       data/providers
 *   category                alternatives for a category       data/alternatives
 *   id, title, ...          a category                        data/categories.yaml
 *   country                 laws of a country                 data/jurisdictions.yaml
 *
 * Read strictly: an unknown key is a misspelt one. */
#include "providers/document.h"
#include "providers/register.h"

#include <stdlib.h>
#include <string.h>

/* What one entry is read into, and the document that it stands in. */
struct reading {
    struct providers *providers;
    const struct document *document;
    struct known_provider *provider;
    struct known_service *service;
    struct alternative *alternatives; /* of the list that is read */
    size_t alternative_count;
};

/* A key for a text, and where the text goes. */
struct field {
    const char *key;
    const char **at;
};

static bool read_fields(const struct document *document, const struct field *fields, size_t count, const char *name,
                        const yaml_node_t *value, bool *found)
{
    *found = false;
    for (size_t i = 0; i < count && !*found; i++) {
        *found = strcmp(fields[i].key, name) == 0;
        if (*found && !document_text(document, value, fields[i].at))
            return false;
    }
    return true;
}

/* ---- alternatives ------------------------------------------------------------------------------------------------ */

static bool read_alternative_key(void *context, const yaml_node_t *key, const char *name, const yaml_node_t *value)
{
    struct reading *reading = context;
    struct alternative *alternative = &reading->alternatives[reading->alternative_count];
    const struct field fields[] = { { "name", &alternative->name }, { "effort", &alternative->effort } };
    bool found;
    if (!read_fields(reading->document, fields, LENGTH(fields), name, value, &found) || found)
        return found;
    const char *text = NULL;
    if (strcmp(name, "own") != 0)
        return document_wrong(reading->document, key, "%s: no such key: name, effort and own are known", name);
    if (!document_text(reading->document, value, &text))
        return false;
    alternative->own = strcmp(text, "true") == 0;
    return true;
}

static bool effort_known(const char *effort)
{
    static const char *const efforts[] = { "hours", "days", "weeks", "months" };
    for (size_t i = 0; effort && i < LENGTH(efforts); i++)
        if (strcmp(effort, efforts[i]) == 0)
            return true;
    return false;
}

static bool read_alternative(void *context, const yaml_node_t *element)
{
    struct reading *reading = context;
    if (!document_keys(reading->document, element, read_alternative_key, reading))
        return false;
    const struct alternative *alternative = &reading->alternatives[reading->alternative_count++];
    if (!alternative->name || !effort_known(alternative->effort))
        return document_wrong(reading->document, element, "a name, and an effort of hours, days, weeks or months");
    return true;
}

static bool read_alternatives(struct reading *reading, const yaml_node_t *node, const struct alternative **out,
                              size_t *count)
{
    if (!node || node->type != YAML_SEQUENCE_NODE)
        return document_wrong(reading->document, node, "a list of alternatives is wanted here");
    const size_t most = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    reading->alternatives = arena_take(&reading->providers->arena, most + 1, sizeof *reading->alternatives);
    reading->alternative_count = 0;
    if (!reading->alternatives)
        return error_memory(reading->document->error, most * sizeof *reading->alternatives);
    if (!document_each(reading->document, node, read_alternative, reading))
        return false;
    *out = reading->alternatives;
    *count = reading->alternative_count;
    return true;
}

/* ---- services ---------------------------------------------------------------------------------------------------- */

static const struct category *find_category(const struct providers *providers, const char *id)
{
    for (size_t i = 0; i < providers->category_count; i++)
        if (strcmp(providers->categories[i].id, id) == 0)
            return &providers->categories[i];
    return NULL;
}

static bool read_patterns(struct reading *reading, const yaml_node_t *key, const char *name, const yaml_node_t *value)
{
    for (int signal = 0; signal < SIGNALS; signal++) {
        struct patterns *patterns = &reading->service->patterns[signal];
        if (strcmp(signal_key((enum signal)signal), name) == 0)
            return document_texts(reading->document, value, &patterns->texts, &patterns->count);
    }
    return document_wrong(reading->document, key, "%s: no such key of a service", name);
}

static bool read_service_key(void *context, const yaml_node_t *key, const char *name, const yaml_node_t *value)
{
    struct reading *reading = context;
    struct service *service = &reading->service->service;
    const char *category = NULL, *unused = NULL;
    const struct field fields[] = { { "id", &service->id }, { "name", &service->name }, { "category", &category },
                                    { "source", &unused },  { "date", &unused },        { "note", &unused } };
    bool found;
    if (!read_fields(reading->document, fields, LENGTH(fields), name, value, &found))
        return false;
    if (category)
        service->category = find_category(reading->providers, category);
    if (category && !service->category)
        return document_wrong(reading->document, value, "%s: no such category in data/categories.yaml", category);
    if (found)
        return true;
    if (strcmp(name, "alternatives") == 0)
        return read_alternatives(reading, value, &service->alternatives, &service->alternative_count);
    return read_patterns(reading, key, name, value);
}

static bool read_service(void *context, const yaml_node_t *element)
{
    struct reading *reading = context;
    struct known_service *service = arena_take(&reading->providers->arena, 1, sizeof *service);
    if (!service)
        return error_memory(reading->document->error, sizeof *service);
    reading->service = service;
    service->service.provider = &reading->provider->provider;
    if (!document_keys(reading->document, element, read_service_key, reading))
        return false;
    if (!service->service.id || !service->service.name || !service->service.category)
        return document_wrong(reading->document, element, "id, name and category of a service are wanted");
    service->next = reading->provider->services;
    reading->provider->services = service;
    return true;
}

/* ---- providers --------------------------------------------------------------------------------------------------- */

static bool read_provider_key(void *context, const yaml_node_t *key, const char *name, const yaml_node_t *value)
{
    struct reading *reading = context;
    struct provider *provider = &reading->provider->provider;
    const struct field fields[] = {
        { "id", &provider->id },       { "name", &provider->name },       { "entity", &provider->entity },
        { "owner", &provider->owner }, { "country", &provider->country }, { "source", &provider->source },
        { "date", &provider->date },
    };
    bool found;
    if (!read_fields(reading->document, fields, LENGTH(fields), name, value, &found) || found)
        return found;
    if (strcmp(name, "laws") == 0)
        return document_texts(reading->document, value, &provider->laws, &provider->law_count);
    if (strcmp(name, "services") == 0)
        return document_each(reading->document, value, read_service, reading);
    return document_wrong(reading->document, key, "%s: no such key of a provider", name);
}

/* The laws of its country, where it names none itself. */
static bool put_laws(struct reading *reading, const yaml_node_t *node)
{
    struct provider *provider = &reading->provider->provider;
    const struct country *country = reading->providers->countries;
    while (country && strcmp(country->code, provider->country) != 0)
        country = country->next;
    if (!country && !provider->laws)
        return document_wrong(reading->document, node, "%s: country %s is not in data/jurisdictions.yaml", provider->id,
                              provider->country);
    if (!provider->laws) {
        provider->laws = country->laws;
        provider->law_count = country->law_count;
    }
    return true;
}

static bool read_provider(struct reading *reading, const yaml_node_t *element)
{
    struct known_provider *entry = arena_take(&reading->providers->arena, 1, sizeof *entry);
    if (!entry)
        return error_memory(reading->document->error, sizeof *entry);
    reading->provider = entry;
    entry->provider.source = entry->provider.date = "";
    if (!document_keys(reading->document, element, read_provider_key, reading))
        return false;
    const struct provider *provider = &entry->provider;
    if (!provider->id || !provider->name || !provider->entity || !provider->owner || !provider->country)
        return document_wrong(reading->document, element,
                              "id, name, entity, owner and country of a provider are wanted");
    entry->next = reading->providers->entries;
    reading->providers->entries = entry;
    return put_laws(reading, element);
}

/* ---- more services of a provider that stands elsewhere ----------------------------------------------------------- */

static bool read_more_key(void *context, const yaml_node_t *key, const char *name, const yaml_node_t *value)
{
    struct reading *reading = context;
    if (strcmp(name, "services-of") == 0)
        return document_text(reading->document, value, &reading->provider->provider.id);
    if (strcmp(name, "services") == 0)
        return document_each(reading->document, value, read_service, reading);
    return document_wrong(reading->document, key, "%s: no such key: services-of and services are known", name);
}

static bool read_more(struct reading *reading, const yaml_node_t *element)
{
    struct known_provider *more = arena_take(&reading->providers->arena, 1, sizeof *more);
    if (!more)
        return error_memory(reading->document->error, sizeof *more);
    reading->provider = more;
    if (!document_keys(reading->document, element, read_more_key, reading))
        return false;
    more->next = reading->providers->more;
    reading->providers->more = more;
    return true;
}

/* ---- what else stands in the files ------------------------------------------------------------------------------- */

static bool read_country(struct reading *reading, const yaml_node_t *element)
{
    const struct document *document = reading->document;
    struct country *country = arena_take(&reading->providers->arena, 1, sizeof *country);
    if (!country)
        return error_memory(document->error, sizeof *country);
    if (!document_text(document, document_get(document, element, "country"), &country->code) ||
        !document_text(document, document_get(document, element, "name"), &country->name) ||
        !document_texts(document, document_get(document, element, "laws"), &country->laws, &country->law_count))
        return false;
    country->next = reading->providers->countries;
    reading->providers->countries = country;
    return true;
}

static bool read_category(struct reading *reading, const yaml_node_t *element)
{
    const struct document *document = reading->document;
    struct providers *providers = reading->providers;
    if (providers->category_count == providers->category_room)
        return document_wrong(document, element, "more categories than %zu", providers->category_room);
    struct category *category = &providers->categories[providers->category_count];
    const char *level = NULL, *days = NULL;
    const struct field fields[] = { { "id", &category->id },       { "title", &category->title },
                                    { "flows", &category->flows }, { "cut", &category->cut },
                                    { "level", &level },           { "days", &days } };
    for (size_t i = 0; i < LENGTH(fields); i++)
        if (!document_text(document, document_get(document, element, fields[i].key), fields[i].at))
            return false;
    if (!level_named(level, &category->level))
        return document_wrong(document, element, "%s: no such level", level);
    category->days = (int)strtol(days, NULL, 10);
    providers->category_count++;
    return true;
}

static bool read_ways(struct reading *reading, const yaml_node_t *element)
{
    const struct document *document = reading->document;
    struct category_ways *ways = arena_take(&reading->providers->arena, 1, sizeof *ways);
    if (!ways)
        return error_memory(document->error, sizeof *ways);
    if (!document_text(document, document_get(document, element, "category"), &ways->category) ||
        !read_alternatives(reading, document_get(document, element, "alternatives"), &ways->alternatives, &ways->count))
        return false;
    if (!find_category(reading->providers, ways->category))
        return document_wrong(document, element, "%s: no such category", ways->category);
    ways->next = reading->providers->ways;
    reading->providers->ways = ways;
    return true;
}

static bool read_ranges(struct reading *reading, const yaml_node_t *element)
{
    const struct document *document = reading->document;
    struct ranges *ranges = arena_take(&reading->providers->arena, 1, sizeof *ranges);
    if (!ranges)
        return error_memory(document->error, sizeof *ranges);
    if (!document_text(document, document_get(document, element, "networks-of"), &ranges->service) ||
        !document_texts(document, document_get(document, element, "networks"), &ranges->networks.texts,
                        &ranges->networks.count))
        return false;
    ranges->next = reading->providers->ranges;
    reading->providers->ranges = ranges;
    return true;
}

static bool read_entry(void *context, const yaml_node_t *element)
{
    struct reading *reading = context;
    const struct document *document = reading->document;
    const struct {
        const char *key; /* what only this kind of entry has */
        bool (*read)(struct reading *reading, const yaml_node_t *element);
    } kinds[] = {
        { "networks-of", read_ranges }, { "services-of", read_more },  { "entity", read_provider },
        { "title", read_category },     { "alternatives", read_ways }, { "laws", read_country },
    };
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (document_get(document, element, kinds[i].key))
            return kinds[i].read(reading, element);
    return document_wrong(document, element, "a provider has id, name, entity, owner, country and services");
}

bool register_read(struct providers *providers, const char *path, struct span text, struct error *error)
{
    struct document document;
    if (!document_open(path, text, &providers->arena, &document, error))
        return false;
    struct reading reading = { .providers = providers, .document = &document };
    const yaml_node_t *root = yaml_document_get_root_node(&document.yaml);
    const bool good = !root || document_each(&document, root, read_entry, &reading);
    document_close(&document);
    return good;
}

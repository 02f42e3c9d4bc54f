/* cyclonedx.c: the services as a bill of materials: CycloneDX 1.6 (ECMA-424), "services" with provider, endpoints, data
 * and the boundary of trust that each lies behind. What that form has no word for (owner, law, places) stands in
 * properties whose names begin with "bastide:". The serial number is a hash of the services: the same services, the
 * same number. */
#include "audit/results/form.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ENDPOINTS = 20, MOST_READ = 1000 }; /* of a service, and findings that are searched for them */

/* ---- one service ------------------------------------------------------------------------------------------------- */

static void add_property(json_t *properties, const char *name, const char *value)
{
    json_array_append_new(properties, json_pack("{s:s, s:o}", "name", name, "value", text_json(value)));
}

static void add_places(json_t *properties, const struct dependency *dependency, struct arena *arena)
{
    for (size_t i = 0; i < dependency->finding_count; i++) {
        const struct finding *finding = dependency->findings[i];
        const char *place = arena_format(arena, "%s %s:%zu", evidence_name(finding->evidence), finding->file,
                                         finding->line);
        add_property(properties, "bastide:evidence", place ? place : "");
    }
}

static json_t *properties_json(const struct dependency *dependency, struct arena *arena)
{
    json_t *properties = json_array();
    const struct service *service = dependency->service;
    add_property(properties, "bastide:level", level_name(dependency->level));
    add_property(properties, "bastide:cut", cut_name(dependency->cut));
    if (service) {
        const struct provider *provider = service->provider;
        add_property(properties, "bastide:owner", provider->owner);
        add_property(properties, "bastide:country", provider->country);
        for (size_t i = 0; i < provider->law_count; i++)
            add_property(properties, "bastide:law", provider->laws[i]);
        add_property(properties, "bastide:category", service->category->id);
        if (dependency->way_out)
            add_property(properties, "bastide:alternative", dependency->way_out->name);
    }
    add_places(properties, dependency, arena);
    return properties;
}

static bool has_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

static void add_endpoint(json_t *endpoints, const char *host)
{
    char address[300];
    snprintf(address, sizeof address, "https://%s", host);
    if (!has_text(endpoints, address))
        json_array_append_new(endpoints, json_string(address));
}

/* The next run of letters that a host is made of, in small letters; false at the end. */
static bool next_host(const char **text, char out[254])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    *text += strcspn(*text, letters);
    const size_t bytes = strspn(*text, letters), taken = bytes < 254 ? bytes : 0;
    for (size_t i = 0; i < taken; i++)
        out[i] = (char)((*text)[i] >= 'A' && (*text)[i] <= 'Z' ? (*text)[i] - 'A' + 'a' : (*text)[i]);
    out[taken] = '\0';
    *text += bytes;
    return bytes > 0;
}

/* The hosts in a line that the register knows as the service's. */
static void add_hosts(json_t *endpoints, const struct finding *finding, const struct providers *providers)
{
    char host[254];
    for (const char *text = finding->text; next_host(&text, host);)
        if (strchr(host, '.') && json_array_size(endpoints) < MOST_ENDPOINTS &&
            providers_find(providers, SIGNAL_DOMAIN, span_text(host)) == finding->service)
            add_endpoint(endpoints, host);
}

/* What was found, not all that the register knows of the service. */
static json_t *endpoints_json(const struct dependency *dependency, const struct providers *providers)
{
    json_t *endpoints = json_array();
    char host[254];
    const char *name = dependency->name;
    if (!dependency->service && next_host(&name, host) && !*name && host[0])
        add_endpoint(endpoints, host);
    for (size_t i = 0; dependency->service && providers && i < size_min(dependency->finding_count, MOST_READ); i++)
        add_hosts(endpoints, dependency->findings[i], providers);
    return endpoints;
}

static bool is_web(const char *source)
{
    return source && (strncmp(source, "https://", 8) == 0 || strncmp(source, "http://", 7) == 0) &&
           strcspn(source, " \"<>\\^`{|}") == strlen(source);
}

/* What only the register knows. */
static void add_known(json_t *object, const struct service *service)
{
    const struct provider *provider = service->provider;
    json_object_set_new(object, "provider",
                        json_pack("{s:o}", "name", text_json(provider->entity ? provider->entity : provider->name)));
    json_object_set_new(object, "group", text_json(provider->name));
    json_object_set_new(object, "description", text_json(service->category->title));
    json_object_set_new(object, "data",
                        json_pack("[{s:s, s:o, s:o}]", "flow", "bi-directional", "classification",
                                  text_json(service->category->id), "description",
                                  text_json(service->category->flows)));
    if (is_web(provider->source))
        json_object_set_new(object, "externalReferences",
                            json_pack("[{s:s, s:o, s:s}]", "type", "other", "url", text_json(provider->source),
                                      "comment", "where the facts about the provider are from"));
}

static json_t *reference_json(const struct dependency *dependency, struct arena *arena)
{
    return text_json(dependency->service ? dependency->service->id : arena_format(arena, "host:%s", dependency->name));
}

static json_t *service_json(const struct dependency *dependency, const struct report *report, struct arena *arena)
{
    json_t *object = json_pack("{s:o, s:o, s:b, s:o}", "bom-ref", reference_json(dependency, arena), "name",
                               text_json(dependency->name), "x-trust-boundary", 1, "properties",
                               properties_json(dependency, arena));
    json_t *endpoints = endpoints_json(dependency, report->providers);
    if (json_array_size(endpoints))
        json_object_set(object, "endpoints", endpoints);
    json_decref(endpoints);
    if (dependency->service)
        add_known(object, dependency->service);
    return object;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static json_t *services_json(struct result *result)
{
    json_t *services = json_array();
    for (size_t i = 0; i < result->summary.dependency_count; i++)
        json_array_append_new(services, service_json(&result->summary.dependencies[i], result->report, &result->arena));
    return services;
}

static json_t *depends_json(struct result *result)
{
    json_t *references = json_array();
    for (size_t i = 0; i < result->summary.dependency_count; i++)
        json_array_append_new(references, reference_json(&result->summary.dependencies[i], &result->arena));
    return json_pack("[{s:s, s:o}]", "ref", "audited", "dependsOn", references);
}

/* RFC 9562, version 8: of a hash of our own. out holds 46 bytes. */
static bool make_serial(const json_t *services, const char *title, char out[46], struct error *error)
{
    unsigned char hash[16];
    char *text = json_dumps(services, JSON_COMPACT);
    if (!text)
        return error_memory(error, 0);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), (const unsigned char *)title,
                       size_min(strlen(title), crypto_generichash_KEYBYTES_MAX));
    free(text);
    hash[6] = (unsigned char)((hash[6] & 0x0F) | 0x80);
    hash[8] = (unsigned char)((hash[8] & 0x3F) | 0x80);
    int end = snprintf(out, 46, "urn:uuid:");
    for (int i = 0; i < 16; i++)
        end += snprintf(out + end, (size_t)(46 - end), "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                        hash[i]);
    return true;
}

static json_t *metadata_json(const struct result *result)
{
    const char *title = result->report->title;
    return json_pack("{s:o, s:{s:[{s:s, s:s, s:s}]}, s:{s:s, s:s, s:o}}", "timestamp",
                     text_json(arena_format((struct arena *)&result->arena, "%sT00:00:00Z", result->report->date)),
                     "tools", "components", "type", "application", "name", "bastide", "version", BASTIDE_VERSION,
                     "component", "type", "application", "bom-ref", "audited", "name",
                     text_json(title[0] ? title : "audit"));
}

bool result_cyclonedx(struct result *result, FILE *stream, struct error *error)
{
    char serial[46];
    json_t *services = services_json(result);
    if (!make_serial(services, result->report->title, serial, error)) {
        json_decref(services);
        return false;
    }
    json_t *whole = json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "$schema",
                              "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat", "CycloneDX",
                              "specVersion", "1.6", "serialNumber", serial, "version", 1, "metadata",
                              metadata_json(result), "services", services, "dependencies", depends_json(result));
    const bool written = whole != NULL;
    if (written)
        json_dumpf(whole, stream, JSON_INDENT(1));
    fputc('\n', stream);
    json_decref(whole);
    return written || error_memory(error, 0);
}

/* sarif.c: findings for viewers of code: SARIF 2.1.0 (OASIS, 2020). A rule for each service, a result for each place;
 * what a waiver covers is a suppression, what the baseline has is unchanged. A result's fingerprint is of the service,
 * the file and the text, so that it stays the same when lines move. */
#include "audit/results/form.h"

#include <sodium.h>
#include <string.h>

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static const char *rule_id(const struct dependency *dependency)
{
    return dependency->service ? dependency->service->id : "unknown-host";
}

static const char *sarif_level(enum level level)
{
    static const char *const names[] = {
        [LEVEL_NOTE] = "note", [LEVEL_WARNING] = "warning", [LEVEL_CRITICAL] = "error"
    };
    return names[level];
}

static json_t *message_json(const char *text)
{
    return json_pack("{s:o}", "text", text_json(text));
}

static json_t *known_rule(const struct dependency *dependency, struct arena *arena)
{
    const struct service *service = dependency->service;
    const struct provider *provider = service->provider;
    const struct alternative *way_out = dependency->way_out;
    const char *whole = arena_format(arena, "%s, %s: owned by %s (%s). If it is gone: %s.", service->name,
                                     provider->name, provider->owner, country_title(provider->country),
                                     service->category->cut);
    const char *help = way_out ? arena_format(arena, "Instead: %s (%s).", way_out->name, way_out->effort)
                               : "No alternative is known to the register.";
    json_t *tags = texts_json(provider->laws, provider->law_count);
    json_array_insert_new(tags, 0, text_json(service->category->id));
    return json_pack("{s:o, s:o, s:o, s:o, s:{s:s}, s:{s:o}}", "id", text_json(service->id), "shortDescription",
                     message_json(service->name), "fullDescription", message_json(whole), "help", message_json(help),
                     "defaultConfiguration", "level", sarif_level(dependency->level), "properties", "tags", tags);
}

static json_t *unknown_rule(void)
{
    return json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", "unknown-host", "shortDescription", "text",
                     "A host that nobody in the register owns", "help", "text",
                     "Find out who stands behind it and tell it in a providers.yaml of your own.");
}

/* Known dependencies have an index each, in their order; the unknown share the last. */
static json_t *rules_json(struct result *result)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < result->summary.dependency_count; i++)
        if (result->summary.dependencies[i].service)
            json_array_append_new(rules, known_rule(&result->summary.dependencies[i], &result->arena));
    if (result->summary.unknown)
        json_array_append_new(rules, unknown_rule());
    return rules;
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* RFC 3986: what is no plain letter of a path is escaped. */
static const char *path_address(struct arena *arena, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    const size_t bytes = strlen(path);
    char *out = arena_take(arena, bytes + 1, 3), *end = out;
    for (size_t i = 0; out && i < bytes; i++) {
        if (strchr(plain, path[i]))
            *end++ = path[i];
        else
            end += snprintf(end, 4, "%%%02X", (unsigned char)path[i]);
    }
    return out;
}

static const char *fingerprint(const struct finding *finding, const char *rule, char out[33])
{
    unsigned char hash[16];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    const char *const parts[] = { rule, finding->host ? finding->host : "", finding->file, finding->text };
    for (size_t i = 0; i < LENGTH(parts); i++)
        crypto_generichash_update(&state, (const unsigned char *)parts[i], strlen(parts[i]) + 1);
    crypto_generichash_final(&state, hash, sizeof hash);
    return sodium_bin2hex(out, 33, hash, sizeof hash);
}

static json_t *location_json(struct arena *arena, const char *file)
{
    return json_pack("{s:o, s:s}", "uri", text_json(path_address(arena, file)), "uriBaseId", "%SRCROOT%");
}

static json_t *place_json(struct result *result, const struct finding *finding, const struct dependency *dependency,
                          size_t rule)
{
    char print[33];
    struct arena *arena = &result->arena;
    const struct provider *provider = finding->service ? finding->service->provider : NULL;
    const char *message = provider
                              ? arena_format(arena, "%s (%s, %s)", dependency->name, provider->owner, provider->country)
                              : arena_format(arena, "%s: nobody in the register", dependency->name);
    json_t *region = json_pack("{s:I, s:o}", "startLine", (json_int_t)(finding->line ? finding->line : 1), "snippet",
                               message_json(finding->text));
    json_t *object = json_pack("{s:s, s:I, s:s, s:o, s:[{s:{s:o, s:o}}], s:{s:s}, s:{s:s}}", "ruleId",
                               rule_id(dependency), "ruleIndex", (json_int_t)rule, "level", sarif_level(finding->level),
                               "message", message_json(message), "locations", "physicalLocation", "artifactLocation",
                               location_json(arena, finding->file), "region", region, "partialFingerprints",
                               "bastide/v1", fingerprint(finding, rule_id(dependency), print), "properties", "evidence",
                               evidence_name(finding->evidence));
    if (result->summary.known)
        json_object_set_new(object, "baselineState", json_string(finding->known ? "unchanged" : "new"));
    if (finding->waived)
        json_object_set_new(object, "suppressions",
                            json_pack("[{s:s, s:o}]", "kind", "external", "justification", text_json(finding->waived)));
    return object;
}

static bool put_results(struct result *result, FILE *stream, struct error *error)
{
    const struct summary *summary = &result->summary;
    const size_t known = summary->dependency_count - summary->unknown;
    bool put = true, first = true;
    for (size_t i = 0, rule = 0; put && i < summary->dependency_count; i++) {
        const struct dependency *dependency = &summary->dependencies[i];
        const size_t own = dependency->service ? rule++ : known;
        for (size_t k = 0; put && k < dependency->finding_count; k++, first = false)
            put = put_json(stream, first ? "\n" : ",\n", place_json(result, dependency->findings[k], dependency, own),
                           error);
    }
    return put;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static json_t *invocation_json(struct result *result)
{
    json_t *told = json_array();
    const struct report *report = result->report;
    for (size_t i = 0; i < report->warning_count; i++)
        json_array_append_new(told,
                              json_pack("{s:s, s:o, s:[{s:{s:o}}]}", "level", "warning", "message",
                                        message_json(report->warnings[i].text), "locations", "physicalLocation",
                                        "artifactLocation", location_json(&result->arena, report->warnings[i].file)));
    return json_pack("{s:b, s:o}", "executionSuccessful", 1, "toolExecutionNotifications", told);
}

bool result_sarif(struct result *result, FILE *stream, struct error *error)
{
    json_t *driver = json_pack("{s:s, s:s, s:o}", "name", "bastide", "version", BASTIDE_VERSION, "rules",
                               rules_json(result));
    fputs("{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", \"version\": \"2.1.0\", \"runs\": [{\n",
          stream);
    if (!put_json(stream, "\"tool\": ", json_pack("{s:o}", "driver", driver), error) ||
        !put_json(stream, ",\n\"invocations\": ", json_pack("[o]", invocation_json(result)), error))
        return false;
    fputs(",\n\"results\": [", stream);
    if (!put_results(result, stream, error))
        return false;
    fputs("\n]}]}\n", stream);
    return true;
}

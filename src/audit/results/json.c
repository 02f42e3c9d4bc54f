/* json.c: a report as "bastide-audit-1": the form that programs read, and that a baseline is compared with. */
#include "audit/results.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *laws_json(const struct provider *provider)
{
    json_t *laws = json_array();
    for (size_t i = 0; provider && i < provider->law_count; i++)
        json_array_append_new(laws, json_string(provider->laws[i]));
    return laws;
}

static json_t *finding_json(const struct finding *finding)
{
    const struct service *service = finding->service;
    const struct provider *provider = service ? service->provider : NULL;
    return json_pack("{s:s, s:s?, s:s, s:s?, s:s, s:s?, s:s?, s:o, s:s, s:s, s:I, s:s, s:s}", "provider",
                     provider ? provider->name : finding->host, "provider_id", provider ? provider->id : NULL,
                     "service", service ? service->name : finding->host, "service_id", service ? service->id : NULL,
                     "category", service ? service->category->id : "unknown", "owner",
                     provider ? provider->owner : NULL, "country", provider ? provider->country : NULL, "laws",
                     laws_json(provider), "evidence", evidence_name(finding->evidence), "file", finding->file, "line",
                     (json_int_t)finding->line, "text", finding->text, "level", level_name(finding->level));
}

static json_t *summary_json(const struct report *report)
{
    size_t levels[3] = { 0 };
    for (size_t i = 0; i < report->finding_count; i++)
        levels[report->findings[i].level]++;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "findings", (json_int_t)report->finding_count, "note",
                     (json_int_t)levels[LEVEL_NOTE], "warning", (json_int_t)levels[LEVEL_WARNING], "critical",
                     (json_int_t)levels[LEVEL_CRITICAL], "files", (json_int_t)report->files, "warnings",
                     (json_int_t)report->warning_count, "date", report->date);
}

bool result_json(const struct report *report, FILE *stream, struct error *error)
{
    json_t *findings = json_array();
    for (size_t i = 0; i < report->finding_count; i++)
        json_array_append_new(findings, finding_json(&report->findings[i]));
    json_t *warnings = json_array();
    for (size_t i = 0; i < report->warning_count; i++)
        json_array_append_new(
            warnings, json_pack("{s:s, s:s}", "file", report->warnings[i].file, "text", report->warnings[i].text));
    json_t *whole = json_pack("{s:s, s:o, s:o, s:o}", "schema", "bastide-audit-1", "findings", findings, "warnings",
                              warnings, "summary", summary_json(report));
    const bool good = whole && json_dumpf(whole, stream, JSON_INDENT(2)) == 0 && fputc('\n', stream) != EOF;
    json_decref(whole);
    return good || error_set(error, "the result could not be written: is the disk full?");
}

/* json.c: the form for programs. Its outline and the fields of a finding are fixed ("bastide-audit-1"); what the
 * summary holds may grow. One line for each finding, so that two results can be compared line by line; what the
 * register does not know, category included, is null. */
#include "audit/results/form.h"

/* ---- findings ---------------------------------------------------------------------------------------------------- */

static json_t *finding_json(const struct finding *finding)
{
    const struct service *service = finding->service;
    const struct provider *provider = service ? service->provider : NULL;
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:s}", "provider",
        text_json(provider ? provider->name : finding->host), "provider_id", text_json(provider ? provider->id : NULL),
        "service", text_json(service ? service->name : finding->host), "service_id",
        text_json(service ? service->id : NULL), "category", text_json(service ? service->category->id : NULL), "owner",
        text_json(provider ? provider->owner : NULL), "country", text_json(provider ? provider->country : NULL), "laws",
        texts_json(provider ? provider->laws : NULL, provider ? provider->law_count : 0), "evidence",
        evidence_name(finding->evidence), "file", text_json(finding->file), "line", (json_int_t)finding->line, "text",
        text_json(finding->text), "level", level_name(finding->level));
}

static bool put_findings(const struct report *report, FILE *stream, struct error *error)
{
    for (size_t i = 0; i < report->finding_count; i++)
        if (!put_json(stream, i ? ",\n" : "\n", finding_json(&report->findings[i]), error))
            return false;
    return true;
}

/* ---- the summary ------------------------------------------------------------------------------------------------- */

static json_t *cuts_json(const size_t cuts[CUTS])
{
    json_t *object = json_object();
    for (enum cut cut = 0; cut < CUTS; cut++)
        json_object_set_new(object, cut_name(cut), json_integer((json_int_t)cuts[cut]));
    return object;
}

static json_t *party_json(const struct party *party)
{
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:f}", "name", text_json(party->name), "findings",
                     (json_int_t)party->findings, "services", (json_int_t)party->count, "providers",
                     (json_int_t)party->providers, "cut", cuts_json(party->cuts), "share", party->share);
}

static json_t *parties_json(const struct parties *parties)
{
    json_t *array = json_array();
    for (size_t i = 0; i < parties->count; i++)
        json_array_append_new(array, party_json(&parties->rows[i]));
    return array;
}

static json_t *alternative_json(const struct alternative *alternative)
{
    return json_pack("{s:o, s:o, s:b}", "name", text_json(alternative->name), "effort", text_json(alternative->effort),
                     "own", (int)alternative->own);
}

static json_t *alternatives_json(const struct service *service)
{
    json_t *array = json_array();
    for (size_t i = 0; service && i < service->alternative_count; i++)
        json_array_append_new(array, alternative_json(&service->alternatives[i]));
    return array;
}

static json_t *dependency_json(const struct dependency *dependency)
{
    const struct service *service = dependency->service;
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:I, s:b, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "service",
                     text_json(dependency->name), "service_id", text_json(service ? service->id : NULL), "provider",
                     text_json(dependency->provider), "provider_id", text_json(service ? service->provider->id : NULL),
                     "level", level_name(dependency->level), "cut", cut_name(dependency->cut), "days",
                     (json_int_t)dependency->days, "outside", (int)dependency->outside, "findings",
                     (json_int_t)dependency->finding_count, "files", (json_int_t)dependency->file_count, "waived",
                     (json_int_t)dependency->waived_count, "category",
                     text_json(service ? service->category->title : NULL), "flows",
                     text_json(service ? service->category->flows : NULL), "when_gone",
                     text_json(service ? service->category->cut : NULL), "alternatives", alternatives_json(service));
}

static json_t *step_json(const struct step *step)
{
    const struct service *service = step->dependency->service;
    return json_pack("{s:o, s:o, s:o, s:f, s:f, s:o}", "service_id", text_json(service->id), "service",
                     text_json(service->name), "alternative",
                     step->dependency->way_out ? alternative_json(step->dependency->way_out) : json_null(), "work_days",
                     step->work, "risk", step->risk, "horizon_days",
                     step->horizon ? json_integer(step->horizon) : json_null());
}

static json_t *waiver_json(const struct finding *finding)
{
    return json_pack("{s:o, s:o, s:I, s:o}", "service",
                     text_json(finding->service ? finding->service->name : finding->host), "file",
                     text_json(finding->file), "line", (json_int_t)finding->line, "reason", text_json(finding->waived));
}

static json_t *waived_json(const struct report *report)
{
    json_t *array = json_array();
    for (size_t i = 0; i < report->finding_count; i++)
        if (report->findings[i].waived)
            json_array_append_new(array, waiver_json(&report->findings[i]));
    return array;
}

static json_t *warnings_json(const struct report *report)
{
    json_t *array = json_array();
    for (size_t i = 0; i < report->warning_count; i++)
        json_array_append_new(array, json_pack("{s:o, s:o}", "file", text_json(report->warnings[i].file), "text",
                                               text_json(report->warnings[i].text)));
    return array;
}

static json_t *index_json(const struct parties *parties)
{
    return json_pack("{s:I, s:o}", "index", (json_int_t)(parties->index + 0.5), "shares", parties_json(parties));
}

static bool put_counts(const struct result *result, FILE *stream, struct error *error)
{
    const struct report *report = result->report;
    const struct summary *summary = &result->summary;
    return put_json(stream, "  \"title\": ", text_json(report->title), error) &&
           put_json(stream, ",\n  \"date\": ", text_json(report->date), error) &&
           put_json(stream, ",\n  \"tool\": ", json_pack("{s:s, s:s}", "name", "bastide", "version", BASTIDE_VERSION),
                    error) &&
           put_json(stream, ",\n  \"headline\": ", text_json(result->headline), error) &&
           put_json(stream, ",\n  \"files\": ", json_integer((json_int_t)report->files), error) &&
           put_json(stream, ",\n  \"bytes\": ", json_integer((json_int_t)report->bytes), error) &&
           put_json(stream, ",\n  \"findings\": ", json_integer((json_int_t)report->finding_count), error) &&
           put_json(stream, ",\n  \"levels\": ",
                    json_pack("{s:I, s:I, s:I}", "critical", (json_int_t)summary->levels[LEVEL_CRITICAL], "warning",
                              (json_int_t)summary->levels[LEVEL_WARNING], "note",
                              (json_int_t)summary->levels[LEVEL_NOTE]),
                    error) &&
           put_json(stream, ",\n  \"waived\": ", json_integer((json_int_t)summary->waived), error) &&
           put_json(stream, ",\n  \"known\": ", json_integer((json_int_t)summary->known), error) &&
           put_json(stream, ",\n  \"unknown\": ", json_integer((json_int_t)summary->unknown), error);
}

/* Writes rows of an array, one a line. */
static bool put_rows(FILE *stream, const char *name, json_t *array, struct error *error)
{
    if (!array)
        return error_memory(error, 0);
    fprintf(stream, ",\n  \"%s\": [", name);
    size_t i;
    json_t *row;
    bool put = true;
    json_array_foreach(array, i, row) put = put && put_json(stream, i ? ",\n    " : "\n    ", json_incref(row), error);
    fputs("]", stream);
    json_decref(array);
    return put;
}

static json_t *dependencies_json(const struct summary *summary)
{
    json_t *array = json_array();
    for (size_t i = 0; i < summary->dependency_count; i++)
        json_array_append_new(array, dependency_json(&summary->dependencies[i]));
    return array;
}

static json_t *plan_json(const struct summary *summary)
{
    json_t *array = json_array();
    for (size_t i = 0; i < summary->step_count; i++)
        json_array_append_new(array, step_json(&summary->plan[i]));
    return array;
}

static bool put_summary(const struct result *result, FILE *stream, struct error *error)
{
    const struct summary *summary = &result->summary;
    return put_counts(result, stream, error) &&
           put_rows(stream, "providers", parties_json(&summary->providers), error) &&
           put_rows(stream, "owners", parties_json(&summary->owners), error) &&
           put_rows(stream, "countries", parties_json(&summary->countries), error) &&
           put_rows(stream, "laws", parties_json(&summary->laws), error) &&
           put_rows(stream, "categories", parties_json(&summary->categories), error) &&
           put_json(stream, ",\n  \"concentration\": ",
                    json_pack("{s:o, s:o}", "owners", index_json(&summary->owners), "jurisdictions",
                              index_json(&summary->jurisdictions)),
                    error) &&
           put_rows(stream, "services", dependencies_json(summary), error) &&
           put_rows(stream, "plan", plan_json(summary), error) &&
           put_rows(stream, "waivers", waived_json(result->report), error) &&
           put_rows(stream, "warnings", warnings_json(result->report), error);
}

bool result_json(struct result *result, FILE *stream, struct error *error)
{
    fputs("{\"schema\": \"bastide-audit-1\", \"findings\": [", stream);
    if (!put_findings(result->report, stream, error))
        return false;
    fputs("\n], \"summary\": {\n", stream);
    if (!put_summary(result, stream, error))
        return false;
    fputs("\n}}\n", stream);
    return true;
}

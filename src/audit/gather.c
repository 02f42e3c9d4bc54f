/* gather.c: see gather.h. */
#include "audit/gather.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int compare_texts(const char *a, const char *b)
{
    return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static const char *service_id(const struct finding *finding)
{
    return finding->service ? finding->service->id : NULL;
}

static const char *provider_id(const struct finding *finding)
{
    return finding->service ? finding->service->provider->id : NULL;
}

/* By place, then by whom, then the stronger first, so that the first of equals is the one to keep. */
static int by_place(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    if (order == 0 && x->line != y->line)
        return x->line < y->line ? -1 : 1;
    order = order ? order : compare_texts(provider_id(x), provider_id(y));
    order = order ? order : compare_texts(service_id(x), service_id(y));
    order = order ? order : compare_texts(x->host, y->host);
    if (order == 0)
        order = (int)y->level - (int)x->level;
    return order ? order : (int)y->evidence - (int)x->evidence;
}

static bool same_place(const struct finding *a, const struct finding *b)
{
    return a->line == b->line && a->service == b->service && compare_texts(a->host, b->host) == 0 &&
           strcmp(a->file, b->file) == 0;
}

static int by_file(const void *a, const void *b)
{
    const struct warning *x = a, *y = b;
    const int order = strcmp(x->file, y->file);
    return order ? order : strcmp(x->text, y->text);
}

static bool is_own(const struct gathered *from, const char *host)
{
    for (size_t i = 0; i < from->count; i++)
        for (size_t j = 0; j < from->sinks[i]->own_count; j++)
            if (strcmp(from->sinks[i]->own[j], host) == 0)
                return true;
    return false;
}

/* Takes texts over into the report: the threads' arenas go away. */
static bool adopt(struct report *report, const struct finding *found, struct error *error)
{
    struct finding *to = &report->findings[report->finding_count];
    *to = *found;
    const bool same_file = report->finding_count > 0 && strcmp(to[-1].file, found->file) == 0;
    to->file = same_file ? to[-1].file : arena_text(&report->arena, span_text(found->file));
    to->text = arena_text(&report->arena, span_text(found->text));
    to->host = found->host ? arena_text(&report->arena, span_text(found->host)) : NULL;
    report->finding_count++;
    return (to->file && to->text && (to->host || !found->host)) || error_memory(error, 0);
}

static bool gather_findings(const struct gathered *from, struct report *report, struct error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++)
        count += from->sinks[i]->finding_count;
    struct finding *all = calloc(count + 1, sizeof *all);
    report->findings = arena_take(&report->arena, count + 1, sizeof *report->findings);
    bool good = (all && report->findings) || error_memory(error, count * sizeof *all);
    size_t row = 0;
    for (size_t i = 0; good && i < from->count; i++) {
        const struct sink *sink = from->sinks[i];
        if (sink->finding_count > 0)
            memcpy(all + row, sink->findings, sink->finding_count * sizeof *all);
        row += sink->finding_count;
    }
    if (good && row > 1)
        qsort(all, row, sizeof *all, by_place);
    for (size_t i = 0; good && i < row; i++)
        if (!(i > 0 && same_place(&all[i], &all[i - 1])) && !(all[i].host && is_own(from, all[i].host)))
            good = adopt(report, &all[i], error);
    free(all);
    return good;
}

static bool gather_warnings(const struct gathered *from, struct report *report, struct error *error)
{
    size_t count = 0;
    bool full = false;
    for (size_t i = 0; i < from->count; i++) {
        count += from->sinks[i]->warning_count;
        full |= from->sinks[i]->full;
    }
    report->warnings = arena_take(&report->arena, count + 1, sizeof *report->warnings);
    if (!report->warnings)
        return error_memory(error, count * sizeof *report->warnings);
    for (size_t i = 0; i < from->count; i++)
        for (size_t j = 0; j < from->sinks[i]->warning_count; j++) {
            struct warning *to = &report->warnings[report->warning_count++];
            to->file = arena_text(&report->arena, span_text(from->sinks[i]->warnings[j].file));
            to->text = arena_text(&report->arena, span_text(from->sinks[i]->warnings[j].text));
            if (!to->file || !to->text)
                return error_memory(error, 0);
        }
    if (count > 1)
        qsort(report->warnings, count, sizeof *report->warnings, by_file);
    if (full)
        report->warnings[report->warning_count++] =
            (struct warning){ ".", "memory was short, or there was too much to keep: findings are missing" };
    return true;
}

/* Today, or the day of SOURCE_DATE_EPOCH (reproducible-builds.org). */
static const char *date_of(struct arena *arena)
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    const time_t moment = fixed ? (time_t)strtoll(fixed, NULL, 10) : (time_t)calendar_now();
    struct tm parts;
    char text[16] = "";
    if (gmtime_r(&moment, &parts))
        strftime(text, sizeof text, "%Y-%m-%d", &parts);
    return arena_text(arena, span_text(text));
}

bool report_make(const struct gathered *from, const struct providers *providers, const char *title, struct report **out,
                 struct error *error)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        return error_memory(error, sizeof *report);
    report->providers = providers;
    report->date = date_of(&report->arena);
    report->title = arena_text(&report->arena, span_text(title));
    report->files = from->files;
    report->bytes = from->bytes;
    if (!report->date || !report->title || !gather_findings(from, report, error) ||
        !gather_warnings(from, report, error)) {
        report_close(report);
        return error && error->kind ? false : error_memory(error, 0);
    }
    *out = report;
    return true;
}

void report_close(struct report *report)
{
    if (!report)
        return;
    arena_free(&report->arena);
    free(report);
}

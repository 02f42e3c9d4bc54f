/* csv.c: the register as a table, one row for each service, with what Regulation (EU) 2022/2554 (DORA, article 28) and
 * its register of information ask of a contract with a third party: who, whose, for what, how critical, how replaced.
 *
 * RFC 4180: commas, CRLF, quotes doubled. A text that a spreadsheet would take for a formula (OWASP, "CSV injection")
 * gets an apostrophe before it. */
#include "audit/results/form.h"

#include <string.h>

enum { MOST_PLACES = 100 };

/* One row in the making: cells are written as they come. */
struct row {
    FILE *stream;
    struct arena *arena;
    size_t cells;
    bool failed;
};

static bool is_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

static void put_quoted(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', stream);
        fputc(*text, stream);
    }
}

static void put_cell(struct row *row, const char *text)
{
    const char *clean = text_clean(row->arena, text ? text : "");
    row->failed |= !clean;
    if (row->cells++)
        fputc(',', row->stream);
    fputc('"', row->stream);
    if (clean && is_formula(clean))
        fputc('\'', row->stream);
    put_quoted(row->stream, clean ? clean : "");
    fputc('"', row->stream);
}

static void end_row(struct row *row)
{
    fputs("\r\n", row->stream);
    row->cells = 0;
}

/* Several texts in one cell, parted by "; ". */
static void put_list(struct row *row, const char *const *texts, size_t count)
{
    struct buffer list = { .limit = 1 << 20 };
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        good = buffer_format(&list, NULL, "%s%s", i ? "; " : "", texts[i]);
    put_cell(row, list.bytes);
    row->failed |= !good;
    buffer_free(&list);
}

static void put_places(struct row *row, const struct dependency *dependency)
{
    const size_t shown = size_min(dependency->finding_count, MOST_PLACES);
    const char *places[MOST_PLACES + 1];
    for (size_t i = 0; i < shown; i++) {
        const struct finding *finding = dependency->findings[i];
        places[i] = arena_format(row->arena, "%s:%zu", finding->file, finding->line);
        if (!places[i]) {
            row->failed = true;
            return;
        }
    }
    char more[32];
    snprintf(more, sizeof more, "%zu more", dependency->finding_count - shown);
    places[shown] = more;
    put_list(row, places, shown + (dependency->finding_count > shown));
}

static const char *substitutability(const struct alternative *way_out)
{
    static const struct {
        const char *effort, *words;
    } rows[] = { { "hours", "easily substitutable" },
                 { "days", "easily substitutable" },
                 { "weeks", "medium complexity" },
                 { "months", "highly complex" } };
    for (size_t i = 0; way_out && i < LENGTH(rows); i++)
        if (strcmp(rows[i].effort, way_out->effort) == 0)
            return rows[i].words;
    return "not known";
}

static void put_dependency(struct row *row, const struct dependency *dependency)
{
    const struct service *service = dependency->service;
    const struct provider *provider = service ? service->provider : NULL;
    const struct alternative *way_out = dependency->way_out;
    put_cell(row, dependency->name);
    put_cell(row, dependency->provider);
    put_cell(row, provider ? provider->entity : NULL);
    put_cell(row, provider ? provider->owner : NULL);
    put_cell(row, provider ? provider->country : NULL);
    put_list(row, provider ? provider->laws : NULL, provider ? provider->law_count : 0);
    put_cell(row, service ? service->category->title : "unknown");
    put_cell(row, service ? service->category->flows : NULL);
    put_cell(row, level_name(dependency->level));
    put_cell(row, service ? service->category->cut : NULL);
    put_places(row, dependency);
    put_cell(row, way_out ? way_out->name : NULL);
    put_cell(row, way_out ? way_out->effort : NULL);
    put_cell(row, substitutability(way_out));
    end_row(row);
}

bool result_csv(struct result *result, FILE *stream, struct error *error)
{
    static const char *const names[] = {
        "service",    "provider",    "entity",     "owner",           "country",
        "laws",       "category",    "data flows", "criticality",     "impact if it is gone",
        "where used", "alternative", "effort",     "substitutability"
    };
    struct row row = { .stream = stream, .arena = &result->arena };
    for (size_t i = 0; i < LENGTH(names); i++)
        put_cell(&row, names[i]);
    end_row(&row);
    for (size_t i = 0; i < result->summary.dependency_count; i++)
        put_dependency(&row, &result->summary.dependencies[i]);
    return !row.failed || error_memory(error, 0);
}

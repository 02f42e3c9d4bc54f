/* baseline.c: what a result of before has already. A finding is known if one of the baseline's stands for it, and each
 * of those stands for one only, so that a second use is new. Taken in this order:
 *
 *   1  the same service, file and text      nothing changed but the line
 *   2  the same service and text            the file was renamed
 *   3  the same service and file            a version, a region in the text was changed
 */
#include "audit/audit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BASELINE = 1 << 28 };

/* A finding, of the report or of the baseline, in the words in which they are compared. */
struct record {
    const char *service, *file, *text;
    struct finding *finding; /* NULL: of the baseline */
    bool taken;
};

struct records {
    struct record *rows;
    size_t count;
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool read_record(const json_t *row, struct record *out)
{
    const char *id = text_of(row, "service_id");
    *out = (struct record){ .service = id ? id : text_of(row, "provider"),
                            .file = text_of(row, "file"),
                            .text = text_of(row, "text") };
    return out->service && out->file && out->text;
}

/* The texts belong to whole. */
static bool read_records(const json_t *whole, const char *path, struct records *out, struct error *error)
{
    const json_t *findings = json_object_get(whole, "findings");
    const char *schema = text_of(whole, "schema");
    if (!schema || strcmp(schema, "bastide-audit-1") != 0 || !json_is_array(findings))
        return error_set(error, "%s: no result of an audit: make one with bastide audit PATH --format json", path);
    const size_t count = json_array_size(findings);
    out->rows = calloc(count + 1, sizeof *out->rows);
    if (!out->rows)
        return error_memory(error, count * sizeof *out->rows);
    for (; out->count < count; out->count++)
        if (!read_record(json_array_get(findings, out->count), &out->rows[out->count]))
            return error_set(error, "%s: finding %zu has no service, file or text", path, out->count + 1);
    return true;
}

/* As a result writes it: bytes that are no UTF-8 look the same on both sides. */
static const char *as_written(struct arena *arena, const char *text)
{
    const struct span bytes = span_text(text);
    if (utf8_valid_prefix(bytes) == bytes.bytes)
        return text;
    char *out = arena_take(arena, bytes.bytes + 1, 3), *end = out;
    for (size_t i = 0; out && i < bytes.bytes;) {
        uint32_t c;
        i += utf8_read(bytes, i, &c);
        end += utf8_write(c, end);
    }
    return out;
}

static bool list_findings(struct report *report, struct records *out, struct error *error)
{
    out->rows = calloc(report->finding_count + 1, sizeof *out->rows);
    if (!out->rows)
        return error_memory(error, report->finding_count * sizeof *out->rows);
    for (; out->count < report->finding_count; out->count++) {
        struct finding *finding = &report->findings[out->count];
        struct record *row = &out->rows[out->count];
        *row = (struct record){ .service = finding->service ? finding->service->id : finding->host,
                                .file = as_written(&report->arena, finding->file),
                                .text = as_written(&report->arena, finding->text),
                                .finding = finding };
        if (!row->file || !row->text)
            return error_memory(error, 0);
    }
    return true;
}

/* ---- matching ---------------------------------------------------------------------------------------------------- */

static int by_all(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    const int service = strcmp(a->service, b->service), file = service ? service : strcmp(a->file, b->file);
    return file ? file : strcmp(a->text, b->text);
}

static int by_text(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    const int service = strcmp(a->service, b->service);
    return service ? service : strcmp(a->text, b->text);
}

static int by_file(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    const int service = strcmp(a->service, b->service);
    return service ? service : strcmp(a->file, b->file);
}

/* Walks both lists, sorted alike, and pairs what is equal and not taken. */
static void pair(struct records *ours, struct records *theirs, int compare(const void *, const void *))
{
    qsort(ours->rows, ours->count, sizeof *ours->rows, compare);
    qsort(theirs->rows, theirs->count, sizeof *theirs->rows, compare);
    for (size_t i = 0, k = 0; i < ours->count && k < theirs->count;) {
        const int order = compare(&ours->rows[i], &theirs->rows[k]);
        if (ours->rows[i].taken || order < 0) {
            i++;
        } else if (theirs->rows[k].taken || order > 0) {
            k++;
        } else {
            ours->rows[i].taken = theirs->rows[k].taken = true;
            ours->rows[i++].finding->known = true;
            k++;
        }
    }
}

static bool compare_with(struct report *report, const json_t *whole, const char *path, struct error *error)
{
    struct records ours = { 0 }, theirs = { 0 };
    const bool read = read_records(whole, path, &theirs, error) && list_findings(report, &ours, error);
    if (read) {
        pair(&ours, &theirs, by_all);
        pair(&ours, &theirs, by_text);
        pair(&ours, &theirs, by_file);
    }
    free(ours.rows);
    free(theirs.rows);
    return read;
}

bool report_compare(struct report *report, const char *baseline, struct error *error)
{
    struct buffer text = { .limit = MOST_BASELINE };
    if (!file_read(baseline, &text, error)) {
        buffer_free(&text);
        return false;
    }
    json_error_t mistake;
    json_t *whole = json_loadb(text.length ? text.bytes : "", text.length, JSON_REJECT_DUPLICATES, &mistake);
    buffer_free(&text);
    if (!whole)
        return error_set(error, "%s: line %d: %s", baseline, mistake.line, mistake.text);
    const bool compared = compare_with(report, whole, baseline, error);
    json_decref(whole);
    return compared;
}

size_t report_over(const struct report *report, enum level least)
{
    size_t over = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct finding *finding = &report->findings[i];
        over += finding->level >= least && !finding->known && !finding->waived;
    }
    return over;
}

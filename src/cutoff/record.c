/* record.c: a drill as text, form "bastide-cutoff-1", and the folder where such texts are kept as evidence: one file
 * each, for its owner's eyes, since command lines and outputs may hold secrets. */
#include "cutoff/cutoff.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- as text ----------------------------------------------------------------------------------------------------- */

/* Text that may hold any byte: what is no UTF-8 becomes U+FFFD. */
static json_t *strange(const char *text)
{
    const struct span bytes = span_text(text ? text : "");
    struct buffer clean = { .limit = 1 << 20 };
    bool good = true;
    for (size_t offset = 0; good && offset < bytes.bytes;) {
        uint32_t code_point;
        char written[4];
        offset += utf8_read(bytes, offset, &code_point);
        good = buffer_add(&clean, written, utf8_write(code_point, written), NULL);
    }
    json_t *json = json_stringn(clean.bytes ? clean.bytes : "", clean.length);
    buffer_free(&clean);
    return json;
}

static json_t *texts(const char *const *all, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, strange(all[i]));
    return array;
}

static json_t *tried_json(const struct cutoff_tried *row)
{
    const struct service *service = row->service;
    return json_pack("{s:s, s:s, s:i, s:s, s:s?, s:s?, s:s?, s:b, s:s, s:I}", "name", row->name, "address",
                     row->address, "port", (int)row->port, "protocol", row->protocol, "provider",
                     service ? service->provider->name : NULL, "provider_id", service ? service->provider->id : NULL,
                     "service_id", service ? service->id : NULL, "allowed", (int)row->allowed, "why", row->why, "count",
                     (json_int_t)row->count);
}

static json_t *stream_json(const struct cutoff_stream *stream)
{
    return json_pack("{s:I, s:o}", "bytes", (json_int_t)stream->bytes, "last_lines", strange(stream->tail));
}

static json_t *run_json(const struct cutoff_run *run)
{
    json_t *tried = json_array();
    for (size_t i = 0; i < run->tried_count; i++)
        json_array_append_new(tried, tried_json(&run->tried[i]));
    return json_pack("{s:b, s:i, s:b, s:f, s:o, s:b, s:o, s:o}", "cut", (int)run->cut, "status", run->status,
                     "timed_out", (int)run->timed_out, "seconds", run->seconds, "tried", tried, "more_was_tried",
                     (int)run->more, "output", stream_json(&run->out), "errors", stream_json(&run->err));
}

static const char *kind_text(enum cut_kind kind)
{
    return kind == CUT_THESE ? "these" : kind == CUT_ALL_BUT ? "all-but" : "everything";
}

static json_t *result_json(const struct cutoff_order *order, const struct cutoff_result *result)
{
    size_t words = 0;
    char date[32] = "";
    struct tm parts;
    const time_t now = (time_t)calendar_now();
    while (order->words[words])
        words++;
    if (gmtime_r(&now, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:f, s:s, s:o, s:[o, o]}", "schema", "bastide-cutoff-1", "date", date,
                     "command", texts(order->words, words), "cut_kind", kind_text(order->kind), "cut",
                     texts(order->cut_names, order->cut_count), "timeout", order->timeout, "verdict",
                     cutoff_verdict_name(result->verdict), "reasons", texts(result->reasons, result->reason_count),
                     "runs", run_json(&result->runs[0]), run_json(&result->runs[1]));
}

bool cutoff_text(const struct cutoff_order *order, const struct cutoff_result *result, struct arena *arena,
                 const char **out, struct error *error)
{
    json_t *json = result_json(order, result);
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    *out = text ? arena_format(arena, "%s\n", text) : NULL;
    free(text);
    json_decref(json);
    return *out || error_memory(error, 0);
}

/* ---- kept -------------------------------------------------------------------------------------------------------- */

bool cutoff_keep(const char *text, struct arena *arena, const char **id, struct error *error)
{
    enum { DRAWN = 4 };
    char date[32] = "", drawn[DRAWN + 1];
    struct tm parts;
    const char *folder;
    const time_t now = (time_t)calendar_now();
    if (gmtime_r(&now, &parts))
        strftime(date, sizeof date, "%Y%m%d-%H%M%S", &parts);
    if (!letters_draw(drawn, DRAWN, error) || !folder_data("drills", arena, &folder, error) ||
        !folder_make(folder, error))
        return false;
    *id = arena_format(arena, "%s-%s", date, drawn);
    const char *path = *id ? arena_format(arena, "%s/%s.json", folder, *id) : NULL;
    return path ? file_write_atomic(path, span_text(text), error) : error_memory(error, 64);
}

static bool is_id(const char *text, size_t length)
{
    return length > 0 && length < 64 &&
           strspn(text, "0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") >= length;
}

/* The id that a file's name begins with; 0 for other files. */
static size_t id_length(const char *file)
{
    const char *end = strstr(file, ".json");
    const size_t length = end && !end[5] ? (size_t)(end - file) : 0;
    return is_id(file, length) ? length : 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool read_folder(DIR *stream, struct arena *arena, const char **ids, size_t most, size_t *count)
{
    for (struct dirent *entry; *count < most && (entry = readdir(stream));) {
        const size_t length = id_length(entry->d_name);
        if (length && !(ids[(*count)++] = arena_text(arena, span_of(entry->d_name, length))))
            return false;
    }
    return true;
}

bool cutoff_list(struct arena *arena, const char *const **out, size_t *count, struct error *error)
{
    enum { MOST = 10000 };
    const char *folder;
    *count = 0;
    if (!folder_data("drills", arena, &folder, error))
        return false;
    const char **ids = arena_take(arena, MOST, sizeof *ids);
    DIR *stream = ids ? opendir(folder) : NULL;
    *out = ids;
    if (!stream)
        return ids ? errno == ENOENT || error_system(error, folder, "read it") : error_memory(error, MOST);
    const bool good = read_folder(stream, arena, ids, MOST, count);
    closedir(stream);
    qsort(ids, *count, sizeof *ids, compare);
    return good || error_memory(error, 64);
}

bool cutoff_load(const char *id, struct arena *arena, const char **out, struct error *error)
{
    enum { MOST_BYTES = 16 << 20 };
    const char *folder;
    struct error why = { 0 };
    struct buffer text = { .limit = MOST_BYTES };
    if (!folder_data("drills", arena, &folder, error))
        return false;
    const char *path = is_id(id, strlen(id)) ? arena_format(arena, "%s/%s.json", folder, id) : NULL;
    const bool good = path && file_read(path, &text, &why);
    *out = good ? arena_text(arena, buffer_span(&text)) : NULL;
    buffer_free(&text);
    return *out || error_set_kind(error, ERROR_NOT_FOUND, "%s: no such drill: bastide cutoff list names them", id);
}

/* audit_kept.c: waivers and notes made on the page, in the data folder: audits/TITLE-HASH.json, HASH of the path. */
#include "server/page/audit_kept.h"

#include "audit/audit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TEXT = 1000, MOST_FILE = 1 << 20 };

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static bool name_file(const char *folder, struct arena *arena, const char **out, struct error *error)
{
    char hash[33];
    unsigned char bytes[16];
    crypto_generichash(bytes, sizeof bytes, (const unsigned char *)folder, strlen(folder), NULL, 0);
    sodium_bin2hex(hash, sizeof hash, bytes, sizeof bytes);
    const char *below = arena_format(arena, "audits/%s.json", hash);
    return below ? folder_data(below, arena, out, error) : error_memory(error, 0);
}

static bool read_file(struct audit_kept *kept, struct error *error)
{
    struct buffer text = { .limit = MOST_FILE };
    json_error_t mistake;
    if (access(kept->path, F_OK) != 0)
        return true;
    const bool read = file_read(kept->path, &text, error);
    json_t *entries = read ? json_loadb(text.bytes ? text.bytes : "", text.length, 0, &mistake) : NULL;
    buffer_free(&text);
    if (!read)
        return false;
    if (!json_is_array(json_object_get(entries, "waivers")) || !json_is_array(json_object_get(entries, "notes"))) {
        json_decref(entries);
        return error_set(error, "%s: no waivers and notes: move it away", kept->path);
    }
    json_decref(kept->entries);
    kept->entries = entries;
    return true;
}

bool audit_kept_open(const char *folder, struct arena *arena, struct audit_kept *out, struct error *error)
{
    *out = (struct audit_kept){ .entries = json_pack("{s:[], s:[]}", "waivers", "notes") };
    if (!out->entries)
        return error_memory(error, 0);
    return name_file(folder, arena, &out->path, error) && read_file(out, error);
}

void audit_kept_close(struct audit_kept *kept)
{
    json_decref(kept->entries);
    *kept = (struct audit_kept){ 0 };
}

char *audit_kept_text(const struct audit_kept *kept)
{
    return json_dumps(kept->entries, JSON_INDENT(1));
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

static bool check_entry(const json_t *entry, struct failure *failure)
{
    const char *key;
    json_t *value;
    if (!json_is_object(entry))
        return failure_field(failure, "entry", "must be an object");
    json_object_foreach((json_t *)entry, key,
                        value) if (!json_is_string(value) ||
                                   json_string_length(value) >
                                       MOST_TEXT) return failure_field(failure, "entry",
                                                                       "%s: a text of at most %d bytes is wanted", key,
                                                                       MOST_TEXT);
    return true;
}

/* By the audit's own reader, on a report in which nothing is found. */
static bool check_all(const char *text, struct failure *failure)
{
    struct error error = { 0 };
    struct report nothing = { .date = "0000-00-00" };
    const bool good = report_waive_text(&nothing, "entry", span_text(text), &error);
    arena_free(&nothing.arena);
    return good || failure_error(failure, &error);
}

static bool add_entry(json_t *list, const json_t *entry, struct failure *failure)
{
    return json_array_append_new(list, json_deep_copy(entry)) == 0 ||
           failure_set(failure, FAILURE_INTERNAL, "out of memory");
}

static bool remove_entry(json_t *list, const json_t *entry, struct failure *failure)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), entry))
            return json_array_remove(list, i) == 0;
    return failure_set(failure, FAILURE_NOT_FOUND, "there is no such entry");
}

static bool write_entries(struct audit_kept *kept, json_t *entries, struct failure *failure)
{
    struct error error = { 0 };
    const struct audit_kept next = { .path = kept->path, .entries = entries };
    char *text = audit_kept_text(&next);
    const bool written = text ? check_all(text, failure) && (file_write_atomic(kept->path, span_text(text), &error) ||
                                                             failure_error(failure, &error))
                              : failure_set(failure, FAILURE_INTERNAL, "out of memory");
    free(text);
    return written;
}

bool audit_kept_change(struct audit_kept *kept, const char *kind, const json_t *entry, bool add,
                       struct failure *failure)
{
    json_t *entries = json_deep_copy(kept->entries), *list = json_object_get(entries, kind);
    if (!list)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory");
    const bool changed = check_entry(entry, failure) &&
                         (add ? add_entry(list, entry, failure) : remove_entry(list, entry, failure));
    if (!changed || !write_entries(kept, entries, failure)) {
        json_decref(entries);
        return false;
    }
    json_decref(kept->entries);
    kept->entries = entries;
    return true;
}

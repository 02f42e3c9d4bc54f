/* pull.c: how a model comes into the store.
 *
 *   plan ─> lock ─> there already? ─> fetch into .pull/NAME/part ─> hash, length, GGUF? ─> ready/ ─rename─> NAME/
 *                        │ yes                │ broken off                 │ wrong
 *                        └─> done             └─> kept, to go on           └─> removed
 */
#include "engine/engine.h"
#include "models/pull.h"
#include "models/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

/* Left free for the rest of the machine when nobody knows how large the file will be. */
#define RESERVE_BYTES ((uint64_t)256 << 20)

struct kind {
    const char *prefix;
    bool many;                                              /* several sources may be joined */
    unsigned copies;                                        /* how often the bytes are on disk at the same time */
    bool (*check)(const char *source, struct error *error); /* its form */
    bool (*fetch)(const struct fetch *fetch, struct sink *sink, struct error *error);
};

static const struct kind kinds[] = {
    { "https://", false, 1, https_check, fetch_https },
    { "file:", false, 1, file_check, fetch_file },
    { "pypi:", true, 2, pypi_check, fetch_pypi }, /* the wheels and the model */
};

/* What is going to be fetched, and as what it is registered. */
struct plan {
    const struct kind *kind;
    const char *const *parts;
    size_t part_count;
    const char *name, *sha256, *licence, *source; /* sha256 may be NULL */
    uint64_t bytes;                               /* 0: unknown */
    unsigned stall_seconds;
    uint64_t most_bytes;
};

/* ---- the plan ----------------------------------------------------------------------------------------------- */

static const struct kind *kind_of(const char *source)
{
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (strncmp(source, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return &kinds[i];
    return NULL;
}

static bool check_parts(struct plan *plan, struct error *error)
{
    plan->kind = kind_of(plan->parts[0]);
    if (!plan->kind)
        return error_set(error, "%s: %s: not a source: pypi:PACKAGE, https://ADDRESS or file:PATH", plan->name,
                         plan->parts[0]);
    if (plan->part_count > 1 && !plan->kind->many)
        return error_set(error, "%s: several sources: only those that begin with pypi: can be joined", plan->name);
    for (size_t i = 0; i < plan->part_count; i++) {
        if (kind_of(plan->parts[i]) != plan->kind)
            return error_set(error, "%s: its sources are of different kinds", plan->name);
        if (!plan->kind->check(plan->parts[i], error))
            return false;
    }
    return true;
}

static bool plan_from_catalogue(const struct catalogue_model *model, struct plan *plan)
{
    plan->parts = model->parts;
    plan->part_count = model->part_count;
    plan->name = model->name;
    plan->sha256 = model->sha256;
    plan->licence = model->licence;
    plan->bytes = model->bytes;
    plan->source = model->parts[0];
    return true;
}

static bool not_known(const char *source, struct error *error)
{
    struct stat status;
    if (strncasecmp(source, "http://", 7) == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: refused: models are fetched over https:// only", source);
    if (stat(source, &status) == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: a model in a file is pulled as file:%s", source, source);
    return error_set_kind(error, ERROR_WRONG_USE,
                          "%s: neither in the catalogue nor a source: bastide model list shows "
                          "the names; sources are pypi:PACKAGE, https://ADDRESS and file:PATH",
                          source);
}

/* The row with that name, or the only one whose name begins so. */
static const struct catalogue_model *find_row(const struct catalogue *catalogue, const char *name)
{
    const struct catalogue_model *found = NULL;
    size_t matches = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        if (strcmp(catalogue->rows[i].name, name) == 0)
            return &catalogue->rows[i];
        if (name_begins(catalogue->rows[i].name, name)) {
            found = &catalogue->rows[i];
            matches++;
        }
    }
    return matches == 1 ? found : NULL;
}

static bool plan_by_name(const char *name, struct arena *arena, struct plan *plan, struct error *error)
{
    struct catalogue catalogue;
    if (!models_catalogue(arena, &catalogue, error))
        return false;
    const struct catalogue_model *row = find_row(&catalogue, name);
    return row ? plan_from_catalogue(row, plan) : not_known(name, error);
}

/* "pypi:PACKAGE==VERSION/MEMBER" is named after the package. */
static bool name_of_source(const char *source, struct arena *arena, const char **out, struct error *error)
{
    if (!kind_of(source)->check(source, error))
        return false;
    if (strncmp(source, "pypi:", 5) != 0)
        return name_from(source, arena, out, error);
    const char *package = source + strlen("pypi:");
    char *part = arena_text(arena, span_of(package, strcspn(package, "=/")));
    return part ? name_from(part, arena, out, error) : error_memory(error, strlen(package));
}

/* A path means the same from everywhere. */
static bool absolute_source(const char *source, struct arena *arena, const char **out, struct error *error)
{
    *out = source;
    if (strncmp(source, "file:", 5) != 0 || source[5] == '/')
        return true;
    char *path = realpath(source + 5, NULL);
    if (!path)
        return error_system(error, source + 5, "open it");
    *out = arena_format(arena, "file:%s", path);
    free(path);
    return *out || error_memory(error, strlen(source));
}

static bool plan_source(const char *source, struct arena *arena, struct plan *plan, struct error *error)
{
    const char **parts = arena_take(arena, 1, sizeof *parts);
    if (!parts)
        return error_memory(error, sizeof *parts);
    if (!absolute_source(source, arena, &parts[0], error))
        return false;
    *plan = (struct plan){ .parts = parts, .part_count = 1, .source = parts[0], .licence = "" };
    return true;
}

/* Manifests are JSON, which is UTF-8. */
static bool check_text(const char *text, struct error *error)
{
    const struct span span = span_text(text);
    return utf8_valid_prefix(span) == span.bytes ||
           error_set_kind(error, ERROR_WRONG_USE, "%s: not UTF-8 text: give the file another name", text);
}

static bool make_plan(const struct pull_wish *wish, struct arena *arena, struct plan *plan, struct error *error)
{
    *plan = (struct plan){ .licence = "" };
    const bool is_source = kind_of(wish->source) != NULL;
    if (!(is_source ? plan_source(wish->source, arena, plan, error) : plan_by_name(wish->source, arena, plan, error)))
        return false;
    if (wish->name)
        plan->name = wish->name;
    else if (is_source && !name_of_source(wish->source, arena, &plan->name, error))
        return false;
    if (wish->sha256 && !sha256_valid(wish->sha256))
        return error_set_kind(error, ERROR_WRONG_USE, "--sha256 %s: 64 digits 0-9 a-f are wanted", wish->sha256);
    plan->sha256 = wish->sha256 ? wish->sha256 : plan->sha256;
    plan->licence = wish->licence ? wish->licence : plan->licence;
    plan->stall_seconds = wish->stall_seconds;
    plan->most_bytes = wish->most_bytes;
    return name_check(plan->name, error) && check_text(plan->source, error) && check_text(plan->licence, error) &&
           check_parts(plan, error);
}

/* ---- is there room? ----------------------------------------------------------------------------------------- */

static uint64_t disk_free(const char *path)
{
    struct statvfs disk;
    return statvfs(path, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
}

/* How large the file may become; fails if what is expected has no room. */
static bool set_limit(const struct plan *plan, const struct place *place, uint64_t *limit, struct error *error)
{
    const uint64_t have = disk_free(place->store) + tree_bytes(place->work);
    const uint64_t most = plan->most_bytes ? plan->most_bytes : have > RESERVE_BYTES ? have - RESERVE_BYTES : have;
    *limit = plan->bytes ? plan->bytes : most;
    char wanted[16], there[16];
    if (plan->most_bytes && plan->bytes > plan->most_bytes)
        return error_set(error, "%s: larger than --max-size: it has %llu bytes", plan->name,
                         (unsigned long long)plan->bytes);
    if (plan->bytes > have / plan->kind->copies)
        return error_set(error,
                         "%s: the disk is too full: it needs %s and %s are free in %s: free space there, or set "
                         "BASTIDE_HOME to a folder on another disk",
                         plan->name, size_text((size_t)(plan->bytes * plan->kind->copies), wanted),
                         size_text((size_t)have, there), place->store);
    return true;
}

/* ---- is it what it should be? ------------------------------------------------------------------------------- */

static bool check_content(const struct plan *plan, const struct sink *sink, const char *sha256, struct error *error)
{
    if (plan->sha256 && strcmp(plan->sha256, sha256) != 0)
        return error_set(error,
                         "%s: not the file it should be: its SHA-256 is %s, expected was %s: it is removed; "
                         "look at the source",
                         plan->name, sha256, plan->sha256);
    if (plan->bytes && plan->bytes != sink->bytes)
        return error_set(error,
                         "%s: not the file it should be: %llu bytes, expected were %llu: it is removed; look "
                         "at the source",
                         plan->name, (unsigned long long)sink->bytes, (unsigned long long)plan->bytes);
    struct gguf *gguf = NULL;
    const bool readable = gguf_open(sink->path, &gguf, error);
    gguf_close(gguf);
    return readable || error_prefix(error, "%s: not a model that can be used", plan->name);
}

/* ---- the steps ---------------------------------------------------------------------------------------------- */

static bool put_in_place(const struct plan *plan, const struct place *place, const struct sink *sink,
                         const char *sha256, struct error *error)
{
    char date[32];
    const time_t now = time(NULL);
    struct tm parts;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    const struct stored_model model = {
        .name = plan->name,
        .source = plan->source,
        .sha256 = sha256,
        .licence = plan->licence,
        .date = date,
        .bytes = sink->bytes,
    };
    struct arena arena = { 0 };
    char *file = arena_format(&arena, "%s/%s.gguf", place->ready, plan->name);
    bool done = file || error_memory(error, strlen(place->ready));
    done = done && folder_make(place->ready, error) && manifest_write(place->ready, &model, error);
    done = done && (rename(sink->path, file) == 0 || error_system(error, file, "put it there"));
    done = done && store_register(place, error);
    arena_free(&arena);
    return done;
}

/* What was fetched is thrown away when it is the wrong thing, and kept when it is only not all yet. */
static bool fetch_and_check(const struct plan *plan, const struct place *place, struct sink *sink,
                            const struct progress *progress, struct error *error)
{
    const struct fetch fetch = {
        .parts = plan->parts,
        .part_count = plan->part_count,
        .work = place->work,
        .bytes = plan->bytes,
        .hash_known = plan->sha256 != NULL,
        .stall_seconds = plan->stall_seconds,
        .progress = progress,
    };
    char sha256[SHA256_TEXT];
    if (!plan->kind->fetch(&fetch, sink, error))
        return false;
    if (!sink_finish(sink, sha256, error))
        return false;
    if (!check_content(plan, sink, sha256, error)) {
        if (!tree_remove(place->work, NULL))
            error_prefix(error, "%s: could not be removed", place->work);
        return false;
    }
    return put_in_place(plan, place, sink, sha256, error);
}

static bool fetch_locked(const struct plan *plan, const struct place *place, const struct progress *progress,
                         struct error *error)
{
    struct arena arena = { 0 };
    struct sink sink = { .descriptor = -1 };
    uint64_t limit;
    char *part = arena_format(&arena, "%s/part", place->work);
    bool done = part || error_memory(error, strlen(place->work));
    done = done && folder_make(place->work, error) && tree_remove(place->ready, error) &&
           set_limit(plan, place, &limit, error) && sink_open(part, limit, progress, &sink, error) &&
           fetch_and_check(plan, place, &sink, progress, error);
    sink_close(&sink);
    arena_free(&arena);
    return done;
}

/* What is there under that name, if it is what is wanted. */
static bool check_there(const struct plan *plan, const struct stored_model *there, struct error *error)
{
    const bool same = plan->sha256 ? strcmp(plan->sha256, there->sha256) == 0
                                   : strcmp(plan->source, there->source) == 0;
    return same || error_set(error,
                             "%s: there is another model of that name, from %s: give this one another with "
                             "--name, or bastide model remove %s first",
                             plan->name, there->source, plan->name);
}

static bool pull_locked(const struct plan *plan, const struct place *place, struct arena *arena,
                        const struct progress *progress, struct stored_model *out, bool *was_there, struct error *error)
{
    bool there;
    if (!manifest_read(place, plan->name, arena, out, &there, error))
        return false;
    *was_there = there && out->whole;
    if (*was_there)
        return check_there(plan, out, error);
    return fetch_locked(plan, place, progress, error) && manifest_read(place, plan->name, arena, out, &there, error) &&
           (there || error_set(error, "%s: removed by somebody else meanwhile", plan->name));
}

bool models_pull(const struct pull_wish *wish, struct arena *arena, const struct progress *progress,
                 struct stored_model *out, bool *was_there, struct error *error)
{
    struct plan plan;
    struct place place;
    struct lock lock;
    if (!make_plan(wish, arena, &plan, error) || !place_of(plan.name, arena, &place, error) ||
        !lock_take(&place, progress, &lock, error))
        return false;
    const bool done = pull_locked(&plan, &place, arena, progress, out, was_there, error);
    lock_release(&lock);
    store_sweep(&place);
    return done;
}

bool models_remove(const char *name, struct error *error)
{
    struct arena arena = { 0 };
    struct place place;
    struct lock lock = { .descriptor = -1 };
    struct stat status;
    bool done = name_check(name, error) && place_of(name, &arena, &place, error) &&
                lock_take(&place, NULL, &lock, error);
    if (done && stat(place.model, &status) != 0 && stat(place.work, &status) != 0)
        done = error_set(error, "%s: no such model: bastide model list shows the names", name);
    done = done && store_clear(&place, error);
    lock_release(&lock);
    arena_free(&arena);
    return done;
}

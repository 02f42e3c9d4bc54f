/* store.c: the folder of models. A model is a folder with its file and manifest; it comes by one rename of a folder
 * that is complete, and goes by one rename too, so that whoever looks, at whatever moment, sees it whole or not at
 * all. What is half done lies under .pull, which no list looks into. */
#include "models/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_MANIFEST_BYTES = 64 * 1024,
    STALE_SECONDS = 7 * 24 * 60 * 60, /* an interrupted pull is kept for a week, for the next one to go on */
};

bool place_of(const char *name, struct arena *arena, struct place *out, struct error *error)
{
    if (!folder_data("models", arena, &out->store, error))
        return false;
    out->model = arena_format(arena, "%s/%s", out->store, name);
    out->file = arena_format(arena, "%s/%s/%s.gguf", out->store, name, name);
    out->pull = arena_format(arena, "%s/.pull", out->store);
    out->work = arena_format(arena, "%s/.pull/%s", out->store, name);
    out->ready = arena_format(arena, "%s/.pull/%s/ready", out->store, name);
    out->lock = arena_format(arena, "%s/.pull/%s~lock", out->store, name);
    out->gone = arena_format(arena, "%s/.pull/%s~gone", out->store, name);
    return (out->model && out->file && out->pull && out->work && out->ready && out->lock && out->gone) ||
           error_memory(error, strlen(out->store));
}

/* ---- manifests ---------------------------------------------------------------------------------------------- */

static bool text_of(const json_t *root, const char *key, struct arena *arena, const char **out)
{
    const json_t *value = json_object_get(root, key);
    if (!json_is_string(value))
        return false;
    *out = arena_text(arena, span_text(json_string_value(value)));
    return *out != NULL;
}

static bool read_fields(const json_t *root, const char *name, struct arena *arena, struct stored_model *out)
{
    const char *recorded;
    const json_t *bytes = json_object_get(root, "bytes");
    if (!text_of(root, "name", arena, &recorded) || strcmp(recorded, name) != 0 || !json_is_integer(bytes) ||
        json_integer_value(bytes) < 0)
        return false;
    out->name = recorded;
    out->bytes = (uint64_t)json_integer_value(bytes);
    return text_of(root, "sha256", arena, &out->sha256) && sha256_valid(out->sha256) &&
           text_of(root, "source", arena, &out->source) && text_of(root, "licence", arena, &out->licence) &&
           text_of(root, "date", arena, &out->date);
}

static bool is_whole(const struct stored_model *model)
{
    struct stat status;
    return stat(model->path, &status) == 0 && S_ISREG(status.st_mode) && (uint64_t)status.st_size == model->bytes;
}

bool manifest_read(const struct place *place, const char *name, struct arena *arena, struct stored_model *out,
                   bool *there, struct error *error)
{
    char *path = arena_format(arena, "%s/manifest.json", place->model);
    if (!path)
        return error_memory(error, strlen(place->model));
    *there = access(path, F_OK) == 0;
    if (!*there)
        return errno == ENOENT || errno == ENOTDIR || error_system(error, path, "look for it");
    struct buffer text = { .limit = MOST_MANIFEST_BYTES };
    bool good = file_read(path, &text, error);
    if (good) {
        json_t *root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
        good = read_fields(root, name, arena, out) ||
               error_set(error, "%s: not a manifest of %s: bastide model remove %s, then pull it again", path, name,
                         name);
        json_decref(root);
    }
    out->path = place->file;
    out->whole = good && is_whole(out);
    buffer_free(&text);
    return good;
}

bool manifest_write(const char *folder, const struct stored_model *model, struct error *error)
{
    struct arena arena = { 0 };
    json_t *root = json_pack("{s:s, s:s+, s:I, s:s, s:s, s:s, s:s}", "name", model->name, "file", model->name, ".gguf",
                             "bytes", (json_int_t)model->bytes, "sha256", model->sha256, "source", model->source,
                             "date", model->date, "licence", model->licence);
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    char *path = arena_format(&arena, "%s/manifest.json", folder);
    char *line = text ? arena_format(&arena, "%s\n", text) : NULL;
    const bool written = path && line
                             ? file_write_atomic(path, span_text(line), error)
                             : error_set(error, "%s: its facts are not UTF-8 text, or memory is short", model->name);
    free(text);
    json_decref(root);
    arena_free(&arena);
    return written;
}

/* ---- the list ----------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct stored_model *)a)->name, ((const struct stored_model *)b)->name);
}

struct rows {
    struct stored_model *rows;
    size_t count, capacity;
};

/* Adds a row, in arena memory that doubles. */
static bool add_row(struct rows *rows, struct arena *arena, const struct stored_model *row, struct error *error)
{
    if (rows->count == rows->capacity) {
        const size_t capacity = size_max(16, rows->capacity * 2);
        struct stored_model *grown = arena_take(arena, capacity, sizeof *grown);
        if (!grown)
            return error_memory(error, capacity * sizeof *grown);
        if (rows->count > 0)
            memcpy(grown, rows->rows, rows->count * sizeof *grown);
        rows->rows = grown;
        rows->capacity = capacity;
    }
    rows->rows[rows->count++] = *row;
    return true;
}

/* A manifest that can't be read hides its model, not the others; models_find and models_verify tell. */
static bool add_if_model(const char *name, struct arena *arena, struct rows *rows, struct error *error)
{
    struct place place;
    struct stored_model model;
    struct error unreadable = { 0 };
    bool there;
    if (!name_valid(name))
        return true;
    if (!place_of(name, arena, &place, error))
        return false;
    if (!manifest_read(&place, name, arena, &model, &there, &unreadable) || !there)
        return true;
    return add_row(rows, arena, &model, error);
}

bool models_list(struct arena *arena, struct stored_models *out, struct error *error)
{
    struct rows rows = { 0 };
    const char *folder;
    *out = (struct stored_models){ 0 };
    if (!folder_data("models", arena, &folder, error))
        return false;
    DIR *entries = opendir(folder);
    if (!entries)
        return errno == ENOENT || error_system(error, folder, "read this folder");
    bool good = true;
    for (const struct dirent *entry; good && (entry = readdir(entries));)
        good = add_if_model(entry->d_name, arena, &rows, error);
    closedir(entries);
    if (rows.count > 1)
        qsort(rows.rows, rows.count, sizeof *rows.rows, by_name);
    *out = (struct stored_models){ rows.rows, rows.count };
    return good;
}

/* ---- coming and going --------------------------------------------------------------------------------------- */

static bool move(const char *from, const char *to, struct error *error)
{
    return rename(from, to) == 0 || errno == ENOENT || error_system(error, from, "move it out of the way");
}

/* A rename is on disk only once the folders are. */
static void sync_folder(const char *path)
{
    const int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

bool store_register(const struct place *place, struct error *error)
{
    if (!tree_remove(place->gone, error) || !move(place->model, place->gone, error))
        return false;
    sync_folder(place->ready);
    if (rename(place->ready, place->model) != 0)
        return error_system(error, place->model, "put the model there");
    sync_folder(place->store);
    return tree_remove(place->gone, error) && tree_remove(place->work, error);
}

bool store_clear(const struct place *place, struct error *error)
{
    return tree_remove(place->gone, error) && move(place->model, place->gone, error) &&
           tree_remove(place->gone, error) && tree_remove(place->work, error);
}

static bool is_stale(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && time(NULL) - status.st_mtime > STALE_SECONDS;
}

/* The lock tells whether somebody works on that name; what can't be removed now is tried again by the next pull. */
static void sweep_name(const char *name)
{
    struct arena arena = { 0 };
    struct error ignored;
    struct place place;
    struct lock lock = { .descriptor = -1 };
    bool taken = false;
    if (place_of(name, &arena, &place, &ignored) && lock_try(place.lock, &lock, &taken, &ignored) && taken) {
        bool removed = tree_remove(place.gone, &ignored);
        removed = removed && is_stale(place.work) && tree_remove(place.work, &ignored);
        (void)removed;
    }
    lock_release(&lock);
    arena_free(&arena);
}

void store_sweep(const struct place *place)
{
    DIR *entries = opendir(place->pull);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        entry->d_name[strcspn(entry->d_name, "~")] = '\0';
        if (name_valid(entry->d_name))
            sweep_name(entry->d_name);
    }
    closedir(entries);
}

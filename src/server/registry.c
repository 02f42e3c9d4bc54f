/* registry.c: the models that clients may name. The rows are made anew at each reading of the store and swapped in
 * under the lock; who asks gets copies in an arena of his own, so nobody holds a row that a removal takes away. */
#include "server/registry.h"

#include "models/models.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MOST_NAMES_TEXT = 400 };

static const char latest[] = ":latest", ending[] = ".gguf";

/* One reading of the command line's names and the store. */
struct reading {
    struct arena arena;
    struct served_model *rows; /* the default first */
    size_t count;
};

struct registry {
    struct arena arena; /* of what the command line said */
    const char **names;
    size_t name_count;
    const char *alias;
    bool any_model;
    pthread_mutex_t lock; /* of reading */
    struct reading reading;
};

/* ---- names ------------------------------------------------------------------------------------------------------- */

static struct span without_ending(struct span text, const char *tail)
{
    const size_t length = strlen(tail);
    if (text.bytes > length && strncasecmp((const char *)text.data + text.bytes - length, tail, length) == 0)
        text.bytes -= length;
    return text;
}

static struct span stem_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return without_ending(span_text(slash ? slash + 1 : path), ending);
}

static bool same_name(struct span a, struct span b)
{
    return a.bytes == b.bytes && strncasecmp((const char *)a.data, (const char *)b.data, a.bytes) == 0;
}

/* A file's name may hold any bytes; an id goes into JSON. */
static char *id_of(struct arena *arena, const char *path)
{
    char *id = arena_text(arena, stem_of(path));
    if (!id)
        return NULL;
    struct span rest = span_text(id);
    for (size_t good; (good = utf8_valid_prefix(rest)) < rest.bytes;) {
        id[strlen(id) - rest.bytes + good] = '?';
        rest = span_of(rest.data + good + 1, rest.bytes - good - 1);
    }
    return id;
}

/* ---- one reading ------------------------------------------------------------------------------------------------- */

static const struct served_model *row_of_id(const struct reading *reading, const char *id)
{
    for (size_t i = 0; i < reading->count; i++)
        if (strcasecmp(reading->rows[i].id, id) == 0)
            return &reading->rows[i];
    return NULL;
}

static const struct stored_model *stored_at(const struct stored_models *stored, const char *path)
{
    for (size_t i = 0; i < stored->count; i++)
        if (strcmp(stored->rows[i].path, path) == 0)
            return &stored->rows[i];
    return NULL;
}

static void add_stored(struct reading *reading, const struct stored_model *model)
{
    struct stat status;
    if (!model->whole || stat(model->path, &status) != 0 || row_of_id(reading, model->name))
        return;
    reading->rows[reading->count++] = (struct served_model){
        .id = model->name,
        .path = model->path,
        .sha256 = model->sha256,
        .licence = model->licence,
        .modified = (double)status.st_mtime,
        .bytes = model->bytes,
        .in_store = true,
    };
}

static bool add_file(struct reading *reading, const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return error_system(error, path, "look at it");
    const char *id = id_of(&reading->arena, path);
    if (!id)
        return error_memory(error, strlen(path));
    const struct served_model *other = row_of_id(reading, id);
    if (other)
        return strcmp(other->path, path) == 0 ||
               error_set_kind(error, ERROR_WRONG_USE, "%s: %s has the same name for clients: rename one of the files",
                              path, other->path);
    reading->rows[reading->count++] = (struct served_model){
        .id = id,
        .path = path,
        .sha256 = "",
        .licence = "",
        .modified = (double)status.st_mtime,
        .bytes = (uint64_t)status.st_size,
    };
    return true;
}

/* first: at the start each name must lead to a model; later one may have been removed from the store. */
static bool add_named(struct reading *reading, const char *name, const struct stored_models *stored, bool first,
                      struct error *error)
{
    const char *path;
    if (!models_resolve(name, &reading->arena, &path, first ? error : NULL))
        return !first;
    const struct stored_model *model = stored_at(stored, path);
    if (!model)
        return add_file(reading, path, error);
    add_stored(reading, model);
    return true;
}

/* The catalogue's default goes first where nobody named a model. */
static void add_default(struct reading *reading, const struct stored_models *stored)
{
    struct catalogue catalogue;
    if (!models_catalogue(&reading->arena, &catalogue, NULL) || !catalogue.default_name)
        return;
    for (size_t i = 0; i < stored->count; i++)
        if (strcmp(stored->rows[i].name, catalogue.default_name) == 0)
            add_stored(reading, &stored->rows[i]);
}

static bool read_all(const struct registry *registry, bool first, struct reading *out, struct error *error)
{
    struct stored_models stored;
    size_t most;
    if (!models_list(&out->arena, &stored, error) || !size_add(stored.count, registry->name_count, &most))
        return false;
    out->rows = arena_take(&out->arena, size_max(most, 1), sizeof *out->rows);
    if (!out->rows)
        return error_memory(error, most * sizeof *out->rows);
    for (size_t i = 0; i < registry->name_count; i++)
        if (!add_named(out, registry->names[i], &stored, first, error))
            return false;
    if (registry->name_count == 0)
        add_default(out, &stored);
    for (size_t i = 0; i < stored.count; i++)
        add_stored(out, &stored.rows[i]);
    if (out->count)
        out->rows[0].alias = registry->alias;
    return true;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool copy_names(struct registry *registry, const char *const *names, size_t count, const char *alias,
                       struct error *error)
{
    registry->names = arena_take(&registry->arena, size_max(count, 1), sizeof *registry->names);
    if (!registry->names)
        return error_memory(error, sizeof *registry->names);
    for (; registry->name_count < count; registry->name_count++) {
        registry->names[registry->name_count] = arena_text(&registry->arena, span_text(names[registry->name_count]));
        if (!registry->names[registry->name_count])
            return error_memory(error, strlen(names[registry->name_count]));
    }
    registry->alias = alias ? arena_text(&registry->arena, span_text(alias)) : NULL;
    return !alias || registry->alias || error_memory(error, strlen(alias));
}

bool registry_open(const char *const *names, size_t count, const char *alias, bool any_model, struct registry **out,
                   struct error *error)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return error_memory(error, sizeof *registry);
    pthread_mutex_init(&registry->lock, NULL);
    registry->any_model = any_model;
    if (!copy_names(registry, names, count, alias, error) || !read_all(registry, true, &registry->reading, error)) {
        registry_close(registry);
        return false;
    }
    *out = registry;
    return true;
}

void registry_close(struct registry *registry)
{
    if (!registry)
        return;
    pthread_mutex_destroy(&registry->lock);
    arena_free(&registry->reading.arena);
    arena_free(&registry->arena);
    free(registry);
}

bool registry_reload(struct registry *registry, struct error *error)
{
    struct reading reading = { 0 };
    if (!read_all(registry, false, &reading, error)) {
        arena_free(&reading.arena);
        return false;
    }
    pthread_mutex_lock(&registry->lock);
    struct reading old = registry->reading;
    registry->reading = reading;
    pthread_mutex_unlock(&registry->lock);
    arena_free(&old.arena);
    return true;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static bool copy_row(const struct served_model *row, struct arena *arena, struct served_model *out, struct error *error)
{
    *out = *row;
    out->id = arena_text(arena, span_text(row->id));
    out->alias = row->alias ? arena_text(arena, span_text(row->alias)) : NULL;
    out->path = arena_text(arena, span_text(row->path));
    out->sha256 = arena_text(arena, span_text(row->sha256));
    out->licence = arena_text(arena, span_text(row->licence));
    return (out->id && (out->alias || !row->alias) && out->path && out->sha256 && out->licence) ||
           error_memory(error, strlen(row->path));
}

static bool copy_rows(const struct reading *reading, struct arena *arena, struct served_model **rows, size_t *count,
                      struct error *error)
{
    *count = reading->count;
    *rows = arena_take(arena, size_max(*count, 1), sizeof **rows);
    if (!*rows)
        return error_memory(error, *count * sizeof **rows);
    for (size_t i = 0; i < *count; i++)
        if (!copy_row(&reading->rows[i], arena, &(*rows)[i], error))
            return false;
    return true;
}

bool registry_list(struct registry *registry, struct arena *arena, struct served_model **rows, size_t *count,
                   struct error *error)
{
    pthread_mutex_lock(&registry->lock);
    const bool copied = copy_rows(&registry->reading, arena, rows, count, error);
    pthread_mutex_unlock(&registry->lock);
    return copied;
}

/* Ids go before aliases and stems: a file that is called like another model's id does not hide it. */
static const struct served_model *match(const struct reading *reading, struct span name)
{
    for (size_t i = 0; i < reading->count; i++)
        if (same_name(name, span_text(reading->rows[i].id)))
            return &reading->rows[i];
    for (size_t i = 0; i < reading->count; i++) {
        const struct served_model *row = &reading->rows[i];
        if ((row->alias && same_name(name, without_ending(span_text(row->alias), latest))) ||
            same_name(without_ending(name, ending), stem_of(row->path)))
            return row;
    }
    return NULL;
}

static bool not_found(const struct reading *reading, const char *name, struct error *error)
{
    if (reading->count == 0)
        return error_set_kind(error, ERROR_NOT_FOUND,
                              "model '%.100s' not found: there are none here yet: bastide model pull", name);
    struct buffer names = { .limit = MOST_NAMES_TEXT };
    for (size_t i = 0; i < reading->count; i++)
        if (!buffer_format(&names, NULL, "%s%s", i ? ", " : "", reading->rows[i].id))
            break;
    error_set_kind(error, ERROR_NOT_FOUND, "model '%.100s' not found: this server has %s", name,
                   names.length ? names.bytes : "others");
    buffer_free(&names);
    return false;
}

bool registry_find(struct registry *registry, const char *name, struct arena *arena, struct served_model *out,
                   struct error *error)
{
    const struct span wanted = without_ending(span_text(name ? name : ""), latest);
    pthread_mutex_lock(&registry->lock);
    const struct reading *reading = &registry->reading;
    const struct served_model *row = wanted.bytes ? match(reading, wanted) : NULL;
    if (!row && reading->count && (wanted.bytes == 0 || registry->any_model))
        row = &reading->rows[0];
    const bool found = row ? copy_row(row, arena, out, error) : not_found(reading, name ? name : "", error);
    pthread_mutex_unlock(&registry->lock);
    return found;
}

/* find.c: from what a person types to a model's file. */
#include "models/store.h"

#include <string.h>
#include <sys/stat.h>

enum { MOST_TEXT = 512 };

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool looks_like_path(const char *name)
{
    const size_t length = strlen(name);
    return strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".gguf") == 0);
}

/* "a, b, c", cut where the buffer's limit is. */
static const char *names_of(const struct stored_models *models, struct buffer *out)
{
    for (size_t i = 0; i < models->count; i++)
        if (!buffer_format(out, NULL, "%s%s", i ? ", " : "", models->rows[i].name))
            break;
    return out->length ? out->bytes : "none";
}

/* Whether the catalogue has that name; its errors matter to who pulls, not to who looks for a model. */
static bool in_catalogue(const char *name, struct arena *arena)
{
    struct catalogue catalogue;
    if (!models_catalogue(arena, &catalogue, NULL))
        return false;
    for (size_t i = 0; i < catalogue.count; i++)
        if (strcmp(catalogue.rows[i].name, name) == 0)
            return true;
    return false;
}

/* The model here, or else in the catalogue, that was meant by a name typed wrong; NULL: none is like it. */
static const char *meant_by(const char *name, const struct stored_models *models, struct arena *arena)
{
    struct guess guess = { 0 };
    struct catalogue catalogue = { 0 };
    for (size_t i = 0; i < models->count; i++)
        guess_try(&guess, name, models->rows[i].name);
    if (!models_catalogue(arena, &catalogue, NULL))
        return guess.name;
    for (size_t i = 0; i < catalogue.count; i++)
        guess_try(&guess, name, catalogue.rows[i].name);
    return guess.name;
}

static bool not_here(const char *name, const struct stored_models *models, struct arena *arena, struct error *error)
{
    struct buffer names = { .limit = MOST_TEXT };
    const char *have = names_of(models, &names), *meant = meant_by(name, models, arena);
    if (in_catalogue(name, arena))
        error_set(error, "%s: not on this machine yet: bastide model pull %s", name, name);
    else if (meant)
        error_set(error, "%s: no such model or file: did you mean %s? bastide model list shows all", name, meant);
    else
        error_set(error, "%s: no such model or file (models here: %s): bastide model list shows what can be pulled",
                  name, have);
    buffer_free(&names);
    return false;
}

/* The one row whose name is text, or else begins so; its number is written to *row. */
static bool match(const char *text, const struct stored_models *models, size_t *row, struct error *error)
{
    size_t matches = 0, other = 0;
    for (size_t i = 0; i < models->count; i++) {
        const char *name = models->rows[i].name;
        if (strcmp(name, text) == 0) {
            *row = i;
            return true;
        }
        if (!name_begins(name, text))
            continue;
        other = matches++ ? other : i;
        *row = i;
    }
    if (matches > 1)
        return error_set(error, "%s: could be %s or %s: type more of the name", text, models->rows[other].name,
                         models->rows[*row].name);
    return matches == 1;
}

/* A model whose file is gone or cut would only fail later, with less to go by. */
static bool check_whole(const struct stored_model *model, struct error *error)
{
    return model->whole || error_set(error,
                                     "%s: its file is missing or not as long as recorded (%s): bastide model "
                                     "remove %s, then pull it again",
                                     model->name, model->path, model->name);
}

static bool default_name(struct arena *arena, const char **out, struct error *error)
{
    struct catalogue catalogue;
    if (!models_catalogue(arena, &catalogue, error))
        return false;
    *out = catalogue.default_name;
    return *out || error_set(error, "the catalogue names no default model: say which one");
}

bool models_find(const char *name, struct arena *arena, struct stored_model *out, struct error *error)
{
    struct stored_models models;
    struct error several = { 0 };
    size_t row = 0;
    if ((!name && !default_name(arena, &name, error)) || !models_list(arena, &models, error))
        return false;
    if (!match(name, &models, &row, &several)) {
        if (several.kind != ERROR_NONE)
            return error_set(error, "%s", several.text);
        return not_here(name, &models, arena, error);
    }
    *out = models.rows[row];
    return true;
}

bool models_resolve(const char *name, struct arena *arena, const char **path, struct error *error)
{
    if (name && is_file(name)) {
        *path = arena_text(arena, span_text(name));
        return *path || error_memory(error, strlen(name));
    }
    struct stat status;
    if (name && looks_like_path(name)) {
        if (stat(name, &status) != 0)
            return error_system(error, name, "open it");
        return error_set(error, "%s: not a file: give the path of a GGUF file or a model's name", name);
    }
    struct stored_model model;
    if (!models_find(name, arena, &model, error) || !check_whole(&model, error))
        return false;
    *path = model.path;
    return true;
}

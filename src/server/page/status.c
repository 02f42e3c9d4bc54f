/* status.c: what the page shows before the first word: models, what fits this machine, whether a key is needed. */
#include "server/page/page.h"
#include "server/serving.h"

#include <string.h>

static const struct loaded_model *find_loaded(const struct loaded_model *rows, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].path, path) == 0)
            return &rows[i];
    return NULL;
}

/* A model fits if its file and a fifth more, for caches and scratch, is within what is free or what it takes now. */
static json_t *model_json(const struct served_model *model, const struct loaded_model *loaded, bool first, size_t room)
{
    const bool fits = loaded || model->bytes + model->bytes / 5 <= room;
    return json_pack("{s:s, s:b, s:b, s:b, s:I, s:I, s:b}", "id", model->id, "default", first, "loaded",
                     loaded && !loaded->loading, "loading", loaded && loaded->loading, "bytes",
                     (json_int_t)model->bytes, "context", (json_int_t)(loaded ? loaded->context : 0), "fits", fits);
}

static bool list_models(struct server *server, const struct request *request, json_t *list, struct error *error)
{
    struct served_model *models;
    struct loaded_model *loaded;
    size_t count, loaded_count, room = memory_available();
    if (!registry_list(server->registry, request->arena, &models, &count, error) ||
        !scheduler_models(server->scheduler, request->arena, &loaded, &loaded_count, error))
        return false;
    for (size_t i = 0; i < loaded_count; i++) /* what is loaded may go to make room */
        room += loaded[i].in_use ? 0 : loaded[i].bytes;
    for (size_t i = 0; i < count; i++) {
        const struct loaded_model *row = find_loaded(loaded, loaded_count, models[i].path);
        if (json_array_append_new(list, model_json(&models[i], row, i == 0, room)) != 0)
            return error_memory(error, 0);
    }
    return true;
}

bool page_status(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    struct error error = { 0 };
    json_t *list = json_array();
    if (!list || !list_models(server, request, list, &error)) {
        json_decref(list);
        return failure_error(failure, &error);
    }
    return response_json(response,
                         json_pack("{s:o, s:{s:I}, s:b, s:s}", "models", list, "memory", "available",
                                   (json_int_t)memory_available(), "keys", access_has_keys(server->access), "version",
                                   BASTIDE_VERSION),
                         failure);
}

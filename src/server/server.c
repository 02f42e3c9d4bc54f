/* server.c: what a server is made of, in the order in which it comes and goes. */
#include "server/server.h"

#include "server/gate.h"
#include "server/http.h"
#include "server/journal.h"
#include "server/kept.h"
#include "server/serving.h"
#include "server/turns.h"

#include <math.h>
#include <stdlib.h>

static bool copy_text(struct arena *arena, const char **text, struct error *error)
{
    if (!*text)
        return true;
    *text = arena_text(arena, span_text(*text));
    return *text || error_memory(error, 0);
}

static bool copy_texts(struct arena *arena, const char *const **texts, size_t count, struct error *error)
{
    const char **copies = arena_take(arena, count + 1, sizeof *copies);
    if (!copies)
        return error_memory(error, count * sizeof *copies);
    for (size_t i = 0; i < count; i++) {
        copies[i] = (*texts)[i];
        if (!copy_text(arena, &copies[i], error))
            return false;
    }
    *texts = copies;
    return true;
}

static bool copy_settings(struct server *server, const struct server_settings *from, struct error *error)
{
    struct server_settings *settings = &server->settings;
    struct arena *arena = &server->arena;
    *settings = *from;
    return copy_texts(arena, &settings->models, settings->model_count, error) &&
           copy_texts(arena, &settings->allowed_hosts, settings->allowed_host_count, error) &&
           copy_texts(arena, &settings->allowed_origins, settings->allowed_origin_count, error) &&
           copy_text(arena, &settings->alias, error) && copy_text(arena, &settings->host, error) &&
           copy_text(arena, &settings->tls_certificate, error) && copy_text(arena, &settings->tls_key, error) &&
           copy_text(arena, &settings->scheduler.cache_folder, error) &&
           copy_text(arena, &settings->scheduler.slot_folder, error);
}

/* Conversations lie in the data folder, so that they are there wherever the server is started from. */
static bool open_store(struct server *server, struct error *error)
{
    const char *folder, *path;
    return folder_data("", &server->arena, &folder, error) && folder_make(folder, error) &&
           folder_data("conversations.db", &server->arena, &path, error) && store_open(path, &server->store, error) &&
           store_settle(server->store, error) && turns_open(server->store, &server->turns, error);
}

static bool open_access(struct server *server, struct error *error)
{
    const char *path;
    return access_path(&server->arena, &path, error) && access_open(path, &server->access, error) &&
           gate_open(&server->settings, server->access, &server->gate, error);
}

/* Loads the models of the command line, which stand first in the registry; they then stay as long as unused ones do. */
static bool load_models(struct server *server, struct error *error)
{
    struct arena arena = { 0 };
    struct served_model *models;
    size_t count;
    bool done = registry_list(server->registry, &arena, &models, &count, error);
    for (size_t i = 0; done && i < size_min(count, server->settings.model_count); i++) {
        struct held *held;
        done = scheduler_hold(server->scheduler, models[i].path, NULL, &held, error);
        if (done)
            held_release(held, NAN);
    }
    arena_free(&arena);
    return done;
}

static bool open_rooms(struct server *server, struct error *error)
{
    const struct server_settings *settings = &server->settings;
    return open_access(server, error) &&
           registry_open(settings->models, settings->model_count, settings->alias, settings->any_model,
                         &server->registry, error) &&
           scheduler_open(&settings->scheduler, &server->scheduler, error) && kept_open(&server->kept, error) &&
           (settings->no_page || open_store(server, error));
}

bool server_open(const struct server_settings *settings, FILE *log, struct server **out, struct error *error)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        return error_memory(error, sizeof *server);
    atomic_init(&server->loading, true);
    atomic_init(&server->draining, false);
    if (!copy_settings(server, settings, error) || !journal_open(log, settings->log_json, &server->journal, error) ||
        !open_rooms(server, error) || !http_open(server, &server->http, error) || !load_models(server, error)) {
        server_close(server);
        return false;
    }
    atomic_store(&server->loading, false);
    *out = server;
    return true;
}

const char *server_address(const struct server *server)
{
    return http_address(server->http);
}

bool server_reload(struct server *server, struct error *error)
{
    return access_reload(server->access, error) && registry_reload(server->registry, error);
}

void server_close(struct server *server)
{
    if (!server)
        return;
    atomic_store(&server->draining, true);
    if (server->scheduler)
        scheduler_drain(server->scheduler, server->settings.drain_seconds);
    http_close(server->http);
    turns_close(server->turns);
    store_close(server->store);
    kept_close(server->kept);
    scheduler_close(server->scheduler);
    gate_close(server->gate);
    access_close(server->access);
    registry_close(server->registry);
    journal_close(server->journal);
    arena_free(&server->arena);
    free(server);
}

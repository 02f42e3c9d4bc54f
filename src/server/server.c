/* server.c: what a server is made of, in the order in which it comes and goes. */
#include "server/server.h"

#include "server/guard/confine.h"
#include "server/guard/gate.h"
#include "server/http/http.h"
#include "server/journal.h"
#include "server/openai/kept.h"
#include "server/guard/puller.h"
#include "server/serving.h"
#include "server/settings.h"
#include "server/guard/tls.h"
#include "server/page/auditor.h"
#include "server/page/turns.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* Conversations lie in the data folder, so that they are there wherever the server is started from, and in a folder of
 * their own, since the sandbox lets the server write to folders. */
static bool open_store(struct server *server, struct error *error)
{
    const char *folder, *path;
    return folder_data("conversations", &server->arena, &folder, error) && folder_make(folder, error) &&
           folder_data("conversations/conversations.db", &server->arena, &path, error) &&
           store_open(path, &server->store, error) && store_settle(server->store, error) &&
           turns_open(server->store, &server->turns, error);
}

static bool open_gate(struct server *server, struct error *error)
{
    struct gate *gate;
    if (!gate_open(&server->settings, server->access, &gate, error))
        return false;
    atomic_store(&server->gate, gate);
    return true;
}

static bool open_access(struct server *server, struct error *error)
{
    const char *path;
    return access_path(&server->arena, &path, error) && access_open(path, &server->access, error) &&
           open_gate(server, error);
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

static bool open_tls(struct server *server, struct error *error)
{
    char fingerprint[TLS_FINGERPRINT];
    if (!tls_open(&server->settings, &server->tls, error))
        return false;
    if (server->tls)
        journal_event(server->journal, "tls", "the certificate %s has the SHA-256 %s", tls_path(server->tls),
                      tls_fingerprint(server->tls, fingerprint));
    return true;
}

/* What needs rights that are given up then: the child that fetches models comes first, the socket last. */
static bool open_confined(struct server *server, struct error *error)
{
    const struct server_settings *settings = &server->settings;
    const size_t audits = settings->no_page ? 0 : settings->audit_count;
    return (settings->no_pull || puller_open(&server->puller, error)) && open_access(server, error) &&
           registry_open(settings->models, settings->model_count, settings->alias, settings->any_model,
                         &server->registry, error) &&
           auditor_open(settings->audits, audits, &server->auditor, error) && open_tls(server, error) &&
           http_open(server, &server->http, error) && server_confine(server, error);
}

static bool open_rooms(struct server *server, struct error *error)
{
    const struct server_settings *settings = &server->settings;
    return scheduler_open(&settings->scheduler, &server->scheduler, error) && kept_open(&server->kept, error) &&
           (settings->no_page || open_store(server, error)) && auditor_start(server->auditor, error);
}

bool server_open(const struct server_settings *settings, FILE *log, struct server **out, struct error *error)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        return error_memory(error, sizeof *server);
    server->began = (int64_t)time(NULL);
    atomic_init(&server->loading, true);
    atomic_init(&server->draining, false);
    atomic_init(&server->log_prompts, settings->log_prompts);
    atomic_init(&server->drain_seconds, settings->drain_seconds);
    atomic_init(&server->gate, NULL);
    if (!settings_copy(settings, &server->arena, &server->settings, error) ||
        !journal_open(log, settings->log_json, &server->journal, error) || !open_confined(server, error)) {
        server_close(server);
        return false;
    }
    *out = server;
    return true;
}

bool server_start(struct server *server, struct error *error)
{
    if (!open_rooms(server, error) || !http_start(server->http, error) || !load_models(server, error))
        return false;
    atomic_store(&server->loading, false);
    journal_event(server->journal, "start", "bastide " BASTIDE_VERSION " at %s", http_address(server->http));
    return true;
}

const char *server_address(const struct server *server)
{
    return http_address(server->http);
}

/* Gates that were replaced stay until the end: a request that asked one still tells its answer through it. */
struct past {
    struct past *before;
    struct gate *gate;
    struct arena arena;
    struct server_settings settings;
};

static bool replace_gate(struct server *server, const struct server_settings *settings, struct error *error)
{
    struct past *past = calloc(1, sizeof *past);
    if (!past)
        return error_memory(error, sizeof *past);
    struct gate *gate;
    if (!settings_copy(settings, &past->arena, &past->settings, error) ||
        !gate_open(&past->settings, server->access, &gate, error)) {
        arena_free(&past->arena);
        free(past);
        return false;
    }
    past->gate = atomic_exchange(&server->gate, gate);
    past->before = server->past;
    server->past = past;
    return true;
}

static void close_gates(struct server *server)
{
    gate_close(server->gate);
    while (server->past) {
        struct past *past = server->past;
        server->past = past->before;
        gate_close(past->gate);
        arena_free(&past->arena);
        free(past);
    }
}

bool server_reload(struct server *server, const struct server_settings *settings, struct error *error)
{
    /* What was read at the start and is built into the rest: address, memory, models. */
    struct server_settings next = server->settings;
    next.allowed_hosts = settings->allowed_hosts;
    next.allowed_host_count = settings->allowed_host_count;
    next.allowed_origins = settings->allowed_origins;
    next.allowed_origin_count = settings->allowed_origin_count;
    if (!access_reload(server->access, error) || !registry_reload(server->registry, error) ||
        (server->tls && !tls_reload(server->tls, error)) || !replace_gate(server, &next, error))
        return false;
    atomic_store(&server->log_prompts, settings->log_prompts);
    atomic_store(&server->drain_seconds, settings->drain_seconds);
    journal_event(server->journal, "reload", "keys, configuration and models were read again");
    return true;
}

/* Answers that run go on for a while, and what they still have to send is sent. */
static void drain(struct server *server)
{
    const double send_seconds = 2;
    atomic_store(&server->draining, true);
    if (server->http)
        journal_event(server->journal, "stop", "no new requests; running answers have %g s",
                      atomic_load(&server->drain_seconds));
    if (server->scheduler)
        scheduler_drain(server->scheduler, atomic_load(&server->drain_seconds));
    if (server->http)
        http_settle(server->http, send_seconds);
}

void server_close(struct server *server)
{
    if (!server)
        return;
    const bool served = server->http != NULL;
    drain(server);
    http_close(server->http);
    auditor_close(server->auditor);
    turns_close(server->turns);
    store_close(server->store);
    kept_close(server->kept);
    scheduler_close(server->scheduler);
    close_gates(server);
    tls_close(server->tls);
    access_close(server->access);
    registry_close(server->registry);
    puller_close(server->puller);
    if (served)
        journal_event(server->journal, "end", "all is closed");
    journal_close(server->journal);
    arena_free(&server->arena);
    free(server);
}

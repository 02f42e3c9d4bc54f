/* pull.c: POST /api/pull: a model of the catalogue, fetched by the puller, told in Ollama's words:
 *
 *   pulling manifest, pulling DIGEST with total and completed, verifying sha256 digest, writing manifest, success */
#include "models/models.h"
#include "server/ollama/ollama.h"
#include "server/guard/puller.h"
#include "server/wire.h"

#include <string.h>

enum { DIGEST_SHOWN = 12 };

struct pulling {
    struct server *server;
    struct pull *pull;
    const char *digest; /* of the catalogue; "" if it does not say */
    bool begun;
};

/* The catalogue's hash of a model: what clients show a bar for. */
static const char *digest_of(const char *name, struct arena *arena)
{
    struct catalogue catalogue;
    const size_t length = strcspn(name, ":");
    if (!models_catalogue(arena, &catalogue, NULL))
        return "";
    for (size_t i = 0; i < catalogue.count; i++) {
        const struct catalogue_model *row = &catalogue.rows[i];
        if (strlen(row->name) == length && strncasecmp(row->name, name, length) == 0 && row->sha256)
            return row->sha256;
    }
    return "";
}

static bool say(struct buffer *out, const char *status, struct error *error)
{
    return ollama_line(out, json_pack("{s:s}", "status", status), error);
}

static bool say_progress(const struct pulling *pulling, const struct pull_news *news, struct buffer *out,
                         struct error *error)
{
    if (news->total == 0)
        return true;
    json_t *line = json_pack("{s:o, s:o, s:I, s:I}", "status",
                             json_sprintf("pulling %.*s", DIGEST_SHOWN, pulling->digest), "digest",
                             json_sprintf("sha256:%s", pulling->digest), "total", (json_int_t)news->total, "completed",
                             (json_int_t)news->done);
    return ollama_line(out, line, error);
}

/* The puller has verified and registered it: what is left is to know of it here. */
static bool say_done(const struct pulling *pulling, struct buffer *out, struct error *error)
{
    return registry_reload(pulling->server->registry, error) && say(out, "verifying sha256 digest", error) &&
           say(out, "writing manifest", error) && say(out, "success", error);
}

static bool say_failed(const struct error *why, struct buffer *out, struct error *error)
{
    return ollama_line(out, json_pack("{s:s}", "error", why->text), error);
}

static bool stream_next(void *state, struct buffer *out, bool *end)
{
    struct pulling *pulling = state;
    struct pull_news news = { 0 };
    struct error error = { 0 };
    if (!pulling->begun) {
        pulling->begun = true;
        return say(out, "pulling manifest", &error);
    }
    puller_next(pulling->pull, &news);
    *end = news.state == PULL_DONE || news.state == PULL_FAILED;
    if (news.state == PULL_GOING)
        return say_progress(pulling, &news, out, &error);
    if (news.state == PULL_FAILED)
        return say_failed(&news.error, out, &error);
    return news.state != PULL_DONE || say_done(pulling, out, &error) || say_failed(&error, out, &error);
}

static void stream_close(void *state)
{
    const struct pulling *pulling = state;
    puller_end(pulling->pull);
}

static bool wait_for_all(struct pulling *pulling, const struct request *request, struct response *response,
                         struct failure *failure)
{
    struct pull_news news = { 0 };
    struct error error = { 0 };
    do {
        puller_next(pulling->pull, &news);
        if (news.state == PULL_FAILED)
            return failure_error(failure, &news.error);
        if (request_left(request))
            return failure_set(failure, FAILURE_UNAVAILABLE, "the client has gone");
    } while (news.state != PULL_DONE);
    return (registry_reload(pulling->server->registry, &error) &&
            wire_json(&response->body, json_pack("{s:s}", "status", "success"), &error)) ||
           failure_error(failure, &error);
}

static bool start(struct pulling *pulling, const struct request *request, const json_t *body, bool *stream,
                  struct failure *failure)
{
    const struct fields in = { body, "" };
    const char *name;
    bool insecure = false;
    struct error error = { 0 };
    if (!ollama_name_read(body, &name, failure) || !field_bool(in, "stream", stream, failure) ||
        !field_bool(in, "insecure", &insecure, failure))
        return false;
    if (!name || !name[0])
        return failure_field(failure, "model", "is missing");
    pulling->digest = digest_of(name, request->arena);
    return puller_start(pulling->server->puller, name, &pulling->pull, &error) || failure_error(failure, &error);
}

static bool answer(struct pulling *pulling, const struct request *request, bool stream, struct response *response,
                   struct failure *failure)
{
    if (!stream) {
        const bool done = wait_for_all(pulling, request, response, failure);
        puller_end(pulling->pull);
        return done;
    }
    response->content_type = "application/x-ndjson";
    response->has_stream = true;
    response->stream = (struct stream){ .next = stream_next, .close = stream_close, .state = pulling };
    return true;
}

bool ollama_pull(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    json_t *body;
    bool stream = true;
    struct pulling *pulling = arena_take(request->arena, 1, sizeof *pulling);
    if (!pulling)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    pulling->server = server;
    if (!ollama_may_change(server, request, failure))
        return false;
    if (!server->puller)
        return failure_set(failure, FAILURE_NOT_BUILT, "this server does not fetch models: bastide model pull does");
    if (!fields_parse(request->body, &body, failure))
        return false;
    const bool started = start(pulling, request, body, &stream, failure);
    json_decref(body);
    return started && answer(pulling, request, stream, response, failure);
}

/* health.c: GET /health: whether requests are answered. Needs no key; load balancers and clients that wait ask it. */
#include "server/request.h"
#include "server/serving.h"

#include <stdlib.h>

static bool health(struct server *server, const struct request *request, struct response *response,
                   struct failure *failure)
{
    (void)request;
    if (atomic_load(&server->draining))
        return failure_set(failure, FAILURE_UNAVAILABLE, "the server is about to end");
    if (atomic_load(&server->loading))
        return failure_set(failure, FAILURE_UNAVAILABLE, "Loading model");
    response->fixed = span_text("{\"status\":\"ok\"}");
    return true;
}

static bool tell_failure(const struct failure *failure, const struct request *request, struct buffer *out,
                         struct error *error)
{
    (void)request;
    const char *type = failure->kind == FAILURE_UNAVAILABLE ? "unavailable_error" : "invalid_request_error";
    json_t *told = json_pack("{s:{s:i, s:s, s:s}}", "error", "code", (int)failure_status(failure->kind), "message",
                             failure->text, "type", type);
    char *text = told ? json_dumps(told, JSON_COMPACT) : NULL;
    const bool done = text ? buffer_text(out, text, error) : error_memory(error, 0);
    free(text);
    json_decref(told);
    return done;
}

const struct api ground_api = { .name = "llama", .tell_failure = tell_failure };

const struct route ground_routes[] = {
    { "GET", "/health", SCOPE_NONE, &ground_api, health },
    { "GET", "/v1/health", SCOPE_NONE, &ground_api, health },
    { 0 },
};

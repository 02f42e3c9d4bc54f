/* health.c: GET /health: whether requests are answered. Needs no key; load balancers and clients that wait ask it. */
#include "server/request.h"
#include "server/serving.h"

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

const struct route health_routes[] = {
    { "GET", "/health", SCOPE_NONE, &llama_api, health },
    { "GET", "/v1/health", SCOPE_NONE, &llama_api, health },
    { 0 },
};

/* api.c: the routes of llama-server's own API, how it tells of failures, and the paths of OpenAI's API that it
 * serves without /v1 too. */
#include "server/llama/llama.h"
#include "server/wire.h"

#include <string.h>

static const struct {
    enum failure_kind kind;
    const char *type;
} types[] = {
    { FAILURE_TOO_LONG, "exceed_context_size_error" },
    { FAILURE_NO_KEY, "authentication_error" },
    { FAILURE_FORBIDDEN, "permission_error" },
    { FAILURE_NOT_FOUND, "not_found_error" },
    { FAILURE_INTERNAL, "server_error" },
    { FAILURE_NOT_BUILT, "not_supported_error" },
    { FAILURE_UNAVAILABLE, "unavailable_error" },
    { FAILURE_BUSY, "unavailable_error" },
    { FAILURE_RATE, "rate_limit_error" },
    { FAILURE_NO_ROOM, "server_error" },
};

json_t *llama_error(const struct failure *failure)
{
    const char *type = "invalid_request_error";
    for (size_t i = 0; i < LENGTH(types); i++)
        if (types[i].kind == failure->kind)
            type = types[i].type;
    json_t *error = json_pack("{s:i, s:s, s:s}", "code", (int)failure_status(failure->kind), "message", failure->text,
                              "type", type);
    if (failure->kind == FAILURE_TOO_LONG) {
        json_object_set_new(error, "n_prompt_tokens", wire_count(failure->prompt_tokens));
        json_object_set_new(error, "n_ctx", wire_count(failure->context));
    }
    return error;
}

static bool tell_failure(const struct failure *failure, const struct request *request, struct buffer *out,
                         struct error *error)
{
    (void)request;
    return wire_json(out, json_pack("{s:o}", "error", llama_error(failure)), error);
}

const struct api llama_api = { .name = "llama", .tell_failure = tell_failure };

/* The route of the same path below /v1. */
static bool below_v1(struct server *server, const struct request *request, struct response *response,
                     struct failure *failure)
{
    const char *path = arena_format(request->arena, "/v1%s", request->path), *rest;
    char allowed[64];
    const struct api *api;
    const struct route *route = path ? route_find(request->method, path, &rest, allowed, &api) : NULL;
    if (!route)
        return failure_set(failure, FAILURE_NOT_FOUND, "%.200s: there is no such path", request->path);
    struct request inner = *request;
    inner.path = path;
    inner.rest = rest;
    return route->run(server, &inner, response, failure);
}

const struct route llama_routes[] = {
    { "POST", "/completion", SCOPE_CHAT, &llama_api, llama_completion },
    { "POST", "/completions", SCOPE_CHAT, &llama_api, llama_completion },
    { "POST", "/infill", SCOPE_CHAT, &llama_api, llama_infill },
    { "POST", "/tokenize", SCOPE_CHAT, &llama_api, llama_tokenize },
    { "POST", "/detokenize", SCOPE_CHAT, &llama_api, llama_detokenize },
    { "POST", "/apply-template", SCOPE_CHAT, &llama_api, llama_apply_template },
    { "POST", "/chat/completions/input_tokens", SCOPE_CHAT, &llama_api, llama_count_chat },
    { "POST", "/v1/chat/completions/input_tokens", SCOPE_CHAT, &llama_api, llama_count_chat },
    { "POST", "/embedding", SCOPE_CHAT, &llama_api, llama_embedding },
    { "POST", "/embeddings", SCOPE_CHAT, &llama_api, llama_embedding },
    { "GET", "/props", SCOPE_CHAT, &llama_api, llama_props },
    { "POST", "/props", SCOPE_ADMIN, &llama_api, llama_change_props },
    { "GET", "/slots", SCOPE_ADMIN, &llama_api, llama_list_slots },
    { "POST", "/slots/*", SCOPE_ADMIN, &llama_api, llama_change_slot },
    { "GET", "/lora-adapters", SCOPE_CHAT, &llama_api, llama_list_adapters },
    { "POST", "/lora-adapters", SCOPE_ADMIN, &llama_api, llama_change_adapters },
    { "GET", "/models", SCOPE_CHAT, &openai_api, below_v1 },
    { "GET", "/models/*", SCOPE_CHAT, &openai_api, below_v1 },
    { "POST", "/chat/completions", SCOPE_CHAT, &openai_api, below_v1 },
    { "POST", "/responses", SCOPE_CHAT, &openai_api, below_v1 },
    { "POST", "/rerank", SCOPE_CHAT, &openai_api, below_v1 },
    { "POST", "/reranking", SCOPE_CHAT, &openai_api, below_v1 },
    { 0 },
};

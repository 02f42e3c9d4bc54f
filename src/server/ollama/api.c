/* api.c: the routes of Ollama's API, how it tells of failures, and what it says of itself. */
#include "server/ollama/ollama.h"
#include "server/wire.h"

#include <string.h>

/* The level of the API that is spoken; clients switch features on by it. Our own version is in the Server header. */
static const char version[] = "{\"version\":\"0.20.0\"}";

static bool tell_failure(const struct failure *failure, const struct request *request, struct buffer *out,
                         struct error *error)
{
    (void)request;
    return wire_json(out, json_pack("{s:s}", "error", failure->text), error);
}

const struct api ollama_api = { .name = "ollama", .tell_failure = tell_failure };

static bool tell_version(struct server *server, const struct request *request, struct response *response,
                         struct failure *failure)
{
    (void)server, (void)request, (void)failure;
    response->fixed = span_text(version);
    return true;
}

const struct route ollama_routes[] = {
    { "GET", "/api/version", SCOPE_CHAT, &ollama_api, tell_version },
    { "GET", "/api/tags", SCOPE_CHAT, &ollama_api, ollama_tags },
    { "GET", "/api/ps", SCOPE_CHAT, &ollama_api, ollama_ps },
    { "POST", "/api/show", SCOPE_CHAT, &ollama_api, ollama_show },
    { "POST", "/api/chat", SCOPE_CHAT, &ollama_api, ollama_chat },
    { "POST", "/api/generate", SCOPE_CHAT, &ollama_api, ollama_generate },
    { "POST", "/api/embed", SCOPE_CHAT, &ollama_api, ollama_embed },
    { "POST", "/api/embeddings", SCOPE_CHAT, &ollama_api, ollama_embeddings },
    { "POST", "/api/pull", SCOPE_ADMIN, &ollama_api, ollama_pull },
    { "DELETE", "/api/delete", SCOPE_ADMIN, &ollama_api, ollama_delete },
    { 0 },
};

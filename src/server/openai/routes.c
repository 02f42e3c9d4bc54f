/* routes.c: the table of OpenAI's API. As at llama-server's, most of it is there without /v1 too. */
#include "server/openai/openai.h"

const struct route openai_routes[] = {
    { "GET", "/v1/models", SCOPE_CHAT, &openai_api, openai_list_models },
    { "GET", "/v1/models/*", SCOPE_CHAT, &openai_api, openai_show_model },
    { "GET", "/models", SCOPE_CHAT, &openai_api, openai_list_models },
    { "GET", "/models/*", SCOPE_CHAT, &openai_api, openai_show_model },
    { "POST", "/v1/chat/completions", SCOPE_CHAT, &openai_api, openai_chat },
    { "POST", "/chat/completions", SCOPE_CHAT, &openai_api, openai_chat },
    { "POST", "/v1/completions", SCOPE_CHAT, &openai_api, openai_completions },
    { "POST", "/v1/embeddings", SCOPE_CHAT, &openai_api, openai_embeddings },
    { "POST", "/v1/rerank", SCOPE_CHAT, &openai_api, openai_rerank },
    { "POST", "/v1/reranking", SCOPE_CHAT, &openai_api, openai_rerank },
    { "POST", "/rerank", SCOPE_CHAT, &openai_api, openai_rerank },
    { "POST", "/reranking", SCOPE_CHAT, &openai_api, openai_rerank },
    { "POST", "/v1/responses", SCOPE_CHAT, &openai_api, openai_respond },
    { "POST", "/responses", SCOPE_CHAT, &openai_api, openai_respond },
    { "GET", "/v1/responses/*", SCOPE_CHAT, &openai_api, openai_show_response },
    { "DELETE", "/v1/responses/*", SCOPE_CHAT, &openai_api, openai_remove_response },
    { .method = NULL },
};

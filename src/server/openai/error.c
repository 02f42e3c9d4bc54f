/* error.c: a failure as OpenAI's clients read it: {"error": {message, type, param, code}}, all four. A client
 * decides by the status; code is a text or null. */
#include "server/openai/openai.h"

static const struct {
    const char *type, *code;
} words[FAILURE_KINDS] = {
    [FAILURE_BAD_REQUEST] = { "invalid_request_error", NULL },
    [FAILURE_TOO_LONG] = { "exceed_context_size_error", "context_length_exceeded" },
    [FAILURE_NO_KEY] = { "authentication_error", "invalid_api_key" },
    [FAILURE_FORBIDDEN] = { "permission_error", "forbidden" },
    [FAILURE_NOT_FOUND] = { "invalid_request_error", "not_found" },
    [FAILURE_METHOD] = { "invalid_request_error", "method_not_allowed" },
    [FAILURE_TIMEOUT] = { "invalid_request_error", "request_timeout" },
    [FAILURE_BODY] = { "invalid_request_error", "request_too_large" },
    [FAILURE_MEDIA] = { "invalid_request_error", "unsupported_media_type" },
    [FAILURE_HOST] = { "invalid_request_error", "misdirected_request" },
    [FAILURE_RATE] = { "rate_limit_error", "rate_limit_exceeded" },
    [FAILURE_BUSY] = { "rate_limit_error", "queue_full" },
    [FAILURE_HEADERS] = { "invalid_request_error", "headers_too_large" },
    [FAILURE_INTERNAL] = { "server_error", "internal_error" },
    [FAILURE_NOT_BUILT] = { "not_supported_error", "not_supported" },
    [FAILURE_UNAVAILABLE] = { "unavailable_error", "unavailable" },
    [FAILURE_NO_ROOM] = { "server_error", "insufficient_memory" },
};

json_t *openai_error(const struct failure *failure)
{
    const enum failure_kind kind = failure->kind == FAILURE_NONE ? FAILURE_INTERNAL : failure->kind;
    json_t *error = json_pack("{s:s, s:s, s:s?, s:s?}", "message", failure->text, "type", words[kind].type, "param",
                              failure->field[0] ? failure->field : NULL, "code", words[kind].code);
    if (kind != FAILURE_TOO_LONG)
        return error;
    json_object_set_new(error, "n_prompt_tokens", wire_count(failure->prompt_tokens));
    json_object_set_new(error, "n_ctx", wire_count(failure->context));
    return error;
}

static bool tell_failure(const struct failure *failure, const struct request *request, struct buffer *out,
                         struct error *error)
{
    (void)request;
    return wire_json(out, json_pack("{s:o}", "error", openai_error(failure)), error);
}

const struct api openai_api = { .name = "openai", .tell_failure = tell_failure };

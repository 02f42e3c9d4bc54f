/* api.c: the routes of Anthropic's API, how it tells of failures, and counting a prompt's tokens. */
#include "server/anthropic/anthropic.h"
#include "server/wire.h"

/* Their words for a status. A full queue is "overloaded", which clients of theirs wait on; a rate that is theirs alone
 * is not. */
static const struct {
    enum failure_kind kind;
    const char *type;
} types[] = {
    { FAILURE_NO_KEY, "authentication_error" },  { FAILURE_FORBIDDEN, "permission_error" },
    { FAILURE_NOT_FOUND, "not_found_error" },    { FAILURE_BODY, "request_too_large" },
    { FAILURE_RATE, "rate_limit_error" },        { FAILURE_BUSY, "overloaded_error" },
    { FAILURE_TIMEOUT, "timeout_error" },        { FAILURE_INTERNAL, "api_error" },
    { FAILURE_UNAVAILABLE, "overloaded_error" }, { FAILURE_NO_ROOM, "api_error" },
    { FAILURE_NOT_BUILT, "api_error" },
};

enum { STATUS_OVERLOADED = 529 };

json_t *anthropic_error(const struct failure *failure)
{
    const char *type = "invalid_request_error";
    for (size_t i = 0; i < LENGTH(types); i++)
        if (types[i].kind == failure->kind)
            type = types[i].type;
    return json_pack("{s:s, s:s}", "type", type, "message", failure->text);
}

static bool tell_failure(const struct failure *failure, const struct request *request, struct buffer *out,
                         struct error *error)
{
    return wire_json(
        out,
        json_pack("{s:s, s:o, s:s}", "type", "error", "error", anthropic_error(failure), "request_id", request->id),
        error);
}

static unsigned status(const struct failure *failure)
{
    return failure->kind == FAILURE_BUSY ? STATUS_OVERLOADED : failure_status(failure->kind);
}

const struct api anthropic_api = { .name = "anthropic", .tell_failure = tell_failure, .status = status };

typedef bool run_wishes(struct server *server, const struct request *request, struct anthropic_wishes *wishes,
                        struct response *response, struct failure *failure);

static bool with_wishes(struct server *server, const struct request *request, bool counting, run_wishes *run,
                        struct response *response, struct failure *failure)
{
    struct anthropic_wishes wishes = { 0 };
    json_t *body;
    if (!fields_parse(request->body, &body, failure))
        return false;
    const bool done = anthropic_wishes_read(body, request, counting, &wishes, failure) &&
                      run(server, request, &wishes, response, failure);
    anthropic_wishes_free(&wishes);
    json_decref(body);
    return done;
}

static bool run_answer(struct server *server, const struct request *request, struct anthropic_wishes *wishes,
                       struct response *response, struct failure *failure)
{
    wishes->exchange.chat = &wishes->chat;
    return anthropic_answer(server, request, wishes, response, failure);
}

static bool messages(struct server *server, const struct request *request, struct response *response,
                     struct failure *failure)
{
    return with_wishes(server, request, false, run_answer, response, failure);
}

static bool run_count(struct server *server, const struct request *request, struct anthropic_wishes *wishes,
                      struct response *response, struct failure *failure)
{
    struct held *held;
    struct served_model served;
    struct chat *chat = NULL;
    struct error error = { 0 };
    if (!exchange_hold(server, request, wishes->exchange.model, &held, &served, failure))
        return false;
    const struct chat_model model = chat_model_of(held_parts(held), request->owner);
    const bool done = chat_open(&model, &wishes->chat, &chat, &error) &&
                      wire_json(&response->body,
                                json_pack("{s:o}", "input_tokens", wire_count(chat_prompt(chat)->count)), &error);
    chat_close(chat);
    held_release(held, wishes->exchange.keep_alive_seconds);
    return done || failure_error(failure, &error);
}

static bool count_tokens(struct server *server, const struct request *request, struct response *response,
                         struct failure *failure)
{
    return with_wishes(server, request, true, run_count, response, failure);
}

const struct route anthropic_routes[] = {
    { "POST", "/v1/messages", SCOPE_CHAT, &anthropic_api, messages },
    { "POST", "/v1/messages/count_tokens", SCOPE_CHAT, &anthropic_api, count_tokens },
    { 0 },
};

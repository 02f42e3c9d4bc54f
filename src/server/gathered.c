/* gathered.c: the parts of one answer, collected. */
#include "server/gathered.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES_MOST = 64 << 20 };

static bool add_text(struct buffer *buffer, struct span text, struct error *error)
{
    buffer->limit = ANSWER_BYTES_MOST;
    return buffer_add(buffer, text.data, text.bytes, error);
}

static bool add_call(struct gathered *gathered, const struct exchange_part *part, struct error *error)
{
    if (gathered->call_count == gathered->call_capacity) {
        const size_t capacity = size_max(4, gathered->call_capacity * 2);
        struct gathered_call *grown = realloc(gathered->calls, capacity * sizeof *grown);
        if (!grown)
            return error_memory(error, capacity * sizeof *grown);
        gathered->calls = grown;
        gathered->call_capacity = capacity;
    }
    struct gathered_call *call = &gathered->calls[gathered->call_count++];
    *call = (struct gathered_call){
        .id = arena_text(gathered->arena, span_text(part->call_id)),
        .name = arena_text(gathered->arena, span_text(part->name)),
    };
    return (call->id && call->name) || error_memory(error, strlen(part->name));
}

static bool add_token(struct gathered *gathered, const struct exchange_part *part, struct error *error)
{
    return part->told_count == 0 || tokens_add(&gathered->tokens, part->told[0].token, error);
}

static bool add_end(struct gathered *gathered, const struct exchange_part *part, struct error *error)
{
    gathered->end = part->end;
    gathered->called = part->called;
    gathered->counts = part->counts;
    if (part->end != ANSWER_STOP_TEXT || !part->stop_text)
        return true;
    gathered->stop_text = arena_text(gathered->arena, span_text(part->stop_text));
    return gathered->stop_text || error_memory(error, strlen(part->stop_text));
}

bool gathered_take(struct gathered *gathered, const struct exchange_part *part, struct error *error)
{
    switch (part->kind) {
    case EXCHANGE_REASONING:
        return add_text(&gathered->reasoning, part->text, error);
    case EXCHANGE_CONTENT:
        return add_text(&gathered->content, part->text, error);
    case EXCHANGE_CALL:
        return add_call(gathered, part, error);
    case EXCHANGE_CALL_ARGUMENTS:
        return gathered->call_count == 0 ||
               add_text(&gathered->calls[gathered->call_count - 1].arguments, part->text, error);
    case EXCHANGE_TOKEN:
        return add_token(gathered, part, error);
    case EXCHANGE_ENDED:
        return add_end(gathered, part, error);
    default:
        return true;
    }
}

static bool take(void *context, const struct exchange_part *part, struct error *error)
{
    return gathered_take(context, part, error);
}

bool gathered_all(struct gathered *gathered, struct exchange *exchange, const struct request *request,
                  struct failure *failure)
{
    return exchange_run(exchange, request, take, gathered, failure);
}

void gathered_free(struct gathered *gathered)
{
    for (size_t i = 0; i < gathered->call_count; i++)
        buffer_free(&gathered->calls[i].arguments);
    free(gathered->calls);
    buffer_free(&gathered->reasoning);
    buffer_free(&gathered->content);
    tokens_free(&gathered->tokens);
}

json_t *gathered_arguments(const struct gathered_call *call)
{
    json_t *json = call->arguments.length ? json_loadb(call->arguments.bytes, call->arguments.length, 0, NULL) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return json_object();
}

bool exchange_run(struct exchange *exchange, const struct request *request,
                  bool (*take_part)(void *context, const struct exchange_part *part, struct error *error),
                  void *context, struct failure *failure)
{
    struct exchange_part part;
    struct error error = { 0 };
    for (exchange_next(exchange, &part); part.kind != EXCHANGE_OVER; exchange_next(exchange, &part)) {
        if (part.kind == EXCHANGE_FAILED) {
            *failure = *part.failure;
            return false;
        }
        if (!take_part(context, &part, &error))
            return failure_error(failure, &error);
        if (request_left(request))
            return failure_set(failure, FAILURE_UNAVAILABLE, "the client has gone");
    }
    return true;
}

void exchange_tell(const struct exchange *exchange, const struct request *request, struct response *response)
{
    const char *position = arena_format(request->arena, "%zu", exchange_queue_position(exchange));
    if (position)
        response_header(response, "x-queue-position", position);
}

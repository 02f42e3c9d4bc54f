/* answer.c: an answer in the form of Anthropic's API: whole, or as events:
 *
 *   message_start (usage, no content)
 *     content_block_start, content_block_delta..., content_block_stop      a block closes before the next opens
 *   message_delta (stop_reason, usage), message_stop
 *
 * message_start tells how many tokens the prompt has, so it waits until the job has left the queue. */
#include "server/anthropic/anthropic.h"
#include "server/gathered.h"
#include "server/wire.h"

#include <string.h>

enum block { BLOCK_NONE, BLOCK_THINKING, BLOCK_TEXT, BLOCK_CALL };

struct answering {
    struct exchange *exchange;
    const struct request *request;
    struct gathered gathered; /* counts and end; all of it where the answer is not a stream */
    bool started;
    enum block open;
    int index; /* of the block that is open, or comes next */
    struct buffer *out;
    struct error *error;
};

/* ---- values ------------------------------------------------------------------------------------------------------ */

static json_t *usage_json(const struct answering *answering, size_t output)
{
    const struct job_counts *counts = &answering->gathered.counts;
    const size_t prompt = exchange_prompt(answering->exchange)->count;
    const size_t cached = size_min(counts->cached_tokens, prompt);
    return json_pack("{s:I, s:i, s:I, s:I}", "input_tokens", (json_int_t)(prompt - cached),
                     "cache_creation_input_tokens", 0, "cache_read_input_tokens", (json_int_t)cached, "output_tokens",
                     (json_int_t)output);
}

static const char *reason_of(const struct gathered *gathered)
{
    if (gathered->end == ANSWER_LENGTH || gathered->end == ANSWER_CONTEXT)
        return "max_tokens";
    if (gathered->end == ANSWER_STOP_TEXT && gathered->stop_text)
        return "stop_sequence";
    return gathered->called ? "tool_use" : "end_turn";
}

static json_t *stop_text_of(const struct gathered *gathered)
{
    return strcmp(reason_of(gathered), "stop_sequence") == 0 ? json_string(gathered->stop_text) : json_null();
}

static json_t *message_json(const struct answering *answering, json_t *content, json_t *reason, json_t *stop_text,
                            size_t output)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id",
                     json_sprintf("msg_%s", answering->request->id + strlen("req_")), "type", "message", "role",
                     "assistant", "model", exchange_model(answering->exchange), "content", content, "stop_reason",
                     reason, "stop_sequence", stop_text, "usage", usage_json(answering, output));
}

static json_t *thinking_json(struct span text)
{
    return json_pack("{s:s, s:o, s:s}", "type", "thinking", "thinking", wire_text(text), "signature", "");
}

static json_t *text_json(struct span text)
{
    return json_pack("{s:s, s:o}", "type", "text", "text", wire_text(text));
}

static json_t *use_json(const char *id, const char *name, json_t *input)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "type", "tool_use", "id", id, "name", name, "input", input);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* The type stands in the event's data too, first as its readers expect it. */
static bool send(struct answering *answering, const char *name, json_t *fields)
{
    json_t *event = fields ? json_pack("{s:s}", "type", name) : NULL;
    if (event && json_object_update(event, fields) != 0) {
        json_decref(event);
        event = NULL;
    }
    json_decref(fields);
    return wire_event(answering->out, name, event, answering->error);
}

static bool send_start(struct answering *answering)
{
    if (answering->started)
        return true;
    answering->started = true;
    return send(answering, "message_start",
                json_pack("{s:o}", "message", message_json(answering, json_array(), json_null(), json_null(), 0)));
}

static bool send_delta(struct answering *answering, const char *type, const char *field, struct span text)
{
    return send(
        answering, "content_block_delta",
        json_pack("{s:i, s:{s:s, s:o}}", "index", answering->index, "delta", "type", type, field, wire_text(text)));
}

/* A block of thinking ends with its signature, which is for those who made it: ours is empty. */
static bool close_block(struct answering *answering)
{
    const enum block open = answering->open;
    if (open == BLOCK_NONE)
        return true;
    if (open == BLOCK_THINKING && !send_delta(answering, "signature_delta", "signature", span_of("", 0)))
        return false;
    answering->open = BLOCK_NONE;
    return send(answering, "content_block_stop", json_pack("{s:i}", "index", answering->index++));
}

static bool open_block(struct answering *answering, enum block kind, json_t *block)
{
    if (!send_start(answering) || !close_block(answering)) {
        json_decref(block);
        return false;
    }
    answering->open = kind;
    return send(answering, "content_block_start",
                json_pack("{s:i, s:o}", "index", answering->index, "content_block", block));
}

static bool send_text(struct answering *answering, enum block kind, struct span text)
{
    const bool thinking = kind == BLOCK_THINKING;
    if (answering->open != kind &&
        !open_block(answering, kind, thinking ? thinking_json(span_of("", 0)) : text_json(span_of("", 0))))
        return false;
    return send_delta(answering, thinking ? "thinking_delta" : "text_delta", thinking ? "thinking" : "text", text);
}

/* An answer of nothing has a block of text all the same: clients read the first. */
static bool send_last(struct answering *answering)
{
    const struct gathered *gathered = &answering->gathered;
    if (!send_start(answering) ||
        (answering->open == BLOCK_NONE && answering->index == 0 &&
         !open_block(answering, BLOCK_TEXT, text_json(span_of("", 0)))) ||
        !close_block(answering))
        return false;
    json_t *delta = json_pack("{s:s, s:o}", "stop_reason", reason_of(gathered), "stop_sequence",
                              stop_text_of(gathered));
    return send(answering, "message_delta",
                json_pack("{s:o, s:o}", "delta", delta, "usage", usage_json(answering, gathered->counts.tokens))) &&
           send(answering, "message_stop", json_object());
}

static bool send_failure(struct answering *answering, const struct failure *failure)
{
    return send(answering, "error",
                json_pack("{s:o, s:s}", "error", anthropic_error(failure), "request_id", answering->request->id));
}

static bool send_part(struct answering *answering, const struct exchange_part *part, bool *end)
{
    switch (part->kind) {
    case EXCHANGE_STARTED:
        answering->gathered.counts = part->counts;
        return send_start(answering);
    case EXCHANGE_REASONING:
        return send_text(answering, BLOCK_THINKING, part->text);
    case EXCHANGE_CONTENT:
        return send_text(answering, BLOCK_TEXT, part->text);
    case EXCHANGE_CALL:
        return open_block(answering, BLOCK_CALL, use_json(part->call_id, part->name, json_object()));
    case EXCHANGE_CALL_ARGUMENTS:
        return send_delta(answering, "input_json_delta", "partial_json", part->text);
    case EXCHANGE_CALL_END:
        return close_block(answering);
    case EXCHANGE_OVER:
        *end = true;
        return send_last(answering);
    case EXCHANGE_FAILED:
        *end = true;
        return send_failure(answering, part->failure);
    default:
        return gathered_take(&answering->gathered, part, answering->error);
    }
}

static bool stream_next(void *state, struct buffer *out, bool *end)
{
    struct answering *answering = state;
    struct exchange_part part;
    struct error error = { 0 };
    answering->out = out;
    answering->error = &error;
    exchange_next(answering->exchange, &part);
    return send_part(answering, &part, end);
}

static void stream_close(void *state)
{
    struct answering *answering = state;
    exchange_close(answering->exchange);
    gathered_free(&answering->gathered);
}

/* ---- whole ------------------------------------------------------------------------------------------------------- */

static json_t *content_json(const struct gathered *gathered)
{
    json_t *content = json_array();
    if (gathered->reasoning.length > 0)
        json_array_append_new(content, thinking_json(buffer_span(&gathered->reasoning)));
    if (gathered->content.length > 0 || (gathered->call_count == 0 && gathered->reasoning.length == 0))
        json_array_append_new(content, text_json(buffer_span(&gathered->content)));
    for (size_t i = 0; i < gathered->call_count; i++) {
        const struct gathered_call *call = &gathered->calls[i];
        json_array_append_new(content, use_json(call->id, call->name, gathered_arguments(call)));
    }
    return content;
}

static bool answer_whole(struct answering *answering, struct response *response, struct failure *failure)
{
    const struct gathered *gathered = &answering->gathered;
    struct error error = { 0 };
    if (!gathered_all(&answering->gathered, answering->exchange, answering->request, failure))
        return false;
    json_t *body = message_json(answering, content_json(gathered), json_string(reason_of(gathered)),
                                stop_text_of(gathered), gathered->counts.tokens);
    return wire_json(&response->body, body, &error) || failure_error(failure, &error);
}

bool anthropic_answer(struct server *server, const struct request *request, const struct anthropic_wishes *wishes,
                      struct response *response, struct failure *failure)
{
    struct answering *answering = arena_take(request->arena, 1, sizeof *answering);
    if (!answering)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    answering->request = request;
    answering->gathered.arena = request->arena;
    if (!exchange_open(server, &wishes->exchange, request, &answering->exchange, failure))
        return false;
    exchange_tell(answering->exchange, request, response);
    if (wishes->stream) {
        response->content_type = "text/event-stream";
        response->has_stream = true;
        response->stream =
            (struct stream){ .keep_alive = ":\n\n", .next = stream_next, .close = stream_close, .state = answering };
        return true;
    }
    const bool done = answer_whole(answering, response, failure);
    stream_close(answering);
    return done;
}

/* answer.c: an answer in the form of /api/chat or /api/generate: whole, or a line of JSON for each piece. A
 * call's arguments are an object here, so a call is sent when it is whole. */
#include "server/gathered.h"
#include "server/ollama/ollama.h"
#include "server/wire.h"

#include <string.h>
#include <time.h>

struct answering {
    struct exchange *exchange;
    const char *model; /* as the client named it, else its id */
    enum ollama_form form;
    bool context;
    bool logprobs;
    json_t *told; /* of tokens whose text has not been sent yet; NULL: none */
    struct gathered gathered;
    double began;
};

/* ---- values ------------------------------------------------------------------------------------------------------ */

json_t *ollama_time(double seconds)
{
    const time_t whole = (time_t)seconds;
    struct tm parts;
    char text[64];
    if (!gmtime_r(&whole, &parts))
        return json_string("1970-01-01T00:00:00Z");
    const size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, sizeof text - length, ".%06dZ", (int)((seconds - (double)whole) * 1e6));
    return json_string(text);
}

bool ollama_line(struct buffer *out, json_t *json, struct error *error)
{
    return wire_json(out, json, error) && buffer_text(out, "\n", error);
}

json_t *ollama_duration(double seconds)
{
    return json_integer((json_int_t)(seconds > 0 ? seconds * 1e9 : 0));
}

static const char *reason_of(enum answer_end end)
{
    return end == ANSWER_LENGTH || end == ANSWER_CONTEXT ? "length" : "stop";
}

static json_t *likelihood_json(const struct answering *answering, const struct likelihood *row)
{
    char scratch[256];
    const struct span piece = exchange_piece(answering->exchange, row->token, scratch);
    json_t *bytes = json_array();
    for (size_t i = 0; i < piece.bytes; i++)
        json_array_append_new(bytes, json_integer(piece.data[i]));
    return json_pack("{s:o, s:f, s:o}", "token", wire_text(piece), "logprob", (double)row->log_probability, "bytes",
                     bytes);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static json_t *line_begun(const struct answering *answering)
{
    return json_pack("{s:s, s:o}", "model", answering->model, "created_at", ollama_time(calendar_now()));
}

/* Text of the answer or of its reasoning, or calls (taken over; NULL: none). */
static void add_text(const struct answering *answering, json_t *line, struct span content, struct span reasoning,
                     json_t *calls)
{
    json_t *into = line;
    if (answering->form == OLLAMA_CHAT) {
        into = json_pack("{s:s}", "role", "assistant");
        json_object_set_new(line, "message", into);
    }
    json_object_set_new(into, answering->form == OLLAMA_CHAT ? "content" : "response", wire_text(content));
    if (reasoning.bytes > 0)
        json_object_set_new(into, "thinking", wire_text(reasoning));
    if (calls)
        json_object_set_new(into, "tool_calls", calls);
}

static json_t *call_json(const struct gathered_call *call, size_t index)
{
    return json_pack("{s:s, s:{s:i, s:s, s:o}}", "id", call->id, "function", "index", (int)index, "name", call->name,
                     "arguments", gathered_arguments(call));
}

static json_t *calls_json(const struct gathered *gathered)
{
    if (gathered->call_count == 0)
        return NULL;
    json_t *calls = json_array();
    for (size_t i = 0; i < gathered->call_count; i++)
        json_array_append_new(calls, call_json(&gathered->calls[i], i));
    return calls;
}

/* The tokens of prompt and answer: what the next request may bring as its context. */
static json_t *context_json(const struct answering *answering)
{
    const struct tokens *prompt = exchange_prompt(answering->exchange), *answer = &answering->gathered.tokens;
    json_t *ids = json_array();
    for (size_t i = 0; i < prompt->count; i++)
        json_array_append_new(ids, json_integer(prompt->ids[i]));
    for (size_t i = 0; i < answer->count; i++)
        json_array_append_new(ids, json_integer(answer->ids[i]));
    return ids;
}

static void add_end(const struct answering *answering, json_t *line)
{
    const struct gathered *gathered = &answering->gathered;
    const struct job_counts *counts = &gathered->counts;
    json_object_set_new(line, "done", json_true());
    json_object_set_new(line, "done_reason", json_string(reason_of(gathered->end)));
    if (answering->context)
        json_object_set_new(line, "context", context_json(answering));
    json_object_set_new(line, "total_duration", ollama_duration(seconds_now() - answering->began));
    json_object_set_new(line, "load_duration", ollama_duration(exchange_parts(answering->exchange)->load_seconds));
    json_object_set_new(line, "prompt_eval_count", json_integer((json_int_t)counts->prompt_tokens));
    json_object_set_new(line, "prompt_eval_duration", ollama_duration(counts->prompt_seconds));
    json_object_set_new(line, "eval_count", json_integer((json_int_t)counts->tokens));
    json_object_set_new(line, "eval_duration", ollama_duration(counts->seconds));
}

static void add_told(struct answering *answering, json_t *line)
{
    if (answering->told)
        json_object_set_new(line, "logprobs", answering->told);
    answering->told = NULL;
}

static void keep_told(struct answering *answering, const struct exchange_part *part)
{
    if (!answering->logprobs || part->told_count == 0)
        return;
    json_t *token = likelihood_json(answering, &part->told[0]), *tops = json_array();
    for (size_t i = 1; i < part->told_count; i++)
        json_array_append_new(tops, likelihood_json(answering, &part->told[i]));
    json_object_set_new(token, "top_logprobs", tops);
    if (!answering->told)
        answering->told = json_array();
    json_array_append_new(answering->told, token);
}

/* ---- a stream ---------------------------------------------------------------------------------------------------- */

static bool write_piece(struct answering *answering, struct span content, struct span reasoning, json_t *calls,
                        struct buffer *out, struct error *error)
{
    json_t *line = line_begun(answering);
    add_text(answering, line, content, reasoning, calls);
    json_object_set_new(line, "done", json_false());
    add_told(answering, line);
    return ollama_line(out, line, error);
}

static bool write_last(struct answering *answering, struct buffer *out, struct error *error)
{
    json_t *line = line_begun(answering);
    add_text(answering, line, span_of("", 0), span_of("", 0), NULL);
    add_end(answering, line);
    add_told(answering, line);
    return ollama_line(out, line, error);
}

static bool write_call(struct answering *answering, struct buffer *out, struct error *error)
{
    const struct gathered *gathered = &answering->gathered;
    if (gathered->call_count == 0)
        return true;
    const size_t last = gathered->call_count - 1;
    json_t *calls = json_pack("[o]", call_json(&gathered->calls[last], last));
    return write_piece(answering, span_of("", 0), span_of("", 0), calls, out, error);
}

static bool write_part(struct answering *answering, const struct exchange_part *part, struct buffer *out, bool *end,
                       struct error *error)
{
    const struct span none = span_of("", 0);
    switch (part->kind) {
    case EXCHANGE_REASONING:
        return write_piece(answering, none, part->text, NULL, out, error);
    case EXCHANGE_CONTENT:
        return write_piece(answering, part->text, none, NULL, out, error);
    case EXCHANGE_TOKEN:
        keep_told(answering, part);
        return !answering->context || gathered_take(&answering->gathered, part, error);
    case EXCHANGE_CALL_END:
        return write_call(answering, out, error);
    case EXCHANGE_OVER:
        *end = true;
        return write_last(answering, out, error);
    case EXCHANGE_FAILED:
        *end = true;
        return ollama_line(out, json_pack("{s:s}", "error", part->failure->text), error);
    default:
        return gathered_take(&answering->gathered, part, error);
    }
}

static bool stream_next(void *state, struct buffer *out, bool *end)
{
    struct answering *answering = state;
    struct exchange_part part;
    struct error error = { 0 };
    exchange_next(answering->exchange, &part);
    return write_part(answering, &part, out, end, &error);
}

static void stream_close(void *state)
{
    struct answering *answering = state;
    exchange_close(answering->exchange);
    gathered_free(&answering->gathered);
    json_decref(answering->told);
}

/* ---- whole ------------------------------------------------------------------------------------------------------- */

static bool take_part(void *context, const struct exchange_part *part, struct error *error)
{
    struct answering *answering = context;
    if (part->kind == EXCHANGE_TOKEN)
        keep_told(answering, part);
    return gathered_take(&answering->gathered, part, error);
}

static bool answer_whole(struct answering *answering, const struct request *request, struct response *response,
                         struct failure *failure)
{
    if (!exchange_run(answering->exchange, request, take_part, answering, failure))
        return false;
    const struct gathered *gathered = &answering->gathered;
    struct error error = { 0 };
    json_t *body = line_begun(answering);
    add_text(answering, body, buffer_span(&gathered->content), buffer_span(&gathered->reasoning), calls_json(gathered));
    add_end(answering, body);
    add_told(answering, body);
    return wire_json(&response->body, body, &error) || failure_error(failure, &error);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool can_think(const struct answering *answering, struct failure *failure)
{
    const struct held_parts *parts = exchange_parts(answering->exchange);
    const struct chat_model model = chat_model_of(parts, NULL);
    return chat_abilities(&model).reasons ||
           failure_field(failure, "think", "\"%s\" does not support thinking", answering->model);
}

static bool make_response(struct answering *answering, const struct request *request,
                          const struct ollama_wishes *wishes, struct response *response, struct failure *failure)
{
    if (wishes->thinks && !can_think(answering, failure))
        return false;
    exchange_tell(answering->exchange, request, response);
    if (!wishes->stream)
        return answer_whole(answering, request, response, failure);
    response->content_type = "application/x-ndjson";
    response->has_stream = true;
    response->stream = (struct stream){ .next = stream_next, .close = stream_close, .state = answering };
    return true;
}

bool ollama_answer(struct server *server, const struct request *request, const struct ollama_wishes *wishes,
                   enum ollama_form form, bool context, struct response *response, struct failure *failure)
{
    struct answering *answering = arena_take(request->arena, 1, sizeof *answering);
    if (!answering)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    struct exchange_wishes exchange = wishes->exchange;
    answering->began = seconds_now();
    answering->form = form;
    answering->context = context;
    answering->logprobs = exchange.tells_tokens;
    answering->gathered.arena = request->arena;
    exchange.tells_tokens = exchange.tells_tokens || context;
    if (!exchange_open(server, &exchange, request, &answering->exchange, failure))
        return false;
    answering->model = wishes->model[0] ? wishes->model : exchange_model(answering->exchange);
    const bool made = make_response(answering, request, wishes, response, failure);
    if (!made || !response->has_stream)
        stream_close(answering);
    return made;
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static bool is_loaded(struct server *server, const struct request *request, const char *path)
{
    struct loaded_model *rows;
    size_t count;
    if (!scheduler_models(server->scheduler, request->arena, &rows, &count, NULL))
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].path, path) == 0)
            return true;
    return false;
}

/* Holds it, which loads it; letting it go with keep_alive 0 unloads it. */
static bool load_or_unload(struct server *server, const struct request *request, const struct ollama_wishes *wishes,
                           const char **id, struct failure *failure)
{
    const double keep_alive = wishes->exchange.keep_alive_seconds;
    struct served_model model;
    struct error error = { 0 };
    struct held *held;
    if (!registry_find(server->registry, wishes->model, request->arena, &model, &error))
        return failure_error(failure, &error);
    *id = model.id;
    if (keep_alive == 0 && !is_loaded(server, request, model.path))
        return true;
    if (!exchange_hold(server, request, wishes->model, &held, &model, failure))
        return false;
    held_release(held, keep_alive);
    return true;
}

bool ollama_load(struct server *server, const struct request *request, const struct ollama_wishes *wishes,
                 enum ollama_form form, struct response *response, struct failure *failure)
{
    const char *id = NULL;
    struct error error = { 0 };
    if (!load_or_unload(server, request, wishes, &id, failure))
        return false;
    const struct answering answering = { .model = wishes->model[0] ? wishes->model : id, .form = form };
    json_t *body = line_begun(&answering);
    add_text(&answering, body, span_of("", 0), span_of("", 0), NULL);
    json_object_set_new(body, "done", json_true());
    json_object_set_new(body, "done_reason", json_string(wishes->exchange.keep_alive_seconds == 0 ? "unload" : "load"));
    response->content_type = wishes->stream ? "application/x-ndjson" : "application/json";
    const bool made = wishes->stream ? ollama_line(&response->body, body, &error)
                                     : wire_json(&response->body, body, &error);
    return made || failure_error(failure, &error);
}

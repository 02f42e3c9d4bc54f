/* events.c: an answer of /v1/responses: events, each with its number, and the object that they build.
 *
 *   created, in_progress
 *     output_item.added
 *       content_part.added, output_text.delta ..., output_text.done, content_part.done      of a message
 *       content_part.added, reasoning_text.delta ..., reasoning_text.done, content_part.done  of reasoning
 *       function_call_arguments.delta ..., function_call_arguments.done                     of a call
 *     output_item.done
 *   completed | incomplete | failed
 *
 * One item is open at a time. A client keeps what "done" says and not what it added up, so both say the same. */
#include "server/openai/events.h"

#include <string.h>
#include <time.h>

enum item_kind { ITEM_NONE, ITEM_REASONING, ITEM_MESSAGE, ITEM_CALL };

struct events {
    const struct exchange *exchange;
    struct events_form form;
    const char *id; /* letters and digits that ids are made of */
    bool begun;
    json_int_t sequence;
    json_t *output; /* of the response: the items so far */
    enum item_kind kind;
    json_t *item; /* that is open; the output holds it */
    char item_id[64];
    struct buffer text; /* of the open item */
    json_t *tokens, *waiting;
    enum answer_end end;
    struct job_counts counts;
    size_t reasoning_tokens;
};

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* Writes an event and frees fields, which it is made of. */
static bool write_event(struct events *events, const char *type, json_t *fields, struct buffer *out,
                        struct error *error)
{
    if (!events->form.stream) {
        json_decref(fields);
        return true;
    }
    json_t *event = json_pack("{s:s, s:I}", "type", type, "sequence_number", events->sequence++);
    json_object_update(event, fields);
    json_decref(fields);
    return wire_event(out, type, event, error);
}

static size_t output_index(const struct events *events)
{
    return json_array_size(events->output) - 1;
}

/* What each event of a part of an item names. */
static json_t *place_json(const struct events *events)
{
    return json_pack("{s:s, s:I, s:i}", "item_id", events->item_id, "output_index", (json_int_t)output_index(events),
                     "content_index", 0);
}

static bool write_response(struct events *events, const char *type, struct buffer *out, struct error *error)
{
    return write_event(events, type, json_pack("{s:o}", "response", json_deep_copy(events->form.response)), out, error);
}

static bool write_item(struct events *events, const char *type, struct buffer *out, struct error *error)
{
    return write_event(
        events, type,
        json_pack("{s:I, s:o}", "output_index", (json_int_t)output_index(events), "item", json_deep_copy(events->item)),
        out, error);
}

/* ---- items ------------------------------------------------------------------------------------------------------- */

static json_t *part_json(const struct events *events, struct span text)
{
    if (events->kind == ITEM_REASONING)
        return json_pack("{s:s, s:o}", "type", "reasoning_text", "text", wire_text(text));
    return json_pack("{s:s, s:o, s:[], s:O}", "type", "output_text", "text", wire_text(text), "annotations", "logprobs",
                     events->tokens);
}

static json_t *item_json(const struct events *events, const struct exchange_part *part)
{
    if (events->kind == ITEM_REASONING)
        return json_pack("{s:s, s:s, s:[], s:[], s:s}", "id", events->item_id, "type", "reasoning", "summary",
                         "content", "status", "in_progress");
    if (events->kind == ITEM_MESSAGE)
        return json_pack("{s:s, s:s, s:s, s:s, s:[]}", "id", events->item_id, "type", "message", "status",
                         "in_progress", "role", "assistant", "content");
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", events->item_id, "type", "function_call", "status",
                     "in_progress", "call_id", part->call_id, "name", part->name, "arguments", "");
}

static bool open_item(struct events *events, enum item_kind kind, const struct exchange_part *part, struct buffer *out,
                      struct error *error)
{
    static const char *const prefixes[] = { "", "rs_", "msg_", "fc_" };
    const size_t index = json_array_size(events->output);
    events->kind = kind;
    events->text.length = 0;
    json_array_clear(events->tokens);
    snprintf(events->item_id, sizeof events->item_id, "%s%.40s%zu", prefixes[kind], events->id, index);
    events->item = item_json(events, part);
    if (json_array_append_new(events->output, events->item) != 0)
        return error_memory(error, 0);
    if (!write_item(events, "response.output_item.added", out, error))
        return false;
    if (kind == ITEM_CALL)
        return true;
    json_t *fields = place_json(events);
    json_object_set_new(fields, "part", part_json(events, span_of("", 0)));
    return write_event(events, "response.content_part.added", fields, out, error);
}

static bool close_text(struct events *events, struct buffer *out, struct error *error)
{
    const bool message = events->kind == ITEM_MESSAGE;
    json_t *part = part_json(events, buffer_span(&events->text)), *fields = place_json(events);
    json_object_set(fields, "text", json_object_get(part, "text"));
    if (message)
        json_object_set(fields, "logprobs", json_object_get(part, "logprobs"));
    if (!write_event(events, message ? "response.output_text.done" : "response.reasoning_text.done", fields, out,
                     error)) {
        json_decref(part);
        return false;
    }
    /* The list of tokens is filled anew for the next item. */
    json_t *copy = json_deep_copy(part);
    json_decref(part);
    fields = place_json(events);
    json_object_set(fields, "part", copy);
    json_array_append_new(json_object_get(events->item, "content"), copy);
    return write_event(events, "response.content_part.done", fields, out, error);
}

static bool close_call(struct events *events, struct buffer *out, struct error *error)
{
    json_t *arguments = wire_text(buffer_span(&events->text));
    json_t *fields = json_pack("{s:s, s:I, s:O, s:O}", "item_id", events->item_id, "output_index",
                               (json_int_t)output_index(events), "name", json_object_get(events->item, "name"),
                               "arguments", arguments);
    json_object_set_new(events->item, "arguments", arguments);
    return write_event(events, "response.function_call_arguments.done", fields, out, error);
}

/* whole: false for what a limit cut off. */
static bool close_item(struct events *events, bool whole, struct buffer *out, struct error *error)
{
    if (events->kind == ITEM_NONE)
        return true;
    if (!(events->kind == ITEM_CALL ? close_call(events, out, error) : close_text(events, out, error)))
        return false;
    json_object_set_new(events->item, "status", json_string(whole ? "completed" : "incomplete"));
    events->kind = ITEM_NONE;
    return write_item(events, "response.output_item.done", out, error);
}

/* The item that a part belongs to is open afterwards, and no other. */
static bool turn_to(struct events *events, enum item_kind kind, const struct exchange_part *part, struct buffer *out,
                    struct error *error)
{
    if (events->kind == kind && part->kind != EXCHANGE_CALL)
        return true;
    return close_item(events, true, out, error) && open_item(events, kind, part, out, error);
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static bool keep_token(struct events *events, const struct exchange_part *part, struct error *error)
{
    if (!events->form.logprobs)
        return true;
    return json_array_append_new(events->waiting, openai_token(events->exchange, part->told, part->told_count)) == 0 ||
           error_memory(error, 0);
}

static bool add_reasoning(struct events *events, const struct exchange_part *part, struct buffer *out,
                          struct error *error)
{
    json_array_clear(events->waiting);
    if (!turn_to(events, ITEM_REASONING, part, out, error) ||
        !buffer_add(&events->text, part->text.data, part->text.bytes, error))
        return false;
    json_t *fields = place_json(events);
    json_object_set_new(fields, "delta", wire_text(part->text));
    return write_event(events, "response.reasoning_text.delta", fields, out, error);
}

static bool add_content(struct events *events, const struct exchange_part *part, struct buffer *out,
                        struct error *error)
{
    if (!turn_to(events, ITEM_MESSAGE, part, out, error) ||
        !buffer_add(&events->text, part->text.data, part->text.bytes, error))
        return false;
    json_t *fields = place_json(events);
    json_object_set_new(fields, "delta", wire_text(part->text));
    json_object_set_new(fields, "logprobs", json_copy(events->waiting));
    const bool kept = json_array_extend(events->tokens, events->waiting) == 0;
    json_array_clear(events->waiting);
    return write_event(events, "response.output_text.delta", fields, out, error) && (kept || error_memory(error, 0));
}

static bool add_arguments(struct events *events, const struct exchange_part *part, struct buffer *out,
                          struct error *error)
{
    json_array_clear(events->waiting);
    if (!buffer_add(&events->text, part->text.data, part->text.bytes, error))
        return false;
    json_t *fields = json_pack("{s:s, s:I, s:o}", "item_id", events->item_id, "output_index",
                               (json_int_t)output_index(events), "delta", wire_text(part->text));
    return write_event(events, "response.function_call_arguments.delta", fields, out, error);
}

/* An answer without anything in it is an empty message. */
static bool end_answer(struct events *events, const struct exchange_part *part, struct buffer *out, struct error *error)
{
    events->end = part->end;
    events->counts = part->counts;
    events->reasoning_tokens = part->reasoning_tokens;
    const bool whole = strcmp(openai_finish_reason(part->end, part->called), "length") != 0;
    if (json_array_size(events->output) == 0 && !open_item(events, ITEM_MESSAGE, part, out, error))
        return false;
    return close_item(events, whole, out, error);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static json_t *usage_json(const struct events *events)
{
    const struct job_counts *counts = &events->counts;
    return json_pack("{s:I, s:{s:I, s:i}, s:I, s:{s:I}, s:I}", "input_tokens", (json_int_t)counts->prompt_tokens,
                     "input_tokens_details", "cached_tokens", (json_int_t)counts->cached_tokens, "cache_write_tokens",
                     0, "output_tokens", (json_int_t)counts->tokens, "output_tokens_details", "reasoning_tokens",
                     (json_int_t)events->reasoning_tokens, "total_tokens",
                     (json_int_t)(counts->prompt_tokens + counts->tokens));
}

static bool write_end(struct events *events, struct buffer *out, struct error *error)
{
    json_t *response = events->form.response;
    const bool whole = strcmp(openai_finish_reason(events->end, false), "length") != 0;
    json_object_set_new(response, "status", json_string(whole ? "completed" : "incomplete"));
    if (!whole)
        json_object_set_new(response, "incomplete_details", json_pack("{s:s}", "reason", "max_output_tokens"));
    else
        json_object_set_new(response, "completed_at", json_integer((json_int_t)time(NULL)));
    json_object_set_new(response, "usage", usage_json(events));
    json_object_set_new(response, "timings", timings_json(&events->counts));
    if (events->form.finished && !events->form.finished(events->form.context, response, error))
        return false;
    if (!events->form.stream)
        return wire_json(out, json_incref(response), error);
    return write_response(events, whole ? "response.completed" : "response.incomplete", out, error);
}

static bool write_failure(struct events *events, const struct failure *failure, struct buffer *out, struct error *error)
{
    json_t *response = events->form.response;
    json_object_set_new(response, "status", json_string("failed"));
    json_object_set_new(response, "error", json_pack("{s:s, s:s}", "code", "server_error", "message", failure->text));
    return write_response(events, "response.failed", out, error);
}

static bool write_begin(struct events *events, struct buffer *out, struct error *error)
{
    events->begun = true;
    return write_response(events, "response.created", out, error) &&
           write_response(events, "response.in_progress", out, error);
}

static bool write_part(void *state, const struct exchange_part *part, struct buffer *out, struct error *error)
{
    struct events *events = state;
    if (!events->begun && !write_begin(events, out, error))
        return false;
    switch (part->kind) {
    case EXCHANGE_TOKEN:
        return keep_token(events, part, error);
    case EXCHANGE_REASONING:
        return add_reasoning(events, part, out, error);
    case EXCHANGE_CONTENT:
        return add_content(events, part, out, error);
    case EXCHANGE_CALL:
        json_array_clear(events->waiting);
        return turn_to(events, ITEM_CALL, part, out, error);
    case EXCHANGE_CALL_ARGUMENTS:
        return add_arguments(events, part, out, error);
    case EXCHANGE_CALL_END:
        return close_item(events, true, out, error);
    case EXCHANGE_ENDED:
        return end_answer(events, part, out, error);
    case EXCHANGE_OVER:
        return write_end(events, out, error);
    case EXCHANGE_FAILED:
        return write_failure(events, part->failure, out, error);
    default:
        return true;
    }
}

static void close_form(const struct events_form *form)
{
    json_decref(form->response);
    form->close(form->context);
}

static void close_events(void *state)
{
    struct events *events = state;
    close_form(&events->form);
    buffer_free(&events->text);
    json_decref(events->tokens);
    json_decref(events->waiting);
}

struct openai_writer openai_events(const struct exchange *exchange, const struct events_form *form,
                                   const struct request *request)
{
    struct events *events = arena_take(request->arena, 1, sizeof *events);
    const char *id = openai_id(request, "");
    json_t *output = json_array();
    if (!events || !id || json_object_set_new(form->response, "output", output) != 0) {
        close_form(form);
        return (struct openai_writer){ .state = NULL };
    }
    *events = (struct events){ .exchange = exchange,
                               .form = *form,
                               .id = id,
                               .output = output,
                               .text.limit = WIRE_MOST,
                               .tokens = json_array(),
                               .waiting = json_array() };
    return (struct openai_writer){ .write = write_part, .state = events, .close = close_events };
}

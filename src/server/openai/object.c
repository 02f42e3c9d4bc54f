/* object.c: an answer of /v1/chat/completions as one object, gathered from its parts. */
#include "server/openai/chat.h"

#include <string.h>

/* One of the answers so far. */
struct gathered {
    struct buffer content, reasoning;
    struct buffer arguments; /* of the call that goes on */
    json_t *calls, *tokens, *waiting;
    const char *finish_reason;
};

struct object {
    const struct exchange *exchange;
    struct openai_form form;
    const char *id;
    struct gathered answers[16];
    size_t completion, reasoning;
    struct job_counts counts;
};

static json_t *made(json_t **array)
{
    if (!*array)
        *array = json_array();
    return *array;
}

static bool add_text(struct buffer *buffer, struct span text, struct error *error)
{
    buffer->limit = WIRE_MOST;
    return buffer_add(buffer, text.data, text.bytes, error);
}

/* Tokens that wait turn out to be content, or not. */
static bool settle_tokens(struct gathered *answer, bool content, struct error *error)
{
    const bool done = !answer->waiting || !content || json_array_extend(made(&answer->tokens), answer->waiting) == 0;
    json_decref(answer->waiting);
    answer->waiting = NULL;
    return done || error_memory(error, 0);
}

static bool add_call(struct gathered *answer, const struct exchange_part *part, struct error *error)
{
    answer->arguments.length = 0;
    json_t *call = json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", part->call_id, "type", "function", "function", "name",
                             part->name, "arguments", "");
    return json_array_append_new(made(&answer->calls), call) == 0 || error_memory(error, 0);
}

/* Puts the arguments so far into the last call: an answer may be cut in the middle of one. */
static bool set_arguments(struct gathered *answer, struct error *error)
{
    const size_t count = json_array_size(answer->calls);
    if (count == 0)
        return true;
    json_t *function = json_object_get(json_array_get(answer->calls, count - 1), "function");
    return json_object_set_new(function, "arguments", wire_text(buffer_span(&answer->arguments))) == 0 ||
           error_memory(error, 0);
}

static bool end_answer(struct object *object, const struct exchange_part *part, struct error *error)
{
    struct gathered *answer = &object->answers[part->answer];
    object->counts = part->counts;
    object->completion += part->counts.tokens;
    object->reasoning += part->reasoning_tokens;
    answer->finish_reason = openai_finish_reason(part->end, part->called);
    return settle_tokens(answer, true, error) && set_arguments(answer, error);
}

/* ---- the object -------------------------------------------------------------------------------------------------- */

static void set_calls(const struct object *object, const struct gathered *answer, json_t *message)
{
    if (!object->form.legacy)
        json_object_set(message, "tool_calls", answer->calls);
    else
        json_object_set(message, "function_call", json_object_get(json_array_get(answer->calls, 0), "function"));
}

static json_t *message_json(const struct object *object, const struct gathered *answer)
{
    const bool silent = answer->calls && answer->content.length == 0;
    json_t *message = json_pack("{s:s, s:o, s:n}", "role", "assistant", "content",
                                silent ? json_null() : wire_text(buffer_span(&answer->content)), "refusal");
    if (answer->reasoning.length > 0) {
        json_object_set_new(message, "reasoning_content", wire_text(buffer_span(&answer->reasoning)));
        json_object_set(message, "reasoning", json_object_get(message, "reasoning_content"));
    }
    if (answer->calls)
        set_calls(object, answer, message);
    return message;
}

static json_t *choice_json(const struct object *object, size_t i)
{
    struct gathered *answer = (struct gathered *)&object->answers[i];
    const char *reason = answer->finish_reason;
    if (object->form.legacy && strcmp(reason, "tool_calls") == 0)
        reason = "function_call";
    json_t *choice = json_pack("{s:I, s:o, s:s, s:n}", "index", (json_int_t)i, "message", message_json(object, answer),
                               "finish_reason", reason, "logprobs");
    if (object->form.logprobs)
        json_object_set_new(choice, "logprobs", json_pack("{s:O, s:n}", "content", made(&answer->tokens), "refusal"));
    return choice;
}

static bool write_object(const struct object *object, struct buffer *out, struct error *error)
{
    json_t *choices = json_array();
    for (size_t i = 0; i < object->form.answers; i++)
        json_array_append_new(choices, choice_json(object, i));
    const struct job_counts *counts = &object->counts;
    json_t *body =
        json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:o, s:o}", "id", object->id, "object", "chat.completion", "created",
                  (json_int_t)exchange_created(object->exchange), "model", exchange_model(object->exchange),
                  "system_fingerprint", "bastide-" BASTIDE_VERSION, "choices", choices, "usage",
                  openai_usage(counts->prompt_tokens, counts->cached_tokens, object->completion, object->reasoning),
                  "timings", timings_json(counts));
    if (object->form.verbose)
        json_object_set_new(body, "__verbose", json_pack("{s:o}", "prompt", exchange_prompt_json(object->exchange)));
    return wire_json(out, body, error);
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static bool gather(void *state, const struct exchange_part *part, struct buffer *out, struct error *error)
{
    struct object *object = state;
    struct gathered *answer = &object->answers[part->answer];
    switch (part->kind) {
    case EXCHANGE_TOKEN:
        return !object->form.logprobs ||
               json_array_append_new(made(&answer->waiting),
                                     openai_token(object->exchange, part->told, part->told_count)) == 0 ||
               error_memory(error, 0);
    case EXCHANGE_REASONING:
        return settle_tokens(answer, false, error) && add_text(&answer->reasoning, part->text, error);
    case EXCHANGE_CONTENT:
        return settle_tokens(answer, true, error) && add_text(&answer->content, part->text, error);
    case EXCHANGE_CALL:
        return settle_tokens(answer, false, error) && add_call(answer, part, error);
    case EXCHANGE_CALL_ARGUMENTS:
        return settle_tokens(answer, false, error) && add_text(&answer->arguments, part->text, error);
    case EXCHANGE_CALL_END:
        return set_arguments(answer, error);
    case EXCHANGE_ENDED:
        return end_answer(object, part, error);
    case EXCHANGE_OVER:
        return write_object(object, out, error);
    default:
        return true;
    }
}

static void close_object(void *state)
{
    struct object *object = state;
    for (size_t i = 0; object && i < LENGTH(object->answers); i++) {
        struct gathered *answer = &object->answers[i];
        buffer_free(&answer->content);
        buffer_free(&answer->reasoning);
        buffer_free(&answer->arguments);
        json_decref(answer->calls);
        json_decref(answer->tokens);
        json_decref(answer->waiting);
    }
}

struct openai_writer chat_object(const struct exchange *exchange, const struct openai_form *form,
                                 const struct request *request)
{
    struct object *object = arena_take(request->arena, 1, sizeof *object);
    const char *id = openai_id(request, "chatcmpl-");
    if (object && id)
        *object = (struct object){ .exchange = exchange, .form = *form, .id = id };
    return (struct openai_writer){ .write = gather, .state = id ? object : NULL, .close = close_object };
}

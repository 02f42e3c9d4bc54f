/* chunks.c: an answer of /v1/chat/completions as a stream of chunks.
 *
 *   role, once for each choice -> reasoning -> content -> calls -> finish_reason, delta empty -> usage -> [DONE]
 *
 * A call's id, type and name stand in its first delta only: clients join what they get. Tokens are told with the
 * content that they make; of reasoning and calls none are. */
#include "server/openai/chat.h"

#include <string.h>

struct chunks {
    const struct exchange *exchange;
    struct openai_form form;
    const char *id;
    bool begun, roles_told;
    json_t *tokens[16]; /* of each answer, that wait for their content */
    size_t prompt, cached, completion, reasoning;
    struct job_counts counts;
};

static bool write_chunk(const struct chunks *chunks, json_t *choices, json_t *usage, bool timings, struct buffer *out,
                        struct error *error)
{
    json_t *chunk = json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "id", chunks->id, "object", "chat.completion.chunk",
                              "created", (json_int_t)exchange_created(chunks->exchange), "model",
                              exchange_model(chunks->exchange), "system_fingerprint", "bastide-" BASTIDE_VERSION,
                              "choices", choices);
    if (chunks->form.include_usage)
        json_object_set_new(chunk, "usage", usage ? usage : json_null());
    if (timings || (chunks->form.timings_per_token && chunks->roles_told))
        json_object_set_new(chunk, "timings", timings_json(&chunks->counts));
    return wire_event(out, NULL, chunk, error);
}

/* {content, refusal} of the tokens that wait; null if there are none. */
static json_t *take_tokens(struct chunks *chunks, size_t answer)
{
    json_t *tokens = chunks->tokens[answer];
    chunks->tokens[answer] = NULL;
    return tokens ? json_pack("{s:o, s:n}", "content", tokens, "refusal") : json_null();
}

static bool write_delta(struct chunks *chunks, size_t answer, json_t *delta, struct buffer *out, struct error *error)
{
    json_t *choice = json_pack("{s:I, s:o, s:o, s:n}", "index", (json_int_t)answer, "delta", delta, "logprobs",
                               take_tokens(chunks, answer), "finish_reason");
    return write_chunk(chunks, json_pack("[o]", choice), NULL, false, out, error);
}

static bool write_roles(struct chunks *chunks, struct buffer *out, struct error *error)
{
    chunks->begun = true;
    for (size_t i = 0; i < chunks->form.answers; i++)
        if (!write_delta(chunks, i, json_pack("{s:s, s:n}", "role", "assistant", "content"), out, error))
            return false;
    chunks->roles_told = true;
    return true;
}

static bool write_progress(struct chunks *chunks, const struct exchange_part *part, struct buffer *out,
                           struct error *error)
{
    if (!chunks->form.progress)
        return true;
    const struct job_counts *counts = &part->counts;
    json_t *choice = json_pack("{s:i, s:{}, s:n, s:n}", "index", 0, "delta", "logprobs", "finish_reason");
    json_t *chunk = json_pack("{s:s, s:s, s:I, s:s, s:[o], s:{s:I, s:I, s:I, s:I}}", "id", chunks->id, "object",
                              "chat.completion.chunk", "created", (json_int_t)exchange_created(chunks->exchange),
                              "model", exchange_model(chunks->exchange), "choices", choice, "prompt_progress", "total",
                              (json_int_t)counts->prompt_tokens, "cache", (json_int_t)counts->cached_tokens,
                              "processed", (json_int_t)size_max(counts->read_tokens, counts->cached_tokens), "time_ms",
                              (json_int_t)(counts->prompt_seconds * 1e3));
    return wire_event(out, NULL, chunk, error);
}

static bool keep_token(struct chunks *chunks, const struct exchange_part *part, struct error *error)
{
    if (!chunks->form.logprobs)
        return true;
    json_t **tokens = &chunks->tokens[part->answer];
    if (!*tokens)
        *tokens = json_array();
    return json_array_append_new(*tokens, openai_token(chunks->exchange, part->told, part->told_count)) == 0 ||
           error_memory(error, 0);
}

static void drop_tokens(struct chunks *chunks, size_t answer)
{
    json_decref(chunks->tokens[answer]);
    chunks->tokens[answer] = NULL;
}

static bool write_text(struct chunks *chunks, const struct exchange_part *part, struct buffer *out, struct error *error)
{
    json_t *text = wire_text(part->text);
    if (part->kind == EXCHANGE_CONTENT)
        return write_delta(chunks, part->answer, json_pack("{s:o}", "content", text), out, error);
    drop_tokens(chunks, part->answer);
    json_t *delta = json_pack("{s:O, s:o}", "reasoning_content", text, "reasoning", text);
    return write_delta(chunks, part->answer, delta, out, error);
}

static bool write_call(struct chunks *chunks, const struct exchange_part *part, struct buffer *out, struct error *error)
{
    drop_tokens(chunks, part->answer);
    json_t *function = json_pack("{s:s, s:s}", "name", part->name, "arguments", "");
    json_t *delta = chunks->form.legacy
                        ? json_pack("{s:o}", "function_call", function)
                        : json_pack("{s:[{s:I, s:s, s:s, s:o}]}", "tool_calls", "index", (json_int_t)part->call, "id",
                                    part->call_id, "type", "function", "function", function);
    return write_delta(chunks, part->answer, delta, out, error);
}

static bool write_arguments(struct chunks *chunks, const struct exchange_part *part, struct buffer *out,
                            struct error *error)
{
    drop_tokens(chunks, part->answer);
    json_t *function = json_pack("{s:o}", "arguments", wire_text(part->text));
    json_t *delta = chunks->form.legacy ? json_pack("{s:o}", "function_call", function)
                                        : json_pack("{s:[{s:I, s:o}]}", "tool_calls", "index", (json_int_t)part->call,
                                                    "function", function);
    return write_delta(chunks, part->answer, delta, out, error);
}

static bool write_finish(struct chunks *chunks, const struct exchange_part *part, struct buffer *out,
                         struct error *error)
{
    chunks->prompt = part->counts.prompt_tokens;
    chunks->cached = part->counts.cached_tokens;
    chunks->completion += part->counts.tokens;
    chunks->reasoning += part->reasoning_tokens;
    const char *reason = openai_finish_reason(part->end, part->called);
    if (chunks->form.legacy && strcmp(reason, "tool_calls") == 0)
        reason = "function_call";
    json_t *choice = json_pack("{s:I, s:{}, s:o, s:s}", "index", (json_int_t)part->answer, "delta", "logprobs",
                               take_tokens(chunks, part->answer), "finish_reason", reason);
    return write_chunk(chunks, json_pack("[o]", choice), NULL, true, out, error);
}

static bool write_over(struct chunks *chunks, struct buffer *out, struct error *error)
{
    json_t *usage = openai_usage(chunks->prompt, chunks->cached, chunks->completion, chunks->reasoning);
    if (!chunks->form.include_usage)
        json_decref(usage);
    else if (!write_chunk(chunks, json_array(), usage, true, out, error))
        return false;
    return buffer_text(out, "data: [DONE]\n\n", error);
}

static bool write_part(void *state, const struct exchange_part *part, struct buffer *out, struct error *error)
{
    struct chunks *chunks = state;
    if (!chunks->begun && !write_roles(chunks, out, error))
        return false;
    if (part->kind != EXCHANGE_WAITING && part->kind != EXCHANGE_OVER && part->kind != EXCHANGE_FAILED)
        chunks->counts = part->counts;
    switch (part->kind) {
    case EXCHANGE_STARTED:
    case EXCHANGE_READING:
        return write_progress(chunks, part, out, error);
    case EXCHANGE_TOKEN:
        return keep_token(chunks, part, error);
    case EXCHANGE_REASONING:
    case EXCHANGE_CONTENT:
        return write_text(chunks, part, out, error);
    case EXCHANGE_CALL:
        return write_call(chunks, part, out, error);
    case EXCHANGE_CALL_ARGUMENTS:
        return write_arguments(chunks, part, out, error);
    case EXCHANGE_ENDED:
        return write_finish(chunks, part, out, error);
    case EXCHANGE_OVER:
        return write_over(chunks, out, error);
    case EXCHANGE_FAILED:
        return wire_event(out, NULL, json_pack("{s:o}", "error", openai_error(part->failure)), error);
    default:
        return true;
    }
}

static void close_chunks(void *state)
{
    struct chunks *chunks = state;
    for (size_t i = 0; chunks && i < LENGTH(chunks->tokens); i++)
        json_decref(chunks->tokens[i]);
}

struct openai_writer chat_chunks(const struct exchange *exchange, const struct openai_form *form,
                                 const struct request *request)
{
    struct chunks *chunks = arena_take(request->arena, 1, sizeof *chunks);
    const char *id = openai_id(request, "chatcmpl-");
    if (chunks && id)
        *chunks = (struct chunks){ .exchange = exchange, .form = *form, .id = id };
    return (struct openai_writer){ .write = write_part, .state = id ? chunks : NULL, .close = close_chunks };
}

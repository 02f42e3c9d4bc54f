/* tokens.c: text to tokens and back, messages to a prompt, and how long a prompt is. */
#include "server/llama/llama.h"
#include "server/openai/tools.h"
#include "server/wire.h"

#include <string.h>
#include <time.h>

typedef bool llama_tell(const json_t *body, const struct held_parts *parts, struct response *response,
                        struct failure *failure);

/* Runs tell with the body and the model that it names. */
static bool with_model(struct server *server, const struct request *request, llama_tell *tell,
                       struct response *response, struct failure *failure)
{
    json_t *body;
    struct held *held;
    if (!llama_begin(server, request, &body, &held, failure))
        return false;
    const bool told = tell(body, held_parts(held), response, failure);
    held_release(held, exchange_default().keep_alive_seconds);
    json_decref(body);
    return told;
}

static bool send(json_t *json, struct response *response, struct failure *failure)
{
    struct error error = { 0 };
    return wire_json(&response->body, json, &error) || failure_error(failure, &error);
}

/* ---- tokenize ---------------------------------------------------------------------------------------------------- */

/* A piece that is no text by itself is told as its bytes. */
static json_t *piece_json(const struct tokenizer *tokenizer, uint32_t id)
{
    char scratch[256];
    const struct span piece = tokenizer_piece(tokenizer, id, true, scratch);
    if (utf8_valid_prefix(piece) == piece.bytes)
        return wire_text(piece);
    json_t *bytes = json_array();
    for (size_t i = 0; i < piece.bytes; i++)
        json_array_append_new(bytes, json_integer(piece.data[i]));
    return bytes;
}

static json_t *tokens_json(const struct tokenizer *tokenizer, const struct tokens *tokens, bool pieces)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < tokens->count; i++) {
        const json_int_t id = tokens->ids[i];
        json_array_append_new(rows,
                              pieces ? json_pack("{s:I, s:o}", "id", id, "piece", piece_json(tokenizer, tokens->ids[i]))
                                     : json_integer(id));
    }
    return json_pack("{s:o}", "tokens", rows);
}

static bool tokenize(const json_t *body, const struct held_parts *parts, struct response *response,
                     struct failure *failure)
{
    const struct fields in = { body, "" };
    struct encoding encoding = { .parse_special = true };
    const char *content = "";
    bool pieces = false;
    struct tokens tokens = { 0 };
    struct error error = { 0 };
    if (!field_text(in, "content", &content, failure) ||
        !field_bool(in, "add_special", &encoding.add_special, failure) ||
        !field_bool(in, "parse_special", &encoding.parse_special, failure) ||
        !field_bool(in, "with_pieces", &pieces, failure))
        return false;
    const bool done = tokenizer_encode(parts->tokenizer, span_text(content), encoding, &tokens, &error)
                          ? send(tokens_json(parts->tokenizer, &tokens, pieces), response, failure)
                          : failure_error(failure, &error);
    tokens_free(&tokens);
    return done;
}

bool llama_tokenize(struct server *server, const struct request *request, struct response *response,
                    struct failure *failure)
{
    return with_model(server, request, tokenize, response, failure);
}

/* ---- detokenize -------------------------------------------------------------------------------------------------- */

static bool add_token(struct decoder *decoder, const json_t *value, struct buffer *out, struct failure *failure)
{
    int64_t id;
    struct error error = { 0 };
    if (!json_whole(value, &id) || id < 0 || (uint64_t)id >= tokenizer_vocabulary(decoder->tokenizer))
        return failure_field(failure, "tokens", "tokens from 0 to %zu are wanted",
                             tokenizer_vocabulary(decoder->tokenizer) - 1);
    return decoder_add(decoder, (uint32_t)id, out, &error) || failure_error(failure, &error);
}

static bool detokenize(const json_t *body, const struct held_parts *parts, struct response *response,
                       struct failure *failure)
{
    const json_t *tokens = NULL;
    struct decoder decoder = { .tokenizer = parts->tokenizer, .special = true };
    struct buffer text = { .limit = SIZE_MAX / 2 };
    struct error error = { 0 };
    if (!field_array((struct fields){ body, "" }, "tokens", &tokens, failure))
        return false;
    bool good = true;
    for (size_t i = 0; good && i < json_array_size(tokens); i++)
        good = add_token(&decoder, json_array_get(tokens, i), &text, failure);
    good = good && (decoder_end(&decoder, &text, &error) || failure_error(failure, &error)) &&
           send(json_pack("{s:o}", "content", wire_text(buffer_span(&text))), response, failure);
    buffer_free(&text);
    return good;
}

bool llama_detokenize(struct server *server, const struct request *request, struct response *response,
                      struct failure *failure)
{
    return with_model(server, request, detokenize, response, failure);
}

/* ---- apply-template ---------------------------------------------------------------------------------------------- */

static bool read_reasoning(struct fields in, struct chat_request *chat, struct failure *failure)
{
    bool thinks = false;
    if (!field_object(in, "chat_template_kwargs", &chat->template_arguments, failure))
        return false;
    const struct fields inner = { chat->template_arguments, "chat_template_kwargs" };
    if (!field_bool(inner, "enable_thinking", &thinks, failure))
        return false;
    if (field_given(inner, "enable_thinking"))
        chat->reasoning = thinks ? CHAT_REASONING_ON : CHAT_REASONING_OFF;
    return true;
}

static bool read_messages(struct fields in, struct chat_request *chat, json_t **messages, struct failure *failure)
{
    const json_t *given = NULL;
    if (!field_demand(in, "messages", failure) || !field_array(in, "messages", &given, failure) ||
        !openai_renew_messages(given, messages, failure))
        return false;
    chat->messages = *messages;
    const json_t *last = json_array_get(*messages, json_array_size(*messages) - 1);
    const char *role = json_string_value(json_object_get(last, "role"));
    chat->goes_on = role && strcmp(role, "assistant") == 0 && !json_object_get(last, "tool_calls");
    return true;
}

/* Opens the conversation of a body in the form of OpenAI's chat API, and tells of it. */
static bool with_chat(const json_t *body, const struct held_parts *parts, json_t *(*tell)(const struct chat *),
                      struct response *response, struct failure *failure)
{
    const struct fields in = { body, "" };
    const struct chat_model model = chat_model_of(parts, NULL);
    struct chat_request request = { .now = (int64_t)time(NULL) };
    struct chat *chat = NULL;
    struct error error = { 0 };
    json_t *messages = NULL, *tools = NULL;
    bool begins = true;
    bool good = field_bool(in, "add_generation_prompt", &begins, failure) &&
                read_messages(in, &request, &messages, failure) && openai_read_tools(in, &request, &tools, failure) &&
                read_reasoning(in, &request, failure);
    request.ends_with_messages = !begins;
    good = good && (chat_open(&model, &request, &chat, &error) || failure_error(failure, &error)) &&
           send(tell(chat), response, failure);
    chat_close(chat);
    json_decref(messages);
    json_decref(tools);
    return good;
}

static json_t *prompt_json(const struct chat *chat)
{
    return json_pack("{s:o}", "prompt", wire_text(chat_prompt_text(chat)));
}

static json_t *count_json(const struct chat *chat)
{
    return json_pack("{s:s, s:o}", "object", "response.input_tokens", "input_tokens",
                     wire_count(chat_prompt(chat)->count));
}

static bool apply_template(const json_t *body, const struct held_parts *parts, struct response *response,
                           struct failure *failure)
{
    return with_chat(body, parts, prompt_json, response, failure);
}

bool llama_apply_template(struct server *server, const struct request *request, struct response *response,
                          struct failure *failure)
{
    return with_model(server, request, apply_template, response, failure);
}

static bool count_chat(const json_t *body, const struct held_parts *parts, struct response *response,
                       struct failure *failure)
{
    return with_chat(body, parts, count_json, response, failure);
}

bool llama_count_chat(struct server *server, const struct request *request, struct response *response,
                      struct failure *failure)
{
    return with_model(server, request, count_chat, response, failure);
}

/* generate.c: POST /api/generate: a prompt, which becomes the user's message of a conversation unless it is raw.
 * context is what an earlier answer gave: the tokens of the conversation so far, put before. */
#include "server/middle.h"
#include "server/ollama/ollama.h"

#include <string.h>

struct generate_body {
    const char *prompt, *suffix, *system;
    bool raw;
    const json_t *context;
};

static bool refuse(const json_t *body, struct failure *failure)
{
    const struct fields in = { body, "" };
    const char *template = NULL;
    const json_t *images = NULL;
    if (!field_text(in, "template", &template, failure) || !field_array(in, "images", &images, failure))
        return false;
    if (template && template[0])
        return field_wrong(in, "template", failure,
                           "Go templates are not supported: send the finished prompt with raw true");
    return json_array_size(images) == 0 || field_wrong(in, "images", failure, "this model does not take images");
}

static bool read_body(const json_t *body, struct generate_body *out, struct failure *failure)
{
    const struct fields in = { body, "" };
    *out = (struct generate_body){ .prompt = "", .suffix = "", .system = "" };
    return field_text(in, "prompt", &out->prompt, failure) && field_text(in, "suffix", &out->suffix, failure) &&
           field_text(in, "system", &out->system, failure) && field_bool(in, "raw", &out->raw, failure) &&
           field_array(in, "context", &out->context, failure) && refuse(body, failure);
}

static bool add_context(const json_t *context, struct tokens *out, struct failure *failure)
{
    for (size_t i = 0; i < json_array_size(context); i++) {
        int64_t id;
        struct error error = { 0 };
        if (!json_whole(json_array_get(context, i), &id) || id < 0 || id >= UINT32_MAX)
            return failure_field(failure, "context", "an array of tokens is wanted, as an answer gave it");
        if (!tokens_add(out, (uint32_t)id, &error))
            return failure_error(failure, &error);
    }
    return true;
}

/* The conversation's tokens after those of the context; the beginning of a text comes but once. */
static bool add_chat(const struct held_parts *parts, const struct chat_request *request, struct tokens *out,
                     struct failure *failure)
{
    const struct chat_model model = chat_model_of(parts, NULL);
    struct chat *chat = NULL;
    struct error error = { 0 };
    bool good = chat_open(&model, request, &chat, &error);
    const struct tokens *prompt = good ? chat_prompt(chat) : NULL;
    const uint32_t bos = tokenizer_bos(parts->tokenizer);
    for (size_t i = 0; good && i < prompt->count; i++)
        if (i > 0 || out->count == 0 || prompt->ids[i] != bos)
            good = tokens_add(out, prompt->ids[i], &error);
    chat_close(chat);
    return good || failure_error(failure, &error);
}

/* What form there is goes with the plain prompt: a conversation's reader is not needed to follow a context. */
static bool answer_after(struct server *server, const struct request *request, struct ollama_wishes *wishes,
                         const struct generate_body *body, struct response *response, struct failure *failure)
{
    struct held *held;
    struct served_model model;
    struct tokens prompt = { 0 };
    if (!exchange_hold(server, request, wishes->model, &held, &model, failure))
        return false;
    const bool good = add_context(body->context, &prompt, failure) &&
                      add_chat(held_parts(held), &wishes->chat, &prompt, failure);
    static const char any_object[] = "{\"type\":\"object\"}";
    json_t *object = wishes->chat.form == CHAT_FORM_JSON ? json_loads(any_object, 0, NULL) : NULL;
    wishes->exchange.prompt = &prompt;
    wishes->exchange.schema = object ? object : wishes->chat.schema;
    const bool answered = good && ollama_answer(server, request, wishes, OLLAMA_GENERATE, true, response, failure);
    json_decref(object);
    tokens_free(&prompt);
    held_release(held, wishes->exchange.keep_alive_seconds);
    return answered;
}

static bool answer_chat(struct server *server, const struct request *request, struct ollama_wishes *wishes,
                        const struct generate_body *body, struct response *response, struct failure *failure)
{
    json_t *messages = body->system[0] ? json_pack("[{s:s, s:s}, {s:s, s:s}]", "role", "system", "content",
                                                   body->system, "role", "user", "content", body->prompt)
                                       : json_pack("[{s:s, s:s}]", "role", "user", "content", body->prompt);
    if (!messages)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    wishes->chat.messages = messages;
    wishes->exchange.chat = json_array_size(body->context) ? NULL : &wishes->chat;
    const bool done = wishes->exchange.chat
                          ? ollama_answer(server, request, wishes, OLLAMA_GENERATE, true, response, failure)
                          : answer_after(server, request, wishes, body, response, failure);
    json_decref(messages);
    return done;
}

static bool answer_raw(struct server *server, const struct request *request, struct ollama_wishes *wishes,
                       const struct generate_body *body, struct response *response, struct failure *failure)
{
    static const char any_object[] = "{\"type\":\"object\"}";
    json_t *object = wishes->chat.form == CHAT_FORM_JSON ? json_loads(any_object, 0, NULL) : NULL;
    wishes->exchange.text = span_text(body->prompt);
    wishes->exchange.schema = object ? object : wishes->chat.schema;
    const bool done = ollama_answer(server, request, wishes, OLLAMA_GENERATE, false, response, failure);
    json_decref(object);
    return done;
}

static bool answer_middle(struct server *server, const struct request *request, struct ollama_wishes *wishes,
                          const struct generate_body *body, struct response *response, struct failure *failure)
{
    const struct middle middle = { .prefix = span_text(body->prompt), .suffix = span_text(body->suffix) };
    struct held *held;
    struct served_model model;
    struct tokens prompt = { 0 };
    if (!exchange_hold(server, request, wishes->model, &held, &model, failure))
        return false;
    wishes->exchange.prompt = &prompt;
    const bool done = middle_prompt(held_parts(held), &middle, &prompt, failure) &&
                      ollama_answer(server, request, wishes, OLLAMA_GENERATE, false, response, failure);
    tokens_free(&prompt);
    held_release(held, wishes->exchange.keep_alive_seconds);
    return done;
}

static bool run(struct server *server, const struct request *request, const json_t *json, struct response *response,
                struct failure *failure)
{
    struct ollama_wishes wishes;
    struct generate_body body;
    if (!ollama_wishes_read(json, request, &wishes, failure) || !read_body(json, &body, failure))
        return false;
    if (!body.prompt[0] && !body.suffix[0])
        return ollama_load(server, request, &wishes, OLLAMA_GENERATE, response, failure);
    if (body.suffix[0])
        return answer_middle(server, request, &wishes, &body, response, failure);
    return (body.raw ? answer_raw : answer_chat)(server, request, &wishes, &body, response, failure);
}

bool ollama_generate(struct server *server, const struct request *request, struct response *response,
                     struct failure *failure)
{
    json_t *body;
    if (!fields_parse(request->body, &body, failure))
        return false;
    const bool done = run(server, request, body, response, failure);
    json_decref(body);
    return done;
}

/* chat.c: POST /api/chat. Their messages become those of OpenAI's API: a call's arguments are an object here and
 * a text there, a call has no id here, and a tool's answer names its tool or nothing at all. So calls that come without
 * an id are numbered, and answers without one are given those numbers in their order. */
#include "server/ollama/ollama.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of calls so far, of answers so far. */
struct numbering {
    size_t calls, answers;
};

static json_t *call_id(const char *given, size_t number)
{
    return given ? json_string(given) : json_sprintf("call_%zu", number);
}

static bool convert_call(const json_t *call, const char *path, struct numbering *numbering, json_t *into,
                         struct failure *failure)
{
    const struct fields in = { call, path };
    const json_t *function = NULL, *arguments;
    const char *name = NULL, *id = NULL;
    if (!json_is_object(call))
        return failure_field(failure, path, "an object is wanted");
    if (!field_demand(in, "function", failure) || !field_object(in, "function", &function, failure) ||
        !field_text(in, "id", &id, failure) || !field_text((struct fields){ function, path }, "name", &name, failure))
        return false;
    arguments = json_object_get(function, "arguments");
    if (!name || (arguments && !json_is_object(arguments)))
        return field_wrong(in, "function", failure, "a name and arguments as an object are wanted");
    char *text = arguments ? json_dumps(arguments, JSON_COMPACT) : strdup("{}");
    json_t *made = text ? json_pack("{s:o, s:s, s:{s:s, s:s}}", "id", call_id(id, numbering->calls++), "type",
                                    "function", "function", "name", name, "arguments", text)
                        : NULL;
    free(text);
    return json_array_append_new(into, made) == 0 || failure_set(failure, FAILURE_INTERNAL, "out of memory");
}

static bool convert_calls(const json_t *message, const char *path, struct numbering *numbering, json_t *out,
                          struct failure *failure)
{
    const json_t *calls = NULL;
    if (!field_array((struct fields){ message, path }, "tool_calls", &calls, failure))
        return false;
    if (json_array_size(calls) == 0)
        return true;
    json_t *converted = json_array();
    json_object_set_new(out, "tool_calls", converted);
    for (size_t i = 0; i < json_array_size(calls); i++) {
        char place[128];
        snprintf(place, sizeof place, "%s.tool_calls[%zu]", path, i);
        if (!convert_call(json_array_get(calls, i), place, numbering, converted, failure))
            return false;
    }
    return true;
}

static bool refuse_images(const json_t *message, const char *path, struct failure *failure)
{
    const json_t *images = NULL;
    if (!field_array((struct fields){ message, path }, "images", &images, failure))
        return false;
    return json_array_size(images) == 0 ||
           field_wrong((struct fields){ message, path }, "images", failure, "this model does not take images");
}

static bool convert_fields(const json_t *message, const char *path, struct numbering *numbering, json_t *out,
                           struct failure *failure)
{
    const struct fields in = { message, path };
    const char *role = NULL, *content = NULL, *thinking = NULL, *id = NULL;
    if (!field_demand(in, "role", failure) || !field_text(in, "role", &role, failure) ||
        !field_text(in, "content", &content, failure) || !field_text(in, "thinking", &thinking, failure) ||
        !field_text(in, "tool_call_id", &id, failure) || !refuse_images(message, path, failure))
        return false;
    json_object_set_new(out, "role", json_string(role));
    json_object_set_new(out, "content", json_string(content ? content : ""));
    if (thinking && thinking[0])
        json_object_set_new(out, "reasoning_content", json_string(thinking));
    if (strcmp(role, "tool") == 0)
        json_object_set_new(out, "tool_call_id", call_id(id, numbering->answers++));
    return convert_calls(message, path, numbering, out, failure);
}

static bool convert_messages(const json_t *messages, json_t *out, struct failure *failure)
{
    struct numbering numbering = { 0 };
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        json_t *converted = json_object();
        char path[48];
        snprintf(path, sizeof path, "messages[%zu]", i);
        if (json_array_append_new(out, converted) != 0)
            return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
        if (!json_is_object(message))
            return failure_field(failure, path, "an object is wanted");
        if (!convert_fields(message, path, &numbering, converted, failure))
            return false;
    }
    return true;
}

/* A conversation that ends with the assistant's words is to be continued, as Ollama does. */
static bool ends_with_assistant(const json_t *messages)
{
    const json_t *last = json_array_get(messages, json_array_size(messages) - 1);
    const char *role = json_string_value(json_object_get(last, "role"));
    return role && strcmp(role, "assistant") == 0 && !json_object_get(last, "tool_calls");
}

static bool answer(struct server *server, const struct request *request, struct ollama_wishes *wishes,
                   const json_t *messages, struct response *response, struct failure *failure)
{
    json_t *converted = json_array();
    bool good = converted && convert_messages(messages, converted, failure);
    if (good) {
        wishes->chat.messages = converted;
        wishes->chat.goes_on = ends_with_assistant(converted);
        wishes->exchange.chat = &wishes->chat;
        good = ollama_answer(server, request, wishes, OLLAMA_CHAT, false, response, failure);
    }
    json_decref(converted);
    return good;
}

static bool run(struct server *server, const struct request *request, const json_t *body, struct response *response,
                struct failure *failure)
{
    struct ollama_wishes wishes;
    const json_t *messages = NULL, *tools = NULL;
    if (!ollama_wishes_read(body, request, &wishes, failure) ||
        !field_array((struct fields){ body, "" }, "messages", &messages, failure) ||
        !field_array((struct fields){ body, "" }, "tools", &tools, failure))
        return false;
    if (json_array_size(messages) == 0)
        return ollama_load(server, request, &wishes, OLLAMA_CHAT, response, failure);
    wishes.chat.tools = json_array_size(tools) ? tools : NULL;
    return answer(server, request, &wishes, messages, response, failure);
}

bool ollama_chat(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    json_t *body;
    if (!fields_parse(request->body, &body, failure))
        return false;
    const bool done = run(server, request, body, response, failure);
    json_decref(body);
    return done;
}

/* messages.c: messages as clients send them, to the one form that templates are given.
 * Source: platform.openai.com/docs/api-reference/chat/create, "messages". */
#include "chat/messages.h"

#include <string.h>

const char *message_role(const json_t *message)
{
    return json_string_value(json_object_get(message, "role"));
}

bool message_has_role(const json_t *message, const char *role)
{
    const char *own = message_role(message);
    return own && strcmp(own, role) == 0;
}

static bool wrong(struct error *error, size_t message, const char *field, const char *why)
{
    return error_set_kind(error, ERROR_WRONG_USE, "messages[%zu]%s: %s", message, field, why);
}

static bool set_text(json_t *object, const char *key, struct span text, struct error *error)
{
    const char *bytes = text.bytes > 0 ? (const char *)text.data : "";
    return json_object_set_new(object, key, json_stringn(bytes, text.bytes)) == 0 || error_memory(error, text.bytes);
}

static struct span text_of(const json_t *string)
{
    return span_of(json_string_value(string), json_string_length(string));
}

/* ---- role -------------------------------------------------------------------------------------------------------- */

/* The roles that clients send, and what they are here. */
static const char *known_role(const char *role)
{
    static const char *const roles[][2] = {
        { "system", "system" },       { "developer", "system" }, { "user", "user" },
        { "assistant", "assistant" }, { "tool", "tool" },
    };
    for (size_t i = 0; i < LENGTH(roles); i++)
        if (strcmp(role, roles[i][0]) == 0)
            return roles[i][1];
    return NULL;
}

static bool read_role(const json_t *message, size_t i, json_t *out, struct error *error)
{
    const char *given = message_role(message);
    if (!given)
        return wrong(error, i, ".role", "a text is needed: system, developer, user, assistant or tool");
    const char *role = known_role(given);
    if (!role)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "messages[%zu].role: \"%.40s\" is not known: use system, developer, user, assistant or "
                              "tool",
                              i, given);
    return set_text(out, "role", span_text(role), error);
}

/* ---- content ----------------------------------------------------------------------------------------------------- */

/* The text of a part: under "text", or under "refusal" in a part of that type. */
static const json_t *part_text(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    if (!type)
        return NULL;
    return json_object_get(part, strcmp(type, "refusal") == 0 ? "refusal" : "text");
}

static bool add_part(const json_t *part, size_t i, size_t number, struct buffer *text, struct error *error)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    if (!type)
        return error_set_kind(error, ERROR_WRONG_USE, "messages[%zu].content[%zu].type: a text is needed", i, number);
    if (strcmp(type, "text") != 0 && strcmp(type, "refusal") != 0)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "messages[%zu].content[%zu].type: \"%.40s\" is not supported: the model reads text only",
                              i, number, type);
    const json_t *found = part_text(part);
    if (!json_is_string(found))
        return error_set_kind(error, ERROR_WRONG_USE, "messages[%zu].content[%zu].%s: a text is needed", i, number,
                              type);
    return buffer_add(text, text_of(found).data, text_of(found).bytes, error);
}

static bool join_parts(const json_t *parts, size_t i, json_t *out, struct error *error)
{
    struct buffer text = { .limit = SIZE_MAX / 2 };
    bool done = true;
    for (size_t number = 0; number < json_array_size(parts) && done; number++)
        done = add_part(json_array_get(parts, number), i, number, &text, error);
    done = done && set_text(out, "content", buffer_span(&text), error);
    buffer_free(&text);
    return done;
}

static bool read_content(const json_t *message, size_t i, json_t *out, struct error *error)
{
    const json_t *content = json_object_get(message, "content");
    if (json_is_string(content))
        return set_text(out, "content", text_of(content), error);
    if (json_is_array(content))
        return join_parts(content, i, out, error);
    if ((!content || json_is_null(content)) && message_has_role(out, "assistant"))
        return set_text(out, "content", span_text(""), error);
    return wrong(error, i, ".content", "a text, or an array of text parts, is needed");
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/* Arguments that were cut off when they were written are no JSON; they stay a text. */
static json_t *read_arguments(const json_t *arguments)
{
    if (json_string_length(arguments) == 0 && !json_is_object(arguments))
        return json_object();
    if (json_is_object(arguments))
        return json_deep_copy(arguments);
    json_t *object = json_loadb(json_string_value(arguments), json_string_length(arguments), JSON_ALLOW_NUL, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return json_deep_copy(arguments);
}

static bool wrong_call(struct error *error, size_t message, size_t call, const char *what)
{
    return error_set_kind(error, ERROR_WRONG_USE, "messages[%zu].tool_calls[%zu].%s is needed", message, call, what);
}

static bool is_given(const json_t *value)
{
    return value && !json_is_null(value);
}

static bool check_call(const json_t *call, size_t i, size_t number, struct error *error)
{
    const json_t *function = json_object_get(call, "function"), *id = json_object_get(call, "id");
    const json_t *arguments = json_object_get(function, "arguments");
    if (!json_is_object(function))
        return wrong_call(error, i, number, "function: an object");
    if (!json_is_string(json_object_get(function, "name")))
        return wrong_call(error, i, number, "function.name: a text");
    if (is_given(id) && !json_is_string(id))
        return wrong_call(error, i, number, "id: a text");
    if (is_given(arguments) && !json_is_string(arguments) && !json_is_object(arguments))
        return wrong_call(error, i, number, "function.arguments: JSON in a text");
    return true;
}

static bool add_call(const json_t *call, json_t *calls, struct error *error)
{
    const json_t *function = json_object_get(call, "function");
    json_t *id = json_object_get(call, "id");
    json_t *read = json_pack("{s:s, s:{s:O, s:o}}", "type", "function", "function", "name",
                             json_object_get(function, "name"), "arguments",
                             read_arguments(json_object_get(function, "arguments")));
    if (!read || json_array_append_new(calls, read) != 0)
        return error_memory(error, 1);
    return !json_is_string(id) || json_object_set(read, "id", id) == 0 || error_memory(error, 1);
}

static bool read_calls(const json_t *message, size_t i, json_t *out, struct error *error)
{
    const json_t *calls = json_object_get(message, "tool_calls");
    if (!is_given(calls) || (json_is_array(calls) && json_array_size(calls) == 0))
        return true;
    if (!json_is_array(calls))
        return wrong(error, i, ".tool_calls", "an array is needed");
    if (!message_has_role(out, "assistant"))
        return wrong(error, i, ".tool_calls", "only an assistant's message has calls");
    json_t *read = json_array();
    if (json_object_set_new(out, "tool_calls", read) != 0)
        return error_memory(error, 1);
    for (size_t number = 0; number < json_array_size(calls); number++) {
        const json_t *call = json_array_get(calls, number);
        if (!check_call(call, i, number, error) || !add_call(call, read, error))
            return false;
    }
    return true;
}

/* ---- a message --------------------------------------------------------------------------------------------------- */

static bool read_text(const json_t *message, size_t i, const char *key, json_t *out, struct error *error)
{
    const json_t *text = json_object_get(message, key);
    if (!is_given(text))
        return true;
    if (!json_is_string(text))
        return error_set_kind(error, ERROR_WRONG_USE, "messages[%zu].%s: a text is needed", i, key);
    return set_text(out, key, text_of(text), error);
}

static bool read_message(const json_t *message, size_t i, json_t *out, struct error *error)
{
    if (!json_is_object(message))
        return wrong(error, i, "", "an object with role and content is needed");
    return read_role(message, i, out, error) && read_content(message, i, out, error) &&
           read_calls(message, i, out, error) && read_text(message, i, "tool_call_id", out, error) &&
           read_text(message, i, "name", out, error) && read_text(message, i, "reasoning_content", out, error);
}

static bool read_all(const json_t *messages, json_t *out, struct error *error)
{
    for (size_t i = 0; i < json_array_size(messages); i++) {
        json_t *message = json_object();
        if (json_array_append_new(out, message) != 0)
            return error_memory(error, 1);
        if (!read_message(json_array_get(messages, i), i, message, error))
            return false;
    }
    return true;
}

bool messages_read(const json_t *messages, json_t **out, struct error *error)
{
    if (!json_is_array(messages) || json_array_size(messages) == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "messages: an array with at least one message is needed");
    if (json_array_size(messages) > MESSAGES_MOST)
        return error_set_kind(error, ERROR_WRONG_USE, "messages: %zu of them: at most %d are possible",
                              json_array_size(messages), MESSAGES_MOST);
    json_t *read = json_array();
    if (!read)
        return error_memory(error, 1);
    if (!read_all(messages, read, error)) {
        json_decref(read);
        return false;
    }
    *out = read;
    return true;
}

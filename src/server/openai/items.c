/* items.c: items of /v1/responses as messages of a chat. Reasoning, text and calls that come one after the other
 * are one message of the assistant there. */
#include "server/openai/items.h"

#include <string.h>

static bool no_memory(struct failure *failure)
{
    return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (size_t i = 0; word && words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static bool add_part(const json_t *part, const char *path, struct buffer *text, struct failure *failure)
{
    static const char *const texts[] = { "input_text",     "output_text", "text", "summary_text",
                                         "reasoning_text", "refusal",     NULL };
    const struct fields in = { part, path };
    const char *type = NULL;
    struct error error = { 0 };
    if (!json_is_object(part))
        return failure_field(failure, path, "an object is wanted");
    if (!field_demand(in, "type", failure) || !field_text(in, "type", &type, failure))
        return false;
    if (!is_one_of(type, texts))
        return field_wrong(in, "type", failure, "\"%.64s\" is not supported: only texts are", type);
    const char *name = strcmp(type, "refusal") == 0 ? "refusal" : "text";
    const json_t *value = json_object_get(part, name);
    if (!json_is_string(value))
        return field_wrong(in, name, failure, "a string is wanted");
    return buffer_add(text, json_string_value(value), json_string_length(value), &error) || no_memory(failure);
}

/* A text, or an array of parts with texts, as one text; a new reference. */
static bool read_text(struct fields in, const char *name, json_t **out, struct failure *failure)
{
    const json_t *value = json_object_get(in.object, name);
    char path[128];
    if (json_is_string(value)) {
        *out = json_incref((json_t *)value);
        return true;
    }
    if (!json_is_array(value))
        return field_wrong(in, name, failure, "a string or an array of parts is wanted");
    struct buffer text = { .limit = WIRE_MOST };
    bool done = true;
    for (size_t i = 0; i < json_array_size(value) && done; i++) {
        snprintf(path, sizeof path, "%.80s.%s[%zu]", in.path, name, i);
        done = add_part(json_array_get(value, i), path, &text, failure);
    }
    *out = done ? wire_text(buffer_span(&text)) : NULL;
    buffer_free(&text);
    return !done ? false : *out || no_memory(failure);
}

/* ---- the assistant's message that goes on ------------------------------------------------------------------------ */

static json_t *last_answer(const json_t *messages)
{
    json_t *last = json_array_get(messages, json_array_size(messages) - 1);
    const char *role = json_string_value(json_object_get(last, "role"));
    return role && strcmp(role, "assistant") == 0 ? last : NULL;
}

static json_t *new_answer(json_t *messages)
{
    json_t *answer = json_pack("{s:s, s:n}", "role", "assistant", "content");
    return json_array_append_new(messages, answer) == 0 ? answer : NULL;
}

static bool add_reasoning(struct fields in, json_t *messages, struct failure *failure)
{
    const json_t *content = json_object_get(in.object, "content");
    const bool has_content = json_array_size(content) > 0;
    const char *name = has_content ? "content" : "summary";
    json_t *text = NULL;
    if (!field_given(in, name))
        return true; /* encrypted for another server */
    if (!read_text(in, name, &text, failure))
        return false;
    json_t *answer = new_answer(messages);
    return (answer && json_object_set_new(answer, "reasoning_content", text) == 0) || no_memory(failure);
}

static bool add_answer(json_t *text, json_t *messages)
{
    json_t *answer = last_answer(messages);
    const bool goes_on = answer && !json_object_get(answer, "tool_calls") &&
                         json_is_null(json_object_get(answer, "content"));
    if (!goes_on)
        answer = new_answer(messages);
    return answer && json_object_set_new(answer, "content", text) == 0;
}

static bool add_message(struct fields in, json_t *messages, struct failure *failure)
{
    static const char *const roles[] = { "user", "assistant", "system", "developer", NULL };
    size_t role = 0;
    json_t *text = NULL;
    if (!field_demand(in, "role", failure) || !field_choice(in, "role", roles, &role, failure) ||
        !read_text(in, "content", &text, failure))
        return false;
    if (role == 1)
        return add_answer(text, messages) || no_memory(failure);
    return json_array_append_new(messages, json_pack("{s:s, s:o}", "role", roles[role], "content", text)) == 0 ||
           no_memory(failure);
}

static bool add_call(struct fields in, json_t *messages, struct failure *failure)
{
    const char *id = NULL, *name = NULL, *arguments = NULL;
    if (!field_demand(in, "call_id", failure) || !field_text(in, "call_id", &id, failure) ||
        !field_demand(in, "name", failure) || !field_text(in, "name", &name, failure) ||
        !field_demand(in, "arguments", failure) || !field_text(in, "arguments", &arguments, failure))
        return false;
    json_t *answer = last_answer(messages);
    if (!answer)
        answer = new_answer(messages);
    if (answer && !json_object_get(answer, "tool_calls"))
        json_object_set_new(answer, "tool_calls", json_array());
    json_t *call = json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", id, "type", "function", "function", "name", name,
                             "arguments", arguments);
    return json_array_append_new(json_object_get(answer, "tool_calls"), call) == 0 || no_memory(failure);
}

static bool add_result(struct fields in, json_t *messages, struct failure *failure)
{
    const char *id = NULL;
    json_t *text = NULL;
    if (!field_demand(in, "call_id", failure) || !field_text(in, "call_id", &id, failure) ||
        !field_demand(in, "output", failure) || !read_text(in, "output", &text, failure))
        return false;
    json_t *message = json_pack("{s:s, s:s, s:o}", "role", "tool", "tool_call_id", id, "content", text);
    return json_array_append_new(messages, message) == 0 || no_memory(failure);
}

/* ---- items ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    bool (*add)(struct fields in, json_t *messages, struct failure *failure);
} kinds[] = {
    { "message", add_message },
    { "function_call", add_call },
    { "function_call_output", add_result },
    { "reasoning", add_reasoning },
};

static bool add_item(const json_t *item, const char *path, json_t *messages, struct failure *failure)
{
    const struct fields in = { item, path };
    const char *type = "message";
    if (!json_is_object(item))
        return failure_field(failure, path, "an object is wanted");
    if (!field_text(in, "type", &type, failure))
        return false;
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (strcmp(type, kinds[i].type) == 0)
            return kinds[i].add(in, messages, failure);
    return field_wrong(in, "type", failure, "\"%.64s\" is not supported", type);
}

bool openai_add_items(const json_t *input, const char *path, json_t *messages, struct failure *failure)
{
    if (json_is_string(input))
        return json_array_append_new(messages, json_pack("{s:s, s:O}", "role", "user", "content", input)) == 0 ||
               no_memory(failure);
    if (!json_is_array(input))
        return failure_field(failure, path, "a string or an array of items is wanted");
    if (json_array_size(input) > ITEMS_MOST)
        return failure_field(failure, path, "%zu items: at most %d are possible", json_array_size(input), ITEMS_MOST);
    for (size_t i = 0; i < json_array_size(input); i++) {
        char name[48];
        snprintf(name, sizeof name, "%.16s[%zu]", path, i);
        if (!add_item(json_array_get(input, i), name, messages, failure))
            return false;
    }
    return true;
}

/* ---- tools ------------------------------------------------------------------------------------------------------- */

static bool unflatten_tool(const json_t *tool, size_t i, json_t *out, struct failure *failure)
{
    static const char *const names[] = { "name", "description", "parameters", "strict" };
    char path[32];
    snprintf(path, sizeof path, "tools[%zu]", i);
    const struct fields in = { tool, path };
    const char *type = NULL;
    if (!json_is_object(tool))
        return failure_field(failure, path, "an object is wanted");
    if (!field_demand(in, "type", failure) || !field_text(in, "type", &type, failure))
        return false;
    if (strcmp(type, "function") != 0)
        return field_wrong(in, "type", failure, "\"%.64s\": this tool is not here: only functions of yours are", type);
    json_t *function = json_object();
    for (size_t j = 0; j < LENGTH(names); j++)
        if (field_given(in, names[j]))
            json_object_set(function, names[j], json_object_get(tool, names[j]));
    return json_array_append_new(out, json_pack("{s:s, s:o}", "type", "function", "function", function)) == 0 ||
           no_memory(failure);
}

bool openai_unflatten_tools(const json_t *tools, json_t **out, struct failure *failure)
{
    *out = json_array();
    for (size_t i = 0; i < json_array_size(tools); i++)
        if (!unflatten_tool(json_array_get(tools, i), i, *out, failure))
            return false;
    return true;
}

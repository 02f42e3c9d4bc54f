/* tools.c: tools, their choice, and the form of an answer, as OpenAI's APIs say them.
 * What a tool's parameters may be is the chat room's to check; here is what the API adds around them. */
#include "server/openai/tools.h"

#include <string.h>

/* ---- tools ------------------------------------------------------------------------------------------------------- */

static bool check_function(const json_t *function, const char *path, struct failure *failure)
{
    const struct fields in = { function, path };
    const char *name = NULL, *description = NULL;
    const json_t *parameters = NULL;
    bool strict = false;
    return field_demand(in, "name", failure) && field_text(in, "name", &name, failure) &&
           field_text(in, "description", &description, failure) &&
           field_object(in, "parameters", &parameters, failure) && field_bool(in, "strict", &strict, failure);
}

static bool check_tool(const json_t *tool, const char *path, struct failure *failure)
{
    static const char *const types[] = { "function", NULL };
    const struct fields in = { tool, path };
    size_t type = 0;
    const json_t *function = NULL;
    char inner[64];
    snprintf(inner, sizeof inner, "%s.function", path);
    return field_demand(in, "type", failure) && field_choice(in, "type", types, &type, failure) &&
           field_demand(in, "function", failure) && field_object(in, "function", &function, failure) &&
           check_function(function, inner, failure);
}

/* Each of a list that is named so: tools, or functions as they were before. */
static bool check_each(const json_t *list, const char *name,
                       bool (*check)(const json_t *object, const char *path, struct failure *failure),
                       struct failure *failure)
{
    const size_t count = json_array_size(list);
    if (count > TOOLS_MOST)
        return failure_field(failure, name, "%zu of them: at most %d are possible", count, TOOLS_MOST);
    for (size_t i = 0; i < count; i++) {
        char path[48];
        snprintf(path, sizeof path, "%s[%zu]", name, i);
        if (!json_is_object(json_array_get(list, i)))
            return failure_field(failure, path, "an object is wanted");
        if (!check(json_array_get(list, i), path, failure))
            return false;
    }
    return true;
}

static json_t *tool_named(const json_t *tools, const char *name)
{
    size_t i;
    json_t *tool;
    json_array_foreach(tools, i, tool)
    {
        const char *own = json_string_value(json_object_get(json_object_get(tool, "function"), "name"));
        if (own && strcmp(own, name) == 0)
            return tool;
    }
    return NULL;
}

/* The name in {type: function, function: {name}}, or, as responses say it, {type: function, name}. */
static const char *name_in(const json_t *choice)
{
    const json_t *function = json_object_get(choice, "function");
    return json_string_value(json_object_get(function ? function : choice, "name"));
}

static const char *const modes[] = { "auto", "none", "required", NULL };
static const enum chat_tool_choice choices[] = { CHAT_TOOLS_AUTO, CHAT_TOOLS_NONE, CHAT_TOOLS_REQUIRED };

/* Leaves only the tools that the list names. */
static bool keep_allowed(json_t **tools, const json_t *allowed, struct failure *failure)
{
    json_t *kept = json_array();
    size_t i;
    json_t *row;
    json_array_foreach(allowed, i, row)
    {
        const char *name = name_in(row);
        json_t *tool = name ? tool_named(*tools, name) : NULL;
        if (!tool) {
            json_decref(kept);
            return failure_field(failure, "tool_choice.tools", "\"%.64s\" is not among the tools", name ? name : "");
        }
        json_array_append(kept, tool);
    }
    json_decref(*tools);
    *tools = kept;
    return true;
}

/* {type: allowed_tools, allowed_tools: {mode, tools}}, or with mode and tools beside type. */
static bool read_allowed(const json_t *choice, struct chat_request *chat, json_t **tools, struct failure *failure)
{
    const json_t *inner = json_object_get(choice, "allowed_tools");
    const struct fields in = { inner ? inner : choice, "tool_choice" };
    const json_t *allowed = NULL;
    size_t mode = 0;
    if (!field_choice(in, "mode", modes, &mode, failure) || !field_demand(in, "tools", failure) ||
        !field_array(in, "tools", &allowed, failure) || !keep_allowed(tools, allowed, failure))
        return false;
    chat->tool_choice = choices[mode];
    return true;
}

static bool read_named(const json_t *choice, struct chat_request *chat, const json_t *tools, struct failure *failure)
{
    const char *name = name_in(choice);
    if (!name)
        return failure_field(failure, "tool_choice.function.name", "is missing");
    if (!tool_named(tools, name))
        return failure_field(failure, "tool_choice", "\"%.64s\" is not among the tools", name);
    chat->tool_choice = CHAT_TOOLS_NAMED;
    chat->tool_name = name;
    return true;
}

static bool read_choice_object(const json_t *choice, struct chat_request *chat, json_t **tools, struct failure *failure)
{
    static const char *const types[] = { "function", "allowed_tools", NULL };
    const struct fields in = { choice, "tool_choice" };
    size_t type = 0;
    if (!field_demand(in, "type", failure) || !field_choice(in, "type", types, &type, failure))
        return false;
    return type == 0 ? read_named(choice, chat, *tools, failure) : read_allowed(choice, chat, tools, failure);
}

static bool read_choice(struct fields in, struct chat_request *chat, json_t **tools, struct failure *failure)
{
    const json_t *choice = json_object_get(in.object, "tool_choice");
    if (json_is_object(choice)) {
        if (!read_choice_object(choice, chat, tools, failure))
            return false;
    } else if (choice && !json_is_null(choice)) {
        size_t mode = 0;
        if (!json_is_string(choice))
            return field_wrong(in, "tool_choice", failure, "a string or an object is wanted");
        if (!field_choice(in, "tool_choice", modes, &mode, failure))
            return false;
        chat->tool_choice = choices[mode];
    }
    if (chat->tool_choice == CHAT_TOOLS_REQUIRED && json_array_size(*tools) == 0)
        return field_wrong(in, "tool_choice", failure, "a call is required, and there are no tools");
    return true;
}

bool openai_read_tools(struct fields in, struct chat_request *chat, json_t **tools, struct failure *failure)
{
    const json_t *given = NULL;
    bool parallel = true;
    if (!field_array(in, "tools", &given, failure) || !check_each(given, "tools", check_tool, failure) ||
        !field_bool(in, "parallel_tool_calls", &parallel, failure))
        return false;
    *tools = json_incref((json_t *)given);
    if (!read_choice(in, chat, tools, failure))
        return false;
    chat->tools = json_array_size(*tools) > 0 ? *tools : NULL;
    chat->one_call = !parallel;
    return true;
}

/* ---- functions, as they were before tools ------------------------------------------------------------------------ */

static bool read_function_call(struct fields in, struct chat_request *chat, const json_t *tools,
                               struct failure *failure)
{
    static const char *const words[] = { "auto", "none", NULL };
    const json_t *call = json_object_get(in.object, "function_call");
    if (!json_is_object(call)) {
        size_t mode = 0;
        if (!field_choice(in, "function_call", words, &mode, failure))
            return false;
        if (tools)
            chat->tool_choice = choices[mode];
        return true;
    }
    const char *name = json_string_value(json_object_get(call, "name"));
    if (!name || !tool_named(tools, name))
        return field_wrong(in, "function_call", failure, "\"%.64s\" is not among the functions", name ? name : "");
    chat->tool_choice = CHAT_TOOLS_NAMED;
    chat->tool_name = name;
    return true;
}

static bool wrap_functions(const json_t *functions, json_t *tools)
{
    size_t i;
    json_t *function;
    json_array_foreach(functions, i,
                       function) if (json_array_append_new(tools, json_pack("{s:s, s:O}", "type", "function",
                                                                            "function", function)) != 0) return false;
    return true;
}

bool openai_read_functions(struct fields in, struct chat_request *chat, json_t **tools, bool *legacy,
                           struct failure *failure)
{
    const json_t *functions = NULL;
    if (!field_array(in, "functions", &functions, failure) ||
        !check_each(functions, "functions", check_function, failure))
        return false;
    *legacy = json_array_size(functions) > 0;
    if (!*legacy)
        return read_function_call(in, chat, NULL, failure);
    if (chat->tools)
        return field_wrong(in, "functions", failure, "not beside tools");
    json_decref(*tools);
    *tools = json_array();
    if (!wrap_functions(functions, *tools))
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    chat->tools = *tools;
    chat->one_call = true;
    return read_function_call(in, chat, *tools, failure);
}

/* function_call of message i as the one call that its answer belongs to. */
static bool renew_call(json_t *message, size_t i)
{
    json_t *call = json_object_get(message, "function_call");
    if (!json_is_object(call) || json_object_get(message, "tool_calls"))
        return true;
    char id[32];
    snprintf(id, sizeof id, "call_%zu", i);
    json_t *calls = json_pack("[{s:s, s:s, s:O}]", "id", id, "type", "function", "function", call);
    return json_object_set_new(message, "tool_calls", calls) == 0 && json_object_del(message, "function_call") == 0;
}

static bool renew_answer(json_t *message, size_t i)
{
    const char *role = json_string_value(json_object_get(message, "role"));
    if (!role || strcmp(role, "function") != 0)
        return true;
    char id[32];
    snprintf(id, sizeof id, "call_%zu", i > 0 ? i - 1 : 0);
    return json_object_set_new(message, "role", json_string("tool")) == 0 &&
           json_object_set_new(message, "tool_call_id", json_string(id)) == 0;
}

bool openai_renew_messages(const json_t *messages, json_t **out, struct failure *failure)
{
    json_t *renewed = json_array();
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        json_t *copy = json_is_object(message) ? json_copy(message) : json_incref(message);
        if (!copy || (json_is_object(copy) && (!renew_call(copy, i) || !renew_answer(copy, i))) ||
            json_array_append_new(renewed, copy) != 0) {
            json_decref(renewed);
            return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
        }
    }
    *out = renewed;
    return true;
}

/* ---- the form of an answer --------------------------------------------------------------------------------------- */

static bool read_schema(struct fields in, bool nested, struct chat_request *chat, struct failure *failure)
{
    const json_t *holder = in.object;
    char path[64];
    snprintf(path, sizeof path, "%s%s", in.path, nested ? ".json_schema" : "");
    if (nested && (!field_demand(in, "json_schema", failure) || !field_object(in, "json_schema", &holder, failure)))
        return false;
    const struct fields inner = { holder, path };
    const char *name = NULL, *description = NULL;
    bool strict = false;
    if (!field_text(inner, "name", &name, failure) || !field_text(inner, "description", &description, failure) ||
        !field_bool(inner, "strict", &strict, failure) || !field_object(inner, "schema", &chat->schema, failure))
        return false;
    if (!chat->schema)
        return field_wrong(inner, "schema", failure, "is missing");
    chat->form = CHAT_FORM_SCHEMA;
    return true;
}

bool openai_read_form(struct fields in, bool nested, struct chat_request *chat, struct failure *failure)
{
    static const char *const types[] = { "text", "json_object", "json_schema", NULL };
    size_t type = 0;
    if (!in.object)
        return true;
    if (!field_demand(in, "type", failure) || !field_choice(in, "type", types, &type, failure))
        return false;
    if (type == 2)
        return read_schema(in, nested, chat, failure);
    if (type == 1 && !field_object(in, "schema", &chat->schema, failure)) /* llama-server's */
        return false;
    chat->form = type == 0 ? CHAT_FORM_TEXT : chat->schema ? CHAT_FORM_SCHEMA : CHAT_FORM_JSON;
    return true;
}

bool openai_read_effort(struct fields in, const char *name, enum chat_reasoning *out, struct failure *failure)
{
    static const char *const words[] = { "none", "minimal", "low", "medium", "high", "xhigh", "max", NULL };
    if (!field_given(in, name))
        return true;
    size_t effort = 0;
    if (!field_choice(in, name, words, &effort, failure))
        return false;
    *out = effort == 0 ? CHAT_REASONING_OFF : CHAT_REASONING_ON;
    return true;
}

/* tools.c: the tools that a client offers. Source: platform.openai.com/docs/api-reference/chat/create, "tools". */
#include "chat/messages.h"

#include <stdlib.h>
#include <string.h>

static bool wrong(struct error *error, size_t tool, const char *why)
{
    return error_set_kind(error, ERROR_WRONG_USE, "tools[%zu].%s", tool, why);
}

/* Names stand in prompts beside texts that structure these, so they are kept to what OpenAI's API takes, and dots. */
static bool name_is_plain(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const size_t length = strlen(name);
    return length > 0 && length <= TOOL_NAME_MOST && strspn(name, letters) == length;
}

static bool check_tool(const json_t *tool, size_t i, struct error *error)
{
    const json_t *function = json_object_get(tool, "function"), *type = json_object_get(tool, "type");
    const json_t *parameters = json_object_get(function, "parameters"), *strict = json_object_get(function, "strict");
    const char *name = json_string_value(json_object_get(function, "name"));
    if (type && (!json_is_string(type) || strcmp(json_string_value(type), "function") != 0))
        return wrong(error, i, "type: only \"function\" is supported");
    if (!json_is_object(function))
        return wrong(error, i, "function: an object is needed");
    if (!name || !name_is_plain(name))
        return wrong(error, i, "function.name: up to 128 letters, digits, _, - and . are needed");
    if (parameters && !json_is_object(parameters) && !json_is_null(parameters))
        return wrong(error, i, "function.parameters: a JSON Schema, an object, is needed");
    if (strict && !json_is_boolean(strict) && !json_is_null(strict))
        return wrong(error, i, "function.strict: true or false is needed");
    return true;
}

/* A copy for the template. Models were trained on tools without "strict", and templates go through the parameters
 * without asking whether there are any. */
static json_t *shown_tool(const json_t *tool)
{
    json_t *function = json_copy(json_object_get(tool, "function"));
    json_object_del(function, "strict");
    if (!json_is_object(json_object_get(function, "parameters")))
        json_object_set_new(function, "parameters", json_pack("{s:s, s:{}}", "type", "object", "properties"));
    if (!json_is_string(json_object_get(function, "description")))
        json_object_set_new(function, "description", json_string(""));
    return json_pack("{s:s, s:o}", "type", "function", "function", function);
}

static bool add_tool(struct tools *tools, const json_t *tool, size_t i, struct error *error)
{
    if (!check_tool(tool, i, error))
        return false;
    const json_t *function = json_object_get(tool, "function"), *parameters = json_object_get(function, "parameters");
    tools->all[tools->count++] = (struct tool){
        .name = json_string_value(json_object_get(function, "name")),
        .parameters = json_is_object(parameters) ? parameters : NULL,
        .strict = json_is_true(json_object_get(function, "strict")),
    };
    return json_array_append_new(tools->shown, shown_tool(tool)) == 0 || error_memory(error, 1);
}

bool tools_read(const json_t *tools, struct tools *out, struct error *error)
{
    const size_t count = json_array_size(tools);
    if (tools && !json_is_null(tools) && !json_is_array(tools))
        return error_set_kind(error, ERROR_WRONG_USE, "tools: an array is needed");
    if (count > TOOLS_MOST)
        return error_set_kind(error, ERROR_WRONG_USE, "tools: %zu of them: at most %d are possible", count, TOOLS_MOST);
    if (count == 0)
        return true;
    out->all = calloc(count, sizeof *out->all);
    out->shown = json_array();
    if (!out->all || !out->shown)
        return error_memory(error, count * sizeof *out->all);
    for (size_t i = 0; i < count; i++)
        if (!add_tool(out, json_array_get(tools, i), i, error))
            return false;
    return true;
}

void tools_free(struct tools *tools)
{
    free(tools->all);
    json_decref(tools->shown);
    *tools = (struct tools){ 0 };
}

const struct tool *tools_find(const struct tools *tools, struct span name)
{
    for (size_t i = 0; i < tools->count; i++)
        if (span_equal(span_text(tools->all[i].name), name))
            return &tools->all[i];
    return NULL;
}

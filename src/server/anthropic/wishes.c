/* wishes.c: what a request to Anthropic's API wishes. */
#include "server/anthropic/anthropic.h"

#include <string.h>
#include <time.h>

static bool no_memory(struct failure *failure)
{
    return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
}

/* ---- tools ------------------------------------------------------------------------------------------------------- */

/* A tool of the client's own has no type or "custom". All others run on Anthropic's servers or have a form that only
 * their models know: bash_20250124, web_search_20250305 and so on. */
static bool check_type(const json_t *tool, const char *path, struct failure *failure)
{
    const char *type = NULL;
    if (!field_text((struct fields){ tool, path }, "type", &type, failure))
        return false;
    return !type || strcmp(type, "custom") == 0 ||
           field_wrong((struct fields){ tool, path }, "type", failure,
                       "%.60s: only tools of the client's own (type \"custom\") are supported", type);
}

static bool convert_tool(const json_t *tool, const char *path, json_t *out, struct failure *failure)
{
    const struct fields in = { tool, path };
    const char *name = NULL, *description = NULL;
    const json_t *schema = NULL;
    bool strict = false;
    if (!json_is_object(tool))
        return failure_field(failure, path, "an object is wanted");
    if (!check_type(tool, path, failure) || !field_demand(in, "name", failure) ||
        !field_text(in, "name", &name, failure) || !field_text(in, "description", &description, failure) ||
        !field_demand(in, "input_schema", failure) || !field_object(in, "input_schema", &schema, failure) ||
        !field_bool(in, "strict", &strict, failure))
        return false;
    json_t *function = json_pack("{s:s, s:O}", "name", name, "parameters", schema);
    if (function && description)
        json_object_set_new(function, "description", json_string(description));
    if (function && strict)
        json_object_set_new(function, "strict", json_true());
    return json_array_append_new(out, json_pack("{s:s, s:o}", "type", "function", "function", function)) == 0 ||
           no_memory(failure);
}

static bool convert_tools(const json_t *body, struct anthropic_wishes *out, struct failure *failure)
{
    const json_t *tools = NULL;
    if (!field_array((struct fields){ body, "" }, "tools", &tools, failure))
        return false;
    if (json_array_size(tools) == 0)
        return true;
    out->tools = json_array();
    out->chat.tools = out->tools;
    for (size_t i = 0; i < json_array_size(tools); i++) {
        char path[48];
        snprintf(path, sizeof path, "tools[%zu]", i);
        if (!convert_tool(json_array_get(tools, i), path, out->tools, failure))
            return false;
    }
    return true;
}

static bool read_choice(const json_t *body, struct arena *arena, struct chat_request *chat, struct failure *failure)
{
    static const char *const types[] = { "auto", "any", "tool", "none", NULL };
    static const enum chat_tool_choice choices[] = { CHAT_TOOLS_AUTO, CHAT_TOOLS_REQUIRED, CHAT_TOOLS_NAMED,
                                                     CHAT_TOOLS_NONE };
    struct fields in = { .path = "tool_choice" };
    size_t type = 0;
    const char *name = NULL;
    if (!field_object((struct fields){ body, "" }, "tool_choice", &in.object, failure))
        return false;
    if (!in.object)
        return true;
    if (!field_demand(in, "type", failure) || !field_choice(in, "type", types, &type, failure) ||
        !field_bool(in, "disable_parallel_tool_use", &chat->one_call, failure) ||
        !field_text(in, "name", &name, failure))
        return false;
    chat->tool_choice = choices[type];
    if (chat->tool_choice == CHAT_TOOLS_NAMED && !name)
        return field_demand(in, "name", failure);
    if (!chat->tools && (chat->tool_choice == CHAT_TOOLS_NAMED || chat->tool_choice == CHAT_TOOLS_REQUIRED))
        return failure_field(failure, "tool_choice", "there are no tools to choose from");
    chat->tool_name = name ? arena_text(arena, span_text(name)) : NULL;
    return !name || chat->tool_name || no_memory(failure);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static bool read_sampling(const json_t *body, struct answer_wishes *answer, bool counting, struct failure *failure)
{
    const struct fields in = { body, "" };
    struct sampling *sampling = &answer->sampling;
    double temperature = (double)sampling->temperature, top_p = (double)sampling->top_p;
    int64_t top_k = sampling->top_k, most = 0;
    if ((!counting && !field_demand(in, "max_tokens", failure)) ||
        !field_integer(in, "max_tokens", 1, INT64_MAX, &most, failure) ||
        !field_real(in, "temperature", 0, 2, &temperature, failure) ||
        !field_real(in, "top_p", 0, 1, &top_p, failure) || !field_integer(in, "top_k", 0, 1000000, &top_k, failure))
        return false;
    answer->most_tokens = (size_t)most;
    sampling->temperature = (float)temperature;
    sampling->top_p = (float)top_p;
    sampling->top_k = (uint32_t)top_k;
    return true;
}

static bool read_stops(const json_t *body, struct arena *arena, struct answer_wishes *answer, struct failure *failure)
{
    const json_t *stops = NULL;
    if (!field_array((struct fields){ body, "" }, "stop_sequences", &stops, failure))
        return false;
    const size_t count = json_array_size(stops);
    if (count > STOP_TEXTS_MOST)
        return failure_field(failure, "stop_sequences", "%zu texts: at most %d", count, STOP_TEXTS_MOST);
    const char **texts = arena_take(arena, count + 1, sizeof *texts);
    if (!texts)
        return no_memory(failure);
    for (size_t i = 0; i < count; i++) {
        texts[i] = json_string_value(json_array_get(stops, i));
        if (!texts[i] || !texts[i][0])
            return failure_field(failure, "stop_sequences", "an array of texts that are not empty is wanted");
    }
    answer->stop_texts = texts;
    answer->stop_count = count;
    return true;
}

/* budget_tokens is the most that may be thought; max_tokens bounds it here, as all of the answer. */
static bool read_thinking(const json_t *body, struct anthropic_wishes *out, struct failure *failure)
{
    static const char *const types[] = { "enabled", "disabled", "adaptive", NULL };
    static const enum chat_reasoning wanted[] = { CHAT_REASONING_ON, CHAT_REASONING_OFF, CHAT_REASONING_MODEL };
    struct fields in = { .path = "thinking" };
    size_t type = 0;
    int64_t budget = 0;
    if (!field_object((struct fields){ body, "" }, "thinking", &in.object, failure))
        return false;
    if (!in.object)
        return true;
    if (!field_demand(in, "type", failure) || !field_choice(in, "type", types, &type, failure) ||
        !field_integer(in, "budget_tokens", 1, INT64_MAX, &budget, failure))
        return false;
    out->chat.reasoning = wanted[type];
    return true;
}

/* output_config.format, and output_format before it: {type: json_schema, schema}. */
static bool read_format(const json_t *body, struct chat_request *chat, struct failure *failure)
{
    static const char *const types[] = { "json_schema", NULL };
    struct fields config = { .path = "output_config" }, format = { .path = "output_config.format" };
    size_t type;
    if (!field_object((struct fields){ body, "" }, "output_config", &config.object, failure) ||
        !field_object(config, "format", &format.object, failure))
        return false;
    if (!format.object) {
        format.path = "output_format";
        if (!field_object((struct fields){ body, "" }, "output_format", &format.object, failure))
            return false;
    }
    if (!format.object)
        return true;
    chat->form = CHAT_FORM_SCHEMA;
    return field_demand(format, "type", failure) && field_choice(format, "type", types, &type, failure) &&
           field_demand(format, "schema", failure) && field_object(format, "schema", &chat->schema, failure);
}

/* Fields that change nothing here are still held to their types; those that ask for what isn't here are refused. */
static bool check_others(const json_t *body, struct failure *failure)
{
    const struct fields in = { body, "" };
    const json_t *metadata = NULL, *servers = NULL;
    const char *tier = NULL;
    if (!field_object(in, "metadata", &metadata, failure) || !field_text(in, "service_tier", &tier, failure) ||
        !field_array(in, "mcp_servers", &servers, failure))
        return false;
    if (json_array_size(servers) > 0)
        return failure_field(failure, "mcp_servers", "this server does not call others");
    return !field_given(in, "container") || failure_field(failure, "container", "this server has no containers");
}

static bool read_model(const json_t *body, const struct request *request, struct anthropic_wishes *out,
                       struct failure *failure)
{
    const char *name = NULL;
    if (!field_text((struct fields){ body, "" }, "model", &name, failure))
        return false;
    out->exchange.model = arena_text(request->arena, span_text(name ? name : ""));
    return out->exchange.model || no_memory(failure);
}

static bool read_messages(const json_t *body, struct anthropic_wishes *out, struct failure *failure)
{
    const struct fields in = { body, "" };
    const json_t *messages = NULL;
    if (!field_demand(in, "messages", failure) || !field_array(in, "messages", &messages, failure))
        return false;
    if (json_array_size(messages) == 0)
        return failure_field(failure, "messages", "at least one message is wanted");
    out->messages = json_array();
    out->chat.messages = out->messages;
    if (!anthropic_messages_convert(json_object_get(body, "system"), messages, out->messages, failure))
        return false;
    const json_t *last = json_array_get(out->messages, json_array_size(out->messages) - 1);
    const char *role = json_string_value(json_object_get(last, "role"));
    out->chat.goes_on = role && strcmp(role, "assistant") == 0 && !json_object_get(last, "tool_calls");
    return true;
}

bool anthropic_wishes_read(const json_t *body, const struct request *request, bool counting,
                           struct anthropic_wishes *out, struct failure *failure)
{
    *out = (struct anthropic_wishes){ .exchange = exchange_default(), .chat.now = (int64_t)time(NULL) };
    out->exchange.owner = request->owner;
    struct answer_wishes *answer = &out->exchange.answer;
    return read_model(body, request, out, failure) && read_messages(body, out, failure) &&
           convert_tools(body, out, failure) && read_choice(body, request->arena, &out->chat, failure) &&
           read_sampling(body, answer, counting, failure) && read_stops(body, request->arena, answer, failure) &&
           read_thinking(body, out, failure) && read_format(body, &out->chat, failure) && check_others(body, failure) &&
           field_bool((struct fields){ body, "" }, "stream", &out->stream, failure);
}

void anthropic_wishes_free(struct anthropic_wishes *wishes)
{
    json_decref(wishes->messages);
    json_decref(wishes->tools);
}

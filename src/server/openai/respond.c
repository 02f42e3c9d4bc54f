/* respond.c: /v1/responses: the request's fields, and answers that are kept.
 *
 *   instructions            -> a system message in front, of this request alone
 *   previous_response_id    -> the messages that were kept with that answer
 *   input                   -> messages after them
 *
 * With the answer are kept the messages up to and with it, so that one id is enough to go on. */
#include "server/openai/kept.h"
#include "server/openai/events.h"
#include "server/openai/items.h"
#include "server/openai/tools.h"
#include "server/serving.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* What outlives the request until the answer is over. */
struct keeping {
    struct server *server;
    const char *owner, *id;
    json_t *messages; /* without instructions */
    bool store;
};

struct asked {
    json_t *body, *flat, *tools, *messages;
    struct keeping *keeping; /* in the arena; its messages go with it */
    struct exchange_wishes wishes;
    struct chat_request chat;
    bool stream, shortens, logprobs;
    const char *instructions, *previous;
};

static void asked_close(struct asked *asked)
{
    json_decref(asked->body);
    json_decref(asked->flat);
    json_decref(asked->tools);
    json_decref(asked->messages);
}

static bool no_memory(struct failure *failure)
{
    return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static bool read_include(struct fields in, struct asked *asked, struct failure *failure)
{
    /* What tools of OpenAI's own would add: there are none here, so that there is nothing to add. */
    static const char *const words[] = { "file_search_call.results",
                                         "web_search_call.results",
                                         "web_search_call.action.sources",
                                         "message.input_image.image_url",
                                         "computer_call_output.output.image_url",
                                         "code_interpreter_call.outputs",
                                         "reasoning.encrypted_content",
                                         "message.output_text.logprobs" };
    const json_t *include = NULL;
    size_t i;
    json_t *word;
    if (!field_array(in, "include", &include, failure))
        return false;
    json_array_foreach(include, i, word)
    {
        const char *text = json_string_value(word);
        size_t known = 0;
        while (text && known < LENGTH(words) && strcmp(words[known], text) != 0)
            known++;
        if (!text || known == LENGTH(words))
            return field_wrong(in, "include", failure, "\"%.64s\" is not known", text ? text : "");
        asked->logprobs = asked->logprobs || strcmp(text, "message.output_text.logprobs") == 0;
    }
    return true;
}

static bool read_numbers(struct fields in, struct asked *asked, struct failure *failure)
{
    int64_t most = 0, tops = 0, calls = 0;
    if (!field_integer(in, "max_output_tokens", 1, INT64_MAX, &most, failure) ||
        !field_integer(in, "top_logprobs", 0, TOPS_MOST, &tops, failure) ||
        !field_integer(in, "max_tool_calls", 1, INT64_MAX, &calls, failure))
        return false;
    asked->wishes.answer.most_tokens = (size_t)most;
    asked->logprobs = asked->logprobs || tops > 0;
    asked->wishes.tells_tokens = asked->logprobs;
    asked->wishes.tops = (size_t)tops;
    return true;
}

static bool read_text_field(struct fields in, struct asked *asked, struct failure *failure)
{
    static const char *const verbosities[] = { "medium", NULL };
    const json_t *text = NULL, *format = NULL;
    size_t verbosity = 0;
    if (!field_object(in, "text", &text, failure))
        return false;
    const struct fields inner = { text, "text" };
    return field_choice(inner, "verbosity", verbosities, &verbosity, failure) &&
           field_object(inner, "format", &format, failure) &&
           openai_read_form((struct fields){ format, "text.format" }, false, &asked->chat, failure);
}

static bool read_reasoning(struct fields in, struct asked *asked, struct failure *failure)
{
    static const char *const summaries[] = { "auto", "concise", "detailed", "none", NULL };
    const json_t *reasoning = NULL;
    size_t summary = 0;
    if (!field_object(in, "reasoning", &reasoning, failure))
        return false;
    const struct fields inner = { reasoning, "reasoning" };
    return openai_read_effort(inner, "effort", &asked->chat.reasoning, failure) &&
           field_choice(inner, "summary", summaries, &summary, failure) &&
           field_choice(inner, "generate_summary", summaries, &summary, failure);
}

static bool read_harmless(struct fields in, struct failure *failure)
{
    static const char *const names[] = { "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
                                         "service_tier" };
    const json_t *metadata = NULL;
    for (size_t i = 0; i < LENGTH(names); i++) {
        const char *text = NULL;
        if (!field_text(in, names[i], &text, failure))
            return false;
    }
    if (field_given(in, "prompt"))
        return field_wrong(in, "prompt", failure, "stored prompts are not here: give input and instructions");
    return field_object(in, "metadata", &metadata, failure);
}

static bool read_switches(struct fields in, struct asked *asked, struct failure *failure)
{
    static const char *const truncations[] = { "disabled", "auto", NULL };
    size_t truncation = 0;
    bool usage = false;
    asked->keeping->store = true;
    if (!field_bool(in, "stream", &asked->stream, failure) ||
        !field_bool(in, "store", &asked->keeping->store, failure) || !openai_read_stream_options(in, &usage, failure) ||
        !field_choice(in, "truncation", truncations, &truncation, failure) ||
        !field_text(in, "instructions", &asked->instructions, failure) ||
        !field_text(in, "previous_response_id", &asked->previous, failure))
        return false;
    asked->shortens = truncation == 1;
    return true;
}

/* Tools are flat in this API; the choice of one is as in chat. */
static bool read_tools(struct fields in, struct asked *asked, struct failure *failure)
{
    const json_t *tools = NULL;
    json_t *nested = NULL;
    if (!field_array(in, "tools", &tools, failure))
        return false;
    const bool done = openai_unflatten_tools(tools, &nested, failure);
    asked->flat = json_pack("{s:o, s:O?, s:O?}", "tools", nested, "tool_choice",
                            json_object_get(in.object, "tool_choice"), "parallel_tool_calls",
                            json_object_get(in.object, "parallel_tool_calls"));
    return done && openai_read_tools((struct fields){ asked->flat, "" }, &asked->chat, &asked->tools, failure);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* The JSON that was kept under an id; a new reference. */
static bool read_kept(const struct server *server, const char *owner, const char *id, json_t **out,
                      struct failure *failure)
{
    struct buffer text = { .limit = WIRE_MOST };
    struct error error = { 0 };
    const bool done = kept_read(server->kept, owner, id, &text, &error);
    *out = done ? json_loadb(text.bytes, text.length, JSON_ALLOW_NUL, NULL) : NULL;
    buffer_free(&text);
    if (!done)
        return failure_error(failure, &error);
    return *out || no_memory(failure);
}

static bool go_on_from(struct asked *asked, struct failure *failure)
{
    json_t *kept = NULL;
    if (!read_kept(asked->keeping->server, asked->keeping->owner, asked->previous, &kept, failure)) {
        snprintf(failure->field, sizeof failure->field, "previous_response_id");
        return false;
    }
    asked->keeping->messages = json_incref(json_object_get(kept, "messages"));
    json_decref(kept);
    return true;
}

/* In place of {type: item_reference, id} the item itself, out of the answer that its id belongs to. */
static bool find_item(const struct keeping *keeping, const char *id, json_t **out, struct failure *failure)
{
    const char *own = strchr(id, '_');
    char response[64];
    json_t *kept = NULL;
    snprintf(response, sizeof response, "resp_%.24s", own ? own + 1 : id);
    if (!read_kept(keeping->server, keeping->owner, response, &kept, failure))
        return false;
    size_t i;
    json_t *item;
    *out = NULL;
    json_array_foreach(json_object_get(json_object_get(kept, "response"), "output"), i,
                       item) if (strcmp(json_string_value(json_object_get(item, "id")), id) ==
                                 0) *out = json_incref(item);
    json_decref(kept);
    return *out || failure_set(failure, FAILURE_NOT_FOUND, "item \"%.64s\" is not kept here", id);
}

static bool add_item(const struct keeping *keeping, json_t *item, json_t *items, struct failure *failure)
{
    const char *type = json_string_value(json_object_get(item, "type"));
    const char *id = json_string_value(json_object_get(item, "id"));
    json_t *found = json_incref(item);
    if (type && strcmp(type, "item_reference") == 0 && id) {
        json_decref(found);
        if (!find_item(keeping, id, &found, failure))
            return false;
    }
    return json_array_append_new(items, found) == 0 || no_memory(failure);
}

static bool read_input(struct fields in, struct asked *asked, struct failure *failure)
{
    json_t *input = json_object_get(in.object, "input"), *items = json_array();
    struct keeping *keeping = asked->keeping;
    size_t i;
    json_t *item;
    bool done = field_demand(in, "input", failure);
    json_array_foreach(input, i, item) done = done && add_item(keeping, item, items, failure);
    done = done && openai_add_items(json_is_array(input) ? items : input, "input", keeping->messages, failure);
    json_decref(items);
    return done;
}

static bool read_messages(struct fields in, struct asked *asked, struct failure *failure)
{
    if (!asked->previous)
        asked->keeping->messages = json_array();
    else if (!go_on_from(asked, failure))
        return false;
    if (!read_input(in, asked, failure))
        return false;
    asked->messages = json_array();
    if (asked->instructions)
        json_array_append_new(asked->messages,
                              json_pack("{s:s, s:s}", "role", "system", "content", asked->instructions));
    asked->chat.messages = asked->messages;
    return json_array_extend(asked->messages, asked->keeping->messages) == 0 || no_memory(failure);
}

static bool read_asked(struct asked *asked, const struct request *request, struct failure *failure)
{
    if (!fields_parse(request->body, &asked->body, failure))
        return false;
    const struct fields in = { asked->body, "" };
    asked->wishes = exchange_default();
    asked->wishes.owner = request->owner;
    asked->wishes.chat = &asked->chat;
    asked->chat.now = (int64_t)time(NULL);
    return openai_read_wishes(in, request->arena, &asked->wishes, failure) && read_switches(in, asked, failure) &&
           read_include(in, asked, failure) && read_numbers(in, asked, failure) &&
           read_text_field(in, asked, failure) && read_reasoning(in, asked, failure) && read_harmless(in, failure) &&
           read_tools(in, asked, failure) && read_messages(in, asked, failure);
}

/* ---- the object -------------------------------------------------------------------------------------------------- */

/* Fields of the request that the answer repeats, and what stands there when they were not given. */
static const struct {
    const char *name, *otherwise;
} repeated[] = {
    { "instructions", "null" },
    { "max_output_tokens", "null" },
    { "max_tool_calls", "null" },
    { "metadata", "{}" },
    { "parallel_tool_calls", "true" },
    { "previous_response_id", "null" },
    { "reasoning", "{\"effort\":null,\"summary\":null}" },
    { "store", "true" },
    { "temperature", "null" },
    { "text", "{\"format\":{\"type\":\"text\"}}" },
    { "tool_choice", "\"auto\"" },
    { "tools", "[]" },
    { "top_logprobs", "0" },
    { "top_p", "null" },
    { "truncation", "\"disabled\"" },
    { "user", "null" },
    { "prompt_cache_key", "null" },
    { "safety_identifier", "null" },
};

/* 0.8 and not 0.800000012, which is the float32 next to it. */
static double as_given(float value)
{
    return round((double)value * 1e6) / 1e6;
}

static json_t *begun_json(const struct asked *asked, const struct exchange *exchange)
{
    json_t *response = json_pack("{s:s, s:s, s:I, s:s, s:b, s:n, s:n, s:s, s:[], s:n, s:s}", "id", asked->keeping->id,
                                 "object", "response", "created_at", (json_int_t)exchange_created(exchange), "status",
                                 "in_progress", "background", 0, "error", "incomplete_details", "model",
                                 exchange_model(exchange), "output", "usage", "service_tier", "default");
    for (size_t i = 0; i < LENGTH(repeated); i++) {
        json_t *given = json_object_get(asked->body, repeated[i].name);
        json_object_set_new(response, repeated[i].name,
                            given && !json_is_null(given) ? json_incref(given)
                                                          : json_loads(repeated[i].otherwise, JSON_DECODE_ANY, NULL));
    }
    const struct sampling *sampling = &asked->wishes.answer.sampling;
    json_object_set_new(response, "temperature", json_real(as_given(sampling->temperature)));
    json_object_set_new(response, "top_p", json_real(as_given(sampling->top_p)));
    return response;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

/* The answer's own items become messages as those of a request do. */
static bool keep_response(void *context, const json_t *response, struct error *error)
{
    const struct keeping *keeping = context;
    struct failure failure = { 0 };
    if (!keeping->store)
        return true;
    if (!openai_add_items(json_object_get(response, "output"), "output", keeping->messages, &failure))
        return error_set(error, "%s", failure.text);
    struct buffer text = { .limit = WIRE_MOST };
    json_t *kept = json_pack("{s:O, s:O}", "response", response, "messages", keeping->messages);
    const bool done = wire_json(&text, kept, error) &&
                      kept_add(keeping->server->kept, keeping->owner, keeping->id, buffer_span(&text), error);
    buffer_free(&text);
    return done;
}

static void close_keeping(void *context)
{
    struct keeping *keeping = context;
    json_decref(keeping->messages);
    keeping->messages = NULL;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

/* Takes the oldest messages away, an eighth of them, but not those of the system; calls go with their results. */
static bool shorten(json_t *messages)
{
    size_t first = 0, surplus = size_max(1, json_array_size(messages) / 8);
    const size_t count = json_array_size(messages);
    for (; first < count; first++) {
        const char *role = json_string_value(json_object_get(json_array_get(messages, first), "role"));
        if (role && strcmp(role, "system") != 0 && strcmp(role, "developer") != 0)
            break;
    }
    for (; surplus > 0 && json_array_size(messages) > first + 1; surplus--)
        json_array_remove(messages, first);
    while (json_array_size(messages) > first + 1 && json_object_get(json_array_get(messages, first), "tool_call_id"))
        json_array_remove(messages, first);
    return json_array_size(messages) < count;
}

static bool open_exchange(struct asked *asked, struct server *server, const struct request *request,
                          struct exchange **out, struct failure *failure)
{
    while (!exchange_open(server, &asked->wishes, request, out, failure))
        if (failure->kind != FAILURE_TOO_LONG || !asked->shortens || !shorten(asked->messages))
            return failure_rename(failure, "schema", "text.format.schema");
    return true;
}

static bool answer(struct asked *asked, struct exchange *exchange, const struct request *request,
                   struct response *response, struct failure *failure)
{
    const struct events_form form = { .stream = asked->stream,
                                      .logprobs = asked->logprobs,
                                      .response = begun_json(asked, exchange),
                                      .finished = keep_response,
                                      .close = close_keeping,
                                      .context = asked->keeping };
    const struct openai_writer writer = openai_events(exchange, &form, request);
    if (!writer.state) {
        exchange_close(exchange);
        return no_memory(failure);
    }
    return asked->stream ? openai_stream(exchange, &writer, request, response, failure)
                         : openai_write_whole(exchange, &writer, request, response, failure);
}

bool openai_respond(struct server *server, const struct request *request, struct response *response,
                    struct failure *failure)
{
    struct asked asked = { .keeping = arena_take(request->arena, 1, sizeof *asked.keeping) };
    struct exchange *exchange = NULL;
    const char *id = openai_id(request, "resp_"), *owner = arena_text(request->arena, span_text(request->owner));
    if (!asked.keeping || !id || !owner)
        return no_memory(failure);
    *asked.keeping = (struct keeping){ .server = server, .owner = owner, .id = id };
    const bool opened = read_asked(&asked, request, failure) &&
                        open_exchange(&asked, server, request, &exchange, failure);
    const bool done = opened && answer(&asked, exchange, request, response, failure);
    if (!opened)
        close_keeping(asked.keeping);
    asked_close(&asked);
    return done;
}

/* ---- what was kept ----------------------------------------------------------------------------------------------- */

bool openai_show_response(struct server *server, const struct request *request, struct response *response,
                          struct failure *failure)
{
    json_t *kept = NULL;
    if (!read_kept(server, request->owner, request->rest, &kept, failure))
        return false;
    json_t *body = json_incref(json_object_get(kept, "response"));
    json_decref(kept);
    return response_json(response, body, failure);
}

bool openai_remove_response(struct server *server, const struct request *request, struct response *response,
                            struct failure *failure)
{
    struct error error = { 0 };
    if (!kept_remove(server->kept, request->owner, request->rest, &error))
        return failure_error(failure, &error);
    return response_json(
        response, json_pack("{s:s, s:s, s:b}", "id", request->rest, "object", "response", "deleted", 1), failure);
}

/* adapt.c: messages brought to what a template takes.
 *
 * A template without tools is told of them by a system message, and calls and results are written as texts, in the form
 * that most models have met (Hermes, Qwen). A template may also know no system message, want users and assistants to
 * take turns, or ids of nine letters: then texts are joined, and nothing is left out. */
#include "chat/adapt.h"

#include <stdlib.h>
#include <string.h>

static const char tools_head[] =
    "You can call functions to help with what the user asks. These are the functions, each as JSON with the schema of "
    "its arguments:\n<tools>\n";
static const char tools_tail[] =
    "</tools>\nTo call a function, answer with its name and arguments as JSON between <tool_call> and </tool_call>, "
    "like this:\n<tool_call>\n{\"name\": \"NAME\", \"arguments\": {\"ARGUMENT\": VALUE}}\n</tool_call>\n"
    "Call a function only when it helps. Its result is given to you between <tool_response> and </tool_response>; use "
    "it to answer the user in your own words.";

enum { TEXT_BYTES_MOST = 64 << 20, SHORT_ID = 9 };

static const char *content_of(const json_t *message)
{
    const char *content = json_string_value(json_object_get(message, "content"));
    return content ? content : "";
}

static struct span content_span(const json_t *message)
{
    const json_t *content = json_object_get(message, "content");
    return span_of(content_of(message), json_string_length(content));
}

/* Sets the message's content to the buffer's text, and frees the buffer. done: whether the text is whole. */
static bool set_content(json_t *message, struct buffer *text, bool done, struct error *error)
{
    const char *bytes = text->length > 0 ? text->bytes : "";
    if (done && json_object_set_new(message, "content", json_stringn(bytes, text->length)) != 0)
        done = error_memory(error, text->length);
    buffer_free(text);
    return done;
}

static struct buffer text_new(void)
{
    return (struct buffer){ .limit = TEXT_BYTES_MOST };
}

static bool add_span(struct buffer *text, struct span more, struct error *error)
{
    return more.bytes == 0 || buffer_add(text, more.data, more.bytes, error);
}

/* As Python's json.dumps writes it, like templates do. */
static bool add_json(struct buffer *text, const json_t *json, struct error *error)
{
    char *dumped = json_dumps(json, JSON_ENCODE_ANY);
    const bool done = dumped ? buffer_text(text, dumped, error) : error_memory(error, 1);
    free(dumped);
    return done;
}

/* The content of the message behind it becomes a paragraph of this one, and that message goes. */
static bool join_next(json_t *messages, size_t i, const char *between, struct error *error)
{
    json_t *into = json_array_get(messages, i);
    const json_t *from = json_array_get(messages, i + 1);
    const bool apart = content_span(into).bytes > 0 && content_span(from).bytes > 0;
    struct buffer text = text_new();
    const bool done = add_span(&text, content_span(into), error) && (!apart || buffer_text(&text, between, error)) &&
                      add_span(&text, content_span(from), error);
    if (!set_content(into, &text, done, error))
        return false;
    json_array_remove(messages, i + 1);
    return true;
}

/* ---- tools in our own form --------------------------------------------------------------------------------------- */

static bool add_tools(struct buffer *text, const struct tools *tools, struct error *error)
{
    if (!buffer_text(text, tools_head, error))
        return false;
    for (size_t i = 0; i < tools->count; i++)
        if (!add_json(text, json_array_get(tools->shown, i), error) || !buffer_text(text, "\n", error))
            return false;
    return buffer_text(text, tools_tail, error);
}

static bool insert_system(json_t *messages, struct error *error)
{
    json_t *system = json_pack("{s:s, s:s}", "role", "system", "content", "");
    return json_array_insert_new(messages, 0, system) == 0 || error_memory(error, 1);
}

static bool tell_of_tools(const struct tools *tools, json_t *messages, struct error *error)
{
    if (tools->count == 0)
        return true;
    if (!message_has_role(json_array_get(messages, 0), "system") && !insert_system(messages, error))
        return false;
    json_t *system = json_array_get(messages, 0);
    struct buffer text = text_new();
    const bool done = add_span(&text, content_span(system), error) &&
                      (text.length == 0 || buffer_text(&text, "\n\n", error)) && add_tools(&text, tools, error);
    return set_content(system, &text, done, error);
}

static bool add_call(struct buffer *text, const json_t *call, struct error *error)
{
    const json_t *function = json_object_get(call, "function");
    return (text->length == 0 || buffer_text(text, "\n", error)) &&
           buffer_text(text, "<tool_call>\n{\"name\": ", error) &&
           add_json(text, json_object_get(function, "name"), error) && buffer_text(text, ", \"arguments\": ", error) &&
           add_json(text, json_object_get(function, "arguments"), error) && buffer_text(text, "}\n</tool_call>", error);
}

static bool write_calls(json_t *message, struct error *error)
{
    const json_t *calls = json_object_get(message, "tool_calls");
    if (!calls)
        return true;
    struct buffer text = text_new();
    bool done = add_span(&text, content_span(message), error);
    for (size_t i = 0; i < json_array_size(calls) && done; i++)
        done = add_call(&text, json_array_get(calls, i), error);
    done = set_content(message, &text, done, error);
    json_object_del(message, "tool_calls");
    return done;
}

static bool write_result(json_t *message, struct error *error)
{
    struct buffer text = text_new();
    const bool done = buffer_text(&text, "<tool_response>\n", error) && add_span(&text, content_span(message), error) &&
                      buffer_text(&text, "\n</tool_response>", error);
    json_object_del(message, "tool_call_id");
    json_object_del(message, "name");
    if (!set_content(message, &text, done, error))
        return false;
    return json_object_set_new(message, "role", json_string("user")) == 0 || error_memory(error, 1);
}

/* Results that follow each other are one message. */
static bool write_results(json_t *messages, struct error *error)
{
    bool result_before = false;
    for (size_t i = 0; i < json_array_size(messages);) {
        json_t *message = json_array_get(messages, i);
        const bool result = message_has_role(message, "tool"), joined = result && result_before;
        if ((result && !write_result(message, error)) || (joined && !join_next(messages, i - 1, "\n", error)))
            return false;
        result_before = result;
        i += !joined;
    }
    return true;
}

static bool write_own_form(const struct tools *tools, json_t *messages, struct error *error)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        if (!write_calls(message, error))
            return false;
    }
    return write_results(messages, error) && tell_of_tools(tools, messages, error);
}

/* ---- what a template with tools wants ---------------------------------------------------------------------------- */

static bool arguments_to_text(json_t *function, struct error *error)
{
    const json_t *arguments = json_object_get(function, "arguments");
    if (json_is_string(arguments))
        return true;
    struct buffer text = text_new();
    bool done = add_json(&text, arguments, error);
    if (done && json_object_set_new(function, "arguments", json_stringn(text.bytes, text.length)) != 0)
        done = error_memory(error, text.length);
    buffer_free(&text);
    return done;
}

static bool suit_calls(const struct habits *habits, json_t *message, struct error *error)
{
    const json_t *calls = json_object_get(message, "tool_calls");
    if (!calls)
        return true;
    for (size_t i = 0; i < json_array_size(calls) && habits->arguments_as_text; i++)
        if (!arguments_to_text(json_object_get(json_array_get(calls, i), "function"), error))
            return false;
    if (habits->null_beside_calls && content_span(message).bytes == 0)
        json_object_set_new(message, "content", json_null());
    return true;
}

static bool suit_all_calls(const struct habits *habits, json_t *messages, struct error *error)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        if (!suit_calls(habits, message, error))
            return false;
    }
    return true;
}

/* ---- roles ------------------------------------------------------------------------------------------------------- */

static bool is_system(const json_t *messages, size_t i)
{
    return message_has_role(json_array_get(messages, i), "system");
}

/* All system messages become one, the first. */
static bool gather_systems(json_t *messages, struct error *error)
{
    size_t systems = 0;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        if (!is_system(messages, i))
            continue;
        json_t *message = json_incref(json_array_get(messages, i));
        json_array_remove(messages, i);
        if (json_array_insert_new(messages, systems++, message) != 0)
            return error_memory(error, 1);
    }
    for (; systems > 1; systems--)
        if (!join_next(messages, 0, "\n\n", error))
            return false;
    return true;
}

/* What the system says begins the user's first message. */
static bool system_to_user(json_t *messages, struct error *error)
{
    if (!gather_systems(messages, error))
        return false;
    if (!is_system(messages, 0))
        return true;
    json_t *system = json_array_get(messages, 0);
    if (json_object_set_new(system, "role", json_string("user")) != 0)
        return error_memory(error, 1);
    return !message_has_role(json_array_get(messages, 1), "user") || join_next(messages, 0, "\n\n", error);
}

/* Whether the message and the next are one turn: of one role, and neither calls nor results. */
static bool is_one_turn(const json_t *messages, size_t i)
{
    const json_t *message = json_array_get(messages, i), *next = json_array_get(messages, i + 1);
    return next && message_has_role(next, message_role(message)) && !message_has_role(next, "tool") &&
           !json_object_get(message, "tool_calls") && !json_object_get(next, "tool_calls");
}

static bool join_turns(json_t *messages, struct error *error)
{
    for (size_t i = 0; i < json_array_size(messages); i++)
        while (is_one_turn(messages, i))
            if (!join_next(messages, i, "\n\n", error))
                return false;
    return true;
}

/* ---- what some templates refuse otherwise ------------------------------------------------------------------------ */

/* The last nine letters and digits of the id, or zeros before what there is: the same for a call and its result. */
static json_t *short_id(const char *id)
{
    char out[SHORT_ID];
    size_t left = SHORT_ID;
    for (size_t i = strlen(id); i > 0 && left > 0; i--) {
        const char c = id[i - 1];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            out[--left] = c;
    }
    memset(out, '0', left);
    return json_stringn(out, SHORT_ID);
}

static bool shorten(json_t *object, const char *key, struct error *error)
{
    const char *id = json_string_value(json_object_get(object, key));
    return json_object_set_new(object, key, short_id(id ? id : "")) == 0 || error_memory(error, SHORT_ID);
}

static bool shorten_ids(json_t *messages, struct error *error)
{
    size_t i, number;
    json_t *message, *call;
    json_array_foreach(messages, i, message)
    {
        if (message_has_role(message, "tool") && !shorten(message, "tool_call_id", error))
            return false;
        json_array_foreach(json_object_get(message, "tool_calls"), number, call)
        {
            if (!shorten(call, "id", error))
                return false;
        }
    }
    return true;
}

/* Where the result of a call stands: by its id among the results from first on, else the first of them; 0 if there is
 * none. */
static size_t find_result(const json_t *messages, size_t first, const char *id)
{
    for (size_t i = first; message_has_role(json_array_get(messages, i), "tool"); i++) {
        const char *own = json_string_value(json_object_get(json_array_get(messages, i), "tool_call_id"));
        if (own && id && strcmp(own, id) == 0)
            return i;
    }
    return message_has_role(json_array_get(messages, first), "tool") ? first : 0;
}

/* The message's second and further calls go to a message of their own behind the result of the first. */
static bool split_calls(json_t *messages, size_t i, struct error *error)
{
    json_t *calls = json_object_get(json_array_get(messages, i), "tool_calls"), *rest = json_array();
    const char *id = json_string_value(json_object_get(json_array_get(calls, 0), "id"));
    while (json_array_size(calls) > 1) {
        if (json_array_append(rest, json_array_get(calls, 1)) != 0) {
            json_decref(rest);
            return error_memory(error, 1);
        }
        json_array_remove(calls, 1);
    }
    const size_t result = find_result(messages, i + 1, id);
    if (result > i + 1) {
        json_t *moved = json_incref(json_array_get(messages, result));
        json_array_remove(messages, result);
        json_array_insert_new(messages, i + 1, moved);
    }
    json_t *more = json_pack("{s:s, s:s, s:o}", "role", "assistant", "content", "", "tool_calls", rest);
    return json_array_insert_new(messages, result ? i + 2 : i + 1, more) == 0 || error_memory(error, 1);
}

static bool split_all_calls(json_t *messages, struct error *error)
{
    for (size_t i = 0; i < json_array_size(messages); i++)
        if (json_array_size(json_object_get(json_array_get(messages, i), "tool_calls")) > 1 &&
            !split_calls(messages, i, error))
            return false;
    return true;
}

/* Between results and what the user says next stands an answer, be it an empty one. */
static bool answer_results(json_t *messages, struct error *error)
{
    for (size_t i = 1; i < json_array_size(messages); i++) {
        const bool after = message_has_role(json_array_get(messages, i - 1), "tool");
        if (!after || !message_has_role(json_array_get(messages, i), "user"))
            continue;
        json_t *answer = json_pack("{s:s, s:s}", "role", "assistant", "content", "");
        if (json_array_insert_new(messages, i, answer) != 0)
            return error_memory(error, 1);
    }
    return true;
}

/* ---- the two ways in --------------------------------------------------------------------------------------------- */

bool adapt_messages(const struct habits *habits, const struct tools *tools, json_t *messages, struct error *error)
{
    const bool written = habits->template_tools ? suit_all_calls(habits, messages, error)
                                                : write_own_form(tools, messages, error);
    return written && (habits->takes_system || system_to_user(messages, error));
}

static bool (*const steps[])(json_t *messages, struct error *error) = {
    join_turns, shorten_ids, split_all_calls, answer_results, gather_systems, system_to_user, join_turns,
};

bool adapt_step_exists(unsigned step)
{
    return step < LENGTH(steps);
}

bool adapt_again(unsigned step, json_t *messages, struct error *error)
{
    return steps[step](messages, error);
}

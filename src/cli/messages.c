/* messages.c: a conversation as JSON messages. What a file holds is checked before anything is replaced. */
#include "cli/messages.h"

#include <stdlib.h>
#include <string.h>

bool messages_open(struct messages *messages, struct error *error)
{
    *messages = (struct messages){ .list = json_array() };
    return messages->list || error_memory(error, 1);
}

void messages_close(struct messages *messages)
{
    json_decref(messages->list);
    messages->list = NULL;
}

static const char *role_at(const json_t *list, size_t i)
{
    return json_string_value(json_object_get(json_array_get(list, i), "role"));
}

static bool has_role(const json_t *list, size_t i, const char *role)
{
    const char *found = role_at(list, i);
    return found && strcmp(found, role) == 0;
}

/* Where the exchanges begin: after the system message. */
static size_t first_of(const json_t *list)
{
    return has_role(list, 0, "system") ? 1 : 0;
}

void messages_reset(struct messages *messages)
{
    while (json_array_size(messages->list) > first_of(messages->list))
        messages_drop_last(messages);
    messages->forgotten = 0;
}

const char *messages_system(const struct messages *messages)
{
    return first_of(messages->list) == 0
               ? NULL
               : json_string_value(json_object_get(json_array_get(messages->list, 0), "content"));
}

bool messages_set_system(struct messages *messages, struct span text, struct error *error)
{
    if (first_of(messages->list) > 0)
        json_array_remove(messages->list, 0);
    if (text.bytes == 0)
        return true;
    json_t *message = json_pack("{s:s, s:s%}", "role", "system", "content", text.data, text.bytes);
    return json_array_insert_new(messages->list, 0, message) == 0 || error_memory(error, text.bytes);
}

bool messages_add(struct messages *messages, const char *role, struct span text, struct error *error)
{
    const void *content = text.bytes > 0 ? text.data : (const void *)"";
    json_t *message = json_pack("{s:s, s:s%}", "role", role, "content", content, text.bytes);
    return json_array_append_new(messages->list, message) == 0 || error_memory(error, text.bytes);
}

void messages_drop_last(struct messages *messages)
{
    if (json_array_size(messages->list) > 0)
        json_array_remove(messages->list, json_array_size(messages->list) - 1);
}

bool messages_wait(const struct messages *messages)
{
    const size_t count = json_array_size(messages->list);
    return count > 0 && has_role(messages->list, count - 1, "user");
}

size_t messages_exchanges(const struct messages *messages)
{
    return (json_array_size(messages->list) - first_of(messages->list) + 1) / 2;
}

char *messages_text(const struct messages *messages, size_t without)
{
    const size_t first = first_of(messages->list), count = json_array_size(messages->list);
    json_t *shown = json_array();
    if (first > 0)
        json_array_append(shown, json_array_get(messages->list, 0));
    for (size_t i = first + 2 * without; i < count; i++)
        json_array_append(shown, json_array_get(messages->list, i));
    char *text = json_dumps(shown, JSON_COMPACT);
    json_decref(shown);
    return text;
}

bool messages_save(const struct messages *messages, const char *path, struct error *error)
{
    struct buffer text = { .limit = SIZE_MAX / 2 };
    char *json = json_dumps(messages->list, JSON_INDENT(2));
    const bool done = json ? buffer_text(&text, json, error) && buffer_text(&text, "\n", error) &&
                                 file_write_atomic(path, buffer_span(&text), error)
                           : error_memory(error, 1);
    free(json);
    buffer_free(&text);
    return done;
}

/* ---- loading -------------------------------------------------------------------------------------------------- */

static bool check_message(const json_t *list, size_t i, const char *path, struct error *error)
{
    const char *wanted = (i - first_of(list)) % 2 == 0 ? "user" : "assistant";
    if (i == 0 && first_of(list) == 1)
        wanted = "system";
    const json_t *message = json_array_get(list, i);
    if (!json_is_object(message) || !role_at(list, i) || !json_is_string(json_object_get(message, "content")))
        return error_set(error, "%s: message %zu is no object with the texts \"role\" and \"content\"", path, i);
    if (strcmp(role_at(list, i), wanted) != 0)
        return error_set(error,
                         "%s: message %zu is of role \"%.40s\" where \"%s\" is expected: system first, then user "
                         "and assistant in turn",
                         path, i, role_at(list, i), wanted);
    return true;
}

static bool check_list(const json_t *list, const char *path, struct error *error)
{
    if (!json_is_array(list))
        return error_set(error, "%s: no messages: a JSON array of {\"role\", \"content\"} is expected", path);
    const size_t count = json_array_size(list);
    if (count > MESSAGES_MOST)
        return error_set(error, "%s: %zu messages: at most %d are possible", path, count, MESSAGES_MOST);
    for (size_t i = 0; i < count; i++)
        if (!check_message(list, i, path, error))
            return false;
    return true;
}

/* Only what was checked is taken over: other members of a message (tool calls, say) would reach the template. */
static bool take_over(struct messages *messages, const json_t *list, struct error *error)
{
    struct messages taken;
    bool done = messages_open(&taken, error);
    for (size_t i = 0; i < json_array_size(list) && done; i++) {
        const json_t *content = json_object_get(json_array_get(list, i), "content");
        const struct span text = span_of(json_string_value(content), json_string_length(content));
        done = messages_add(&taken, role_at(list, i), text, error);
    }
    struct messages *const old = done ? messages : &taken;
    messages_close(old);
    if (done)
        *messages = taken;
    return done;
}

bool messages_load(struct messages *messages, const char *path, struct error *error)
{
    struct buffer text = { .limit = MESSAGES_FILE_BYTES_MOST };
    if (!file_read(path, &text, error)) {
        buffer_free(&text);
        return false;
    }
    json_error_t reason;
    json_t *file = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, &reason);
    const json_t *list = json_is_object(file) ? json_object_get(file, "messages") : file;
    const bool done = file ? check_list(list, path, error) && take_over(messages, list, error)
                           : error_set(error, "%s: not JSON: line %d: %s", path, reason.line, reason.text);
    json_decref(file);
    buffer_free(&text);
    return done;
}

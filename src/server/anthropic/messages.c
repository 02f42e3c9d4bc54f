/* messages.c: messages of content blocks to messages of OpenAI's API. A user's message may mix text with the
 * results of tools, which become messages of their own, in their order; an assistant's blocks become its text, its
 * reasoning and its calls. */
#include "server/anthropic/anthropic.h"

#include <stdlib.h>
#include <string.h>

enum { PLACE = 64 };

/* Kinds of blocks that are no text, by the words for who reads the refusal. */
static const struct {
    const char *type, *what;
} foreign[] = {
    { "image", "images are" },
    { "document", "documents are" },
    { "search_result", "search results are" },
    { "server_tool_use", "tools that run on the server are" },
    { "web_search_tool_result", "tools that run on the server are" },
    { "web_fetch_tool_result", "tools that run on the server are" },
    { "code_execution_tool_result", "tools that run on the server are" },
    { "container_upload", "uploaded files are" },
};

static bool no_memory(struct failure *failure)
{
    return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
}

static bool refuse_block(const char *type, const char *path, struct failure *failure)
{
    for (size_t i = 0; i < LENGTH(foreign); i++)
        if (strcmp(type, foreign[i].type) == 0)
            return failure_field(failure, path, "%s: %s not supported by this server", type, foreign[i].what);
    return failure_field(failure, path, "a block of type \"%.40s\" can't stand here", type);
}

static bool block_type(const json_t *block, const char *path, const char **type, struct failure *failure)
{
    *type = json_string_value(json_object_get(block, "type"));
    return *type || failure_field(failure, path, "an object with a type is wanted");
}

static bool block_text(const json_t *block, const char *name, const char *path, const char **out,
                       struct failure *failure)
{
    const struct fields in = { block, path };
    return field_demand(in, name, failure) && field_text(in, name, out, failure);
}

static bool add_text(struct buffer *out, const char *text, struct failure *failure)
{
    out->limit = SIZE_MAX / 2;
    return buffer_text(out, text, NULL) || no_memory(failure);
}

/* A text, or blocks of text one after the other. */
static bool join_texts(const json_t *content, const char *path, struct buffer *out, struct failure *failure)
{
    if (json_is_string(content))
        return add_text(out, json_string_value(content), failure);
    if (!json_is_array(content))
        return failure_field(failure, path, "a text or an array of blocks is wanted");
    for (size_t i = 0; i < json_array_size(content); i++) {
        const json_t *block = json_array_get(content, i);
        const char *type, *text = NULL;
        char place[PLACE * 2];
        snprintf(place, sizeof place, "%.64s[%zu]", path, i);
        if (!block_type(block, place, &type, failure))
            return false;
        if (strcmp(type, "text") != 0)
            return refuse_block(type, place, failure);
        if (!block_text(block, "text", place, &text, failure) || !add_text(out, text, failure))
            return false;
    }
    return true;
}

static bool append(json_t *messages, json_t *message, struct failure *failure)
{
    return json_array_append_new(messages, message) == 0 || no_memory(failure);
}

static json_t *text_of(const struct buffer *buffer)
{
    return json_stringn(buffer->length ? buffer->bytes : "", buffer->length);
}

/* ---- a message in the making ------------------------------------------------------------------------------------- */

struct making {
    const char *role;
    struct buffer text, reasoning;
    json_t *calls; /* NULL: none yet */
    json_t *messages;
};

static bool flush(struct making *making, struct failure *failure)
{
    if (making->text.length == 0 && making->reasoning.length == 0 && !making->calls)
        return true;
    json_t *message = json_pack("{s:s, s:o}", "role", making->role, "content", text_of(&making->text));
    if (message && making->reasoning.length > 0)
        json_object_set_new(message, "reasoning_content", text_of(&making->reasoning));
    if (message && making->calls)
        json_object_set_new(message, "tool_calls", making->calls);
    else
        json_decref(making->calls);
    making->calls = NULL;
    making->text.length = making->reasoning.length = 0;
    return append(making->messages, message, failure);
}

static bool take_use(struct making *making, const json_t *block, const char *path, struct failure *failure)
{
    const char *id = NULL, *name = NULL;
    const json_t *input = json_object_get(block, "input");
    if (!block_text(block, "id", path, &id, failure) || !block_text(block, "name", path, &name, failure))
        return false;
    if (input && !json_is_object(input))
        return field_wrong((struct fields){ block, path }, "input", failure, "an object is wanted");
    char *arguments = input ? json_dumps(input, JSON_COMPACT) : strdup("{}");
    json_t *call = arguments ? json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", id, "type", "function", "function", "name",
                                         name, "arguments", arguments)
                             : NULL;
    free(arguments);
    if (!making->calls)
        making->calls = json_array();
    return json_array_append_new(making->calls, call) == 0 || no_memory(failure);
}

static bool take_result(struct making *making, const json_t *block, const char *path, struct failure *failure)
{
    const char *id = NULL;
    bool failed = false;
    struct buffer text = { 0 };
    const json_t *content = json_object_get(block, "content");
    char place[PLACE * 2];
    snprintf(place, sizeof place, "%.64s.content", path);
    if (!block_text(block, "tool_use_id", path, &id, failure) ||
        !field_bool((struct fields){ block, path }, "is_error", &failed, failure) || !flush(making, failure))
        return false;
    const bool good =
        (!failed || add_text(&text, "Error: ", failure)) &&
        (!content || json_is_null(content) || join_texts(content, place, &text, failure)) &&
        append(making->messages,
               json_pack("{s:s, s:s, s:o}", "role", "tool", "tool_call_id", id, "content", text_of(&text)), failure);
    buffer_free(&text);
    return good;
}

static bool take_string(struct buffer *out, const json_t *block, const char *name, const char *path,
                        struct failure *failure)
{
    const char *text = NULL;
    return block_text(block, name, path, &text, failure) && add_text(out, text, failure);
}

static bool take_block(struct making *making, const json_t *block, const char *path, struct failure *failure)
{
    const char *type;
    const bool assistant = strcmp(making->role, "assistant") == 0;
    if (!block_type(block, path, &type, failure))
        return false;
    if (strcmp(type, "text") == 0)
        return take_string(&making->text, block, "text", path, failure);
    if (assistant && strcmp(type, "thinking") == 0)
        return take_string(&making->reasoning, block, "thinking", path, failure);
    if (assistant && strcmp(type, "redacted_thinking") == 0) /* nobody here could read it */
        return true;
    if (assistant && strcmp(type, "tool_use") == 0)
        return take_use(making, block, path, failure);
    if (!assistant && strcmp(type, "tool_result") == 0)
        return take_result(making, block, path, failure);
    return refuse_block(type, path, failure);
}

static bool take_blocks(struct making *making, const json_t *blocks, const char *path, struct failure *failure)
{
    for (size_t i = 0; i < json_array_size(blocks); i++) {
        char place[PLACE];
        snprintf(place, sizeof place, "%.32s.content[%zu]", path, i);
        if (!take_block(making, json_array_get(blocks, i), place, failure))
            return false;
    }
    return flush(making, failure);
}

static bool convert_message(const json_t *message, const char *path, json_t *messages, struct failure *failure)
{
    static const char *const roles[] = { "user", "assistant", "system", NULL };
    const struct fields in = { message, path };
    const json_t *content = json_object_get(message, "content");
    size_t role = 0;
    if (!json_is_object(message))
        return failure_field(failure, path, "an object is wanted");
    if (!field_demand(in, "role", failure) || !field_choice(in, "role", roles, &role, failure) ||
        !field_demand(in, "content", failure))
        return false;
    if (json_is_string(content))
        return append(messages, json_pack("{s:s, s:O}", "role", roles[role], "content", content), failure);
    if (!json_is_array(content))
        return field_wrong(in, "content", failure, "a text or an array of blocks is wanted");
    struct making making = { .role = roles[role], .messages = messages };
    const bool good = take_blocks(&making, content, path, failure);
    buffer_free(&making.text);
    buffer_free(&making.reasoning);
    json_decref(making.calls);
    return good;
}

bool anthropic_messages_convert(const json_t *system, const json_t *messages, json_t *out, struct failure *failure)
{
    if (system && !json_is_null(system)) {
        struct buffer text = { 0 };
        const bool good = join_texts(system, "system", &text, failure) &&
                          (text.length == 0 ||
                           append(out, json_pack("{s:s, s:o}", "role", "system", "content", text_of(&text)), failure));
        buffer_free(&text);
        if (!good)
            return false;
    }
    for (size_t i = 0; i < json_array_size(messages); i++) {
        char path[PLACE / 2];
        snprintf(path, sizeof path, "messages[%zu]", i);
        if (!convert_message(json_array_get(messages, i), path, out, failure))
            return false;
    }
    return true;
}

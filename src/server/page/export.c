/* export.c: conversations as Markdown, to read, or as JSON, to take elsewhere or back in.
 *
 * JSON has the whole tree. Markdown has the branch that ends with the latest message: what one would read. */
#include "server/page/page.h"
#include "server/page/message.h"
#include "server/serving.h"

#include <string.h>

enum { EXPORT_BYTES_MOST = 1 << 30 };

struct exported {
    struct stored_conversation conversation;
    struct stored_message *rows;
    size_t count;
};

static bool read_all(struct server *server, const struct request *request, const char *id, struct exported *out,
                     struct failure *failure)
{
    struct error error = { 0 };
    return (conversation_read(server->store, request->owner, id, request->arena, &out->conversation, &error) &&
            message_list(server->store, request->owner, id, request->arena, &out->rows, &out->count, &error)) ||
           failure_error(failure, &error);
}

/* ---- Markdown ---------------------------------------------------------------------------------------------------- */

static bool write_message(const struct stored_message *message, struct buffer *out, struct error *error)
{
    const bool answer = strcmp(message->role, "assistant") == 0;
    const char *who = answer                               ? (message->model[0] ? message->model : "Assistant")
                      : strcmp(message->role, "user") == 0 ? "User"
                                                           : "System";
    return buffer_format(out, error, "## %s\n\n", who) && buffer_text(out, message->content, error) &&
           buffer_text(out, "\n\n", error);
}

static bool write_markdown(const struct exported *exported, struct arena *arena, struct buffer *out,
                           struct error *error)
{
    const struct stored_message **branch = arena_take(arena, exported->count + 1, sizeof *branch);
    if (!branch)
        return error_memory(error, exported->count * sizeof *branch);
    size_t length = 0;
    const struct stored_message *message = exported->count > 0 ? &exported->rows[exported->count - 1] : NULL;
    while (message && length < exported->count) {
        branch[length++] = message;
        /* A parent stands before its children: what comes after need not be searched. */
        message = message->parent ? page_find(exported->rows, (size_t)(message - exported->rows), message->parent)
                                  : NULL;
    }
    bool done = buffer_format(out, error, "# %s\n\n", exported->conversation.title);
    while (length > 0 && done)
        done = write_message(branch[--length], out, error);
    return done;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static bool wants_markdown(const struct request *request, bool *out, struct failure *failure)
{
    const char *format = request_query(request, "format");
    *out = format && strcmp(format, "md") == 0;
    return !format || *out || strcmp(format, "json") == 0 || failure_field(failure, "format", "must be md or json");
}

static void name_file(struct response *response, const char *name)
{
    response_header(response, "Content-Disposition", name);
}

bool page_export_one(struct server *server, const struct request *request, const char *id, struct response *response,
                     struct failure *failure)
{
    struct exported exported;
    struct error error = { 0 };
    bool markdown;
    if (!wants_markdown(request, &markdown, failure) || !read_all(server, request, id, &exported, failure))
        return false;
    if (!markdown) {
        name_file(response, "attachment; filename=\"conversation.json\"");
        return response_json(response, page_whole_json(&exported.conversation, exported.rows, exported.count), failure);
    }
    response->body.limit = EXPORT_BYTES_MOST;
    response->content_type = "text/markdown; charset=utf-8";
    name_file(response, "attachment; filename=\"conversation.md\"");
    return write_markdown(&exported, request->arena, &response->body, &error) || failure_error(failure, &error);
}

/* Adds one conversation to what all become: an array, or the text. */
static bool add_one(const struct exported *exported, bool markdown, struct arena *arena, json_t *list,
                    struct buffer *text, struct failure *failure)
{
    struct error error = { 0 };
    if (markdown)
        return write_markdown(exported, arena, text, &error) || failure_error(failure, &error);
    return json_array_append_new(list, page_whole_json(&exported->conversation, exported->rows, exported->count)) ==
               0 ||
           failure_set(failure, FAILURE_INTERNAL, "out of memory");
}

bool page_export_all(struct server *server, const struct request *request, struct response *response,
                     struct failure *failure)
{
    struct error error = { 0 };
    struct stored_conversation *rows;
    size_t count;
    bool markdown;
    if (!wants_markdown(request, &markdown, failure))
        return false;
    if (!conversation_list(server->store, request->owner, NULL, request->arena, &rows, &count, &error))
        return failure_error(failure, &error);
    json_t *list = json_array();
    response->body.limit = EXPORT_BYTES_MOST;
    bool done = list || failure_set(failure, FAILURE_INTERNAL, "out of memory");
    for (size_t i = 0; i < count && done; i++) {
        struct exported exported;
        done = read_all(server, request, rows[i].id, &exported, failure) &&
               add_one(&exported, markdown, request->arena, list, &response->body, failure);
    }
    name_file(response,
              markdown ? "attachment; filename=\"conversations.md\"" : "attachment; filename=\"conversations.json\"");
    if (!done || markdown) {
        json_decref(list);
        response->content_type = markdown ? "text/markdown; charset=utf-8" : response->content_type;
        return done;
    }
    return response_json(response, json_pack("{s:o}", "conversations", list), failure);
}

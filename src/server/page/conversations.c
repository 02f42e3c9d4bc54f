/* conversations.c: conversations listed, read, changed, removed; made empty or out of what was exported. */
#include "server/fields.h"
#include "server/page/page.h"
#include "server/page/message.h"
#include "server/serving.h"

#include <string.h>

enum { TITLE_BYTES_MOST = 1000, SETTINGS_BYTES_MOST = 64 << 10, MESSAGES_MOST = 100000 };

bool page_list(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    struct error error = { 0 };
    struct stored_conversation *rows;
    size_t count;
    if (!conversation_list(server->store, request->owner, request_query(request, "q"), request->arena, &rows, &count,
                           &error))
        return failure_error(failure, &error);
    json_t *list = json_array();
    for (size_t i = 0; i < count && list; i++)
        if (json_array_append_new(list, page_conversation_json(&rows[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    return response_json(response, list ? json_pack("{s:o}", "conversations", list) : NULL, failure);
}

static bool send_whole(struct server *server, const struct request *request, const char *id, struct response *response,
                       struct failure *failure)
{
    struct error error = { 0 };
    struct stored_conversation conversation;
    struct stored_message *rows;
    size_t count;
    if (!conversation_read(server->store, request->owner, id, request->arena, &conversation, &error) ||
        !message_list(server->store, request->owner, id, request->arena, &rows, &count, &error))
        return failure_error(failure, &error);
    return response_json(response, page_whole_json(&conversation, rows, count), failure);
}

bool page_read(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    char id[STORE_ID];
    const char *tail;
    if (!page_split(request, id, &tail))
        return failure_set(failure, FAILURE_NOT_FOUND, "there is no such conversation");
    if (strcmp(tail, "export") == 0)
        return page_export_one(server, request, id, response, failure);
    if (tail[0])
        return failure_set(failure, FAILURE_NOT_FOUND, "there is nothing at %s", request->path);
    return send_whole(server, request, id, response, failure);
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* What a conversation comes with. */
struct draft {
    const char *title;
    const char *settings; /* NULL: none */
    bool pinned;
    const json_t *messages;
    json_t *places; /* id of a message that was read: its row */
    struct stored_message *rows;
    size_t count;
};

/* An object as the text that the store keeps of it; *out stays as it is if there is none. */
static bool read_object(struct fields in, const char *name, struct arena *arena, const char **out,
                        struct failure *failure)
{
    const json_t *object = NULL;
    if (!field_object(in, name, &object, failure) || !object)
        return failure->kind == FAILURE_NONE;
    char *text = json_dumps(object, JSON_COMPACT);
    *out = text ? arena_text(arena, span_text(text)) : NULL;
    free(text);
    return *out || failure_set(failure, FAILURE_INTERNAL, "out of memory");
}

static bool read_settings(struct fields in, struct arena *arena, const char **out, struct failure *failure)
{
    if (!read_object(in, "settings", arena, out, failure))
        return false;
    return !*out || strlen(*out) <= SETTINGS_BYTES_MOST ||
           failure_field(failure, "settings", "more than %d bytes", SETTINGS_BYTES_MOST);
}

static bool read_title(struct fields in, const char **out, struct failure *failure)
{
    if (!field_text(in, "title", out, failure))
        return false;
    return !*out || strlen(*out) <= TITLE_BYTES_MOST ||
           failure_field(failure, "title", "more than %d bytes", TITLE_BYTES_MOST);
}

/* A message that has a parent is that one's child, one that has none but has an id begins a branch; plain messages
 * follow each other. */
static bool read_parent(const struct draft *draft, size_t row, struct arena *arena, const char **out,
                        struct failure *failure)
{
    const json_t *message = json_array_get(draft->messages, row);
    const char *id = json_string_value(json_object_get(message, "id"));
    const char *parent = json_string_value(json_object_get(message, "parent"));
    const json_t *place = parent ? json_object_get(draft->places, parent) : NULL;
    if (parent && !place)
        return failure_field(failure, "messages", "message %zu: its parent does not stand before it", row);
    if (id && json_object_set_new(draft->places, id, json_integer((json_int_t)row)) != 0)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory");
    if (!place && (id || row == 0))
        return true;
    *out = arena_format(arena, "#%zu", place ? (size_t)json_integer_value(place) : row - 1);
    return *out || failure_set(failure, FAILURE_INTERNAL, "out of memory");
}

static enum message_state state_of(const char *name)
{
    for (int state = MESSAGE_DONE; state <= MESSAGE_FAILED; state++)
        if (name && strcmp(name, message_state_name((enum message_state)state)) == 0)
            return (enum message_state)state;
    return name && strcmp(name, message_state_name(MESSAGE_STREAMING)) == 0 ? MESSAGE_STOPPED : MESSAGE_DONE;
}

static bool read_message(struct draft *draft, size_t row, struct arena *arena, struct failure *failure)
{
    static const char *const roles[] = { "user", "assistant", "system", NULL };
    struct stored_message *out = &draft->rows[row];
    const char *path = arena_format(arena, "messages[%zu]", row), *state = NULL;
    const struct fields in = { json_array_get(draft->messages, row), path };
    size_t role = 0;
    double created = 0;
    if (!path)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory");
    if (!json_is_object(in.object))
        return failure_field(failure, path, "must be an object");
    if (!field_demand(in, "role", failure) || !field_choice(in, "role", roles, &role, failure) ||
        !field_demand(in, "content", failure) || !field_text(in, "content", &out->content, failure) ||
        !field_text(in, "model", &out->model, failure) || !field_text(in, "state", &state, failure) ||
        !field_real(in, "created_at", 0, 1e11, &created, failure) ||
        !read_object(in, "figures", arena, &out->figures, failure) ||
        !read_parent(draft, row, arena, &out->parent, failure))
        return false;
    out->role = roles[role];
    out->state = state_of(state);
    out->created_at = created;
    return true;
}

static bool read_draft(json_t *body, struct arena *arena, struct draft *draft, struct failure *failure)
{
    const struct fields in = { body, "" };
    if (!read_title(in, &draft->title, failure) || !field_bool(in, "pinned", &draft->pinned, failure) ||
        !read_settings(in, arena, &draft->settings, failure) || !field_array(in, "messages", &draft->messages, failure))
        return false;
    draft->count = json_array_size(draft->messages);
    if (draft->count > MESSAGES_MOST)
        return failure_field(failure, "messages", "more than %d", MESSAGES_MOST);
    draft->rows = arena_take(arena, size_max(draft->count, 1), sizeof *draft->rows);
    if (!draft->rows)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory");
    for (size_t i = 0; i < draft->count; i++)
        if (!read_message(draft, i, arena, failure))
            return false;
    if (!draft->title && draft->count > 0)
        draft->title = page_title(draft->rows[0].content, arena);
    return true;
}

static bool add_draft(struct server *server, const struct request *request, struct draft *draft,
                      struct stored_conversation *out, struct error *error)
{
    struct store *store = server->store;
    if (!conversation_add(store, request->owner, draft->title ? draft->title : "", request->arena, out, error))
        return false;
    if (!message_add(store, request->owner, out->id, draft->rows, draft->count, request->arena, error) ||
        ((draft->settings || draft->pinned) &&
         !conversation_change(store, request->owner, out->id, NULL, draft->settings, draft->pinned, error))) {
        (void)!conversation_remove(store, request->owner, out->id, NULL);
        return false;
    }
    return true;
}

bool page_add(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    struct error error = { 0 };
    struct draft draft = { .places = json_object() };
    struct stored_conversation made;
    json_t *body = NULL;
    bool done = (request->body.bytes == 0 || fields_parse(request->body, &body, failure)) &&
                read_draft(body, request->arena, &draft, failure);
    if (done)
        done = add_draft(server, request, &draft, &made, &error) || failure_error(failure, &error);
    json_decref(draft.places);
    json_decref(body);
    response->status = 201;
    return done && send_whole(server, request, made.id, response, failure);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

bool page_change(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    struct error error = { 0 };
    char id[STORE_ID];
    const char *tail, *title = NULL, *settings = NULL;
    json_t *body;
    if (!page_split(request, id, &tail) || tail[0])
        return failure_set(failure, FAILURE_NOT_FOUND, "there is no such conversation");
    if (!fields_parse(request->body, &body, failure))
        return false;
    const struct fields in = { body, "" };
    bool pinned = false;
    bool done = read_title(in, &title, failure) && field_bool(in, "pinned", &pinned, failure) &&
                read_settings(in, request->arena, &settings, failure);
    const bool pins = json_is_boolean(json_object_get(body, "pinned"));
    if (done)
        done = conversation_change(server->store, request->owner, id, title, settings, pins ? pinned : -1, &error) ||
               failure_error(failure, &error);
    json_decref(body);
    return done && send_whole(server, request, id, response, failure);
}

bool page_remove(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    struct error error = { 0 };
    char id[STORE_ID];
    const char *tail;
    if (!page_split(request, id, &tail) || tail[0])
        return failure_set(failure, FAILURE_NOT_FOUND, "there is no such conversation");
    if (!conversation_remove(server->store, request->owner, id, &error))
        return failure_error(failure, &error);
    response->status = 204;
    return true;
}

/* ask.c: a message of the page, and the answer to it that begins.
 *
 *   {parent, content}                    a new message below parent, and its answer
 *   {parent, "regenerate": true}         another answer to the user's message parent
 *   {parent, "continue": true}           the answer parent goes on
 *
 * The model is held, the prompt made and the job in the queue before anything is stored or a status is sent. */
#include "server/exchange.h"
#include "server/fields.h"
#include "server/gathered.h"
#include "server/page/page.h"
#include "server/page/message.h"
#include "server/serving.h"
#include "server/page/turns.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONTENT_BYTES_MOST = 16 << 20 };

/* What the page asks, read and looked up. */
struct ask {
    char conversation[STORE_ID];
    struct stored_conversation facts;
    struct stored_message *rows; /* the conversation's messages */
    size_t count;
    const struct stored_message *parent; /* NULL: a new branch from the root */
    const char *content;                 /* NULL for another answer or one that goes on */
    bool regenerate, goes_on;
    const char *model, *system;
    struct exchange_wishes wishes;
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool read_sampling(struct fields in, struct exchange_wishes *wishes, struct failure *failure)
{
    struct sampling *sampling = &wishes->answer.sampling;
    double temperature = (double)sampling->temperature, top_p = (double)sampling->top_p;
    double min_p = (double)sampling->min_p, repeat = (double)sampling->repeat_penalty;
    int64_t top_k = sampling->top_k, most = 0, seed = (int64_t)(sampling->seed & INT64_MAX);
    if (!field_real(in, "temperature", 0, 100, &temperature, failure) ||
        !field_real(in, "top_p", 0, 1, &top_p, failure) || !field_real(in, "min_p", 0, 1, &min_p, failure) ||
        !field_real(in, "repeat_penalty", 0.01, 100, &repeat, failure) ||
        !field_integer(in, "top_k", 0, UINT32_MAX, &top_k, failure) ||
        !field_integer(in, "max_tokens", 1, INT32_MAX, &most, failure) ||
        !field_integer(in, "seed", 0, INT64_MAX, &seed, failure))
        return false;
    sampling->temperature = (float)temperature;
    sampling->top_p = (float)top_p;
    sampling->min_p = (float)min_p;
    sampling->repeat_penalty = (float)repeat;
    sampling->top_k = (uint32_t)top_k;
    sampling->seed = (uint64_t)seed;
    wishes->answer.most_tokens = (size_t)most;
    return true;
}

static bool find_parent(struct ask *ask, const json_t *body, struct failure *failure)
{
    const json_t *parent = json_object_get(body, "parent");
    if (!parent && ask->count > 0)
        ask->parent = &ask->rows[ask->count - 1];
    if (!parent || json_is_null(parent))
        return true;
    if (!json_is_string(parent))
        return failure_field(failure, "parent", "must be a message's id or null");
    ask->parent = page_find(ask->rows, ask->count, json_string_value(parent));
    return ask->parent || failure_set(failure, FAILURE_NOT_FOUND, "there is no such parent message");
}

/* Whether the parent is what the kind of request needs. */
static bool check_parent(const struct ask *ask, struct failure *failure)
{
    const char *role = ask->parent ? ask->parent->role : "";
    if (ask->parent && ask->parent->state == MESSAGE_STREAMING)
        return failure_field(failure, "parent", "is still being written: stop it or wait");
    if (ask->regenerate && strcmp(role, "user") != 0)
        return failure_field(failure, "parent", "must be the user's message that gets another answer");
    if (ask->goes_on && strcmp(role, "assistant") != 0)
        return failure_field(failure, "parent", "must be the answer that goes on");
    return true;
}

static bool read_kind(struct ask *ask, const json_t *body, struct failure *failure)
{
    const struct fields in = { body, "" };
    if (!field_bool(in, "regenerate", &ask->regenerate, failure) ||
        !field_bool(in, "continue", &ask->goes_on, failure) || !field_text(in, "content", &ask->content, failure))
        return false;
    if (ask->regenerate && ask->goes_on)
        return failure_field(failure, "continue", "not together with regenerate");
    if (ask->regenerate || ask->goes_on) {
        ask->content = NULL;
        return true;
    }
    if (!ask->content)
        return failure_field(failure, "content", "is missing");
    return strlen(ask->content) <= CONTENT_BYTES_MOST ||
           failure_field(failure, "content", "more than %d bytes", CONTENT_BYTES_MOST);
}

static bool read_ask(struct ask *ask, const json_t *body, struct failure *failure)
{
    const struct fields in = { body, "" };
    const json_t *settings = NULL;
    if (!read_kind(ask, body, failure) || !find_parent(ask, body, failure) || !check_parent(ask, failure) ||
        !field_text(in, "model", &ask->model, failure) || !field_object(in, "settings", &settings, failure))
        return false;
    const struct fields inside = { settings, "settings" };
    return field_text(inside, "system", &ask->system, failure) && read_sampling(inside, &ask->wishes, failure);
}

static bool look_up(struct server *server, const struct request *request, struct ask *ask, struct failure *failure)
{
    struct error error = { 0 };
    return (conversation_read(server->store, request->owner, ask->conversation, request->arena, &ask->facts, &error) &&
            message_list(server->store, request->owner, ask->conversation, request->arena, &ask->rows, &ask->count,
                         &error)) ||
           failure_error(failure, &error);
}

/* ---- the conversation so far, as the model gets it ------------------------------------------------------------- */

static bool add_message(json_t *messages, const char *role, const char *content)
{
    return json_array_append_new(messages, json_pack("{s:s, s:s}", "role", role, "content", content)) == 0;
}

/* From the root to the parent. Answers that failed before their first word are left out. */
static bool add_branch(const struct ask *ask, json_t *messages, struct arena *arena)
{
    const struct stored_message **branch = arena_take(arena, ask->count + 1, sizeof *branch);
    size_t length = 0;
    if (!branch)
        return false;
    for (const struct stored_message *message = ask->parent; message && length < ask->count;) {
        branch[length++] = message;
        message = message->parent ? page_find(ask->rows, (size_t)(message - ask->rows), message->parent) : NULL;
    }
    bool done = true;
    while (length > 0 && done) {
        const struct stored_message *message = branch[--length];
        if (message->content[0] || message == ask->parent)
            done = add_message(messages, message->role, message->content);
    }
    return done;
}

static json_t *history(const struct ask *ask, struct arena *arena)
{
    json_t *messages = json_array();
    if (messages && (!ask->system || !ask->system[0] || add_message(messages, "system", ask->system)) &&
        add_branch(ask, messages, arena) && (!ask->content || add_message(messages, "user", ask->content)))
        return messages;
    json_decref(messages);
    return NULL;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static bool open_exchange(struct server *server, const struct request *request, struct ask *ask, struct exchange **out,
                          struct failure *failure)
{
    json_t *messages = history(ask, request->arena);
    if (!messages)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory");
    const struct chat_request chat = {
        .messages = messages,
        .goes_on = ask->goes_on,
        .now = time(NULL),
    };
    ask->wishes.owner = request->owner;
    ask->wishes.model = ask->model;
    ask->wishes.chat = &chat;
    const bool done = exchange_open(server, &ask->wishes, request, out, failure);
    json_decref(messages);
    return done;
}

/* What is stored: the user's message if there is a new one, and the answer, empty so far; or the answer's new state. */
static bool keep(struct server *server, const struct request *request, struct ask *ask, const char *model,
                 struct stored_message rows[2], size_t *count, struct error *error)
{
    const char *parent = ask->parent ? ask->parent->id : NULL;
    *count = 0;
    if (ask->goes_on) {
        rows[(*count)++] = *ask->parent;
        rows[0].state = MESSAGE_STREAMING;
        return message_change(server->store, request->owner, parent, rows[0].content, MESSAGE_STREAMING, NULL, error);
    }
    if (ask->content)
        rows[(*count)++] =
            (struct stored_message){ .parent = parent, .role = "user", .content = ask->content, .state = MESSAGE_DONE };
    rows[*count] = (struct stored_message){
        .parent = ask->content ? "#0" : parent,
        .role = "assistant",
        .content = "",
        .state = MESSAGE_STREAMING,
        .model = model,
    };
    (*count)++;
    return message_add(server->store, request->owner, ask->conversation, rows, *count, request->arena, error);
}

static bool name_conversation(struct server *server, const struct request *request, const struct ask *ask,
                              struct error *error)
{
    if (ask->facts.title[0] || !ask->content)
        return true;
    const char *title = page_title(ask->content, request->arena);
    return title ? conversation_change(server->store, request->owner, ask->conversation, title, NULL, -1, error)
                 : error_memory(error, 0);
}

static bool send_rows(struct response *response, const struct stored_message *rows, size_t count,
                      struct failure *failure)
{
    json_t *user = count > 1 ? page_message_json(&rows[0]) : json_null();
    response->status = 201;
    return response_json(
        response, json_pack("{s:o, s:o}", "user", user, "assistant", page_message_json(&rows[count - 1])), failure);
}

/* Stores, and hands the exchange to its turn; the exchange is taken in any case. */
static bool begin(struct server *server, const struct request *request, struct ask *ask, struct exchange *exchange,
                  struct response *response, struct failure *failure)
{
    struct error error = { 0 };
    struct stored_message rows[2];
    size_t count;
    const char *model = arena_text(request->arena, span_text(exchange_model(exchange)));
    if (!model || !keep(server, request, ask, model, rows, &count, &error) ||
        !name_conversation(server, request, ask, &error)) {
        exchange_close(exchange);
        return failure_error(failure, &error);
    }
    exchange_tell(exchange, request, response);
    const struct stored_message *answer = &rows[count - 1];
    if (turn_begin(server->turns, exchange, request->owner, answer->id, answer->content, &error))
        return send_rows(response, rows, count, failure);
    (void)!message_change(server->store, request->owner, answer->id, answer->content, MESSAGE_FAILED, NULL, NULL);
    return failure_error(failure, &error);
}

bool page_ask(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    struct ask ask = { .wishes = exchange_default() };
    struct exchange *exchange;
    const char *tail;
    json_t *body;
    if (!page_split(request, ask.conversation, &tail) || strcmp(tail, "messages") != 0)
        return failure_set(failure, FAILURE_NOT_FOUND, "there is nothing at %s", request->path);
    if (!fields_parse(request->body, &body, failure))
        return false;
    const bool done = look_up(server, request, &ask, failure) && read_ask(&ask, body, failure) &&
                      open_exchange(server, request, &ask, &exchange, failure) &&
                      begin(server, request, &ask, exchange, response, failure);
    json_decref(body);
    return done;
}

/* stream.c: an answer as it grows, as server-sent events, for each tab that asks; and its stop.
 *
 *   data: {"index": 0, "text": "…"}      from ?from=N on
 *   data: {"state": "done", "figures": {…}}
 *
 * Of an answer whose turn is no longer known the store has the text but not its events: from 0 on it is one event; to a
 * tab that has some already the last event brings the whole text, as "content". */
#include "server/page/page.h"
#include "server/page/message.h"
#include "server/serving.h"
#include "server/page/turns.h"
#include "server/wire.h"

#include <stdlib.h>
#include <string.h>

struct follower {
    struct turns *turns;
    struct turn *turn;
    size_t index;
};

static const double wait_seconds = 0.1;

static bool write_text(size_t index, struct span text, struct buffer *out)
{
    return wire_event(out, NULL, json_pack("{s:I, s:o}", "index", (json_int_t)index, "text", wire_text(text)), NULL);
}

static bool write_end(enum message_state state, const char *figures, const char *content, struct buffer *out)
{
    json_t *json = json_pack("{s:s}", "state", message_state_name(state));
    json_t *measured = figures && figures[0] ? json_loads(figures, 0, NULL) : NULL;
    if (json && measured)
        json_object_set(json, "figures", measured);
    if (json && content)
        json_object_set_new(json, "content", json_string(content));
    json_decref(measured);
    return wire_event(out, NULL, json, NULL);
}

static bool follow_next(void *state, struct buffer *out, bool *end)
{
    struct follower *follower = state;
    struct buffer text = { .limit = 1 << 26 };
    enum turn_news news = TURN_NOTHING;
    enum message_state ended;
    const char *figures;
    bool done = turn_event(follower->turn, follower->index, wait_seconds, &news, &text, &ended, &figures, NULL);
    if (done && news == TURN_TEXT)
        done = write_text(follower->index++, buffer_span(&text), out);
    if (done && news == TURN_ENDED)
        done = write_end(ended, figures, NULL, out);
    *end = news == TURN_ENDED;
    buffer_free(&text);
    return done;
}

static void follow_close(void *state)
{
    struct follower *follower = state;
    turn_leave(follower->turns, follower->turn);
    free(follower);
}

static bool read_from(const struct request *request, size_t *out, struct failure *failure)
{
    const char *from = request_query(request, "from");
    char *end = NULL;
    const bool digits = from && from[0] && strspn(from, "0123456789") == strlen(from) && strlen(from) <= 9;
    *out = digits ? strtoull(from, &end, 10) : 0;
    return !from || digits || failure_field(failure, "from", "must be a number of an event");
}

static bool send_kept(struct server *server, const struct request *request, const char *id, size_t from,
                      struct response *response, struct failure *failure)
{
    struct error error = { 0 };
    struct stored_message message;
    response->body.limit = SIZE_MAX / 2;
    if (!message_read(server->store, request->owner, id, request->arena, &message, &error))
        return failure_error(failure, &error);
    const bool whole = from == 0 && message.content[0];
    return ((!whole || write_text(0, span_text(message.content), &response->body)) &&
            write_end(message.state, message.figures, from > 0 ? message.content : NULL, &response->body)) ||
           failure_set(failure, FAILURE_INTERNAL, "out of memory");
}

static bool send_stream(struct server *server, struct turn *turn, size_t from, struct response *response,
                        struct failure *failure)
{
    struct follower *follower = calloc(1, sizeof *follower);
    if (!follower) {
        turn_leave(server->turns, turn);
        return failure_set(failure, FAILURE_INTERNAL, "out of memory");
    }
    *follower = (struct follower){ server->turns, turn, from };
    response->has_stream = true;
    response->stream = (struct stream){
        .keep_alive = ":\n\n",
        .next = follow_next,
        .close = follow_close,
        .state = follower,
    };
    return true;
}

bool page_follow(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    char id[STORE_ID];
    const char *tail;
    size_t from;
    if (!page_split(request, id, &tail) || strcmp(tail, "stream") != 0)
        return failure_set(failure, FAILURE_NOT_FOUND, "there is nothing at %s", request->path);
    if (!read_from(request, &from, failure))
        return false;
    response->content_type = "text/event-stream";
    struct turn *turn = turn_follow(server->turns, request->owner, id);
    return turn ? send_stream(server, turn, from, response, failure)
                : send_kept(server, request, id, from, response, failure);
}

bool page_stop(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    char id[STORE_ID];
    const char *tail;
    struct error error = { 0 };
    struct stored_message message;
    if (!page_split(request, id, &tail) || strcmp(tail, "stop") != 0)
        return failure_set(failure, FAILURE_NOT_FOUND, "there is nothing at %s", request->path);
    if (!message_read(server->store, request->owner, id, request->arena, &message, &error))
        return failure_error(failure, &error);
    struct turn *turn = turn_follow(server->turns, request->owner, id);
    if (turn)
        turn_stop(turn);
    turn_leave(server->turns, turn);
    response->status = 202;
    return response_json(response, json_pack("{s:s}", "id", id), failure);
}

/* turns.c: answers in the making for the page.
 *
 *   exchange --thread--> text, cut into events --+--> the store, once a second and at the end
 *                                                +--> whoever follows, from any event on
 *
 * An event's number never means another text afterwards, so a tab that comes back asks for the next one and neither
 * loses nor doubles anything. A turn that ended is kept for ten minutes for tabs that were away; whoever comes later
 * reads the message from the store. */
#include "server/page/turns.h"

#include <jansson.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    STACK_BYTES = 512 << 10,
    TEXT_BYTES_MOST = 64 << 20,
    ENDED_MOST = 256, /* kept after their end */
};
static const double keep_seconds = 600, save_seconds = 1;

struct turn {
    struct turn *next;
    struct store *store;
    char *owner;
    char message[STORE_ID];
    struct exchange *exchange; /* the thread's own */
    pthread_t thread;
    atomic_bool stop;

    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t changed;
    struct buffer text;
    size_t *ends; /* [count] where the text of an event ends */
    size_t count, room;
    enum message_state state;
    char *figures;
    double ended_at; /* seconds_now(); 0 while it goes on */

    size_t followers; /* under the lock of turns */
};

struct turns {
    struct store *store;
    pthread_mutex_t lock; /* over the list and the followers */
    struct turn *first;
};

/* What the thread learns on its way. */
struct making {
    struct turn *turn;
    struct job_counts counts;
    enum answer_end end;
    double started, first_token_seconds, saved_at;
    size_t saved_bytes;
    struct error error;
};

/* ---- one turn --------------------------------------------------------------------------------------------------- */

static void turn_free(struct turn *turn)
{
    exchange_close(turn->exchange);
    pthread_mutex_destroy(&turn->lock);
    pthread_cond_destroy(&turn->changed);
    buffer_free(&turn->text);
    free(turn->ends);
    free(turn->figures);
    free(turn->owner);
    free(turn);
}

static bool add_event(struct turn *turn, struct span text, struct error *error)
{
    if (text.bytes == 0)
        return true;
    if (turn->count == turn->room) {
        const size_t room = turn->room ? 2 * turn->room : 256;
        size_t *ends = reallocarray(turn->ends, room, sizeof *ends);
        if (!ends)
            return error_memory(error, room * sizeof *ends);
        turn->ends = ends;
        turn->room = room;
    }
    if (!buffer_add(&turn->text, text.data, text.bytes, error))
        return false;
    turn->ends[turn->count++] = turn->text.length;
    return true;
}

static bool tell(struct making *making, struct span text)
{
    struct turn *turn = making->turn;
    if (making->first_token_seconds == 0)
        making->first_token_seconds = seconds_now() - making->started;
    pthread_mutex_lock(&turn->lock);
    const bool done = add_event(turn, text, &making->error);
    pthread_cond_broadcast(&turn->changed);
    pthread_mutex_unlock(&turn->lock);
    return done;
}

/* Only the thread adds text, so it may read without the lock. */
static bool save(struct making *making, enum message_state state, const char *figures)
{
    const struct turn *turn = making->turn;
    making->saved_at = seconds_now();
    making->saved_bytes = turn->text.length;
    return message_change(turn->store, turn->owner, turn->message, turn->text.bytes ? turn->text.bytes : "", state,
                          figures, &making->error);
}

static bool save_if_due(struct making *making)
{
    const bool due = seconds_now() - making->saved_at >= save_seconds;
    return !due || making->turn->text.length == making->saved_bytes || save(making, MESSAGE_STREAMING, NULL);
}

/* One part of the answer; false when it is over. */
static bool take_part(struct making *making, const struct exchange_part *part)
{
    switch (part->kind) {
    case EXCHANGE_CONTENT:
        return tell(making, part->text);
    case EXCHANGE_ENDED:
        making->end = part->end;
        making->counts = part->counts;
        return true;
    case EXCHANGE_FAILED:
        return error_set(&making->error, "%s", part->failure->text);
    case EXCHANGE_OVER:
        return false;
    default:
        return true;
    }
}

static void make_answer(struct making *making)
{
    struct turn *turn = making->turn;
    struct exchange_part part;
    bool cancelled = false;
    do {
        if (atomic_load(&turn->stop) && !cancelled) {
            exchange_cancel(turn->exchange);
            cancelled = true;
        }
        exchange_next(turn->exchange, &part);
    } while (take_part(making, &part) && save_if_due(making));
}

static double rounded(double value)
{
    return isfinite(value) ? round(value * 1000) / 1000 : 0;
}

/* What the page shows under an answer. NULL when memory is short. */
static char *figures_of(const struct making *making)
{
    const struct job_counts *counts = &making->counts;
    const struct held_parts *parts = exchange_parts(making->turn->exchange);
    json_t *figures = json_pack(
        "{s:I, s:f, s:I, s:I, s:I, s:I, s:f, s:s}", "tokens", (json_int_t)counts->tokens, "tokens_per_second",
        rounded(counts->seconds > 0 ? (double)counts->tokens / counts->seconds : 0), "prompt_tokens",
        (json_int_t)counts->prompt_tokens, "cached_tokens", (json_int_t)counts->cached_tokens, "context",
        (json_int_t)model_context(parts->model), "context_used", (json_int_t)(counts->prompt_tokens + counts->tokens),
        "first_token_seconds", rounded(making->first_token_seconds), "finish", answer_end_name(making->end));
    if (figures && making->error.kind != ERROR_NONE)
        json_object_set_new(figures, "error", json_string(making->error.text));
    char *text = figures ? json_dumps(figures, JSON_COMPACT) : NULL;
    json_decref(figures);
    return text;
}

static void end_turn(struct making *making)
{
    struct turn *turn = making->turn;
    enum message_state state = making->error.kind != ERROR_NONE ? MESSAGE_FAILED
                               : making->end == ANSWER_STOPPED  ? MESSAGE_STOPPED
                                                                : MESSAGE_DONE;
    char *figures = figures_of(making);
    if (!save(making, state, figures)) {
        state = MESSAGE_FAILED; /* also when the conversation was deleted meanwhile */
        free(figures);
        figures = figures_of(making);
    }
    exchange_close(turn->exchange);
    turn->exchange = NULL;
    pthread_mutex_lock(&turn->lock);
    turn->state = state;
    turn->figures = figures;
    turn->ended_at = seconds_now();
    pthread_cond_broadcast(&turn->changed);
    pthread_mutex_unlock(&turn->lock);
}

static void *run(void *context)
{
    struct making making = { .turn = context, .started = seconds_now(), .saved_at = seconds_now(), .end = ANSWER_DONE };
    making.saved_bytes = making.turn->text.length;
    make_answer(&making);
    end_turn(&making);
    return NULL;
}

/* ---- the list --------------------------------------------------------------------------------------------------- */

bool turns_open(struct store *store, struct turns **out, struct error *error)
{
    struct turns *turns = calloc(1, sizeof *turns);
    if (!turns)
        return error_memory(error, sizeof *turns);
    turns->store = store;
    pthread_mutex_init(&turns->lock, NULL);
    *out = turns;
    return true;
}

void turns_close(struct turns *turns)
{
    if (!turns)
        return;
    for (struct turn *turn = turns->first; turn; turn = turn->next)
        turn_stop(turn);
    while (turns->first) {
        struct turn *turn = turns->first;
        turns->first = turn->next;
        pthread_join(turn->thread, NULL);
        turn_free(turn);
    }
    pthread_mutex_destroy(&turns->lock);
    free(turns);
}

static double ended_at(struct turn *turn)
{
    pthread_mutex_lock(&turn->lock);
    const double at = turn->ended_at;
    pthread_mutex_unlock(&turn->lock);
    return at;
}

/* Frees turns that ended long ago, or that are too many; the newest stand first. Under the lock. */
static void sweep(struct turns *turns)
{
    const double now = seconds_now();
    size_t kept = 0;
    for (struct turn **place = &turns->first; *place;) {
        struct turn *turn = *place;
        const double at = ended_at(turn);
        if (at == 0 || turn->followers > 0 || (now - at < keep_seconds && kept < ENDED_MOST)) {
            kept += at != 0;
            place = &turn->next;
            continue;
        }
        *place = turn->next;
        pthread_join(turn->thread, NULL);
        turn_free(turn);
    }
}

/* Takes the exchange. */
static struct turn *turn_make(struct store *store, struct exchange *exchange, const char *owner, const char *message,
                              const char *so_far, struct error *error)
{
    struct turn *turn = calloc(1, sizeof *turn);
    if (!turn) {
        exchange_close(exchange);
        error_memory(error, sizeof *turn);
        return NULL;
    }
    condition_open(&turn->changed);
    pthread_mutex_init(&turn->lock, NULL);
    turn->store = store;
    turn->exchange = exchange;
    turn->text.limit = TEXT_BYTES_MOST;
    turn->owner = strdup(owner);
    snprintf(turn->message, sizeof turn->message, "%s", message);
    if (turn->owner && add_event(turn, span_text(so_far), error))
        return turn;
    error_memory(error, strlen(owner));
    turn_free(turn);
    return NULL;
}

static bool start_thread(struct turn *turn, struct error *error)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    const int failed = pthread_create(&turn->thread, &attributes, run, turn);
    pthread_attr_destroy(&attributes);
    return !failed || error_set(error, "answer: cannot start a thread: %s", strerror(failed));
}

bool turn_begin(struct turns *turns, struct exchange *exchange, const char *owner, const char *message,
                const char *so_far, struct error *error)
{
    struct turn *turn = turn_make(turns->store, exchange, owner, message, so_far, error);
    if (!turn)
        return false;
    pthread_mutex_lock(&turns->lock);
    sweep(turns);
    const bool started = start_thread(turn, error);
    if (started) {
        turn->next = turns->first;
        turns->first = turn;
    }
    pthread_mutex_unlock(&turns->lock);
    if (!started)
        turn_free(turn);
    return started;
}

/* ---- following -------------------------------------------------------------------------------------------------- */

struct turn *turn_follow(struct turns *turns, const char *owner, const char *message)
{
    pthread_mutex_lock(&turns->lock);
    struct turn *turn = turns->first; /* the newest of a message that was continued stands first */
    while (turn && (strcmp(turn->message, message) != 0 || strcmp(turn->owner, owner) != 0))
        turn = turn->next;
    if (turn)
        turn->followers++;
    pthread_mutex_unlock(&turns->lock);
    return turn;
}

void turn_leave(struct turns *turns, struct turn *turn)
{
    if (!turn)
        return;
    pthread_mutex_lock(&turns->lock);
    turn->followers--;
    pthread_mutex_unlock(&turns->lock);
}

bool turn_event(struct turn *turn, size_t index, double seconds, enum turn_news *news, struct buffer *text,
                enum message_state *state, const char **figures, struct error *error)
{
    const double until = seconds_now() + seconds;
    bool done = true;
    pthread_mutex_lock(&turn->lock);
    while (index >= turn->count && turn->ended_at == 0 && condition_wait(&turn->changed, &turn->lock, until))
        ;
    *news = TURN_NOTHING;
    if (index < turn->count) {
        const size_t begin = index > 0 ? turn->ends[index - 1] : 0;
        *news = TURN_TEXT;
        done = buffer_add(text, turn->text.bytes + begin, turn->ends[index] - begin, error);
    } else if (turn->ended_at != 0) {
        *news = TURN_ENDED;
        *state = turn->state;
        *figures = turn->figures;
    }
    pthread_mutex_unlock(&turn->lock);
    return done;
}

void turn_stop(struct turn *turn)
{
    atomic_store(&turn->stop, true);
}

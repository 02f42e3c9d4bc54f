/* exchange_parts.c: the events of an exchange's job become parts.
 *
 * An event may give several parts (a token, then reasoning, content, calls), so that they wait in a queue which is
 * filled from one event at a time. Their texts lie one after the other in one buffer. */
#include "server/exchange_inside.h"
#include "server/usage.h"

#include <stdlib.h>
#include <string.h>

static const double event_wait_seconds = 0.1;

static struct queued *queue_add(struct exchange *exchange, enum exchange_part_kind kind, size_t answer,
                                struct error *error)
{
    if (exchange->queue_count == exchange->queue_capacity) {
        const size_t capacity = size_max(16, exchange->queue_capacity * 2);
        size_t bytes;
        struct queued *grown = size_multiply(capacity, sizeof *grown, &bytes) ? realloc(exchange->queue, bytes) : NULL;
        if (!grown) {
            error_memory(error, capacity);
            return NULL;
        }
        exchange->queue = grown;
        exchange->queue_capacity = capacity;
    }
    struct queued *queued = &exchange->queue[exchange->queue_count++];
    *queued = (struct queued){ .part = { .kind = kind, .answer = answer } };
    return queued;
}

/* Keeps a text, with a terminator, until the queue is filled again. */
static bool keep_text(struct exchange *exchange, struct span text, size_t *place, struct error *error)
{
    *place = exchange->texts.length;
    return buffer_add(&exchange->texts, text.data, text.bytes, error) && buffer_add(&exchange->texts, "", 1, error);
}

static bool queue_text(struct exchange *exchange, enum exchange_part_kind kind, size_t answer, struct span text,
                       struct error *error)
{
    struct queued *queued = queue_add(exchange, kind, answer, error);
    if (!queued)
        return false;
    queued->part.text.bytes = text.bytes;
    return keep_text(exchange, text, &queued->text, error);
}

static const enum exchange_part_kind kinds[] = {
    [CHAT_REASONING] = EXCHANGE_REASONING,           [CHAT_CONTENT] = EXCHANGE_CONTENT,   [CHAT_CALL] = EXCHANGE_CALL,
    [CHAT_CALL_ARGUMENTS] = EXCHANGE_CALL_ARGUMENTS, [CHAT_CALL_END] = EXCHANGE_CALL_END,
};

struct taking {
    struct exchange *exchange;
    size_t answer;
    size_t tokens_certain; /* of which tokens are told before the first part */
};

/* Tokens go before the first part of what they made certain. */
static bool tell_tokens(struct exchange *exchange, size_t answer, size_t certain, struct error *error)
{
    const struct told_token *token;
    while ((token = told_next(&exchange->makings[answer].told, certain))) {
        struct queued *queued = queue_add(exchange, EXCHANGE_TOKEN, answer, error);
        if (!queued)
            return false;
        queued->part.told = token->rows;
        queued->part.told_count = token->count;
    }
    return true;
}

/* Content that follows reasoning stands at the end of what was unread: the tokens before it marked the change. */
static void skip_marks(struct making *making, const struct chat_part *part)
{
    const struct buffer *unread = &making->unread;
    const bool begins = part->kind == CHAT_CONTENT && !making->in_content;
    making->in_content = part->kind == CHAT_CONTENT;
    if (!begins || part->text.bytes == 0 || part->text.bytes > unread->length)
        return;
    const size_t before = unread->length - part->text.bytes;
    if (memcmp(unread->bytes + before, part->text.data, part->text.bytes) == 0)
        told_skip(&making->told, making->certain - part->text.bytes);
}

static bool take_part(void *context, const struct chat_part *part, struct error *error)
{
    const struct taking *taking = context;
    struct exchange *exchange = taking->exchange;
    skip_marks(&exchange->makings[taking->answer], part);
    if (!tell_tokens(exchange, taking->answer, taking->tokens_certain, error) ||
        !queue_text(exchange, kinds[part->kind], taking->answer, part->text, error))
        return false;
    struct buffer *reasoning = &exchange->makings[taking->answer].reasoning;
    if (part->kind == CHAT_REASONING && !buffer_add(reasoning, part->text.data, part->text.bytes, error))
        return false;
    struct queued *queued = &exchange->queue[exchange->queue_count - 1];
    queued->part.call = part->call;
    if (part->kind != CHAT_CALL)
        return true;
    queued->part.call_id = queued->part.name = "";
    return keep_text(exchange, span_text(part->id), &queued->id, error) &&
           keep_text(exchange, span_text(part->name), &queued->name, error);
}

static bool read_text(struct exchange *exchange, const struct job_event *event, struct error *error)
{
    struct making *making = &exchange->makings[event->answer];
    struct taking taking = { exchange, event->answer, making->certain };
    const size_t parts = exchange->queue_count;
    if (!buffer_add(&making->unread, event->text.data, event->text.bytes, error) ||
        !chat_reader_take(making->reader, event->text, false, take_part, &taking, error))
        return false;
    if (exchange->queue_count > parts)
        making->unread.length = 0;
    return true;
}

static bool take_text(struct exchange *exchange, const struct job_event *event, struct error *error)
{
    struct making *making = &exchange->makings[event->answer];
    if (event->told_count > 0 && !told_add(&making->told, event->told, event->told_count, error))
        return false;
    making->certain += event->text.bytes;
    if (event->text.bytes == 0)
        return true;
    if (making->reader)
        return read_text(exchange, event, error);
    return tell_tokens(exchange, event->answer, making->certain, error) &&
           queue_text(exchange, EXCHANGE_CONTENT, event->answer, event->text, error);
}

/* Events do not say which token was reasoning: its text is encoded again. */
static bool count_reasoning(const struct exchange *exchange, const struct making *making, size_t *out,
                            struct error *error)
{
    struct tokens tokens = { 0 };
    const bool done = tokenizer_encode(held_parts(exchange->held)->tokenizer, buffer_span(&making->reasoning),
                                       (struct encoding){ 0 }, &tokens, error);
    *out = tokens.count;
    tokens_free(&tokens);
    return done;
}

/* What a stop text took away is told as little as the text itself. */
static bool take_end(struct exchange *exchange, const struct job_event *event, struct error *error)
{
    struct making *making = &exchange->makings[event->answer];
    const size_t certain = event->end == ANSWER_STOP_TEXT ? making->certain : SIZE_MAX;
    struct taking taking = { exchange, event->answer, certain };
    if (making->reader && !chat_reader_take(making->reader, span_of("", 0), true, take_part, &taking, error))
        return false;
    if (!tell_tokens(exchange, event->answer, certain, error))
        return false;
    struct queued *queued = queue_add(exchange, EXCHANGE_ENDED, event->answer, error);
    if (!queued)
        return false;
    queued->part.end = event->end;
    queued->part.stop_text = event->stop_text;
    queued->part.called = making->reader && chat_reader_calls(making->reader) > 0;
    exchange->ended++;
    usage_add(exchange->usage, 0, event->counts.tokens);
    return count_reasoning(exchange, making, &queued->part.reasoning_tokens, error);
}

/* False: all is over, error says why. */
static bool take_event(struct exchange *exchange, const struct job_event *event, struct error *error)
{
    if (event->kind != JOB_WAITING && event->kind != JOB_FAILED)
        exchange->slot = event->slot;
    switch (event->kind) {
    case JOB_STARTED:
        return queue_add(exchange, EXCHANGE_STARTED, event->answer, error) != NULL;
    case JOB_READING:
        return queue_add(exchange, EXCHANGE_READING, event->answer, error) != NULL;
    case JOB_TEXT:
        return take_text(exchange, event, error);
    case JOB_ENDED:
        return take_end(exchange, event, error);
    case JOB_FAILED:
        *error = *event->error;
        return false;
    default:
        return true;
    }
}

/* Asks the job for its next event. True if there are parts now. */
static bool fill_queue(struct exchange *exchange)
{
    struct job_event event;
    struct error error = { 0 };
    exchange->queue_first = exchange->queue_count = exchange->texts.length = 0;
    job_next(exchange->job, event_wait_seconds, &event);
    const bool taken = take_event(exchange, &event, &error);
    for (size_t i = 0; i < exchange->queue_count; i++)
        exchange->queue[i].part.counts = event.counts;
    if (taken)
        return exchange->queue_count > 0;
    failure_error(&exchange->failure, &error);
    job_cancel(exchange->job);
    exchange->over = true;
    exchange->queue_first = exchange->queue_count = 0;
    return false;
}

static void give_part(struct exchange *exchange, struct exchange_part *out)
{
    const struct queued *queued = &exchange->queue[exchange->queue_first++];
    const char *texts = exchange->texts.bytes;
    *out = queued->part;
    if (out->text.bytes > 0)
        out->text.data = (const unsigned char *)texts + queued->text;
    if (out->kind == EXCHANGE_CALL) {
        out->call_id = texts + queued->id;
        out->name = texts + queued->name;
    }
}

void exchange_next(struct exchange *exchange, struct exchange_part *out)
{
    *out = (struct exchange_part){ .kind = EXCHANGE_OVER };
    if (exchange->queue_first < exchange->queue_count) {
        give_part(exchange, out);
        return;
    }
    if (exchange->over || exchange->ended == exchange->answers)
        return;
    if (fill_queue(exchange)) {
        give_part(exchange, out);
    } else if (exchange->over) {
        out->kind = EXCHANGE_FAILED;
        out->failure = &exchange->failure;
    } else {
        out->kind = EXCHANGE_WAITING;
    }
}

void exchange_cancel(struct exchange *exchange)
{
    job_cancel(exchange->job);
}

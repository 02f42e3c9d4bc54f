/* answer.c: what all answers of OpenAI's API have in common: ids, usage, likelihoods, how parts are driven. */
#include "server/gathered.h"
#include "server/openai/openai.h"

#include <math.h>
#include <string.h>

const char *openai_id(const struct request *request, const char *prefix)
{
    const char *own = strchr(request->id, '_');
    return arena_format(request->arena, "%s%s", prefix, own ? own + 1 : request->id);
}

double openai_log_probability(float log_probability)
{
    return isfinite(log_probability) ? (double)log_probability : -9999.0;
}

static json_t *one_token(const struct exchange *exchange, const struct likelihood *row)
{
    char scratch[256];
    const struct span piece = exchange_piece(exchange, row->token, scratch);
    json_t *bytes = json_array();
    for (size_t i = 0; i < piece.bytes; i++)
        json_array_append_new(bytes, json_integer(piece.data[i]));
    return json_pack("{s:o, s:f, s:o, s:I}", "token", wire_text(piece), "logprob",
                     openai_log_probability(row->log_probability), "bytes", bytes, "id", (json_int_t)row->token);
}

json_t *openai_token(const struct exchange *exchange, const struct likelihood *rows, size_t count)
{
    json_t *token = one_token(exchange, &rows[0]), *tops = json_array();
    for (size_t i = 1; i < count; i++)
        json_array_append_new(tops, one_token(exchange, &rows[i]));
    json_object_set_new(token, "top_logprobs", tops);
    return token;
}

const char *openai_finish_reason(enum answer_end end, bool called)
{
    if (end == ANSWER_LENGTH || end == ANSWER_CONTEXT || end == ANSWER_STOPPED)
        return "length";
    return called ? "tool_calls" : "stop";
}

json_t *openai_usage(size_t prompt, size_t cached, size_t completion, size_t reasoning)
{
    return json_pack("{s:I, s:I, s:I, s:{s:I, s:i}, s:{s:I, s:i, s:i, s:i}}", "prompt_tokens", (json_int_t)prompt,
                     "completion_tokens", (json_int_t)completion, "total_tokens", (json_int_t)(prompt + completion),
                     "prompt_tokens_details", "cached_tokens", (json_int_t)cached, "audio_tokens", 0,
                     "completion_tokens_details", "reasoning_tokens", (json_int_t)reasoning, "audio_tokens", 0,
                     "accepted_prediction_tokens", 0, "rejected_prediction_tokens", 0);
}

void openai_begin(const struct exchange *exchange, const struct request *request, struct response *response,
                  bool stream)
{
    exchange_tell(exchange, request, response);
    if (stream)
        response->content_type = "text/event-stream; charset=utf-8";
}

/* ---- driving ----------------------------------------------------------------------------------------------------- */

struct driven {
    struct exchange *exchange;
    struct openai_writer writer;
};

static bool next_bytes(void *state, struct buffer *out, bool *end)
{
    const struct driven *driven = state;
    const size_t length = out->length;
    struct exchange_part part;
    struct error error;
    do {
        exchange_next(driven->exchange, &part);
        if (!driven->writer.write(driven->writer.state, &part, out, &error))
            return false;
        *end = part.kind == EXCHANGE_OVER || part.kind == EXCHANGE_FAILED;
    } while (!*end && part.kind != EXCHANGE_WAITING && out->length == length);
    return true;
}

static void close_driven(void *state)
{
    const struct driven *driven = state;
    driven->writer.close(driven->writer.state);
    exchange_close(driven->exchange);
}

bool openai_stream(struct exchange *exchange, const struct openai_writer *writer, const struct request *request,
                   struct response *response, struct failure *failure)
{
    struct driven *driven = arena_take(request->arena, 1, sizeof *driven);
    if (!driven) {
        writer->close(writer->state);
        exchange_close(exchange);
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    }
    openai_begin(exchange, request, response, true);
    *driven = (struct driven){ exchange, *writer };
    response->has_stream = true;
    response->stream =
        (struct stream){ .keep_alive = ":\n\n", .next = next_bytes, .close = close_driven, .state = driven };
    return true;
}

struct writing {
    const struct openai_writer *writer;
    struct buffer *out;
};

static bool write_part(void *context, const struct exchange_part *part, struct error *error)
{
    const struct writing *writing = context;
    return writing->writer->write(writing->writer->state, part, writing->out, error);
}

bool openai_write_all(struct exchange *exchange, const struct openai_writer *writer, const struct request *request,
                      struct buffer *out, struct failure *failure)
{
    struct writing writing = { writer, out };
    const struct exchange_part over = { .kind = EXCHANGE_OVER };
    struct error error = { 0 };
    return exchange_run(exchange, request, write_part, &writing, failure) &&
           (write_part(&writing, &over, &error) || failure_error(failure, &error));
}

bool openai_write_whole(struct exchange *exchange, const struct openai_writer *writer, const struct request *request,
                        struct response *response, struct failure *failure)
{
    openai_begin(exchange, request, response, false);
    response->body.limit = WIRE_MOST;
    const bool done = openai_write_all(exchange, writer, request, &response->body, failure);
    writer->close(writer->state);
    exchange_close(exchange);
    return done;
}

/* openai.h: what the files of OpenAI's API share. Private to the room; openai_*.c are its users.
 * Source: github.com/openai/openai-python, src/openai/types; fields of llama-server: github.com/ggml-org/llama.cpp,
 * tools/server. */
#ifndef BASTIDE_SERVER_OPENAI_H
#define BASTIDE_SERVER_OPENAI_H

#include "server/exchange.h"
#include "server/fields.h"
#include "server/wire.h"

typedef bool openai_run(struct server *server, const struct request *request, struct response *response,
                        struct failure *failure);

openai_run openai_list_models, openai_show_model, openai_chat, openai_completions, openai_embeddings, openai_rerank,
    openai_respond, openai_show_response, openai_remove_response;

/* {message, type, param, code}: what stands below "error". A new reference, NULL when memory is short. */
json_t *openai_error(const struct failure *failure);

/* An id that can't be guessed: prefix and the letters and digits of the request's own. NULL when memory is short. */
const char *openai_id(const struct request *request, const char *prefix);

/* Sampling, seed, limits, stop texts, biases, slot: what all routes that answer take. Arrays are made in arena. */
MUST_USE bool openai_read_wishes(struct fields in, struct arena *arena, struct exchange_wishes *wishes,
                                 struct failure *failure);

/* max_completion_tokens, max_tokens or n_predict; the first that is there wins. */
MUST_USE bool openai_read_length(struct fields in, size_t *most, struct failure *failure);

/* stream_options. */
MUST_USE bool openai_read_stream_options(struct fields in, bool *include_usage, struct failure *failure);

/* Fields whose values other than harmless ones ask for what this server doesn't do. */
MUST_USE bool openai_refuse_others(struct fields in, struct failure *failure);

/* A token with its likeliest alternatives: {token, logprob, bytes, top_logprobs}. New references. */
json_t *openai_token(const struct exchange *exchange, const struct likelihood *rows, size_t count);

/* JSON has no infinity: a token that can't come has this likelihood, as at OpenAI's. */
double openai_log_probability(float log_probability);

/* "stop", "length", "tool_calls" */
const char *openai_finish_reason(enum answer_end end, bool called);

/* prompt, completion and total tokens, with details. */
json_t *openai_usage(size_t prompt, size_t cached, size_t completion, size_t reasoning);

/* Headers of an answer: its place in the queue, and for a stream its type. */
void openai_begin(const struct exchange *exchange, const struct request *request, struct response *response,
                  bool stream);

/* An exchange whose parts are written: as a stream, or all of them before the body is sent. */
struct openai_writer {
    /* Writes a part. EXCHANGE_OVER and EXCHANGE_FAILED are the last. */
    bool (*write)(void *state, const struct exchange_part *part, struct buffer *out, struct error *error);
    void *state; /* in the request's arena */
    void (*close)(void *state);
};

/* Hands the exchange and the writer over to a stream; both are closed in any case. */
bool openai_stream(struct exchange *exchange, const struct openai_writer *writer, const struct request *request,
                   struct response *response, struct failure *failure);

/* Writes all parts into out; the client's leaving ends it. Closes nothing. */
bool openai_write_all(struct exchange *exchange, const struct openai_writer *writer, const struct request *request,
                      struct buffer *out, struct failure *failure);

/* The same into the response's body; both are closed in any case. */
bool openai_write_whole(struct exchange *exchange, const struct openai_writer *writer, const struct request *request,
                        struct response *response, struct failure *failure);

#endif

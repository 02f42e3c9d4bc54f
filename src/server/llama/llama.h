/* llama.h: what the files of llama-server's API share. Private to the room.
 *
 *   llama/api.c         routes, errors, paths of OpenAI's API without /v1
 *   llama/prompt.c      a prompt: text, tokens, both mixed, or several of them
 *   llama/wishes.c      sampling and what else /completion takes; the settings it tells back
 *   llama/completion.c  /completion: its exchanges, from opening to closing
 *   llama/answer.c      their answers as objects or events
 *   llama/infill.c      /infill
 *   llama/tokens.c      /tokenize, /detokenize, /apply-template, token counts
 *   llama/embedding.c   /embedding
 *   llama/props.c       /props, /lora-adapters
 *   llama/slots.c       /slots
 *   llama/metrics.c     its names in /metrics
 *
 * Source: ggml-org/llama.cpp, tools/server/README.md. */
#ifndef BASTIDE_SERVER_LLAMA_H
#define BASTIDE_SERVER_LLAMA_H

#include "server/exchange.h"
#include "server/fields.h"
#include "server/serving.h"

typedef bool llama_run(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure);

llama_run llama_completion, llama_infill, llama_tokenize, llama_detokenize, llama_apply_template, llama_count_chat,
    llama_embedding, llama_props, llama_change_props, llama_list_slots, llama_change_slot, llama_list_adapters,
    llama_change_adapters;

/* ---- prompts ----------------------------------------------------------------------------------------------------- */

struct llama_prompts {
    struct tokens *rows; /* [count], by calloc */
    size_t count;
    bool several; /* they came as an array of prompts */
};

/* A text, an array of tokens and texts, an object with prompt_string, or an array of such. */
MUST_USE bool llama_prompts_read(const json_t *value, const char *field, const struct held_parts *parts,
                                 struct llama_prompts *out, struct failure *failure);
void llama_prompts_free(struct llama_prompts *prompts);

/* ---- wishes ------------------------------------------------------------------------------------------------------ */

struct llama_wishes {
    struct exchange_wishes exchange;
    bool stream, return_tokens, timings_per_token;
    size_t probabilities;          /* n_probs */
    size_t indent;                 /* the least that a further line begins with */
    bool nothing;                  /* n_predict 0: only the prompt is read */
    const json_t *response_fields; /* array of texts; NULL: all */
    json_t *settings;              /* as generation_settings tells them; owned */
};

/* infill: what llama.vim and its like send beside. */
MUST_USE bool llama_wishes_read(const json_t *body, const struct request *request, const struct held_parts *parts,
                                bool infill, struct llama_wishes *out, struct failure *failure);

/* The settings with everything at its default: a new reference. */
json_t *llama_settings_default(void);

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* A further line that begins with less ends the answer before it. */
struct llama_indent {
    size_t least, count;
    bool at_start;         /* of a further line: only spaces so far */
    struct buffer pending; /* those spaces */
};

/* One answer in the making. */
struct llama_answer {
    const struct llama_wishes *wishes;
    struct exchange *exchange;
    size_t index;          /* among all answers of the request */
    struct buffer content; /* all of it where it is not a stream */
    struct tokens tokens;  /* all */
    size_t tokens_sent;    /* of them, with an event */
    json_t *told;          /* likelihoods that have not been sent; NULL: none */
    struct llama_indent indent;
    struct job_counts counts;
    double first_token; /* seconds_now when it came; 0: not yet */
    bool has_new_line, cut, ended;
    enum answer_end end;
    const char *stop_text; /* the exchange's */
};

/* Takes a part; in a stream it writes events into out, which is NULL elsewhere. */
MUST_USE bool llama_answer_take(struct llama_answer *answer, const struct exchange_part *part, struct buffer *out,
                                struct error *error);

/* The whole answer as an object; a new reference. */
json_t *llama_answer_json(struct llama_answer *answer);
void llama_answer_free(struct llama_answer *answer);

/* The scheduler's counts under llama-server's names, in Prometheus' form. */
MUST_USE bool llama_metrics(const struct scheduler_counts *counts, struct buffer *out, struct error *error);

/* Tokens that an answer of the model with that name (NULL: the default) has room for; 0 if it can't be known. */
size_t llama_context(struct server *server, const struct request *request, const char *name);

/* {code, message, type, ...}: what stands below "error". A new reference. */
json_t *llama_error(const struct failure *failure);

/* ---- completions ------------------------------------------------------------------------------------------------- */

/* Answers all prompts, taking body, held and prompts over. */
MUST_USE bool llama_complete(struct server *server, const struct request *request, json_t *body, struct held *held,
                             struct llama_prompts *prompts, bool infill, struct response *response,
                             struct failure *failure);

/* The body, and the model that it names. Both are the caller's to free on success. */
MUST_USE bool llama_begin(struct server *server, const struct request *request, json_t **body, struct held **held,
                          struct failure *failure);

#endif

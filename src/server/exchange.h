/* exchange.h: what all APIs share: a request for an answer becomes a job, the job's events neutral parts.
 *
 *   wishes --exchange_open--> model held, prompt made, checked and in the queue     no status was sent until here
 *          --exchange_next--> parts, one at a time, waiting for at most 0.1 s
 *          --exchange_close-> job cancelled if it goes on, model released
 *
 * An API reads its fields into wishes, opens, then writes each part in its own form: as it comes for a stream, or all
 * of them at the end. Private to the room. */
#ifndef BASTIDE_SERVER_EXCHANGE_H
#define BASTIDE_SERVER_EXCHANGE_H

#include "chat/chat.h"
#include "scheduler/scheduler.h"
#include "server/failure.h"
#include "server/registry.h"
#include "server/request.h"

struct exchange;

struct exchange_wishes {
    const char *owner;               /* the request's */
    const char *model;               /* as the client named it; NULL: the default */
    const struct chat_request *chat; /* messages; NULL: prompt or text below */
    const struct tokens *prompt;     /* tokens as they are, checked here */
    struct span text;                /* or a text; texts of special tokens in it become those tokens */
    const char *grammar;             /* for prompt and text: GBNF that the answer must follow; NULL: none */
    const json_t *schema;            /* for prompt and text: JSON Schema that it must follow; NULL: none */
    struct answer_wishes answer;
    size_t answers; /* 1 to 16 */
    bool tells_tokens;
    size_t tops;
    bool tells_prompt;
    bool no_cache;
    int slot;                  /* -1: any */
    double most_seconds;       /* 0: no limit but the server's */
    double keep_alive_seconds; /* NAN: the server's */
};

/* Wishes with everything at its default (sampling_default with a seed drawn at random). */
struct exchange_wishes exchange_default(void);

/* Everything that can be refused is refused here. Neither wishes nor request are needed afterwards. A client that goes
 * while a model loads is waited for no longer. */
MUST_USE bool exchange_open(struct server *server, const struct exchange_wishes *wishes, const struct request *request,
                            struct exchange **out, struct failure *failure);
void exchange_close(struct exchange *exchange);

enum exchange_part_kind {
    EXCHANGE_WAITING,        /* nothing yet */
    EXCHANGE_STARTED,        /* the job left the queue */
    EXCHANGE_READING,        /* progress of the prompt: counts */
    EXCHANGE_REASONING,      /* text */
    EXCHANGE_CONTENT,        /* text */
    EXCHANGE_CALL,           /* call, call_id, name */
    EXCHANGE_CALL_ARGUMENTS, /* text, call */
    EXCHANGE_CALL_END,       /* call */
    EXCHANGE_TOKEN,          /* told: where tells_tokens is set, before the parts that the token makes certain */
    EXCHANGE_ENDED,          /* this answer is over: end, stop_text, counts */
    EXCHANGE_FAILED,         /* all is over: failure */
    EXCHANGE_OVER,           /* all answers have ended: there is no more */
};

struct exchange_part {
    enum exchange_part_kind kind;
    size_t answer;
    struct span text; /* valid until the next call */
    size_t call;
    const char *call_id, *name;
    const struct likelihood *told;
    size_t told_count;
    enum answer_end end;
    bool called; /* EXCHANGE_ENDED: the answer has calls */
    const char *stop_text;
    size_t reasoning_tokens;  /* EXCHANGE_ENDED: about how many tokens the reasoning took */
    struct job_counts counts; /* from EXCHANGE_STARTED on */
    const struct failure *failure;
};

/* The next part. Waits at most 0.1 s: EXCHANGE_WAITING if none came. */
void exchange_next(struct exchange *exchange, struct exchange_part *out);

/* Ends the answers within one step; what is certain by then still comes. */
void exchange_cancel(struct exchange *exchange);

/* Facts of an exchange that is open. */
const char *exchange_model(const struct exchange *exchange); /* the model's id, as /v1/models lists it */
const struct held_parts *exchange_parts(const struct exchange *exchange);
const struct tokens *exchange_prompt(const struct exchange *exchange);
struct span exchange_prompt_text(const struct exchange *exchange); /* of chat; empty without */
size_t exchange_queue_position(const struct exchange *exchange);
double exchange_created(const struct exchange *exchange); /* seconds since 1970 */
int exchange_slot(const struct exchange *exchange);

/* Holds the model that a client named (NULL: the default), loading it if need be, until the client has gone. */
MUST_USE bool exchange_hold(struct server *server, const struct request *request, const char *name, struct held **out,
                            struct served_model *model, struct failure *failure);

/* The model in conversations of an owner, whose forms are kept with the model; NULL: they are not kept. */
struct chat_model chat_model_of(const struct held_parts *parts, const char *owner);

/* Tokens that an answer of this model may have, prompt included. */
size_t held_context(const struct server *server, const struct held *held);

/* FAILURE_TOO_LONG if a prompt of count tokens leaves no room for an answer. */
MUST_USE bool prompt_fits(const struct server *server, const struct held *held, size_t count, struct failure *failure);

/* Text of a token, as bytes that need not be whole characters. */
struct span exchange_piece(const struct exchange *exchange, uint32_t token, char scratch[256]);

/* The prompt as the model reads it, its special tokens shown. A new reference, NULL when memory is short. */
json_t *exchange_prompt_json(const struct exchange *exchange);

/* timings in llama-server's field names: cache_n, prompt_n, prompt_ms, prompt_per_token_ms, prompt_per_second,
 * predicted_n, ... A new reference, NULL when memory is short. */
json_t *timings_json(const struct job_counts *counts);

#endif

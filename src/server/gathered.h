/* gathered.h: the parts of one answer, collected: what an API that is asked for the whole at once sends. Private to the
 * room. */
#ifndef BASTIDE_SERVER_GATHERED_H
#define BASTIDE_SERVER_GATHERED_H

#include "server/exchange.h"

struct gathered_call {
    const char *id, *name;   /* in the arena */
    struct buffer arguments; /* JSON */
};

/* Made with its arena: struct gathered g = { .arena = request->arena }; freed by gathered_free. */
struct gathered {
    struct arena *arena;
    struct buffer reasoning, content;
    struct gathered_call *calls; /* [call_count] */
    size_t call_count, call_capacity;
    struct tokens tokens; /* where the exchange tells them */
    enum answer_end end;
    bool called;
    const char *stop_text; /* NULL: none */
    struct job_counts counts;
};

/* Adds a part. */
MUST_USE bool gathered_take(struct gathered *gathered, const struct exchange_part *part, struct error *error);

/* Takes all parts of an exchange, until its client has gone. */
MUST_USE bool gathered_all(struct gathered *gathered, struct exchange *exchange, const struct request *request,
                           struct failure *failure);
void gathered_free(struct gathered *gathered);

/* The arguments of a call as an object: a new reference; an empty object if a limit cut them off, NULL without
 * memory. */
json_t *gathered_arguments(const struct gathered_call *call);

/* Gives each part of an exchange to take until all are there or the client has gone. */
MUST_USE bool exchange_run(struct exchange *exchange, const struct request *request,
                           bool (*take)(void *context, const struct exchange_part *part, struct error *error),
                           void *context, struct failure *failure);

/* Puts into the head of an answer what a client may want to know of its exchange: x-queue-position. */
void exchange_tell(const struct exchange *exchange, const struct request *request, struct response *response);

#endif

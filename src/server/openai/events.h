/* events.h: an answer of /v1/responses as it is written. Private to openai_*.c. */
#ifndef BASTIDE_SERVER_OPENAI_EVENTS_H
#define BASTIDE_SERVER_OPENAI_EVENTS_H

#include "server/openai/openai.h"

struct events_form {
    bool stream;
    bool logprobs;
    json_t *response; /* the object without what comes of the answer; taken over */

    /* Called once with the finished object, before it is written; may be NULL. */
    bool (*finished)(void *context, const json_t *response, struct error *error);
    void (*close)(void *context);
    void *context;
};

/* Writes events as they come, or the object at the end. NULL state: memory is short, and form is closed. */
struct openai_writer openai_events(const struct exchange *exchange, const struct events_form *form,
                                   const struct request *request);

#endif

/* chat.h: an answer of /v1/chat/completions as it is written. Private to openai_*.c. */
#ifndef BASTIDE_SERVER_OPENAI_CHAT_H
#define BASTIDE_SERVER_OPENAI_CHAT_H

#include "server/openai/openai.h"

struct openai_form {
    bool include_usage;     /* of a stream: a last chunk with it */
    bool legacy;            /* function_call in place of tool_calls */
    bool logprobs;          /* of content */
    bool progress;          /* of the prompt */
    bool timings_per_token; /* in each chunk but the first */
    bool verbose;           /* of an object: the prompt as the model reads it */
    size_t answers;
};

/* Writers of the answer as chunks, and as one object. NULL state: memory is short. */
struct openai_writer chat_chunks(const struct exchange *exchange, const struct openai_form *form,
                                 const struct request *request);
struct openai_writer chat_object(const struct exchange *exchange, const struct openai_form *form,
                                 const struct request *request);

#endif

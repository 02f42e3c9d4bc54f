/* anthropic.h: what the files of Anthropic's API share. Private to the room.
 *
 *   anthropic/api.c       routes, errors, count_tokens
 *   anthropic/messages.c  their messages to those of OpenAI's API, which chat/ takes
 *   anthropic/wishes.c    limits, sampling, tools, thinking
 *   anthropic/answer.c    an answer, whole or as events
 *
 * Source: anthropics/anthropic-sdk-python, src/anthropic/types and lib/streaming. */
#ifndef BASTIDE_SERVER_ANTHROPIC_H
#define BASTIDE_SERVER_ANTHROPIC_H

#include "server/exchange.h"
#include "server/fields.h"
#include "server/serving.h"

/* What a request wishes. Owns messages and tools, which chat points to. */
struct anthropic_wishes {
    struct exchange_wishes exchange;
    struct chat_request chat;
    json_t *messages, *tools; /* in the form of OpenAI's API */
    bool stream;
};

/* counting: max_tokens is not demanded. */
MUST_USE bool anthropic_wishes_read(const json_t *body, const struct request *request, bool counting,
                                    struct anthropic_wishes *out, struct failure *failure);
void anthropic_wishes_free(struct anthropic_wishes *wishes);

/* Appends the system text and the messages to out, in the form of OpenAI's API. */
MUST_USE bool anthropic_messages_convert(const json_t *system, const json_t *messages, json_t *out,
                                         struct failure *failure);

MUST_USE bool anthropic_answer(struct server *server, const struct request *request,
                               const struct anthropic_wishes *wishes, struct response *response,
                               struct failure *failure);

/* {type, message}: what stands below "error". A new reference. */
json_t *anthropic_error(const struct failure *failure);

#endif

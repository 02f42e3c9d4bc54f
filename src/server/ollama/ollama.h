/* ollama.h: what the files of Ollama's API share. Private to the room.
 *
 *   ollama/api.c      routes, errors, version
 *   ollama/wishes.c   options, format, think, keep_alive
 *   ollama/chat.c     /api/chat: messages
 *   ollama/generate.c /api/generate: prompts
 *   ollama/answer.c   an answer in their form, whole or as lines
 *   ollama/embed.c    /api/embed, /api/embeddings
 *   ollama/models.c   /api/tags, show, ps, delete
 *   ollama/pull.c     /api/pull
 *
 * Source: ollama/ollama, api/types.go and docs/api.md, of the level that /api/version tells. */
#ifndef BASTIDE_SERVER_OLLAMA_H
#define BASTIDE_SERVER_OLLAMA_H

#include "server/exchange.h"
#include "server/fields.h"
#include "server/serving.h"

/* ---- wishes ------------------------------------------------------------------------------------------------------ */

/* What chat and generate have in common. chat points into the body, the rest into the arena. */
struct ollama_wishes {
    struct exchange_wishes exchange;
    struct chat_request chat;
    const char *model; /* as the client named it; "": the default */
    bool stream;
    bool thinks; /* reasoning was asked for: the model must be able to */
};

MUST_USE bool ollama_wishes_read(const json_t *body, const struct request *request, struct ollama_wishes *out,
                                 struct failure *failure);

/* keep_alive: seconds as a number, or a duration as Go writes it ("5m", "1h30m"); negative: for ever. */
MUST_USE bool ollama_keep_alive_read(const json_t *body, double *seconds, struct failure *failure);

/* The body's "model", or else "name". */
MUST_USE bool ollama_name_read(const json_t *body, const char **out, struct failure *failure);

/* ---- answers ----------------------------------------------------------------------------------------------------- */

enum ollama_form {
    OLLAMA_CHAT,     /* message: {role, content} */
    OLLAMA_GENERATE, /* response */
};

/* Opens the exchange of the wishes and makes the response, whole or a stream. context: tokens that the next request may
 * bring are told at the end (generate). */
MUST_USE bool ollama_answer(struct server *server, const struct request *request, const struct ollama_wishes *wishes,
                            enum ollama_form form, bool context, struct response *response, struct failure *failure);

/* A request without anything to answer loads the model, or unloads it if keep_alive is 0. */
MUST_USE bool ollama_load(struct server *server, const struct request *request, const struct ollama_wishes *wishes,
                          enum ollama_form form, struct response *response, struct failure *failure);

/* One line of NDJSON; takes the reference over, NULL stands for memory that was short. */
MUST_USE bool ollama_line(struct buffer *out, json_t *json, struct error *error);

/* Seconds since 1970 as RFC 3339 with microseconds, in UTC. A new reference. */
json_t *ollama_time(double seconds);

/* A span of time in the API's nanoseconds. */
json_t *ollama_duration(double seconds);

/* Who may change which models there are: where there are keys the gate has asked for the scope, else it is this
 * machine's own user. */
MUST_USE bool ollama_may_change(struct server *server, const struct request *request, struct failure *failure);

/* ---- routes ------------------------------------------------------------------------------------------------------ */

bool ollama_chat(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);
bool ollama_generate(struct server *server, const struct request *request, struct response *response,
                     struct failure *failure);
bool ollama_embed(struct server *server, const struct request *request, struct response *response,
                  struct failure *failure);
bool ollama_embeddings(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure);
bool ollama_tags(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);
bool ollama_show(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);
bool ollama_ps(struct server *server, const struct request *request, struct response *response,
               struct failure *failure);
bool ollama_pull(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure);
bool ollama_delete(struct server *server, const struct request *request, struct response *response,
                   struct failure *failure);

#endif

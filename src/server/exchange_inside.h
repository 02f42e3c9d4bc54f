/* exchange_inside.h: what an exchange is made of. Private to exchange.c, which opens and closes it, and
 * exchange_parts.c, which reads its job. */
#ifndef BASTIDE_SERVER_EXCHANGE_INSIDE_H
#define BASTIDE_SERVER_EXCHANGE_INSIDE_H

#include "server/exchange.h"
#include "server/told.h"

enum { ANSWERS_MOST = 16 };

/* What is kept of each answer while it is made. */
struct making {
    struct chat_reader *reader; /* NULL without a conversation */
    struct told told;
    size_t certain;          /* bytes of text so far */
    struct buffer unread;    /* their end, of which the reader has said nothing yet */
    bool in_content;         /* its last part was content */
    struct buffer reasoning; /* its text, to count its tokens */
};

/* A part that waits; texts are offsets into exchange->texts until it is given out. */
struct queued {
    struct exchange_part part;
    size_t text, id, name;
};

struct exchange {
    struct arena arena;
    struct served_model model;
    struct held *held;
    double keep_alive_seconds;
    struct chat *chat;
    struct shelved *form; /* of an answer without a conversation; NULL: any */
    struct tokens prompt;
    bool tells_tokens;
    struct making makings[ANSWERS_MOST];
    size_t answers, ended;
    struct job *job;
    size_t queue_position;
    int slot;
    double created;
    struct queued *queue;
    size_t queue_first, queue_count, queue_capacity;
    struct buffer texts;
    bool over;
    struct failure failure;
    struct usage *usage; /* of the request, for the log */
};

#endif

/* failure.h: why a request is not answered as asked. One kind, one status; each API puts it into its own words.
 * Private to the room. */
#ifndef BASTIDE_SERVER_FAILURE_H
#define BASTIDE_SERVER_FAILURE_H

#include "base/base.h"

enum failure_kind {
    FAILURE_NONE,
    FAILURE_BAD_REQUEST, /* 400, field names what is wrong */
    FAILURE_TOO_LONG,    /* 400, prompt_tokens do not fit into context */
    FAILURE_NO_KEY,      /* 401 */
    FAILURE_FORBIDDEN,   /* 403 scope or Origin */
    FAILURE_NOT_FOUND,   /* 404 */
    FAILURE_METHOD,      /* 405 */
    FAILURE_TIMEOUT,     /* 408 the request did not come in time */
    FAILURE_BODY,        /* 413 */
    FAILURE_MEDIA,       /* 415 */
    FAILURE_HOST,        /* 421 */
    FAILURE_RATE,        /* 429 this key asks too often */
    FAILURE_BUSY,        /* 429 the queue is full (Anthropic: 529) */
    FAILURE_HEADERS,     /* 431 */
    FAILURE_INTERNAL,    /* 500 */
    FAILURE_NOT_BUILT,   /* 501 this model or this server can't */
    FAILURE_UNAVAILABLE, /* 503 loading, draining */
    FAILURE_NO_ROOM,     /* 507 */
    FAILURE_KINDS
};

struct failure {
    enum failure_kind kind;
    char text[1024];
    char field[128];               /* FAILURE_BAD_REQUEST: "messages[2].role"; else "" */
    size_t prompt_tokens, context; /* FAILURE_TOO_LONG */
    unsigned retry_after;          /* seconds; 0: not said */
};

unsigned failure_status(enum failure_kind kind);

/* Returns false, so that a failing function can return its call. */
bool failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* 400 for a field: "FIELD: text". Returns false. */
bool failure_field(struct failure *failure, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);

/* Where a lower room named a field as it knows it, what the client calls it: "schema" becomes "text.format.schema", in
 * field and text. Other failures stay as they are. Returns false. */
bool failure_rename(struct failure *failure, const char *from, const char *to);

/* What a lower room reported: its kind decides, ERROR_WRONG_USE is 400 (a text "field: why" names the field),
 * ERROR_BUSY 429, ERROR_NO_ROOM 507, ERROR_NOT_FOUND 404, ERROR_STOPPED 503, all else 500. Returns false. */
bool failure_error(struct failure *failure, const struct error *error);

#endif

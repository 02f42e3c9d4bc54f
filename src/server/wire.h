/* wire.h: JSON onto the wire. Private to the room. */
#ifndef BASTIDE_SERVER_WIRE_H
#define BASTIDE_SERVER_WIRE_H

#include "base/base.h"

#include <jansson.h>

/* The most bytes of a body that is made here. */
enum { WIRE_MOST = 1 << 30 };

/* Appends the JSON, in one line, and frees it. NULL means that making it failed: out of memory. */
MUST_USE bool wire_json(struct buffer *out, json_t *json, struct error *error);

/* The same as a server-sent event: "data: {...}" and an empty line; name NULL, or the event's name before it. */
MUST_USE bool wire_event(struct buffer *out, const char *name, json_t *json, struct error *error);

/* A text of JSON; bytes that are no UTF-8 become U+FFFD. NULL when memory is short. */
json_t *wire_text(struct span text);

/* Whole numbers of bytes and tokens. */
json_t *wire_count(size_t count);

#endif

/* messages.h: messages and tools as a client sent them, checked and brought to one form. Private to the room. */
#ifndef BASTIDE_CHAT_MESSAGES_H
#define BASTIDE_CHAT_MESSAGES_H

#include "base/base.h"

#include <jansson.h>

enum { MESSAGES_MOST = 10000, TOOLS_MOST = 512, TOOL_NAME_MOST = 128 };

/* A new array of messages with
 *   role               system, user, assistant or tool
 *   content            a text; parts are joined
 *   tool_calls         where there are any: [{id, type: function, function: {name, arguments}}], arguments an object
 *                      (a text only if it is no JSON)
 *   tool_call_id, name, reasoning_content    where they were given
 * Fails with ERROR_WRONG_USE, naming the field. */
MUST_USE bool messages_read(const json_t *messages, json_t **out, struct error *error);

const char *message_role(const json_t *message);
bool message_has_role(const json_t *message, const char *role);

/* A tool that may be called; its texts belong to the request. */
struct tool {
    const char *name;
    const json_t *parameters; /* NULL: it was given none */
    bool strict;
};

struct tools {
    struct tool *all;
    size_t count;
    json_t *shown; /* the array for templates: as it was sent, but with parameters always and strict never */
};

/* tools NULL: none. Fails with ERROR_WRONG_USE, naming the field; tools_free then, too. */
MUST_USE bool tools_read(const json_t *tools, struct tools *out, struct error *error);
void tools_free(struct tools *tools);

/* NULL if there is none of this name. */
const struct tool *tools_find(const struct tools *tools, struct span name);

#endif

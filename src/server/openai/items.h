/* items.h: items of /v1/responses as messages of a chat, and tools in their flat form as the chat's. Private to
 * openai_*.c. */
#ifndef BASTIDE_SERVER_OPENAI_ITEMS_H
#define BASTIDE_SERVER_OPENAI_ITEMS_H

#include "server/openai/openai.h"

enum { ITEMS_MOST = 4096 };

/* Appends to messages what input says: a text, or an array of items. path names it in messages of failure. */
MUST_USE bool openai_add_items(const json_t *input, const char *path, json_t *messages, struct failure *failure);

/* [{type: function, name, ...}] as [{type: function, function: {name, ...}}]; a new reference. */
MUST_USE bool openai_unflatten_tools(const json_t *tools, json_t **out, struct failure *failure);

#endif

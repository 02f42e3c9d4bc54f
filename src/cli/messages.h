/* messages.h: a conversation as JSON messages: kept whole, shown to the model as far as it fits, saved and loaded.
 * Private to the room; chat is its user.
 *
 *   list   [system] user assistant user assistant ... user        [system] stands first or not at all
 *                   |--- forgotten ---|                           exchanges that no longer fit the context
 *
 * Roles alternate. Only while an answer is made does the list end with a user's message. */
#ifndef BASTIDE_CLI_MESSAGES_H
#define BASTIDE_CLI_MESSAGES_H

#include <jansson.h>

#include "base/base.h"

enum { MESSAGES_FILE_BYTES_MOST = 1 << 23, MESSAGES_MOST = 10000 };

struct messages {
    json_t *list;
    size_t forgotten; /* exchanges, from the oldest, that the model is not shown any more */
};

MUST_USE bool messages_open(struct messages *messages, struct error *error);
void messages_close(struct messages *messages);

/* Forgets all but the system message. */
void messages_reset(struct messages *messages);

/* The system message; NULL if there is none. */
const char *messages_system(const struct messages *messages);

/* Sets the system message; an empty text takes it away. Text is valid UTF-8, here and below. */
MUST_USE bool messages_set_system(struct messages *messages, struct span text, struct error *error);

MUST_USE bool messages_add(struct messages *messages, const char *role, struct span text, struct error *error);
void messages_drop_last(struct messages *messages);

/* Whether the last message is the user's, and so waits for an answer. */
bool messages_wait(const struct messages *messages);

/* How many exchanges (a user's message with what follows it) there are. */
size_t messages_exchanges(const struct messages *messages);

/* JSON text of the system message and all exchanges but the first ones; the caller frees it. NULL: no memory. */
char *messages_text(const struct messages *messages, size_t without);

/* Writes all messages to a file, or leaves the file that is there as it is. */
MUST_USE bool messages_save(const struct messages *messages, const char *path, struct error *error);

/* Puts the messages of a file in place of those that are here; on failure these stay. The file is an array of
 * {"role", "content"}, or an object with such "messages". */
MUST_USE bool messages_load(struct messages *messages, const char *path, struct error *error);

#endif

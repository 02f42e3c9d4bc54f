/* message.h: messages and conversations as the page's JSON, and back. Private to the room. */
#ifndef BASTIDE_SERVER_PAGE_MESSAGE_H
#define BASTIDE_SERVER_PAGE_MESSAGE_H

#include "server/request.h"
#include "store/store.h"

/* {id, title, pinned, created_at, updated_at}; NULL when memory is short, as all of these. */
json_t *page_conversation_json(const struct stored_conversation *conversation);

/* {id, parent, role, content, state, model, created_at, figures}. */
json_t *page_message_json(const struct stored_message *message);

/* The conversation with its settings and all its messages. */
json_t *page_whole_json(const struct stored_conversation *conversation, const struct stored_message *rows,
                        size_t count);

/* "ID/tail" to its parts; a tail that is not there is "". False if the id cannot be one. */
bool page_split(const struct request *request, char id[STORE_ID], const char **tail);

/* The message with that id among rows; NULL if there is none. */
const struct stored_message *page_find(const struct stored_message *rows, size_t count, const char *id);

/* A title out of a message: its first words, at most 60 characters. */
const char *page_title(const char *content, struct arena *arena);

#endif

/* store.h: conversations, kept: trees of messages in SQLite.
 *
 *   conversation   id, owner, title, pinned, created, updated, settings
 *     message      id, parent (another message, or none), role, content, state, model, figures
 *
 * A message's children are other ways to go on from it: an edit or a second answer is a new child, nothing is
 * overwritten. Every function that takes an owner gives or changes only what is that owner's; what is another's is not
 * there. Ids are 22 letters and digits drawn at random (128 bits). What a function reported as done survives a crash of
 * the process or the machine. This header knows no SQL: the vault will give the same functions over an encrypted file.
 *
 * May be called from several threads. Texts that functions give out live in the caller's arena. */
#ifndef BASTIDE_STORE_H
#define BASTIDE_STORE_H

#include "base/base.h"

struct store;

enum { STORE_ID = 23 };

/* Opens or makes the file (mode 0600). A file of a newer version, or that is no store, is refused and left alone. */
MUST_USE bool store_open(const char *path, struct store **out, struct error *error);
void store_close(struct store *store);

enum message_state { MESSAGE_STREAMING, MESSAGE_DONE, MESSAGE_STOPPED, MESSAGE_FAILED };
const char *message_state_name(enum message_state state); /* "streaming", "done", "stopped", "failed" */

struct stored_message {
    const char *id, *parent; /* parent NULL: the first of its branch */
    const char *role;        /* "user", "assistant", "system" */
    const char *content;     /* valid UTF-8 */
    enum message_state state;
    const char *model;   /* of an answer, else "" */
    const char *figures; /* a JSON object with what was measured of an answer, else "" */
    double created_at;   /* seconds since 1970 */
};

struct stored_conversation {
    const char *id, *title;
    const char *settings; /* a JSON object that belongs to the page (system prompt, sampling), or "" */
    bool pinned;
    double created_at, updated_at;
};

/* Fails with ERROR_NOT_FOUND for an id that is not there or not owner's: so do all functions below. */
MUST_USE bool conversation_add(struct store *store, const char *owner, const char *title, struct arena *arena,
                               struct stored_conversation *out, struct error *error);
MUST_USE bool conversation_read(struct store *store, const char *owner, const char *id, struct arena *arena,
                                struct stored_conversation *out, struct error *error);

/* Pinned ones first, then the latest. words: only those that have each word in title or messages, NULL or "": all. */
MUST_USE bool conversation_list(struct store *store, const char *owner, const char *words, struct arena *arena,
                                struct stored_conversation **rows, size_t *count, struct error *error);

/* NULL leaves title or settings as they are; pinned -1 too. */
MUST_USE bool conversation_change(struct store *store, const char *owner, const char *id, const char *title,
                                  const char *settings, int pinned, struct error *error);
MUST_USE bool conversation_remove(struct store *store, const char *owner, const char *id, struct error *error);

/* All messages of a conversation, parents before children, in the order in which they were added. */
MUST_USE bool message_list(struct store *store, const char *owner, const char *conversation, struct arena *arena,
                           struct stored_message **rows, size_t *count, struct error *error);
MUST_USE bool message_read(struct store *store, const char *owner, const char *id, struct arena *arena,
                           struct stored_message *out, struct error *error);

/* Adds messages to a conversation, all of them or none. A row's parent is the id of a message that is there, "#N" for
 * row N of these, which stands before it, or NULL. Ids are made here and written into rows. created_at 0: now. */
MUST_USE bool message_add(struct store *store, const char *owner, const char *conversation, struct stored_message *rows,
                          size_t count, struct arena *arena, struct error *error);

/* Replaces what an answer holds so far; for the one who generates it. */
MUST_USE bool message_change(struct store *store, const char *owner, const char *id, const char *content,
                             enum message_state state, const char *figures, struct error *error);

/* Answers that say "streaming" though nobody generates them, since the process that did ended: they become stopped. */
MUST_USE bool store_settle(struct store *store, struct error *error);

#endif

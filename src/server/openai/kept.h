/* kept.h: answers of /v1/responses, kept so that a later request may go on from them by previous_response_id.
 *
 * They lie in memory only and go when the server ends, after a day, or when their owner has too many: the longest
 * unused first. Private to the room; safe for several threads. */
#ifndef BASTIDE_SERVER_KEPT_H
#define BASTIDE_SERVER_KEPT_H

#include "base/base.h"

struct kept;

enum { KEPT_OF_OWNER_MOST = 256, KEPT_OWNER_BYTES_MOST = 16 << 20, KEPT_BYTES_MOST = 128 << 20 };

MUST_USE bool kept_open(struct kept **out, struct error *error);
void kept_close(struct kept *kept);

/* Keeps a text under an id; one that is too large by itself is not kept, which is no failure. */
MUST_USE bool kept_add(struct kept *kept, const char *owner, const char *id, struct span text, struct error *error);

/* Appends the text to out. Fails with ERROR_NOT_FOUND if there is none of that id, or it is another's. */
MUST_USE bool kept_read(struct kept *kept, const char *owner, const char *id, struct buffer *out, struct error *error);
MUST_USE bool kept_remove(struct kept *kept, const char *owner, const char *id, struct error *error);

#endif

/* usage.h: tokens that a request cost, for its line in the log. Held by the request and by what works for it, which may
 * outlive it. Private to the room. */
#ifndef BASTIDE_SERVER_USAGE_H
#define BASTIDE_SERVER_USAGE_H

#include "base/base.h"

struct usage;

/* NULL when memory is short; all functions take NULL. */
struct usage *usage_open(void);
struct usage *usage_hold(struct usage *usage);
void usage_release(struct usage *usage);

void usage_add(struct usage *usage, size_t prompt, size_t answer);
void usage_read(struct usage *usage, size_t *prompt, size_t *answer);

#endif

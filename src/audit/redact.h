/* redact.h: a line as it may be shown: short, sound UTF-8, and without secrets. */
#ifndef BASTIDE_AUDIT_REDACT_H
#define BASTIDE_AUDIT_REDACT_H

#include "base/base.h"

enum { TEXT_BYTES = 241 };

/* Writes the line without blanks around it, cut to 240 bytes at a character's end, control characters as '?', and "…"
 * in the place of what looks like a password, key or token: who gets a report must not get in. */
void redact(struct span line, char out[TEXT_BYTES]);

#endif

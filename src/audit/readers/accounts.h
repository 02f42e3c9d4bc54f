/* accounts.h: what a person's exports have in common: each names sites where one has an account. */
#ifndef BASTIDE_AUDIT_READERS_ACCOUNTS_H
#define BASTIDE_AUDIT_READERS_ACCOUNTS_H

#include "audit/reader.h"

/* The registrable domains that a file was seen to name already: the first line with a site is enough. */
struct accounts {
    struct source *source;
    struct sink *sink;
    const char **sites; /* in the source's arena; a hash table */
    size_t count, room;
};

/* Tells the site of an address, or of a host, once for each registrable domain. Only the host is shown, never the
 * line. */
void account_tell(struct accounts *accounts, struct span address, size_t line, enum evidence evidence);

/* The same for whoever wrote a message; people with a mailbox at some provider are no accounts of one's own. */
void account_tell_sender(struct accounts *accounts, struct span host, size_t line);

#endif

/* policy.h: content security policies: whom a page may load from and send to, in the value of a header wherever that
 * stands. */
#ifndef BASTIDE_AUDIT_READERS_POLICY_H
#define BASTIDE_AUDIT_READERS_POLICY_H

#include "audit/reader.h"

/* Tells the hosts of a policy ("script-src 'self' js.stripe.com; img-src *.algolia.net"), or of one of its directives,
 * as far as the register knows them: the others are as often the site's own. False if the text is no policy. */
bool mention_policy(struct source *source, struct sink *sink, struct span text, size_t line, enum evidence evidence);

#endif

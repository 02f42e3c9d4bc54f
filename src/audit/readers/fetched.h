/* fetched.h: addresses that a tool fetches its parts from. Private to the readers. */
#ifndef BASTIDE_AUDIT_READERS_FETCHED_H
#define BASTIDE_AUDIT_READERS_FETCHED_H

#include "audit/reader.h"

/* Where a module, a base or a role is fetched from: "git::https://host/x", "git@host:x", "github.com/a/b",
 * "https://host/x.zip", "oci://host/x". False if it is none of these, but a path or a name in a registry. */
bool tell_fetched(struct source *source, struct sink *sink, struct span address, size_t line);

/* The registry of "oci://host/path" or "host/path". */
void tell_registry_host(struct source *source, struct sink *sink, struct span address, size_t line);

#endif

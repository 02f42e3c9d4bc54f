/* mounts.h: what the command sees of the machine's files. Private to the room. */
#ifndef BASTIDE_CUTOFF_MOUNTS_H
#define BASTIDE_CUTOFF_MOUNTS_H

#include "cutoff/world.h"

/* In a mount namespace of its own: the resolver's file in its place, socket files masked, layers over folders. */
MUST_USE bool mounts_arrange(const struct world_plan *plan, struct error *error);

/* Socket files of services on this machine: those that the kernel lists, and those that lie where such files lie. kept:
 * paths that are left out. */
MUST_USE bool mounts_list_sockets(const char *const *kept, size_t kept_count, struct arena *arena,
                                  const char *const **out, size_t *count, struct error *error);

#endif

/* confine.h: what a command may no longer do, so that it cannot undo its world. Private to the room. */
#ifndef BASTIDE_CUTOFF_CONFINE_H
#define BASTIDE_CUTOFF_CONFINE_H

#include "base/base.h"

/* Gives up what is needed to change networks and mounts, and refuses the calls that no network namespace holds: sockets
 * to a hypervisor and the like, io_uring (which makes sockets past such a filter), keys that the kernel asks for. For
 * this process and all that come of it. */
MUST_USE bool confine(struct error *error);

#endif

/* inside.h: the processes of a world: the gate, the keeper, the command. Private to the room. */
#ifndef BASTIDE_CUTOFF_INSIDE_H
#define BASTIDE_CUTOFF_INSIDE_H

#include "cutoff/world.h"

/* What a new process becomes: the gate. door, out and err are its ends of what world.h names. */
_Noreturn void inside_become_gate(const struct world_plan *plan, int door, int out, int err, pid_t parent);

#endif

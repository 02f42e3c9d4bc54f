/* world.h: where a command runs: namespaces of its own for users, processes, mounts and network, whose network ends in
 * a TUN device that Bastide reads. No packet leaves the machine from there. Private to the room.
 *
 *     command ── inner network ── TUN ─┐
 *                                      ├─ relay (this process, in the machine's own network) ── the world
 *       gate ── outer network ── TUN ──┘
 *
 * The outer network owns every address. The relay reads what the command sends; what it lets through goes to the outer
 * network, where the kernel's own TCP answers in the place of whoever was called; the relay carries the bytes between
 * that connection and one that it makes itself. So no TCP had to be written, and every way of calling (raw system
 * calls, io_uring, static programs, children) ends at the same place. */
#ifndef BASTIDE_CUTOFF_WORLD_H
#define BASTIDE_CUTOFF_WORLD_H

#include "base/base.h"

#include <sys/types.h>

struct world_plan {
    const char *const *words; /* the command, NULL-terminated */
    int input;                /* its standard input */
    bool six;                 /* with IPv6 */
    const char *resolv;       /* a file to stand in the place of /etc/resolv.conf */
    const char *const *masked;
    size_t masked_count; /* socket files of this machine's services, which it shall not reach */
    const char *const *fresh;
    const char *layers; /* a folder for what is written to the folders fresh, which keep what they have */
    size_t fresh_count;
};

/* A command that runs. */
struct world {
    pid_t gate; /* its end is the end of all */
    int door;   /* messages, door.h */
    int inner, outer;
    int out, err; /* what the command writes */
};

/* The resolver that a command is told of, in its network. */
#define WORLD_RESOLVER "198.18.0.2"

/* Starts the command. Fails, saying what to do, where the system allows no user namespaces. */
MUST_USE bool world_open(const struct world_plan *plan, struct world *out, struct error *error);

/* Ends every process of it, at once. */
void world_close(struct world *world);

#endif

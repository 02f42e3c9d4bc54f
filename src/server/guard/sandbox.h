/* sandbox.h: what a process gives up once it has what it needs, so that whoever gets hold of it gets no further.
 * Private to the room. */
#ifndef BASTIDE_SERVER_SANDBOX_H
#define BASTIDE_SERVER_SANDBOX_H

#include "base/base.h"

/* What of the file system stays: files, or folders with all below them. Those that are not there are left out. */
struct sandbox_places {
    const char *const *reads; /* [read_count] */
    size_t read_count;
    const char *const *writes; /* [write_count] to read, write, make and remove */
    size_t write_count;
};

enum { SANDBOX_REPORT = 512 };

/* For good, and for all threads that are started later:
 *   no new sockets, nothing that connects, binds or sends to an address; no other program, no child; no look into other
 *   processes; no io_uring and other ways around this filter (seccomp)
 *   no files but places' (Landlock, where the kernel has it)
 *   no privileges gained by running something, none kept but those over files; no memory dump
 * Called with one thread alone, after sockets are bound. report says for the log what is on, and what this kernel or
 * this build cannot do. Fails if a step does that should not. */
MUST_USE bool sandbox_enter(const struct sandbox_places *places, char report[SANDBOX_REPORT], struct error *error);

#endif

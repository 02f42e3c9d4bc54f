/* sockets.h: connections as /proc shows them at one moment. Private to the folder. Source: proc(5), proc_pid_net(5). */
#ifndef BASTIDE_AUDIT_SOCKETS_H
#define BASTIDE_AUDIT_SOCKETS_H

#include "audit/host/process.h"
#include "traffic/traffic.h"

struct connection {
    struct endpoint local, remote;
    const char *protocol; /* "tcp", "udp" */
    bool listens;
    uint64_t inode;          /* by which a process' descriptors name it */
    char file[PROCESS_FILE]; /* whose it is: "process/1234 nginx", "process/unknown" */
};

struct connections {
    struct connection *rows;
    size_t count, room;
};

/* Replaces what was there by the connections that this machine has opened to others: those that came in at a port where
 * it listens are its clients', and left out. */
void sockets_read(struct machine *machine, struct connections *out);
void sockets_free(struct connections *connections);

/* Reads one line of /proc/net/tcp and the like; false if it is none. */
bool socket_line(struct span line, struct connection *out);

#endif

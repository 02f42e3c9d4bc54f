/* relay.h: between a command's network and the world: one thread, one loop, in the machine's own network. Private to
 * the room; its parts are
 *
 *     relay.c      the loop, the devices, the door
 *     resolver.c   questions for names, which are answered here wherever they were sent
 *     streams.c    TCP
 *     flows.c      UDP */
#ifndef BASTIDE_CUTOFF_RELAY_H
#define BASTIDE_CUTOFF_RELAY_H

#include "cutoff/capture.h"
#include "cutoff/door.h"
#include "traffic/traffic.h"
#include "cutoff/tried.h"
#include "cutoff/world.h"

struct relay;

/* A descriptor, and what happens when it can be read or written. */
struct watch {
    int descriptor;  /* -1: none */
    uint32_t events; /* that are waited for */
    void (*ready)(struct relay *relay, struct watch *watch, uint32_t events);
    void *owner;
};

enum {
    MOST_LISTENERS = 256,
    MOST_SERVERS = 3, /* as resolv.conf(5) */
};

struct listener {
    struct watch watch;
    uint16_t port;
};

struct relay {
    struct world *world;
    struct filter *filter;
    struct tried tried;
    int epoll;
    struct watch inner, outer, door, out, err;
    struct capture *captured_out, *captured_err;
    struct stream *streams;
    size_t stream_count;
    struct listener listeners[MOST_LISTENERS];
    struct lookup *lookups;
    size_t lookup_count;
    struct flow *flows;
    size_t flow_count;
    struct endpoint servers[MOST_SERVERS]; /* the machine's resolvers */
    size_t server_count;
    bool ended;
    int status; /* as wait(2) gives it */
    double ended_at;
    struct error failure;
    unsigned char bytes[PACKET_MOST + 1]; /* a packet */
};

/* How a run ended. */
struct relay_end {
    bool timed_out;
    int status;
    double seconds;
};

/* Serves the world until its command ends, or its time is over, or stop says so (ERROR_STOPPED). */
MUST_USE bool relay_run(struct relay *relay, double seconds, bool (*stop)(void), struct relay_end *out,
                        struct error *error);

MUST_USE bool relay_open(struct world *world, struct filter *filter, struct arena *arena, struct relay *relay,
                         struct error *error);
void relay_close(struct relay *relay);

/* ---- for its parts ----------------------------------------------------------------------------------------------- */

/* Waits for these events, or for none. */
void watch_set(struct relay *relay, struct watch *watch, uint32_t events);

/* Stops waiting and closes the descriptor. */
void watch_close(struct relay *relay, struct watch *watch);

/* Sends a packet to the command; to the outer network. */
void relay_to_inner(struct relay *relay, const unsigned char *packet, size_t bytes);
void relay_to_outer(struct relay *relay, struct span packet);

/* Tells the command that nobody is there. */
void relay_refuse(struct relay *relay, const struct packet *packet, bool host);

/* ---- streams.c */

void streams_take(struct relay *relay, const struct packet *packet);
void streams_listener(struct relay *relay, int port, int descriptor);
void streams_sweep(struct relay *relay); /* frees those that are over; never while their events are handled */
void streams_close(struct relay *relay);

/* ---- flows.c */

void flows_take(struct relay *relay, const struct packet *packet);
void flows_sweep(struct relay *relay, double now);
void flows_close(struct relay *relay);

/* ---- resolver.c */

/* Who asked: a datagram's ends, or a stream. */
struct asker {
    struct endpoint from, to;
    struct stream *stream;
};

bool resolver_open(struct relay *relay, struct error *error);
void resolver_ask(struct relay *relay, struct span query, const struct asker *asker);
void resolver_forget(struct relay *relay, const struct stream *stream);
void resolver_sweep(struct relay *relay, double now);
void resolver_close(struct relay *relay);

/* In streams.c: gives a stream that asked its answer. */
void streams_answer(struct relay *relay, struct stream *stream, struct span answer);

#endif

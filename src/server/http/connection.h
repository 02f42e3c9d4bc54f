/* connection.h: connections, each with a thread of libmicrohttpd's, and the watch that ends those which take too long.
 * Private to the room.
 *
 *   idle --first line--> head --headers--> body --whole--> answer --sent--> idle
 *    |                    |                 |                |
 *    closed after         closed 10 s       408 10 s         closed when the client
 *    10 s; later 30 s     after the line    after the line   takes nothing for 30 s
 *
 * libmicrohttpd's own time limit starts anew with each byte, which is what slow-loris lives on, and runs on while an
 * answer is made. */
#ifndef BASTIDE_SERVER_CONNECTION_H
#define BASTIDE_SERVER_CONNECTION_H

#include "server/http/visit.h"

#include <pthread.h>
#include <stdatomic.h>

struct tls;

enum connection_state {
    CONNECTION_IDLE,
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_ANSWER,
    CONNECTION_REFUSED, /* answered beside libmicrohttpd: nothing more is to be done for it */
};

struct connection {
    struct connections *all;
    struct connection *before, *after;
    struct MHD_Connection *mhd;
    int socket;
    struct tls *tls;      /* NULL without */
    bool local;           /* the peer is this machine */
    pthread_mutex_t lock; /* of what follows, between the connection's thread and the watch */
    enum connection_state state;
    double since;        /* when the state began */
    double full_since;   /* since when there are bytes that the client does not take; 0: none */
    size_t sent_bytes;   /* of a whole answer on its way */
    bool used;           /* a request was answered on it */
    struct visit *visit; /* the request that is on it; NULL between two */
};

struct connections {
    pthread_mutex_t lock; /* of the list */
    pthread_cond_t changed;
    struct connection *first;
    size_t count, most;
    bool ending;
    atomic_bool closing; /* all clients count as gone */
    pthread_t watch;
    bool watched;
};

MUST_USE bool connections_open(struct connections *connections, size_t most, struct error *error);

/* After the last connection has gone. */
void connections_close(struct connections *connections);

/* Whether one more fits. */
bool connections_fit(struct connections *connections);

/* Waits until none has a request on it, for at most so many seconds. */
void connections_settle(struct connections *connections, double seconds);

struct connection *connection_open(struct connections *connections, struct MHD_Connection *mhd, struct tls *tls);
void connection_close(struct connection *connection);

/* False if the watch refused it meanwhile: the caller lets it go. */
MUST_USE bool connection_enter(struct connection *connection, enum connection_state state);

/* How large the answer is that goes out now: a large one may take longer. */
void connection_sends(struct connection *connection, size_t bytes);

/* Whether the peer has gone or closed its side: asks the socket, waits for nothing. */
bool connection_left(const struct connection *connection);

/* Writes the visit's failure to the socket, past libmicrohttpd, which takes no answer while a body comes in. The
 * caller holds the lock and closes the connection. */
void connection_refuse(struct connection *connection);

/* Reads what a client still sends that was answered before its body had come: closed at once, the answer would be lost
 * to the reset that unread bytes cause (RFC 9112, section 9.6). */
void connection_linger(const struct connection *connection);

#endif

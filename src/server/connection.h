/* connection.h: what http.c knows of a connection. Private to the room. */
#ifndef BASTIDE_SERVER_CONNECTION_H
#define BASTIDE_SERVER_CONNECTION_H

#include "server/visit.h"

struct http;

struct connection {
    struct http *http;
    struct MHD_Connection *mhd;
    struct visit *visit; /* the request that is on it; NULL between two */
    int socket;
    bool local; /* the peer is this machine */
};

/* Whether the peer has gone or closed its side: asks the socket, waits for nothing. */
bool connection_left(const struct connection *connection);

#endif

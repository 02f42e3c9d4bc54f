/* confine.h: a running server's own sandbox. Private to the room. */
#ifndef BASTIDE_SERVER_CONFINE_H
#define BASTIDE_SERVER_CONFINE_H

#include "server/serving.h"

/* Enters the sandbox with the places that this server needs, and tells the log of it; with --no-sandbox only tells.
 * The registry, the journal and the sockets are there, threads are not. */
MUST_USE bool server_confine(struct server *server, struct error *error);

#endif

/* gate.h: who may ask for what: Host, Origin, key, scope, rate. Asked when the headers of a request are known and
 * nothing was done for it yet, not even its body read. Private to the room; safe for several threads. */
#ifndef BASTIDE_SERVER_GATE_H
#define BASTIDE_SERVER_GATE_H

#include "access/access.h"
#include "server/request.h"
#include "server/server.h"

struct gate;

/* settings and access must stay until gate_close. Fails with ERROR_WRONG_USE for an address beyond this machine
 * without a key, and for names and origins that are none. */
MUST_USE bool gate_open(const struct server_settings *settings, struct access *access, struct gate **out,
                        struct error *error);
void gate_close(struct gate *gate);

/* Host first, then Origin, then key, rate and scope: the first that is wrong is the failure. Sets the request's owner
 * and scopes. route: NULL where there is none, which needs a key but no scope. */
MUST_USE bool gate_check(struct gate *gate, struct request *request, const struct route *route,
                         struct failure *failure);

/* Whether a browser asks beforehand if a page of another origin may ask. Such a request needs no key; gate_check still
 * decides on its Host and Origin. It is answered with 204, gate_tell's headers and no body. */
bool gate_is_preflight(const struct request *request);

/* Headers that let a page of an allowed foreign origin read this answer; none for others. allowed: the methods that
 * the path takes, for the answer to a preflight; NULL for any other answer. A 401 gets its WWW-Authenticate. */
void gate_tell(const struct gate *gate, const struct request *request, const char *allowed, struct response *response);

#endif

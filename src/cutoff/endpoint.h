/* endpoint.h: an address and a port, of either version of IP. Private to the room. */
#ifndef BASTIDE_CUTOFF_ENDPOINT_H
#define BASTIDE_CUTOFF_ENDPOINT_H

#include "base/base.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { ENDPOINT_TEXT = 46 /* the longest IPv6 address with its terminator */ };

struct endpoint {
    bool six;                  /* IPv6 */
    unsigned char address[16]; /* as on the wire; 4 bytes of it for IPv4 */
    uint16_t port;
};

static inline size_t endpoint_bytes(const struct endpoint *endpoint)
{
    return endpoint->six ? 16 : 4;
}

/* "203.0.113.7", "2001:db8::7": the address alone. */
const char *endpoint_text(const struct endpoint *endpoint, char out[ENDPOINT_TEXT]);

/* Reads such a text (port 0); false if it is none. */
bool endpoint_read(const char *text, struct endpoint *out);

bool endpoint_same_address(const struct endpoint *a, const struct endpoint *b);
bool endpoint_same(const struct endpoint *a, const struct endpoint *b);

/* To and from what the system's calls take. */
socklen_t endpoint_to_system(const struct endpoint *endpoint, struct sockaddr_storage *out);
void endpoint_from_system(const struct sockaddr_storage *system, struct endpoint *out);

/* Whether the address may be that of another machine: not this machine's loopback, nor one of many receivers, nor one
 * that leads nowhere. */
bool endpoint_is_elsewhere(const struct endpoint *endpoint);

#endif

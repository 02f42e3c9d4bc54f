/* hosts.h: which hosts are somebody's, and whose part of a name it is that was registered. */
#ifndef BASTIDE_AUDIT_HOSTS_H
#define BASTIDE_AUDIT_HOSTS_H

#include "base/base.h"

enum { HOST_BYTES = 254 }; /* the longest name, RFC 1035, and a terminator */

/* The host of an address ("https://user@Host:8080/path", "//host/x", "host:443", "host") in lower case, without a dot
 * at its end; where a variable stands in it ("${name}.x.io"), what is sure of it. *scheme is whether one stood there.
 * False if there is no host of sound form. */
bool host_of(struct span address, char out[HOST_BYTES], bool *scheme);

/* Whether it is a public name: under a top-level domain that exists, and not reserved for examples, tests, private
 * networks (RFC 2606, 6761, 6762, 8375; Kubernetes' names). */
bool host_public(const char *host);

/* Whether people write this name where the reader is to put his own: yourdomain.com, acme.io, foo.com. */
bool host_placeholder(const char *host);

/* The part of the name that was registered: "example.co.uk" of "www.example.co.uk", by the Public Suffix List; NULL if
 * the name is a suffix itself. Points into host. */
const char *host_registrable(const char *host);

/* Whether it is an IP address. */
bool host_is_address(const char *host);

#endif

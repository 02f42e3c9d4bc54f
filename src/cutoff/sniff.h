/* sniff.h: for whom a connection says that it is: the server's name in TLS's first message, the host in requests of
 * HTTP. An address may serve many names, and who knows it needs to ask no resolver. Private to the room.
 * Source: RFC 8446 section 4.1.2, RFC 6066 section 3 (server_name), RFC 9112 section 3. */
#ifndef BASTIDE_CUTOFF_SNIFF_H
#define BASTIDE_CUTOFF_SNIFF_H

#include "cutoff/dns.h"

enum sniffed {
    SNIFFED_MORE,    /* the beginning of TLS: the rest is needed before a byte of it goes on */
    SNIFFED_NAME,    /* a TLS name */
    SNIFFED_NOTHING, /* TLS without a name */
    SNIFFED_OTHER,   /* not TLS: host_scan may find names in it */
};

/* Reads the first bytes that the client sent. name: small letters. */
enum sniffed sniff_tls(struct span first, char name[DNS_NAME]);

/* Follows what a client sends in plain HTTP, byte by byte, through all its requests. Zero-initialised is the beginning.
 * */
struct host_scan {
    bool later;      /* the first line, which may be a request to a proxy, is over */
    bool collecting; /* a name */
    size_t column;   /* in the line */
    size_t matched;  /* of " http://", in the first line */
    size_t used;     /* of name */
    char begin[8];   /* of the line, small letters */
    char name[DNS_NAME];
};

/* Takes the next byte; true when name now holds a host that a request is for. */
bool host_scan(struct host_scan *scan, unsigned char byte);

#endif

/* heard.h: names that were heard on a network: asked for, talked to. Private to the folder.
 *
 *   packets -> questions for names and their answers      names, and whose addresses they are
 *           -> the beginnings of TCP connections          names in TLS's first message, Host in requests
 *           -> addresses that nobody named                 whose network it is
 *
 * Each name is one row, with where it was first, and how often. All is bounded: what is too much is left out and
 * told. */
#ifndef BASTIDE_AUDIT_HEARD_H
#define BASTIDE_AUDIT_HEARD_H

#include "audit/sink.h"
#include "traffic/traffic.h"

enum way {
    WAY_ASKED,   /* DNS was asked for it */
    WAY_ALIAS,   /* what was asked for leads there: CNAME */
    WAY_TLS,     /* the name in TLS's first message */
    WAY_HTTP,    /* Host of a request */
    WAY_ADDRESS, /* an address that was talked to, and that no answer had named */
    WAYS,
};

struct heard_name;
struct stream;

struct heard {
    struct arena arena;
    struct heard_name **names; /* a hash table */
    size_t name_count, name_room;
    struct stream *streams; /* beginnings of connections, a table where newer ones push out older ones */
    struct address_name *addresses;
    size_t address_count;
    bool full; /* there were more names than are kept */
};

MUST_USE bool heard_open(struct heard *out, struct error *error);
void heard_close(struct heard *heard);

/* Takes an IP packet, which was that one of the capture (from 1), at that moment (seconds since 1970). */
void heard_packet(struct heard *heard, struct span ip, size_t number, double moment);

/* The name under which DNS gave that address; NULL if none was heard. */
const char *heard_address(const struct heard *heard, const struct endpoint *address);

/* Tells all names to the sink, as things observed in that source. */
void heard_tell(const struct heard *heard, struct source *source, struct sink *sink);

#endif

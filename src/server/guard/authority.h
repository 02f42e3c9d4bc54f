/* authority.h: the names by which a server is asked: "Host: [::1]:8484", "Origin: https://example.org".
 * Private to the room. */
#ifndef BASTIDE_SERVER_AUTHORITY_H
#define BASTIDE_SERVER_AUTHORITY_H

#include "base/base.h"

enum { AUTHORITY_HOST = 256, AUTHORITY_SCHEME = 32 };

/* A host in the one form that is compared: small letters, no dot at the end, addresses as inet_ntop writes them (an
 * IPv4 address inside of IPv6 as IPv4), no brackets. */
struct authority {
    char host[AUTHORITY_HOST];
    bool is_address;
    unsigned port; /* 0: not said */
};

/* "NAME", "NAME:PORT", "1.2.3.4:PORT", "[ADDRESS]:PORT". False for all else: a user's name before @, spaces, escapes,
 * zones, letters beyond ASCII, empty parts. */
MUST_USE bool authority_parse(const char *text, struct authority *out);

/* A host alone, IPv6 with brackets or without. */
MUST_USE bool authority_parse_host(const char *text, struct authority *out);

/* 127.0.0.0/8, ::1, localhost. */
bool authority_is_loopback(const struct authority *authority);

/* Whether the host is a name that ends with suffix (".local") and has more before it. */
bool authority_ends(const struct authority *authority, const char *suffix);

struct origin {
    char scheme[AUTHORITY_SCHEME]; /* small letters */
    struct authority authority;    /* with the scheme's port where none was said; 0 where the scheme has none */
};

/* "SCHEME://AUTHORITY" and nothing after it. "null" is none. */
MUST_USE bool origin_parse(const char *text, struct origin *out);
bool origin_equal(const struct origin *a, const struct origin *b);

#endif

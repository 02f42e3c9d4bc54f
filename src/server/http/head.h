/* head.h: what the headers of a request allow: its framing, its size, the kind of its body. Private to the room. */
#ifndef BASTIDE_SERVER_HEAD_H
#define BASTIDE_SERVER_HEAD_H

#include "server/failure.h"

#include <microhttpd.h>

enum { HEADERS_MOST = 32 << 10, BODY_MOST = 32 << 20 };

struct head {
    bool framed;   /* where the request ends is certain; if not, the connection has to end with it */
    bool has_body; /* there are bytes after the headers that belong to it */
};

/* Reads the headers for what they say of the request's ends and size. */
MUST_USE bool head_read(struct MHD_Connection *mhd, struct head *out, struct failure *failure);

/* Whether the body may be of the kind that the headers say. */
MUST_USE bool head_check_media(struct MHD_Connection *mhd, const struct head *head, struct failure *failure);

#endif

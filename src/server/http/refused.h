/* refused.h: what libmicrohttpd refuses by itself, in our words. Private to the room. */
#ifndef BASTIDE_SERVER_REFUSED_H
#define BASTIDE_SERVER_REFUSED_H

#include "server/http/connection.h"

#include <stdarg.h>

struct journal;

/* Takes a message of libmicrohttpd's log, in the thread of the connection that it is about. If it says that a request
 * is refused, we answer it here, before the library does. */
void refused_by_library(struct connections *connections, struct journal *journal, const char *message, va_list values);

#endif

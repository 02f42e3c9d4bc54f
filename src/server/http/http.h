/* http.h: the listening socket and what comes in through it. Private to the room. */
#ifndef BASTIDE_SERVER_HTTP_H
#define BASTIDE_SERVER_HTTP_H

#include "base/base.h"

struct http;
struct server;
struct server_settings;

/* Binds the address of the server's settings. Fails if the port is taken. */
MUST_USE bool http_open(struct server *server, struct http **out, struct error *error);

/* Starts the threads that answer. */
MUST_USE bool http_start(struct http *http, struct error *error);

/* "http://127.0.0.1:8484", with the port that was taken. */
const char *http_address(const struct http *http);

/* Whether the address could be bound now. */
MUST_USE bool http_probe(const struct server_settings *settings, struct error *error);

/* Waits until no request is on its way, for at most so many seconds. */
void http_settle(struct http *http, double seconds);

/* Breaks off what is not done yet, and ends all connections. */
void http_close(struct http *http);

#endif

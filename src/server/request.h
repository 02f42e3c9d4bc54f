/* request.h: a request and its response, as routes see them. Private to the room.
 *
 * A route runs in its connection's thread and may block. It fills the response: a body, or a stream whose pieces are
 * made while they are sent. The gate has let the request through before. */
#ifndef BASTIDE_SERVER_REQUEST_H
#define BASTIDE_SERVER_REQUEST_H

#include "access/access.h"
#include "server/failure.h"

#include <jansson.h>

struct server;
struct usage;
struct connection; /* http/http.c's own */

struct request {
    const char *id;     /* "req_" and 24 letters and digits */
    const char *method; /* "GET" */
    const char *path;   /* without the query, percent signs decoded, valid UTF-8 */
    const char *rest;   /* what "*" stands for in the route's path; "" if it has none */
    struct span body;
    const char *owner; /* name of the key; "" where there are no keys */
    unsigned scopes;
    bool local;          /* the peer is loopback */
    struct arena *arena; /* lives until the response is sent */
    struct usage *usage; /* tokens that it costs; may be NULL */
    struct connection *connection;
};

/* Header of the request, any case of letters; NULL if it is not there. */
const char *request_header(const struct request *request, const char *name);

/* How many headers of that name there are. */
size_t request_header_count(const struct request *request, const char *name);

/* The address of this machine at which the client reached it, "192.168.1.5"; "" if it is not known. */
const char *request_address(const struct request *request, char out[64]);

/* Value of ?name=value; NULL if it is not there. */
const char *request_query(const struct request *request, const char *name);

/* Whether the client has gone: asks the socket. */
bool request_left(const struct request *request);

/* Bytes that are made while they are sent. http.c calls next from the connection's thread until *end, then close; when
 * the client goes it calls close at once. While next gives nothing it sends keep_alive every 15 s. */
struct stream {
    const char *keep_alive; /* ":\n\n" for server-sent events; NULL: nothing is sent */
    /* Appends what there is to out, waiting at most 0.1 s. False: the connection is broken off. */
    bool (*next)(void *state, struct buffer *out, bool *end);
    void (*close)(void *state);
    void *state;
};

enum { RESPONSE_HEADERS_MOST = 16 };

struct response {
    unsigned status;          /* 200 unless a route sets it */
    const char *content_type; /* "application/json" unless a route sets it; lives in the request's arena */
    struct buffer body;       /* freed by http/http.c */
    struct span fixed;        /* if it has bytes: sent in place of body, and lives for ever */
    bool has_stream;          /* then stream is sent in place of body */
    struct stream stream;
    struct {
        const char *name, *value;
    } headers[RESPONSE_HEADERS_MOST]; /* in the request's arena */
    size_t header_count;
};

/* Adds a header; a value that is no printable ASCII is left out. */
void response_header(struct response *response, const char *name, const char *value);

/* Makes the body of json, which it takes, also when it fails; NULL is a lack of memory. */
MUST_USE bool response_json(struct response *response, json_t *json, struct failure *failure);

/* ---- the table of routes ---------------------------------------------------------------------------------------- */

/* One of the APIs that are spoken: who is answered in which form. */
struct api {
    const char *name; /* "openai", "ollama", "anthropic", "llama", "page": as metrics say it */
    /* Appends the body that tells a client of this API of the failure. */
    bool (*tell_failure)(const struct failure *failure, const struct request *request, struct buffer *out,
                         struct error *error);
    unsigned (*status)(const struct failure *failure); /* NULL: failure_status */
};

struct route {
    const char *method; /* "GET" serves HEAD too */
    const char *path;   /* "/v1/models", "/v1/models/" + "*" for any rest that is not empty */
    enum scope scope;   /* SCOPE_NONE: no key needed */
    const struct api *api;
    /* False: the failure is told in the API's form. */
    bool (*run)(struct server *server, const struct request *request, struct response *response,
                struct failure *failure);
};

/* Each API's file defines its rows: a new route is one file and one row. Ends with a row whose method is NULL. */
extern const struct route openai_routes[], ollama_routes[], anthropic_routes[], llama_routes[], page_routes[];
extern const struct route health_routes[], metrics_routes[]; /* the server's own */
extern const struct api openai_api, ollama_api, anthropic_api, llama_api, page_api;

/* The route of a request; NULL if there is none, with allowed set to the methods that the path has ("" for none) and
 * api to the one that the path belongs to. */
const struct route *route_find(const char *method, const char *path, const char **rest, char allowed[64],
                               const struct api **api);

#endif

/* visit.h: one request on its way through http/http.c: what came of it, what is answered. Private to the room.
 *
 *   line read --visit_open--> headers --visit_begin--> body --visit_run--> response --visit_close
 */
#ifndef BASTIDE_SERVER_VISIT_H
#define BASTIDE_SERVER_VISIT_H

#include "server/http/head.h"
#include "server/request.h"

enum { REQUEST_ID = 29 };

struct gate;
struct journal;

struct visit_header {
    const char *name, *value;
};

struct visit {
    struct request request;
    struct response response;
    struct failure failure;
    const struct api *api; /* in whose form failures are told; set once the path is known */
    const struct route *route;
    struct head head;
    struct arena arena;
    struct buffer body;
    struct buffer pending; /* of a stream: made and not sent yet */
    size_t pending_sent;
    double began, spoke; /* when the request's first line came; when the stream last sent something */
    const char *uri;     /* as the client sent it */
    const char *query;   /* the part after ?, still escaped; NULL without */
    char id[REQUEST_ID];
    char allowed[64];
    const struct gate *gate; /* that was asked; NULL before */
    bool preflight;          /* a browser asks what it may ask: answered with headers alone */
    unsigned status;         /* that was sent; 0 before */
    bool begun;              /* its headers were seen */
    bool whole;              /* its body came to the end */
    bool answered;           /* a response was given to libmicrohttpd */
    bool ended;              /* its stream gave all that it has */
};

/* For the first line of a request; NULL when memory is short. */
struct visit *visit_open(const char *uri);

/* What the headers decide: whether the request goes on. False: failure is set. */
MUST_USE bool visit_begin(struct visit *visit, struct server *server, const char *method);

/* Whether the answer may not wait for the body: what comes after the headers is not to be read. */
bool visit_ends_early(const struct visit *visit);

/* Keeps a piece of the body. False if it grows beyond the limit: failure is set. */
MUST_USE bool visit_take(struct visit *visit, const char *data, size_t bytes);

/* Writes the whole answer that tells of the visit's failure, its head too, which ends the connection. */
MUST_USE bool visit_refusal(struct visit *visit, struct buffer *out, struct error *error);

/* The headers of the answer: those that every answer has, then the response's own. Returns how many. */
enum { VISIT_HEADERS = 8 + RESPONSE_HEADERS_MOST };
size_t visit_headers(const struct visit *visit, struct visit_header out[VISIT_HEADERS]);

/* Runs the route. In any case there is a response afterwards. */
void visit_run(struct visit *visit, struct server *server);

/* Closes the stream, if there is one: its work ends. */
void visit_end(struct visit *visit);

/* Tells the log of it. */
void visit_note(const struct visit *visit, struct journal *journal);

void visit_close(struct visit *visit);

#endif

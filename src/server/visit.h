/* visit.h: one request on its way through http.c: what came of it, what is answered. Private to the room.
 *
 *   line read --visit_open--> headers --visit_begin--> body --visit_run--> response --visit_close
 */
#ifndef BASTIDE_SERVER_VISIT_H
#define BASTIDE_SERVER_VISIT_H

#include "server/request.h"

#include <microhttpd.h>

enum { REQUEST_ID = 29, BODY_MOST = 32 << 20, HEADERS_MOST = 32 << 10 };

struct visit {
    struct request request;
    struct response response;
    struct failure failure;
    const struct api *api; /* in whose form failures are told; set once the path is known */
    const struct route *route;
    struct arena arena;
    struct buffer body;
    struct buffer pending; /* of a stream: made and not sent yet */
    size_t pending_sent;
    double began, spoke; /* when the request's first line came; when the stream last sent something */
    const char *uri;     /* as the client sent it */
    const char *query;   /* the part after ?, still escaped; NULL without */
    char id[REQUEST_ID];
    char allowed[64];
    unsigned status; /* that was sent; 0 before */
    bool begun, answered, ended;
};

/* For the first line of a request; NULL when memory is short. */
struct visit *visit_open(const char *uri);

/* What the headers decide: whether the request goes on. False: failure is set. */
MUST_USE bool visit_begin(struct visit *visit, struct server *server, const char *method);

/* Keeps a piece of the body; one that grows beyond the limit makes it a failure. */
void visit_take(struct visit *visit, const char *data, size_t bytes);

/* Runs the route. In any case there is a response afterwards. */
void visit_run(struct visit *visit, struct server *server);

void visit_close(struct visit *visit);

#endif

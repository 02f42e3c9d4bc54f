/* serving.h: what a running server is made of, for its routes. Private to the room. */
#ifndef BASTIDE_SERVER_SERVING_H
#define BASTIDE_SERVER_SERVING_H

#include "access/access.h"
#include "scheduler/scheduler.h"
#include "server/registry.h"
#include "server/server.h"
#include "store/store.h"

#include <stdatomic.h>

struct auditor;
struct gate;
struct journal;
struct kept;
struct past;
struct puller;
struct tls;
struct turns;

struct server {
    struct server_settings settings; /* in arena */
    struct arena arena;
    struct scheduler *scheduler;
    struct registry *registry;
    struct access *access;
    _Atomic(struct gate *) gate; /* Host, Origin, keys */
    struct past *past;           /* gates that a reload replaced */
    struct journal *journal;     /* the log and the counts of requests */
    struct puller *puller;       /* the child that fetches models; NULL with --no-pull */
    struct store *store;         /* conversations; NULL with --no-page */
    struct turns *turns;         /* answers in the making for the page; NULL with --no-page */
    struct auditor *auditor;     /* of the page's room Dependencies; NULL without --audit */
    struct kept *kept;           /* answers of /v1/responses */
    struct tls *tls;             /* NULL without */
    struct http *http;
    int64_t began; /* seconds since 1970 */
    atomic_bool loading, draining;
    /* of the settings, what a reload changes */
    atomic_bool log_prompts;
    _Atomic(double) drain_seconds;
};

#endif

/* puller.h: models fetched by a process of its own, since the server gives up connections. Private to the room.
 *
 *   server ── name, socket ──> keeper ── fork ──> one worker for each pull: models_pull
 *      └──────────── news, over that socket ─────────────┘
 *
 * The keeper is forked before anything else is there, takes names of the catalogue and nothing else, and ends with the
 * server; a worker ends when nobody listens to it any more. What it fetched so far stays for the next attempt. */
#ifndef BASTIDE_SERVER_PULLER_H
#define BASTIDE_SERVER_PULLER_H

#include "base/base.h"

struct puller;
struct pull;

/* Forks: before threads are started, sockets bound and the sandbox entered. */
MUST_USE bool puller_open(struct puller **out, struct error *error);

/* Ends what is still being fetched. */
void puller_close(struct puller *puller);

/* Begins to fetch a model; name is one of the catalogue, in any case of letters, ":latest" ignored. Fails with
 * ERROR_NOT_FOUND if it is none, ERROR_BUSY if too many are being fetched. Safe for several threads. */
MUST_USE bool puller_start(struct puller *puller, const char *name, struct pull **out, struct error *error);

enum pull_state {
    PULL_WAITING, /* nothing new */
    PULL_GOING,   /* what it does, done of total bytes (total 0: not known) */
    PULL_DONE,    /* it is there, under the name in what; was_there: it was before */
    PULL_FAILED,  /* error says why */
};

struct pull_news {
    enum pull_state state;
    char what[256];
    uint64_t done, total;
    bool was_there;
    struct error error;
};

/* Waits at most 0.1 s. After PULL_DONE and PULL_FAILED nothing more comes. */
void puller_next(struct pull *pull, struct pull_news *out);

/* Listens no longer: if it still goes on, it ends. */
void puller_end(struct pull *pull);

#endif

/* server.h: the HTTP server: other people's APIs, our page and its API, over one scheduler.
 *
 *   http/       connections, requests, responses, streams           libmicrohttpd
 *   guard/      who may ask, and what the process may do: gate, TLS, sandbox, the child that fetches
 *   routes.c    the table: method, path, scope, API, function
 *   openai/ ollama/ anthropic/ llama/ page/   one folder for each API
 *   exchange.c  what they share: a request to a job, its events to neutral parts
 */
#ifndef BASTIDE_SERVER_H
#define BASTIDE_SERVER_H

#include "scheduler/scheduler.h"

struct server_settings {
    const char *const *models; /* [model_count] names or paths; the first is the default */
    size_t model_count;
    const char *alias; /* another name of the default model; NULL: none */
    const char *host;
    uint16_t port; /* 0: a free one */
    struct scheduler_settings scheduler;
    const char *const *allowed_hosts; /* [allowed_host_count] */
    size_t allowed_host_count;
    const char *const *allowed_origins; /* [allowed_origin_count] */
    size_t allowed_origin_count;
    const char *const *audits; /* [audit_count] folders that the page shows the dependencies of */
    size_t audit_count;
    bool allow_anonymous, no_page, no_pull, no_sandbox, any_model;
    const char *tls_certificate, *tls_key; /* files; NULL: no TLS */
    bool tls_auto;                         /* a certificate of our own, made on first use */
    bool log_json, log_prompts;
    double drain_seconds;
};

struct server;

/* Binds the address and gives up what the process does not need, for good: what it has not opened by then and does not
 * serve is out of reach. Threads that run already would keep more: call it before any is started.
 * log: where lines of the log go. Copies the settings. */
MUST_USE bool server_open(const struct server_settings *settings, FILE *log, struct server **out, struct error *error);

/* Loads the named models; answers /health meanwhile. When it fails server_close is all that is left to do. */
MUST_USE bool server_start(struct server *server, struct error *error);

/* "http://127.0.0.1:8484" */
const char *server_address(const struct server *server);

/* Rereads keys, certificate and models of the store, and takes over what settings say of hosts and origins that are
 * allowed, prompts in the log and the time to drain; what else they say needs a new start. On failure all stays as it
 * was. */
MUST_USE bool server_reload(struct server *server, const struct server_settings *settings, struct error *error);

/* Ends it: no new connections, running answers may go on for drain_seconds. */
void server_close(struct server *server);

/* Prints what is wrong with the settings, a line each, into out; false if anything is. */
MUST_USE bool server_check(const struct server_settings *settings, struct buffer *out, struct error *error);

#endif

/* http.c: connections and what goes over them, by libmicrohttpd 0.9.75: a thread for each connection.
 *
 * What that version does wrong or leaves open is not used (post processor, suspending) or done here:
 * a suspended connection does not notice that its client left, so a route blocks its own thread and asks the socket;
 * its time limit counts from the last byte, and runs on while an answer is made, so deadlines are ours. */
#include "server/http/http.h"

#include "server/http/connection.h"
#include "server/journal.h"
#include "server/serving.h"
#include "server/guard/tls.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MOST = 1200,
    SPARE_CONNECTIONS = 64, /* that libmicrohttpd may have more: at its own limit it stops accepting */
    OTHER_FILES = 128,
    BACKLOG = 4096,
    POOL_BYTES = 512 << 10,  /* of a connection; far above our limit of headers, so that the refusal is ours */
    STACK_BYTES = 1 << 20,   /* address space; what is not touched costs nothing */
    BLOCK_BYTES = 16 << 10,  /* asked of a stream at once */
    KEEP_ALIVE_SECONDS = 15, /* between two signs of life of a stream */
};

struct http {
    struct server *server;
    struct MHD_Daemon *daemon;
    struct connections connections;
    bool connected; /* connections were opened */
    int socket;
    char address[128];
};

/* ---- what goes out ----------------------------------------------------------------------------------------------- */

static size_t take_pending(struct visit *visit, char *out, size_t most)
{
    const size_t bytes = size_min(most, visit->pending.length - visit->pending_sent);
    memcpy(out, visit->pending.bytes + visit->pending_sent, bytes);
    visit->pending_sent += bytes;
    if (visit->pending_sent == visit->pending.length)
        visit->pending.length = visit->pending_sent = 0;
    visit->spoke = seconds_now();
    return bytes;
}

/* Bytes of a stream for libmicrohttpd, which calls it in the connection's thread. It returns only with bytes or at the
 * end: called without any it would be asked again at once, for ever. */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t most)
{
    (void)position;
    struct connection *connection = context;
    struct visit *visit = connection->visit;
    struct stream *stream = &visit->response.stream;
    while (visit->pending.length == 0) {
        if (visit->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (connection_left(connection) || !stream->next(stream->state, &visit->pending, &visit->ended))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (visit->pending.length == 0 && !visit->ended && stream->keep_alive &&
            seconds_now() - visit->spoke >= KEEP_ALIVE_SECONDS &&
            !buffer_text(&visit->pending, stream->keep_alive, NULL))
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    return (ssize_t)take_pending(visit, out, most);
}

static struct MHD_Response *make_response(struct connection *connection)
{
    struct response *response = &connection->visit->response;
    if (response->has_stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, connection, NULL);
    const struct span bytes = response->fixed.bytes ? response->fixed : buffer_span(&response->body);
    return MHD_create_response_from_buffer(bytes.bytes, (void *)(uintptr_t)bytes.data, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer(struct connection *connection, struct server *server)
{
    struct visit *visit = connection->visit;
    if (!connection_enter(connection, CONNECTION_ANSWER))
        return MHD_NO;
    visit_run(visit, server);
    visit->answered = true;
    visit->status = visit->response.status;
    journal_count(server->journal, visit->api->name, visit->status);
    connection_sends(connection, visit->response.body.length);
    struct MHD_Response *response = make_response(connection);
    if (!response)
        return MHD_NO;
    struct visit_header headers[VISIT_HEADERS];
    const size_t count = visit_headers(visit, headers);
    for (size_t i = 0; i < count; i++)
        MHD_add_response_header(response, headers[i].name, headers[i].value);
    const enum MHD_Result queued = MHD_queue_response(connection->mhd, visit->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* ---- what comes in ----------------------------------------------------------------------------------------------- */

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Where the line ends as libmicrohttpd cut it, the version stands; a zero byte in the path cuts it elsewhere. */
static bool is_cut(const char *uri)
{
    return strncmp(uri + strlen(uri) + 1, "HTTP/", 5) != 0;
}

/* libmicrohttpd calls it when the first line was read, and passes what it returns to handle. */
static void *line_came(void *context, const char *uri, struct MHD_Connection *mhd)
{
    (void)context;
    struct connection *connection = connection_of(mhd);
    if (!connection || !connection_enter(connection, CONNECTION_HEAD))
        return NULL;
    connection->visit = visit_open(!uri || is_cut(uri) ? "" : uri);
    if (connection->visit)
        connection->visit->request.connection = connection;
    return connection->visit;
}

static enum MHD_Result begin(struct connection *connection, struct server *server, const char *method)
{
    struct visit *visit = connection->visit;
    visit->begun = true;
    visit->request.local = connection->local;
    const bool good = visit_begin(visit, server, method);
    /* Answered at this point, a request costs its connection: one without a body waits for the next call. */
    if (!good && visit_ends_early(visit))
        return answer(connection, server);
    return connection_enter(connection, CONNECTION_BODY) ? MHD_YES : MHD_NO;
}

static enum MHD_Result take(struct connection *connection, const char *data, size_t *bytes)
{
    pthread_mutex_lock(&connection->lock);
    bool taken = connection->state == CONNECTION_BODY;
    if (taken && !visit_take(connection->visit, data, *bytes)) {
        connection_refuse(connection);
        taken = false;
    }
    pthread_mutex_unlock(&connection->lock);
    *bytes = 0;
    return taken ? MHD_YES : MHD_NO;
}

/* Called once when the headers are there, then for each piece of the body, then once without one. */
static enum MHD_Result handle(void *context, struct MHD_Connection *mhd, const char *url, const char *method,
                              const char *version, const char *data, size_t *bytes, void **visit_of)
{
    (void)url, (void)version;
    struct http *http = context;
    struct connection *connection = connection_of(mhd);
    struct visit *visit = *visit_of;
    if (!visit || !connection || visit->answered)
        return MHD_NO;
    if (!visit->begun)
        return begin(connection, http->server, method);
    if (*bytes > 0)
        return take(connection, data, bytes);
    visit->whole = true;
    return answer(connection, http->server);
}

static void finish(void *context, struct MHD_Connection *mhd, void **visit_of, enum MHD_RequestTerminationCode why)
{
    (void)why;
    struct http *http = context;
    struct connection *connection = connection_of(mhd);
    *visit_of = NULL;
    if (!connection || !connection->visit)
        return;
    struct visit *visit = connection->visit;
    visit_end(visit); /* first of all: whoever waits for its place goes on */
    /* After this the watch has done what it did with the request, and does no more. */
    const bool refused = !connection_enter(connection, CONNECTION_IDLE);
    if (!visit->answered) /* refused beside libmicrohttpd, or left before there was an answer */
        journal_count(http->server->journal, visit->api->name, visit->status);
    visit_note(visit, http->server->journal);
    if (visit->head.has_body && !visit->whole && (refused || visit->answered))
        connection_linger(connection);
    visit_close(visit);
    connection->visit = NULL;
}

static void come_and_go(void *context, struct MHD_Connection *mhd, void **socket_context,
                        enum MHD_ConnectionNotificationCode what)
{
    struct http *http = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = connection_open(&http->connections, mhd, http->server->tls);
        return;
    }
    connection_close(*socket_context);
    *socket_context = NULL;
}

static enum MHD_Result accept_one(void *context, const struct sockaddr *address, socklen_t length)
{
    (void)address, (void)length;
    struct http *http = context;
    return connections_fit(&http->connections) ? MHD_YES : MHD_NO;
}

/* Paths are decoded in http/visit.c, which says what is wrong with them. */
static size_t leave_escapes(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context, (void)mhd;
    return strlen(text);
}

/* ---- the socket -------------------------------------------------------------------------------------------------- */

static bool bind_one(const struct addrinfo *address, int *out)
{
    const int one = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return true;
    }
    const int reason = errno;
    close(fd);
    errno = reason;
    return false;
}

static bool bind_address(const struct server_settings *settings, int *out, struct error *error)
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found;
    char port[8];
    snprintf(port, sizeof port, "%u", settings->port);
    const int failed = getaddrinfo(settings->host, port, &wanted, &found);
    if (failed)
        return error_set(error, "--host %s: %s: give an address of this machine", settings->host, gai_strerror(failed));
    const bool bound = bind_one(found, out);
    const int reason = errno;
    freeaddrinfo(found);
    return bound ||
           error_set(error, "%s port %u: cannot listen: %s: %s", settings->host, settings->port, strerror(reason),
                     reason == EADDRINUSE ? "another program has it: choose another --port"
                                          : "choose another --host or --port");
}

bool http_probe(const struct server_settings *settings, struct error *error)
{
    int probe;
    if (!bind_address(settings, &probe, error))
        return false;
    close(probe);
    return true;
}

static bool name_address(struct http *http, const struct server_settings *settings, struct error *error)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char port[16];
    if (getsockname(http->socket, (struct sockaddr *)&address, &length) != 0 ||
        getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof port, NI_NUMERICSERV) != 0)
        return error_system(error, "listening socket", "read its address");
    const bool v6 = strchr(settings->host, ':') != NULL, tls = settings->tls_certificate || settings->tls_auto;
    snprintf(http->address, sizeof http->address, "%s://%s%s%s:%s", tls ? "https" : "http", v6 ? "[" : "",
             settings->host, v6 ? "]" : "", port);
    return true;
}

/* Descriptors are for connections but for some that the rest needs: files of models, the store, the log. */
static size_t connections_most(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > CONNECTIONS_MOST + OTHER_FILES)
        return CONNECTIONS_MOST;
    return files.rlim_cur > OTHER_FILES ? (size_t)files.rlim_cur - OTHER_FILES : 1;
}

/* GnuTLS gives no context with its question, but the session's, which libmicrohttpd made its connection. */
static int present_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                               const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                               unsigned *count, gnutls_privkey_t *key)
{
    (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    struct MHD_Connection *mhd = gnutls_session_get_ptr(session);
    const struct connection *connection = mhd ? connection_of(mhd) : NULL;
    if (!connection)
        return -1;
    tls_present(connection->tls, chain, count, key);
    return 0;
}

static bool start_daemon(struct http *http, struct error *error)
{
    const unsigned plain = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC;
    const unsigned flags = plain | (http->server->tls ? MHD_USE_TLS : 0u);
    const struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)present_certificate },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
        { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    const unsigned most = (unsigned)http->connections.most + SPARE_CONNECTIONS;
    http->daemon = MHD_start_daemon(
        flags, 0, accept_one, http, handle, http, MHD_OPTION_LISTEN_SOCKET, http->socket, MHD_OPTION_CONNECTION_LIMIT,
        most, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, come_and_go, http, MHD_OPTION_NOTIFY_COMPLETED, finish, http,
        MHD_OPTION_URI_LOG_CALLBACK, line_came, http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
        MHD_OPTION_ARRAY, http->server->tls ? tls : none, MHD_OPTION_END);
    return http->daemon || error_set(error, "the HTTP library did not start: too little memory or too few threads");
}

bool http_open(struct server *server, struct http **out, struct error *error)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return error_memory(error, sizeof *http);
    http->server = server;
    http->socket = -1;
    if (!bind_address(&server->settings, &http->socket, error) || !name_address(http, &server->settings, error)) {
        http_close(http);
        return false;
    }
    *out = http;
    return true;
}

bool http_start(struct http *http, struct error *error)
{
    http->connected = connections_open(&http->connections, connections_most(), error);
    return http->connected && start_daemon(http, error);
}

const char *http_address(const struct http *http)
{
    return http->address;
}

void http_settle(struct http *http, double seconds)
{
    connections_settle(&http->connections, seconds);
}

void http_close(struct http *http)
{
    if (!http)
        return;
    atomic_store(&http->connections.closing, true);
    if (http->daemon)
        MHD_stop_daemon(http->daemon); /* closes the socket too */
    else if (http->socket >= 0)
        close(http->socket);
    if (http->connected)
        connections_close(&http->connections);
    free(http);
}

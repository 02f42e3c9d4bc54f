/* http.c: connections and what goes over them, by libmicrohttpd 0.9.75: a thread for each connection.
 *
 * What that version does wrong or leaves open is not used (post processor, suspending) or done here:
 * a suspended connection does not notice that its client left, so a route blocks its own thread and asks the socket;
 * its time limit counts from the last byte, and runs on while an answer is made, so deadlines are ours. */
#include "server/http.h"

#include "server/connection.h"
#include "server/serving.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MOST = 1200,
    BACKLOG = 4096,
    POOL_BYTES = 96 << 10,   /* of a connection: its headers and what is on the way out */
    STACK_BYTES = 1 << 20,   /* address space; what is not touched costs nothing */
    BLOCK_BYTES = 16 << 10,  /* asked of a stream at once */
    KEEP_ALIVE_SECONDS = 15, /* between two signs of life of a stream */
};

struct http {
    struct server *server;
    struct MHD_Daemon *daemon;
    int socket;
    char address[128];
    atomic_bool closing;
};

bool connection_left(const struct connection *connection)
{
    struct pollfd asked = { .fd = connection->socket, .events = POLLRDHUP };
    return atomic_load(&connection->http->closing) ||
           (poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
}

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

static void add_headers(struct MHD_Response *out, const struct visit *visit)
{
    const struct response *response = &visit->response;
    MHD_add_response_header(out, "Server", "bastide/" BASTIDE_VERSION);
    MHD_add_response_header(out, "x-request-id", visit->id);
    MHD_add_response_header(out, "request-id", visit->id);
    MHD_add_response_header(out, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(out, "Content-Type", response->content_type);
    if (response->has_stream) {
        MHD_add_response_header(out, "Cache-Control", "no-store");
        MHD_add_response_header(out, "X-Accel-Buffering", "no");
    }
    for (size_t i = 0; i < response->header_count; i++)
        MHD_add_response_header(out, response->headers[i].name, response->headers[i].value);
}

static enum MHD_Result answer(struct connection *connection)
{
    struct visit *visit = connection->visit;
    visit_run(visit, connection->http->server);
    visit->answered = true;
    visit->status = visit->response.status;
    struct MHD_Response *response = make_response(connection);
    if (!response)
        return MHD_NO;
    add_headers(response, visit);
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

/* libmicrohttpd calls it when the first line was read, and passes what it returns to handle. */
static void *line_came(void *context, const char *uri, struct MHD_Connection *mhd)
{
    (void)context;
    struct connection *connection = connection_of(mhd);
    if (!connection)
        return NULL;
    visit_close(connection->visit); /* of a request that never became whole */
    connection->visit = visit_open(uri);
    if (connection->visit)
        connection->visit->request.connection = connection;
    return connection->visit;
}

static bool has_body(struct MHD_Connection *mhd)
{
    const char *length = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");
    return (length && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Transfer-Encoding") != NULL;
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
    if (!visit->begun) {
        visit->begun = true;
        const bool good = visit_begin(visit, http->server, method);
        /* Answered now, a request without a body would cost the connection. */
        return good || !has_body(mhd) ? MHD_YES : answer(connection);
    }
    if (*bytes == 0)
        return answer(connection);
    visit_take(visit, data, *bytes);
    *bytes = 0;
    return MHD_YES;
}

static void finish(void *context, struct MHD_Connection *mhd, void **visit_of, enum MHD_RequestTerminationCode why)
{
    (void)context, (void)why;
    struct connection *connection = connection_of(mhd);
    *visit_of = NULL;
    if (!connection)
        return;
    visit_close(connection->visit);
    connection->visit = NULL;
}

static void come_and_go(void *context, struct MHD_Connection *mhd, void **socket_context,
                        enum MHD_ConnectionNotificationCode what)
{
    struct connection *connection = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (connection)
            visit_close(connection->visit);
        free(connection);
        *socket_context = NULL;
        return;
    }
    connection = calloc(1, sizeof *connection);
    if (!connection)
        return; /* its requests are refused */
    connection->http = context;
    connection->mhd = mhd;
    connection->socket = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *socket_context = connection;
}

/* Paths are decoded in visit.c, which says what is wrong with them. */
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
    const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, http, MHD_OPTION_LISTEN_SOCKET, http->socket, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MOST, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_NOTIFY_CONNECTION, come_and_go, http,
        MHD_OPTION_NOTIFY_COMPLETED, finish, http, MHD_OPTION_URI_LOG_CALLBACK, line_came, http,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_END);
    if (!http->daemon) {
        http_close(http);
        return error_set(error, "%s: the HTTP library did not start: too little memory or too few threads allowed",
                         server->settings.host);
    }
    *out = http;
    return true;
}

const char *http_address(const struct http *http)
{
    return http->address;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    atomic_store(&http->closing, true);
    if (http->daemon)
        MHD_stop_daemon(http->daemon); /* closes the socket too */
    else if (http->socket >= 0)
        close(http->socket);
    free(http);
}

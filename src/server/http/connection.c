/* connection.c: the list of connections and the watch over their deadlines. */
#include "server/http/connection.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

static const double REQUEST_SECONDS = 10; /* for a whole request */
static const double IDLE_SECONDS = 30;    /* between two requests */
static const double SEND_SECONDS = 30;    /* for a client to take what is there for it */
static const double SEND_RATE = 16384;    /* bytes a second that a large answer may take besides */
static const double LINGER_SECONDS = 2;
static const double WATCH_SECONDS = 0.25; /* between two looks at all connections */
enum {
    LINGER_MOST = 64 << 20,
    SEND_BUFFER = 256 << 10, /* the system would keep megabytes for a client that does not read */
};

/* ---- one connection ---------------------------------------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24) == 127;
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

static void link_in(struct connections *all, struct connection *connection)
{
    pthread_mutex_lock(&all->lock);
    connection->after = all->first;
    if (all->first)
        all->first->before = connection;
    all->first = connection;
    if (all->count++ == 0)
        pthread_cond_signal(&all->changed); /* the watch sleeps while there is none */
    pthread_mutex_unlock(&all->lock);
}

static void link_out(struct connections *all, struct connection *connection)
{
    pthread_mutex_lock(&all->lock);
    *(connection->before ? &connection->before->after : &all->first) = connection->after;
    if (connection->after)
        connection->after->before = connection->before;
    all->count--;
    pthread_mutex_unlock(&all->lock);
}

struct connection *connection_open(struct connections *connections, struct MHD_Connection *mhd, struct tls *tls)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    const int one = 1, send_buffer = SEND_BUFFER;
    const union MHD_ConnectionInfo *peer = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    connection->all = connections;
    connection->mhd = mhd;
    connection->tls = tls;
    connection->local = peer && peer->client_addr && is_loopback(peer->client_addr);
    connection->socket = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->since = seconds_now();
    pthread_mutex_init(&connection->lock, NULL);
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(connection->socket, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    link_in(connections, connection);
    return connection;
}

void connection_close(struct connection *connection)
{
    if (!connection)
        return;
    link_out(connection->all, connection);
    visit_close(connection->visit);
    pthread_mutex_destroy(&connection->lock);
    free(connection);
}

bool connection_enter(struct connection *connection, enum connection_state state)
{
    pthread_mutex_lock(&connection->lock);
    const bool free_to = connection->state != CONNECTION_REFUSED;
    if (free_to) {
        connection->used = connection->used || state == CONNECTION_ANSWER;
        connection->state = state;
        connection->full_since = 0;
        connection->sent_bytes = 0;
        if (state != CONNECTION_BODY) /* one deadline for headers and body */
            connection->since = seconds_now();
    }
    pthread_mutex_unlock(&connection->lock);
    return free_to;
}

void connection_sends(struct connection *connection, size_t bytes)
{
    pthread_mutex_lock(&connection->lock);
    connection->sent_bytes = bytes;
    pthread_mutex_unlock(&connection->lock);
}

bool connection_left(const struct connection *connection)
{
    struct pollfd asked = { .fd = connection->socket, .events = POLLRDHUP };
    return atomic_load(&connection->all->closing) ||
           (poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
}

static gnutls_session_t session_of(const struct connection *connection)
{
    return MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
}

/* The client takes the few hundred bytes or does not get them: nobody waits for it. */
static void send_past(const struct connection *connection, struct span bytes)
{
    const ssize_t sent = connection->tls
                             ? gnutls_record_send(session_of(connection), bytes.data, bytes.bytes)
                             : send(connection->socket, bytes.data, bytes.bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
}

/* Says that nothing more comes. */
static void end_sending(const struct connection *connection)
{
    if (!connection->tls || gnutls_bye(session_of(connection), GNUTLS_SHUT_WR) != GNUTLS_E_SUCCESS)
        shutdown(connection->socket, SHUT_WR);
}

void connection_refuse(struct connection *connection)
{
    struct buffer out = { .limit = 64 << 10 };
    if (visit_refusal(connection->visit, &out, NULL))
        send_past(connection, buffer_span(&out));
    buffer_free(&out);
    connection->state = CONNECTION_REFUSED;
}

void connection_linger(const struct connection *connection)
{
    char scratch[16384];
    const double end = seconds_now() + LINGER_SECONDS;
    size_t taken = 0;
    struct pollfd asked = { .fd = connection->socket, .events = POLLIN };
    end_sending(connection);
    while (taken < LINGER_MOST && !atomic_load(&connection->all->closing)) {
        const double left = end - seconds_now();
        if (left <= 0 || poll(&asked, 1, (int)(left * 1000) + 1) <= 0)
            return;
        const ssize_t got = recv(connection->socket, scratch, sizeof scratch, MSG_DONTWAIT);
        if (got <= 0)
            return;
        taken += (size_t)got;
    }
}

/* ---- the watch --------------------------------------------------------------------------------------------------- */

/* Whether the client takes what is there for it, slowly perhaps. */
static bool is_taking(struct connection *connection, double now)
{
    int waiting = 0;
    if (ioctl(connection->socket, SIOCOUTQ, &waiting) != 0 || waiting == 0) {
        connection->full_since = 0;
        return true;
    }
    if (connection->full_since == 0)
        connection->full_since = now;
    return now - connection->full_since < SEND_SECONDS + (double)connection->sent_bytes / SEND_RATE;
}

static void refuse_late(struct connection *connection)
{
    failure_set(&connection->visit->failure, FAILURE_TIMEOUT, "the request was not whole after %g seconds",
                REQUEST_SECONDS);
    connection_refuse(connection);
}

/* Ends it by the socket if its time is over: its thread wakes, sees the end and cleans up. Whether there is a request
 * on it. */
static bool check(struct connection *connection, double now)
{
    pthread_mutex_lock(&connection->lock);
    const double seconds = now - connection->since;
    bool good = true;
    switch (connection->state) {
    case CONNECTION_IDLE:
        good = seconds < (connection->used ? IDLE_SECONDS : REQUEST_SECONDS);
        break;
    case CONNECTION_HEAD:
        good = seconds < REQUEST_SECONDS;
        break;
    case CONNECTION_BODY:
        good = seconds < REQUEST_SECONDS;
        if (!good)
            refuse_late(connection);
        break;
    case CONNECTION_ANSWER:
        good = is_taking(connection, now);
        break;
    case CONNECTION_REFUSED:
        break;
    }
    if (!good && connection->state == CONNECTION_REFUSED)
        end_sending(connection);
    if (!good)
        shutdown(connection->socket, connection->state == CONNECTION_REFUSED ? SHUT_RD : SHUT_RDWR);
    const bool busy = connection->state == CONNECTION_BODY || connection->state == CONNECTION_ANSWER;
    pthread_mutex_unlock(&connection->lock);
    return busy;
}

/* Whether any has a request on it. */
static bool check_all(struct connections *all)
{
    const double now = seconds_now();
    bool busy = false;
    for (struct connection *connection = all->first; connection; connection = connection->after)
        busy = check(connection, now) || busy;
    return busy;
}

/* A server at rest gives back what its threads kept of memory for the next time. */
static void give_back_memory(struct connections *all)
{
    pthread_mutex_unlock(&all->lock);
    malloc_trim(0);
    pthread_mutex_lock(&all->lock);
}

static void *watch(void *context)
{
    struct connections *all = context;
    bool was_busy = false;
    pthread_mutex_lock(&all->lock);
    while (!all->ending) {
        if (all->first || was_busy)
            condition_wait(&all->changed, &all->lock, seconds_now() + WATCH_SECONDS);
        else
            pthread_cond_wait(&all->changed, &all->lock);
        const bool busy = check_all(all);
        if (was_busy && !busy)
            give_back_memory(all);
        was_busy = busy;
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

bool connections_open(struct connections *connections, size_t most, struct error *error)
{
    *connections = (struct connections){ .most = most };
    pthread_mutex_init(&connections->lock, NULL);
    condition_open(&connections->changed);
    connections->watched = pthread_create(&connections->watch, NULL, watch, connections) == 0;
    return connections->watched || error_set(error, "no thread to watch connections: too many are running");
}

void connections_close(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    connections->ending = true;
    pthread_cond_signal(&connections->changed);
    pthread_mutex_unlock(&connections->lock);
    if (connections->watched)
        pthread_join(connections->watch, NULL);
    pthread_cond_destroy(&connections->changed);
    pthread_mutex_destroy(&connections->lock);
}

bool connections_fit(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    const bool fit = connections->count < connections->most;
    pthread_mutex_unlock(&connections->lock);
    return fit;
}

static bool any_busy(struct connections *connections)
{
    bool busy = false;
    pthread_mutex_lock(&connections->lock);
    for (struct connection *connection = connections->first; connection && !busy; connection = connection->after) {
        pthread_mutex_lock(&connection->lock);
        busy = connection->state == CONNECTION_BODY || connection->state == CONNECTION_ANSWER;
        pthread_mutex_unlock(&connection->lock);
    }
    pthread_mutex_unlock(&connections->lock);
    return busy;
}

void connections_settle(struct connections *connections, double seconds)
{
    const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
    const double end = seconds_now() + seconds;
    while (any_busy(connections) && seconds_now() < end)
        nanosleep(&pause, NULL);
}

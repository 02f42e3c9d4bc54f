/* streams.c: TCP. A SYN of the command's begins a stream:
 *
 *     CALLING   the relay connects to whom it was for; so the command sees whether anybody is there
 *     WAITING   for the gate to open that port in the outer network
 *     OFFERED   the SYN is in the outer network, whose kernel answers it
 *     OPEN      bytes go both ways, what the client sends first is read for the name of its server
 *     OVER
 *
 * A refused stream is over with a reset, before or after its beginning. Questions for names over TCP go from WAITING
 * straight to the resolver. */
#include "cutoff/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    MOST_STREAMS = 512,
    BUFFER = 65536, /* bytes under way, each way; more than any first message of TLS */
    PORT_DNS = 53,
    LENGTH_BYTES = 2, /* before a question or an answer over TCP */
};

enum stream_state { CALLING, WAITING, OFFERED, OPEN, OVER };

enum reading { READ_TLS, READ_HTTP, READ_NOTHING };

/* Bytes that go one way. */
struct half {
    unsigned char *bytes;
    size_t start, end; /* of those that still have to be written */
    bool finished;     /* no more will come */
    bool closed;       /* and the other end was told */
};

struct stream {
    struct stream *next;
    enum stream_state state;
    struct endpoint from, to;
    uint32_t sequence; /* of its SYN */
    char name[DNS_NAME];
    struct ruling ruling;
    bool recorded;
    enum reading reading;
    struct host_scan scan;
    size_t scanned; /* bytes of up, from start */
    bool asks;      /* for names */
    size_t asked;   /* and waits for so many answers */
    struct watch inside, outside;
    struct half up, down; /* from the command, to it */
    unsigned char *syn;
    size_t syn_bytes;
};

/* ---- beginnings and ends ----------------------------------------------------------------------------------------- */

static void record(struct relay *relay, struct stream *stream)
{
    if (!stream->recorded && !stream->asks)
        tried_add(&relay->tried, stream->name, &stream->to, "tcp", &stream->ruling);
    stream->recorded = true;
}

static void end(struct relay *relay, struct stream *stream)
{
    if (stream->state == OVER)
        return;
    record(relay, stream);
    stream->state = OVER;
    watch_close(relay, &stream->inside);
    watch_close(relay, &stream->outside);
    if (stream->asks)
        resolver_forget(relay, stream);
}

/* So that the other ends see a broken connection, not a finished one. */
static void reset(struct relay *relay, struct stream *stream)
{
    const struct linger now = { .l_onoff = 1 };
    const int ends[] = { stream->inside.descriptor, stream->outside.descriptor };
    for (size_t i = 0; i < LENGTH(ends); i++)
        if (ends[i] >= 0)
            setsockopt(ends[i], SOL_SOCKET, SO_LINGER, &now, sizeof now);
    end(relay, stream);
}

static void refuse_syn(struct relay *relay, struct stream *stream, bool host)
{
    struct packet packet;
    if (packet_read(span_of(stream->syn, stream->syn_bytes), &packet))
        relay_refuse(relay, &packet, host);
    end(relay, stream);
}

static void stream_free(struct stream *stream)
{
    if (stream) {
        free(stream->up.bytes);
        free(stream->down.bytes);
        free(stream->syn);
    }
    free(stream);
}

void streams_sweep(struct relay *relay)
{
    for (struct stream **place = &relay->streams; *place;) {
        struct stream *stream = *place;
        if (stream->state != OVER) {
            place = &stream->next;
            continue;
        }
        *place = stream->next;
        stream_free(stream);
        relay->stream_count--;
    }
}

void streams_close(struct relay *relay)
{
    for (struct stream *stream = relay->streams; stream; stream = stream->next)
        end(relay, stream);
    streams_sweep(relay);
    for (size_t i = 0; i < MOST_LISTENERS; i++)
        watch_close(relay, &relay->listeners[i].watch);
}

/* ---- what is in them --------------------------------------------------------------------------------------------- */

static struct span under_way(const struct half *half)
{
    return span_of(half->bytes + half->start, half->end - half->start);
}

/* A name was seen in the stream. False, and the stream is over, if it is refused. */
static bool hear_name(struct relay *relay, struct stream *stream, const char *name)
{
    const bool again = stream->recorded && strcmp(stream->name, name) == 0;
    if (again)
        return true;
    stream->ruling = filter_named(relay->filter, IPPROTO_TCP, &stream->to, name);
    memcpy(stream->name, name, strlen(name) + 1);
    stream->recorded = false;
    record(relay, stream);
    if (!stream->ruling.allowed)
        reset(relay, stream);
    return stream->ruling.allowed;
}

/* True if what stands in up may go on. */
static bool read_tls(struct relay *relay, struct stream *stream)
{
    char name[DNS_NAME];
    const enum sniffed sniffed = sniff_tls(under_way(&stream->up), name);
    const bool last = stream->up.finished || stream->up.end == BUFFER;
    if (sniffed == SNIFFED_MORE && !last)
        return false;
    stream->reading = sniffed == SNIFFED_OTHER ? READ_HTTP : READ_NOTHING;
    return sniffed != SNIFFED_NAME || hear_name(relay, stream, name);
}

static bool read_http(struct relay *relay, struct stream *stream)
{
    const struct span bytes = under_way(&stream->up);
    for (; stream->scanned < bytes.bytes; stream->scanned++)
        if (host_scan(&stream->scan, bytes.data[stream->scanned]) && !hear_name(relay, stream, stream->scan.name))
            return false;
    return true;
}

static bool may_go_on(struct relay *relay, struct stream *stream)
{
    if (stream->reading == READ_TLS && !read_tls(relay, stream))
        return false;
    return stream->reading != READ_HTTP || read_http(relay, stream);
}

/* ---- carrying them ----------------------------------------------------------------------------------------------- */

/* Reads what fits. False if the connection broke. */
static bool fill(struct half *half, int descriptor)
{
    if (half->finished || half->end == BUFFER || descriptor < 0)
        return true;
    const ssize_t count = recv(descriptor, half->bytes + half->end, BUFFER - half->end, 0);
    if (count > 0)
        half->end += (size_t)count;
    half->finished = count == 0;
    return count >= 0 || errno == EAGAIN || errno == EINTR;
}

/* Writes what there is, and tells of the end. */
static bool drain(struct half *half, int descriptor, size_t *written)
{
    *written = 0;
    if (half->start < half->end) {
        const ssize_t count = send(descriptor, half->bytes + half->start, half->end - half->start, MSG_NOSIGNAL);
        if (count < 0)
            return errno == EAGAIN || errno == EINTR;
        *written = (size_t)count;
        half->start += *written;
    }
    if (half->start == half->end) {
        half->start = half->end = 0;
        if (half->finished && !half->closed)
            shutdown(descriptor, SHUT_WR);
        half->closed = half->finished;
    } else if (half->start > BUFFER / 2) {
        memmove(half->bytes, half->bytes + half->start, half->end - half->start);
        half->end -= half->start;
        half->start = 0;
    }
    return true;
}

static uint32_t wanted(const struct half *read, const struct half *written)
{
    const bool room = !read->finished && read->end < BUFFER, waiting = written->start < written->end;
    return (room ? (uint32_t)EPOLLIN : 0) | (waiting ? (uint32_t)EPOLLOUT : 0);
}

static void wait(struct relay *relay, struct stream *stream)
{
    const struct half held = { 0 }; /* nothing goes on before it was read */
    watch_set(relay, &stream->inside, wanted(&stream->up, &stream->down));
    watch_set(relay, &stream->outside, wanted(&stream->down, stream->reading == READ_TLS ? &held : &stream->up));
}

/* Whole questions in what came. */
static void ask(struct relay *relay, struct stream *stream)
{
    struct half *up = &stream->up;
    while (stream->state == OPEN) {
        const struct span bytes = under_way(up);
        const size_t length = bytes.bytes < LENGTH_BYTES ? 0 : dns_id(bytes);
        if (bytes.bytes < LENGTH_BYTES || bytes.bytes < LENGTH_BYTES + length)
            break;
        stream->asked++;
        resolver_ask(relay, span_of(bytes.data + LENGTH_BYTES, length),
                     &(struct asker){ stream->from, stream->to, stream });
        up->start += LENGTH_BYTES + length;
    }
    memmove(up->bytes, up->bytes + up->start, up->end - up->start);
    up->end -= up->start;
    up->start = 0;
}

static bool carry_up(struct relay *relay, struct stream *stream)
{
    size_t written = 0;
    if (!may_go_on(relay, stream))
        return true; /* it waits, or is over */
    if (!drain(&stream->up, stream->outside.descriptor, &written))
        return false;
    stream->scanned -= size_min(stream->scanned, written);
    return true;
}

static void pump(struct relay *relay, struct stream *stream)
{
    size_t written;
    bool good = fill(&stream->up, stream->inside.descriptor) && fill(&stream->down, stream->outside.descriptor);
    if (good && stream->asks)
        ask(relay, stream);
    else if (good)
        good = carry_up(relay, stream);
    if (stream->state != OPEN)
        return;
    good = good && drain(&stream->down, stream->inside.descriptor, &written);
    const bool answered = stream->asks && stream->up.finished && stream->asked == 0 && stream->down.end == 0;
    if (!good) {
        reset(relay, stream);
    } else if (answered || (stream->up.closed && stream->down.closed)) {
        end(relay, stream);
    } else {
        wait(relay, stream);
    }
}

void streams_answer(struct relay *relay, struct stream *stream, struct span answer)
{
    struct half *down = &stream->down;
    stream->asked -= stream->asked > 0;
    if (stream->state != OPEN)
        return;
    if (BUFFER - down->end < LENGTH_BYTES + answer.bytes) {
        reset(relay, stream);
        return;
    }
    dns_set_id(down->bytes + down->end, (uint16_t)answer.bytes);
    memcpy(down->bytes + down->end + LENGTH_BYTES, answer.data, answer.bytes);
    down->end += LENGTH_BYTES + answer.bytes;
    wait(relay, stream);
}

/* ---- from a SYN to an open stream -------------------------------------------------------------------------------- */

static struct listener *find_listener(struct relay *relay, uint16_t port)
{
    for (size_t i = 0; i < MOST_LISTENERS; i++)
        if (relay->listeners[i].watch.descriptor >= 0 && relay->listeners[i].port == port)
            return &relay->listeners[i];
    return NULL;
}

static void offer(struct relay *relay, struct stream *stream)
{
    stream->state = OFFERED;
    relay_to_outer(relay, span_of(stream->syn, stream->syn_bytes));
}

/* Somebody is there: now the outer network has to answer. */
static void get_listener(struct relay *relay, struct stream *stream)
{
    stream->state = WAITING;
    if (find_listener(relay, stream->to.port))
        offer(relay, stream);
    else if (!door_send(relay->world->door, &(struct door_message){ .kind = DOOR_LISTEN, .value = stream->to.port },
                        -1))
        refuse_syn(relay, stream, false);
}

/* The command is told what this machine was told; where nobody answered, it waits as long as it likes. */
static void fail(struct relay *relay, struct stream *stream, int failure)
{
    const bool silent = failure == ETIMEDOUT;
    const bool host = failure == EHOSTUNREACH || failure == ENETUNREACH || failure == EADDRNOTAVAIL;
    stream->ruling.why = "no answer";
    if (silent)
        end(relay, stream);
    else
        refuse_syn(relay, stream, host);
}

static void outside_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    struct stream *stream = watch->owner;
    (void)events;
    if (stream->state == OPEN) {
        pump(relay, stream);
        return;
    }
    int failure = 0;
    socklen_t length = sizeof failure;
    getsockopt(watch->descriptor, SOL_SOCKET, SO_ERROR, &failure, &length);
    watch_set(relay, watch, 0);
    if (failure)
        fail(relay, stream, failure);
    else if (stream->state == CALLING)
        get_listener(relay, stream);
}

static void inside_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    (void)events;
    pump(relay, watch->owner);
}

static void call(struct relay *relay, struct stream *stream)
{
    struct sockaddr_storage address;
    const socklen_t length = endpoint_to_system(&stream->to, &address);
    stream->outside.descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->outside.descriptor < 0 ||
        (connect(stream->outside.descriptor, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS))
        fail(relay, stream, errno);
    else
        watch_set(relay, &stream->outside, EPOLLOUT);
}

static struct stream *stream_make(const struct packet *syn)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    *stream = (struct stream){ .from = syn->from,
                               .to = syn->to,
                               .sequence = syn->sequence,
                               .asks = syn->to.port == PORT_DNS,
                               .syn_bytes = syn->whole.bytes,
                               .inside = { .descriptor = -1, .ready = inside_ready, .owner = stream },
                               .outside = { .descriptor = -1, .ready = outside_ready, .owner = stream } };
    stream->syn = malloc(syn->whole.bytes);
    stream->up.bytes = malloc(BUFFER);
    stream->down.bytes = malloc(BUFFER);
    if (!stream->syn || !stream->up.bytes || !stream->down.bytes) {
        stream_free(stream);
        return NULL;
    }
    memcpy(stream->syn, syn->whole.data, syn->whole.bytes);
    return stream;
}

static void begin(struct relay *relay, const struct packet *syn)
{
    struct stream *stream = relay->stream_count < MOST_STREAMS ? stream_make(syn) : NULL;
    if (!stream) {
        relay->tried.more = true;
        relay_refuse(relay, syn, false);
        return;
    }
    stream->next = relay->streams;
    relay->streams = stream;
    relay->stream_count++;
    stream->ruling = filter_address(relay->filter, IPPROTO_TCP, &syn->to, stream->name);
    if (stream->asks)
        get_listener(relay, stream);
    else if (!stream->ruling.allowed)
        refuse_syn(relay, stream, false);
    else
        call(relay, stream);
}

static struct stream *find(const struct relay *relay, const struct endpoint *from, const struct endpoint *to)
{
    struct stream *stream = relay->streams;
    while (stream && !(stream->state != OVER && endpoint_same(&stream->from, from) && endpoint_same(&stream->to, to)))
        stream = stream->next;
    return stream;
}

void streams_take(struct relay *relay, const struct packet *packet)
{
    const bool is_syn = (packet->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    struct stream *stream = is_syn ? find(relay, &packet->from, &packet->to) : NULL;
    if (stream && stream->sequence != packet->sequence) { /* the port is used again */
        end(relay, stream);
        stream = NULL;
    }
    if (is_syn && !stream)
        begin(relay, packet);
    else if (!stream || stream->state >= OFFERED)
        relay_to_outer(relay, packet->whole);
}

/* ---- the outer network's side ------------------------------------------------------------------------------------ */

static bool take_one(struct relay *relay, int listener)
{
    struct sockaddr_storage peer, own;
    socklen_t peer_length = sizeof peer, own_length = sizeof own;
    const int descriptor = accept4(listener, (struct sockaddr *)&peer, &peer_length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0)
        return false;
    struct endpoint from = { 0 }, to = { 0 };
    getsockname(descriptor, (struct sockaddr *)&own, &own_length);
    endpoint_from_system(&peer, &from);
    endpoint_from_system(&own, &to);
    struct stream *stream = find(relay, &from, &to);
    if (!stream || stream->state != OFFERED) {
        close(descriptor);
        return true;
    }
    stream->inside.descriptor = descriptor;
    stream->state = OPEN;
    pump(relay, stream);
    return true;
}

static void listener_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    (void)events;
    while (watch->descriptor >= 0 && take_one(relay, watch->descriptor))
        ;
}

/* Whether a SYN for that port is in the outer network and was not taken yet. */
static bool is_needed(const struct relay *relay, uint16_t port)
{
    const struct stream *stream = relay->streams;
    while (stream && !(stream->to.port == port && (stream->state == WAITING || stream->state == OFFERED)))
        stream = stream->next;
    return stream != NULL;
}

/* A free place; where there is none, that of a listener that nobody needs now. */
static struct listener *make_place(struct relay *relay)
{
    struct listener *place = NULL;
    for (size_t i = 0; i < MOST_LISTENERS; i++) {
        struct listener *listener = &relay->listeners[i];
        if (listener->watch.descriptor < 0)
            return listener;
        if (!is_needed(relay, listener->port))
            place = listener;
    }
    if (place)
        watch_close(relay, &place->watch);
    return place;
}

static void keep_listener(struct relay *relay, uint16_t port, int descriptor)
{
    struct listener *place = find_listener(relay, port) ? NULL : make_place(relay);
    if (!place) {
        close(descriptor);
        return;
    }
    place->port = port;
    place->watch = (struct watch){ .descriptor = descriptor, .ready = listener_ready, .owner = place };
    watch_set(relay, &place->watch, EPOLLIN);
}

void streams_listener(struct relay *relay, int port, int descriptor)
{
    if (descriptor >= 0)
        keep_listener(relay, (uint16_t)port, descriptor);
    const bool open = find_listener(relay, (uint16_t)port) != NULL;
    for (struct stream *stream = relay->streams; stream; stream = stream->next) {
        if (stream->state != WAITING || stream->to.port != port)
            continue;
        if (open)
            offer(relay, stream);
        else
            refuse_syn(relay, stream, false);
    }
}

/* relay.c: the loop between a command's network and the world: the two devices, the door, what the command writes. */
#include "cutoff/relay.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PACKETS_AT_ONCE = 64, /* read from a device before others have their turn */
    ROUND = 100,          /* milliseconds at most until times and the user's wish are looked at */
    EVENTS = 64,
};

/* Seconds for what a command wrote last to arrive once it has ended. */
static const double patience = 2;

/* ---- watches ----------------------------------------------------------------------------------------------------- */

/* A descriptor that nothing is waited for is taken out: the system would report its end again and again. */
void watch_set(struct relay *relay, struct watch *watch, uint32_t events)
{
    if (watch->descriptor < 0 || watch->events == events)
        return;
    struct epoll_event event = { .events = events, .data.ptr = watch };
    const int change = !events ? EPOLL_CTL_DEL : watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(relay->epoll, change, watch->descriptor, &event) == 0)
        watch->events = events;
}

void watch_close(struct relay *relay, struct watch *watch)
{
    watch_set(relay, watch, 0);
    if (watch->descriptor >= 0)
        close(watch->descriptor);
    watch->descriptor = -1;
}

/* ---- packets ----------------------------------------------------------------------------------------------------- */

/* A device that is full loses a packet, as networks do. */
void relay_to_inner(struct relay *relay, const unsigned char *packet, size_t bytes)
{
    const ssize_t written = write(relay->world->inner, packet, bytes);
    (void)written;
}

void relay_to_outer(struct relay *relay, struct span packet)
{
    const ssize_t written = write(relay->world->outer, packet.data, packet.bytes);
    (void)written;
}

void relay_refuse(struct relay *relay, const struct packet *packet, bool host)
{
    unsigned char answer[1024];
    const bool tcp = packet->protocol == IPPROTO_TCP && !host;
    relay_to_inner(relay, answer, tcp ? packet_reset(packet, answer) : packet_unreachable(packet, host, answer));
}

static const char *protocol_text(const struct packet *packet)
{
    return packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6 ? "icmp"
           : packet->protocol == IPPROTO_SCTP                                     ? "sctp"
                                                                                  : "ip";
}

/* Neither TCP nor UDP. Of ICMP only pings are somebody's wish, all else is the kernel's. */
static void take_other(struct relay *relay, const struct packet *packet)
{
    enum { PING_FOUR = 8, PING_SIX = 128 };
    const int type = packet->payload.bytes ? packet->payload.data[0] : 0;
    const bool is_icmp = strcmp(protocol_text(packet), "icmp") == 0;
    if (is_icmp && type != (packet->to.six ? PING_SIX : PING_FOUR))
        return;
    char name[DNS_NAME];
    const struct ruling ruling = filter_address(relay->filter, packet->protocol, &packet->to, name);
    tried_add(&relay->tried, name, &packet->to, protocol_text(packet), &ruling);
    relay_refuse(relay, packet, true);
}

static bool is_resolver(const struct endpoint *to)
{
    struct endpoint resolver;
    return endpoint_read(WORLD_RESOLVER, &resolver) && endpoint_same_address(to, &resolver);
}

static void take_packet(struct relay *relay, struct span bytes)
{
    enum { PORT_DNS = 53 };
    struct packet packet;
    if (!packet_read(bytes, &packet))
        return;
    if (!endpoint_is_elsewhere(&packet.to) || (is_resolver(&packet.to) && packet.to.port != PORT_DNS)) {
        if (packet.protocol == IPPROTO_TCP || packet.protocol == IPPROTO_UDP)
            relay_refuse(relay, &packet, true);
    } else if (packet.protocol == IPPROTO_TCP) {
        streams_take(relay, &packet);
    } else if (packet.protocol == IPPROTO_UDP && packet.to.port == PORT_DNS) {
        resolver_ask(relay, packet.payload, &(struct asker){ packet.from, packet.to, NULL });
    } else if (packet.protocol == IPPROTO_UDP) {
        flows_take(relay, &packet);
    } else {
        take_other(relay, &packet);
    }
}

static void inner_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    (void)events;
    for (int i = 0; i < PACKETS_AT_ONCE; i++) {
        const ssize_t bytes = read(watch->descriptor, relay->bytes, sizeof relay->bytes);
        if (bytes <= 0)
            return;
        take_packet(relay, span_of(relay->bytes, (size_t)bytes));
    }
}

/* What the outer network sends is TCP's answers; the rest is the kernel's own chatter. */
static void outer_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    (void)events;
    for (int i = 0; i < PACKETS_AT_ONCE; i++) {
        struct packet packet;
        const ssize_t bytes = read(watch->descriptor, relay->bytes, sizeof relay->bytes);
        if (bytes <= 0)
            return;
        if (packet_read(span_of(relay->bytes, (size_t)bytes), &packet) && packet.protocol == IPPROTO_TCP)
            relay_to_inner(relay, relay->bytes, (size_t)bytes);
    }
}

/* ---- what the command says --------------------------------------------------------------------------------------- */

static void output_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    (void)events;
    char bytes[16384];
    const ssize_t count = read(watch->descriptor, bytes, sizeof bytes);
    if (count > 0)
        capture_take(watch->owner, span_of(bytes, (size_t)count));
    else if (count == 0 || errno != EINTR)
        watch_set(relay, watch, 0);
}

static void door_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    (void)events;
    struct door_message message;
    int descriptor;
    if (!door_receive(watch->descriptor, &message, &descriptor)) {
        watch_set(relay, watch, 0);
        if (!relay->ended)
            error_set(&relay->failure, "a world of its own: it ended before the command did");
        return;
    }
    if (message.kind == DOOR_FAILED)
        error_set(&relay->failure, "%s", message.text);
    if (message.kind == DOOR_LISTENER)
        streams_listener(relay, message.value, descriptor);
    if (message.kind == DOOR_ENDED) {
        relay->ended = true;
        relay->status = message.value;
        relay->ended_at = seconds_now();
    }
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static void begin_watch(struct relay *relay, struct watch *watch, int descriptor,
                        void (*ready)(struct relay *relay, struct watch *watch, uint32_t events), void *owner)
{
    *watch = (struct watch){ .descriptor = descriptor, .ready = ready, .owner = owner };
    watch_set(relay, watch, EPOLLIN);
}

bool relay_open(struct world *world, struct filter *filter, struct arena *arena, struct relay *relay,
                struct error *error)
{
    relay->world = world;
    relay->filter = filter;
    relay->tried.arena = arena;
    for (size_t i = 0; i < MOST_LISTENERS; i++)
        relay->listeners[i].watch.descriptor = -1;
    relay->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (relay->epoll < 0)
        return error_system(error, "the relay", "wait for events");
    begin_watch(relay, &relay->inner, world->inner, inner_ready, NULL);
    begin_watch(relay, &relay->outer, world->outer, outer_ready, NULL);
    begin_watch(relay, &relay->door, world->door, door_ready, NULL);
    begin_watch(relay, &relay->out, world->out, output_ready, relay->captured_out);
    begin_watch(relay, &relay->err, world->err, output_ready, relay->captured_err);
    return resolver_open(relay, error);
}

static void turn(struct relay *relay)
{
    struct epoll_event events[EVENTS];
    const int count = epoll_wait(relay->epoll, events, EVENTS, ROUND);
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;
        if (watch->events) /* not closed by an event before it */
            watch->ready(relay, watch, events[i].events);
    }
    const double now = seconds_now();
    resolver_sweep(relay, now);
    flows_sweep(relay, now);
    streams_sweep(relay);
}

static bool is_over(const struct relay *relay)
{
    const bool silent = !relay->out.events && !relay->err.events;
    return relay->failure.kind != ERROR_NONE ||
           (relay->ended && (silent || seconds_now() > relay->ended_at + patience));
}

static int exit_status(int raw)
{
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

/* The terminal told the command, too: it may end in its own way. */
static void let_end(struct relay *relay)
{
    const double until = seconds_now() + patience;
    while (!is_over(relay) && seconds_now() < until)
        turn(relay);
}

bool relay_run(struct relay *relay, double seconds, bool (*stop)(void), struct relay_end *out, struct error *error)
{
    const double began = seconds_now();
    bool late = false, stopped = false;
    while (!is_over(relay) && !late && !stopped) {
        turn(relay);
        late = !relay->ended && seconds_now() > began + seconds;
        stopped = stop && stop();
    }
    if (stopped)
        let_end(relay);
    *out = (struct relay_end){ .timed_out = late,
                               .status = late ? 128 + 9 : exit_status(relay->status),
                               .seconds = (relay->ended ? relay->ended_at : seconds_now()) - began };
    if (stopped)
        return error_set_kind(error, ERROR_STOPPED, "stopped");
    return relay->failure.kind == ERROR_NONE || error_set(error, "%s", relay->failure.text);
}

void relay_close(struct relay *relay)
{
    streams_close(relay);
    flows_close(relay);
    resolver_close(relay);
    if (relay->epoll >= 0)
        close(relay->epoll);
    tried_sort(&relay->tried);
}

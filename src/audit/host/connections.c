/* connections.c: to whom the machine talks: its connections, looked at once or over a time, with the process that has
 * them. While they are watched, and if this user may listen (root, CAP_NET_RAW), answers of DNS and the beginnings of
 * connections give addresses their names; nothing is ever sent. */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit/host/heard.h"
#include "audit/host/sockets.h"
#include "audit/source.h"

enum { MOST_TALKS = 1 << 14, MOST_PACKET = 65536 };

static const double pause_seconds = 0.5;

/* A process and whom it talks to. */
struct talk {
    struct connection connection; /* the first of them */
    size_t looks;                 /* how often it was there when one looked */
    double first, last;           /* seconds since 1970 */
};

struct watch {
    struct machine *machine;
    struct talk *talks;
    size_t count;
    struct heard heard;
    int listener; /* -1: may not listen */
    size_t looks;
};

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static bool is_same(const struct connection *a, const struct connection *b)
{
    return endpoint_same(&a->remote, &b->remote) && a->protocol == b->protocol && strcmp(a->file, b->file) == 0;
}

static void note_talk(struct watch *watch, const struct connection *connection, double now)
{
    size_t row = 0;
    while (row < watch->count && !is_same(&watch->talks[row].connection, connection))
        row++;
    if (row == MOST_TALKS)
        return;
    if (row == watch->count)
        watch->talks[watch->count++] = (struct talk){ .connection = *connection, .first = now };
    struct talk *talk = &watch->talks[row];
    talk->looks += talk->last < now; /* several connections to one end are one look */
    talk->last = now;
}

static void look(struct watch *watch, struct connections *connections)
{
    const double now = calendar_now();
    watch->looks++;
    sockets_read(watch->machine, connections);
    for (size_t i = 0; i < connections->count; i++)
        note_talk(watch, &connections->rows[i], now);
}

/* ---- listening --------------------------------------------------------------------------------------------------- */

/* Packets without the frame around them. */
static int open_listener(const struct machine *machine)
{
    return machine->seconds ? socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)) : -1;
}

/* What goes out, and answers of DNS: who asks this machine for something is no third party that it depends on. */
static bool concerns(const struct sockaddr_ll *from, struct span bytes)
{
    enum { PORT_DNS = 53 };
    struct packet packet;
    return from->sll_pkttype == PACKET_OUTGOING || (packet_read(bytes, &packet) && packet.from.port == PORT_DNS);
}

static void take_packets(struct watch *watch)
{
    static const size_t most = 4096; /* then it is time to look again */
    unsigned char packet[MOST_PACKET];
    for (size_t i = 0; i < most; i++) {
        struct sockaddr_ll from = { 0 };
        socklen_t length = sizeof from;
        const ssize_t bytes = recvfrom(watch->listener, packet, sizeof packet, 0, (struct sockaddr *)&from, &length);
        if (bytes <= 0)
            return;
        const struct span ip = span_of(packet, (size_t)bytes);
        if (concerns(&from, ip))
            heard_packet(&watch->heard, ip, 1, calendar_now());
    }
}

/* Waits, with an ear open. */
static void wait_until(struct watch *watch, double until)
{
    struct pollfd poll_one = { .fd = watch->listener, .events = POLLIN };
    for (double left; (left = until - seconds_now()) > 0;)
        if (poll(&poll_one, watch->listener >= 0, (int)(left * 1000) + 1) > 0)
            take_packets(watch);
}

static void watch_on(struct watch *watch, struct connections *connections)
{
    const double begin = seconds_now();
    struct machine *machine = watch->machine;
    for (double passed = 0; passed < machine->seconds && !machine->stopped; passed = seconds_now() - begin) {
        machine->stopped = !progress_tell(machine->progress, "seconds watched", (uint64_t)passed, machine->seconds);
        const double left = machine->seconds - passed;
        wait_until(watch, seconds_now() + (left < pause_seconds ? left : pause_seconds));
        look(watch, connections);
    }
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void show_clock(double moment, char out[16])
{
    const time_t seconds = (time_t)moment;
    struct tm parts;
    out[0] = '\0';
    if (localtime_r(&seconds, &parts))
        strftime(out, 16, "%H:%M:%S", &parts);
}

static void show_talk(const struct watch *watch, const struct talk *talk, const char *name, char *out, size_t bytes)
{
    char address[ENDPOINT_TEXT], first[16], last[16];
    const struct endpoint *remote = &talk->connection.remote;
    endpoint_text(remote, address);
    size_t used = (size_t)snprintf(out, bytes, remote->six ? "%s to [%s]:%u" : "%s to %s:%u", talk->connection.protocol,
                                   address, remote->port);
    if (name)
        used += (size_t)snprintf(out + used, bytes - used, " (%.100s)", name);
    if (!watch->machine->seconds)
        return;
    show_clock(talk->first, first);
    show_clock(talk->last, last);
    snprintf(out + used, bytes - used, ", first seen %s, last %s, %zu of %zu times", first, last, talk->looks,
             watch->looks);
}

static void tell_talk(const struct watch *watch, const struct talk *talk, struct source *source)
{
    char shown[320], address[ENDPOINT_TEXT];
    struct sink *sink = &watch->machine->sink;
    const char *name = heard_address(&watch->heard, &talk->connection.remote);
    endpoint_text(&talk->connection.remote, address);
    show_talk(watch, talk, name, shown, sizeof shown);
    struct mention told = { .signal = name ? SIGNAL_DOMAIN : SIGNAL_NETWORK,
                            .value = span_text(name ? name : address),
                            .line = 1,
                            .evidence = EVIDENCE_OBSERVED,
                            .shown = span_text(shown) };
    const struct service *service = sign_service(sink, told.signal, told.value);
    if (!service && name)
        service = sign_service(sink, SIGNAL_NETWORK, span_text(address));
    if (service)
        mention_service(source, sink, service, &told);
    else if (name)
        mention(source, sink, &told);
    else
        sink_unknown(source, sink, &told, address);
}

static void tell_all(const struct watch *watch)
{
    struct arena arena = { 0 };
    struct trees trees = { 0 };
    for (size_t i = 0; i < watch->count; i++) {
        struct source source = { .arena = &arena, .trees = &trees };
        machine_source(&source, watch->talks[i].connection.file);
        tell_talk(watch, &watch->talks[i], &source);
    }
    struct source network = { .arena = &arena, .trees = &trees };
    machine_source(&network, "network"); /* what was heard, whichever process it was */
    heard_tell(&watch->heard, &network, &watch->machine->sink);
    arena_free(&arena);
}

static void read_all(struct machine *machine)
{
    struct watch watch = { .machine = machine, .talks = calloc(MOST_TALKS, sizeof *watch.talks) };
    struct connections connections = { 0 };
    if (!watch.talks || !heard_open(&watch.heard, NULL)) {
        machine->sink.full = true;
        free(watch.talks);
        return;
    }
    watch.listener = open_listener(machine);
    look(&watch, &connections);
    watch_on(&watch, &connections);
    tell_all(&watch);
    if (watch.listener >= 0)
        close(watch.listener);
    sockets_free(&connections);
    heard_close(&watch.heard);
    free(watch.talks);
}

const struct origin origin_connections = { .name = "connections", .read = read_all };

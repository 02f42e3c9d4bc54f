/* flows.c: UDP: each pair of ends of the command's gets a socket in the machine's own network, until it is quiet. */
#include "cutoff/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST_FLOWS = 256 };

static const double quiet = 60; /* seconds */

struct flow {
    struct flow *next;
    struct watch watch;
    struct endpoint from, to;
    double used;
};

static void flow_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    (void)events;
    struct flow *flow = watch->owner;
    unsigned char packet[PACKET_MOST];
    const ssize_t bytes = recv(watch->descriptor, relay->bytes, sizeof relay->bytes, 0);
    if (bytes < 0)
        return; /* a refusal from there, which the command may take for silence */
    flow->used = seconds_now();
    const size_t length = packet_datagram(&flow->to, &flow->from, span_of(relay->bytes, (size_t)bytes), packet);
    if (length)
        relay_to_inner(relay, packet, length);
}

static struct flow *find(const struct relay *relay, const struct packet *packet)
{
    struct flow *flow = relay->flows;
    while (flow && !(endpoint_same(&flow->from, &packet->from) && endpoint_same(&flow->to, &packet->to)))
        flow = flow->next;
    return flow;
}

static struct flow *open_flow(struct relay *relay, const struct packet *packet)
{
    struct sockaddr_storage address;
    const socklen_t length = endpoint_to_system(&packet->to, &address);
    const int descriptor = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct flow *flow = relay->flow_count < MOST_FLOWS && descriptor >= 0 ? calloc(1, sizeof *flow) : NULL;
    if (!flow || connect(descriptor, (struct sockaddr *)&address, length) < 0) {
        if (descriptor >= 0)
            close(descriptor);
        free(flow);
        return NULL;
    }
    flow->watch = (struct watch){ .descriptor = descriptor, .ready = flow_ready, .owner = flow };
    flow->from = packet->from;
    flow->to = packet->to;
    flow->next = relay->flows;
    relay->flows = flow;
    relay->flow_count++;
    watch_set(relay, &flow->watch, EPOLLIN);
    return flow;
}

void flows_take(struct relay *relay, const struct packet *packet)
{
    struct flow *flow = find(relay, packet);
    if (!flow) {
        char name[DNS_NAME];
        const struct ruling ruling = filter_address(relay->filter, IPPROTO_UDP, &packet->to, name);
        tried_add(&relay->tried, name, &packet->to, "udp", &ruling);
        flow = ruling.allowed ? open_flow(relay, packet) : NULL;
    }
    if (!flow) {
        relay_refuse(relay, packet, false);
        return;
    }
    flow->used = seconds_now();
    const ssize_t sent = send(flow->watch.descriptor, packet->payload.data, packet->payload.bytes, 0);
    (void)sent; /* datagrams may get lost */
}

static void close_older(struct relay *relay, double moment)
{
    for (struct flow **place = &relay->flows; *place;) {
        struct flow *flow = *place;
        if (flow->used > moment) {
            place = &flow->next;
            continue;
        }
        *place = flow->next;
        watch_close(relay, &flow->watch);
        free(flow);
        relay->flow_count--;
    }
}

void flows_sweep(struct relay *relay, double now)
{
    close_older(relay, now - quiet);
}

void flows_close(struct relay *relay)
{
    close_older(relay, seconds_now() + quiet);
}

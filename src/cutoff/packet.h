/* packet.h: IP packets as a TUN device gives and takes them: read, and written where one has to be answered by hand.
 * Private to the room. Source: RFC 791 (IPv4), 8200 (IPv6), 9293 (TCP), 768 (UDP), 792 and 4443 (ICMP). */
#ifndef BASTIDE_CUTOFF_PACKET_H
#define BASTIDE_CUTOFF_PACKET_H

#include "cutoff/endpoint.h"

enum {
    PACKET_MOST = 65535, /* bytes of a packet; the devices' MTU is less */
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_ACK = 16,
};

struct packet {
    struct span whole;
    struct endpoint from, to; /* ports are 0 unless it is TCP or UDP */
    uint8_t protocol;         /* IPPROTO_TCP, ... */
    uint8_t flags;            /* TCP_SYN, ... */
    uint32_t sequence;        /* of TCP */
    struct span payload;      /* what TCP or UDP carries; of others, all behind IP's header */
};

/* Reads a packet, whoever wrote it. False for what is no whole packet: cut, a fragment, an extension header. */
bool packet_read(struct span bytes, struct packet *out);

/* Each writes an answer into out (PACKET_MOST bytes) and returns its length. */

/* The reset that refuses a connection which the packet, a SYN, asked for. */
size_t packet_reset(const struct packet *asked, unsigned char *out);

/* "Port unreachable" for UDP, "protocol unreachable" for others than TCP, "host unreachable" where host is set. */
size_t packet_unreachable(const struct packet *asked, bool host, unsigned char *out);

/* A datagram; 0 if the payload is too long for one. */
size_t packet_datagram(const struct endpoint *from, const struct endpoint *to, struct span payload, unsigned char *out);

#endif

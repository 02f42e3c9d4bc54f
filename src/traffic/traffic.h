/* traffic.h: what goes over a network, read byte by byte: addresses, IP packets, questions for names, the beginnings of
 * connections. Who wrote the bytes is not trusted: every length is compared with what is there.
 *
 * Sources: RFC 791 (IPv4), 8200 (IPv6), 9293 (TCP), 768 (UDP), 792 and 4443 (ICMP); RFC 1035 section 4 and RFC 9460
 * (SVCB and HTTPS records); RFC 8446 section 4.1.2, RFC 6066 section 3 (server_name), RFC 9112 section 3. */
#ifndef BASTIDE_TRAFFIC_H
#define BASTIDE_TRAFFIC_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/base.h"

/* ---- addresses --------------------------------------------------------------------------------------------------- */

enum { ENDPOINT_TEXT = 46 /* the longest IPv6 address with its terminator */ };

/* An address and a port, of either version of IP. */
struct endpoint {
    bool six;                  /* IPv6 */
    unsigned char address[16]; /* as on the wire; 4 bytes of it for IPv4 */
    uint16_t port;
};

static inline size_t endpoint_bytes(const struct endpoint *endpoint)
{
    return endpoint->six ? 16 : 4;
}

/* "203.0.113.7", "2001:db8::7": the address alone. */
const char *endpoint_text(const struct endpoint *endpoint, char out[ENDPOINT_TEXT]);

/* Reads such a text (port 0); false if it is none. */
bool endpoint_read(const char *text, struct endpoint *out);

bool endpoint_same_address(const struct endpoint *a, const struct endpoint *b);
bool endpoint_same(const struct endpoint *a, const struct endpoint *b);

/* To and from what the system's calls take. */
socklen_t endpoint_to_system(const struct endpoint *endpoint, struct sockaddr_storage *out);
void endpoint_from_system(const struct sockaddr_storage *system, struct endpoint *out);

/* Whether the address may be that of another machine: not this machine's loopback, nor one of many receivers, nor one
 * that leads nowhere. */
bool endpoint_is_elsewhere(const struct endpoint *endpoint);

/* ---- packets: as a TUN device gives and takes them, or a capture holds them -------------------------------------- */

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

/* ---- questions and answers of the domain name system ------------------------------------------------------------- */

enum {
    DNS_NAME = 256,   /* a name in dots with its terminator */
    DNS_MOST = 65535, /* bytes of a message over TCP */
    DNS_TYPE_A = 1,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SVCB = 64,
    DNS_TYPE_HTTPS = 65,
    DNS_NO_ERROR = 0,
    DNS_SERVER_FAILED = 2,
    DNS_NO_SUCH_NAME = 3,
};

struct dns_question {
    char name[DNS_NAME]; /* small letters, no dot at the end; what would not show is '?' */
    uint16_t type;
    size_t end; /* where the question ends in the message */
};

/* Reads the one question of a query (answer false) or of an answer to one (true). */
bool dns_read_question(struct span message, bool answer, struct dns_question *out);

struct dns_record {
    char owner[DNS_NAME];
    uint16_t type;
    char target[DNS_NAME];   /* of a CNAME */
    struct endpoint address; /* of A and AAAA */
};

/* Calls found with each A, AAAA and CNAME record among the answers, until the message makes no sense any more. */
void dns_each_answer(struct span message, void (*found)(void *context, const struct dns_record *record), void *context);

/* Writes into out (as long as the query) the answer to it that has nothing but a status; returns its length. */
size_t dns_answer_empty(struct span query, const struct dns_question *question, unsigned status, unsigned char *out);

/* The number by which a question and its answer find each other. */
uint16_t dns_id(struct span message);
void dns_set_id(unsigned char *message, uint16_t id);

/* Whether the answer says that it was too long for a datagram. */
bool dns_is_cut(struct span message);

/* ---- for whom a connection says that it is: TLS's first message, requests of HTTP -------------------------------- */

/* An address may serve many names, and who knows it needs to ask no resolver. */
enum sniffed {
    SNIFFED_MORE,    /* the beginning of TLS: the rest is needed before a byte of it goes on */
    SNIFFED_NAME,    /* a TLS name */
    SNIFFED_NOTHING, /* TLS without a name */
    SNIFFED_OTHER,   /* not TLS: host_scan may find names in it */
};

/* Reads the first bytes that the client sent. name: small letters. */
enum sniffed sniff_tls(struct span first, char name[DNS_NAME]);

/* Follows what a client sends in plain HTTP, byte by byte, through all its requests. Zero-initialised is the beginning.
 * */
struct host_scan {
    bool later;      /* the first line, which may be a request to a proxy, is over */
    bool collecting; /* a name */
    size_t column;   /* in the line */
    size_t matched;  /* of " http://", in the first line */
    size_t used;     /* of name */
    char begin[8];   /* of the line, small letters */
    char name[DNS_NAME];
};

/* Takes the next byte; true when name now holds a host that a request is for. */
bool host_scan(struct host_scan *scan, unsigned char byte);

#endif

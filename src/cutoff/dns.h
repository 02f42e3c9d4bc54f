/* dns.h: questions and answers of the domain name system, as far as a drill has to understand them. Private to the
 * room. Source: RFC 1035 section 4; SVCB and HTTPS records: RFC 9460. */
#ifndef BASTIDE_CUTOFF_DNS_H
#define BASTIDE_CUTOFF_DNS_H

#include "cutoff/endpoint.h"

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

#endif

/* filter.h: what may go on and what is refused, by name, by address, by way of asking; and which names stand for which
 * addresses. Private to the room. */
#ifndef BASTIDE_CUTOFF_FILTER_H
#define BASTIDE_CUTOFF_FILTER_H

#include "cutoff/cut.h"
#include "traffic/traffic.h"

/* Why something was refused. */
extern const char why_cut[];      /* it belongs to what is cut */
extern const char why_quic[];     /* QUIC hides the server's name: clients fall back to TCP. In both runs */
extern const char why_resolver[]; /* names are asked for at one place only. In both runs */
extern const char why_protocol[]; /* neither TCP nor UDP: nothing carries it. In both runs */

struct ruling {
    bool allowed;
    const char *why; /* "" if it is allowed, unless nobody was there */
    const struct service *service;
};

/* An address, and a name that stands for it. */
struct known {
    struct endpoint address;
    const struct service *service; /* whose name it, or one that it is another name of, is */
    bool refused;
    char name[DNS_NAME];
};

struct filter {
    const struct providers *providers;
    const struct cut *cut; /* NULL: all is as it is */
    struct known *known;
    size_t known_count;
};

/* Reads the machine's own /etc/hosts, too. */
MUST_USE bool filter_open(const struct providers *providers, const struct cut *cut, struct filter *out,
                          struct error *error);
void filter_close(struct filter *filter);

/* The service whose domain it is. */
const struct service *filter_service(const struct filter *filter, const char *name);

/* Whether a name may be asked for. */
struct ruling filter_name(const struct filter *filter, const char *name);

/* Whether an address may be reached; name becomes the name that stands for it, or "". */
struct ruling filter_address(const struct filter *filter, uint8_t protocol, const struct endpoint *to,
                             char name[DNS_NAME]);

/* The same when a name, or an address, was seen in the connection itself: what is asked of the other end. */
struct ruling filter_named(const struct filter *filter, uint8_t protocol, const struct endpoint *to, const char *name);

/* Remembers that a name stands for an address: that the ruling on the name is one on the address. Forgets the oldest
 * where there are too many. */
void filter_learn(struct filter *filter, const struct endpoint *address, const char *name, const struct ruling *ruling);

#endif

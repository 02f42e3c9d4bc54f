/* resolver.c: questions for names. Wherever the command sends them, they are answered here: what is cut does not exist,
 * all else is asked of the machine's own resolvers, and the addresses in their answers are remembered with the names.
 *
 * Kinds HTTPS and SVCB get an answer without records: they would tell of QUIC and of keys that hide a server's name. */
#include "cutoff/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    MOST_LOOKUPS = 256,
    PORT_DNS = 53,
    ROUNDS = 2,       /* each resolver is asked so often */
    LENGTH_BYTES = 2, /* before a message over TCP */
};

static const double patience = 2.5; /* seconds for each try */

struct lookup {
    struct lookup *next;
    struct watch watch;
    struct asker asker;
    struct dns_question question;
    struct ruling ruling;
    bool told; /* the command has its answer already: this is to learn the addresses of what is refused */
    bool over; /* to be swept */
    uint16_t asked_as, sent_as;
    double deadline;
    size_t tries;
    size_t query_bytes, answer_bytes;
    unsigned char *query;  /* with its length before it */
    unsigned char *answer; /* likewise; only over TCP */
};

/* ---- the machine's resolvers ------------------------------------------------------------------------------------- */

bool resolver_open(struct relay *relay, struct error *error)
{
    FILE *file = fopen("/etc/resolv.conf", "re");
    char line[512], address[64];
    if (!file)
        return error_system(error, "/etc/resolv.conf", "read it");
    while (relay->server_count < MOST_SERVERS && fgets(line, sizeof line, file))
        if (sscanf(line, " nameserver %63s", address) == 1 &&
            endpoint_read(address, &relay->servers[relay->server_count]))
            relay->servers[relay->server_count++].port = PORT_DNS;
    fclose(file);
    return true;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static void tell(struct relay *relay, const struct asker *asker, struct span answer)
{
    if (asker->stream) {
        streams_answer(relay, asker->stream, answer);
        return;
    }
    unsigned char packet[PACKET_MOST];
    const size_t length = packet_datagram(&asker->to, &asker->from, answer, packet);
    if (length && asker->from.port)
        relay_to_inner(relay, packet, length);
}

static void tell_empty(struct relay *relay, const struct asker *asker, struct span query,
                       const struct dns_question *question, unsigned status)
{
    unsigned char answer[DNS_NAME + 64];
    if (question->end <= sizeof answer)
        tell(relay, asker, span_of(answer, dns_answer_empty(query, question, status, answer)));
}

/* What an answer says of names: whether it leads to something that is cut, and whose it is. */
struct chain {
    struct filter *filter;
    const char *name;
    struct ruling ruling;
    bool learning;
};

static void follow_name(struct chain *chain, const char *name)
{
    const struct ruling ruling = filter_name(chain->filter, name);
    if (!chain->ruling.service || !ruling.allowed)
        chain->ruling.service = ruling.service;
    if (!ruling.allowed)
        chain->ruling = ruling;
}

static void follow_record(void *context, const struct dns_record *record)
{
    struct chain *chain = context;
    if (chain->learning && record->type != DNS_TYPE_CNAME)
        filter_learn(chain->filter, &record->address, chain->name, &chain->ruling);
    else if (!chain->learning && chain->ruling.allowed && record->type == DNS_TYPE_CNAME)
        follow_name(chain, record->target);
}

/* Reads the answer twice: an alias may stand behind the addresses. */
static void follow(struct relay *relay, struct lookup *lookup, struct span answer)
{
    struct chain chain = { relay->filter, lookup->question.name, lookup->ruling, false };
    dns_each_answer(answer, follow_record, &chain);
    chain.learning = true;
    dns_each_answer(answer, follow_record, &chain);
    lookup->ruling = chain.ruling;
}

/* "" for an answer that is one. */
static const char *why_not_answered(struct span answer)
{
    const unsigned status = answer.bytes > 3 ? answer.data[3] & 15u : DNS_SERVER_FAILED;
    return status == DNS_NO_ERROR ? "" : status == DNS_NO_SUCH_NAME ? "no such name" : "no answer";
}

static void finish(struct relay *relay, struct lookup *lookup, struct span answer)
{
    const struct span query = span_of(lookup->query + LENGTH_BYTES, lookup->query_bytes - LENGTH_BYTES);
    watch_close(relay, &lookup->watch);
    lookup->over = true;
    dns_set_id(lookup->query + LENGTH_BYTES, lookup->asked_as);
    if (answer.bytes)
        follow(relay, lookup, answer);
    if (lookup->told)
        return;
    if (lookup->ruling.allowed)
        lookup->ruling.why = why_not_answered(answer);
    tried_add(&relay->tried, lookup->question.name, NULL, "dns", &lookup->ruling);
    if (!lookup->ruling.allowed)
        tell_empty(relay, &lookup->asker, query, &lookup->question, DNS_NO_SUCH_NAME);
    else if (answer.bytes)
        tell(relay, &lookup->asker, answer);
    else
        tell_empty(relay, &lookup->asker, query, &lookup->question, DNS_SERVER_FAILED);
}

/* Takes what may be the answer; bytes are changed. Anybody may send a datagram: number and question must be the same.
 * */
static void take_answer(struct relay *relay, struct lookup *lookup, unsigned char *bytes, size_t count)
{
    struct dns_question question;
    const struct span answer = span_of(bytes, count);
    if (!dns_read_question(answer, true, &question) || dns_id(answer) != lookup->sent_as ||
        question.type != lookup->question.type || strcmp(question.name, lookup->question.name) != 0)
        return;
    dns_set_id(bytes, lookup->asked_as);
    finish(relay, lookup, answer);
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

static bool is_stream(const struct lookup *lookup)
{
    return lookup->answer != NULL;
}

static void send_try(struct relay *relay, struct lookup *lookup);

static void next_try(struct relay *relay, struct lookup *lookup)
{
    watch_close(relay, &lookup->watch);
    if (++lookup->tries < ROUNDS * relay->server_count)
        send_try(relay, lookup);
    else
        finish(relay, lookup, span_of(NULL, 0));
}

static void datagram_ready(struct relay *relay, struct lookup *lookup)
{
    const ssize_t bytes = recv(lookup->watch.descriptor, relay->bytes, sizeof relay->bytes, 0);
    if (bytes > 0)
        take_answer(relay, lookup, relay->bytes, (size_t)bytes);
    else
        next_try(relay, lookup);
}

/* Over TCP: the question goes as soon as the resolver is there; then its answer comes, with its length before it. */
static void stream_ready(struct relay *relay, struct lookup *lookup, uint32_t events)
{
    const int descriptor = lookup->watch.descriptor;
    if (lookup->watch.events == EPOLLOUT) {
        const ssize_t sent = send(descriptor, lookup->query, lookup->query_bytes, MSG_NOSIGNAL);
        if (sent != (ssize_t)lookup->query_bytes || (events & EPOLLERR))
            next_try(relay, lookup);
        else
            watch_set(relay, &lookup->watch, EPOLLIN);
        return;
    }
    const ssize_t bytes = recv(descriptor, lookup->answer + lookup->answer_bytes,
                               LENGTH_BYTES + DNS_MOST - lookup->answer_bytes, 0);
    if (bytes <= 0) {
        next_try(relay, lookup);
        return;
    }
    lookup->answer_bytes += (size_t)bytes;
    const size_t wanted = lookup->answer_bytes < LENGTH_BYTES
                              ? SIZE_MAX
                              : (size_t)dns_id(span_of(lookup->answer, LENGTH_BYTES)) + LENGTH_BYTES;
    if (lookup->answer_bytes >= wanted)
        take_answer(relay, lookup, lookup->answer + LENGTH_BYTES, wanted - LENGTH_BYTES);
}

static void lookup_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
    struct lookup *lookup = watch->owner;
    if (is_stream(lookup))
        stream_ready(relay, lookup, events);
    else
        datagram_ready(relay, lookup);
}

/* Asks the resolver whose turn it is. */
static void send_try(struct relay *relay, struct lookup *lookup)
{
    struct sockaddr_storage address;
    const socklen_t length = endpoint_to_system(&relay->servers[lookup->tries % relay->server_count], &address);
    const int type = is_stream(lookup) ? SOCK_STREAM : SOCK_DGRAM;
    lookup->watch.descriptor = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    lookup->deadline = seconds_now() + patience;
    lookup->answer_bytes = 0;
    if (lookup->watch.descriptor < 0 ||
        (connect(lookup->watch.descriptor, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS))
        return; /* the deadline takes care of it */
    if (!is_stream(lookup)) {
        const ssize_t sent = send(lookup->watch.descriptor, lookup->query + LENGTH_BYTES,
                                  lookup->query_bytes - LENGTH_BYTES, 0);
        (void)sent;
    }
    watch_set(relay, &lookup->watch, is_stream(lookup) ? EPOLLOUT : EPOLLIN);
}

static void lookup_free(struct lookup *lookup)
{
    if (lookup) {
        free(lookup->query);
        free(lookup->answer);
    }
    free(lookup);
}

static struct lookup *lookup_make(struct span query, const struct asker *asker, const struct dns_question *question,
                                  const struct ruling *ruling)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return NULL;
    *lookup = (struct lookup){ .watch = { .descriptor = -1, .ready = lookup_ready, .owner = lookup },
                               .asker = *asker,
                               .question = *question,
                               .ruling = *ruling,
                               .told = !ruling->allowed,
                               .asked_as = dns_id(query),
                               .query_bytes = LENGTH_BYTES + query.bytes };
    lookup->query = malloc(lookup->query_bytes);
    lookup->answer = asker->stream ? malloc(LENGTH_BYTES + DNS_MOST) : NULL;
    if (!lookup->query || (asker->stream && !lookup->answer) ||
        getrandom(&lookup->sent_as, sizeof lookup->sent_as, 0) != sizeof lookup->sent_as) {
        lookup_free(lookup);
        return NULL;
    }
    dns_set_id(lookup->query, (uint16_t)query.bytes);
    memcpy(lookup->query + LENGTH_BYTES, query.data, query.bytes);
    dns_set_id(lookup->query + LENGTH_BYTES, lookup->sent_as);
    return lookup;
}

/* False if it cannot be asked now. */
static bool begin_lookup(struct relay *relay, struct span query, const struct asker *asker,
                         const struct dns_question *question, const struct ruling *ruling)
{
    const bool room = relay->server_count > 0 && relay->lookup_count < MOST_LOOKUPS;
    struct lookup *lookup = room ? lookup_make(query, asker, question, ruling) : NULL;
    if (!lookup)
        return false;
    lookup->next = relay->lookups;
    relay->lookups = lookup;
    relay->lookup_count++;
    send_try(relay, lookup);
    return true;
}

void resolver_ask(struct relay *relay, struct span query, const struct asker *asker)
{
    struct dns_question question;
    if (query.bytes > DNS_MOST || !dns_read_question(query, false, &question))
        return;
    const struct ruling ruling = filter_name(relay->filter, question.name);
    if (!ruling.allowed) {
        tried_add(&relay->tried, question.name, NULL, "dns", &ruling);
        tell_empty(relay, asker, query, &question, DNS_NO_SUCH_NAME);
    } else if (question.type == DNS_TYPE_HTTPS || question.type == DNS_TYPE_SVCB) {
        tell_empty(relay, asker, query, &question, DNS_NO_ERROR);
        return;
    }
    const struct asker nobody = { 0 };
    if (begin_lookup(relay, query, ruling.allowed ? asker : &nobody, &question, &ruling) || !ruling.allowed)
        return;
    tried_add(&relay->tried, question.name, NULL, "dns", &ruling);
    tell_empty(relay, asker, query, &question, DNS_SERVER_FAILED);
}

/* ---- their ends -------------------------------------------------------------------------------------------------- */

void resolver_forget(struct relay *relay, const struct stream *stream)
{
    for (struct lookup *lookup = relay->lookups; lookup; lookup = lookup->next)
        if (lookup->asker.stream == stream) {
            lookup->asker = (struct asker){ 0 };
            lookup->told = true;
        }
}

void resolver_sweep(struct relay *relay, double now)
{
    for (struct lookup **place = &relay->lookups; *place;) {
        struct lookup *lookup = *place;
        if (!lookup->over && lookup->deadline < now)
            next_try(relay, lookup);
        if (!lookup->over) {
            place = &lookup->next;
            continue;
        }
        *place = lookup->next;
        lookup_free(lookup);
        relay->lookup_count--;
    }
}

void resolver_close(struct relay *relay)
{
    while (relay->lookups) {
        struct lookup *lookup = relay->lookups;
        relay->lookups = lookup->next;
        watch_close(relay, &lookup->watch);
        lookup_free(lookup);
    }
}

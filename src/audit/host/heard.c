/* heard.c: see heard.h. Whoever made the capture may have made it up: tables have a fixed size or a cap, and a stream
 * of TCP is put together only as far as its first kilobytes arrive in order, which is where the name stands. */
#include "audit/host/heard.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/host/machine.h"

enum {
    MOST_NAMES = 1 << 16,
    MOST_ADDRESSES = 1 << 15, /* rows of a hash table that is full at half */
    STREAMS = 1 << 10,
    MOST_BEGIN = 8192, /* bytes of a connection's beginning; a first message with keys of today has 2 kB */
    PORT_DNS = 53,
    TLS_HANDSHAKE = 22,
    SHOWN = 512,
};

struct heard_name {
    const char *name;
    const char *asked;   /* what leads there by an alias; NULL: nothing does */
    size_t number;       /* of the packet that had it first */
    size_t counts[WAYS]; /* how often, in each way */
    double first, last;
};

/* One direction of a connection, while its beginning is of use. */
struct stream {
    struct endpoint from, to;
    uint32_t next; /* number of the byte that comes next */
    size_t used;
    bool live;
    unsigned char *bytes; /* MOST_BEGIN, taken once for each row */
};

struct address_name {
    struct endpoint address;
    const char *name;
};

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static size_t hash_bytes(size_t seed, const void *data, size_t bytes)
{
    const unsigned char *at = data; /* FNV-1a */
    size_t hash = seed ^ 14695981039346656037u;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

bool heard_open(struct heard *out, struct error *error)
{
    *out = (struct heard){ .name_room = (size_t)MOST_NAMES * 2 };
    out->names = calloc(out->name_room, sizeof *out->names);
    out->streams = calloc(STREAMS, sizeof *out->streams);
    out->addresses = calloc(MOST_ADDRESSES, sizeof *out->addresses);
    if (out->names && out->streams && out->addresses)
        return true;
    heard_close(out);
    return error_memory(error, out->name_room * sizeof *out->names);
}

void heard_close(struct heard *heard)
{
    for (size_t i = 0; heard->streams && i < STREAMS; i++)
        free(heard->streams[i].bytes);
    free(heard->streams);
    free(heard->names);
    free(heard->addresses);
    arena_free(&heard->arena);
    *heard = (struct heard){ 0 };
}

static struct heard_name *add_name(struct heard *heard, const char *name, size_t number, double moment)
{
    struct heard_name *row = heard->name_count < MOST_NAMES ? arena_take(&heard->arena, 1, sizeof *row) : NULL;
    const char *copy = row ? arena_text(&heard->arena, span_text(name)) : NULL;
    if (!copy) {
        heard->full = true;
        return NULL;
    }
    *row = (struct heard_name){ .name = copy, .number = number, .first = moment };
    heard->name_count++;
    return row;
}

static struct heard_name *note_name(struct heard *heard, enum way way, const char *name, size_t number, double moment)
{
    size_t slot = hash_bytes(0, name, strlen(name)) % heard->name_room;
    while (heard->names[slot] && strcmp(heard->names[slot]->name, name) != 0)
        slot = (slot + 1) % heard->name_room; /* ends: at most half of the table is used */
    if (!heard->names[slot])
        heard->names[slot] = add_name(heard, name, number, moment);
    struct heard_name *row = heard->names[slot];
    if (row) {
        row->counts[way]++;
        row->last = moment;
    }
    return row;
}

/* ---- names of addresses ------------------------------------------------------------------------------------------ */

static struct address_name *address_row(const struct heard *heard, const struct endpoint *address)
{
    size_t slot = hash_bytes(address->six, address->address, endpoint_bytes(address)) % MOST_ADDRESSES;
    while (heard->addresses[slot].name && !endpoint_same_address(&heard->addresses[slot].address, address))
        slot = (slot + 1) % MOST_ADDRESSES;
    return &heard->addresses[slot];
}

const char *heard_address(const struct heard *heard, const struct endpoint *address)
{
    return address_row(heard, address)->name;
}

static void name_address(struct heard *heard, const struct endpoint *address, const char *name)
{
    struct address_name *row = address_row(heard, address);
    if (!row->name && heard->address_count >= MOST_ADDRESSES / 2)
        return;
    heard->address_count += !row->name;
    row->address = *address;
    row->name = name;
}

/* ---- DNS --------------------------------------------------------------------------------------------------------- */

struct answer {
    struct heard *heard;
    struct heard_name *asked;
    size_t number;
    double moment;
};

/* Addresses belong to what was asked for, through however many names it led. */
static void note_record(void *context, const struct dns_record *record)
{
    struct answer *answer = context;
    if (record->type != DNS_TYPE_CNAME) {
        name_address(answer->heard, &record->address, answer->asked->name);
        return;
    }
    struct heard_name *alias = note_name(answer->heard, WAY_ALIAS, record->target, answer->number, answer->moment);
    if (alias && !alias->asked)
        alias->asked = answer->asked->name;
}

static void take_message(struct heard *heard, struct span message, size_t number, double moment)
{
    struct dns_question question;
    if (dns_read_question(message, false, &question)) {
        note_name(heard, WAY_ASKED, question.name, number, moment);
        return;
    }
    if (!dns_read_question(message, true, &question))
        return;
    struct answer answer = { heard, note_name(heard, WAY_ASKED, question.name, number, moment), number, moment };
    if (!answer.asked)
        return;
    answer.asked->counts[WAY_ASKED] -= answer.asked->counts[WAY_ASKED] > 1; /* its question was counted */
    dns_each_answer(message, note_record, &answer);
}

/* ---- beginnings of connections ----------------------------------------------------------------------------------- */

static struct stream *stream_row(struct heard *heard, const struct packet *packet)
{
    size_t hash = hash_bytes(packet->from.port, packet->from.address, endpoint_bytes(&packet->from));
    hash = hash_bytes(hash + packet->to.port, packet->to.address, endpoint_bytes(&packet->to));
    return &heard->streams[hash % STREAMS];
}

static bool is_stream(const struct stream *stream, const struct packet *packet)
{
    return stream->live && endpoint_same(&stream->from, &packet->from) && endpoint_same(&stream->to, &packet->to);
}

/* A row may belong to an older connection: that one is given up. */
static void begin_stream(struct stream *stream, const struct packet *packet, uint32_t next)
{
    unsigned char *bytes = stream->bytes ? stream->bytes : malloc(MOST_BEGIN);
    *stream = (struct stream){ .from = packet->from, .to = packet->to, .next = next, .live = bytes, .bytes = bytes };
}

/* The messages in a stream to or from port 53, each behind its length. */
static void take_dns_stream(struct heard *heard, struct stream *stream, size_t number, double moment)
{
    size_t at = 0;
    while (stream->used - at >= 2) {
        const size_t length = (size_t)stream->bytes[at] << 8 | stream->bytes[at + 1];
        if (length > stream->used - at - 2)
            break;
        take_message(heard, span_of(stream->bytes + at + 2, length), number, moment);
        at += 2 + length;
    }
    memmove(stream->bytes, stream->bytes + at, stream->used - at);
    stream->used -= at;
    stream->live = stream->used < MOST_BEGIN;
}

/* Whoever is talked to by a name has it, where no answer of DNS was heard. */
static void name_end(struct heard *heard, const struct stream *stream, const struct heard_name *name)
{
    if (name && !heard_address(heard, &stream->to))
        name_address(heard, &stream->to, name->name);
}

static bool is_http(const struct stream *stream)
{
    static const char *const methods[] = {
        "GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "DELETE ", "PATCH ", "CONNECT "
    };
    for (size_t i = 0; i < LENGTH(methods); i++)
        if (stream->used >= strlen(methods[i]) && memcmp(stream->bytes, methods[i], strlen(methods[i])) == 0)
            return true;
    return false;
}

static void take_request(struct heard *heard, struct stream *stream, size_t number, double moment)
{
    struct host_scan scan = { 0 };
    if (!is_http(stream)) {
        stream->live = stream->used < 8;
        return;
    }
    for (size_t i = 0; i < stream->used; i++)
        if (host_scan(&scan, stream->bytes[i])) {
            name_end(heard, stream, note_name(heard, WAY_HTTP, scan.name, number, moment));
            stream->live = false;
            return;
        }
    stream->live = stream->used < MOST_BEGIN;
}

static void read_stream(struct heard *heard, struct stream *stream, size_t number, double moment)
{
    char name[DNS_NAME];
    if (stream->to.port == PORT_DNS || stream->from.port == PORT_DNS) {
        take_dns_stream(heard, stream, number, moment);
        return;
    }
    switch (sniff_tls(span_of(stream->bytes, stream->used), name)) {
    case SNIFFED_NAME:
        name_end(heard, stream, note_name(heard, WAY_TLS, name, number, moment));
        stream->live = false;
        return;
    case SNIFFED_MORE:
        stream->live = stream->used < MOST_BEGIN;
        return;
    case SNIFFED_NOTHING:
        stream->live = false;
        return;
    case SNIFFED_OTHER:
        take_request(heard, stream, number, moment);
        return;
    }
}

static void take_segment(struct heard *heard, const struct packet *packet, size_t number, double moment)
{
    struct stream *stream = stream_row(heard, packet);
    const bool begins = (packet->flags & TCP_SYN) != 0;
    if (begins)
        begin_stream(stream, packet, packet->sequence + 1);
    if (begins || packet->payload.bytes == 0)
        return;
    const unsigned char first = packet->payload.data[0];
    if (!is_stream(stream, packet)) { /* a capture may begin in the middle: only what looks like a beginning is one */
        if (first != TLS_HANDSHAKE && !(first >= 'A' && first <= 'Z') && packet->to.port != PORT_DNS &&
            packet->from.port != PORT_DNS)
            return;
        begin_stream(stream, packet, packet->sequence);
    }
    if (!stream->live || packet->sequence != stream->next)
        return; /* over, sent again, or out of order: the peer sends what is missing once more */
    const size_t bytes = size_min(packet->payload.bytes, MOST_BEGIN - stream->used);
    memcpy(stream->bytes + stream->used, packet->payload.data, bytes);
    stream->used += bytes;
    stream->next += (uint32_t)packet->payload.bytes;
    read_stream(heard, stream, number, moment);
}

/* ---- packets ----------------------------------------------------------------------------------------------------- */

/* Whoever asks for a connection names its other end by an address at least. */
static void note_address(struct heard *heard, const struct endpoint *address, size_t number, double moment)
{
    char text[ENDPOINT_TEXT];
    if (!heard_address(heard, address) && address_is_public(span_text(endpoint_text(address, text))))
        note_name(heard, WAY_ADDRESS, text, number, moment);
}

void heard_packet(struct heard *heard, struct span ip, size_t number, double moment)
{
    struct packet packet;
    if (!packet_read(ip, &packet))
        return;
    const bool dns = packet.from.port == PORT_DNS || packet.to.port == PORT_DNS;
    if (packet.protocol == IPPROTO_UDP && dns)
        take_message(heard, packet.payload, number, moment);
    if (packet.protocol == IPPROTO_TCP)
        take_segment(heard, &packet, number, moment);
    const bool opens = packet.protocol == IPPROTO_TCP && (packet.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    if (opens || (packet.protocol == IPPROTO_UDP && packet.to.port < 1024))
        note_address(heard, &packet.to, number, moment);
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* ", from 2026-11-24 10:00:00 on for 35 s"; nothing if the capture tells no time. */
static void show_time(const struct heard_name *row, char *out, size_t bytes)
{
    char first[24] = "";
    const double most = 253402300799.0; /* the end of the year 9999 */
    const time_t moment = row->first > 0 && row->first < most ? (time_t)row->first : 0;
    struct tm parts;
    *out = '\0';
    if (!moment || !gmtime_r(&moment, &parts) || !strftime(first, sizeof first, "%Y-%m-%d %H:%M:%S", &parts))
        return;
    if (row->last - row->first >= 1 && row->last < most)
        snprintf(out, bytes, ", from %s on for %.0f s", first, row->last - row->first);
    else
        snprintf(out, bytes, ", %s", first);
}

/* "s3.amazonaws.com: DNS 2 times, TLS 3 times, 2026-11-24 10:00:00" */
static void show_name(const struct heard_name *row, char *out, size_t bytes)
{
    static const char *const ways[WAYS] = { [WAY_ASKED] = "DNS question",
                                            [WAY_ALIAS] = "alias in DNS",
                                            [WAY_TLS] = "TLS",
                                            [WAY_HTTP] = "HTTP",
                                            [WAY_ADDRESS] = "connection" };
    size_t used = (size_t)snprintf(out, bytes, "%.100s", row->name);
    const char *between = ": ";
    for (size_t i = 0; i < WAYS; i++)
        if (row->counts[i] > 0) {
            used += (size_t)snprintf(out + used, bytes - used, "%s%s", between, ways[i]);
            if (row->counts[i] > 1)
                used += (size_t)snprintf(out + used, bytes - used, " (%zu times)", row->counts[i]);
            between = ", ";
        }
    if (row->asked)
        used += (size_t)snprintf(out + used, bytes - used, " of %.60s", row->asked);
    show_time(row, out + used, bytes - used);
}

static enum signal signal_of(const struct heard_name *row)
{
    if (row->counts[WAY_ADDRESS] > 0)
        return SIGNAL_NETWORK;
    return row->counts[WAY_ASKED] + row->counts[WAY_TLS] + row->counts[WAY_HTTP] > 0 ? SIGNAL_DOMAIN : SIGNAL_CNAME;
}

static void tell_name(const struct heard *heard, const struct heard_name *row, struct source *source, struct sink *sink)
{
    char shown[SHOWN];
    show_name(row, shown, sizeof shown);
    const struct mention told = { .signal = signal_of(row),
                                  .value = span_text(row->name),
                                  .line = row->number,
                                  .evidence = EVIDENCE_OBSERVED,
                                  .shown = span_text(shown) };
    const bool known = sign_service(sink, told.signal, told.value) != NULL;
    struct endpoint address;
    if (told.signal == SIGNAL_NETWORK && endpoint_read(row->name, &address) && heard_address(heard, &address))
        return; /* named later */
    if (!known && told.signal == SIGNAL_NETWORK)
        sink_unknown(source, sink, &told, row->name);
    else if (known || told.signal == SIGNAL_DOMAIN) /* an alias that nobody knows is a part of what was asked for */
        mention(source, sink, &told);
}

void heard_tell(const struct heard *heard, struct source *source, struct sink *sink)
{
    for (size_t i = 0; i < heard->name_room; i++)
        if (heard->names[i])
            tell_name(heard, heard->names[i], source, sink);
    if (heard->full)
        source_warn(source, sink, 0, "more than %d names: the later ones are left out", MOST_NAMES);
}

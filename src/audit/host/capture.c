/* capture.c: see capture.h. A capture may be written by anybody: each length is compared with the bytes that are left,
 * each step goes forward, nothing is allocated. */
#include "audit/host/capture.h"

#include <string.h>

enum {
    HEADER = 24, /* of a pcap file */
    RECORD = 16, /* of a packet in it */
    MOST_INTERFACES = 256,
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET_OLD = 2,
    BLOCK_SIMPLE = 3,
    BLOCK_PACKET = 6,
    OPTION_RESOLUTION = 9,
    TELL_EVERY = 4096,
};

static const uint32_t magic_micro = 0xA1B2C3D4, magic_nano = 0xA1B23C4D, magic_order = 0x1A2B3C4D;

struct interface {
    unsigned link;
    double tick; /* seconds */
};

struct capture {
    struct span file;
    size_t at;
    bool big; /* numbers begin with their greatest byte */
    size_t packets;
    const struct capture_visitor *visitor;
    struct interface interfaces[MOST_INTERFACES]; /* of pcapng's section */
    size_t interface_count;
};

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static uint32_t get32_in(struct span bytes, size_t offset, bool big)
{
    uint32_t value = 0;
    if (!span_has(bytes, offset, 4))
        return 0;
    for (size_t i = 0; i < 4; i++)
        value = value << 8 | bytes.data[offset + (big ? i : 3 - i)];
    return value;
}

static uint32_t get32(const struct capture *capture, struct span bytes, size_t offset)
{
    return get32_in(bytes, offset, capture->big);
}

static unsigned get16(const struct capture *capture, struct span bytes, size_t offset)
{
    if (!span_has(bytes, offset, 2))
        return 0;
    const unsigned first = bytes.data[offset], second = bytes.data[offset + 1];
    return capture->big ? first << 8 | second : second << 8 | first;
}

/* ---- packets ----------------------------------------------------------------------------------------------------- */

static bool visit(struct capture *capture, unsigned link, struct span frame, double moment, struct error *error)
{
    const struct span ip = frame_packet(link, frame);
    capture->packets++;
    if (capture->packets % TELL_EVERY == 0 &&
        !progress_tell(capture->visitor->progress, "packets", capture->at, capture->file.bytes))
        return error_set_kind(error, ERROR_STOPPED, "stopped");
    if (ip.bytes > 0)
        capture->visitor->packet(capture->visitor->context, ip, capture->packets, moment);
    return true;
}

static bool is_cut(const struct capture *capture, struct error *error)
{
    return error_set(error, "cut or broken at byte %zu, behind packet %zu: what stands before it was read", capture->at,
                     capture->packets);
}

/* ---- pcap -------------------------------------------------------------------------------------------------------- */

static bool read_pcap(struct capture *capture, double tick, struct error *error)
{
    const struct span file = capture->file;
    const unsigned link = get32(capture, file, 20) & 0xFFFF; /* above it: whether frames have a checksum */
    for (capture->at = HEADER; capture->at < file.bytes;) {
        const size_t bytes = get32(capture, file, capture->at + 8);
        if (!span_has(file, capture->at, RECORD) || !span_has(file, capture->at + RECORD, bytes))
            return is_cut(capture, error);
        const double moment = get32(capture, file, capture->at) + get32(capture, file, capture->at + 4) * tick;
        if (!visit(capture, link, span_of(file.data + capture->at + RECORD, bytes), moment, error))
            return false;
        capture->at += RECORD + bytes;
    }
    return true;
}

/* ---- pcapng ------------------------------------------------------------------------------------------------------ */

/* "if_tsresol": a power of ten, or of two if its highest bit is set. */
static double tick_of(unsigned char resolution)
{
    double tick = 1;
    for (unsigned i = 0; i < (resolution & 0x7Fu); i++)
        tick /= resolution & 0x80 ? 2 : 10;
    return tick;
}

static void take_interface(struct capture *capture, struct span body)
{
    if (capture->interface_count == MOST_INTERFACES)
        return;
    struct interface *interface = &capture->interfaces[capture->interface_count++];
    *interface = (struct interface){ .link = get16(capture, body, 0), .tick = 1e-6 };
    for (size_t at = 8; span_has(body, at, 4);) {
        const unsigned kind = get16(capture, body, at), bytes = get16(capture, body, at + 2);
        if (kind == 0)
            return;
        if (kind == OPTION_RESOLUTION && span_has(body, at + 4, 1))
            interface->tick = tick_of(body.data[at + 4]);
        at += 4 + (bytes + 3u) / 4 * 4;
    }
}

/* The packet in a block: which interface, the time in two halves, bytes that were kept, bytes that there were. */
static bool take_packet(struct capture *capture, struct span body, unsigned interface, struct error *error)
{
    enum { FIXED = 20 };
    const size_t bytes = get32(capture, body, 12);
    if (interface >= capture->interface_count || !span_has(body, FIXED, bytes))
        return true; /* the block has its own length: the next may be sound */
    const double ticks = get32(capture, body, 4) * 4294967296.0 + get32(capture, body, 8);
    return visit(capture, capture->interfaces[interface].link, span_of(body.data + FIXED, bytes),
                 ticks * capture->interfaces[interface].tick, error);
}

static bool take_block(struct capture *capture, uint32_t type, struct span body, struct error *error)
{
    switch (type) {
    case BLOCK_INTERFACE:
        take_interface(capture, body);
        return true;
    case BLOCK_PACKET:
        return take_packet(capture, body, get32(capture, body, 0), error);
    case BLOCK_PACKET_OLD:
        return take_packet(capture, body, get16(capture, body, 0), error);
    case BLOCK_SIMPLE:
        return capture->interface_count == 0 || body.bytes < 4 ||
               visit(capture, capture->interfaces[0].link,
                     span_of(body.data + 4, size_min(body.bytes - 4, get32(capture, body, 0))), 0, error);
    default:
        return true;
    }
}

/* A section begins with the order of its bytes, and has interfaces of its own. */
static void begin_section(struct capture *capture)
{
    capture->big = get32_in(capture->file, capture->at + 8, true) == magic_order;
    capture->interface_count = 0;
}

static bool read_pcapng(struct capture *capture, struct error *error)
{
    enum { LEAST = 12 }; /* type, length, length again */
    const struct span file = capture->file;
    while (capture->at < file.bytes) {
        if (get32_in(file, capture->at, true) == BLOCK_SECTION)
            begin_section(capture);
        const uint32_t type = get32(capture, file, capture->at);
        const size_t bytes = get32(capture, file, capture->at + 4);
        if (bytes < LEAST || bytes % 4 != 0 || !span_has(file, capture->at, bytes))
            return is_cut(capture, error);
        if (!take_block(capture, type, span_of(file.data + capture->at + 8, bytes - LEAST), error))
            return false;
        capture->at += bytes;
    }
    return true;
}

/* ---- which it is ------------------------------------------------------------------------------------------------- */

static bool is_pcap(struct span file, bool big, uint32_t magic)
{
    return file.bytes >= HEADER && get32_in(file, 0, big) == magic;
}

bool capture_begins(struct span file)
{
    const bool next = file.bytes >= HEADER && get32_in(file, 0, true) == BLOCK_SECTION &&
                      (get32_in(file, 8, true) == magic_order || get32_in(file, 8, false) == magic_order);
    return next || is_pcap(file, true, magic_micro) || is_pcap(file, false, magic_micro) ||
           is_pcap(file, true, magic_nano) || is_pcap(file, false, magic_nano);
}

bool capture_read(struct span file, const struct capture_visitor *visitor, struct error *error)
{
    struct capture capture = { .file = file, .visitor = visitor };
    if (!capture_begins(file))
        return error_set(error, "no capture: neither pcap nor pcapng");
    if (get32_in(file, 0, true) == BLOCK_SECTION)
        return read_pcapng(&capture, error);
    capture.big = is_pcap(file, true, magic_micro) || is_pcap(file, true, magic_nano);
    return read_pcap(&capture, get32(&capture, file, 0) == magic_nano ? 1e-9 : 1e-6, error);
}

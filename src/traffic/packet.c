/* packet.c: IP packets, read and written byte by byte. What arrives is from a command that nobody trusts: every length
 * is compared with the bytes that are there. */
#include "traffic/traffic.h"

#include <string.h>

enum {
    HEADER_FOUR = 20,
    HEADER_SIX = 40,
    HEADER_TCP = 20,
    HEADER_UDP = 8,
    HOPS = 64,
};

static unsigned get16(const unsigned char *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static uint32_t get32(const unsigned char *bytes)
{
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static void put16(unsigned char *bytes, size_t value)
{
    bytes[0] = (unsigned char)(value >> 8);
    bytes[1] = (unsigned char)value;
}

static void put32(unsigned char *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value & 0xffff);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static struct span rest(struct span bytes, size_t offset)
{
    return span_of(bytes.data + offset, bytes.bytes - offset);
}

static bool read_tcp(struct span segment, struct packet *out)
{
    if (segment.bytes < HEADER_TCP)
        return false;
    const size_t header = (size_t)(segment.data[12] >> 4) * 4;
    if (header < HEADER_TCP || header > segment.bytes)
        return false;
    out->sequence = get32(segment.data + 4);
    out->flags = segment.data[13];
    out->payload = rest(segment, header);
    return true;
}

static bool read_udp(struct span segment, struct packet *out)
{
    if (segment.bytes < HEADER_UDP)
        return false;
    const size_t length = get16(segment.data + 4);
    if (length < HEADER_UDP || length > segment.bytes)
        return false;
    out->payload = span_of(segment.data + HEADER_UDP, length - HEADER_UDP);
    return true;
}

static bool read_ports(struct span segment, struct packet *out)
{
    out->payload = segment;
    if (out->protocol != IPPROTO_TCP && out->protocol != IPPROTO_UDP)
        return true;
    if (segment.bytes < 4)
        return false;
    out->from.port = (uint16_t)get16(segment.data);
    out->to.port = (uint16_t)get16(segment.data + 2);
    return out->protocol == IPPROTO_TCP ? read_tcp(segment, out) : read_udp(segment, out);
}

static bool read_four(struct span bytes, struct packet *out)
{
    if (bytes.bytes < HEADER_FOUR)
        return false;
    const size_t header = (size_t)(bytes.data[0] & 15) * 4, total = get16(bytes.data + 2);
    const bool fragment = (get16(bytes.data + 6) & 0x3fff) != 0; /* more to come, or not the first */
    if (header < HEADER_FOUR || total < header || total > bytes.bytes || fragment)
        return false;
    out->whole = span_of(bytes.data, total);
    out->protocol = bytes.data[9];
    memcpy(out->from.address, bytes.data + 12, 4);
    memcpy(out->to.address, bytes.data + 16, 4);
    return read_ports(rest(out->whole, header), out);
}

static bool read_six(struct span bytes, struct packet *out)
{
    if (bytes.bytes < HEADER_SIX)
        return false;
    const size_t total = HEADER_SIX + get16(bytes.data + 4);
    if (total > bytes.bytes)
        return false;
    out->whole = span_of(bytes.data, total);
    out->protocol = bytes.data[6];
    out->from.six = out->to.six = true;
    memcpy(out->from.address, bytes.data + 8, 16);
    memcpy(out->to.address, bytes.data + 24, 16);
    return read_ports(rest(out->whole, HEADER_SIX), out);
}

bool packet_read(struct span bytes, struct packet *out)
{
    *out = (struct packet){ 0 };
    const unsigned version = bytes.bytes ? bytes.data[0] >> 4 : 0;
    return version == 4 ? read_four(bytes, out) : version == 6 && read_six(bytes, out);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* The ones' complement sum that all of these protocols check with (RFC 1071), carried on from sum. */
static uint32_t sum_of(uint32_t sum, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        sum += get16(bytes + i);
    if (count % 2)
        sum += (uint32_t)bytes[count - 1] << 8;
    return sum;
}

static unsigned folded(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* Writes the header of IP in front of a segment of that many bytes; returns where the segment goes. */
static unsigned char *put_header(unsigned char *out, const struct endpoint *from, const struct endpoint *to,
                                 uint8_t protocol, size_t segment)
{
    const size_t header = from->six ? HEADER_SIX : HEADER_FOUR;
    memset(out, 0, header);
    if (from->six) {
        out[0] = 6 << 4;
        put16(out + 4, segment);
        out[6] = protocol;
        out[7] = HOPS;
        memcpy(out + 8, from->address, 16);
        memcpy(out + 24, to->address, 16);
        return out + header;
    }
    out[0] = 4 << 4 | HEADER_FOUR / 4;
    put16(out + 2, header + segment);
    out[8] = HOPS;
    out[9] = protocol;
    memcpy(out + 12, from->address, 4);
    memcpy(out + 16, to->address, 4);
    put16(out + 10, folded(sum_of(0, out, header)));
    return out + header;
}

/* The checksum of a segment, with what of the header counts too. */
static unsigned checksum(const struct endpoint *from, const struct endpoint *to, uint8_t protocol,
                         const unsigned char *segment, size_t bytes)
{
    uint32_t sum = sum_of(0, from->address, endpoint_bytes(from));
    sum = sum_of(sum, to->address, endpoint_bytes(to));
    return folded(sum_of(sum + protocol + (uint32_t)bytes, segment, bytes));
}

size_t packet_reset(const struct packet *asked, unsigned char *out)
{
    unsigned char *segment = put_header(out, &asked->to, &asked->from, IPPROTO_TCP, HEADER_TCP);
    memset(segment, 0, HEADER_TCP);
    put16(segment, asked->to.port);
    put16(segment + 2, asked->from.port);
    put32(segment + 8, asked->sequence + 1 + (uint32_t)asked->payload.bytes); /* the SYN counts as one */
    segment[12] = HEADER_TCP / 4 << 4;
    segment[13] = TCP_RST | TCP_ACK;
    put16(segment + 16, checksum(&asked->to, &asked->from, IPPROTO_TCP, segment, HEADER_TCP));
    return (size_t)(segment - out) + HEADER_TCP;
}

/* Type and code: RFC 792, RFC 4443 sections 3.1 and 3.4. */
static void put_cause(const struct packet *asked, bool host, unsigned char *segment)
{
    const bool port = asked->protocol == IPPROTO_UDP;
    if (asked->to.six) {
        segment[0] = host || port ? 1 : 4;
        segment[1] = host ? 3 : port ? 4 : 1;
    } else {
        segment[0] = 3;
        segment[1] = host ? 1 : port ? 3 : 2;
    }
}

size_t packet_unreachable(const struct packet *asked, bool host, unsigned char *out)
{
    enum { HEADER = 8, QUOTED = 512 };
    const size_t quoted = size_min(asked->whole.bytes, QUOTED), bytes = HEADER + quoted;
    const uint8_t protocol = asked->to.six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    unsigned char *segment = put_header(out, &asked->to, &asked->from, protocol, bytes);
    memset(segment, 0, HEADER);
    put_cause(asked, host, segment);
    memcpy(segment + HEADER, asked->whole.data, quoted);
    put16(segment + 2, asked->to.six ? checksum(&asked->to, &asked->from, protocol, segment, bytes)
                                     : folded(sum_of(0, segment, bytes)));
    return (size_t)(segment - out) + bytes;
}

size_t packet_datagram(const struct endpoint *from, const struct endpoint *to, struct span payload, unsigned char *out)
{
    if (payload.bytes > PACKET_MOST - HEADER_SIX - HEADER_UDP)
        return 0;
    const size_t bytes = HEADER_UDP + payload.bytes;
    unsigned char *segment = put_header(out, from, to, IPPROTO_UDP, bytes);
    put16(segment, from->port);
    put16(segment + 2, to->port);
    put16(segment + 4, bytes);
    put16(segment + 6, 0);
    memcpy(segment + HEADER_UDP, payload.data, payload.bytes);
    const unsigned sum = checksum(from, to, IPPROTO_UDP, segment, bytes);
    put16(segment + 6, sum ? sum : 0xffff); /* 0 would mean "none" */
    return (size_t)(segment - out) + bytes;
}

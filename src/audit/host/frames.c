/* frames.c: the IP packet in a frame: behind Ethernet's header with its VLAN tags, Linux' cooked headers, the
 * loopback's family, or nothing. */
#include "audit/host/capture.h"

enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW_BSD = 12,
    LINK_RAW_OPENBSD = 14,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_COOKED = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_COOKED_2 = 276,
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86DD,
    TYPE_VLAN = 0x8100,
    TYPE_VLAN_OUTER = 0x88A8,
    TYPE_VLAN_OLD = 0x9100,
    MOST_TAGS = 4,
};

static unsigned type_at(struct span frame, size_t offset)
{
    return span_has(frame, offset, 2) ? (unsigned)frame.data[offset] << 8 | frame.data[offset + 1] : 0;
}

static struct span behind(struct span frame, size_t header)
{
    return header <= frame.bytes ? span_of(frame.data + header, frame.bytes - header) : (struct span){ 0 };
}

/* What follows a header whose last part is the type; tags may stand between them. */
static struct span behind_type(struct span frame, unsigned type, size_t header)
{
    for (int tags = 0; tags < MOST_TAGS; tags++) {
        if (type != TYPE_VLAN && type != TYPE_VLAN_OUTER && type != TYPE_VLAN_OLD)
            break;
        type = type_at(frame, header + 2);
        header += 4;
    }
    return type == TYPE_IPV4 || type == TYPE_IPV6 ? behind(frame, header) : (struct span){ 0 };
}

struct span frame_packet(unsigned link, struct span frame)
{
    switch (link) {
    case LINK_ETHERNET:
        return behind_type(frame, type_at(frame, 12), 14);
    case LINK_COOKED:
        return behind_type(frame, type_at(frame, 14), 16);
    case LINK_COOKED_2:
        return behind_type(frame, type_at(frame, 0), 20);
    case LINK_NULL:
    case LINK_LOOP:
        return behind(frame, 4);
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_IPV4:
    case LINK_IPV6:
        return frame;
    default:
        return (struct span){ 0 };
    }
}

/* capture.h: packets of a capture's file, one after the other. Private to the room.
 * Sources: the pcap and pcapng formats (IETF opsawg drafts draft-ietf-opsawg-pcap, -pcapng); link types:
 * www.tcpdump.org/linktypes.html. */
#ifndef BASTIDE_AUDIT_CAPTURE_H
#define BASTIDE_AUDIT_CAPTURE_H

#include "base/base.h"

struct capture_visitor {
    /* An IP packet; the how-manieth of the capture it is, from 1; when it came, in seconds since 1970, 0 if unknown. */
    void (*packet)(void *context, struct span ip, size_t number, double moment);
    void *context;
    const struct progress *progress;
};

/* Whether a file that begins so is a capture. */
bool capture_begins(struct span file);

/* Visits all packets that are IP. False if the file ends or breaks in the middle, with the place; what stood before it
 * was visited. ERROR_STOPPED if progress asked for it. */
MUST_USE bool capture_read(struct span file, const struct capture_visitor *visitor, struct error *error);

/* The IP packet in a frame of that link type; empty if there is none, or the link is none that is known. */
struct span frame_packet(unsigned link, struct span frame);

#endif

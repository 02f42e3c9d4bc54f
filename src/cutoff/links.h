/* links.h: addresses and routes of a network namespace, set by the kernel's own protocol for it, so that no other
 * program is needed. Private to the room. Source: rtnetlink(7), RFC 3549. */
#ifndef BASTIDE_CUTOFF_LINKS_H
#define BASTIDE_CUTOFF_LINKS_H

#include "traffic/traffic.h"

/* Makes the TUN device with that name in this process's network namespace and brings it up; *out gives and takes its
 * packets. */
MUST_USE bool link_make(const char *name, int *out, struct error *error);

/* Brings a device up that is there, such as "lo". */
MUST_USE bool link_up(const char *name, struct error *error);

/* Gives the device an address of its own, with nothing beside it. */
MUST_USE bool link_address(const char *name, const struct endpoint *address, struct error *error);

/* Sends all that no other route takes to the device. */
MUST_USE bool link_takes_all(const char *name, bool six, struct error *error);

/* Sends one address to the device. */
MUST_USE bool link_takes(const char *name, const struct endpoint *address, struct error *error);

/* Makes every address that no other route takes one of this machine's own. */
MUST_USE bool link_owns_all(bool six, struct error *error);

#endif

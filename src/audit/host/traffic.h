/* traffic.h: what a capture of a network shows. Private to the room. */
#ifndef BASTIDE_AUDIT_HOST_TRAFFIC_H
#define BASTIDE_AUDIT_HOST_TRAFFIC_H

#include "audit/audit.h"

/* Whether the file is a capture, by how it begins. */
bool traffic_is_capture(const char *path);

/* The report of a capture: names that were asked for and talked to; a finding's line is the packet's number. */
MUST_USE bool traffic_run(const char *path, const struct providers *providers, const struct progress *progress,
                          struct report **out, struct error *error);

#endif

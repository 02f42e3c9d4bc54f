/* gather.h: what several sinks hold, put together: sorted, each service once at each place, hosts of the owner left
 * out. */
#ifndef BASTIDE_AUDIT_GATHER_H
#define BASTIDE_AUDIT_GATHER_H

#include "audit/sink.h"

struct gathered {
    const struct sink *const *sinks;
    size_t count;
    uint64_t files, bytes; /* that were read */
};

/* Makes the report, which copies all it keeps; report_close frees it. */
MUST_USE bool report_make(const struct gathered *from, const struct providers *providers, const char *title,
                          struct report **out, struct error *error);

#endif

/* cut.h: whether something is refused. Private to the room. */
#ifndef BASTIDE_CUTOFF_CUT_H
#define BASTIDE_CUTOFF_CUT_H

#include "cutoff/cutoff.h"
#include "traffic/traffic.h"

/* What is known of something that a command wants to reach. */
struct sought {
    const char *name;               /* "" if none is known; small letters */
    const struct service *by_name;  /* whose name it is; NULL: nobody knows */
    const struct endpoint *address; /* NULL while only a name is asked for */
    const struct service *by_address;
};

bool cut_refuses(const struct cut *cut, const struct sought *sought);

#endif

/* run.h: one run of a drill. Private to the room. */
#ifndef BASTIDE_CUTOFF_RUN_H
#define BASTIDE_CUTOFF_RUN_H

#include "cutoff/cutoff.h"

/* Runs the order's command; cut: NULL for all as it is. number: 1 or 2. */
MUST_USE bool run_once(const struct cutoff_order *order, const struct cut *cut, int number, struct arena *arena,
                       struct cutoff_run *out, struct error *error);

#endif

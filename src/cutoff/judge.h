/* judge.h: what two runs say. Private to the room. */
#ifndef BASTIDE_CUTOFF_JUDGE_H
#define BASTIDE_CUTOFF_JUDGE_H

#include "cutoff/cutoff.h"

/* Fills the verdict and its reasons from the runs. */
MUST_USE bool judge(struct cutoff_result *result, struct arena *arena, struct error *error);

#endif

/* drill.c: a drill: the run with the cut first, so that it finds nothing that the other one fetched. */
#include "cutoff/judge.h"
#include "cutoff/run.h"

bool cutoff_drill(const struct cutoff_order *order, struct arena *arena, struct cutoff_result *out, struct error *error)
{
    *out = (struct cutoff_result){ 0 };
    return run_once(order, order->cut, 1, arena, &out->runs[0], error) &&
           run_once(order, NULL, 2, arena, &out->runs[1], error) && judge(out, arena, error);
}

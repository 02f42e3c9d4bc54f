/* plan.c: the way out, in order: what takes the most risk away for the least work comes first.
 *
 *   risk     weight of the level; twice that if all stops at once, half as much again if work is hindered at once
 *   work     of the alternative with the least effort: hours 1 day, days 3, weeks 15, months 60
 *   horizon  one person works through the list: 20 working days fit into 30 days, 60 into 90, 240 into 365
 *
 * Only what another law than the Union's reaches is to be left; a note is no reason to move anything. */
#include "audit/summary.h"

#include <stdlib.h>
#include <string.h>

double effort_days(const char *effort)
{
    static const struct {
        const char *name;
        double days;
    } efforts[] = { { "hours", 1 }, { "days", 3 }, { "weeks", 15 }, { "months", 60 } };
    for (size_t i = 0; i < LENGTH(efforts); i++)
        if (effort && strcmp(efforts[i].name, effort) == 0)
            return efforts[i].days;
    return 60;
}

static double risk_of(const struct dependency *dependency)
{
    static const double urgency[CUTS] = {
        [CUT_STOPS] = 2, [CUT_HINDERS] = 1.5, [CUT_LATER] = 1.2, [CUT_UNFELT] = 1, [CUT_UNKNOWN] = 1
    };
    return level_weight(dependency->level) * urgency[dependency->cut];
}

static bool is_to_be_left(const struct dependency *dependency)
{
    return dependency->service && dependency->outside && dependency->level != LEVEL_NOTE;
}

static int compare_steps(const void *left, const void *right)
{
    const struct step *a = left, *b = right;
    if ((a->work > 0) != (b->work > 0))
        return a->work > 0 ? -1 : 1;
    const double gain_a = a->work > 0 ? a->risk / a->work : a->risk, gain_b = b->work > 0 ? b->risk / b->work : b->risk;
    if (gain_a < gain_b || gain_a > gain_b)
        return gain_a > gain_b ? -1 : 1;
    return a->dependency < b->dependency ? -1 : a->dependency > b->dependency;
}

static int horizon_of(double work_until_then)
{
    static const struct {
        double work;
        int days;
    } horizons[] = { { 20, 30 }, { 60, 90 }, { 240, 365 } };
    for (size_t i = 0; i < LENGTH(horizons); i++)
        if (work_until_then <= horizons[i].work)
            return horizons[i].days;
    return 0;
}

bool plan_make(struct arena *arena, struct summary *summary, struct error *error)
{
    summary->plan = arena_take(arena, summary->dependency_count + 1, sizeof *summary->plan);
    if (!summary->plan)
        return error_memory(error, summary->dependency_count * sizeof *summary->plan);
    for (size_t i = 0; i < summary->dependency_count; i++) {
        const struct dependency *dependency = &summary->dependencies[i];
        if (is_to_be_left(dependency))
            summary->plan[summary->step_count++] =
                (struct step){ .dependency = dependency,
                               .work = dependency->way_out ? effort_days(dependency->way_out->effort) : 0,
                               .risk = risk_of(dependency) };
    }
    qsort(summary->plan, summary->step_count, sizeof *summary->plan, compare_steps);
    double work = 0;
    for (size_t i = 0; i < summary->step_count && summary->plan[i].work > 0; i++) {
        work += summary->plan[i].work;
        summary->plan[i].horizon = horizon_of(work);
    }
    return true;
}

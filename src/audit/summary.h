/* summary.h: what the summary's files share. Private to the room. */
#ifndef BASTIDE_AUDIT_SUMMARY_H
#define BASTIDE_AUDIT_SUMMARY_H

#include "audit/audit.h"

/* How much a dependency of that level weighs. */
double level_weight(enum level level);

/* Days of work of one person that "hours", "days", "weeks", "months" stand for; 60 for any other word. */
double effort_days(const char *effort);

/* Fills the plan of a summary whose dependencies are there. */
MUST_USE bool plan_make(struct arena *arena, struct summary *summary, struct error *error);

#endif

/* results.h: the forms that a report can be written in: a file each in results/, a row each in results.c. */
#ifndef BASTIDE_AUDIT_RESULTS_H
#define BASTIDE_AUDIT_RESULTS_H

#include "audit/audit.h"

MUST_USE bool result_json(const struct report *report, FILE *stream, struct error *error);

#endif

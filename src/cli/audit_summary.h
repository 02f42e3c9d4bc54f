/* audit_summary.h: a report on the terminal. Private to the room. */
#ifndef BASTIDE_CLI_AUDIT_SUMMARY_H
#define BASTIDE_CLI_AUDIT_SUMMARY_H

#include "audit/audit.h"
#include "cli/cli.h"

/* Writes what a person needs to know first, in the width of the terminal. path: as it was typed, for what to run next.
 */
MUST_USE bool audit_summarise(const struct report *report, const char *path, struct error *error);

#endif

/* process.h: processes as /proc shows them. Private to the folder. Source: proc(5). */
#ifndef BASTIDE_AUDIT_PROCESS_H
#define BASTIDE_AUDIT_PROCESS_H

#include "audit/host/machine.h"

enum { PROCESS_FILE = 64, MOST_PID_DIGITS = 10 };

/* Calls visit with the number of each process but this one. */
void process_each(struct machine *machine, void (*visit)(struct machine *machine, const char *pid, void *context),
                  void *context);

/* What stands for the process in a finding: "process/1234 nginx". */
void process_file(struct machine *machine, const char *pid, char out[PROCESS_FILE]);

#endif

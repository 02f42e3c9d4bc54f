/* group.h: the control groups that this process is in; they limit what a container or a service may take. Private to
 * the room. */
#ifndef BASTIDE_BASE_GROUP_H
#define BASTIDE_BASE_GROUP_H

#include "base/base.h"

/* Calls look with the folder of this process's group and of each group above it: every one of them limits it. Finds
 * nothing where the system has no cgroup v2. */
void group_each(void (*look)(void *context, const char *folder), void *context);

/* What follows key in the first line of folder/file that begins with it ("": the first line), in line; false if there
 * is none. */
bool group_line(const char *folder, const char *file, const char *key, char line[256]);

/* The number at the beginning of that; fallback where there is none, which is how groups say "max". */
size_t group_number(const char *folder, const char *file, const char *key, size_t fallback);

#endif

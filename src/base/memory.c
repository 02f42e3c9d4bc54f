/* memory.c: how much memory this process may still take. */
#include "base/group.h"

#include <stdlib.h>

static void look_at_group(void *context, const char *folder)
{
    size_t *least = context;
    const size_t most = group_number(folder, "memory.max", "", SIZE_MAX);
    if (most == SIZE_MAX)
        return;
    /* Pages of files count as used but are given back when somebody needs the memory. */
    const size_t current = group_number(folder, "memory.current", "", 0);
    const size_t cached = group_number(folder, "memory.stat", "inactive_file ", 0);
    const size_t used = current > cached ? current - cached : 0;
    *least = size_min(*least, most > used ? most - used : 0);
}

size_t memory_available(void)
{
    size_t available;
    if (!size_multiply(group_number("/proc", "meminfo", "MemAvailable:", SIZE_MAX), 1024, &available))
        available = SIZE_MAX / 2; /* a system that does not say */
    group_each(look_at_group, &available);
    const char *wanted = getenv("BASTIDE_MEMORY");
    size_t limit;
    if (wanted && size_parse(wanted, &limit))
        available = size_min(available, limit);
    return available;
}

bool memory_check_setting(struct error *error)
{
    const char *wanted = getenv("BASTIDE_MEMORY");
    size_t limit;
    return !wanted || size_parse(wanted, &limit) ||
           error_set_kind(error, ERROR_WRONG_USE, "BASTIDE_MEMORY=%s: a size such as 512M or 4G is wanted", wanted);
}

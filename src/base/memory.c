/* memory.c: how much memory this process may still take. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first number after the key in a small system file; fallback where there is none ("max" in a control group). */
static size_t read_number(const char *path, const char *key, size_t fallback)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fallback;
    char line[256];
    size_t number = fallback;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        char *end;
        const unsigned long long value = strtoull(line + strlen(key), &end, 10);
        if (end != line + strlen(key))
            number = (size_t)value;
        break;
    }
    fclose(file);
    return number;
}

size_t memory_available(void)
{
    const size_t unknown = SIZE_MAX / 2;
    size_t available = read_number("/proc/meminfo", "MemAvailable:", unknown / 1024) * 1024;
    const size_t group = read_number("/sys/fs/cgroup/memory.max", "", unknown);
    /* Pages of files count as used but are given back when somebody needs the memory. */
    const size_t current = read_number("/sys/fs/cgroup/memory.current", "", 0);
    const size_t cached = read_number("/sys/fs/cgroup/memory.stat", "inactive_file ", 0);
    const size_t used = current > cached ? current - cached : 0;
    available = size_min(available, group > used ? group - used : 0);
    const char *wanted = getenv("BASTIDE_MEMORY");
    size_t limit;
    if (wanted && size_parse(wanted, &limit))
        available = size_min(available, limit);
    return available;
}

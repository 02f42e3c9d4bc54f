/* group.c: control groups, version 2: folders of small text files; a process is in one, and in those above.
 * Source: docs.kernel.org/admin-guide/cgroup-v2.html */
#include "base/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char groups[] = "/sys/fs/cgroup";

/* Appends the path in the line "0::/path" of /proc/self/cgroup to out, which holds what stands above all groups. */
static void add_own_path(char *out, size_t capacity)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return;
    char line[1024];
    while (fgets(line, sizeof line, file)) {
        const size_t length = strcspn(line, "\n");
        line[length] = '\0';
        /* Outside of this process's view ("/../x") or longer than the line: the root alone is looked at. */
        const bool usable = strncmp(line, "0::/", 4) == 0 && !strstr(line, "/..") && length + 1 < sizeof line;
        if (usable && strlen(out) + length < capacity)
            memcpy(out + strlen(out), line + 3, length - 3 + 1);
    }
    fclose(file);
}

void group_each(void (*look)(void *context, const char *folder), void *context)
{
    char folder[sizeof groups + 1024];
    memcpy(folder, groups, sizeof groups);
    add_own_path(folder, sizeof folder);
    for (;;) {
        look(context, folder);
        char *slash = strrchr(folder, '/');
        if (slash < folder + strlen(groups))
            return;
        *slash = '\0';
    }
}

bool group_line(const char *folder, const char *file, const char *key, char line[256])
{
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *stream = fopen(path, "re");
    if (!stream)
        return false;
    const size_t length = strlen(key);
    bool found = false;
    while (!found && fgets(line, 256, stream))
        found = strncmp(line, key, length) == 0;
    if (found)
        memmove(line, line + length, strlen(line + length) + 1);
    fclose(stream);
    return found;
}

size_t group_number(const char *folder, const char *file, const char *key, size_t fallback)
{
    char line[256], *end;
    if (!group_line(folder, file, key, line))
        return fallback;
    const unsigned long long number = strtoull(line, &end, 10);
    return end != line ? (size_t)number : fallback;
}

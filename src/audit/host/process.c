/* process.c: see process.h. */
#include "audit/host/process.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct each {
    void (*visit)(struct machine *machine, const char *pid, void *context);
    void *context;
};

static bool is_number(const char *name)
{
    const size_t length = strlen(name);
    return length > 0 && length <= MOST_PID_DIGITS && strspn(name, "0123456789") == length;
}

static void visit_entry(struct machine *machine, const char *path, void *context)
{
    const struct each *each = context;
    const char *pid = strrchr(path, '/') + 1;
    if (is_number(pid) && strtol(pid, NULL, 10) != getpid())
        each->visit(machine, pid, each->context);
}

void process_each(struct machine *machine, void (*visit)(struct machine *machine, const char *pid, void *context),
                  void *context)
{
    struct each each = { visit, context };
    machine_each(machine, "/proc/*", visit_entry, &each);
}

void process_file(struct machine *machine, const char *pid, char out[PROCESS_FILE])
{
    enum { LONGEST_NAME = 16 };
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    int used = snprintf(out, PROCESS_FILE, "process/%s", pid);
    if (!machine_bytes(machine, path, LONGEST_NAME + 1) || used <= 0)
        return;
    const struct span name = span_trim(buffer_span(&machine->bytes));
    out[used++] = ' ';
    for (size_t i = 0; i < size_min(name.bytes, LONGEST_NAME); i++) /* a process names itself as it likes */
        out[used++] = (char)(name.data[i] > ' ' && name.data[i] < 127 && name.data[i] != '/' ? name.data[i] : '_');
    out[used] = '\0';
}

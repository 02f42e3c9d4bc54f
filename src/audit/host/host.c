/* host.c: a machine's report: its origins are read one after the other, then put together as a folder's files are. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/gather.h"
#include "audit/host/machine.h"
#include "audit/source.h"

/* ---- whose homes ------------------------------------------------------------------------------------------------- */

static bool has_home(const struct machine *machine, const char *home, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(machine->home[i], home) == 0)
            return true;
    return false;
}

/* Of people and root: those of daemons hold no settings of command lines. */
static void read_homes(struct machine *machine)
{
    size_t at = 0, count = 0;
    struct span line;
    if (!machine_bytes(machine, "/etc/passwd", 1 << 20))
        return;
    while (next_line(buffer_span(&machine->bytes), &at, &line) && count + 1 < LENGTH(machine->home)) {
        for (int field = 0; field < 5 && line.bytes > 0; field++)
            line = span_from(line, size_min(line.bytes, span_find(line, ":") + 1));
        line.bytes = span_find(line, ":");
        const bool is_home = span_is(line, "/root") || span_begins(line, "/home/");
        const char *home = is_home && span_find(line, "/..") == line.bytes ? arena_text(&machine->homes, line) : NULL;
        if (home && !has_home(machine, home, count))
            machine->home[count++] = home;
    }
}

/* ---- the machine's name ------------------------------------------------------------------------------------------ */

static void name_machine(struct machine *machine, const char *root, char out[HOST_NAME_MAX + 1])
{
    if (strcmp(root, "/") == 0 && gethostname(out, HOST_NAME_MAX) == 0 && *out) {
        out[HOST_NAME_MAX] = '\0';
        return;
    }
    struct span name = { 0 };
    size_t at = 0;
    if (machine_bytes(machine, "/etc/hostname", 4096) && next_line(buffer_span(&machine->bytes), &at, &name))
        name = span_trim(name);
    struct error clean; /* takes out what would act on a terminal */
    error_set(&clean, "%.*s", (int)size_min(name.bytes, HOST_NAME_MAX), (const char *)name.data);
    snprintf(out, HOST_NAME_MAX + 1, "%.64s", name.bytes ? clean.text : "machine");
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void tell_denied(struct machine *machine)
{
    char text[400];
    if (machine->denied == 0)
        return;
    snprintf(text, sizeof text,
             "%zu file%s of the machine may not be read by this user, the first is %s: as root there is more to see",
             machine->denied, machine->denied == 1 ? "" : "s", machine->first_denied);
    struct error clean;
    error_set(&clean, "%s", text);
    sink_warn(&machine->sink, "/", clean.text);
}

static bool read_origins(struct machine *machine, struct error *error)
{
    size_t count;
    const struct origin *const *origins = machine_origins(&count);
    read_homes(machine);
    for (size_t i = 0; i < count && !machine->stopped; i++) {
        if (!progress_tell(machine->progress, origins[i]->name, i, count))
            machine->stopped = true;
        else
            origins[i]->read(machine);
    }
    tell_denied(machine);
    return !machine->stopped || error_set_kind(error, ERROR_STOPPED, "stopped");
}

bool audit_machine(const struct machine_wishes *wishes, const struct providers *providers,
                   const struct progress *progress, struct report **out, struct error *error)
{
    const char *root = wishes->root ? wishes->root : "/";
    char name[HOST_NAME_MAX + 1] = "";
    struct machine machine = { .root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                               .sink.providers = providers,
                               .progress = progress,
                               .seconds = wishes->seconds };
    if (machine.root < 0)
        return error_system(error, root, "open");
    const struct sink *sink = &machine.sink;
    bool good = read_origins(&machine, error);
    name_machine(&machine, root, name);
    const struct gathered from = { &sink, 1, machine.files, machine.read };
    good = good && report_make(&from, providers, name, out, error);
    sink_free(&machine.sink);
    buffer_free(&machine.bytes);
    arena_free(&machine.homes);
    close(machine.root);
    return good;
}

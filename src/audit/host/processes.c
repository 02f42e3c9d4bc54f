/* processes.c: the environment of what runs, as far as /proc lets this user read it: names of variables that are of use
 * with one provider alone. Values are looked at only to see that a name is not of another's service (S3_ENDPOINT leads
 * to a MinIO: then AWS_ACCESS_KEY_ID is none of Amazon's); no part of one is ever kept or shown. */
#include <stdlib.h>
#include <string.h>

#include "audit/host/process.h"
#include "audit/source.h"

enum { MOST_ENVIRONMENT = 256 << 10 };

static const char *program_of(const char *file)
{
    const char *blank = strchr(file, ' ');
    return blank ? blank : file;
}

static bool is_told(const struct sink *sink, size_t begin, size_t end, const struct finding *finding)
{
    for (size_t i = begin; i < end; i++)
        if (sink->findings[i].service == finding->service &&
            strcmp(program_of(sink->findings[i].file), program_of(finding->file)) == 0)
            return true;
    return false;
}

/* Of what the setting told since, keeps the service that its name alone is a sign of, and shows the name alone. */
static void keep_name(struct sink *sink, size_t begin, size_t before, struct span name)
{
    const struct service *service = providers_find(sink->providers, SIGNAL_VARIABLE, name);
    size_t kept = before;
    for (size_t i = before; i < sink->finding_count; i++) {
        struct finding finding = sink->findings[i];
        if (finding.service != service || !service || is_told(sink, begin, kept, &finding))
            continue;
        finding.text = arena_format(&sink->arena, "%.*s is set", (int)size_min(name.bytes, 100),
                                    (const char *)name.data);
        if (finding.text)
            sink->findings[kept++] = finding;
    }
    sink->finding_count = kept;
}

/* Names that say how a program behaves, whoever it talks to: they are set where nobody has an account. */
static bool is_manners(struct span name)
{
    static const char *const endings[] = { "_CA_BUNDLE",      "_CA_CERTS_FILE", "_PAGER",   "_DISABLE_PROMPTS",
                                           "_DEFAULT_OUTPUT", "_OPTOUT",        "_OPT_OUT", "_PYTHON" };
    for (size_t i = 0; i < LENGTH(endings); i++)
        if (span_ends(name, endings[i]))
            return true;
    return false;
}

static void tell_environment(struct source *source, struct sink *sink, size_t begin)
{
    size_t at = 0, number = 0;
    for (struct span line; next_line(source->text, &at, &line);) {
        number++;
        const size_t equals = span_find(line, "=");
        const struct span name = span_part(line, 0, equals);
        if (equals == line.bytes || is_manners(name) || !providers_find(sink->providers, SIGNAL_VARIABLE, name))
            continue;
        const size_t before = sink->finding_count;
        mention_setting(source, sink, name, span_from(line, equals + 1), number);
        keep_name(sink, begin, before, name);
    }
}

/* "A=b\0C=d\0" to lines. */
static bool make_lines(struct source *source, struct span environment)
{
    char *lines = arena_text(source->arena, environment);
    for (size_t i = 0; lines && i < environment.bytes; i++)
        lines[i] = lines[i] == '\0' ? '\n' : lines[i] == '\n' ? ' ' : lines[i];
    source->text = span_of(lines, lines ? environment.bytes : 0);
    return lines && utf8_valid_prefix(source->text) == source->text.bytes;
}

static void read_process(struct machine *machine, const char *pid, void *context)
{
    char path[64], file[PROCESS_FILE];
    const size_t *begin = context;
    struct arena arena = { 0 };
    struct trees trees = { 0 };
    struct source source = { .arena = &arena, .trees = &trees };
    process_file(machine, pid, file);
    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    machine_source(&source, file);
    if (machine_bytes(machine, path, MOST_ENVIRONMENT) && make_lines(&source, buffer_span(&machine->bytes)))
        tell_environment(&source, &machine->sink, *begin);
    arena_free(&arena);
}

static void put_at_line_one(struct sink *sink, size_t begin)
{
    for (size_t i = begin; i < sink->finding_count; i++)
        sink->findings[i].line = 1; /* an environment has no lines */
}

static void read_all(struct machine *machine)
{
    size_t begin = machine->sink.finding_count;
    process_each(machine, read_process, &begin);
    put_at_line_one(&machine->sink, begin);
}

const struct origin origin_processes = { .name = "processes", .read = read_all };

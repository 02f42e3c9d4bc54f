/* audit.c: bastide audit. */
#include "audit/audit.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    { "format", 'f', "FORM", "json, csv, html, cyclonedx or sarif; without it, a summary for people" },
    { "output", 'o', "FILE", "write the result there, whole or not at all" },
    { "all", 'a', NULL, "also what .gitignore leaves out" },
    { "providers", 0, "FILE", "entries of your own for the register of providers" },
    { "threads", 't', "N", "how many threads read (one for each core)" },
    { 0 },
};

static bool summarise(const struct report *report, struct error *error)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct finding *finding = &report->findings[i];
        if (!print(error, "%-8s %s:%zu: %s\n", level_name(finding->level), finding->file, finding->line,
                   finding->service ? finding->service->name : finding->host))
            return false;
    }
    return print(error, "%zu findings in %llu files.\n", report->finding_count, (unsigned long long)report->files);
}

static bool write_result(const struct report *report, const struct arguments *arguments, struct error *error)
{
    const char *form = option_text(arguments, "format", "json"), *path = option_text(arguments, "output", NULL);
    struct replacement file;
    if (!path)
        return result_write(report, form, stdout, error);
    if (!replacement_begin(path, &file, error))
        return false;
    const bool written = result_write(report, form, file.stream, error);
    return replacement_end(&file, written, written ? error : NULL) && written;
}

static bool show(const struct report *report, const struct arguments *arguments, struct error *error)
{
    if (option_given(arguments, "format") || option_given(arguments, "output"))
        return write_result(report, arguments, error);
    for (size_t i = 0; i < report->warning_count; i++)
        fprintf(stderr, "bastide: %s: %s\n", report->warnings[i].file, report->warnings[i].text);
    return summarise(report, error);
}

static enum status run_audit(const struct arguments *arguments, struct error *error)
{
    struct providers *providers = NULL;
    struct report *report = NULL;
    uint64_t threads = 0;
    if (!option_integer(arguments, "threads", 1, 256, &threads, error) ||
        !providers_open(option_text(arguments, "providers", NULL), &providers, error))
        return status_of(error);
    const struct audit_wishes wishes = { .path = argument(arguments, 0),
                                         .ignored_too = option_given(arguments, "all"),
                                         .threads = (unsigned)threads };
    const bool good = audit_run(&wishes, providers, terminal_counter(), &report, error) &&
                      show(report, arguments, error);
    report_close(report);
    providers_close(providers);
    return good ? STATUS_DONE : status_of(error);
}

const struct command command_audit = {
    .name = "audit",
    .takes = "PATH",
    .does = "who a folder depends on, under whose law, and the way out",
    .details = "Reads infrastructure code, manifests, settings, programs, pages and zone files below PATH; uses no\n"
               "network. What .gitignore leaves out is not read.\n",
    .examples = "  bastide audit .\n"
                "  bastide audit . --format html --output dependencies.html\n"
                "  bastide audit . --format json\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run_audit,
};

/* audit.c: bastide audit. */
#include "audit/audit.h"
#include "cli/audit_summary.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    { "format", 'f', "FORM", "json, csv, html, cyclonedx or sarif; without it, a summary for people" },
    { "output", 'o', "FILE", "write the result there, whole or not at all" },
    { "fail-on", 0, "LEVEL", "status 1 from note, warning or critical on; new: for what the baseline has not" },
    { "baseline", 0, "FILE", "a result of before, as json: what it has is known" },
    { "waivers", 0, "FILE", "what is waived, why, until when (" WAIVERS_FILE " in PATH)" },
    { "host", 0, NULL, "this machine: packages, resolvers, services, what runs, whom it talks to" },
    { "live", 0, NULL, "the same, and connections are watched for a while" },
    { "seconds", 0, "N", "how long --live watches (30)" },
    { "root", 0, "FOLDER", "with --host: a machine's files below FOLDER, an image or a mounted disk" },
    { "all", 'a', NULL, "also what .gitignore leaves out" },
    { "providers", 0, "FILE", "entries of your own for the register of providers" },
    { "threads", 't', "N", "how many threads read (one for each core)" },
    { 0 },
};

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
    return audit_summarise(report, argument(arguments, 0) ? argument(arguments, 0) : "--host", error) &&
           print_flush(error);
}

/* ---- the gate ---------------------------------------------------------------------------------------------------- */

/* *wanted: whether there is a threshold at all. */
static bool read_threshold(const struct arguments *arguments, bool *wanted, enum level *least, struct error *error)
{
    const char *name = option_text(arguments, "fail-on", NULL);
    *wanted = name != NULL;
    *least = LEVEL_NOTE;
    if (!name || level_named(name, least))
        return true;
    if (strcmp(name, "new") != 0)
        return error_set_kind(error, ERROR_WRONG_USE, "--fail-on %s: new, note, warning or critical is wanted", name);
    return option_given(arguments, "baseline") ||
           error_set_kind(error, ERROR_WRONG_USE,
                          "--fail-on new: new since when: give --baseline FILE, a result that "
                          "was made with --format json");
}

/* Before anything is read: who types a form wrong need not wait for it. */
static bool check_form(const struct arguments *arguments, struct error *error)
{
    const char *form = option_text(arguments, "format", "json");
    for (const char *const *known = result_forms(); *known; known++)
        if (strcmp(*known, form) == 0)
            return true;
    return error_set_kind(error, ERROR_WRONG_USE, "--format %s: json, csv, html, cyclonedx or sarif is wanted", form);
}

/* The file that was named must be there; the one in the folder need not. */
static bool waive(struct report *report, const struct arguments *arguments, struct error *error)
{
    const char *named = option_text(arguments, "waivers", NULL);
    if (named)
        return access(named, R_OK) == 0 ? report_waive(report, named, error) : error_system(error, named, "open");
    if (!argument(arguments, 0))
        return true;
    struct arena arena = { 0 };
    const char *path = arena_format(&arena, "%s/" WAIVERS_FILE, argument(arguments, 0));
    const bool waived = path ? report_waive(report, path, error) : error_memory(error, 0);
    arena_free(&arena);
    return waived;
}

static bool prepare(struct report *report, const struct arguments *arguments, struct error *error)
{
    const char *baseline = option_text(arguments, "baseline", NULL);
    return waive(report, arguments, error) && (!baseline || report_compare(report, baseline, error));
}

static enum status judge(const struct report *report, const struct arguments *arguments, enum level least)
{
    struct error told = { 0 };
    const size_t over = report_over(report, least);
    if (over == 0)
        return STATUS_DONE;
    error_set(&told, "%zu finding%s over the threshold (--fail-on %s) %s neither known nor waived", over,
              over == 1 ? "" : "s", option_text(arguments, "fail-on", ""), over == 1 ? "is" : "are");
    show_error(&told);
    return STATUS_NO;
}

/* ---- what is read ------------------------------------------------------------------------------------------------ */

static bool wants_machine(const struct arguments *arguments)
{
    return option_given(arguments, "host") || option_given(arguments, "live");
}

static bool check_path(const struct arguments *arguments, struct error *error)
{
    if (wants_machine(arguments))
        return !argument(arguments, 0) ||
               error_set_kind(
                   error, ERROR_WRONG_USE,
                   "audit: --host reads this machine, not %s; of a machine in a folder: --host --root FOLDER",
                   argument(arguments, 0));
    if (option_given(arguments, "seconds") || option_given(arguments, "root"))
        return error_set_kind(error, ERROR_WRONG_USE, "audit: --%s goes with --%s",
                              option_given(arguments, "root") ? "root" : "seconds",
                              option_given(arguments, "root") ? "host" : "live");
    return argument(arguments, 0) ||
           error_set_kind(error, ERROR_WRONG_USE, "audit: what: a PATH, or --host for this machine");
}

static bool read_machine(const struct providers *providers, const struct arguments *arguments, struct report **report,
                         struct error *error)
{
    uint64_t seconds = 30;
    if (!option_integer(arguments, "seconds", 1, 86400, &seconds, error))
        return false;
    const struct machine_wishes wishes = { .root = option_text(arguments, "root", NULL),
                                           .seconds = option_given(arguments, "live") ? (unsigned)seconds : 0 };
    return audit_machine(&wishes, providers, terminal_counter(), report, error);
}

static bool read_what(const struct providers *providers, const struct arguments *arguments, struct report **report,
                      struct error *error)
{
    uint64_t threads = 0;
    if (!check_path(arguments, error) || !option_integer(arguments, "threads", 1, 256, &threads, error))
        return false;
    if (wants_machine(arguments))
        return read_machine(providers, arguments, report, error);
    const struct audit_wishes wishes = { .path = argument(arguments, 0),
                                         .ignored_too = option_given(arguments, "all"),
                                         .threads = (unsigned)threads };
    return audit_run(&wishes, providers, terminal_counter(), report, error);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static enum status audit_with(const struct providers *providers, const struct arguments *arguments, struct error *error)
{
    bool gate;
    enum level least;
    struct report *report = NULL;
    const bool good = check_form(arguments, error) && read_threshold(arguments, &gate, &least, error) &&
                      read_what(providers, arguments, &report, error) && prepare(report, arguments, error) &&
                      show(report, arguments, error);
    const enum status status = !good ? status_of(error) : gate ? judge(report, arguments, least) : STATUS_DONE;
    report_close(report);
    return status;
}

static enum status run_audit(const struct arguments *arguments, struct error *error)
{
    struct providers *providers = NULL;
    if (!providers_open_own(option_text(arguments, "providers", NULL), &providers, error))
        return status_of(error);
    const enum status status = audit_with(providers, arguments, error);
    providers_close(providers);
    return status;
}

const struct command command_audit = {
    .name = "audit",
    .takes = "[PATH]",
    .does = "who a folder or a machine depends on, under whose law, and the way out",
    .details =
        "Reads infrastructure code, manifests, settings, programs, pages and zone files below PATH; uses no\n"
        "network. What .gitignore leaves out is not read. PATH may be a file, too; of a capture (pcap, pcapng) names\n"
        "that were asked for and talked to count. --host reads this machine, as far as this user may: no root\n"
        "needed.\n",
    .examples = "  bastide audit .\n"
                "  bastide audit . --format html --output dependencies.html\n"
                "  bastide audit . --format json --output known.json\n"
                "  bastide audit . --baseline known.json --fail-on new\n"
                "  bastide audit --host\n"
                "  bastide audit --live --seconds 60\n"
                "  bastide audit --host --root /mnt/disk --format html --output machine.html\n"
                "  bastide audit capture.pcap\n",
    .options = options,
    .most = 1,
    .run = run_audit,
};

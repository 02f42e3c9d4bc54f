/* cutoff.c: bastide cutoff. */
#include "cli/drill.h"
#include "cli/interrupt.h"
#include "cutoff/cutoff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_TIMEOUT = 300, MOST_GIVEN = 64 };

/* What the line says, as arrays. */
struct line {
    const char *names[MOST_GIVEN];
    size_t name_count;
    const char **words;
    const char *reachable[MOST_GIVEN];
    size_t reachable_count;
    const char *fresh[MOST_GIVEN];
    size_t fresh_count;
};

static size_t gather(const struct arguments *arguments, const char *option, const char **out)
{
    size_t count = 0;
    while (count < MOST_GIVEN && (out[count] = option_at(arguments, option, count)))
        count++;
    return count;
}

static enum cut_kind kind_of(const struct arguments *arguments)
{
    return option_given(arguments, "everything") ? CUT_EVERYTHING
           : option_given(arguments, "all-but")  ? CUT_ALL_BUT
                                                 : CUT_THESE;
}

static bool check(const struct arguments *arguments, int before, struct error *error)
{
    const enum cut_kind kind = kind_of(arguments);
    const char *why = NULL;
    if (option_given(arguments, "everything") && option_given(arguments, "all-but"))
        why = "--everything and --all-but: one of them";
    else if (argument_count(arguments) == before)
        why = "no command: it stands behind --, as in bastide cutoff aws -- make";
    else if (kind == CUT_EVERYTHING && before > 0)
        why = "--everything needs no names";
    else if (kind != CUT_EVERYTHING && before == 0)
        why = "name what to cut before --, or say --everything";
    else if (before > MOST_GIVEN)
        why = "too many names";
    return !why || error_set_kind(error, ERROR_WRONG_USE, "%s: see bastide cutoff --help", why);
}

static bool read_line(const struct arguments *arguments, struct arena *arena, struct line *line, struct error *error)
{
    const int before = argument_count_before_end(arguments), count = argument_count(arguments);
    *line = (struct line){ 0 };
    if (!check(arguments, before, error))
        return false;
    for (int i = 0; i < before; i++)
        line->names[line->name_count++] = argument(arguments, i);
    line->words = arena_take(arena, (size_t)(count - before) + 1, sizeof *line->words);
    if (!line->words)
        return error_memory(error, (size_t)count * sizeof *line->words);
    for (int i = before; i < count; i++)
        line->words[i - before] = argument(arguments, i);
    line->reachable_count = gather(arguments, "reach", line->reachable);
    line->fresh_count = gather(arguments, "fresh", line->fresh);
    const char *agent = getenv("SSH_AUTH_SOCK"); /* it signs, and carries nothing */
    if (agent && line->reachable_count < MOST_GIVEN)
        line->reachable[line->reachable_count++] = agent;
    return true;
}

/* ---- what is seen meanwhile -------------------------------------------------------------------------------------- */

static void pass_on(void *context, struct span text)
{
    (void)context;
    for (size_t done = 0; done < text.bytes;) {
        const ssize_t written = write(STDERR_FILENO, text.data + done, text.bytes - done);
        if (written < 0 && errno != EINTR)
            return; /* nobody reads it: it is in the record all the same */
        done += written > 0 ? (size_t)written : 0;
    }
}

static void tell_run(void *context, int run, bool cut)
{
    const bool *quiet = context;
    if (!*quiet)
        fprintf(stderr, "bastide: run %d of 2, %s\n", run, cut ? "cut off" : "with nothing cut");
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static bool show(const struct cutoff_order *order, const struct cutoff_result *result, bool json, struct arena *arena,
                 struct error *error)
{
    const char *record, *id;
    if (!cutoff_text(order, result, arena, &record, error) || !cutoff_keep(record, arena, &id, error))
        return false;
    if (!(json ? print_bytes(span_text(record), error) : drill_print(record, error)) || !print_flush(error))
        return false;
    if (!json)
        fprintf(stderr, "bastide: kept as evidence: bastide cutoff show %s\n", id);
    return true;
}

static enum status status_for(const struct cutoff_result *result, struct error *error)
{
    if (result->verdict == CUTOFF_UNCLEAR) {
        error_set(error,
                  "the drill shows nothing: %s: see what it lacks (its output is above; --reach SOCKET and --fresh "
                  "FOLDER may help)",
                  result->reasons[0]);
        return STATUS_FAILED;
    }
    return result->verdict == CUTOFF_SURVIVES ? STATUS_DONE : STATUS_NO;
}

static enum status drill(struct cutoff_order *order, const struct arguments *arguments, const struct line *line,
                         struct arena *arena, struct error *error)
{
    struct cut *cut = NULL;
    struct cutoff_result result;
    uint64_t seconds = DEFAULT_TIMEOUT;
    if (!option_integer(arguments, "timeout", 1, 86400, &seconds, error) ||
        !cut_open(order->providers, order->kind, line->names, line->name_count, &cut, error))
        return status_of(error);
    order->cut = cut;
    order->timeout = (double)seconds;
    interrupt_watch();
    const bool done = cutoff_drill(order, arena, &result, error) &&
                      show(order, &result, option_given(arguments, "json"), arena, error);
    cut_close(cut);
    return done ? status_for(&result, error) : status_of(error);
}

static enum status run_cutoff(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    struct providers *providers = NULL;
    struct line line;
    bool quiet = option_given(arguments, "quiet");
    enum status status = STATUS_FAILED;
    if (read_line(arguments, &arena, &line, error) &&
        providers_open_own(option_text(arguments, "providers", NULL), &providers, error)) {
        struct cutoff_order order = {
            .words = line.words,
            .providers = providers,
            .cut_names = line.names,
            .cut_count = line.name_count,
            .kind = kind_of(arguments),
            .reachable = line.reachable,
            .reachable_count = line.reachable_count,
            .fresh = line.fresh,
            .fresh_count = line.fresh_count,
            .input = option_text(arguments, "input", NULL),
            .keep = option_text(arguments, "keep", NULL),
            .stop = interrupt_came,
            .said = quiet ? NULL : pass_on,
            .begins = tell_run,
            .context = &quiet,
        };
        status = drill(&order, arguments, &line, &arena, error);
    } else {
        status = status_of(error);
    }
    providers_close(providers);
    arena_free(&arena);
    return status;
}

static const struct option options[] = {
    { "all-but", 0, NULL, "cut all but what is named" },
    { "everything", 0, NULL, "cut all that is not this machine" },
    { "fresh", 0, "FOLDER", "what a run writes to FOLDER is thrown away; may be given several times" },
    { "input", 0, "FILE", "standard input of both runs; without it they read nothing" },
    { "json", 0, NULL, "the result as JSON, form bastide-cutoff-1" },
    { "keep", 0, "FOLDER", "write all that the runs say to FOLDER: run-1.out, run-1.err, run-2.out, run-2.err" },
    { "providers", 0, "FILE", "entries of your own for the register of providers" },
    { "quiet", 'q', NULL, "do not show what the runs say" },
    { "reach", 0, "SOCKET", "a socket file of this machine that stays, such as a database's; several times" },
    { "timeout", 0, "SECONDS", "that each run may take (300)" },
    { 0 },
};

const struct command command_cutoff = {
    .name = "cutoff",
    .takes = "[PROVIDER...] -- COMMAND [ARGUMENT...]",
    .does = "run a command in a world without some providers, and see what fails",
    .details =
        "A PROVIDER is an id or a name of the register, a service of it, a domain (with all below), an address or a\n"
        "network (192.0.2.0/24), owner:NAME or country:US. COMMAND runs twice, first cut off, then with nothing cut,\n"
        "both times in a network of its own; needs no root where the system allows user namespaces.\n\n"
        "  survives   same exit status, and the same words and numbers on standard output, the same words on standard\n"
        "             error, not more than twice the time and two seconds; or nothing that it tried was refused\n"
        "  degrades   same exit status, but one of these differs\n"
        "  stops      another exit status, or killed because its time was over\n"
        "  unclear    it fails even with nothing cut, which shows nothing\n\n"
        "The exit status is 0 if it survives, 1 if it degrades or stops, 3 if it is unclear. What the runs say goes "
        "to\n"
        "standard error, the result to standard output and, as evidence, to the data folder. Services on this machine\n"
        "are out of reach, too, but for --reach.\n",
    .examples = "  bastide cutoff aws -- ./deploy --check\n"
                "  bastide cutoff npm github --timeout 600 --fresh . -- npm ci\n"
                "  bastide cutoff country:US --json -- make test\n"
                "  bastide cutoff --all-but ovh example.org -- ./app --once\n"
                "  bastide cutoff --everything -- bastide run smollm2-135m \"Hello\"\n",
    .options = options,
    .most = -1,
    .run = run_cutoff,
};

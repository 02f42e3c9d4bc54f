/* cutoff_show.c: bastide cutoff show. */
#include "cli/drill.h"
#include "cutoff/cutoff.h"

static enum status cutoff_show(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const char *record;
    const bool json = option_given(arguments, "json");
    const bool shown = cutoff_load(argument(arguments, 0), &arena, &record, error) &&
                       (json ? print_bytes(span_text(record), error) : drill_print(record, error)) &&
                       print_flush(error);
    arena_free(&arena);
    return shown ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "json", 0, NULL, "as JSON, form bastide-cutoff-1" },
    { 0 },
};

const struct command command_cutoff_show = {
    .name = "cutoff show",
    .takes = "DRILL",
    .does = "one of the drills that were kept",
    .examples = "  bastide cutoff show 20261124-180000-Xa3f\n"
                "  bastide cutoff show 20261124-180000-Xa3f --json\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = cutoff_show,
};

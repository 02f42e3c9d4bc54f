/* judge.c: what two runs say. The worst that can happen is to call something safe that is not: so a difference in what
 * was written counts, unless nothing that the run tried was refused; and a command that fails even with all as it is
 * says nothing. */
#include "cutoff/judge.h"

#include <string.h>

/* Slower than this is another experience: twice the time, and two seconds that nobody overlooks. */
static const double slow_factor = 2, slow_seconds = 2;

const char *cutoff_verdict_name(enum cutoff_verdict verdict)
{
    static const char *const names[] = { "survives", "degrades", "stops", "unclear" };
    return names[verdict];
}

static void add(struct cutoff_result *result, const char *reason)
{
    if (reason && result->reason_count < LENGTH(result->reasons))
        result->reasons[result->reason_count++] = reason;
}

static uint64_t refusals(const struct cutoff_run *run)
{
    uint64_t count = 0;
    for (size_t i = 0; i < run->tried_count; i++)
        if (!run->tried[i].allowed && strcmp(run->tried[i].why, "cut") == 0)
            count += run->tried[i].count;
    return count;
}

static const char *status_text(const struct cutoff_run *run, struct arena *arena)
{
    if (run->timed_out)
        return arena_format(arena, "was killed after %.0f s", run->seconds);
    if (run->status > 128)
        return arena_format(arena, "was ended by signal %d", run->status - 128);
    return arena_format(arena, "ended with status %d", run->status);
}

/* "its standard output differs" */
static const char *difference(const char *name, const struct cutoff_stream *cut, const struct cutoff_stream *whole,
                              bool exactly, struct arena *arena)
{
    if (cut->words != whole->words)
        return arena_format(arena, "what it writes to its standard %s differs", name);
    return exactly && cut->exact != whole->exact ? arena_format(arena, "numbers in its standard %s differ", name)
                                                 : NULL;
}

static bool same_status(const struct cutoff_run *cut, const struct cutoff_run *whole)
{
    return cut->status == whole->status && cut->timed_out == whole->timed_out;
}

/* The same status, and something was refused: does one notice? */
static void compare(struct cutoff_result *result, struct arena *arena)
{
    const struct cutoff_run *cut = &result->runs[0], *whole = &result->runs[1];
    const size_t before = result->reason_count;
    add(result, difference("output", &cut->out, &whole->out, true, arena));
    add(result, difference("error", &cut->err, &whole->err, false, arena));
    if (!cut->timed_out && cut->seconds > whole->seconds * slow_factor + slow_seconds)
        add(result, arena_format(arena, "it takes %.1f s instead of %.1f s", cut->seconds, whole->seconds));
    result->verdict = result->reason_count > before ? CUTOFF_DEGRADES : CUTOFF_SURVIVES;
    if (result->verdict == CUTOFF_SURVIVES)
        add(result, "same status, same output");
}

bool judge(struct cutoff_result *result, struct arena *arena, struct error *error)
{
    const struct cutoff_run *cut = &result->runs[0], *whole = &result->runs[1];
    const uint64_t refused = refusals(cut);
    const char *cut_end = status_text(cut, arena), *whole_end = status_text(whole, arena);
    if (!cut_end || !whole_end)
        return error_memory(error, 64);
    if (whole->status != 0 && !whole->timed_out) {
        result->verdict = CUTOFF_UNCLEAR;
        add(result, arena_format(arena, "with nothing cut it %s: what fails anyway shows nothing", whole_end));
        return true;
    }
    add(result, refused ? arena_format(arena, "%llu of its attempts were refused", (unsigned long long)refused)
                        : "nothing that it tried to reach was cut");
    if (!same_status(cut, whole)) {
        result->verdict = CUTOFF_STOPS;
        add(result, arena_format(arena, "cut off it %s; with nothing cut it %s", cut_end, whole_end));
    } else if (refused) {
        compare(result, arena);
    } else {
        result->verdict = CUTOFF_SURVIVES;
    }
    return true;
}

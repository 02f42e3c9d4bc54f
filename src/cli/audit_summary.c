/* audit_summary.c: a report on the terminal: the sentence that matters, owners with their services, counts, the first
 * steps of the way out, what to run next. Lines are cut where the terminal ends; colours are for terminals whose user
 * did not set NO_COLOR (no-color.org). */
#include "cli/audit_summary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MOST_OWNERS = 20, MOST_SERVICES = 8, MOST_STEPS = 3, MOST_UNKNOWN = 8, USUAL_COLUMNS = 100, LEAST_COLUMNS = 30 };

#define BOLD "1"
#define DIM "2"
#define RED "31"
#define YELLOW "33"

struct view {
    const struct report *report;
    const struct summary *summary;
    struct error *error;
    size_t columns; /* 0: lines are not cut */
    bool colours;
    size_t column; /* where the line is */
    bool failed;
};

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* Bytes of the text's first characters that fit into so many columns. */
static size_t fitting(struct span text, size_t columns, size_t *used)
{
    size_t at = 0;
    for (*used = 0; at < text.bytes && *used < columns; ++*used) {
        uint32_t code_point;
        at += utf8_read(text, at, &code_point);
    }
    return at;
}

/* Writes a part of a line, as far as there is room for it. */
static void put(struct view *view, const char *colour, const char *text)
{
    size_t used, bytes = strlen(text);
    if (view->failed || (view->columns && view->column >= view->columns))
        return;
    const size_t room = view->columns ? view->columns - view->column : SIZE_MAX;
    const size_t fits = fitting(span_text(text), room, &used);
    const bool cut = fits < bytes;
    if (cut)
        bytes = fitting(span_text(text), room - 1, &used);
    const bool coloured = view->colours && colour;
    view->failed = !((!coloured || print(view->error, "\033[%sm", colour)) &&
                     print_strange(span_of(text, bytes), view->error) && (!cut || print(view->error, "…")) &&
                     (!coloured || print(view->error, "\033[0m")));
    view->column += used + cut;
}

static void PRINTF_LIKE(3, 4) put_format(struct view *view, const char *colour, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(view, colour, text);
}

static void put_padding(struct view *view, size_t column)
{
    put_format(view, NULL, "%*s", column > view->column ? (int)(column - view->column) : 2, "");
}

static void end_line(struct view *view)
{
    view->failed = view->failed || !print(view->error, "\n");
    view->column = 0;
}

/* A text that is not cut: its lines end between words. */
static void put_wrapped(struct view *view, const char *colour, const char *text)
{
    while (*text) {
        const size_t word = strcspn(text, " "), spaces = strspn(text + word, " ");
        if (view->column && view->columns && view->column + 1 + word > view->columns)
            end_line(view);
        put_format(view, colour, "%s%.*s", view->column ? " " : "", (int)word, text);
        text += word + spaces;
    }
    end_line(view);
}

/* ---- owners and services ----------------------------------------------------------------------------------------- */

static void put_dependency(struct view *view, const struct dependency *dependency)
{
    static const char *const marks[] = { [LEVEL_NOTE] = "○", [LEVEL_WARNING] = "◐", [LEVEL_CRITICAL] = "●" };
    static const char *const colours[] = { [LEVEL_NOTE] = DIM, [LEVEL_WARNING] = YELLOW, [LEVEL_CRITICAL] = RED };
    const struct finding *first = dependency->findings[0];
    put_format(view, colours[dependency->level], "  %s ", marks[dependency->level]);
    put(view, NULL, dependency->name);
    put_padding(view, 36);
    put_format(view, DIM, "%s:%zu", first->file, first->line);
    if (dependency->finding_count > 1)
        put_format(view, DIM, " and %zu more", dependency->finding_count - 1);
    if (dependency->waived_count)
        put_format(view, DIM, ", %zu waived", dependency->waived_count);
    end_line(view);
}

static void put_services(struct view *view, const struct party *party, size_t most)
{
    const size_t shown = party->count <= most + 1 ? party->count : most;
    for (size_t i = 0; i < shown; i++)
        put_dependency(view, party->dependencies[i]);
    if (party->count > shown) {
        put_format(view, DIM, "    and %zu more", party->count - shown);
        end_line(view);
    }
}

static void put_owner(struct view *view, const struct party *party)
{
    const struct provider *provider = party->dependencies[0]->service->provider;
    put(view, BOLD, party->name);
    put_format(view, NULL, "  %s", country_title(provider->country));
    for (size_t i = 0; i < provider->law_count; i++)
        put_format(view, NULL, "%s%s", i ? ", " : ": ", provider->laws[i]);
    put_format(view, DIM, "  %.0f %%", 100 * party->share);
    end_line(view);
    put_services(view, party, MOST_SERVICES);
}

static void put_owners(struct view *view)
{
    const struct parties *owners = &view->summary->owners;
    size_t shown = 0;
    for (size_t i = 0; i < owners->count; i++) {
        const struct party *party = &owners->rows[i];
        if (!party->name) {
            put(view, BOLD, "Not in the register");
            end_line(view);
            put_services(view, party, MOST_UNKNOWN);
        } else if (shown++ < MOST_OWNERS) {
            put_owner(view, party);
        }
    }
    if (shown > MOST_OWNERS) {
        put_format(view, DIM, "and %zu owners more", shown - MOST_OWNERS);
        end_line(view);
    }
    end_line(view);
}

/* ---- what follows ------------------------------------------------------------------------------------------------ */

static void put_counts(struct view *view)
{
    char text[512];
    const struct summary *summary = view->summary;
    snprintf(text, sizeof text,
             "%zu place%s in %llu file%s: %zu critical, %zu warning%s, %zu note%s; %zu known, %zu waived. "
             "Concentration: owners %.0f, jurisdictions %.0f of 10000.",
             view->report->finding_count, view->report->finding_count == 1 ? "" : "s",
             (unsigned long long)view->report->files, view->report->files == 1 ? "" : "s",
             summary->levels[LEVEL_CRITICAL], summary->levels[LEVEL_WARNING],
             summary->levels[LEVEL_WARNING] == 1 ? "" : "s", summary->levels[LEVEL_NOTE],
             summary->levels[LEVEL_NOTE] == 1 ? "" : "s", summary->known, summary->waived, summary->owners.index,
             summary->jurisdictions.index);
    put_wrapped(view, NULL, text);
    end_line(view);
}

static void put_steps(struct view *view)
{
    const struct summary *summary = view->summary;
    if (summary->step_count == 0 || summary->plan[0].work <= 0)
        return;
    put(view, BOLD, "The way out, most risk for least work first");
    end_line(view);
    for (size_t i = 0; i < size_min(summary->step_count, MOST_STEPS) && summary->plan[i].work > 0; i++) {
        const struct dependency *dependency = summary->plan[i].dependency;
        put_format(view, NULL, "  %zu. %s: %s", i + 1, dependency->name, dependency->way_out->name);
        put_format(view, DIM, " (%s)", dependency->way_out->effort);
        end_line(view);
    }
    end_line(view);
}

/* The provider without whom the most stops. */
static const char *drilled(const struct summary *summary)
{
    const struct party *most = NULL;
    for (size_t i = 0; i < summary->providers.count; i++) {
        const struct party *party = &summary->providers.rows[i];
        if (party->name && (!most || party->cuts[CUT_STOPS] > most->cuts[CUT_STOPS]))
            most = party;
    }
    return most ? most->dependencies[0]->service->provider->id : NULL;
}

static void put_next(struct view *view, const char *path)
{
    const char *provider = drilled(view->summary);
    put(view, BOLD, "Next");
    end_line(view);
    put_format(view, NULL, "  bastide audit %s --format html --output dependencies.html", path);
    end_line(view);
    if (provider) {
        put_format(view, NULL, "  bastide cutoff %s -- COMMAND", provider);
        end_line(view);
    }
}

static size_t terminal_columns(void)
{
    struct winsize size = { 0 };
    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return USUAL_COLUMNS;
    return size_max(size.ws_col, LEAST_COLUMNS);
}

static bool wants_colours(void)
{
    const char *none = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && terminal_obeys() && !(none && none[0]);
}

static void put_all(struct view *view, const char *headline, const char *path)
{
    put_wrapped(view, BOLD, headline);
    end_line(view);
    if (view->summary->dependency_count)
        put_owners(view);
    put_counts(view);
    put_steps(view);
    if (view->summary->dependency_count)
        put_next(view, path);
}

bool audit_summarise(const struct report *report, const char *path, struct error *error)
{
    struct arena arena = { 0 };
    struct summary summary;
    struct buffer headline = { .limit = 1024 };
    struct view view = {
        .report = report, .summary = &summary, .error = error, .columns = terminal_columns(), .colours = wants_colours()
    };
    const bool made = summary_make(report, &arena, &summary, error) && summary_headline(&summary, &headline, error);
    if (made)
        put_all(&view, headline.bytes, path);
    buffer_free(&headline);
    arena_free(&arena);
    return made && !view.failed;
}

/* drill.c: a drill of bastide cutoff for people to read: the verdict, why, what was tried, how the runs ended. */
#include "cli/drill.h"
#include "cutoff/cutoff.h"

#include <jansson.h>
#include <string.h>

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool true_at(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* A text that a stranger wrote, such as the command's output. */
static bool print_text(const char *text, struct error *error)
{
    return print_strange(span_text(text), error);
}

static bool print_joined(const json_t *texts, struct error *error)
{
    size_t i;
    json_t *text;
    bool good = true;
    json_array_foreach(texts, i, text)
    {
        const char *word = json_string_value(text);
        good = good && print(error, i ? " " : "") && print_text(word ? word : "", error);
    }
    return good;
}

static bool print_head(const json_t *drill, struct error *error)
{
    static const char *const worlds[][2] = {
        { "these", "without " },
        { "all-but", "with nothing but " },
        { "everything", "with no network at all" },
    };
    const char *kind = text_at(drill, "cut_kind"), *world = "";
    for (size_t i = 0; i < LENGTH(worlds); i++)
        world = strcmp(worlds[i][0], kind) == 0 ? worlds[i][1] : world;
    return print_joined(json_object_get(drill, "command"), error) && print(error, "\n%s", world) &&
           print_joined(json_object_get(drill, "cut"), error) && print(error, ": ") &&
           print(error, "%s\n\n", text_at(drill, "verdict"));
}

static bool print_reasons(const json_t *drill, struct error *error)
{
    size_t i;
    json_t *reason;
    bool good = true;
    json_array_foreach(json_object_get(drill, "reasons"), i, reason)
    {
        const char *text = json_string_value(reason);
        good = good && print(error, "  %s\n", text ? text : "");
    }
    return good && print(error, "\n");
}

/* "api.example.com 203.0.113.7 port 443/tcp" */
static bool print_place(const json_t *row, struct error *error)
{
    const char *name = text_at(row, "name"), *address = text_at(row, "address");
    const int port = (int)json_integer_value(json_object_get(row, "port"));
    const char *space = name[0] && address[0] ? " " : "";
    if (!print_text(name, error) || !print(error, "%s%s", space, address))
        return false;
    if (port)
        return print(error, " port %d/%s", port, text_at(row, "protocol"));
    return address[0] ? print(error, " %s", text_at(row, "protocol")) : print(error, " (its name)");
}

static bool print_row(const json_t *row, struct error *error)
{
    const char *provider = text_at(row, "provider"), *why = text_at(row, "why");
    const long long count = json_integer_value(json_object_get(row, "count"));
    if (!print(error, "  %5lld  ", count) || !print_place(row, error))
        return false;
    if (provider[0] && !print(error, ", %s", provider))
        return false;
    const bool plain = !why[0] || strcmp(why, "cut") == 0;
    return print(error, plain ? "\n" : " (%s)\n", why);
}

/* A question for a name that was then called is told with the call. */
static bool is_told_elsewhere(const json_t *rows, const json_t *row)
{
    size_t i;
    json_t *other;
    if (strcmp(text_at(row, "protocol"), "dns") != 0 || !true_at(row, "allowed"))
        return false;
    json_array_foreach(rows, i, other)
    {
        const bool called = strcmp(text_at(other, "protocol"), "dns") != 0;
        if (called && strcmp(text_at(other, "name"), text_at(row, "name")) == 0)
            return true;
    }
    return false;
}

static bool print_rows(const json_t *run, bool allowed, const char *title, struct error *error)
{
    size_t i;
    json_t *row;
    bool good = true, any = false;
    const json_t *rows = json_object_get(run, "tried");
    json_array_foreach(rows, i, row)
    {
        if (true_at(row, "allowed") != allowed || is_told_elsewhere(rows, row))
            continue;
        good = good && (any || print(error, "%s\n", title)) && print_row(row, error);
        any = true;
    }
    return good && (!any || print(error, "\n"));
}

/* The last lines of a text. */
static const char *last_lines(const char *text, int lines)
{
    const char *start = text + strlen(text);
    if (start > text)
        start--; /* a line feed at the very end ends the last line and begins none */
    while (start > text && (start[-1] != '\n' || --lines > 0))
        start--;
    return start;
}

static bool print_tail(const json_t *run, const char *stream, const char *title, struct error *error)
{
    const char *text = text_at(json_object_get(run, stream), "last_lines");
    const size_t length = strlen(text);
    return length == 0 || (print(error, "%s\n", title) && print_text(last_lines(text, 10), error) &&
                           print(error, text[length - 1] == '\n' ? "\n" : "\n\n"));
}

/* Of the run that failed and should not have. */
static bool print_tails(const json_t *drill, const json_t *cut, const json_t *whole, struct error *error)
{
    if (strcmp(text_at(drill, "verdict"), cutoff_verdict_name(CUTOFF_UNCLEAR)) == 0)
        return print_tail(whole, "output", "With nothing cut, the end of its output:", error) &&
               print_tail(whole, "errors", "With nothing cut, the end of its errors:", error);
    return print_tail(cut, "output", "Cut off, the end of its output:", error) &&
           print_tail(cut, "errors", "Cut off, the end of its errors:", error);
}

bool drill_print(const char *record, struct error *error)
{
    json_t *drill = json_loads(record, 0, NULL);
    const json_t *runs = json_object_get(drill, "runs");
    const json_t *cut = json_array_get(runs, 0), *whole = json_array_get(runs, 1);
    if (!cut || !whole) {
        json_decref(drill);
        return error_set(error, "the record of the drill is damaged: repeat the drill");
    }
    const bool good = print_head(drill, error) && print_reasons(drill, error) &&
                      print_rows(cut, false, "Cut off, refused:", error) &&
                      print_rows(cut, true, "Cut off, let through:", error) &&
                      print_rows(whole, true, "With nothing cut, tried:", error) &&
                      print_rows(whole, false, "With nothing cut, refused all the same:", error) &&
                      print_tails(drill, cut, whole, error);
    json_decref(drill);
    return good;
}

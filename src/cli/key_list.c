/* key_list.c: bastide key list. */
#include "access/access.h"
#include "cli/cli.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct view {
    struct access_key *rows;
    size_t count;
};

/* "2026-12-24T10:00:00Z"; "" for never. */
static const char *date_text(int64_t seconds, char out[32])
{
    struct tm parts;
    const time_t moment = (time_t)seconds;
    out[0] = '\0';
    if (seconds && gmtime_r(&moment, &parts))
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return out;
}

static json_t *scopes_json(unsigned scopes)
{
    char text[64];
    json_t *array = json_array();
    scopes_text(scopes, text);
    for (const char *word = text; *word; word += strcspn(word, ","), word += *word == ',')
        json_array_append_new(array, json_stringn(word, strcspn(word, ",")));
    return array;
}

static bool print_json(const struct view *view, struct error *error)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->count; i++) {
        const struct access_key *row = &view->rows[i];
        char rate[24], date[32];
        json_array_append_new(array,
                              json_pack("{s:s, s:o, s:s?, s:s?}", "name", row->name, "scopes", scopes_json(row->scopes),
                                        "rate", row->rate.count ? rate_text(row->rate, rate) : NULL, "expires",
                                        row->expires ? date_text(row->expires, date) : NULL));
    }
    char *text = json_dumps(array, JSON_INDENT(2));
    const bool printed = text ? print(error, "%s\n", text) : error_memory(error, 0);
    free(text);
    json_decref(array);
    return printed;
}

static bool print_rows(const struct view *view, struct error *error)
{
    int width = (int)strlen("NAME");
    if (view->count == 0)
        return print(error, "No keys yet: bastide key add NAME makes one.\n");
    for (size_t i = 0; i < view->count; i++)
        width = (int)size_max((size_t)width, strlen(view->rows[i].name));
    if (!print(error, "%-*s  %-20s  %-10s  %s\n", width, "NAME", "SCOPES", "RATE", "EXPIRES"))
        return false;
    for (size_t i = 0; i < view->count; i++) {
        const struct access_key *row = &view->rows[i];
        char scopes[64], rate[24], date[32];
        const bool over = row->expires && row->expires <= (int64_t)time(NULL);
        if (!print(error, "%-*s  %-20s  %-10s  %s%s\n", width, row->name, scopes_text(row->scopes, scopes),
                   row->rate.count ? rate_text(row->rate, rate) : "no limit",
                   row->expires ? date_text(row->expires, date) : "never", over ? " (expired)" : ""))
            return false;
    }
    return true;
}

static bool list(bool json, struct arena *arena, struct error *error)
{
    struct view view;
    const char *path;
    return access_path(arena, &path, error) && access_list(path, arena, &view.rows, &view.count, error) &&
           (json ? print_json(&view, error) : print_rows(&view, error)) && print_flush(error);
}

static enum status key_list(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const bool listed = list(option_given(arguments, "json"), &arena, error);
    arena_free(&arena);
    return listed ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "json", 0, NULL, "as JSON: [{\"name\", \"scopes\": [...], \"rate\", \"expires\"}]; null: no limit, never" },
    { 0 },
};

const struct command command_key_list = {
    .name = "key list",
    .takes = "",
    .does = "the API keys of bastide serve: names, scopes, rates, when they expire",
    .examples = "  bastide key list\n"
                "  bastide key list --json\n",
    .options = options,
    .run = key_list,
};

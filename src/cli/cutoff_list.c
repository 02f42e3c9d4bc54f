/* cutoff_list.c: bastide cutoff list. */
#include "cli/cli.h"
#include "cutoff/cutoff.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What a list says of a drill; NULL if its record is damaged. */
static json_t *summary_of(const char *id, struct error *error)
{
    struct arena arena = { 0 };
    const char *record;
    json_t *drill = cutoff_load(id, &arena, &record, error) ? json_loads(record, 0, NULL) : NULL;
    arena_free(&arena);
    static const char *const keys[] = { "date", "verdict", "command", "cut_kind", "cut" };
    json_t *summary = drill ? json_pack("{s:s}", "id", id) : NULL;
    for (size_t i = 0; summary && i < LENGTH(keys); i++)
        json_object_set(summary, keys[i], json_object_get(drill, keys[i]));
    json_decref(drill);
    return summary;
}

static bool print_joined(const json_t *words, struct error *error)
{
    size_t i;
    json_t *word;
    bool good = true;
    json_array_foreach(words, i, word)
    {
        const char *text = json_string_value(word);
        good = good && print(error, i ? " " : "") && print_strange(span_text(text ? text : ""), error);
    }
    return good;
}

static bool print_row(const json_t *summary, struct error *error)
{
    const char *kind = json_string_value(json_object_get(summary, "cut_kind"));
    const char *verdict = json_string_value(json_object_get(summary, "verdict"));
    const char *sign = kind && strcmp(kind, "all-but") == 0      ? "all but "
                       : kind && strcmp(kind, "everything") == 0 ? "everything"
                                                                 : "";
    return print(error, "%s  %-8s  %s", json_string_value(json_object_get(summary, "id")), verdict ? verdict : "?",
                 sign) &&
           print_joined(json_object_get(summary, "cut"), error) && print(error, "  ") &&
           print_joined(json_object_get(summary, "command"), error) && print(error, "\n");
}

static bool print_summaries(const json_t *summaries, bool json, struct error *error)
{
    size_t i;
    json_t *summary;
    bool good = true;
    if (json) {
        char *text = json_dumps(summaries, JSON_INDENT(2));
        good = text ? print(error, "%s\n", text) : error_memory(error, 0);
        free(text);
        return good;
    }
    if (json_array_size(summaries) == 0)
        return print(error, "No drills yet: bastide cutoff PROVIDER -- COMMAND makes one.\n");
    json_array_foreach(summaries, i, summary) good = good && print_row(summary, error);
    return good;
}

static enum status cutoff_list_run(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const char *const *ids;
    size_t count;
    json_t *summaries = json_array();
    bool good = cutoff_list(&arena, &ids, &count, error);
    for (size_t i = 0; good && i < count; i++) {
        struct error damaged = { 0 };
        json_array_append_new(summaries, summary_of(ids[i], &damaged)); /* one that is damaged is left out */
    }
    good = good && print_summaries(summaries, option_given(arguments, "json"), error) && print_flush(error);
    json_decref(summaries);
    arena_free(&arena);
    return good ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "json", 0, NULL, "as JSON: [{\"id\", \"date\", \"verdict\", \"command\", \"cut_kind\", \"cut\"}]" },
    { 0 },
};

const struct command command_cutoff_list = {
    .name = "cutoff list",
    .takes = "",
    .does = "the drills that were kept, the latest last",
    .examples = "  bastide cutoff list\n"
                "  bastide cutoff list --json\n",
    .options = options,
    .run = cutoff_list_run,
};

/* model_verify.c: bastide model verify. */
#include "cli/cli.h"
#include "models/models.h"

#include <jansson.h>
#include <stdlib.h>

struct verdict {
    const struct stored_model *model;
    bool same;
    char found[SHA256_TEXT];
};

static bool print_verdict(const struct verdict *verdict, struct error *error)
{
    const struct stored_model *model = verdict->model;
    if (verdict->same)
        return print(error, "%s: good\n", model->name);
    if (!verdict->found[0])
        return print(error, "%s: MISSING: %s is not there: remove the model and pull it again\n", model->name,
                     model->path);
    return print(error, "%s: CHANGED: SHA-256 is %s, recorded is %s: remove the model and pull it again\n", model->name,
                 verdict->found, model->sha256);
}

static json_t *verdict_json(const struct verdict *verdict)
{
    const struct stored_model *model = verdict->model;
    return json_pack("{s:s, s:s, s:b, s:s, s:s?}", "name", model->name, "path", model->path, "good", (int)verdict->same,
                     "sha256", model->sha256, "found", verdict->found[0] ? verdict->found : NULL);
}

static bool print_json(json_t *verdicts, struct error *error)
{
    char *text = json_dumps(verdicts, JSON_INDENT(2));
    const bool printed = text ? print(error, "{\"models\": %s}\n", text) : error_memory(error, 0);
    free(text);
    return printed;
}

/* Those that were named, or all. */
static bool choose(const struct arguments *arguments, struct arena *arena, struct stored_models *out,
                   struct error *error)
{
    const int count = argument_count(arguments);
    if (count == 0)
        return models_list(arena, out, error);
    struct stored_model *rows = arena_take(arena, (size_t)count, sizeof *rows);
    if (!rows)
        return error_memory(error, (size_t)count * sizeof *rows);
    for (int i = 0; i < count; i++)
        if (!models_find(argument(arguments, i), arena, &rows[i], error))
            return false;
    *out = (struct stored_models){ rows, (size_t)count };
    return true;
}

static bool verify_all(const struct stored_models *models, bool json, bool *all_same, struct error *error)
{
    json_t *verdicts = json_array();
    bool good = true;
    *all_same = true;
    for (size_t i = 0; good && i < models->count; i++) {
        struct verdict verdict = { .model = &models->rows[i] };
        good = models_verify(verdict.model, terminal_progress(), verdict.found, &verdict.same, error);
        *all_same = *all_same && verdict.same;
        if (good && json)
            json_array_append_new(verdicts, verdict_json(&verdict));
        else if (good)
            good = print_verdict(&verdict, error);
    }
    if (good && !json && models->count == 0)
        good = print(error, "No models here yet.\n");
    good = good && (!json || print_json(verdicts, error)) && print_flush(error);
    json_decref(verdicts);
    return good;
}

static enum status model_verify(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    struct stored_models models;
    bool all_same = false;
    const bool done = choose(arguments, &arena, &models, error) &&
                      verify_all(&models, option_given(arguments, "json"), &all_same, error);
    arena_free(&arena);
    if (!done)
        return status_of(error);
    return all_same ? STATUS_DONE : STATUS_NO;
}

static const struct option options[] = {
    { "json", 0, NULL, "as JSON: {\"models\": [{\"name\", \"good\", \"sha256\", \"found\", ...}]}" },
    { 0 },
};

const struct command command_model_verify = {
    .name = "model verify",
    .takes = "[MODEL...]",
    .does = "compare models, or all of them, with their recorded SHA-256",
    .details = "The exit status is 1 if any differs.\n",
    .examples = "  bastide model verify\n"
                "  bastide model verify smollm2-135m --json\n",
    .options = options,
    .most = -1,
    .run = model_verify,
};

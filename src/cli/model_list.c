/* model_list.c: bastide model list. */
#include "cli/cli.h"
#include "models/models.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What the command shows: models here, and those of the catalogue. */
struct view {
    struct stored_models here;
    struct catalogue catalogue;
};

static bool is_default(const struct view *view, const char *name)
{
    return view->catalogue.default_name && strcmp(view->catalogue.default_name, name) == 0;
}

static bool is_here(const struct view *view, const char *name)
{
    for (size_t i = 0; i < view->here.count; i++)
        if (strcmp(view->here.rows[i].name, name) == 0)
            return true;
    return false;
}

/* ---- for people --------------------------------------------------------------------------------------------- */

static int name_width(const struct view *view)
{
    size_t width = strlen("NAME");
    for (size_t i = 0; i < view->here.count; i++)
        width = size_max(width, strlen(view->here.rows[i].name));
    for (size_t i = 0; i < view->catalogue.count; i++)
        width = size_max(width, strlen(view->catalogue.rows[i].name));
    return (int)width;
}

static bool print_here(const struct view *view, int width, struct error *error)
{
    if (view->here.count == 0)
        return print(error, "No models here yet.\n");
    if (!print(error, "%-*s  %8s  %-12s  %-10s  %s\n", width, "NAME", "SIZE", "SHA-256", "PULLED", "LICENCE"))
        return false;
    for (size_t i = 0; i < view->here.count; i++) {
        const struct stored_model *row = &view->here.rows[i];
        char size[16];
        if (!print(error, "%-*s  %8s  %.12s  %.10s  %s%s%s\n", width, row->name, size_text((size_t)row->bytes, size),
                   row->sha256, row->date, row->licence[0] ? row->licence : "unknown",
                   is_default(view, row->name) ? " (default)" : "",
                   row->whole ? "" : " DAMAGED: its file is missing or cut: remove it and pull it again"))
            return false;
    }
    return true;
}

static bool print_missing(const struct view *view, int width, struct error *error)
{
    bool begun = false;
    for (size_t i = 0; i < view->catalogue.count; i++) {
        const struct catalogue_model *row = &view->catalogue.rows[i];
        char size[16];
        if (is_here(view, row->name))
            continue;
        if (!begun && !print(error, "\nTo be had with bastide model pull NAME:\n"))
            return false;
        begun = true;
        if (!print(error, "%-*s  %8s  %s%s\n", width, row->name, row->bytes ? size_text((size_t)row->bytes, size) : "",
                   row->title, is_default(view, row->name) ? " (default)" : ""))
            return false;
    }
    return true;
}

/* ---- for programs ------------------------------------------------------------------------------------------- */

static json_t *here_json(const struct view *view)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->here.count; i++) {
        const struct stored_model *row = &view->here.rows[i];
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:b, s:b}", "name", row->name, "path",
                                        row->path, "bytes", (json_int_t)row->bytes, "sha256", row->sha256, "source",
                                        row->source, "date", row->date, "licence", row->licence, "default",
                                        (int)is_default(view, row->name), "whole", (int)row->whole));
    }
    return array;
}

static json_t *missing_json(const struct view *view)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->catalogue.count; i++) {
        const struct catalogue_model *row = &view->catalogue.rows[i];
        if (!is_here(view, row->name))
            json_array_append_new(array, json_pack("{s:s, s:s, s:I, s:s?, s:s, s:s, s:s, s:b}", "name", row->name,
                                                   "title", row->title, "bytes", (json_int_t)row->bytes, "sha256",
                                                   row->sha256, "licence", row->licence, "source", row->source, "date",
                                                   row->date, "default", (int)is_default(view, row->name)));
    }
    return array;
}

static bool print_json(const struct view *view, struct error *error)
{
    json_t *root = json_pack("{s:o, s:o}", "models", here_json(view), "available", missing_json(view));
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    const bool printed = text ? print(error, "%s\n", text) : error_memory(error, 0);
    free(text);
    json_decref(root);
    return printed;
}

static bool show(bool json, struct arena *arena, struct error *error)
{
    struct view view;
    if (!models_list(arena, &view.here, error) || !models_catalogue(arena, &view.catalogue, error))
        return false;
    if (json)
        return print_json(&view, error) && print_flush(error);
    const int width = name_width(&view);
    return print_here(&view, width, error) && print_missing(&view, width, error) && print_flush(error);
}

static enum status model_list(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const bool shown = show(option_given(arguments, "json"), &arena, error);
    arena_free(&arena);
    return shown ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "json", 0, NULL, "as JSON: {\"models\": [...], \"available\": [...]}" },
    { 0 },
};

const struct command command_model_list = {
    .name = "model list",
    .takes = "",
    .does = "the models on this machine, and those that can be pulled by name",
    .examples = "  bastide model list\n"
                "  bastide model list --json\n",
    .options = options,
    .run = model_list,
};

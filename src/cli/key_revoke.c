/* key_revoke.c: bastide key revoke. */
#include "access/access.h"
#include "cli/cli.h"

static bool revoke(const struct arguments *arguments, struct arena *arena, struct error *error)
{
    const char *path;
    if (!access_path(arena, &path, error))
        return false;
    for (int i = 0; i < argument_count(arguments); i++)
        if (!access_remove(path, argument(arguments, i), error) ||
            !print(error, "%s is revoked\n", argument(arguments, i)))
            return false;
    return print_flush(error);
}

static enum status key_revoke(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const bool revoked = revoke(arguments, &arena, error);
    arena_free(&arena);
    return revoked ? STATUS_DONE : status_of(error);
}

const struct command command_key_revoke = {
    .name = "key revoke",
    .takes = "NAME...",
    .does = "remove API keys: a server that runs refuses them after SIGHUP",
    .details = "Conversations of that name stay: a new key of the same name sees them.\n",
    .examples = "  bastide key revoke laptop\n"
                "  bastide key revoke laptop && pkill -HUP -x bastide\n",
    .least = 1,
    .most = -1,
    .run = key_revoke,
};

/* key_add.c: bastide key add. */
#include "access/access.h"
#include "cli/cli.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

static bool read_options(const struct arguments *arguments, struct access_key *out, struct error *error)
{
    const char *rate = option_text(arguments, "rate", NULL), *expires = option_text(arguments, "expires", NULL);
    double seconds = 0;
    *out = (struct access_key){ .name = argument(arguments, 0) };
    if (!scopes_parse(option_text(arguments, "scopes", "chat"), &out->scopes, error) ||
        (rate && !rate_parse(rate, &out->rate, error)) || (expires && !span_of_time_parse(expires, &seconds, error)))
        return false;
    if (expires && seconds < 1)
        return error_set_kind(error, ERROR_WRONG_USE, "--expires %s: a key lives for a second at least", expires);
    out->expires = expires ? (int64_t)time(NULL) + (int64_t)seconds : 0;
    return true;
}

static bool print_json(const char *name, const char *key, struct error *error)
{
    json_t *object = json_pack("{s:s, s:s}", "name", name, "key", key);
    char *text = object ? json_dumps(object, 0) : NULL;
    const bool printed = text ? print(error, "%s\n", text) : error_memory(error, 0);
    free(text);
    json_decref(object);
    return printed;
}

static bool add(const struct arguments *arguments, struct arena *arena, struct error *error)
{
    struct access_key key;
    char text[ACCESS_KEY_TEXT];
    const char *path;
    if (!read_options(arguments, &key, error) || !access_path(arena, &path, error) ||
        !access_add(path, &key, text, error))
        return false;
    if (option_given(arguments, "json"))
        return print_json(key.name, text, error) && print_flush(error);
    return print(error,
                 "%s\n\nThis key is shown once: only its hash is kept. A server that runs knows it after SIGHUP.\n",
                 text) &&
           print_flush(error);
}

static enum status key_add(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const bool added = add(arguments, &arena, error);
    arena_free(&arena);
    return added ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "scopes", 0, "LIST", "what it may do: chat, documents, admin, with commas between them (default chat)" },
    { "rate", 0, "RATE", "how often it may ask, such as 60/min, 1/s, 1000/h or 5000/d (default: no limit)" },
    { "expires", 0, "TIME", "until when, such as 30d or 12h from now (default: for ever)" },
    { "json", 0, NULL, "as JSON: {\"name\", \"key\"}" },
    { 0 },
};

const struct command command_key_add = {
    .name = "key add",
    .takes = "NAME",
    .does = "make an API key for bastide serve, and show it once",
    .details = "chat is models, answers, embeddings and the page; admin is pulling and deleting models, /metrics and\n"
               "/slots; documents is for later. Conversations belong to the name. While there are keys, a server lets\n"
               "nobody in without one; send a server that runs SIGHUP after a change.\n",
    .examples = "  bastide key add laptop\n"
                "  bastide key add monitoring --scopes admin --rate 60/min --expires 30d --json\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = key_add,
};

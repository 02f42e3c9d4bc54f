/* serve.c: bastide serve: options to settings, one line when it is ready, signals until it ends. */
#include "cli/cli.h"
#include "server/server.h"

#include <pthread.h>
#include <signal.h>

static bool read_settings(const struct arguments *arguments, struct arena *arena, struct server_settings *out,
                          struct error *error)
{
    const size_t count = (size_t)argument_count(arguments);
    const char **models = arena_take(arena, count + 1, sizeof *models);
    if (!models)
        return error_memory(error, count * sizeof *models);
    for (size_t i = 0; i < count; i++)
        models[i] = argument(arguments, (int)i);
    uint64_t port = 8484, parallel = 16, queue = 256, context = 0, threads = 0;
    if (!option_integer(arguments, "port", 0, UINT16_MAX, &port, error) ||
        !option_integer(arguments, "parallel", 1, 256, &parallel, error) ||
        !option_integer(arguments, "queue", 0, 65536, &queue, error) ||
        !option_integer(arguments, "context", 16, 1 << 24, &context, error) ||
        !option_integer(arguments, "threads", 1, 256, &threads, error))
        return false;
    *out = (struct server_settings){
        .models = models,
        .model_count = count,
        .alias = option_text(arguments, "alias", NULL),
        .host = option_text(arguments, "host", "127.0.0.1"),
        .port = (uint16_t)port,
        .scheduler = { .threads = (unsigned)threads,
                       .parallel = parallel,
                       .queue = queue,
                       .context = context,
                       .keep_alive_seconds = 300,
                       .prompt_slice_seconds = 0.05,
                       .slot_folder = option_text(arguments, "slot-dir", NULL),
                       .cache_folder = option_text(arguments, "cache-dir", NULL) },
        .allow_anonymous = option_given(arguments, "allow-anonymous"),
        .no_page = option_given(arguments, "no-page"),
        .no_pull = option_given(arguments, "no-pull"),
        .any_model = option_given(arguments, "any-model"),
        .log_prompts = option_given(arguments, "log-prompts"),
        .drain_seconds = 30,
    };
    return true;
}

static enum status serve(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    struct server_settings settings;
    struct server *server = NULL;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads inherit it: signals wait for sigwait */
    const bool served = read_settings(arguments, &arena, &settings, error) &&
                        server_open(&settings, stderr, &server, error) &&
                        print(error, "bastide: listening on %s\n", server_address(server)) && print_flush(error);
    for (int came = SIGHUP; served && came == SIGHUP;)
        if (sigwait(&signals, &came) != 0)
            break;
    server_close(server);
    arena_free(&arena);
    return served ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "host", 0, "ADDRESS", "where to listen (127.0.0.1)" },
    { "port", 0, "N", "the port; 0: a free one (8484)" },
    { "alias", 0, "NAME", "another name of the first model" },
    { "parallel", 0, "N", "answers made at once (16)" },
    { "context", 0, "N", "tokens of one answer with its prompt (the model's own)" },
    { "threads", 't', "N", "threads (one for each core)" },
    { "queue", 0, "N", "requests that may wait (256)" },
    { "keep-alive", 0, "TIME", "how long an unused model stays in memory (5m)" },
    { "memory-budget", 0, "SIZE", "memory of all models together (what is free)" },
    { "cache-size", 0, "SIZE", "of that, for prompts kept after their answers (a share)" },
    { "cache-dir", 0, "FOLDER", "where kept prompts go that the memory has no room for" },
    { "slot-dir", 0, "FOLDER", "where /slots saves and restores" },
    { "allow-host", 0, "NAME", "a name by which clients may call this server; again for more" },
    { "allow-origin", 0, "ORIGIN", "pages of this origin may use it; again for more" },
    { "allow-anonymous", 0, NULL, "no key needed, even from other machines" },
    { "tls-cert", 0, "FILE", "certificate (PEM), with --tls-key" },
    { "tls-key", 0, "FILE", "its key (PEM)" },
    { "tls", 0, "auto", "with a certificate made on first use" },
    { "no-page", 0, NULL, "no page, no conversations kept" },
    { "no-pull", 0, NULL, "clients may not fetch models" },
    { "any-model", 0, NULL, "an unknown model's name means the first" },
    { "log-format", 0, "FORMAT", "text or json (text)" },
    { "log-prompts", 0, NULL, "prompts and answers in the log too" },
    { "drain", 0, "TIME", "how long running answers may go on at the end (30s)" },
    { "check", 0, NULL, "say what is wrong with these settings, and end" },
    { 0 },
};

const struct command command_serve = {
    .name = "serve",
    .takes = "[MODEL...]",
    .does = "a server for programs and a page for people",
    .examples = "  bastide serve\n",
    .options = options,
    .most = -1,
    .run = serve,
};

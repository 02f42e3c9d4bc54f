/* serve.c: bastide serve: settings, one line when it is ready, signals until it ends.
 *
 * One thread takes all signals, which no other thread then sees: a call of the system is never cut short by one. */
#include "cli/cli.h"
#include "cli/serve_settings.h"
#include "server/server.h"

#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

struct service {
    const struct arguments *arguments;
    sigset_t signals;
    _Atomic(struct server *) server; /* NULL until it is ready, and when it ends */
    sem_t end;                       /* posted when it is to end */
    atomic_bool over;                /* the thread of signals is to end, too */
};

static void reload(struct service *service)
{
    struct arena arena = { 0 };
    struct server_settings settings;
    struct error error = { 0 };
    struct server *server = atomic_load(&service->server);
    if (server && (!serve_settings_read(service->arguments, &arena, &settings, &error) ||
                   !server_reload(server, &settings, &error)))
        show_error(&error);
    arena_free(&arena);
}

/* The first SIGTERM or SIGINT ends gracefully; before the server is ready, and the second time, there is nothing to
 * wait for: what is on the disk is whole at any moment. */
static void *take_signals(void *context)
{
    struct service *service = context;
    bool ending = false;
    for (int came; sigwait(&service->signals, &came) == 0 && !atomic_load(&service->over);) {
        if (came == SIGHUP) {
            reload(service);
            continue;
        }
        if (ending || !atomic_load(&service->server))
            _exit(STATUS_STOPPED);
        ending = true;
        sem_post(&service->end);
    }
    return NULL;
}

/* A connection is a descriptor and a thread. Threads would have up to eight heaps for each core, each keeping what its
 * thread gave back: a few are enough, and what is large goes back to the system at once. */
static void prepare_process(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    mallopt(M_ARENA_MAX, 4);
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

static enum status check(const struct server_settings *settings, struct error *error)
{
    struct buffer problems = { .limit = 1 << 20 };
    const bool good = server_check(settings, &problems, error);
    const bool printed = problems.length == 0 || (print_bytes(buffer_span(&problems), error) && print_flush(error));
    buffer_free(&problems);
    if (!printed || error->kind != ERROR_NONE)
        return status_of(error);
    return good ? STATUS_DONE : STATUS_NO;
}

static bool wait_for_end(struct service *service, struct server *server, struct error *error)
{
    atomic_store(&service->server, server);
    const bool told = print(error, "bastide: listening on %s\n", server_address(server)) && print_flush(error);
    while (told && sem_wait(&service->end) != 0)
        ;
    atomic_store(&service->server, NULL);
    return told;
}

/* Takes signals from here on, to the end of the server, which it closes. */
static bool run_server(struct service *service, struct server *server, struct error *error)
{
    pthread_t signals;
    if (pthread_create(&signals, NULL, take_signals, service) != 0) {
        server_close(server);
        return error_set(error, "no thread for signals: too many are running");
    }
    const bool served = server_start(server, error) && wait_for_end(service, server, error);
    server_close(server);
    atomic_store(&service->over, true);
    pthread_kill(signals, SIGTERM);
    pthread_join(signals, NULL);
    return served;
}

static enum status start(struct service *service, const struct server_settings *settings, struct error *error)
{
    struct server *server = NULL;
    prepare_process();
    sigemptyset(&service->signals);
    sigaddset(&service->signals, SIGINT);
    sigaddset(&service->signals, SIGTERM);
    sigaddset(&service->signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &service->signals, NULL); /* threads inherit it */
    sem_init(&service->end, 0, 0);
    /* The server confines this thread before there are others. */
    const bool served = server_open(settings, stderr, &server, error) && run_server(service, server, error);
    sem_destroy(&service->end);
    return served ? STATUS_DONE : status_of(error);
}

static enum status serve(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    struct server_settings settings;
    struct service service = { .arguments = arguments };
    enum status status = STATUS_WRONG;
    if (!serve_settings_read(arguments, &arena, &settings, error))
        status = status_of(error);
    else
        status = option_given(arguments, "check") ? check(&settings, error) : start(&service, &settings, error);
    arena_free(&arena);
    return status;
}

const struct command command_serve = {
    .name = "serve",
    .takes = "[MODEL...]",
    .does = "a server for programs, and a page for people",
    .details =
        "Speaks the APIs of OpenAI, Anthropic, Ollama and llama-server, and shows a page to a browser. MODEL is a\n"
        "name from the catalogue or a path; the first is the default, without any it is the catalogue's.\n"
        "Prints one line when it is ready; its log goes to standard error.\n\n"
        "config.yaml in the folder of configuration ($BASTIDE_HOME, else ~/.config/bastide) has the same options\n"
        "without dashes (port: 8484, no-page: true, allow-host: [ai.example]) and \"models\" as a list; what the\n"
        "line says wins. SIGHUP rereads it, keys and certificate; SIGTERM lets running answers end.\n",
    .examples = "  bastide serve\n"
                "  bastide serve smollm2-135m --parallel 8 --keep-alive 1h\n"
                "  bastide serve ./model.gguf --port 0 --no-page\n"
                "  bastide key add office --scopes chat && bastide serve --host 0.0.0.0 --tls auto\n"
                "  bastide serve --audit ~/shop\n"
                "  bastide serve --memory-budget 8GiB --check\n",
    .options = serve_options,
    .most = -1,
    .run = serve,
};

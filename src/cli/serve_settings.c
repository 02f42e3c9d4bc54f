/* serve_settings.c: the options of bastide serve and what they mean. */
#include "cli/serve_settings.h"

#include "access/access.h"
#include "cli/configuration.h"

#include <string.h>

/* clang-format off */
const struct option serve_options[] = {
    { "host", 0, "ADDRESS", "where to listen (127.0.0.1); any other than this machine's own needs a key" },
    { "port", 'p', "N", "the port; 0 takes a free one (8484)" },
    { "alias", 0, "NAME", "another name for the first model" },
    { "parallel", 0, "N", "answers made at once, of all models (16)" },
    { "context", 'c', "N", "tokens of one answer, prompt included (the model's own)" },
    { "threads", 't', "N", "threads (one for each core)" },
    { "queue", 0, "N", "requests that may wait for a place (256)" },
    { "keep-alive", 0, "TIME", "how long an unused model stays in memory, such as 30s, 5m, 1h; -1: for ever (5m)" },
    { "memory-budget", 0, "SIZE", "memory of all models with their caches, such as 8GiB (what is available)" },
    { "cache-size", 0, "SIZE", "of that, for prompts kept after their answers (a share)" },
    { "cache-dir", 0, "FOLDER", "where kept prompts go that memory has no room for (nowhere)" },
    { "slot-dir", 0, "FOLDER", "where /slots saves and restores (it does not)" },
    { "allow-host", 0, "NAME", "a name that clients may call this server by; again for more" },
    { "allow-origin", 0, "ORIGIN", "pages of this origin may use this server; again for more" },
    { "allow-anonymous", 0, NULL, "no key is needed, from other machines too" },
    { "tls-cert", 0, "FILE", "certificate chain in PEM, with --tls-key" },
    { "tls-key", 0, "FILE", "private key in PEM" },
    { "tls", 0, "auto", "TLS with a certificate that is made on first use" },
    { "audit", 0, "FOLDER", "show on the page what this folder depends on; again for more" },
    { "no-page", 0, NULL, "no page, and no conversations kept" },
    { "no-pull", 0, NULL, "clients may not fetch models" },
    { "no-sandbox", 0, NULL, "keep the right to connect to others and to open any file" },
    { "any-model", 0, NULL, "a model's name that is not known means the first model" },
    { "log-format", 0, "FORMAT", "text or json (text)" },
    { "log-prompts", 0, NULL, "prompts go into the log, too" },
    { "drain", 0, "TIME", "how long answers may go on when the server is told to end (30s)" },
    { "check", 0, NULL, "say what is wrong with these settings, and end" },
    { 0 },
};
/* clang-format on */

/* All values of an option that may be given several times. */
static bool read_list(const struct arguments *arguments, const char *name, struct arena *arena, const char *const **out,
                      size_t *count, struct error *error)
{
    *count = 0;
    while (option_at(arguments, name, *count))
        ++*count;
    const char **rows = arena_take(arena, *count + 1, sizeof *rows);
    if (!rows)
        return error_memory(error, *count * sizeof *rows);
    for (size_t i = 0; i < *count; i++)
        rows[i] = option_at(arguments, name, i);
    *out = rows;
    return true;
}

static bool read_size(const struct arguments *arguments, const char *name, size_t *out, struct error *error)
{
    const char *text = option_text(arguments, name, NULL);
    return !text || size_parse(text, out) ||
           error_set_kind(error, ERROR_WRONG_USE, "--%s %s: a size such as 512M or 8GiB is wanted", name, text);
}

static bool read_time(const struct arguments *arguments, const char *name, double *out, struct error *error)
{
    const char *text = option_text(arguments, name, NULL);
    return !text || span_of_time_parse(text, out, error) || error_prefix(error, "--%s", name);
}

static bool read_keep_alive(const struct arguments *arguments, double *out, struct error *error)
{
    *out = 300;
    if (strcmp(option_text(arguments, "keep-alive", ""), "-1") != 0)
        return read_time(arguments, "keep-alive", out, error);
    *out = -1;
    return true;
}

static bool read_scheduler(const struct arguments *arguments, struct scheduler_settings *out, struct error *error)
{
    uint64_t parallel = 16, queue = 256, context = 0, threads = 0;
    *out = (struct scheduler_settings){ .cache_folder = option_text(arguments, "cache-dir", NULL),
                                        .slot_folder = option_text(arguments, "slot-dir", NULL),
                                        .prompt_slice_seconds = 0.05 };
    if (!option_integer(arguments, "parallel", 1, 256, &parallel, error) ||
        !option_integer(arguments, "queue", 0, 65536, &queue, error) ||
        !option_integer(arguments, "context", 16, 1 << 24, &context, error) ||
        !option_integer(arguments, "threads", 1, 256, &threads, error) ||
        !read_size(arguments, "memory-budget", &out->memory_budget, error) ||
        !read_size(arguments, "cache-size", &out->cache_bytes, error) ||
        !read_keep_alive(arguments, &out->keep_alive_seconds, error))
        return false;
    out->parallel = parallel;
    out->queue = queue;
    out->context = context;
    out->threads = (unsigned)threads;
    return true;
}

static bool read_words(const struct arguments *arguments, struct arena *arena, struct server_settings *out,
                       struct error *error)
{
    const int count = argument_count(arguments);
    const char **models = arena_take(arena, (size_t)count + 1, sizeof *models);
    if (!models)
        return error_memory(error, (size_t)count * sizeof *models);
    for (int i = 0; i < count; i++)
        models[i] = argument(arguments, i);
    out->models = models;
    out->model_count = (size_t)count;
    return true;
}

static bool read_tls(const struct arguments *arguments, struct server_settings *out, struct error *error)
{
    const char *tls = option_text(arguments, "tls", NULL);
    out->tls_certificate = option_text(arguments, "tls-cert", NULL);
    out->tls_key = option_text(arguments, "tls-key", NULL);
    out->tls_auto = tls != NULL;
    if (tls && strcmp(tls, "auto") != 0)
        return error_set_kind(error, ERROR_WRONG_USE, "--tls %s: auto is wanted", tls);
    if (tls && (out->tls_certificate || out->tls_key))
        return error_set_kind(error, ERROR_WRONG_USE, "--tls auto makes a certificate: leave out --tls-cert");
    if (!out->tls_certificate != !out->tls_key)
        return error_set_kind(error, ERROR_WRONG_USE, "--tls-cert and --tls-key go together: give both");
    return true;
}

static bool read_log_format(const struct arguments *arguments, bool *json, struct error *error)
{
    const char *format = option_text(arguments, "log-format", "text");
    *json = strcmp(format, "json") == 0;
    return *json || strcmp(format, "text") == 0 ||
           error_set_kind(error, ERROR_WRONG_USE, "--log-format %s: text or json is wanted", format);
}

static bool read_all(const struct arguments *arguments, struct arena *arena, struct server_settings *out,
                     struct error *error)
{
    uint64_t port = 8484;
    *out = (struct server_settings){ .alias = option_text(arguments, "alias", NULL),
                                     .host = option_text(arguments, "host", "127.0.0.1"),
                                     .allow_anonymous = option_given(arguments, "allow-anonymous"),
                                     .no_page = option_given(arguments, "no-page"),
                                     .no_pull = option_given(arguments, "no-pull"),
                                     .no_sandbox = option_given(arguments, "no-sandbox"),
                                     .any_model = option_given(arguments, "any-model"),
                                     .log_prompts = option_given(arguments, "log-prompts"),
                                     .drain_seconds = 30 };
    if (!option_integer(arguments, "port", 0, UINT16_MAX, &port, error))
        return false;
    out->port = (uint16_t)port;
    return read_words(arguments, arena, out, error) && read_scheduler(arguments, &out->scheduler, error) &&
           read_list(arguments, "allow-host", arena, &out->allowed_hosts, &out->allowed_host_count, error) &&
           read_list(arguments, "allow-origin", arena, &out->allowed_origins, &out->allowed_origin_count, error) &&
           read_list(arguments, "audit", arena, &out->audits, &out->audit_count, error) &&
           read_time(arguments, "drain", &out->drain_seconds, error) && read_tls(arguments, out, error) &&
           read_log_format(arguments, &out->log_json, error);
}

bool serve_settings_read(const struct arguments *arguments, struct arena *arena, struct server_settings *out,
                         struct error *error)
{
    const char *path;
    struct arguments *merged = arena_take(arena, 1, sizeof *merged);
    if (!merged)
        return error_memory(error, sizeof *merged);
    return folder_configuration("config.yaml", arena, &path, error) &&
           configuration_read(arguments, path, arena, merged, error) && read_all(merged, arena, out, error);
}

/* metrics.c: GET /metrics in Prometheus' text form (version 0.0.4). */
#include "server/journal.h"
#include "server/llama/llama.h"
#include "server/request.h"
#include "server/serving.h"

#include <unistd.h>

enum { METRICS_MOST = 1 << 20 };

/* Memory of this process that lies in RAM: the second number of /proc/self/statm, in pages. */
static size_t resident_bytes(void)
{
    unsigned long long size = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    const bool read = statm && fscanf(statm, "%llu %llu", &size, &resident) == 2;
    if (statm)
        fclose(statm);
    return read ? (size_t)resident * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static bool add_number(struct buffer *out, const char *name, const char *kind, const char *help, double value,
                       struct error *error)
{
    return buffer_format(out, error, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, kind, name, value);
}

static bool add_numbers(struct buffer *out, const struct scheduler_counts *counts, struct error *error)
{
    const struct {
        const char *name, *kind, *help;
        double value;
    } rows[] = {
        { "bastide_prompt_tokens_total", "counter", "Tokens of prompts that were computed.",
          (double)counts->prompt_tokens },
        { "bastide_cached_tokens_total", "counter", "Tokens of prompts that were there already.",
          (double)counts->cached_tokens },
        { "bastide_generated_tokens_total", "counter", "Tokens of answers.", (double)counts->generated_tokens },
        { "bastide_steps_total", "counter", "Steps of the engine, each a batch.", (double)counts->steps },
        { "bastide_prompt_seconds_total", "counter", "Seconds spent with prompts.", counts->prompt_seconds },
        { "bastide_generation_seconds_total", "counter", "Seconds spent with answers.", counts->generation_seconds },
        { "bastide_requests_running", "gauge", "Answers in the making.", (double)counts->running },
        { "bastide_queue_length", "gauge", "Requests that wait for a place.", (double)counts->waiting },
        { "bastide_cache_bytes", "gauge", "Memory of kept prompts and running answers.", (double)counts->cache_bytes },
        { "bastide_resident_bytes", "gauge", "Memory of this process.", (double)resident_bytes() },
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (!add_number(out, rows[i].name, rows[i].kind, rows[i].help, rows[i].value, error))
            return false;
    return true;
}

static bool add_histogram(struct buffer *out, const char *name, const char *help, const struct histogram *histogram,
                          struct error *error)
{
    unsigned long long sum = 0;
    if (!buffer_format(out, error, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name))
        return false;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        sum += histogram->counts[i];
        if (!buffer_format(out, error, "%s_bucket{le=\"%g\"} %llu\n", name, histogram_bounds[i], sum))
            return false;
    }
    sum += histogram->counts[HISTOGRAM_BOUNDS];
    return buffer_format(out, error, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.9g\n%s_count %llu\n", name, sum, name,
                         histogram->sum, name, sum);
}

static bool metrics(struct server *server, const struct request *request, struct response *response,
                    struct failure *failure)
{
    struct error error = { 0 };
    struct buffer *out = &response->body;
    out->limit = METRICS_MOST;
    const struct scheduler_counts counts = scheduler_counts(server->scheduler);
    const char *began = arena_format(request->arena, "%lld", (long long)server->began);
    if (began)
        response_header(response, "Process-Start-Time-Unix", began);
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return (journal_metrics(server->journal, out, &error) && add_numbers(out, &counts, &error) &&
            add_histogram(out, "bastide_time_to_first_token_seconds", "From a request's coming to its first token.",
                          &counts.first_token, &error) &&
            add_histogram(out, "bastide_time_between_tokens_seconds", "Between two tokens of an answer.",
                          &counts.between_tokens, &error) &&
            llama_metrics(&counts, out, &error)) ||
           failure_error(failure, &error);
}

const struct route metrics_routes[] = {
    { "GET", "/metrics", SCOPE_ADMIN, &llama_api, metrics },
    { 0 },
};

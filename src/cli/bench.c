/* bench.c: bastide bench: how fast a model reads and writes here, and how close that is to what the machine can do. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "cli/commands.h"
#include "cli/loaded.h"

enum { RUNS = 3, RUNS_MOST = 1000, BATCH = 512, TOKENS_MOST = 1 << 20 };

static const struct option options[] = {
    { "prompt", 'p', "N", "tokens of the prompt (512); 0: none" },
    { "generate", 'n', "N", "tokens to generate (64); 0: none" },
    { "threads", 't', "N", "threads to compute with (one for each core)" },
    { "runs", 'r', "N", "how often each is run (3); the median counts" },
    { "json", 0, NULL, "print a JSON object" },
    { 0 },
};

struct bench {
    struct loaded loaded;
    size_t prompt, generate, threads, runs;
    struct machine machine;
    double load_seconds, prompt_speed, generation_speed; /* speeds: tokens a second, 0 if not run */
};

/* Any ids do: speed does not depend on them. */
static uint32_t some_token(const struct bench *bench, size_t i)
{
    return (uint32_t)((i * 2654435761u + 12345) % model_facts(bench->loaded.model).vocabulary);
}

/* Reads count tokens in pieces of BATCH, with logits for the last. */
static bool read_prompt(struct bench *bench, struct sequence *sequence, size_t count, struct error *error)
{
    struct batch_token tokens[BATCH];
    for (size_t first = 0; first < count; first += BATCH) {
        const size_t part = size_min(BATCH, count - first);
        for (size_t i = 0; i < part; i++)
            tokens[i] = (struct batch_token){ sequence, some_token(bench, first + i), first + i + 1 == count };
        const float *logits;
        if (!engine_run(bench->loaded.engine, tokens, part, &logits, error))
            return false;
    }
    return true;
}

/* Token after token, each with logits, as an answer is written. */
static bool generate_tokens(struct bench *bench, struct sequence *sequence, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct batch_token token = { sequence, some_token(bench, i), true };
        const float *logits;
        if (!engine_run(bench->loaded.engine, &token, 1, &logits, error))
            return false;
    }
    return true;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of the runs, in tokens a second; one run before them does not count. */
static bool measure(struct bench *bench, bool (*work)(struct bench *, struct sequence *, size_t, struct error *),
                    size_t count, double *out, struct error *error)
{
    double *seconds = calloc(bench->runs, sizeof *seconds);
    if (!seconds)
        return error_memory(error, bench->runs * sizeof *seconds);
    bool done = true;
    for (size_t run = 0; done && run <= bench->runs; run++) {
        struct sequence *sequence;
        done = sequence_open(bench->loaded.model, &sequence, error);
        if (!done)
            break;
        const double start = seconds_now();
        done = work(bench, sequence, run == 0 ? size_min(count, 32) : count, error);
        if (run > 0)
            seconds[run - 1] = seconds_now() - start;
        sequence_close(sequence);
    }
    qsort(seconds, bench->runs, sizeof *seconds, compare_doubles);
    *out = done ? (double)count / seconds[bench->runs / 2] : 0;
    free(seconds);
    return done;
}

/* Shares of what the machine can do: multiply-adds of a prompt, bytes of a generated token. */
static double prompt_share(const struct bench *bench)
{
    return bench->prompt_speed * (double)model_facts(bench->loaded.model).layer_parameters /
           bench->machine.multiply_adds_per_second;
}

static double generation_share(const struct bench *bench)
{
    return bench->generation_speed * (double)model_facts(bench->loaded.model).weight_bytes /
           bench->machine.memory_bytes_per_second;
}

static size_t peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

static bool print_json(const struct bench *bench, struct error *error)
{
    const struct model_facts facts = model_facts(bench->loaded.model);
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:i, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "model", bench->loaded.path,
        "architecture", facts.architecture, "kernels", facts.kernels, "threads", (int)pool_threads(bench->loaded.pool),
        "prompt_tokens", (json_int_t)bench->prompt, "generated_tokens", (json_int_t)bench->generate,
        "prompt_tokens_per_second", bench->prompt_speed, "generation_tokens_per_second", bench->generation_speed,
        "prompt_share_of_limit", prompt_share(bench), "generation_share_of_limit", generation_share(bench),
        "memory_bytes_per_second", bench->machine.memory_bytes_per_second, "multiply_adds_per_second",
        bench->machine.multiply_adds_per_second, "load_seconds", bench->load_seconds, "peak_memory_bytes",
        (json_int_t)peak_memory());
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL;
    const bool done = text ? print(error, "%s\n", text) : error_memory(error, 1);
    free(text);
    json_decref(object);
    return done;
}

static bool print_table(const struct bench *bench, struct error *error)
{
    const struct model_facts facts = model_facts(bench->loaded.model);
    char weights[16], peak[16];
    return print(error, "%s: %s, %.0f M parameters, %s of weights, %s kernels, %u threads\n\n", bench->loaded.path,
                 facts.architecture, (double)facts.parameters / 1e6, size_text(facts.weight_bytes, weights),
                 facts.kernels, pool_threads(bench->loaded.pool)) &&
           print(error, "  %-24s %10s  %s\n", "", "tokens/s", "share of this machine's limit") &&
           print(error, "  prompt of %-14zu %10.1f  %5.1f %% of %.0f G multiply-adds/s\n", bench->prompt,
                 bench->prompt_speed, 100 * prompt_share(bench), bench->machine.multiply_adds_per_second / 1e9) &&
           print(error, "  generation of %-10zu %10.1f  %5.1f %% of %.1f GB/s from memory\n", bench->generate,
                 bench->generation_speed, 100 * generation_share(bench),
                 bench->machine.memory_bytes_per_second / 1e9) &&
           print(error, "\n  loaded in %.2f s, peak memory %s\n", bench->load_seconds, size_text(peak_memory(), peak));
}

static bool read_options(const struct arguments *arguments, struct bench *bench, struct error *error)
{
    uint64_t prompt = 512, generated = 64, runs = RUNS;
    if (!option_integer(arguments, "prompt", 0, TOKENS_MOST, &prompt, error) ||
        !option_integer(arguments, "generate", 0, TOKENS_MOST, &generated, error) ||
        !option_integer(arguments, "runs", 1, RUNS_MOST, &runs, error) ||
        !loaded_threads(arguments, &bench->threads, error))
        return false;
    bench->prompt = (size_t)prompt;
    bench->generate = (size_t)generated;
    bench->runs = (size_t)runs;
    return true;
}

static bool run_bench(const struct arguments *arguments, struct bench *bench, struct error *error)
{
    const double start = seconds_now();
    if (!read_options(arguments, bench, error) ||
        !loaded_open(argument(arguments, 0), bench->threads, 0, BATCH, &bench->loaded, error))
        return false;
    bench->load_seconds = seconds_now() - start;
    const size_t context = model_context(bench->loaded.model);
    if (size_max(bench->prompt, bench->generate) > context)
        return error_set_kind(error, ERROR_WRONG_USE, "bench: %zu tokens: this model's context here is %zu",
                              size_max(bench->prompt, bench->generate), context);
    return (bench->prompt == 0 || measure(bench, read_prompt, bench->prompt, &bench->prompt_speed, error)) &&
           (bench->generate == 0 ||
            measure(bench, generate_tokens, bench->generate, &bench->generation_speed, error)) &&
           machine_measure(bench->loaded.model, bench->loaded.pool, &bench->machine, error) &&
           (option_given(arguments, "json") ? print_json(bench, error) : print_table(bench, error)) &&
           print_flush(error);
}

static enum status run(const struct arguments *arguments, struct error *error)
{
    struct bench bench = { 0 };
    const bool done = run_bench(arguments, &bench, error);
    loaded_close(&bench.loaded);
    return done ? STATUS_DONE : status_of(error);
}

const struct command command_bench = {
    .name = "bench",
    .takes = "MODEL",
    .does = "how fast a model runs here, and how close to the machine's limit",
    .details = "A prompt is bound by arithmetic: its limit is the rate of 8-bit multiply-adds. Generation is bound by\n"
               "memory: its limit is the rate at which weights can be read. Both are measured in the same run.\n",
    .examples = "  bastide bench smollm2-135m\n"
                "  bastide bench model.gguf -p 2048 -n 128 -t 4 --json\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

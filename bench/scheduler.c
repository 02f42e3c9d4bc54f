/* scheduler.c: how fast many answers come at once, and how evenly, without a server around it.
 *
 *     build/bench/bench_scheduler MODEL [CLIENTS [TOKENS [TEMPERATURE [LONG-PROMPT]]]]
 *
 * Each client is a thread with a prompt of its own. With LONG-PROMPT (tokens), another client brings such a prompt in
 * the middle; the gaps between tokens of the others while it is read are printed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/scheduler.h"

enum { PROMPT = 32, CLIENTS_MOST = 256, GAPS_MOST = 1 << 16 };

struct bench {
    struct scheduler *scheduler;
    struct held *held;
    size_t clients, tokens, long_prompt;
    float temperature;
    double long_begun, long_ended; /* while the long prompt was read */
};

struct client {
    struct bench *bench;
    size_t number, tokens, texts;
    double started, ended;
    double at[GAPS_MOST]; /* when each text came */
    pthread_t thread;
};

static void die(const struct error *error)
{
    fprintf(stderr, "bench_scheduler: %s\n", error->text);
    exit(3);
}

static struct job *begin(const struct bench *bench, size_t number, size_t prompt_count, size_t tokens)
{
    uint32_t *prompt = calloc(prompt_count, sizeof *prompt);
    struct error error;
    struct job *job;
    size_t position;
    const size_t vocabulary = model_facts(held_parts(bench->held)->model).vocabulary;
    for (size_t i = 0; i < prompt_count; i++)
        prompt[i] = (uint32_t)((i * 2654435761u + number * 40503u + 12345) % (vocabulary - 1000) + 500);
    struct job_wishes wishes = {
        .held = bench->held,
        .owner = "bench",
        .prompt = prompt,
        .prompt_count = prompt_count,
        .answers = 1,
        .slot = -1,
        .answer = { .sampling = sampling_default(), .most_tokens = tokens, .goes_on_past_end = true },
    };
    wishes.answer.sampling.temperature = bench->temperature;
    if (!job_open(bench->scheduler, &wishes, &job, &position, &error))
        die(&error);
    free(prompt);
    return job;
}

static void *run_client(void *argument)
{
    struct client *client = argument;
    client->started = seconds_now();
    struct job *job = begin(client->bench, client->number, PROMPT, client->bench->tokens);
    struct job_event event;
    do {
        job_next(job, 60, &event);
        if (event.kind == JOB_TEXT && client->texts < GAPS_MOST)
            client->at[client->texts++] = seconds_now();
        if (event.kind == JOB_FAILED)
            die(event.error);
    } while (event.kind != JOB_ENDED);
    client->ended = seconds_now();
    client->tokens = event.counts.tokens;
    job_close(job);
    return NULL;
}

/* Comes when the others are writing. */
static void run_long_prompt(struct bench *bench)
{
    struct job_event event;
    while (scheduler_counts(bench->scheduler).generated_tokens < 8 * bench->clients)
        usleep(1000);
    bench->long_begun = seconds_now();
    struct job *job = begin(bench, 1 << 20, bench->long_prompt, 1);
    do
        job_next(job, 600, &event);
    while (event.kind != JOB_ENDED && event.kind != JOB_FAILED);
    bench->long_ended = seconds_now();
    job_close(job);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_gaps(const struct bench *bench, const struct client *clients)
{
    double *gaps = calloc(bench->clients * GAPS_MOST, sizeof *gaps);
    size_t count = 0;
    for (const struct client *client = clients; client < clients + bench->clients; client++)
        for (size_t i = 1; i < client->texts; i++)
            if (client->at[i - 1] >= bench->long_begun && client->at[i] <= bench->long_ended)
                gaps[count++] = client->at[i] - client->at[i - 1];
    if (!gaps || count == 0)
        return;
    qsort(gaps, count, sizeof *gaps, compare_doubles);
    printf("a prompt of %zu tokens was read in %.2f s: %zu gaps, median %.1f ms, longest %.1f ms (%.2f x)\n",
           bench->long_prompt, bench->long_ended - bench->long_begun, count, 1e3 * gaps[count / 2],
           1e3 * gaps[count - 1], gaps[count - 1] / gaps[count / 2]);
    free(gaps);
}

static void print_speeds(const struct bench *bench, const struct client *clients)
{
    double speeds[CLIENTS_MOST], began = clients[0].started, ended = 0;
    size_t tokens = 0;
    for (size_t i = 0; i < bench->clients; i++) {
        const struct client *client = &clients[i];
        speeds[i] = (double)client->tokens / (client->ended - client->started);
        began = client->started < began ? client->started : began;
        ended = client->ended > ended ? client->ended : ended;
        tokens += client->tokens;
    }
    qsort(speeds, bench->clients, sizeof *speeds, compare_doubles);
    const struct scheduler_counts counts = scheduler_counts(bench->scheduler);
    printf("%zu clients: %.0f tokens/s in all; each %.1f in the median, the slowest %.1f (%.2f x)\n", bench->clients,
           (double)tokens / (ended - began), speeds[bench->clients / 2], speeds[0],
           speeds[0] / speeds[bench->clients / 2]);
    printf("%llu steps, %.2f ms each\n", (unsigned long long)counts.steps,
           1e3 * (ended - began) / (double)counts.steps);
}

static void open_bench(struct bench *bench, const char *path)
{
    const struct scheduler_settings settings = {
        .parallel = bench->clients + 1, .queue = 16, .keep_alive_seconds = -1, .prompt_slice_seconds = 0.05
    };
    struct error error;
    if (!scheduler_open(&settings, &bench->scheduler, &error) ||
        !scheduler_hold(bench->scheduler, path, NULL, &bench->held, &error))
        die(&error);
}

static size_t number_of(int count, char **words, int i, size_t otherwise)
{
    return i < count ? (size_t)strtoull(words[i], NULL, 10) : otherwise;
}

int main(int count, char **words)
{
    struct bench bench = { .clients = size_min(number_of(count, words, 2, 16), CLIENTS_MOST),
                           .tokens = number_of(count, words, 3, 128),
                           .temperature = count > 4 ? strtof(words[4], NULL) : 0,
                           .long_prompt = number_of(count, words, 5, 0) };
    struct client *clients = calloc(CLIENTS_MOST, sizeof *clients);
    if (count < 2 || !clients)
        return 2;
    open_bench(&bench, words[1]);
    for (size_t i = 0; i < bench.clients; i++) {
        clients[i].bench = &bench;
        clients[i].number = i;
        pthread_create(&clients[i].thread, NULL, run_client, &clients[i]);
    }
    if (bench.long_prompt > 0)
        run_long_prompt(&bench);
    for (size_t i = 0; i < bench.clients; i++)
        pthread_join(clients[i].thread, NULL);
    print_speeds(&bench, clients);
    print_gaps(&bench, clients);
    held_release(bench.held, -1);
    scheduler_close(bench.scheduler);
    free(clients);
    return 0;
}

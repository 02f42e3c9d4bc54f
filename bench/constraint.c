/* constraint.c: what it costs to keep answers within a JSON Schema: the time that choosing a token takes, and the speed
 * of generation with and without, in turns, for one answer and for sixteen at once.
 *
 *     build/bench/bench_constraint MODEL.gguf [THREADS]
 *
 * free       no constraint
 * kept       each answer takes its constraint from a shelf, which knows what the answers before it have met
 * fresh      a constraint is built for each answer, and has to work everything out
 *
 * Building and taking count.
 */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ANSWERS_MOST = 16, TOKENS = 160, ROUNDS = 5, CONTEXT = 1024 };

enum way { FREE, KEPT, FRESH, WAYS };

static const char *const way_names[] = { "free", "kept", "fresh" };

/* Records with texts, numbers, dates and lists, without end: what tools and forms ask for. */
static const char schema[] =
    "{\"type\":\"array\",\"minItems\":1000,\"items\":{\"type\":\"object\",\"properties\":{"
    "\"name\":{\"type\":\"string\",\"maxLength\":40},\"age\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":120},"
    "\"born\":{\"type\":\"string\",\"format\":\"date\"},\"married\":{\"type\":\"boolean\"},"
    "\"role\":{\"enum\":[\"mayor\",\"baker\",\"smith\",\"miller\"]},"
    "\"notes\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"maxItems\":3}},"
    "\"required\":[\"name\",\"age\",\"born\",\"married\",\"role\",\"notes\"],\"additionalProperties\":false}}";

static const char prompt_text[] = "A list of the people of our town, as JSON:\n";

struct bench {
    struct gguf *gguf;
    struct pool *pool;
    struct tokenizer *tokenizer;
    struct model *model;
    struct engine *engine;
    struct shelf *shelf;
    struct tokens prompt;
    struct error error;
};

/* Times of one run, in seconds. */
struct times {
    double all, choosing, longest;
};

/* Of this thread alone, so that other programs count less. */
static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void need(bool done, const struct error *error)
{
    if (done)
        return;
    fprintf(stderr, "%s\n", error->text);
    exit(3);
}

static void open_bench(struct bench *bench, const char *path, unsigned threads)
{
    struct error *error = &bench->error;
    need(
        gguf_open(path, &bench->gguf, error) && pool_open(threads, &bench->pool, error) &&
            tokenizer_open(bench->gguf, &bench->tokenizer, error) &&
            model_open(bench->gguf, bench->pool, CONTEXT, NULL, &bench->model, error) &&
            engine_open(bench->model, bench->pool, 64, &bench->engine, error) &&
            tokenizer_encode(bench->tokenizer, span_text(prompt_text), (struct encoding){ 0 }, &bench->prompt, error) &&
            shelf_open(&bench->shelf, error),
        error);
}

static void close_bench(struct bench *bench)
{
    shelf_close(bench->shelf);
    engine_close(bench->engine);
    model_close(bench->model);
    tokenizer_close(bench->tokenizer);
    tokens_free(&bench->prompt);
    pool_close(bench->pool);
    gguf_close(bench->gguf);
}

struct speaker {
    struct sequence *sequence;
    struct answer *answer;
    struct shelved *form;
    struct buffer text;
    uint32_t token;
};

static bool build_schema(void *context, struct grammar *grammar, struct rule *start, struct error *error)
{
    (void)context;
    return grammar_schema(grammar, schema, start, error);
}

/* What a server does for a request that brings a schema. */
static struct shelved *take_form(struct bench *bench, enum way way)
{
    const struct shelf_wish wish = {
        .tokenizer = bench->tokenizer,
        .owner = "",
        .description = span_text(schema),
        .build = build_schema,
    };
    struct shelved *form;
    need(shelf_take(way == KEPT ? bench->shelf : NULL, &wish, &form, &bench->error), &bench->error);
    return form;
}

static void open_speaker(struct bench *bench, struct speaker *speaker, enum way way, float temperature, uint64_t seed)
{
    struct answer_wishes wishes = { .sampling = sampling_default(), .goes_on_past_end = true };
    wishes.sampling.temperature = temperature;
    wishes.sampling.seed = seed;
    speaker->form = way == FREE ? NULL : take_form(bench, way);
    wishes.constraint = shelved_constraint(speaker->form);
    speaker->text.limit = 1 << 20;
    need(answer_open(bench->tokenizer, model_facts(bench->model).vocabulary, &wishes, &speaker->answer, &bench->error),
         &bench->error);
}

static void close_speaker(struct speaker *speaker)
{
    answer_close(speaker->answer);
    shelf_return(speaker->form);
    sequence_close(speaker->sequence);
    buffer_free(&speaker->text);
    *speaker = (struct speaker){ 0 };
}

/* The prompt of all; each has a last token of logits of its own. */
static void read_prompts(struct bench *bench, struct speaker *speakers, size_t count, float *first)
{
    const size_t vocabulary = model_facts(bench->model).vocabulary;
    for (size_t i = 0; i < count; i++) {
        struct batch_token batch[64];
        const float *logits;
        need(sequence_open(bench->model, &speakers[i].sequence, &bench->error), &bench->error);
        for (size_t j = 0; j < bench->prompt.count; j++)
            batch[j] = (struct batch_token){ speakers[i].sequence, bench->prompt.ids[j], j + 1 == bench->prompt.count };
        need(engine_run(bench->engine, batch, bench->prompt.count, &logits, &bench->error), &bench->error);
        memcpy(first + i * vocabulary, logits, vocabulary * sizeof *first);
    }
}

static void choose_all(struct bench *bench, struct speaker *speakers, size_t count, const float *logits,
                       struct times *times)
{
    const size_t vocabulary = model_facts(bench->model).vocabulary;
    for (size_t i = 0; i < count; i++) {
        enum answer_end end;
        const double start = processor_seconds();
        need(answer_take(speakers[i].answer, logits + i * vocabulary, &speakers[i].token, &speakers[i].text, &end,
                         &bench->error),
             &bench->error);
        const double took = processor_seconds() - start;
        times->choosing += took;
        times->longest = took > times->longest ? took : times->longest;
    }
}

static struct times run(struct bench *bench, size_t count, enum way way, float temperature)
{
    static struct speaker speakers[ANSWERS_MOST];
    const size_t vocabulary = model_facts(bench->model).vocabulary;
    struct times times = { 0 };
    float *first = calloc(count * vocabulary, sizeof *first);
    const float *logits = first;
    need(first, &bench->error);
    read_prompts(bench, speakers, count, first);
    const double start = seconds_now();
    for (size_t i = 0; i < count; i++)
        open_speaker(bench, &speakers[i], way, temperature, i);
    for (size_t step = 0; step < TOKENS; step++) {
        struct batch_token batch[ANSWERS_MOST];
        choose_all(bench, speakers, count, logits, &times);
        for (size_t i = 0; i < count; i++)
            batch[i] = (struct batch_token){ speakers[i].sequence, speakers[i].token, true };
        need(engine_run(bench->engine, batch, count, &logits, &bench->error), &bench->error);
    }
    times.all = seconds_now() - start;
    for (size_t i = 0; i < count; i++)
        close_speaker(&speakers[i]);
    free(first);
    return times;
}

static int compare(const void *a, const void *b)
{
    const double left = ((const struct times *)a)->all, right = ((const struct times *)b)->all;
    return (left > right) - (left < right);
}

/* The ways take turns; the median of each counts. */
static void measure(struct bench *bench, size_t count, float temperature)
{
    struct times times[WAYS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++)
            times[way][round] = run(bench, count, (enum way)way, temperature);
    for (int way = 0; way < WAYS; way++)
        qsort(times[way], ROUNDS, sizeof times[way][0], compare);
    for (int way = 0; way < WAYS; way++) {
        const struct times *median = &times[way][ROUNDS / 2];
        const double tokens = (double)(count * TOKENS);
        printf("%2zu answers  %-8s  %-7s %7.1f tokens/s  ratio %.3f  choosing %6.1f us a token, longest %7.1f us\n",
               count, temperature > 0 ? "sampled" : "greedy", way_names[way], tokens / median->all,
               times[FREE][ROUNDS / 2].all / median->all, 1e6 * median->choosing / tokens, 1e6 * median->longest);
    }
}

int main(int count, char **words)
{
    struct bench bench = { 0 };
    if (count < 2) {
        fprintf(stderr, "usage: %s MODEL.gguf [THREADS]\n", words[0]);
        return 2;
    }
    open_bench(&bench, words[1], count > 2 ? (unsigned)strtoul(words[2], NULL, 10) : 0);
    measure(&bench, 1, 0);
    measure(&bench, 1, 0.8f);
    measure(&bench, ANSWERS_MOST, 0);
    measure(&bench, ANSWERS_MOST, 0.8f);
    close_bench(&bench);
    return 0;
}

/* perplexity.c: bastide perplexity: how surprised a model is by a text, in nats a token.
 * The whole text becomes tokens; these are cut into consecutive windows that with BOS in front (where the model wants
 * one) are --context long; each window runs from an empty cache, and every token but its first is scored given all
 * before it in the window. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/loaded.h"

enum { CONTEXT = 512, BATCH = 32 /* tokens at a time: their logits are held */, TEXT_BYTES_MOST = 1 << 30 };

static const struct option options[] = {
    { "context", 'c', "N", "tokens of a window (512)" },
    { "threads", 't', "N", "threads to compute with (one for each core)" },
    { "json", 0, NULL, "print a JSON object" },
    { 0 },
};

struct scoring {
    struct loaded loaded;
    struct tokenizer *tokenizer;
    struct tokens ids;
    size_t context;
    double sum; /* of the negative log-likelihoods */
    size_t scored;
};

/* -log softmax(logits)[id], in double. */
static double surprise(const float *logits, size_t vocabulary, uint32_t id)
{
    float most = logits[0];
    for (size_t i = 1; i < vocabulary; i++)
        most = logits[i] > most ? logits[i] : most;
    double total = 0;
    for (size_t i = 0; i < vocabulary; i++)
        total += exp((double)logits[i] - (double)most);
    return log(total) + (double)most - (double)logits[id];
}

/* Runs part of a window; next[i] is the token to score after the i-th, TOKEN_NONE for none. */
static bool score_part(struct scoring *scoring, const struct batch_token *part, const uint32_t *next, size_t count,
                       struct error *error)
{
    const size_t vocabulary = model_facts(scoring->loaded.model).vocabulary;
    const float *logits;
    if (!engine_run(scoring->loaded.engine, part, count, &logits, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (next[i] == TOKEN_NONE)
            continue;
        scoring->sum += surprise(logits + i * vocabulary, vocabulary, next[i]);
        scoring->scored++;
    }
    return true;
}

/* ids [count]: BOS, if the model wants one, is before them already. */
static bool score_window(struct scoring *scoring, const uint32_t *ids, size_t count, struct error *error)
{
    struct sequence *sequence;
    if (!sequence_open(scoring->loaded.model, &sequence, error))
        return false;
    bool done = true;
    for (size_t first = 0; done && first < count; first += BATCH) {
        struct batch_token part[BATCH];
        uint32_t next[BATCH];
        const size_t size = size_min(BATCH, count - first);
        for (size_t i = 0; i < size; i++) {
            part[i] = (struct batch_token){ sequence, ids[first + i], true };
            next[i] = first + i + 1 < count ? ids[first + i + 1] : TOKEN_NONE;
        }
        done = score_part(scoring, part, next, size, error);
    }
    sequence_close(sequence);
    return done;
}

static bool score_all(struct scoring *scoring, struct error *error)
{
    const uint32_t bos = tokenizer_adds_bos(scoring->tokenizer) ? tokenizer_bos(scoring->tokenizer) : TOKEN_NONE;
    const size_t extra = bos != TOKEN_NONE;
    const size_t step = scoring->context - extra;
    uint32_t *window = calloc(scoring->context, sizeof *window);
    if (!window)
        return error_memory(error, scoring->context * sizeof *window);
    bool done = true;
    for (size_t first = 0; done && first < scoring->ids.count; first += step) {
        const size_t size = size_min(step, scoring->ids.count - first);
        window[0] = bos;
        for (size_t i = 0; i < size; i++)
            window[extra + i] = scoring->ids.ids[first + i];
        progress_tell(terminal_progress(), "scoring", first, scoring->ids.count);
        done = score_window(scoring, window, extra + size, error);
    }
    progress_tell(terminal_progress(), "scoring", scoring->ids.count, scoring->ids.count);
    free(window);
    return done;
}

static bool read_ids(struct scoring *scoring, const char *path, struct error *error)
{
    struct buffer text = { .limit = TEXT_BYTES_MOST };
    const struct encoding plain = { 0 };
    const bool done = file_read(path, &text, error) &&
                      tokenizer_encode(scoring->tokenizer, buffer_span(&text), plain, &scoring->ids, error);
    buffer_free(&text);
    return done;
}

static bool print_result(const struct scoring *scoring, bool json, struct error *error)
{
    const double mean = scoring->sum / (double)scoring->scored;
    if (!json)
        return print(error, "%zu tokens, mean negative log-likelihood %.6f, perplexity %.4f\n", scoring->scored, mean,
                     exp(mean));
    return print(error, "{\"mean_nll\": %.9f, \"perplexity\": %.6f, \"tokens\": %zu}\n", mean, exp(mean),
                 scoring->scored);
}

static bool score(const struct arguments *arguments, struct scoring *scoring, struct error *error)
{
    uint64_t context = CONTEXT;
    size_t threads = 0;
    if (!option_integer(arguments, "context", 2, 1 << 28, &context, error) ||
        !loaded_threads(arguments, &threads, error))
        return false;
    scoring->context = (size_t)context;
    if (!loaded_open(argument(arguments, 0), threads, scoring->context, BATCH, &scoring->loaded, error) ||
        !tokenizer_open(scoring->loaded.gguf, &scoring->tokenizer, error) ||
        !read_ids(scoring, argument(arguments, 1), error) || !score_all(scoring, error))
        return false;
    if (scoring->scored == 0)
        return error_set(error, "%s: too short: at least two tokens are needed", argument(arguments, 1));
    if (!isfinite(exp(scoring->sum / (double)scoring->scored)))
        return error_set(error, "%s: no number comes out: its weights are damaged: download it again",
                         argument(arguments, 0));
    return print_result(scoring, option_given(arguments, "json"), error) && print_flush(error);
}

static enum status run(const struct arguments *arguments, struct error *error)
{
    struct scoring scoring = { 0 };
    const bool done = score(arguments, &scoring, error);
    tokens_free(&scoring.ids);
    tokenizer_close(scoring.tokenizer);
    loaded_close(&scoring.loaded);
    return done ? STATUS_DONE : status_of(error);
}

const struct command command_perplexity = {
    .name = "perplexity",
    .takes = "MODEL FILE",
    .does = "how surprised a model is by a text",
    .details = "The text is cut into windows of --context tokens; each is scored from an empty cache. FILE - is\n"
               "standard input. The mean is in nats a token; perplexity is its exponential.\n",
    .examples = "  bastide perplexity smollm2-135m story.txt\n"
                "  bastide perplexity model.gguf - --context 256 --json <story.txt\n",
    .options = options,
    .least = 2,
    .most = 2,
    .run = run,
};

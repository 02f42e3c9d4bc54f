/* sampler.c: logits to the next token.
 *
 *   penalties -> biases -> allowed tokens -> top-k -> top-p -> min-p -> temperature -> draw
 *
 * The order is llama.cpp's, so that the numbers people know from there mean the same here. The filters come before
 * the temperature: they look at what the model itself believes, and a higher temperature spreads the choice among the
 * tokens that they left instead of letting worse ones in. Temperature 0 takes the largest after penalties.
 *
 * Penalties, for a token that occurs n > 0 times among the last penalty_window tokens:
 *   repetition  logit / r if it is positive, else logit * r      Keskar et al. 2019 (CTRL), section 4.1, with the
 *                                                                sign handled as everybody does since
 *   frequency and presence  logit - n * frequency - presence     OpenAI's API reference, "frequency_penalty"
 * top-p: Holtzman et al. 2020, section 3.1. min-p: Nguyen et al. 2024.
 *
 * The random numbers are xoshiro256** (Blackman and Vigna 2018), its state filled by splitmix64 from the seed; one
 * number is used for each token that is drawn, none for a greedy one. */
#include "engine/sampler.h"

#include "engine/candidates.h"

#include <stdlib.h>

enum { MOST_WINDOW = 1 << 20 };

struct sampler {
    struct sampling sampling;
    uint64_t random[4];
    struct candidates candidates;
    uint32_t *counts;                /* [vocabulary] how often each token is in the window; NULL without penalties */
    uint32_t *window;                /* [penalty_window] the last tokens, a ring */
    size_t seen;                     /* tokens accepted so far */
    const struct token_bias *biases; /* [bias_count] */
    size_t bias_count;
};

struct sampling sampling_default(void)
{
    return (struct sampling){
        .temperature = 0.8f,
        .top_k = 40,
        .top_p = 0.95f,
        .min_p = 0.05f,
        .repeat_penalty = 1.0f,
        .penalty_window = 64,
    };
}

bool sampling_check(const struct sampling *sampling, struct error *error)
{
    const struct range {
        const char *name;
        double value, low, high;
    } ranges[] = {
        { "temperature", (double)sampling->temperature, 0, 100 },
        { "top_k", sampling->top_k, 0, UINT32_MAX },
        { "top_p", (double)sampling->top_p, 0, 1 },
        { "min_p", (double)sampling->min_p, 0, 1 },
        { "repeat_penalty", (double)sampling->repeat_penalty, 0.01, 100 },
        { "presence_penalty", (double)sampling->presence_penalty, -100, 100 },
        { "frequency_penalty", (double)sampling->frequency_penalty, -100, 100 },
        { "penalty_window", sampling->penalty_window, 0, MOST_WINDOW },
    };
    for (size_t i = 0; i < LENGTH(ranges); i++) {
        const struct range *range = &ranges[i];
        if (!(range->value >= range->low && range->value <= range->high)) /* NaN is in no range */
            return error_set_kind(error, ERROR_WRONG_USE, "%s %g: a number from %g to %g is wanted", range->name,
                                  range->value, range->low, range->high);
    }
    return true;
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t rotate_left(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t next_random(uint64_t state[4])
{
    const uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    const uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

/* From 0 to below 1, in steps of 2^-52: fine enough, and coarse enough that its product with a sum of weights is
 * below that sum after rounding. */
static double next_fraction(uint64_t state[4])
{
    return (double)(next_random(state) >> 12) * 0x1p-52;
}

static bool has_penalties(const struct sampling *sampling)
{
    const bool neutral = sampling->repeat_penalty == 1 && sampling->presence_penalty == 0 &&
                         sampling->frequency_penalty == 0;
    return !neutral && sampling->penalty_window > 0;
}

static bool open_parts(struct sampler *sampler, size_t vocabulary, struct error *error)
{
    if (!candidates_open(&sampler->candidates, vocabulary, error))
        return false;
    if (!has_penalties(&sampler->sampling))
        return true;
    sampler->counts = calloc(vocabulary, sizeof *sampler->counts);
    sampler->window = calloc(sampler->sampling.penalty_window, sizeof *sampler->window);
    return (sampler->counts && sampler->window) || error_memory(error, vocabulary * sizeof *sampler->counts);
}

bool sampler_open(const struct sampling *sampling, size_t vocabulary, struct sampler **out, struct error *error)
{
    if (!sampling_check(sampling, error))
        return false;
    struct sampler *sampler = calloc(1, sizeof *sampler);
    if (!sampler)
        return error_memory(error, sizeof *sampler);
    sampler->sampling = *sampling;
    uint64_t seed = sampling->seed;
    for (size_t i = 0; i < LENGTH(sampler->random); i++)
        sampler->random[i] = splitmix64(&seed);
    if (!open_parts(sampler, vocabulary, error)) {
        sampler_close(sampler);
        return false;
    }
    *out = sampler;
    return true;
}

void sampler_close(struct sampler *sampler)
{
    if (!sampler)
        return;
    candidates_close(&sampler->candidates);
    free(sampler->counts);
    free(sampler->window);
    free(sampler);
}

void sampler_accept(struct sampler *sampler, uint32_t token)
{
    if (!sampler->counts || token >= sampler->candidates.vocabulary)
        return;
    const size_t size = sampler->sampling.penalty_window;
    uint32_t *slot = &sampler->window[sampler->seen % size];
    if (sampler->seen >= size)
        sampler->counts[*slot]--;
    *slot = token;
    sampler->counts[token]++;
    sampler->seen++;
}

/* Each value is computed from the logit itself, so that a token that is in the window twice is penalised once. */
static void penalise(struct sampler *sampler, const float *logits)
{
    const struct sampling *sampling = &sampler->sampling;
    const size_t filled = sampler->counts ? size_min(sampler->seen, sampling->penalty_window) : 0;
    for (size_t i = 0; i < filled; i++) {
        const uint32_t token = sampler->window[i];
        const float logit = candidates_clean(logits[token]);
        const float repeated = logit > 0 ? logit / sampling->repeat_penalty : logit * sampling->repeat_penalty;
        const float count = (float)sampler->counts[token];
        sampler->candidates.values[token] =
            candidates_clean(repeated - count * sampling->frequency_penalty - sampling->presence_penalty);
    }
}

static void truncate_choice(struct sampler *sampler)
{
    const struct sampling *sampling = &sampler->sampling;
    struct candidates *candidates = &sampler->candidates;
    if (sampling->top_k > 0 && sampling->top_k < candidates->vocabulary)
        candidates_take_top(candidates, sampling->top_k);
    if (sampling->top_p < 1)
        candidates_take_mass(candidates, (double)sampling->top_p);
    const float least = candidates->best + logf(sampling->min_p); /* minus infinity if min-p is off */
    candidates_take_above(candidates, least > -FLT_MAX ? least : -FLT_MAX);
}

static uint32_t draw(struct sampler *sampler)
{
    struct candidates *candidates = &sampler->candidates;
    const double sum = candidates_weigh(candidates, sampler->sampling.temperature);
    const double wanted = next_fraction(sampler->random) * sum;
    double passed = 0;
    size_t i = 0;
    while (i + 1 < candidates->count && (passed += (double)candidates->list[i].value) <= wanted)
        i++;
    return candidates->list[i].token;
}

void sampler_bias(struct sampler *sampler, const struct token_bias *biases, size_t count)
{
    sampler->biases = biases;
    sampler->bias_count = count;
}

static void add_biases(struct sampler *sampler)
{
    float *values = sampler->candidates.values;
    for (size_t i = 0; i < sampler->bias_count; i++) {
        const struct token_bias *bias = &sampler->biases[i];
        if (bias->token < sampler->candidates.vocabulary)
            values[bias->token] = candidates_clean(values[bias->token] + bias->bias);
    }
}

static bool is_allowed(const uint64_t *allowed, size_t words, size_t token)
{
    return !allowed || (token / 64 < words && allowed[token / 64] >> token % 64 & 1);
}

/* Most words of a mask are all zeros or all ones, which need no look at single bits. */
static void keep_allowed(struct candidates *candidates, const uint64_t *allowed, size_t words)
{
    for (size_t start = 0; start < candidates->vocabulary; start += 64) {
        const uint64_t word = start / 64 < words ? allowed[start / 64] : 0;
        const size_t count = size_min(64, candidates->vocabulary - start);
        for (size_t i = 0; i < count && word != UINT64_MAX; i++)
            if (!(word >> i & 1))
                candidates->values[start + i] = -INFINITY;
    }
}

static bool is_banned(const struct sampler *sampler, size_t token)
{
    for (size_t i = 0; i < sampler->bias_count; i++)
        if (sampler->biases[i].token == token && sampler->biases[i].bias == -INFINITY)
            return true;
    return false;
}

/* Where no allowed token has a finite value: the first that may be chosen at all. */
static uint32_t first_allowed(const struct sampler *sampler, const uint64_t *allowed, size_t words)
{
    for (size_t token = 0; token < sampler->candidates.vocabulary; token++)
        if (is_allowed(allowed, words, token) && !is_banned(sampler, token))
            return (uint32_t)token;
    return TOKEN_NONE;
}

uint32_t sampler_choose_among(struct sampler *sampler, const float *logits, const uint64_t *allowed, size_t words)
{
    struct candidates *candidates = &sampler->candidates;
    const bool greedy = sampler->sampling.temperature == 0;
    if (greedy && !sampler->counts && sampler->bias_count == 0 && !allowed) {
        size_t where;
        logits_peak(logits, candidates->vocabulary, &where);
        return (uint32_t)where;
    }
    candidates_fill(candidates, logits);
    penalise(sampler, logits);
    add_biases(sampler);
    if (allowed)
        keep_allowed(candidates, allowed, words);
    candidates_rank(candidates);
    if (candidates->best == -INFINITY)
        return first_allowed(sampler, allowed, words);
    if (greedy)
        return candidates_best(candidates);
    truncate_choice(sampler);
    return draw(sampler);
}

uint32_t sampler_choose(struct sampler *sampler, const float *logits)
{
    return sampler_choose_among(sampler, logits, NULL, 0);
}

/* candidates.c: the largest of many values, and a sort that needs no comparison.
 * Loops over the vocabulary keep LANES independent results, so that a compiler can use vector registers without being
 * allowed to reorder floating-point sums: the same bits come out at every level of optimisation. */
#include "engine/candidates.h"
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128, LANES = 16 };

bool candidates_open(struct candidates *candidates, size_t vocabulary, struct error *error)
{
    size_t bytes;
    if (vocabulary == 0 || vocabulary > UINT32_MAX)
        return error_set(error, "sampler: a vocabulary of %zu tokens: 1 to 2^32 - 1 are possible", vocabulary);
    if (!size_multiply(vocabulary, sizeof(struct candidate), &bytes))
        return error_memory(error, SIZE_MAX);
    candidates->vocabulary = vocabulary;
    candidates->chunks = (vocabulary - 1) / CHUNK + 1;
    candidates->values = malloc(vocabulary * sizeof *candidates->values);
    candidates->peaks = malloc(candidates->chunks * sizeof *candidates->peaks);
    candidates->list = malloc(bytes);
    candidates->spare = malloc(bytes);
    if (!candidates->values || !candidates->peaks || !candidates->list || !candidates->spare)
        return error_memory(error, bytes);
    return true;
}

void candidates_close(struct candidates *candidates)
{
    free(candidates->values);
    free(candidates->peaks);
    free(candidates->list);
    free(candidates->spare);
    *candidates = (struct candidates){ 0 };
}

/* The larger of each lane; NaN loses every comparison. */
static float peak_of(const float *values, size_t count)
{
    float lanes[LANES];
    for (size_t j = 0; j < LANES; j++)
        lanes[j] = -INFINITY;
    const size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lanes[j] = values[i + j] > lanes[j] ? values[i + j] : lanes[j];
    for (size_t i = whole; i < count; i++)
        lanes[0] = values[i] > lanes[0] ? values[i] : lanes[0];
    float peak = lanes[0];
    for (size_t j = 1; j < LANES; j++)
        peak = lanes[j] > peak ? lanes[j] : peak;
    return peak;
}

float logits_peak(const float *logits, size_t count, size_t *where)
{
    float peak = -INFINITY;
    size_t start = 0;
    for (size_t i = 0; i < count; i += CHUNK) {
        const float here = peak_of(logits + i, size_min(CHUNK, count - i));
        if (here > peak) {
            peak = here;
            start = i;
        }
    }
    *where = 0;
    for (size_t i = start; i < count && peak > -INFINITY; i++)
        if (logits[i] == peak) {
            *where = i;
            break;
        }
    return peak;
}

void candidates_fill(struct candidates *candidates, const float *logits)
{
    for (size_t i = 0; i < candidates->vocabulary; i++)
        candidates->values[i] = candidates_clean(logits[i]);
}

void candidates_rank(struct candidates *candidates)
{
    candidates->best = -INFINITY;
    candidates->count = 0;
    for (size_t chunk = 0; chunk < candidates->chunks; chunk++) {
        const size_t start = chunk * CHUNK;
        const float peak = peak_of(candidates->values + start, size_min(CHUNK, candidates->vocabulary - start));
        candidates->peaks[chunk] = peak;
        candidates->best = peak > candidates->best ? peak : candidates->best;
    }
}

uint32_t candidates_best(const struct candidates *candidates)
{
    size_t where;
    logits_peak(candidates->values, candidates->vocabulary, &where);
    return (uint32_t)where;
}

/* Bits that order as unsigned numbers the way the floats fall: the largest float has the smallest. */
static uint32_t falling_bits(float value)
{
    uint32_t bits;
    value += 0.0f; /* minus zero becomes zero, its equal */
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? bits : ~bits & 0x7FFFFFFFu;
}

/* Sorts the list by falling value, one byte of the bits at a time from the least: each pass keeps the order of
 * equals, so ids rise among equal values if they did before. An even number of passes ends where it began. */
static void sort_list(struct candidates *candidates)
{
    struct candidate *from = candidates->list, *to = candidates->spare;
    for (int shift = 0; shift < 32; shift += 8) {
        size_t place[256] = { 0 };
        for (size_t i = 0; i < candidates->count; i++)
            place[falling_bits(from[i].value) >> shift & 255]++;
        for (size_t byte = 0, before = 0; byte < 256; byte++) {
            const size_t here = place[byte];
            place[byte] = before;
            before += here;
        }
        for (size_t i = 0; i < candidates->count; i++)
            to[place[falling_bits(from[i].value) >> shift & 255]++] = from[i];
        struct candidate *const swap = from;
        from = to;
        to = swap;
    }
}

static void list_chunk(struct candidates *candidates, size_t start, size_t end, float value)
{
    for (size_t i = start; i < end; i++)
        if (candidates->values[i] >= value)
            candidates->list[candidates->count++] = (struct candidate){ candidates->values[i], (uint32_t)i };
}

/* Lists all that reach a value, by rising id. */
static void list_above(struct candidates *candidates, float value)
{
    candidates->count = 0;
    for (size_t chunk = 0; chunk < candidates->chunks; chunk++) {
        const size_t start = chunk * CHUNK;
        if (candidates->peaks[chunk] >= value)
            list_chunk(candidates, start, size_min(start + CHUNK, candidates->vocabulary), value);
    }
}

/* A value that at least k others reach: the k-th largest peak, or everything that is possible at all. */
static float bound_of(struct candidates *candidates, size_t k)
{
    if (k > candidates->chunks)
        return -FLT_MAX;
    candidates->count = candidates->chunks;
    for (size_t chunk = 0; chunk < candidates->chunks; chunk++)
        candidates->list[chunk] = (struct candidate){ candidates->peaks[chunk], (uint32_t)chunk };
    sort_list(candidates);
    const float bound = candidates->list[k - 1].value;
    return bound > -FLT_MAX ? bound : -FLT_MAX;
}

void candidates_take_top(struct candidates *candidates, size_t k)
{
    list_above(candidates, bound_of(candidates, k));
    sort_list(candidates);
    candidates->count = size_min(candidates->count, k);
}

/* exp(x) for x from minus infinity to 0, within 2e-7 of it; 0 where it would be below 2^-126, the least normal float.
 * x = n ln 2 + r, and exp(r) by its series to r^6: |r| is at most ln 2 / 2, so that the rest is below 2e-7.
 * It has no branch and no call, so that loops over it can be vectorised. */
static inline float exp_falling(float x)
{
    const float low = x > -88.0f ? x : -88.0f;             /* here n is -127, which makes 2^n zero */
    const float shifted = low * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: the sum's last bits are the nearest integer */
    const float n = shifted - 12582912.0f;
    const float r = low - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts, the first exact in n of them */
    float series = 1.0f / 720;
    series = series * r + 1.0f / 120;
    series = series * r + 1.0f / 24;
    series = series * r + 1.0f / 6;
    series = series * r + 0.5f;
    series = series * r + 1.0f;
    series = series * r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4B400000u + 127u) << 23; /* 2^n */
    float power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

/* Sum of exp(value - best): floats within a chunk, doubles over the chunks. */
static double mass_of(const float *values, size_t count, float best)
{
    double mass = 0;
    for (size_t start = 0; start < count; start += CHUNK) {
        const size_t here = size_min(CHUNK, count - start);
        float weights[CHUNK] = { 0 }, lanes[LANES] = { 0 };
        for (size_t i = 0; i < here; i++)
            weights[i] = exp_falling(values[start + i] - best);
        for (size_t i = 0; i < CHUNK; i += LANES)
            for (size_t j = 0; j < LANES; j++)
                lanes[j] += weights[i + j];
        for (size_t j = 0; j < LANES; j++)
            mass += (double)lanes[j];
    }
    return mass;
}

static double mass_of_all(const struct candidates *candidates)
{
    return mass_of(candidates->values, candidates->vocabulary, candidates->best);
}

double logits_log_sum(const float *logits, size_t count)
{
    size_t where;
    const float best = logits_peak(logits, count, &where);
    return best > -INFINITY ? (double)best + log(mass_of(logits, count, best)) : 0;
}

static double mass_of_list(const struct candidates *candidates)
{
    double mass = 0;
    for (size_t i = 0; i < candidates->count; i++)
        mass += (double)exp_falling(candidates->list[i].value - candidates->best);
    return mass;
}

/* Cuts a sorted list after the first that brings its mass to wanted; false if all of it is less. */
static bool cut_mass(struct candidates *candidates, double wanted)
{
    double mass = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        mass += (double)exp_falling(candidates->list[i].value - candidates->best);
        if (mass >= wanted) {
            candidates->count = i + 1;
            return true;
        }
    }
    return false;
}

void candidates_take_mass(struct candidates *candidates, double p)
{
    enum { FIRST_LOOK = 64, WIDER = 8 };
    if (candidates->count > 0) {
        cut_mass(candidates, p * mass_of_list(candidates));
        return;
    }
    const double wanted = p * mass_of_all(candidates);
    for (size_t k = FIRST_LOOK;; k *= WIDER) {
        list_above(candidates, bound_of(candidates, k));
        sort_list(candidates);
        if (cut_mass(candidates, wanted) || k > candidates->chunks)
            return;
    }
}

void candidates_take_above(struct candidates *candidates, float value)
{
    if (candidates->count == 0)
        list_above(candidates, value);
    while (candidates->count > 0 && candidates->list[candidates->count - 1].value < value)
        candidates->count--;
}

double candidates_weigh(struct candidates *candidates, float temperature)
{
    double sum = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *candidate = &candidates->list[i];
        candidate->value = exp_falling((candidate->value - candidates->best) / temperature);
        sum += (double)candidate->value;
    }
    return sum;
}

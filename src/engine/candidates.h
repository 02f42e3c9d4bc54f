/* candidates.h: which tokens may be chosen: the largest logits, found without sorting a vocabulary.
 * Private to the room; sampler.c is its user.
 *
 *   values  [vocabulary]  the logits after penalties, in chunks of CHUNK
 *   peaks   [chunks]      the largest value of each chunk, found in the same pass
 *   list                  what may still be chosen
 *
 * At least k values reach the k-th largest peak (one in each of k chunks), so the k largest are among those that do:
 * a look at the peaks replaces most looks at the values. A list is a few dozen tokens for usual settings; in the worst
 * case (a flat distribution) it is the vocabulary, sorted in linear time. */
#ifndef BASTIDE_ENGINE_CANDIDATES_H
#define BASTIDE_ENGINE_CANDIDATES_H

#include "base/base.h"

#include <float.h>
#include <math.h>

struct candidate {
    float value; /* a logit; after candidates_weigh a weight */
    uint32_t token;
};

struct candidates {
    size_t vocabulary, chunks;
    float *values;
    float *peaks;
    float best; /* the largest value; minus infinity if nothing can be chosen */
    size_t count;
    struct candidate *list;
    struct candidate *spare; /* the other half of a sort */
};

MUST_USE bool candidates_open(struct candidates *candidates, size_t vocabulary, struct error *error);
void candidates_close(struct candidates *candidates);

/* A logit that can be computed with: NaN becomes minus infinity, infinity the largest number. */
static inline float candidates_clean(float logit)
{
    const float number = logit > -INFINITY ? logit : -INFINITY;
    return number < FLT_MAX ? number : FLT_MAX;
}

/* Fills values with cleaned logits [vocabulary]. A caller may change single values before candidates_rank. */
void candidates_fill(struct candidates *candidates, const float *logits);

/* Finds peaks and best; the list becomes empty. */
void candidates_rank(struct candidates *candidates);

/* The lowest id among the largest values; 0 if nothing can be chosen. */
uint32_t candidates_best(const struct candidates *candidates);

/* Lists the k largest, falling; of equal ones the lower ids. */
void candidates_take_top(struct candidates *candidates, size_t k);

/* Lists the fewest of the largest whose probabilities reach p of all of them (of those listed, if there are any). */
void candidates_take_mass(struct candidates *candidates, double p);

/* Lists what reaches a value: cuts a list that is sorted, or makes one, by rising id. */
void candidates_take_above(struct candidates *candidates, float value);

/* Turns listed values into weights, exp((value - best) / temperature), and returns their sum, at least 1. */
double candidates_weigh(struct candidates *candidates, float temperature);

/* The largest logit of [count] and where it is first; NaN is never the largest. Minus infinity and 0 if none is. */
float logits_peak(const float *logits, size_t count, size_t *where);

#endif

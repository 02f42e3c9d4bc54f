/* sampler.h: what an answer asks of a sampler besides the public functions. Private to the room. */
#ifndef BASTIDE_ENGINE_SAMPLER_H
#define BASTIDE_ENGINE_SAMPLER_H

#include "engine/engine.h"

/* Adds to the values of some tokens, after penalties; biases must stay. Ids outside the vocabulary are passed over. */
void sampler_bias(struct sampler *sampler, const struct token_bias *biases, size_t count);

/* Chooses like sampler_choose, among the tokens whose bit is set in allowed (words of 64; NULL: all) and that no bias
 * bans. TOKEN_NONE if there is none. */
uint32_t sampler_choose_among(struct sampler *sampler, const float *logits, const uint64_t *allowed, size_t words);

#endif

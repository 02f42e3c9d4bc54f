/* answer.c: one answer in the making.
 *
 *   logits -> sampler -> token -> decoder -> whole characters -> stop texts -> text that is certain
 *               ^          |
 *               '- constraint: which tokens may come
 *
 * A greedy choice is asked for first and looked up in the constraint alone; only if it is refused, or where tokens are
 * drawn, the constraint says for all tokens which may come. A constraint that waits for a text lets all tokens pass,
 * but those that would bring the text and go on wrongly behind it.
 *
 * An answer that the model ended gets U+FFFD for a character it left unfinished. One that was cut short (by a limit,
 * a stop text or the caller) does not: the rest of that character was simply not asked for. */
#include "engine/engine.h"
#include "engine/grammar/constraint.h"
#include "engine/sampler.h"
#include "engine/stops.h"
#include "engine/tokenizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct answer {
    const struct tokenizer *tokenizer;
    struct sampler *sampler;
    struct decoder decoder;
    struct stops stops;
    struct buffer piece; /* the text of one token */
    size_t tokens, most_tokens;
    bool greedy, goes_on;
    struct token_bias *biases; /* the caller's and the tokens that must not end it; NULL: the caller's do */
    struct place place;        /* in the constraint's language; nowhere if there is none */
    uint64_t *allowed;         /* [words] tokens, with a constraint */
    size_t words;
    struct span trigger; /* what the constraint waits for; empty: it waits no more */
    struct buffer seen;  /* the end of the text that may begin the trigger, and one token more */
};

const char *answer_end_name(enum answer_end end)
{
    static const char *const names[] = {
        [ANSWER_GOES_ON] = "goes on", [ANSWER_DONE] = "end",        [ANSWER_STOP_TEXT] = "stop",
        [ANSWER_LENGTH] = "length",   [ANSWER_CONTEXT] = "context", [ANSWER_STOPPED] = "stopped",
    };
    return names[end];
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool check_biases(const struct answer_wishes *wishes, struct error *error)
{
    for (size_t i = 0; i < wishes->bias_count; i++)
        if (isnan(wishes->biases[i].bias))
            return error_set_kind(error, ERROR_WRONG_USE, "bias of token %u: a number is wanted",
                                  wishes->biases[i].token);
    return true;
}

/* Hands the caller's biases to the sampler, and with them, if it is wished so, a ban of all tokens that end an
 * answer. */
static bool open_biases(struct answer *answer, const struct answer_wishes *wishes, struct error *error)
{
    if (!check_biases(wishes, error))
        return false;
    if (!wishes->goes_on_past_end) {
        sampler_bias(answer->sampler, wishes->biases, wishes->bias_count);
        return true;
    }
    const struct tokenizer *tokenizer = answer->tokenizer;
    size_t count;
    if (!size_add(wishes->bias_count, tokenizer->end_count, &count))
        return error_memory(error, SIZE_MAX);
    answer->biases = calloc(count + 1, sizeof *answer->biases);
    if (!answer->biases)
        return error_memory(error, count * sizeof *answer->biases);
    if (wishes->bias_count > 0)
        memcpy(answer->biases, wishes->biases, wishes->bias_count * sizeof *answer->biases);
    for (size_t i = 0; i < tokenizer->end_count; i++)
        answer->biases[wishes->bias_count + i] = (struct token_bias){ tokenizer->ends[i], -INFINITY };
    sampler_bias(answer->sampler, answer->biases, count);
    return true;
}

/* The text that a constraint waits for has to be one that its language begins with. */
static bool open_trigger(struct answer *answer, const char *text, struct error *error)
{
    answer->trigger = span_text(text);
    answer->seen.limit = 2 * STOP_TEXT_BYTES_MOST + PIECE_MOST;
    const size_t bytes = answer->trigger.bytes;
    if (bytes == 0 || bytes > STOP_TEXT_BYTES_MOST || utf8_valid_prefix(answer->trigger) < bytes)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "constraint: the text that it begins with has 1 to %d bytes of valid UTF-8, not %zu",
                              STOP_TEXT_BYTES_MOST, bytes);
    bool allowed;
    if (!place_allows(&answer->place, answer->trigger, &allowed, error))
        return false;
    return allowed ||
           error_set_kind(error, ERROR_WRONG_USE, "constraint: no text of its language begins with \"%.100s\"", text);
}

static bool open_constraint(struct answer *answer, const struct answer_wishes *wishes, struct error *error)
{
    if (!wishes->constraint)
        return true;
    place_begin(&answer->place, wishes->constraint);
    answer->words = place_words(&answer->place);
    answer->allowed = calloc(answer->words + 1, sizeof *answer->allowed);
    if (!answer->allowed)
        return error_memory(error, answer->words * sizeof *answer->allowed);
    return !wishes->constraint_after || open_trigger(answer, wishes->constraint_after, error);
}

bool answer_open(const struct tokenizer *tokenizer, size_t vocabulary, const struct answer_wishes *wishes,
                 struct answer **out, struct error *error)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return error_memory(error, sizeof *answer);
    answer->tokenizer = tokenizer;
    answer->decoder = (struct decoder){ .tokenizer = tokenizer,
                                        .special = wishes->show_special,
                                        .started = true }; /* the prompt came before */
    answer->piece.limit = SIZE_MAX / 2;
    answer->most_tokens = wishes->most_tokens > 0 ? wishes->most_tokens : SIZE_MAX;
    answer->greedy = wishes->sampling.temperature == 0;
    answer->goes_on = wishes->goes_on_past_end;
    if (!stops_open(&answer->stops, wishes->stop_texts, wishes->stop_count, error) ||
        !sampler_open(&wishes->sampling, vocabulary, &answer->sampler, error) || !open_biases(answer, wishes, error) ||
        !open_constraint(answer, wishes, error)) {
        answer_close(answer);
        return false;
    }
    *out = answer;
    return true;
}

void answer_close(struct answer *answer)
{
    if (!answer)
        return;
    place_end(&answer->place);
    sampler_close(answer->sampler);
    stops_close(&answer->stops);
    buffer_free(&answer->piece);
    buffer_free(&answer->seen);
    free(answer->allowed);
    free(answer->biases);
    free(answer);
}

void answer_accept(struct answer *answer, const uint32_t *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sampler_accept(answer->sampler, tokens[i]);
}

/* ---- choosing within a constraint -------------------------------------------------------------------------------- */

static bool is_constrained(const struct answer *answer)
{
    return answer->place.constraint && answer->trigger.bytes == 0;
}

/* Whether the text may end here, as far as a constraint has a say. */
static bool may_end(const struct answer *answer)
{
    bool ends, goes_on;
    place_look(&answer->place, &ends, &goes_on);
    return ends && !answer->goes_on;
}

static bool token_fits(struct answer *answer, uint32_t token, bool *fits, struct error *error)
{
    char scratch[PIECE_MOST];
    if (tokenizer_ends(answer->tokenizer, token)) {
        *fits = may_end(answer);
        return true;
    }
    const struct span piece = tokenizer_piece(answer->tokenizer, token, answer->decoder.special, scratch);
    *fits = false;
    return piece.bytes == 0 || place_allows(&answer->place, piece, fits, error);
}

static bool choose_constrained(struct answer *answer, const float *logits, uint32_t *token, struct error *error)
{
    if (answer->greedy) {
        bool fits = false;
        *token = sampler_choose_among(answer->sampler, logits, NULL, 0);
        if (*token != TOKEN_NONE && !token_fits(answer, *token, &fits, error))
            return false;
        if (fits)
            return true;
    }
    if (!place_mask(&answer->place, answer->decoder.special, !answer->goes_on, answer->allowed, error))
        return false;
    *token = sampler_choose_among(answer->sampler, logits, answer->allowed, answer->words);
    return *token != TOKEN_NONE || error_set(error, "the answer can't go on: the model has no token that its form "
                                                    "allows here: ask for another form, or ban fewer tokens");
}

/* ---- waiting for the text that wakes the constraint -------------------------------------------------------------- */

/* Puts a token's text behind what was seen, and looks for the trigger: *found is what begins with it, or empty. */
static bool look_for_trigger(struct answer *answer, uint32_t token, struct span *found, struct error *error)
{
    char scratch[PIECE_MOST];
    const struct span trigger = answer->trigger;
    const struct span piece = tokenizer_piece(answer->tokenizer, token, answer->decoder.special, scratch);
    *found = (struct span){ 0 };
    if (!buffer_add(&answer->seen, piece.data, piece.bytes, error))
        return false;
    const char *bytes = answer->seen.bytes;
    const char *at = bytes ? memmem(bytes, answer->seen.length, trigger.data, trigger.bytes) : NULL;
    if (at)
        *found = span_of(at, answer->seen.length - (size_t)(at - bytes));
    return true;
}

/* Whether a token may be chosen: it does not bring the trigger, or what follows behind it there is allowed. */
static bool token_passes(struct answer *answer, uint32_t token, bool *passes, struct error *error)
{
    const size_t length = answer->seen.length;
    struct span found;
    *passes = true;
    if (tokenizer_ends(answer->tokenizer, token))
        return true;
    const bool done = look_for_trigger(answer, token, &found, error) &&
                      (found.bytes == 0 || place_allows(&answer->place, found, passes, error));
    answer->seen.length = length;
    return done;
}

static bool choose_waiting(struct answer *answer, const float *logits, uint32_t *token, struct error *error)
{
    const uint64_t *allowed = NULL; /* all, until one was refused */
    for (;;) {
        bool passes;
        *token = sampler_choose_among(answer->sampler, logits, allowed, answer->words);
        if (*token == TOKEN_NONE)
            return error_set(error, "the answer can't go on: the model has no token that its form allows here");
        if (!token_passes(answer, *token, &passes, error))
            return false;
        if (passes)
            return true;
        if (!allowed)
            memset(answer->allowed, 0xFF, answer->words * sizeof *answer->allowed);
        allowed = answer->allowed;
        answer->allowed[*token / 64] &= ~((uint64_t)1 << *token % 64);
    }
}

/* Keeps what may begin the trigger, or wakes the constraint and leads it behind what came with the trigger. */
static bool follow_waiting(struct answer *answer, uint32_t token, struct error *error)
{
    struct span found;
    bool taken;
    if (!look_for_trigger(answer, token, &found, error))
        return false;
    if (found.bytes > 0) {
        answer->trigger = (struct span){ 0 };
        return place_take(&answer->place, found, &taken, error);
    }
    const size_t kept = size_min(answer->seen.length, answer->trigger.bytes - 1);
    if (kept > 0)
        memmove(answer->seen.bytes, answer->seen.bytes + answer->seen.length - kept, kept);
    answer->seen.length = kept;
    return true;
}

/* ---- taking a token ---------------------------------------------------------------------------------------------- */

static bool choose(struct answer *answer, const float *logits, uint32_t *token, struct error *error)
{
    if (is_constrained(answer))
        return choose_constrained(answer, logits, token, error);
    if (answer->place.constraint)
        return choose_waiting(answer, logits, token, error);
    *token = sampler_choose_among(answer->sampler, logits, NULL, 0);
    return *token != TOKEN_NONE || error_set(error, "the answer can't go on: every token of the model is banned");
}

/* Leads the constraint behind a token. *over: nothing may follow it. */
static bool follow(struct answer *answer, uint32_t token, bool *over, struct error *error)
{
    bool ends, goes_on, taken;
    char scratch[PIECE_MOST];
    *over = false;
    if (!answer->place.constraint)
        return true;
    if (is_constrained(answer)) {
        const struct span piece = tokenizer_piece(answer->tokenizer, token, answer->decoder.special, scratch);
        if (!place_take(&answer->place, piece, &taken, error))
            return false;
    } else if (!follow_waiting(answer, token, error)) {
        return false;
    }
    place_look(&answer->place, &ends, &goes_on);
    *over = is_constrained(answer) && !goes_on;
    return true;
}

static bool take_text(struct answer *answer, uint32_t token, struct buffer *out, bool *stop_text, struct error *error)
{
    answer->piece.length = 0;
    return decoder_add(&answer->decoder, token, &answer->piece, error) &&
           stops_pass(&answer->stops, buffer_span(&answer->piece), out, stop_text, error);
}

/* The model's own end. */
static bool take_end(struct answer *answer, struct buffer *out, struct error *error)
{
    return answer_finish(answer, out, error) && decoder_end(&answer->decoder, out, error);
}

bool answer_take(struct answer *answer, const float *logits, uint32_t *token, struct buffer *out, enum answer_end *end,
                 struct error *error)
{
    if (!choose(answer, logits, token, error))
        return false;
    answer->tokens++;
    if (tokenizer_ends(answer->tokenizer, *token)) {
        *end = ANSWER_DONE;
        return take_end(answer, out, error);
    }
    sampler_accept(answer->sampler, *token);
    bool stop_text, over;
    if (!follow(answer, *token, &over, error) || !take_text(answer, *token, out, &stop_text, error))
        return false;
    *end = stop_text                               ? ANSWER_STOP_TEXT
           : over                                  ? ANSWER_DONE
           : answer->tokens >= answer->most_tokens ? ANSWER_LENGTH
                                                   : ANSWER_GOES_ON;
    return (*end != ANSWER_LENGTH && *end != ANSWER_DONE) || answer_finish(answer, out, error);
}

const char *answer_stop_text(const struct answer *answer)
{
    return answer->stops.found;
}

bool answer_finish(struct answer *answer, struct buffer *out, struct error *error)
{
    return stops_end(&answer->stops, out, error);
}

/* answer.c: one answer in the making.
 *
 *   logits -> sampler -> token -> decoder -> whole characters -> stop texts -> text that is certain
 *
 * An answer that the model ended gets U+FFFD for a character it left unfinished. One that was cut short (by a limit,
 * a stop text or the caller) does not: the rest of that character was simply not asked for. */
#include "engine/engine.h"
#include "engine/stops.h"

#include <stdlib.h>

struct answer {
    const struct tokenizer *tokenizer;
    struct sampler *sampler;
    struct decoder decoder;
    struct stops stops;
    struct buffer piece; /* the text of one token */
    size_t tokens, most_tokens;
};

const char *answer_end_name(enum answer_end end)
{
    static const char *const names[] = {
        [ANSWER_GOES_ON] = "goes on", [ANSWER_DONE] = "end",        [ANSWER_STOP_TEXT] = "stop",
        [ANSWER_LENGTH] = "length",   [ANSWER_CONTEXT] = "context", [ANSWER_STOPPED] = "stopped",
    };
    return names[end];
}

bool answer_open(const struct tokenizer *tokenizer, size_t vocabulary, const struct answer_wishes *wishes,
                 struct answer **out, struct error *error)
{
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return error_memory(error, sizeof *answer);
    answer->tokenizer = tokenizer;
    answer->decoder = (struct decoder){ .tokenizer = tokenizer, .started = true }; /* the prompt came before */
    answer->piece.limit = SIZE_MAX / 2;
    answer->most_tokens = wishes->most_tokens > 0 ? wishes->most_tokens : SIZE_MAX;
    if (!stops_open(&answer->stops, wishes->stop_texts, wishes->stop_count, error) ||
        !sampler_open(&wishes->sampling, vocabulary, &answer->sampler, error)) {
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
    sampler_close(answer->sampler);
    stops_close(&answer->stops);
    buffer_free(&answer->piece);
    free(answer);
}

void answer_accept(struct answer *answer, const uint32_t *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sampler_accept(answer->sampler, tokens[i]);
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
    *token = sampler_choose(answer->sampler, logits);
    answer->tokens++;
    if (tokenizer_ends(answer->tokenizer, *token)) {
        *end = ANSWER_DONE;
        return take_end(answer, out, error);
    }
    sampler_accept(answer->sampler, *token);
    bool stop_text;
    if (!take_text(answer, *token, out, &stop_text, error))
        return false;
    *end = stop_text ? ANSWER_STOP_TEXT : answer->tokens >= answer->most_tokens ? ANSWER_LENGTH : ANSWER_GOES_ON;
    return *end != ANSWER_LENGTH || answer_finish(answer, out, error);
}

bool answer_finish(struct answer *answer, struct buffer *out, struct error *error)
{
    return stops_end(&answer->stops, out, error);
}

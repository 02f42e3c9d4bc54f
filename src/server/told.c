/* told.c: tokens of an answer wait until their text is certain. Their places are those of the text that the engine
 * makes of them, since a second decoder goes the same way. */
#include "server/told.h"

#include <stdlib.h>
#include <string.h>

void told_open(struct told *told, const struct tokenizer *tokenizer, bool special)
{
    *told = (struct told){
        .decoder = { .tokenizer = tokenizer, .special = special, .started = true }, /* the prompt came before */
        .text.limit = SIZE_MAX / 2,
    };
}

void told_close(struct told *told)
{
    buffer_free(&told->text);
    free(told->tokens);
}

/* Room for one more: what was told makes place first. */
static bool make_room(struct told *told, struct error *error)
{
    if (told->first > 0) {
        memmove(told->tokens, told->tokens + told->first, (told->count - told->first) * sizeof *told->tokens);
        told->count -= told->first;
        told->first = 0;
    }
    if (told->count < told->capacity)
        return true;
    const size_t capacity = size_max(16, told->capacity * 2);
    size_t bytes;
    if (!size_multiply(capacity, sizeof *told->tokens, &bytes))
        return error_memory(error, SIZE_MAX);
    struct told_token *grown = realloc(told->tokens, bytes);
    if (!grown)
        return error_memory(error, bytes);
    told->tokens = grown;
    told->capacity = capacity;
    return true;
}

bool told_add(struct told *told, const struct likelihood *rows, size_t count, struct error *error)
{
    if (count == 0 || tokenizer_ends(told->decoder.tokenizer, rows[0].token))
        return true;
    if (!make_room(told, error))
        return false;
    struct told_token *token = &told->tokens[told->count++];
    token->place = told->place;
    token->count = size_min(count, LENGTH(token->rows));
    memcpy(token->rows, rows, token->count * sizeof *rows);
    told->text.length = 0;
    if (!decoder_add(&told->decoder, rows[0].token, &told->text, error))
        return false;
    told->place += told->text.length;
    return true;
}

const struct told_token *told_next(struct told *told, size_t certain)
{
    if (told->first == told->count || told->tokens[told->first].place >= certain)
        return NULL;
    return &told->tokens[told->first++];
}

void told_skip(struct told *told, size_t place)
{
    while (told_next(told, place))
        ;
}

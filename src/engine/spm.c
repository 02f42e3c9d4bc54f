/* spm.c: SentencePiece's byte pair encoding, the tokenizer of Llama 1 and 2, Mistral and Gemma.
 *
 * Spaces are written U+2581 and are ordinary characters, so the text is not cut: neighbours are merged, the pair whose
 * text has the highest score first, wherever the vocabulary has that text. A character that the vocabulary lacks
 * becomes its bytes ("<0xE2>"). Llama puts a space before the text, and after each special token; Gemma does not.
 * Source: Kudo and Richardson 2018, section 3; github.com/google/sentencepiece, src/bpe_model.cc. */
#include "engine/tokenizer.h"

#include <stdlib.h>
#include <string.h>

static const char visible_space[] = "\u2581";
enum { SPACE_BYTES = sizeof visible_space - 1 };

struct spm {
    const struct gguf_key *scores;
    uint32_t bytes[256]; /* the token of each byte, or TOKEN_NONE */
};

static void find_bytes(struct tokenizer *tokenizer, struct spm *spm)
{
    static const char digits[] = "0123456789ABCDEF";
    for (unsigned byte = 0; byte < 256; byte++) {
        const char text[] = { '<', '0', 'x', digits[byte / 16], digits[byte % 16], '>' };
        const uint32_t id = strings_find(&tokenizer->vocabulary, span_of(text, sizeof text));
        spm->bytes[byte] = TOKEN_NONE;
        if (id == STRING_NONE || (tokenizer->typed && tokenizer->types[id] != TOKEN_BYTE))
            continue;
        spm->bytes[byte] = id;
        tokenizer->types[id] = TOKEN_BYTE;
    }
}

static bool open_spm(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error)
{
    struct spm *spm = calloc(1, sizeof *spm);
    if (!spm)
        return error_memory(error, sizeof *spm);
    tokenizer->state = spm;
    spm->scores = gguf_find(gguf, "tokenizer.ggml.scores");
    const struct gguf_key *scores = spm->scores;
    if (!scores || scores->type != GGUF_ARRAY || scores->element != GGUF_F32)
        return error_set(error, "%s: key tokenizer.ggml.scores must be an array of f32: use another file",
                         tokenizer->path);
    if (scores->count != tokenizer->vocabulary.key->count)
        return error_set(error, "%s: %zu tokens, but %zu scores: use another file of this model", tokenizer->path,
                         tokenizer->vocabulary.key->count, scores->count);
    find_bytes(tokenizer, spm);
    return true;
}

static void close_spm(void *state)
{
    free(state);
}

/* Floats in the order of unsigned numbers, the highest first: without its sign bit a float's bits are ordered already,
 * and negative ones are ordered the other way round. */
static uint32_t descending(float score)
{
    uint32_t bits;
    const float no_negative_zero = score + 0.0f;
    memcpy(&bits, &no_negative_zero, sizeof bits);
    return bits >> 31 ? bits : ~bits & INT32_MAX;
}

static bool rank(const void *context, struct span left, struct span right, uint32_t *out)
{
    const struct tokenizer *tokenizer = context;
    const struct spm *spm = tokenizer->state;
    const uint32_t id = strings_find(&tokenizer->vocabulary, span_of(left.data, left.bytes + right.bytes));
    if (id == STRING_NONE)
        return false;
    *out = descending(gguf_element_float(spm->scores, id));
    return true;
}

/* text with each space made visible, and one before it if first; out has room. */
static struct span show_spaces(struct span text, bool first, char *out)
{
    size_t length = 0;
    if (first) {
        memcpy(out, visible_space, SPACE_BYTES);
        length = SPACE_BYTES;
    }
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] == ' ') {
            memcpy(out + length, visible_space, SPACE_BYTES);
            length += SPACE_BYTES;
        } else {
            out[length++] = (char)text.data[i];
        }
    }
    return span_of(out, length);
}

/* A symbol that the vocabulary lacks: byte by byte, or unknown. */
static bool add_bytes(const struct tokenizer *tokenizer, struct span symbol, struct tokens *out, struct error *error)
{
    const struct spm *spm = tokenizer->state;
    for (size_t i = 0; i < symbol.bytes; i++)
        if (spm->bytes[symbol.data[i]] == TOKEN_NONE)
            return tokenizer->unknown == TOKEN_NONE || tokens_add(out, tokenizer->unknown, error);
    for (size_t i = 0; i < symbol.bytes; i++)
        if (!tokens_add(out, spm->bytes[symbol.data[i]], error))
            return false;
    return true;
}

static bool encode(const struct tokenizer *tokenizer, struct span text, struct workspace *workspace, struct tokens *out,
                   struct error *error)
{
    if (!workspace_reserve(workspace, SPACE_BYTES * (text.bytes + 1), error))
        return false;
    const struct span spelt = show_spaces(text, tokenizer->adds_space, workspace->text);
    if (!merger_run(&workspace->merger, spelt, (struct ranking){ rank, tokenizer }, error))
        return false;
    struct span symbol;
    for (size_t position = 0; merger_next(&workspace->merger, &position, &symbol);) {
        const uint32_t id = strings_find(&tokenizer->vocabulary, symbol);
        if (!(id == STRING_NONE ? add_bytes(tokenizer, symbol, out, error) : tokens_add(out, id, error)))
            return false;
    }
    return true;
}

static struct span piece(const struct tokenizer *tokenizer, struct span text, char scratch[PIECE_MOST])
{
    (void)tokenizer;
    size_t length = 0;
    for (size_t i = 0; i < text.bytes && length < PIECE_MOST;) {
        const bool space = span_has(text, i, SPACE_BYTES) && memcmp(text.data + i, visible_space, SPACE_BYTES) == 0;
        scratch[length++] = space ? ' ' : (char)text.data[i];
        i += space ? SPACE_BYTES : 1;
    }
    return span_of(scratch, length);
}

const struct tokenizer_kind tokenizer_spm = {
    .model = "llama",
    .adds_bos = true,
    .adds_space = true,
    .bos = 1,
    .eos = 2,
    .unknown = 0,
    .open = open_spm,
    .close = close_spm,
    .encode = encode,
    .piece = piece,
};

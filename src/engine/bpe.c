/* bpe.c: byte-level byte pair encoding, the tokenizer of GPT-2, Llama 3, Qwen and SmolLM.
 *
 * The vocabulary is spelt in an alphabet of 256 printable characters that stand for the 256 bytes, so that any bytes
 * at all can be encoded and merges never see a space: " hello" is spelt "\u0120hello". Text is cut into pieces
 * (pretokenizer.c), each piece is spelt and merged in the order of the file's merges.
 * Source: Radford et al. 2019, section 2.2; github.com/openai/gpt-2, encoder.py, for the alphabet. */
#include "engine/pretokenizer.h"
#include "engine/tokenizer.h"

#include <stdlib.h>
#include <string.h>

enum { ALPHABET_MOST = 256 + 68 }; /* code points: 68 bytes are no printable character of their own */

struct bpe {
    const struct pretokenizer *pretokenizer;
    struct strings merges; /* "left right", the best first */
    struct {
        char text[2]; /* as it is spelt */
        uint8_t bytes;
    } letters[256];
    int16_t bytes[ALPHABET_MOST]; /* the byte that a code point stands for, or -1 */
    uint32_t replacement;         /* the token of U+FFFD, or TOKEN_NONE */
};

static bool is_printable(unsigned byte)
{
    const unsigned soft_hyphen = 0xAD;
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != soft_hyphen);
}

static void make_alphabet(struct bpe *bpe)
{
    for (size_t i = 0; i < ALPHABET_MOST; i++)
        bpe->bytes[i] = -1;
    uint32_t next = 256;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint32_t code_point = is_printable(byte) ? byte : next++;
        char text[4];
        bpe->letters[byte].bytes = (uint8_t)utf8_write(code_point, text);
        memcpy(bpe->letters[byte].text, text, sizeof bpe->letters[byte].text);
        bpe->bytes[code_point] = (int16_t)byte;
    }
}

/* A piece in the alphabet; out holds two bytes for each of the piece's. */
static struct span spell(const struct bpe *bpe, struct span piece, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < piece.bytes; i++) {
        const unsigned char byte = piece.data[i];
        memcpy(out + length, bpe->letters[byte].text, sizeof bpe->letters[byte].text);
        length += bpe->letters[byte].bytes;
    }
    return span_of(out, length);
}

static bool open_bpe(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error)
{
    struct bpe *bpe = calloc(1, sizeof *bpe);
    if (!bpe)
        return error_memory(error, sizeof *bpe);
    tokenizer->state = bpe;
    make_alphabet(bpe);
    struct span name = { 0 };
    if (!gguf_string(gguf, "tokenizer.ggml.pre", &name, error))
        return false;
    bpe->pretokenizer = pretokenizer_find(name, tokenizer->path, error);
    if (!bpe->pretokenizer)
        return false;
    tokenizer->adds_bos = bpe->pretokenizer->adds_bos;
    const struct span replacement = span_text("\uFFFD");
    char spelt[2 * sizeof "\uFFFD"];
    bpe->replacement = strings_find(&tokenizer->vocabulary, spell(bpe, replacement, spelt));
    return strings_open(&bpe->merges, gguf, "tokenizer.ggml.merges", PIECE_MOST + 1, error);
}

static void close_bpe(void *state)
{
    struct bpe *bpe = state;
    if (bpe)
        strings_close(&bpe->merges);
    free(bpe);
}

/* The rank of a pair is its place among the merges. */
static bool rank(const void *context, struct span left, struct span right, uint32_t *out)
{
    const struct bpe *bpe = context;
    char merge[PIECE_MOST + 1];
    if (left.bytes + 1 + right.bytes > bpe->merges.longest)
        return false;
    memcpy(merge, left.data, left.bytes);
    merge[left.bytes] = ' ';
    memcpy(merge + left.bytes + 1, right.data, right.bytes);
    *out = strings_find(&bpe->merges, span_of(merge, left.bytes + 1 + right.bytes));
    return *out != STRING_NONE;
}

/* Some vocabularies lack letters for bytes that were rare where they were made. Such a byte is left out, as models
 * expect; one that is in no valid UTF-8 becomes U+FFFD, so that it does not vanish unseen. Source: RFC 3629. */
static uint32_t without_letter(const struct bpe *bpe, uint32_t code_point)
{
    const int byte = code_point < ALPHABET_MOST ? bpe->bytes[code_point] : -1;
    const bool never_valid = byte == 0xC0 || byte == 0xC1 || byte >= 0xF5;
    return never_valid ? bpe->replacement : TOKEN_NONE;
}

/* A symbol that the vocabulary lacks: letter by letter. */
static bool add_letters(const struct tokenizer *tokenizer, struct span symbol, struct tokens *out, struct error *error)
{
    for (size_t i = 0; i < symbol.bytes;) {
        uint32_t code_point;
        const size_t bytes = utf8_read(symbol, i, &code_point);
        uint32_t id = strings_find(&tokenizer->vocabulary, span_of(symbol.data + i, bytes));
        if (id == STRING_NONE)
            id = without_letter(tokenizer->state, code_point);
        if (id != TOKEN_NONE && !tokens_add(out, id, error))
            return false;
        i += bytes;
    }
    return true;
}

static bool add_symbols(const struct tokenizer *tokenizer, const struct merger *merger, struct tokens *out,
                        struct error *error)
{
    struct span symbol;
    for (size_t position = 0; merger_next(merger, &position, &symbol);) {
        const uint32_t id = strings_find(&tokenizer->vocabulary, symbol);
        if (!(id == STRING_NONE ? add_letters(tokenizer, symbol, out, error) : tokens_add(out, id, error)))
            return false;
    }
    return true;
}

static bool encode_piece(const struct tokenizer *tokenizer, struct span piece, struct workspace *workspace,
                         struct tokens *out, struct error *error)
{
    const struct bpe *bpe = tokenizer->state;
    const struct ranking ranking = { rank, bpe };
    if (!workspace_reserve(workspace, 2 * piece.bytes, error))
        return false;
    const struct span spelt = spell(bpe, piece, workspace->text);
    const uint32_t whole = bpe->pretokenizer->whole_words ? strings_find(&tokenizer->vocabulary, spelt) : STRING_NONE;
    if (whole != STRING_NONE)
        return tokens_add(out, whole, error);
    return merger_run(&workspace->merger, spelt, ranking, error) &&
           add_symbols(tokenizer, &workspace->merger, out, error);
}

static bool encode(const struct tokenizer *tokenizer, struct span text, struct workspace *workspace, struct tokens *out,
                   struct error *error)
{
    const struct bpe *bpe = tokenizer->state;
    struct cutter cutter = { .pretokenizer = bpe->pretokenizer, .text = text };
    struct span piece;
    while (cutter_next(&cutter, &piece))
        if (!encode_piece(tokenizer, piece, workspace, out, error))
            return false;
    return true;
}

/* A character that is not in the alphabet, which no merge can reach, stands for itself. */
static struct span piece(const struct tokenizer *tokenizer, struct span text, char scratch[PIECE_MOST])
{
    const struct bpe *bpe = tokenizer->state;
    size_t length = 0;
    for (size_t i = 0; i < text.bytes;) {
        uint32_t code_point;
        const size_t bytes = utf8_read(text, i, &code_point);
        const bool letter = code_point < ALPHABET_MOST && bpe->bytes[code_point] >= 0;
        const char byte = letter ? (char)bpe->bytes[code_point] : 0;
        const struct span meant = letter ? span_of(&byte, 1) : span_of(text.data + i, bytes);
        if (length + meant.bytes > PIECE_MOST)
            break;
        memcpy(scratch + length, meant.data, meant.bytes);
        length += meant.bytes;
        i += bytes;
    }
    return span_of(scratch, length);
}

const struct tokenizer_kind tokenizer_bpe = {
    .model = "gpt2",
    .bos = TOKEN_NONE,
    .eos = TOKEN_NONE,
    .unknown = TOKEN_NONE,
    .open = open_bpe,
    .close = close_bpe,
    .encode = encode,
    .piece = piece,
};

/* tokenizer.c: any bytes as a GGUF file with a small tokenizer and, under the key "text", a text for it. Whatever
 * opens must give ids of its vocabulary for any bytes (the file itself is a second text), pieces that can be read, and
 * a decoder's text that is valid UTF-8. */
#include "engine/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Reads every byte, so that a sanitizer sees those that are not there; volatile, or the compiler would leave it out. */
static void touch(struct span span)
{
    const volatile unsigned char *bytes = span.data;
    for (size_t i = 0; i < span.bytes; i++)
        (void)bytes[i];
}

static void require(bool held)
{
    if (!held)
        __builtin_trap();
}

static void show(const struct tokenizer *tokenizer, const struct tokens *tokens, bool special)
{
    struct decoder decoder = { .tokenizer = tokenizer, .special = special };
    struct buffer shown = { .limit = 1 << 22 };
    struct error error = { 0 };
    for (size_t i = 0; i < tokens->count; i++) {
        char scratch[256];
        require(tokens->ids[i] < tokenizer_vocabulary(tokenizer));
        touch(tokenizer_piece(tokenizer, tokens->ids[i], special, scratch));
        if (!decoder_add(&decoder, tokens->ids[i], &shown, &error))
            break;
    }
    require(decoder.pending_bytes < sizeof decoder.pending);
    if (decoder_end(&decoder, &shown, &error))
        require(utf8_valid_prefix(buffer_span(&shown)) == shown.length);
    buffer_free(&shown);
}

static void encode(const struct tokenizer *tokenizer, struct span text)
{
    for (unsigned choice = 0; choice < 4; choice++) {
        const struct encoding encoding = { .add_special = choice & 1, .parse_special = choice & 2 };
        struct tokens tokens = { 0 };
        struct error error = { 0 };
        require(tokenizer_encode(tokenizer, text, encoding, &tokens, &error) || error.kind != ERROR_NONE);
        show(tokenizer, &tokens, encoding.parse_special);
        tokens_free(&tokens);
    }
}

static void touch_vocabulary(const struct tokenizer *tokenizer)
{
    for (uint32_t id = 0; id <= tokenizer_vocabulary(tokenizer); id++) {
        char scratch[256];
        touch(tokenizer_piece(tokenizer, id, true, scratch));
        require(id < tokenizer_vocabulary(tokenizer) || !tokenizer_ends(tokenizer, id));
    }
    require(!tokenizer_adds_bos(tokenizer) || tokenizer_bos(tokenizer) < tokenizer_vocabulary(tokenizer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct gguf *gguf = NULL;
    struct tokenizer *tokenizer = NULL;
    struct error error = { 0 };
    struct span text = { 0 };
    if (gguf_read(span_of(data, bytes), "input", &gguf, &error) && gguf_string(gguf, "text", &text, &error)) {
        if (tokenizer_open(gguf, &tokenizer, &error)) {
            touch_vocabulary(tokenizer);
            encode(tokenizer, text);
            encode(tokenizer, span_of(data, bytes));
        } else {
            require(error.kind != ERROR_NONE && !tokenizer);
        }
    }
    tokenizer_close(tokenizer);
    gguf_close(gguf);
    return 0;
}

/* decoder.c: a stream of tokens as text. A token may end within a character (an emoji is often four tokens), so what
 * could still become one is kept until the rest comes. */
#include "engine/tokenizer.h"

#include <string.h>

/* Moves whole characters from pending to out. Never leaves more than 3 bytes, also when it fails. */
static bool flush(struct decoder *decoder, struct buffer *out, struct error *error)
{
    const struct span pending = span_of(decoder->pending, decoder->pending_bytes);
    const size_t ready = utf8_complete_prefix(pending);
    for (size_t done = 0; done < ready;) {
        uint32_t code_point;
        char character[4];
        done += utf8_read(pending, done, &code_point);
        if (!buffer_add(out, character, utf8_write(code_point, character), error)) {
            decoder->pending_bytes = 0;
            return false;
        }
    }
    decoder->pending_bytes -= ready;
    memmove(decoder->pending, decoder->pending + ready, decoder->pending_bytes);
    return true;
}

bool decoder_add(struct decoder *decoder, uint32_t id, struct buffer *out, struct error *error)
{
    char scratch[PIECE_MOST];
    struct span piece = tokenizer_piece(decoder->tokenizer, id, decoder->special, scratch);
    if (piece.bytes == 0)
        return true;
    if (!decoder->started && piece.data[0] == ' ' && decoder->tokenizer->adds_space)
        piece = span_of(piece.data + 1, piece.bytes - 1);
    decoder->started = true;
    for (size_t i = 0; i < piece.bytes; i++) {
        decoder->pending[decoder->pending_bytes++] = (char)piece.data[i];
        if (!flush(decoder, out, error))
            return false;
    }
    return true;
}

bool decoder_end(struct decoder *decoder, struct buffer *out, struct error *error)
{
    const bool begun = decoder->pending_bytes > 0;
    decoder->pending_bytes = 0;
    return !begun || buffer_add(out, "\uFFFD", strlen("\uFFFD"), error);
}

/* prompt.c: messages to the text and the tokens of a prompt: by the model's own template, or in a plain form of ours
 * where it has none. Some templates write the beginning of text (BOS), others leave it to the program. */
#include "chat/prompt.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_TEXT_MOST = 256 };

/* The text of a special token, such as "<s>", or "" if the model has none. */
static const char *special_text(const struct tokenizer *tokenizer, uint32_t id, char out[TOKEN_TEXT_MOST + 1])
{
    char scratch[256];
    const struct span piece = id == TOKEN_NONE ? span_text("") : tokenizer_piece(tokenizer, id, true, scratch);
    const size_t bytes = size_min(piece.bytes, TOKEN_TEXT_MOST);
    memcpy(out, piece.data, bytes);
    out[bytes] = '\0';
    return out;
}

static char *dump(const json_t *json)
{
    return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

static bool render_by_template(const struct chat_model *model, const json_t *messages, const json_t *tools, int64_t now,
                               struct buffer *out, struct error *error)
{
    char bos[TOKEN_TEXT_MOST + 1], eos[TOKEN_TEXT_MOST + 1];
    char *const messages_text = dump(messages), *const tools_text = dump(tools);
    const struct conversation conversation = {
        .messages_json = messages_text,
        .tools_json = tools_text,
        .bos = special_text(model->tokenizer, tokenizer_bos(model->tokenizer), bos),
        .eos = special_text(model->tokenizer, tokenizer_eos(model->tokenizer), eos),
        .add_generation_prompt = true,
        .now = now,
        .quotes = model->tokenizer,
    };
    const bool whole = messages_text && (tools_text || !tools);
    const bool done = whole ? template_render(model->template, &conversation, out, error) : error_memory(error, 1);
    free(messages_text);
    free(tools_text);
    return done;
}

static bool add_quoted(const struct tokenizer *tokenizer, const json_t *text, struct buffer *out, struct error *error)
{
    return tokenizer_quote(tokenizer, span_of(json_string_value(text), json_string_length(text)), out, error);
}

/* "user: ...", each message a paragraph: what a model that was never taught turns can make most of. */
static bool render_plain(const struct chat_model *model, const json_t *messages, struct buffer *out,
                         struct error *error)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        const char *role = json_string_value(json_object_get(message, "role"));
        const json_t *content = json_object_get(message, "content");
        if (!buffer_format(out, error, "%s: ", role ? role : "user") ||
            !add_quoted(model->tokenizer, content, out, error) || !buffer_text(out, "\n\n", error))
            return false;
    }
    return buffer_text(out, "assistant:", error);
}

bool prompt_render(const struct chat_model *model, const json_t *messages, const json_t *tools, int64_t now,
                   struct buffer *out, struct error *error)
{
    return model->template ? render_by_template(model, messages, tools, now, out, error)
                           : render_plain(model, messages, out, error);
}

bool prompt_encode(const struct tokenizer *tokenizer, struct span prompt, struct tokens *out, struct error *error)
{
    const struct encoding encoding = { .parse_special = true, .add_beginning = true, .quoted = true };
    return tokenizer_encode(tokenizer, prompt, encoding, out, error);
}

/* prompt.c: messages to the text and the tokens of a prompt: by the model's own template, or in a plain form of ours
 * where it has none. Some templates write the beginning of text (BOS), others leave it to the program. */
#include "chat/prompt.h"

#include "chat/adapt.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_TEXT_MOST = 256 };

/* ---- by the template --------------------------------------------------------------------------------------------- */

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

static bool render_texts(const struct chat_model *model, const struct prompt_parts *parts, const char *tools,
                         const char *names, struct buffer *out, struct error *error)
{
    char bos[TOKEN_TEXT_MOST + 1], eos[TOKEN_TEXT_MOST + 1];
    char *messages = dump(parts->messages);
    const struct conversation conversation = {
        .messages_json = messages,
        .tools_json = tools,
        .names_json = names,
        .bos = special_text(model->tokenizer, tokenizer_bos(model->tokenizer), bos),
        .eos = special_text(model->tokenizer, tokenizer_eos(model->tokenizer), eos),
        .add_generation_prompt = !parts->ends_with_messages,
        .now = parts->now,
        .quotes = model->tokenizer,
    };
    const size_t before = out->length;
    const bool done = messages ? template_render(model->template, &conversation, out, error) : error_memory(error, 1);
    if (!done)
        out->length = before;
    free(messages);
    return done;
}

/* Tries the messages as they are, then in the ways that some templates ask for. Of failures, the first is told. */
static bool render_somehow(const struct chat_model *model, const struct prompt_parts *parts, const char *tools,
                           const char *names, struct buffer *out, struct error *error)
{
    struct error again = { 0 };
    bool done = render_texts(model, parts, tools, names, out, error);
    for (unsigned step = 0; !done && adapt_step_exists(step); step++)
        done = adapt_again(step, parts->messages, &again) && render_texts(model, parts, tools, names, out, &again);
    if (!done && error) {
        error->kind = ERROR_WRONG_USE;
        return error_prefix(error, "messages: the model's template refuses them");
    }
    return done;
}

static bool render_by_template(const struct chat_model *model, const struct prompt_parts *parts, struct buffer *out,
                               struct error *error)
{
    char *const tools = dump(parts->tools), *const names = dump(parts->names);
    const bool whole = (tools || !parts->tools) && (names || !parts->names);
    const bool done = whole ? render_somehow(model, parts, tools, names, out, error) : error_memory(error, 1);
    free(tools);
    free(names);
    return done;
}

/* ---- without one ------------------------------------------------------------------------------------------------- */

const char prompt_plain_stop[] = "\n\nuser:";

static bool add_quoted(const struct tokenizer *tokenizer, const json_t *text, struct buffer *out, struct error *error)
{
    return tokenizer_quote(tokenizer, span_of(json_string_value(text), json_string_length(text)), out, error);
}

/* "user: ...", each message a paragraph: what a model that was never taught turns can make most of. */
static bool render_plain(const struct chat_model *model, const struct prompt_parts *parts, struct buffer *out,
                         struct error *error)
{
    size_t i;
    json_t *message;
    json_array_foreach(parts->messages, i, message)
    {
        if (!buffer_format(out, error, "%s: ", message_role(message)) ||
            !add_quoted(model->tokenizer, json_object_get(message, "content"), out, error) ||
            !buffer_text(out, "\n\n", error))
            return false;
    }
    return parts->ends_with_messages || buffer_text(out, "assistant:", error);
}

bool prompt_render(const struct chat_model *model, const struct prompt_parts *parts, struct buffer *out,
                   struct error *error)
{
    return model->template ? render_by_template(model, parts, out, error) : render_plain(model, parts, out, error);
}

/* ---- an answer that goes on -------------------------------------------------------------------------------------- */

/* Whether text, but for white space, ends with this. */
static bool ends_with(struct span text, const char *what)
{
    const size_t bytes = strlen(what);
    size_t end = text.bytes;
    while (end > 0 && (text.data[end - 1] == '\n' || text.data[end - 1] == ' '))
        end--;
    return end >= bytes && memcmp(text.data + end - bytes, what, bytes) == 0;
}

bool prompt_begins_reasoning(struct span prompt, const struct reasoning_form *form)
{
    return form && ends_with(prompt, form->opening);
}

bool prompt_ends_reasoning(struct span prompt, const struct reasoning_form *form)
{
    return form && ends_with(prompt, form->closing);
}

/* Whether the text itself begins reasoning and does not end it. */
static bool begins_reasoning(const json_t *content, const struct reasoning_form *form)
{
    const char *text = json_string_value(content);
    return form && text && strncmp(text, form->opening, strlen(form->opening)) == 0 && !strstr(text, form->closing);
}

/* What stands between reasoning, or the beginning of the answer where there is none, and what is said. */
static bool lead_to_content(const struct reasoning_form *form, bool thought, struct buffer *out, struct error *error)
{
    const char *closing = form->next ? form->next : "\n\n";
    return (!thought || buffer_format(out, error, "\n%s%s", form->closing, closing)) &&
           (!form->content || buffer_text(out, form->content, error));
}

bool prompt_go_on(const struct chat_model *model, const struct reasoning_form *form, const json_t *message,
                  struct buffer *out, bool *in_reasoning, struct error *error)
{
    const json_t *content = json_object_get(message, "content");
    const json_t *reasoning = json_object_get(message, "reasoning_content");
    const bool begun = prompt_begins_reasoning(buffer_span(out), form), given = form && json_string_length(reasoning);
    const bool says = json_string_length(content) > 0;
    *in_reasoning = ((begun || given) && !says) || begins_reasoning(content, form);
    if (!model->template && !buffer_text(out, " ", error))
        return false;
    if (given && !begun && !buffer_format(out, error, "%s\n", form->opening))
        return false;
    if (given && !add_quoted(model->tokenizer, reasoning, out, error))
        return false;
    if (form && says && !lead_to_content(form, begun || given, out, error))
        return false;
    return add_quoted(model->tokenizer, content, out, error);
}

bool prompt_encode(const struct tokenizer *tokenizer, struct span prompt, struct tokens *out, struct error *error)
{
    const struct encoding encoding = { .parse_special = true, .add_beginning = true, .quoted = true };
    return tokenizer_encode(tokenizer, prompt, encoding, out, error);
}

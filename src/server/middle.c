/* middle.c: a prompt for filling in the middle:
 *
 *   [repository NAME] [file NAME text]... [file NAME] PREFIX before SUFFIX after MIDDLE begun
 *
 * A model that has no tokens for files gets their texts plainly in front. Source: Hui et al. 2024 (Qwen2.5-Coder),
 * section 3.1; llama-server's /infill goes the same way. */
#include "server/middle.h"

/* What a prompt may take of the context, the rest being for the answer. */
enum { PREFIX_SHARE = 2, SUFFIX_SHARE = 8 };

struct making {
    const struct held_parts *parts;
    struct middle_tokens middle;
    struct tokens *out;
    struct error error;
};

static bool add_token(struct making *making, uint32_t id)
{
    return id == TOKEN_NONE || tokens_add(making->out, id, &making->error);
}

static bool add_text(struct making *making, struct span text)
{
    return tokenizer_encode(making->parts->tokenizer, text, (struct encoding){ 0 }, making->out, &making->error);
}

/* The first or the last most tokens of a text. */
static bool add_cut(struct making *making, struct span text, size_t most, bool last)
{
    struct tokens whole = { 0 };
    bool good = tokenizer_encode(making->parts->tokenizer, text, (struct encoding){ 0 }, &whole, &making->error);
    const size_t count = size_min(whole.count, most), first = last ? whole.count - count : 0;
    for (size_t i = 0; good && i < count; i++)
        good = tokens_add(making->out, whole.ids[first + i], &making->error);
    tokens_free(&whole);
    return good;
}

static bool add_file(struct making *making, struct span name, struct span text)
{
    if (making->middle.file == TOKEN_NONE)
        return add_text(making, text);
    return add_token(making, making->middle.file) && add_text(making, name) && add_text(making, span_text("\n")) &&
           add_text(making, text);
}

/* Files as long as they leave half of the context: the prefix may take as much. */
static bool add_files(struct making *making, const struct middle *middle, size_t context)
{
    const struct span current = span_text("filename");
    const uint32_t repository = making->middle.repository;
    if (middle->file_count == 0)
        return true;
    if (repository != TOKEN_NONE && (!add_token(making, repository) || !add_text(making, span_text("myproject\n"))))
        return false;
    for (size_t i = 0; i < middle->file_count; i++) {
        const size_t before = making->out->count;
        if (!add_file(making, middle->files[i].name, middle->files[i].text))
            return false;
        if (making->out->count > context / 4)
            making->out->count = before;
    }
    return making->middle.file == TOKEN_NONE || add_file(making, current, span_text(""));
}

static bool add_all(struct making *making, const struct middle *middle, size_t context)
{
    const struct tokenizer *tokenizer = making->parts->tokenizer;
    return (!tokenizer_adds_bos(tokenizer) || add_token(making, tokenizer_bos(tokenizer))) &&
           add_files(making, middle, context) && add_token(making, making->middle.prefix) &&
           add_cut(making, middle->prefix, context / PREFIX_SHARE, true) && add_token(making, making->middle.suffix) &&
           add_cut(making, middle->suffix, context / SUFFIX_SHARE, false) && add_token(making, making->middle.middle) &&
           add_text(making, middle->begun);
}

bool middle_prompt(const struct held_parts *parts, const struct middle *middle, struct tokens *out,
                   struct failure *failure)
{
    struct making making = { .parts = parts, .out = out };
    if (!tokenizer_middle(parts->tokenizer, parts->gguf, &making.middle))
        return failure_set(failure, FAILURE_NOT_BUILT,
                           "this model has no tokens for filling in the middle (FIM): use one that was trained for it");
    return add_all(&making, middle, model_context(parts->model)) || failure_error(failure, &making.error);
}

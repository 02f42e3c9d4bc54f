/* tokenizer.c: opens a tokenizer and leads a text through it; tokenizer.h has the drawing.
 * Source of the keys: github.com/ggml-org/ggml/blob/master/docs/gguf.md, "Tokenizer". */
#include "engine/tokenizer.h"

#include "engine/grammar/tree.h"
#include "engine/quote.h"

#include <stdlib.h>
#include <string.h>

static const struct tokenizer_kind *const kinds[] = { &tokenizer_bpe, &tokenizer_spm };

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool choose_kind(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error)
{
    struct span model = span_text("none");
    if (!gguf_string(gguf, "tokenizer.ggml.model", &model, error))
        return false;
    for (size_t i = 0; i < LENGTH(kinds); i++)
        if (span_equal(model, span_text(kinds[i]->model)))
            tokenizer->kind = kinds[i];
    if (tokenizer->kind)
        return true;
    if (span_equal(model, span_text("none")))
        return error_set(error, "%s: the file has no tokenizer: give ids instead of text, or use another model",
                         tokenizer->path);
    return error_set(error, "%s: tokenizer.ggml.model is %.*s, which is not known: known are %s and %s",
                     tokenizer->path, (int)size_min(model.bytes, 100), (const char *)model.data, tokenizer_bpe.model,
                     tokenizer_spm.model);
}

static bool read_types(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error)
{
    const size_t count = tokenizer_vocabulary(tokenizer);
    const struct gguf_key *types = gguf_find(gguf, "tokenizer.ggml.token_type");
    tokenizer->types = malloc(count);
    if (!tokenizer->types)
        return error_memory(error, count);
    memset(tokenizer->types, TOKEN_NORMAL, count);
    if (!types)
        return true;
    if (types->type != GGUF_ARRAY || !gguf_is_integer(types->element))
        return error_set(error, "%s: key tokenizer.ggml.token_type must be an array of integers: use another file",
                         tokenizer->path);
    if (types->count != count)
        return error_set(error, "%s: %zu tokens, but %zu types: use another file of this model", tokenizer->path, count,
                         types->count);
    tokenizer->typed = true;
    for (size_t i = 0; i < count; i++) {
        const int64_t type = gguf_element_integer(types, i);
        if (type > TOKEN_NORMAL && type <= TOKEN_BYTE)
            tokenizer->types[i] = (uint8_t)type;
    }
    return true;
}

bool tokenizer_read_id(const struct gguf *gguf, const struct tokenizer *tokenizer, const char *key, uint32_t *id,
                       struct error *error)
{
    uint64_t value = *id;
    if (!gguf_integer(gguf, key, 0, tokenizer_vocabulary(tokenizer) - 1, &value, error))
        return false;
    *id = (uint32_t)value;
    return true;
}

/* What the file says, over what the kind sets. */
static bool read_settings(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error)
{
    const struct {
        const char *key;
        uint32_t *id;
    } ids[] = {
        { "tokenizer.ggml.bos_token_id", &tokenizer->bos },
        { "tokenizer.ggml.eos_token_id", &tokenizer->eos },
        { "tokenizer.ggml.unknown_token_id", &tokenizer->unknown },
    };
    for (size_t i = 0; i < LENGTH(ids); i++) {
        if (*ids[i].id >= tokenizer_vocabulary(tokenizer))
            *ids[i].id = TOKEN_NONE;
        if (!tokenizer_read_id(gguf, tokenizer, ids[i].key, ids[i].id, error))
            return false;
    }
    return gguf_boolean(gguf, "tokenizer.ggml.add_bos_token", &tokenizer->adds_bos, error) &&
           gguf_boolean(gguf, "tokenizer.ggml.add_eos_token", &tokenizer->adds_eos, error) &&
           gguf_boolean(gguf, "tokenizer.ggml.add_space_prefix", &tokenizer->adds_space, error);
}

static bool collect_specials(struct tokenizer *tokenizer, struct error *error)
{
    for (uint32_t id = 0; id < tokenizer_vocabulary(tokenizer); id++) {
        const enum token_type type = tokenizer->types[id];
        if (type != TOKEN_CONTROL && type != TOKEN_USER_DEFINED && type != TOKEN_UNKNOWN)
            continue;
        if (!specials_add(&tokenizer->specials, strings_at(&tokenizer->vocabulary, id), id, type == TOKEN_USER_DEFINED,
                          error))
            return error_prefix(error, "%s", tokenizer->path);
    }
    return true;
}

static bool open_parts(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error)
{
    if (!choose_kind(gguf, tokenizer, error) ||
        !strings_open(&tokenizer->vocabulary, gguf, "tokenizer.ggml.tokens", PIECE_MOST, error) ||
        !read_types(gguf, tokenizer, error))
        return false;
    const struct tokenizer_kind *kind = tokenizer->kind;
    tokenizer->adds_bos = kind->adds_bos;
    tokenizer->adds_space = kind->adds_space;
    tokenizer->bos = kind->bos;
    tokenizer->eos = kind->eos;
    tokenizer->unknown = kind->unknown;
    return kind->open(gguf, tokenizer, error) && read_settings(gguf, tokenizer, error) &&
           tokenizer_find_ends(gguf, tokenizer, error) && collect_specials(tokenizer, error) &&
           tree_keeper_open(&tokenizer->tree_keeper, error);
}

bool tokenizer_open(const struct gguf *gguf, struct tokenizer **out, struct error *error)
{
    struct tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer)
        return error_memory(error, sizeof *tokenizer);
    tokenizer->path = gguf_path(gguf);
    if (!open_parts(gguf, tokenizer, error)) {
        tokenizer_close(tokenizer);
        return false;
    }
    *out = tokenizer;
    return true;
}

void tokenizer_close(struct tokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    if (tokenizer->kind)
        tokenizer->kind->close(tokenizer->state);
    tree_keeper_close(tokenizer->tree_keeper);
    strings_close(&tokenizer->vocabulary);
    specials_free(&tokenizer->specials);
    free(tokenizer->types);
    free(tokenizer->ends);
    free(tokenizer);
}

/* ---- what is known of tokens ------------------------------------------------------------------------------------- */

size_t tokenizer_vocabulary(const struct tokenizer *tokenizer)
{
    return tokenizer->vocabulary.key->count;
}

uint32_t tokenizer_bos(const struct tokenizer *tokenizer)
{
    return tokenizer->bos;
}

uint32_t tokenizer_eos(const struct tokenizer *tokenizer)
{
    return tokenizer->eos;
}

bool tokenizer_adds_bos(const struct tokenizer *tokenizer)
{
    return tokenizer->adds_bos && tokenizer->bos != TOKEN_NONE;
}

bool tokenizer_ends(const struct tokenizer *tokenizer, uint32_t id)
{
    for (size_t i = 0; i < tokenizer->end_count; i++)
        if (tokenizer->ends[i] == id)
            return true;
    return false;
}

static int hexadecimal(unsigned char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* "<0x41>": exactly two digits. What only looks like it is shown as the text that it is. */
static struct span byte_piece(struct span text, char scratch[PIECE_MOST])
{
    if (text.bytes != 6 || memcmp(text.data, "<0x", 3) != 0 || text.data[5] != '>')
        return text;
    const int high = hexadecimal(text.data[3]), low = hexadecimal(text.data[4]);
    if (high < 0 || low < 0)
        return text;
    scratch[0] = (char)(16 * high + low);
    return span_of(scratch, 1);
}

struct span tokenizer_piece(const struct tokenizer *tokenizer, uint32_t id, bool special, char scratch[PIECE_MOST])
{
    if (id >= tokenizer_vocabulary(tokenizer))
        return (struct span){ 0 };
    const struct span text = strings_at(&tokenizer->vocabulary, id);
    switch ((enum token_type)tokenizer->types[id]) {
    case TOKEN_CONTROL:
    case TOKEN_UNKNOWN:
        return special ? text : (struct span){ 0 };
    case TOKEN_USER_DEFINED:
        return text;
    case TOKEN_BYTE:
        return byte_piece(text, scratch);
    default:
        return tokenizer->kind->piece(tokenizer, text, scratch);
    }
}

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

bool workspace_reserve(struct workspace *workspace, size_t bytes, struct error *error)
{
    if (bytes <= workspace->capacity)
        return true;
    free(workspace->text);
    workspace->text = malloc(bytes);
    workspace->capacity = workspace->text ? bytes : 0;
    return workspace->text || error_memory(error, bytes);
}

static bool encode_between(const struct tokenizer *tokenizer, struct span text, struct workspace *workspace,
                           struct tokens *out, struct error *error)
{
    return text.bytes == 0 || tokenizer->kind->encode(tokenizer, text, workspace, out, error);
}

static bool encode_parts(const struct tokenizer *tokenizer, struct span text, const struct matches *matches,
                         struct workspace *workspace, struct tokens *out, struct error *error)
{
    size_t start = 0;
    for (size_t i = 0; i < matches->count; i++) {
        const struct match *match = &matches->all[i];
        if (!encode_between(tokenizer, span_of(text.data + start, match->start - start), workspace, out, error) ||
            !tokens_add(out, match->id, error))
            return false;
        start = match->start + match->bytes;
    }
    return encode_between(tokenizer, span_of(text.data + start, text.bytes - start), workspace, out, error);
}

static bool encode_text(const struct tokenizer *tokenizer, struct span text, bool parse_special, struct tokens *out,
                        struct error *error)
{
    struct matches matches = { 0 };
    struct workspace workspace = { 0 };
    if (text.bytes == 0)
        return true; /* its data may be NULL */
    const bool done = specials_find(&tokenizer->specials, text, parse_special, &matches, error) &&
                      encode_parts(tokenizer, text, &matches, &workspace, out, error);
    matches_free(&matches);
    merger_free(&workspace.merger);
    free(workspace.text);
    return done;
}

/* What is found only when special tokens are parsed, and not quoted. A mark breaks all texts but those of one
 * character, behind which it stands. */
static void keep_special(const struct tokenizer *tokenizer, struct span text, struct matches *matches)
{
    size_t kept = 0;
    for (size_t i = 0; i < matches->count; i++) {
        const struct match match = matches->all[i];
        if (tokenizer->types[match.id] != TOKEN_USER_DEFINED && !quote_marks(text, match.start + match.bytes))
            matches->all[kept++] = match;
    }
    matches->count = kept;
}

/* What is between special tokens, as plain text without its marks. plain is scratch. */
static bool encode_unquoted(const struct tokenizer *tokenizer, struct span text, struct buffer *plain,
                            struct tokens *out, struct error *error)
{
    plain->length = 0;
    return tokenizer_unquote(text, plain, error) && encode_text(tokenizer, buffer_span(plain), false, out, error);
}

static bool encode_around(const struct tokenizer *tokenizer, struct span text, const struct matches *matches,
                          struct tokens *out, struct error *error)
{
    struct buffer plain = { .limit = TEXT_MOST };
    size_t start = 0;
    bool done = true;
    for (size_t i = 0; i < matches->count && done; i++) {
        const struct match *match = &matches->all[i];
        done = encode_unquoted(tokenizer, span_of(text.data + start, match->start - start), &plain, out, error) &&
               tokens_add(out, match->id, error);
        start = match->start + match->bytes;
    }
    done = done && encode_unquoted(tokenizer, span_of(text.data + start, text.bytes - start), &plain, out, error);
    buffer_free(&plain);
    return done;
}

static bool encode_quoted(const struct tokenizer *tokenizer, struct span text, struct tokens *out, struct error *error)
{
    struct matches matches = { 0 };
    bool done = specials_find(&tokenizer->specials, text, true, &matches, error);
    if (done) {
        keep_special(tokenizer, text, &matches);
        done = encode_around(tokenizer, text, &matches, out, error);
    }
    matches_free(&matches);
    return done;
}

static bool encode_whole(const struct tokenizer *tokenizer, struct span text, struct encoding encoding,
                         struct tokens *out, struct error *error)
{
    if (encoding.quoted && encoding.parse_special && quote_used(text))
        return encode_quoted(tokenizer, text, out, error);
    return encode_text(tokenizer, text, encoding.parse_special, out, error);
}

/* Takes back the beginning of text at first, if the text brought one itself. */
static void drop_second_beginning(const struct tokenizer *tokenizer, struct tokens *tokens, size_t first)
{
    if (tokens->count < first + 2 || tokens->ids[first + 1] != tokenizer->bos)
        return;
    tokens->count--;
    memmove(tokens->ids + first, tokens->ids + first + 1, (tokens->count - first) * sizeof *tokens->ids);
}

bool tokenizer_encode(const struct tokenizer *tokenizer, struct span text, struct encoding encoding, struct tokens *out,
                      struct error *error)
{
    const size_t before = out->count;
    const bool begins = (encoding.add_special || encoding.add_beginning) && tokenizer_adds_bos(tokenizer);
    const bool ends = encoding.add_special && tokenizer->adds_eos && tokenizer->eos != TOKEN_NONE;
    if (text.bytes > TEXT_MOST)
        return error_set(error, "a text of %zu bytes: at most %d can be tokenized at once", text.bytes, (int)TEXT_MOST);
    bool done = (!begins || tokens_add(out, tokenizer->bos, error)) &&
                encode_whole(tokenizer, text, encoding, out, error);
    if (done && begins && encoding.add_beginning)
        drop_second_beginning(tokenizer, out, before);
    done = done && (!ends || tokens_add(out, tokenizer->eos, error));
    if (!done)
        out->count = before;
    return done;
}

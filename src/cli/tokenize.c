/* tokenize.c: bastide tokenize: what a model's tokenizer makes of a text. Only the file's keys are read, no weights. */
#include "cli/commands.h"
#include "engine/engine.h"
#include "models/models.h"

#include <stdio.h>

enum { TEXT_LIMIT = 1 << 28 }; /* bytes of standard input */

static bool print_json(const struct tokens *tokens, struct error *error)
{
    if (!print(error, "{\"ids\": ["))
        return false;
    for (size_t i = 0; i < tokens->count; i++)
        if (!print(error, "%s%u", i ? ", " : "", tokens->ids[i]))
            return false;
    return print(error, "]}\n");
}

/* Whether a terminal shows a character as itself: no control (C0, C1), and not the backslash, which escapes. */
static bool is_shown(uint32_t code_point)
{
    return code_point >= ' ' && code_point != '\\' && !(code_point >= 0x7F && code_point <= 0x9F);
}

/* A piece need not be whole characters: what is none is escaped too. */
static bool print_piece(struct span piece, struct error *error)
{
    for (size_t i = 0, bytes; i < piece.bytes; i += bytes) {
        uint32_t code_point;
        bytes = utf8_read(piece, i, &code_point);
        if (is_shown(code_point) && (bytes > 1 || piece.data[i] < 0x80)) {
            if (!print_bytes(span_of(piece.data + i, bytes), error))
                return false;
            continue;
        }
        for (size_t k = i; k < i + bytes; k++)
            if (!print(error, "\\x%02X", piece.data[k]))
                return false;
    }
    return print(error, "\n");
}

static bool print_list(const struct tokenizer *tokenizer, const struct tokens *tokens, struct error *error)
{
    for (size_t i = 0; i < tokens->count; i++) {
        char scratch[256];
        if (!print(error, "%7u  ", tokens->ids[i]) ||
            !print_piece(tokenizer_piece(tokenizer, tokens->ids[i], true, scratch), error))
            return false;
    }
    return true;
}

static bool tokenize_text(const struct arguments *arguments, const struct tokenizer *tokenizer, struct error *error)
{
    struct buffer text = { .limit = TEXT_LIMIT };
    struct tokens tokens = { 0 };
    const struct encoding encoding = { .add_special = !option_given(arguments, "no-bos"),
                                       .parse_special = !option_given(arguments, "no-special") };
    const bool done =
        file_read("-", &text, error) && tokenizer_encode(tokenizer, buffer_span(&text), encoding, &tokens, error) &&
        (option_given(arguments, "json") ? print_json(&tokens, error) : print_list(tokenizer, &tokens, error)) &&
        print_flush(error);
    tokens_free(&tokens);
    buffer_free(&text);
    return done;
}

static enum status tokenize(const struct arguments *arguments, struct error *error)
{
    struct arena arena = { 0 };
    const char *path = NULL;
    struct gguf *gguf = NULL;
    struct tokenizer *tokenizer = NULL;
    const bool done = models_resolve(argument(arguments, 0), &arena, &path, error) && gguf_open(path, &gguf, error) &&
                      tokenizer_open(gguf, &tokenizer, error) && tokenize_text(arguments, tokenizer, error);
    tokenizer_close(tokenizer);
    gguf_close(gguf);
    arena_free(&arena);
    return done ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "json", 0, NULL, "print {\"ids\": [...]} and nothing else" },
    { "no-bos", 0, NULL, "add no token that is not in the text" },
    { "no-special", 0, NULL, "take the text of special tokens, such as <|im_end|>, as plain text" },
    { 0 },
};

const struct command command_tokenize = {
    .name = "tokenize",
    .takes = "MODEL",
    .does = "show the tokens that a model sees in a text",
    .details = "Reads the text, to the last byte, from standard input. Without --json there is a line for each token:\n"
               "its id and what it stands for; control characters, parts of characters and backslashes as \\xNN.\n",
    .examples = "  echo 'Bonjour tout le monde' | bastide tokenize smollm2\n"
                "  printf %s 'Hello' | bastide tokenize smollm2 --json --no-bos\n"
                "  bastide tokenize model.gguf --json --no-special < letter.txt\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = tokenize,
};

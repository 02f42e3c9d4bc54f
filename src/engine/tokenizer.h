/* tokenizer.h: what a tokenizer is made of. Private to the room.
 *
 *    text  -> specials: the tokens that stand for themselves, such as <|im_start|>     tokenizer.c, specials.c
 *          -> what is between them, by kind of tokenizer:
 *               "gpt2"   cut into pieces, spelt in GPT-2's alphabet of bytes, merged by rank    bpe.c, pretokenizer.c
 *               "llama"  spaces made visible, merged by score, what is unknown byte by byte     spm.c
 *             both                                                                              merge.c
 *          -> ids, by looking texts up in the vocabulary                                        strings.c
 *
 * A new kind is one file with a struct tokenizer_kind and one row in tokenizer.c. */
#ifndef BASTIDE_ENGINE_TOKENIZER_H
#define BASTIDE_ENGINE_TOKENIZER_H

#include "engine/merge.h"
#include "engine/specials.h"
#include "engine/strings.h"

/* How a token is meant; numbers as in tokenizer.ggml.token_type. */
enum token_type {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN = 2,      /* stands for what the vocabulary lacks */
    TOKEN_CONTROL = 3,      /* is not shown; its text in a prompt is plain text unless parse_special */
    TOKEN_USER_DEFINED = 4, /* its text in a prompt is always this token */
    TOKEN_UNUSED = 5,
    TOKEN_BYTE = 6, /* "<0x41>" stands for one byte */
};

enum {
    PIECE_MOST = 256, /* bytes of a token's text; the longest known is 128 spaces, each spelt in two bytes */
    TEXT_MOST = MERGE_TEXT_MOST / 3, /* bytes of a text, each of which may be spelt in three */
};

struct tokenizer_kind;
struct tree_keeper;

struct tokenizer {
    const char *path; /* of the file, for errors */
    const struct tokenizer_kind *kind;
    void *state; /* the kind's own */
    struct strings vocabulary;
    uint8_t *types; /* [vocabulary] enum token_type */
    bool typed;     /* the file said so; else all are normal */
    struct specials specials;
    uint32_t *ends; /* ids that end an answer, each once */
    size_t end_count;
    uint32_t bos, eos, unknown; /* TOKEN_NONE if there is none */
    bool adds_bos, adds_eos;
    bool adds_space;                 /* a space is put before each text, and taken away when showing the first */
    struct tree_keeper *tree_keeper; /* the vocabulary as a tree, made when first wanted */
};

/* Scratch of one encoding. */
struct workspace {
    struct merger merger;
    char *text; /* the text as the vocabulary spells it */
    size_t capacity;
};

/* Makes room for bytes in workspace->text; what was there is lost. */
MUST_USE bool workspace_reserve(struct workspace *workspace, size_t bytes, struct error *error);

struct tokenizer_kind {
    const char *model; /* as in tokenizer.ggml.model */
    /* What holds where the file does not say. */
    bool adds_bos, adds_space;
    uint32_t bos, eos, unknown;
    /* Sets tokenizer->state, and changes what it must; vocabulary and types are there. On failure close is called. */
    bool (*open)(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error);
    void (*close)(void *state);
    /* Appends the ids of a text (at most TEXT_MOST bytes, not empty) that begins the whole or follows a special
     * token. */
    bool (*encode)(const struct tokenizer *tokenizer, struct span text, struct workspace *workspace, struct tokens *out,
                   struct error *error);
    /* The bytes that the text of a normal token stands for: in scratch, or the text itself. */
    struct span (*piece)(const struct tokenizer *tokenizer, struct span text, char scratch[PIECE_MOST]);
};

extern const struct tokenizer_kind tokenizer_bpe, tokenizer_spm;

/* Finds the ids that end an answer, by the file's keys and by their texts, and corrects the types of tokens that are
 * plainly control tokens. In ends.c. */
MUST_USE bool tokenizer_find_ends(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error);

/* Reads the key of an id: *id stays where there is no such key. */
MUST_USE bool tokenizer_read_id(const struct gguf *gguf, const struct tokenizer *tokenizer, const char *key,
                                uint32_t *id, struct error *error);

#endif

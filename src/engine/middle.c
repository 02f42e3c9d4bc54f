/* middle.c: the tokens of filling in the middle: a prompt gives what comes before and after, the answer what lies
 * between. Source: Bavarian et al. 2022; the texts are those of the families that were trained so. */
#include "engine/gguf.h"
#include "engine/tokenizer.h"

enum { TEXTS_MOST = 8 };

static const struct role {
    size_t offset; /* in struct middle_tokens */
    const char *key;
    const char *texts[TEXTS_MOST]; /* NULL after the last */
} roles[] = {
    { offsetof(struct middle_tokens, prefix),
      "tokenizer.ggml.fim_pre_token_id",
      { "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<\uFF5Cfim\u2581begin\uFF5C>", "<PRE>", "\u2581<PRE>",
        "<|code_prefix|>" } },
    { offsetof(struct middle_tokens, suffix),
      "tokenizer.ggml.fim_suf_token_id",
      { "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<\uFF5Cfim\u2581hole\uFF5C>", "<SUF>", "\u2581<SUF>",
        "<|code_suffix|>" } },
    { offsetof(struct middle_tokens, middle),
      "tokenizer.ggml.fim_mid_token_id",
      { "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<\uFF5Cfim\u2581end\uFF5C>", "<MID>", "\u2581<MID>",
        "<|code_middle|>" } },
    { offsetof(struct middle_tokens, repository),
      "tokenizer.ggml.fim_rep_token_id",
      { "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>" } },
    { offsetof(struct middle_tokens, file), "tokenizer.ggml.fim_sep_token_id", { "<|file_sep|>" } },
};

static uint32_t find(const struct tokenizer *tokenizer, const struct gguf *gguf, const struct role *role)
{
    uint32_t id = TOKEN_NONE;
    if (tokenizer_read_id(gguf, tokenizer, role->key, &id, NULL) && id != TOKEN_NONE)
        return id;
    for (size_t i = 0; i < TEXTS_MOST && role->texts[i]; i++) {
        id = strings_find(&tokenizer->vocabulary, span_text(role->texts[i]));
        if (id != STRING_NONE)
            return id;
    }
    return TOKEN_NONE;
}

bool tokenizer_middle(const struct tokenizer *tokenizer, const struct gguf *gguf, struct middle_tokens *out)
{
    for (size_t i = 0; i < LENGTH(roles); i++)
        *(uint32_t *)(void *)((char *)out + roles[i].offset) = find(tokenizer, gguf, &roles[i]);
    return out->prefix != TOKEN_NONE && out->suffix != TOKEN_NONE && out->middle != TOKEN_NONE;
}

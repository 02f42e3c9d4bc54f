/* ends.c: the tokens that end an answer. Files name one or two of them (eos, eot, eom), but models end their turns
 * with others too, so those are known by their texts; converters also left some as ordinary text that are none.
 * Source: the chat formats of the model families; the same texts end an answer in llama.cpp. */
#include "engine/tokenizer.h"

#include <stdlib.h>

static const char *const keys[] = {
    "tokenizer.ggml.eos_token_id",     "tokenizer.ggml.eot_token_id",     "tokenizer.ggml.eom_token_id",
    "tokenizer.ggml.fim_pad_token_id", "tokenizer.ggml.fim_rep_token_id", "tokenizer.ggml.fim_sep_token_id",
};

static const struct control_text {
    const char *text;
    bool ends;             /* else it is only known not to be text */
    const char *unless[2]; /* a vocabulary that has one of these uses text within an answer */
} control_texts[] = {
    { "<|eot_id|>", true, { 0 } }, /* Llama 3 */
    { "<|eom_id|>", true, { 0 } },
    { "<|im_end|>", true, { 0 } },                    /* ChatML */
    { "<|end|>", true, { "<|call|>", "<|calls|>" } }, /* Phi 3; in gpt-oss and Solar the end of a message */
    { "<|return|>", true, { 0 } },                    /* gpt-oss */
    { "<|call|>", true, { 0 } },
    { "<|flush|>", true, { 0 } }, /* Solar */
    { "<|calls|>", true, { 0 } },
    { "<end_of_turn>", true, { 0 } }, /* Gemma */
    { "<eos>", true, { 0 } },
    { "<turn|>", true, { 0 } },
    { "<|tool_response>", true, { 0 } },
    { "<|endoftext|>", true, { 0 } },         /* GPT-2 */
    { "<|end_of_text|>", true, { 0 } },       /* Granite */
    { "</s>", true, { "<|tool_response>" } }, /* Llama */
    { "<EOT>", true, { 0 } },
    { "_<EOT>", true, { 0 } },
    { "[EOT]", true, { 0 } }, /* Kimi */
    { "[EOS]", true, { 0 } },
    { "<end_of_utterance>", true, { 0 } },                      /* SmolVLM */
    { "<\uFF5Cend\u2581of\u2581sentence\uFF5C>", true, { 0 } }, /* DeepSeek */
    { "[e~[", true, { 0 } },                                    /* MiniMax */
    /* filling in the middle: what comes after the missing part */
    { "<|fim_pad|>", true, { 0 } },
    { "<fim-pad>", true, { 0 } },
    { "<fim_pad>", true, { 0 } },
    { "<PAD>", true, { 0 } },
    { "[PAD]", true, { 0 } },
    { "<|fim_repo|>", true, { 0 } },
    { "<|repo_name|>", true, { 0 } },
    { "<fim-repo>", true, { 0 } },
    { "<REPO>", true, { 0 } },
    { "<reponame>", true, { 0 } },
    { "<|file_sep|>", true, { 0 } },
    /* and what comes before it */
    { "<|fim_prefix|>", false, { 0 } },
    { "<fim-prefix>", false, { 0 } },
    { "<fim_prefix>", false, { 0 } },
    { "<|fim_suffix|>", false, { 0 } },
    { "<fim-suffix>", false, { 0 } },
    { "<fim_suffix>", false, { 0 } },
    { "<|fim_middle|>", false, { 0 } },
    { "<fim-middle>", false, { 0 } },
    { "<fim_middle>", false, { 0 } },
};

static uint32_t find(const struct tokenizer *tokenizer, const char *text)
{
    return text ? strings_find(&tokenizer->vocabulary, span_text(text)) : STRING_NONE;
}

static void add(struct tokenizer *tokenizer, uint32_t id)
{
    if (id != TOKEN_NONE && !tokenizer_ends(tokenizer, id))
        tokenizer->ends[tokenizer->end_count++] = id;
}

static void add_text(struct tokenizer *tokenizer, const struct control_text *row)
{
    const uint32_t id = find(tokenizer, row->text);
    if (id == STRING_NONE || find(tokenizer, row->unless[0]) != STRING_NONE ||
        find(tokenizer, row->unless[1]) != STRING_NONE)
        return;
    tokenizer->types[id] = TOKEN_CONTROL;
    if (row->ends)
        add(tokenizer, id);
}

bool tokenizer_find_ends(const struct gguf *gguf, struct tokenizer *tokenizer, struct error *error)
{
    const size_t most = LENGTH(keys) + LENGTH(control_texts) + 1;
    tokenizer->ends = calloc(most, sizeof *tokenizer->ends);
    if (!tokenizer->ends)
        return error_memory(error, most * sizeof *tokenizer->ends);
    for (size_t i = 0; i < LENGTH(keys); i++) {
        uint32_t id = TOKEN_NONE;
        if (!tokenizer_read_id(gguf, tokenizer, keys[i], &id, error))
            return false;
        add(tokenizer, id);
    }
    add(tokenizer, tokenizer->eos);
    for (size_t i = 0; i < LENGTH(control_texts); i++)
        add_text(tokenizer, &control_texts[i]);
    return true;
}

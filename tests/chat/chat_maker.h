/* chat_maker.h: a vocabulary of single bytes and the special tokens of all families, and conversations on it with the
 * templates of tests/templates. */
#ifndef BASTIDE_CHAT_MAKER_H
#define BASTIDE_CHAT_MAKER_H

#include "chat/chat.h"
#include "engine/vocabulary_maker.h"

static const char *const maker_specials[] = {
    "<eos>",
    "<|im_start|>",
    "<|im_end|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[TOOL_CALLS]",
    "[ARGS]",
    "<|python_tag|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<\uFF5Ctool\u2581call\u2581begin\uFF5C>",
    "<\uFF5Ctool\u2581sep\uFF5C>",
    "<|start|>",
    "<|end|>",
    "<|message|>",
    "<|channel|>",
    "<|constrain|>",
    "<|call|>",
    "<|return|>",
};

enum { MAKER_BYTES = 256, MAKER_EOS = MAKER_BYTES, MAKER_TOKENS = MAKER_BYTES + LENGTH(maker_specials) };

/* How byte-level vocabularies spell a byte: visible ones as they are, the others from U+0100 on. */
static inline void maker_spell(unsigned byte, char out[8])
{
    const unsigned plain[][2] = { { '!', '~' }, { 0xA1, 0xAC }, { 0xAE, 0xFF } };
    unsigned others = 0x100;
    uint32_t spelt = 0;
    for (unsigned b = 0; b <= byte; b++) {
        bool visible = false;
        for (size_t i = 0; i < LENGTH(plain); i++)
            visible |= b >= plain[i][0] && b <= plain[i][1];
        spelt = visible ? b : others++;
    }
    out[utf8_write(spelt, out)] = '\0';
}

static inline struct opened maker_tokenizer(void)
{
    static char spelt[MAKER_BYTES][8];
    static const char *tokens[MAKER_TOKENS];
    static int types[MAKER_TOKENS];
    static const char *const merges[] = { "none none" };
    for (unsigned i = 0; i < MAKER_BYTES; i++) {
        maker_spell(i, spelt[i]);
        tokens[i] = spelt[i];
        types[i] = 1;
    }
    for (unsigned i = MAKER_BYTES; i < MAKER_TOKENS; i++) {
        tokens[i] = maker_specials[i - MAKER_BYTES];
        types[i] = 3;
    }
    const struct vocabulary vocabulary = { .model = "gpt2",
                                           .tokens = tokens,
                                           .token_count = MAKER_TOKENS,
                                           .merges = merges,
                                           .merge_count = 1,
                                           .types = types,
                                           .type_count = MAKER_TOKENS,
                                           .ids = { { "eos_token_id", MAKER_EOS } } };
    return vocabulary_open(&vocabulary);
}

/* A model with a template: its name in tests/templates without ".jinja", or the text itself; NULL: none. */
struct made_model {
    struct opened opened;
    struct template *template;
    struct chat_model model;
};

static inline struct made_model made_model_open(const char *name)
{
    struct made_model made = { .opened = maker_tokenizer() };
    struct arena arena = { 0 };
    struct buffer source = { .limit = 1 << 20 };
    struct error error = { 0 };
    if (name && strchr(name, '{'))
        assert_done(buffer_text(&source, name, &error), &error);
    else if (name)
        assert_done(
            file_read(golden_path(&arena, arena_format(&arena, "../templates/%s.jinja", name)), &source, &error),
            &error);
    if (name)
        assert_done(template_open(buffer_span(&source), name, &made.template, &error), &error);
    made.model = (struct chat_model){ .tokenizer = made.opened.tokenizer, .template = made.template };
    buffer_free(&source);
    arena_free(&arena);
    return made;
}

static inline void made_model_close(struct made_model *made)
{
    template_close(made->template);
    opened_close(&made->opened);
}

/* JSON with ' for ". */
static inline json_t *made_json(const char *text)
{
    char *copy = strdup(text);
    json_error_t wrong;
    for (char *at = copy; (at = strchr(at, '\'')) != NULL;)
        *at = '"';
    json_t *json = json_loads(copy, JSON_DECODE_ANY, &wrong);
    if (!json)
        print_error("%s: %s at %d\n", copy, wrong.text, wrong.position);
    assert_non_null(json);
    free(copy);
    return json;
}

/* Opens a conversation; messages and tools are JSON with ' for "; tools NULL: none. */
static inline bool made_chat(const struct made_model *made, const char *messages, const char *tools,
                             struct chat_request request, struct chat **out, struct error *error)
{
    json_t *messages_json = made_json(messages), *tools_json = tools ? made_json(tools) : NULL;
    request.messages = messages_json;
    request.tools = tools_json;
    const bool done = chat_open(&made->model, &request, out, error);
    json_decref(messages_json);
    json_decref(tools_json);
    return done;
}

#define MAKER_TOOLS \
    "[{'type': 'function', 'function': {'name': 'get_weather', 'description': 'Weather of a city', 'parameters': " \
    "{'type': 'object', 'properties': {'city': {'type': 'string'}, 'days': {'type': 'integer'}}, " \
    "'required': ['city'], 'additionalProperties': false}}}," \
    " {'type': 'function', 'function': {'name': 'stop'}}]"

#define MAKER_USER "[{'role': 'user', 'content': 'Hi'}]"

#endif

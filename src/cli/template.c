/* template.c: bastide template: the prompt that a chat template makes of messages. */
#include "cli/commands.h"
#include "engine/engine.h"
#include "models/models.h"

#include <stdio.h>
#include <time.h>

enum {
    MESSAGES_LIMIT = 16 << 20, /* bytes of JSON */
    TEMPLATE_LIMIT = 1 << 20,
    PROMPT_LIMIT = 64 << 20,
};

/* What the command holds while it runs. Zero-initialised is empty. */
struct work {
    struct arena arena;
    struct gguf *gguf; /* NULL where the template is a file of its own */
    struct tokenizer *tokenizer;
    struct template *template;
    struct buffer source, messages, tools, prompt;
};

static void work_close(struct work *work)
{
    template_close(work->template);
    tokenizer_close(work->tokenizer);
    gguf_close(work->gguf);
    buffer_free(&work->source);
    buffer_free(&work->messages);
    buffer_free(&work->tools);
    buffer_free(&work->prompt);
    arena_free(&work->arena);
}

static bool open_file(struct work *work, const char *path, struct error *error)
{
    return file_read(path, &work->source, error) &&
           template_open(buffer_span(&work->source), path, &work->template, error);
}

static bool open_model(struct work *work, const char *name, struct error *error)
{
    const char *path;
    if (!models_resolve(name, &work->arena, &path, error) || !gguf_open(path, &work->gguf, error))
        return false;
    const struct span source = gguf_chat_template(work->gguf);
    if (source.bytes == 0)
        return error_set(error, "%s: the model has no chat template: give one with --file", path);
    return template_open(source, path, &work->template, error) && tokenizer_open(work->gguf, &work->tokenizer, error);
}

static bool open_template(struct work *work, const struct arguments *arguments, struct error *error)
{
    const char *model = argument(arguments, 0), *file = option_text(arguments, "file", NULL);
    if (!model == !file)
        return error_set_kind(error, ERROR_WRONG_USE, "template: give either a model or --file");
    return model ? open_model(work, model, error) : open_file(work, file, error);
}

/* The text of a token that the model marks as its beginning or end; empty if it marks none. */
static const char *token_text(struct work *work, uint32_t id)
{
    char scratch[256];
    if (id == TOKEN_NONE)
        return "";
    return arena_text(&work->arena, tokenizer_piece(work->tokenizer, id, true, scratch));
}

static bool take_tokens(struct work *work, const struct arguments *arguments, struct conversation *conversation,
                        struct error *error)
{
    const struct tokenizer *tokenizer = work->tokenizer;
    conversation->bos = option_text(arguments, "bos", tokenizer ? token_text(work, tokenizer_bos(tokenizer)) : "");
    conversation->eos = option_text(arguments, "eos", tokenizer ? token_text(work, tokenizer_eos(tokenizer)) : "");
    return (conversation->bos && conversation->eos) || error_memory(error, 256);
}

static bool read_messages(struct work *work, const struct arguments *arguments, struct error *error)
{
    const char *messages = option_text(arguments, "messages", NULL), *tools = option_text(arguments, "tools", NULL);
    if (!messages)
        return error_set_kind(error, ERROR_WRONG_USE, "template: --messages is missing");
    return file_read(messages, &work->messages, error) && (!tools || file_read(tools, &work->tools, error));
}

static bool print_prompt(struct work *work, const struct arguments *arguments, struct error *error)
{
    struct conversation conversation = {
        .add_generation_prompt = !option_given(arguments, "no-generation-prompt"),
        .now = (int64_t)time(NULL),
    };
    if (!open_template(work, arguments, error) || !read_messages(work, arguments, error) ||
        !take_tokens(work, arguments, &conversation, error))
        return false;
    conversation.messages_json = work->messages.bytes;
    conversation.tools_json = work->tools.bytes;
    return template_render(work->template, &conversation, &work->prompt, error) &&
           print_bytes(buffer_span(&work->prompt), error) && print_flush(error);
}

static enum status template(const struct arguments *arguments, struct error *error)
{
    struct work work = {
        .source.limit = TEMPLATE_LIMIT,
        .messages.limit = MESSAGES_LIMIT,
        .tools.limit = MESSAGES_LIMIT,
        .prompt.limit = PROMPT_LIMIT,
    };
    const bool printed = print_prompt(&work, arguments, error);
    work_close(&work);
    return printed ? STATUS_DONE : status_of(error);
}

static const struct option options[] = {
    { "file", 0, "T.jinja", "the template, instead of a model's own" },
    { "messages", 0, "M.json", "the conversation: an array of {\"role\", \"content\"}; - is standard input" },
    { "tools", 0, "T.json", "an array of tools" },
    { "no-generation-prompt", 0, NULL, "do not begin the assistant's answer" },
    { "bos", 0, "TEXT", "what bos_token stands for" },
    { "eos", 0, "TEXT", "what eos_token stands for" },
    { 0 },
};

const struct command command_template = {
    .name = "template",
    .takes = "(MODEL | --file T.jinja) --messages M.json",
    .does = "show the prompt that a chat template makes of messages",
    .details = "Prints the prompt and nothing else, as Python's jinja2 renders it for Hugging Face models.\n",
    .examples = "  bastide template smollm2-135m --messages messages.json\n"
                "  bastide template --file chat.jinja --messages messages.json --bos '<s>' --eos '</s>'\n",
    .options = options,
    .least = 0,
    .most = 1,
    .run = template,
};

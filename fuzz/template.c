/* template.c: any bytes as a chat template, and behind a zero byte any bytes as messages. What parses is rendered: it
 * must end soon, with a prompt or with an error. */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char messages[] = "[{\"role\": \"system\", \"content\": \"Be brief.\"},"
                               "{\"role\": \"user\", \"content\": \"  \\u00c7a va? \\n\", \"weight\": 3},"
                               "{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"a1\","
                               "\"function\": {\"name\": \"add\", \"arguments\": {\"x\": 1, \"y\": -2.5}}}]},"
                               "{\"role\": \"tool\", \"content\": \"3\"}]";

static const char tools[] = "[{\"type\": \"function\", \"function\": {\"name\": \"add\", \"parameters\": {\"type\":"
                            "\"object\", \"properties\": {\"x\": {\"type\": \"number\"}}, \"required\": [\"x\"]}}}]";

static void render(const struct template *template, const char *messages_json)
{
    const struct conversation conversation = {
        .messages_json = messages_json,
        .tools_json = tools,
        .bos = "<s>",
        .eos = "</s>",
        .add_generation_prompt = true,
        .now = 1764000000,
    };
    struct error error = { 0 };
    struct buffer prompt = { .limit = 1 << 20 };
    const bool rendered = template_render(template, &conversation, &prompt, &error);
    if (rendered != (error.kind == ERROR_NONE) || prompt.length > prompt.limit)
        __builtin_trap();
    if (rendered && utf8_valid_prefix(buffer_span(&prompt)) != prompt.length)
        __builtin_trap(); /* characters in, characters out */
    buffer_free(&prompt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const uint8_t *end = bytes > 0 ? memchr(data, '\0', bytes) : NULL;
    const size_t length = end ? (size_t)(end - data) : bytes;
    struct arena arena = { 0 };
    const char *own = end ? arena_text(&arena, span_of(end + 1, bytes - length - 1)) : NULL;
    struct template *template = NULL;
    struct error error = { 0 };
    if (template_open(span_of(data, length), "input", &template, &error))
        render(template, own ? own : messages);
    else if (error.kind == ERROR_NONE || template)
        __builtin_trap();
    template_close(template);
    arena_free(&arena);
    return 0;
}

/* answer.c: any bytes as the answer of a model that was offered tools. The first byte chooses a family's way of writing
 * calls, the second where the answer is cut. However it is cut, the parts are the same; what ends as a call is one. */
#include "chat/inside.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Prompts in which families show their form; and whether the answer may begin with reasoning, or is in it. */
static const struct {
    const char *shows;
    unsigned char reasoning; /* number of its form + 1 */
    bool begun;
} families[] = {
    { "<tool_call> \"arguments\":", 1, false },
    { "<tool_call> \"arguments\":", 1, true },
    { "[TOOL_CALLS] \"name\":", 2, false },
    { "[TOOL_CALLS]" PROBE_TOOL "[ARGS]", 2, false },
    { "<\uFF5Ctool\u2581call\u2581begin\uFF5C>function<\uFF5Ctool\u2581sep\uFF5C>" PROBE_TOOL " ```json", 1, true },
    { "to=functions." PROBE_TOOL "<|channel|>commentary", 3, false },
    { "<function=" PROBE_TOOL ">{", 0, false },
    { "<|START_ACTION|> \"tool_name\":", 4, false },
    { "{\"name\": \"" PROBE_TOOL "\", \"parameters\":", 0, false },
};

/* Parts in a row, as bytes to compare. */
struct parts {
    struct buffer all, arguments;
    bool in_call;
    enum chat_part_kind last;
    bool ascii; /* no escapes of characters, which jansson looks at more closely */
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_arguments(const struct parts *parts)
{
    json_error_t wrong;
    const struct span text = buffer_span(&parts->arguments);
    if (!parts->ascii || utf8_valid_prefix(text) != text.bytes)
        return;
    json_t *json = json_loadb(parts->arguments.bytes, text.bytes, JSON_DECODE_INT_AS_REAL, &wrong);
    check(json_is_object(json) || json_error_code(&wrong) == json_error_numeric_overflow);
    json_decref(json);
}

static bool take(void *context, const struct chat_part *part, struct error *error)
{
    struct parts *parts = context;
    const bool text = part->kind == CHAT_CONTENT || part->kind == CHAT_REASONING;
    check(text || part->kind == CHAT_CALL || parts->in_call);
    if (part->kind == CHAT_CALL)
        parts->arguments.length = 0;
    if (part->kind == CHAT_CALL_END)
        check_arguments(parts);
    parts->in_call = part->kind == CHAT_CALL || part->kind == CHAT_CALL_ARGUMENTS;
    const char kind = (char)part->kind;
    const bool again = parts->all.length > 0 && part->kind == parts->last; /* a text may come in any pieces */
    parts->last = part->kind;
    return (again || buffer_add(&parts->all, &kind, 1, error)) &&
           buffer_add(&parts->all, part->text.data, part->text.bytes, error) &&
           (part->kind != CHAT_CALL_ARGUMENTS ||
            buffer_add(&parts->arguments, part->text.data, part->text.bytes, error));
}

static struct parts read_in_pieces(const struct chat *chat, struct span text, size_t piece)
{
    struct parts parts = { .all.limit = 1 << 26, .arguments.limit = 1 << 26 };
    struct chat_reader *reader = NULL;
    parts.ascii = text.bytes == 0 || !memmem(text.data, text.bytes, "\\u", 2);
    check(chat_reader_open(chat, &reader, NULL));
    for (size_t i = 0; i < text.bytes; i += piece) {
        const struct span next = span_of(text.data + i, size_min(piece, text.bytes - i));
        check(chat_reader_take(reader, next, false, take, &parts, NULL));
    }
    check(chat_reader_take(reader, span_of("", 0), true, take, &parts, NULL));
    chat_reader_close(reader);
    return parts;
}

static void parts_free(struct parts *parts)
{
    buffer_free(&parts->all);
    buffer_free(&parts->arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 2)
        return 0;
    const size_t family = data[0] % LENGTH(families);
    struct tool tools[] = { { .name = "f" }, { .name = PROBE_TOOL } };
    const struct chat chat = {
        .tools = { .all = tools, .count = LENGTH(tools) },
        .habits.form = call_form_in(span_text(families[family].shows)),
        .reads_calls = true,
        .reasoning = families[family].reasoning ? reasoning_form_at(families[family].reasoning - 1U) : NULL,
        .reasoning_begun = families[family].begun,
    };
    check(chat.habits.form);
    const struct span text = span_of(data + 2, bytes - 2);
    struct parts whole = read_in_pieces(&chat, text, size_max(text.bytes, 1));
    struct parts cut = read_in_pieces(&chat, text, data[1] % 16 + 1U);
    check(span_equal(buffer_span(&whole.all), buffer_span(&cut.all)));
    parts_free(&whole);
    parts_free(&cut);
    return 0;
}

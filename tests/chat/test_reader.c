/* The text of an answer becomes its parts, however it is cut. */
#include "chat/chat_maker.h"

/* Parts written as a text: reasoning in (), calls as [index name: arguments], one that was not ended without ]. */
struct seen {
    struct buffer text;
    enum chat_part_kind last;
    bool any;
    char id[64];
};

static bool take(void *context, const struct chat_part *part, struct error *error)
{
    struct seen *seen = context;
    const bool same = seen->any && seen->last == part->kind;
    if (seen->any && seen->last == CHAT_REASONING && !same && !buffer_text(&seen->text, ")", error))
        return false;
    if (part->kind == CHAT_REASONING && !same && !buffer_text(&seen->text, "(", error))
        return false;
    seen->last = part->kind;
    seen->any = true;
    if (part->kind == CHAT_CALL) {
        assert_int_equal(strlen(part->id), strlen("call_") + 24);
        assert_string_not_equal(part->id, seen->id);
        snprintf(seen->id, sizeof seen->id, "%s", part->id);
        return buffer_format(&seen->text, error, "[%zu %s: ", part->call, part->name);
    }
    if (part->kind == CHAT_CALL_END)
        return buffer_text(&seen->text, "]", error);
    assert_true(part->text.bytes > 0);
    assert_int_equal(utf8_valid_prefix(part->text), part->text.bytes);
    return buffer_add(&seen->text, part->text.data, part->text.bytes, error);
}

static void feed(struct chat_reader *reader, struct span text, bool ended, struct seen *seen)
{
    struct error error = { 0 };
    assert_done(chat_reader_take(reader, text, ended, take, seen, &error), &error);
}

/* Whole characters from offset on, at most step of them. */
static size_t next_cut(struct span text, size_t offset, size_t step)
{
    uint32_t character;
    for (; step > 0 && offset < text.bytes; step--)
        offset += utf8_read(text, offset, &character);
    return offset;
}

/* Reads text in two pieces, the first of some characters, or (first 0) in pieces of one character. */
static struct seen read_cut(const struct chat *chat, struct span text, size_t first)
{
    struct seen seen = { .text.limit = 1 << 24 };
    struct chat_reader *reader;
    struct error error = { 0 };
    assert_done(chat_reader_open(chat, &reader, &error), &error);
    size_t offset = 0;
    while (offset < text.bytes) {
        const size_t end = first && offset > 0 ? text.bytes : next_cut(text, offset, first ? first : 1);
        feed(reader, span_of(text.data + offset, end - offset), false, &seen);
        offset = end;
    }
    feed(reader, span_of("", 0), true, &seen);
    if (seen.any && seen.last == CHAT_REASONING)
        assert_true(buffer_text(&seen.text, ")", NULL));
    chat_reader_close(reader);
    return seen;
}

static void check_reading(const struct chat *chat, const char *text, const char *expected)
{
    for (size_t first = 0; first <= strlen(text) + 1; first++) {
        struct seen seen = read_cut(chat, span_text(text), first);
        const char *actual = seen.text.length > 0 ? seen.text.bytes : "";
        if (strcmp(actual, expected) != 0)
            fail_msg("\"%s\" cut at %zu: \"%s\" and not \"%s\"", text, first, actual, expected);
        buffer_free(&seen.text);
    }
}

struct sample {
    const char *text, *parts;
};

static void check_samples(const char *template, const char *tools, struct chat_request request,
                          const struct sample *samples, size_t count)
{
    struct made_model made = made_model_open(template);
    struct chat *chat;
    struct error error = { 0 };
    assert_done(made_chat(&made, MAKER_USER, tools, request, &chat, &error), &error);
    for (size_t i = 0; i < count; i++)
        check_reading(chat, samples[i].text, samples[i].parts);
    chat_close(chat);
    made_model_close(&made);
}

#define CHECK(template, tools, request, ...) \
    do { \
        const struct sample samples[] = { __VA_ARGS__ }; \
        check_samples(template, tools, request, samples, LENGTH(samples)); \
    } while (0)

#define NO_WISH ((struct chat_request){ 0 })

static void without_tools_all_is_content(void **state)
{
    (void)state;
    CHECK("chatml", NULL, NO_WISH, { "", "" }, { " Hello, wörld. \n", " Hello, wörld. \n" },
          { "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>" });
}

static void calls_are_told_of_with_name_and_arguments(void **state)
{
    (void)state;
    CHECK("qwen25", MAKER_TOOLS, NO_WISH,
          { "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Zürich\"}}\n</tool_call>",
            "[0 get_weather: {\"city\": \"Zürich\"}]" },
          { "Let me look. \n\n<tool_call>{\"arguments\":{\"city\":\"a}\\\"{\", \"x\":[{}, "
            "-1.5e3]},\"name\":\"get_weather\"}"
            "</tool_call>\n",
            "Let me look.[0 get_weather: {\"city\":\"a}\\\"{\", \"x\":[{}, -1.5e3]}]" },
          { "<tool_call>\n{\"name\": \"stop\"}\n</tool_call>\n<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n"
            "</tool_call>",
            "[0 stop: {}][1 stop: {}]" },
          { "<tool_call>{\"name\": \"stop\", \"arguments\": {}} {\"id\": [1], \"name\": \"stop\"}</tool_call> Done.\n",
            "[0 stop: {}][1 stop: {}]Done.\n" },
          { "\n<tool_call>{\"name\": \"get_weather\", \"parameters\": {\"city\": true, \"d\": null}}</tool_call>",
            "[0 get_weather: {\"city\": true, \"d\": null}]" });
}

static void what_only_looks_like_a_call_is_content(void **state)
{
    (void)state;
    CHECK("qwen25", MAKER_TOOLS, NO_WISH, { "a < b <tool", "a < b <tool" },
          { "<tool_call>no JSON</tool_call>", "<tool_call>no JSON</tool_call>" },
          { " <tool_call> {\"name\": \"unknown\", \"arguments\": {}}</tool_call> ",
            " <tool_call> {\"name\": \"unknown\", \"arguments\": {}}</tool_call> " },
          { "<tool_call>{\"name\": 3}", "<tool_call>{\"name\": 3}" },
          { "<tool_call>{\"arguments\": {}}", "<tool_call>{\"arguments\": {}}" },
          { "<tool_call>{\"arguments\": {\"a\": tru}}", "<tool_call>{\"arguments\": {\"a\": tru}}" },
          { "<tool_call><tool_call>{\"name\": \"stop\"}</tool_call>", "<tool_call>[0 stop: {}]" },
          { "<tool_call>", "<tool_call>" }, { "<tool_call>\n{\"name\": \"st", "<tool_call>\n{\"name\": \"st" });
}

static void an_answer_cut_in_a_call_gives_what_there_is(void **state)
{
    (void)state;
    CHECK("qwen25", MAKER_TOOLS, NO_WISH, { "<tool_call>{\"name\": \"stop\"", "[0 stop: " },
          { "<tool_call>{\"name\": \"stop\", \"arguments\": {\"a\": [1, ", "[0 stop: {\"a\": [1, " },
          { "<tool_call>{\"name\": \"stop\", \"arguments\": {}}\n</tool_c", "[0 stop: {}]" },
          { "<tool_call>{\"name\": \"stop\", \"arguments\": {\"a\" 1}} x", "[0 stop: {\"a\" 1}} x" },
          { "<tool_call>{\"name\": \"stop\"}</tool_call>\n<tool_call>{\"name", "[0 stop: {}]" },
          { "<tool_call>{\"name\": \"stop\"}</tool_call> a <tool_", "[0 stop: {}]a <tool_" });
    CHECK("qwen25", MAKER_TOOLS, ((struct chat_request){ .tool_choice = CHAT_TOOLS_REQUIRED }),
          { "<tool_call>{\"name\": \"st", "" }, { "<tool_call>{\"name\": \"stop\"", "[0 stop: " });
}

static void reasoning_comes_apart(void **state)
{
    (void)state;
    CHECK("qwen3", MAKER_TOOLS, NO_WISH, { "<think>\nSo.\n\nNow.\n</think>\n\nHi <think>", "(So.\n\nNow.)Hi <think>" },
          { " <think></think>Hi", "Hi" }, { "Hi", "Hi" }, { "<thin", "<thin" }, { "<think>a</thi", "(a</thi)" },
          { "<think>\nI call.\n</think>\n<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>",
            "(I call.)[0 stop: {}]" });
    CHECK("deepseek", NULL, NO_WISH, { "So.\n</think>\n\nHi", "(So.)Hi" }, { "So", "(So)" },
          { "\n\n</think>Hi </think>", "Hi </think>" });
    CHECK(NULL, NULL, NO_WISH, { " Hi \n", "Hi \n" }); /* behind "assistant:" */
    CHECK("qwen3", NULL, ((struct chat_request){ .reasoning = CHAT_REASONING_OFF }),
          { "<think>a</think>b", "<think>a</think>b" });
}

static void families_write_calls_in_their_ways(void **state)
{
    (void)state;
    CHECK("mistral3", MAKER_TOOLS, NO_WISH,
          { "[TOOL_CALLS] [{\"name\": \"stop\", \"arguments\": {}}, {\"name\": \"get_weather\", \"arguments\": "
            "{\"city\": \"Bern\"}, \"id\": \"abcdefghi\"}]",
            "[0 stop: {}][1 get_weather: {\"city\": \"Bern\"}]" },
          { "Hi [TOOL_CALLS]x", "Hi [TOOL_CALLS]x" });
    CHECK("llama31", MAKER_TOOLS, NO_WISH, { "{\"name\": \"stop\", \"parameters\": {}}", "[0 stop: {}]" },
          { " <|python_tag|>{\"name\": \"stop\", \"parameters\": {\"a\": 1}}", "[0 stop: {\"a\": 1}]" },
          { "{\"a\": 1}", "{\"a\": 1}" },
          { "Say {\"name\": \"stop\", \"parameters\": {}}", "Say {\"name\": \"stop\", \"parameters\": {}}" });
    CHECK("gpt_oss", MAKER_TOOLS, NO_WISH,
          { "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hi", "(Hm.)Hi" },
          { "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather "
            "<|constrain|>json<|message|>{\"city\":\"Rome\"}",
            "(Hm.)[0 get_weather: {\"city\":\"Rome\"}]" },
          { " to=functions.stop<|channel|>commentary json<|message|>{}", "[0 stop: {}]" });
}

/* Own form of templates without tools: the same as Hermes. */
static void a_template_without_tools_gets_calls_too(void **state)
{
    (void)state;
    CHECK("gemma3", MAKER_TOOLS, NO_WISH,
          { "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>", "[0 stop: {}]" });
    CHECK(NULL, MAKER_TOOLS, NO_WISH, { " <tool_call>{\"name\": \"stop\"}</tool_call>", "[0 stop: {}]" });
    CHECK("chatml", MAKER_TOOLS, ((struct chat_request){ .tool_choice = CHAT_TOOLS_NONE }),
          { "<tool_call>{\"name\": \"stop\"}</tool_call>", "<tool_call>{\"name\": \"stop\"}</tool_call>" });
}

/* ---- hostile answers --------------------------------------------------------------------------------------------- */

static bool count_bytes(void *context, const struct chat_part *part, struct error *error)
{
    (void)error;
    *(size_t *)context += part->text.bytes;
    return true;
}

/* Four megabytes of a beginning and a text that is repeated, in pieces, take a moment. */
static void check_time(const char *template, const char *beginning, const char *repeated, size_t piece)
{
    enum { BYTES = 4 << 20 };
    struct made_model made = made_model_open(template);
    struct chat *chat;
    struct chat_reader *reader;
    struct error error = { 0 };
    struct buffer text = { .limit = 1 << 25 };
    size_t given = 0;
    assert_done(made_chat(&made, MAKER_USER, MAKER_TOOLS, NO_WISH, &chat, &error), &error);
    assert_done(chat_reader_open(chat, &reader, &error), &error);
    assert_true(buffer_text(&text, beginning, NULL));
    while (text.length < BYTES)
        assert_true(buffer_text(&text, repeated, NULL));
    const double started = seconds_now();
    for (size_t i = 0; i < text.length; i += piece)
        assert_done(chat_reader_take(reader, span_of(text.bytes + i, size_min(piece, text.length - i)), false,
                                     count_bytes, &given, &error),
                    &error);
    assert_done(chat_reader_take(reader, span_of("", 0), true, count_bytes, &given, &error), &error);
    assert_true(seconds_now() - started < 5);
    assert_true(given <= text.length + 2);
    buffer_free(&text);
    chat_reader_close(reader);
    chat_close(chat);
    made_model_close(&made);
}

static void hostile_answers_take_linear_time(void **state)
{
    (void)state;
    const char *const texts[][2] = {
        { "", " " },
        { "", "<" },
        { "", "<tool_call>" },
        { "", "<tool_call>{" },
        { "", "<tool_call>{\"a\":\"" },
        { "<tool_call>{\"name\": \"stop\", \"arguments\": ", "[" },
        { "<tool_call>{\"arguments\": {\"a\": \"", "x" },
        { "<tool_call>{\"name\": \"stop\", \"arguments\": {\"a\": \"", "x" },
        { "", "<tool_call>{\"name\": \"stop\"}</tool_call>" },
        { "<think>", "</think" },
        { "<think>", "\n" },
    };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        check_time("qwen3", texts[i][0], texts[i][1], 7);
        check_time("qwen3", texts[i][0], texts[i][1], 4 << 20);
    }
    check_time("gpt_oss", "", "to=functions.", 5);
    check_time("llama31", "{\"name\": \"", "x", 5);
}

static void random_answers_keep_the_readers_promises(void **state)
{
    (void)state;
    static const char *const pieces[] = { "<think>",     "</think>",
                                          "<tool_call>", "</tool_call>",
                                          "{",           "}",
                                          "\"name\"",    "\"arguments\"",
                                          ":",           ",",
                                          "\"stop\"",    "\"get_weather\"",
                                          " ",           "\n",
                                          "x",           "[",
                                          "]",           "1",
                                          "\"",          "\\",
                                          "é",           "{\"name\": \"stop\", \"arguments\": " };
    struct random random = random_start(__func__);
    struct made_model made = made_model_open("qwen3");
    struct chat *chat;
    struct error error = { 0 };
    assert_done(made_chat(&made, MAKER_USER, MAKER_TOOLS, NO_WISH, &chat, &error), &error);
    for (int round = 0; round < 2000; round++) {
        struct buffer text = { .limit = 1 << 16 };
        for (size_t i = random_in(&random, 0, 24); i > 0; i--)
            assert_true(buffer_text(&text, pieces[random_in(&random, 0, LENGTH(pieces) - 1)], NULL));
        struct seen whole = read_cut(chat, buffer_span(&text), SIZE_MAX), cut = read_cut(chat, buffer_span(&text), 0);
        assert_true(span_equal(buffer_span(&whole.text), buffer_span(&cut.text)));
        buffer_free(&whole.text);
        buffer_free(&cut.text);
        buffer_free(&text);
    }
    chat_close(chat);
    made_model_close(&made);
}

int main(void)
{
    RUN_TESTS(TEST(without_tools_all_is_content), TEST(calls_are_told_of_with_name_and_arguments),
              TEST(what_only_looks_like_a_call_is_content), TEST(an_answer_cut_in_a_call_gives_what_there_is),
              TEST(reasoning_comes_apart), TEST(families_write_calls_in_their_ways),
              TEST(a_template_without_tools_gets_calls_too), TEST(hostile_answers_take_linear_time),
              TEST(random_answers_keep_the_readers_promises));
}

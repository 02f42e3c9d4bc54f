/* families.c: the table of families. A new one is a row here, and a template in tests/templates.
 *
 * Which form a model was trained on is seen in what its template makes of a call in the history; so no names of models
 * are here, and a template that writes calls in a way that is not in the table gets our own form instead. */
#include "chat/families.h"

#include <string.h>

#define DEEPSEEK_SECTION "<｜tool▁calls▁begin｜>"
#define DEEPSEEK_SECTION_END "<｜tool▁calls▁end｜>"
#define DEEPSEEK_CALL "<｜tool▁call▁begin｜>"
#define DEEPSEEK_NAME "<｜tool▁sep｜>"
#define DEEPSEEK_CALL_END "<｜tool▁call▁end｜>"

/* Hermes 2 Pro, Qwen 2.5, Qwen 3 and many others. */
const struct call_form call_form_own = {
    .name = "tool_call",
    .signs = { "<tool_call>", "\"arguments\":" },
    .opening = "<tool_call>",
    .gap = "\n",
    .closing = "</tool_call>",
    .name_key = "name",
    .arguments_key = "arguments",
};

static const struct call_form others[] = {
    { /* Mistral 7B v0.3, Nemo: an array */
      .name = "mistral",
      .signs = { "[TOOL_CALLS]", "\"name\":" },
      .opening = "[TOOL_CALLS]",
      .name_key = "name",
      .arguments_key = "arguments",
      .list = true },
    { /* Mistral Small 3.1 and later, Magistral, Devstral */
      .name = "mistral, by name",
      .signs = { "[TOOL_CALLS]" PROBE_TOOL, "[ARGS]" },
      .opening = "[TOOL_CALLS]",
      .between = "[ARGS]" },
    { /* DeepSeek V3 and R1 */
      .name = "deepseek",
      .signs = { DEEPSEEK_CALL "function" DEEPSEEK_NAME PROBE_TOOL, "```json" },
      .section = DEEPSEEK_SECTION,
      .section_end = DEEPSEEK_SECTION_END,
      .opening = DEEPSEEK_CALL "function" DEEPSEEK_NAME,
      .between = "\n```json\n",
      .closing = "\n```" DEEPSEEK_CALL_END,
      .noise = { DEEPSEEK_SECTION, DEEPSEEK_SECTION_END } },
    { /* DeepSeek V3.1 */
      .name = "deepseek, by name",
      .signs = { DEEPSEEK_CALL PROBE_TOOL DEEPSEEK_NAME },
      .section = DEEPSEEK_SECTION,
      .section_end = DEEPSEEK_SECTION_END,
      .opening = DEEPSEEK_CALL,
      .between = DEEPSEEK_NAME,
      .closing = DEEPSEEK_CALL_END,
      .noise = { DEEPSEEK_SECTION, DEEPSEEK_SECTION_END } },
    { /* gpt-oss: a call is a message to a function, in a channel of its own */
      .name = "harmony",
      .signs = { "to=functions." PROBE_TOOL, "<|channel|>commentary" },
      .opening = "to=functions.",
      .between = " <|constrain|>json<|message|>",
      .lead = "<|channel|>commentary ",
      .single = true,
      .noise = { "<|start|>assistant", "<|channel|>commentary", "<|channel|>final", "<|message|>", "<|end|>" } },
    { /* Functionary 3.1 */
      .name = "functionary",
      .signs = { "<function=" PROBE_TOOL ">{" },
      .opening = "<function=",
      .between = ">",
      .closing = "</function>" },
    { /* Command R7B */
      .name = "command",
      .signs = { "<|START_ACTION|>", "\"tool_name\":" },
      .opening = "<|START_ACTION|>",
      .closing = "<|END_ACTION|>",
      .name_key = "tool_name",
      .arguments_key = "parameters",
      .list = true,
      .noise = { "<|START_RESPONSE|>", "<|END_RESPONSE|>" } },
    { /* Granite 3; Phi 4 mini, which closes it */
      .name = "granite",
      .signs = { "<|tool_call|>", "\"arguments\":" },
      .opening = "<|tool_call|>",
      .name_key = "name",
      .arguments_key = "arguments",
      .list = true,
      .noise = { "<|/tool_call|>" } },
    { /* Llama 3.1 to 3.3: last, as it has no text of its own */
      .name = "llama",
      .signs = { "{\"name\": \"" PROBE_TOOL "\", \"parameters\":" },
      .opening = "<|python_tag|>",
      .name_key = "name",
      .arguments_key = "parameters",
      .bare = true,
      .single = true },
};

static bool has(struct span text, const char *part)
{
    return !part || (text.bytes > 0 && memmem(text.data, text.bytes, part, strlen(part)));
}

static bool shows(struct span prompt, const struct call_form *form)
{
    return has(prompt, form->signs[0]) && has(prompt, form->signs[1]);
}

const struct call_form *call_form_in(struct span prompt)
{
    if (shows(prompt, &call_form_own))
        return &call_form_own;
    for (size_t i = 0; i < LENGTH(others); i++)
        if (shows(prompt, &others[i]))
            return &others[i];
    return NULL;
}

const struct reasoning_form *reasoning_form_at(size_t i)
{
    static const struct reasoning_form forms[] = {
        { "<think>", "</think>", NULL, NULL, false }, /* DeepSeek R1, Qwen 3 and many others */
        { "[THINK]", "[/THINK]", NULL, NULL, false }, /* Magistral */
        { "<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant", "<|channel|>final<|message|>",
          true },                                                                        /* gpt-oss */
        { "<|START_THINKING|>", "<|END_THINKING|>", NULL, "<|START_RESPONSE|>", false }, /* Command A, R7B */
        { "<seed:think>", "</seed:think>", NULL, NULL, false },                          /* Seed-OSS */
    };
    return i < LENGTH(forms) ? &forms[i] : NULL;
}

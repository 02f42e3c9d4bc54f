/* habits.c: what a template does with messages.
 *
 * A template is a program: whether it uses tools, drops a system message or wants arguments as a text can't be read off
 * its source, but is seen at once in what it makes of a small conversation. What it refuses or drops is then written in
 * a way that it takes; nothing that a client said is lost. */
#include "chat/habits.h"

#include <string.h>

#define PROBE_CALL(content, arguments) \
    "[{\"role\": \"user\", \"content\": \"u\"}," \
    " {\"role\": \"assistant\", \"content\": " content ", \"tool_calls\": [{\"type\": \"function\", " \
    "\"id\": \"probe0001\", \"function\": {\"name\": \"" PROBE_TOOL "\", \"arguments\": " arguments "}}]}," \
    " {\"role\": \"tool\", \"tool_call_id\": \"probe0001\", \"name\": \"" PROBE_TOOL "\", \"content\": \"probe-r\"}]"

#define PROBE_OBJECT "{\"probe_key\": \"v\"}"
#define PROBE_TEXT "\"{\\\"probe_key\\\": \\\"v\\\"}\""

static const char probe_user[] = "[{\"role\": \"user\", \"content\": \"u\"}]";
static const char probe_system[] = "[{\"role\": \"system\", \"content\": \"probe-s\"},"
                                   " {\"role\": \"user\", \"content\": \"u\"}]";
static const char probe_tools[] = "[{\"type\": \"function\", \"function\": {\"name\": \"" PROBE_TOOL "\", "
                                  "\"description\": \"d\", \"parameters\": {\"type\": \"object\", \"properties\": "
                                  "{\"probe_key\": {\"type\": \"string\", \"description\": \"d\"}}}}}]";

enum { PROBE_BYTES_MOST = 1 << 20 };

/* What the template makes of it; empty if it refuses. */
static struct buffer probe(const struct template *template, const char *messages, const char *tools, const char *names)
{
    struct buffer out = { .limit = PROBE_BYTES_MOST };
    const struct conversation conversation = {
        .messages_json = messages,
        .tools_json = tools,
        .names_json = names,
        .add_generation_prompt = true,
    };
    if (!template_render(template, &conversation, &out, NULL))
        out.length = 0;
    return out;
}

static bool has(const struct buffer *text, const char *part)
{
    return text->length > 0 && memmem(text->bytes, text->length, part, strlen(part));
}

static bool shows(const struct template *template, const char *messages, const char *tools, const char *part)
{
    struct buffer text = probe(template, messages, tools, NULL);
    const bool shown = has(&text, part);
    buffer_free(&text);
    return shown;
}

static const struct call_form *form_of(const struct template *template, const char *messages)
{
    struct buffer text = probe(template, messages, NULL, NULL);
    const bool whole = has(&text, "{\"probe_key\"") && has(&text, "probe-r");
    const struct call_form *form = whole ? call_form_in(buffer_span(&text)) : NULL;
    buffer_free(&text);
    return form;
}

static void find_calls(const struct template *template, struct habits *habits)
{
    static const struct {
        const char *messages;
        bool null_beside_calls, arguments_as_text;
    } ways[] = {
        { PROBE_CALL("\"\"", PROBE_OBJECT), false, false },
        { PROBE_CALL("null", PROBE_OBJECT), true, false },
        { PROBE_CALL("\"\"", PROBE_TEXT), false, true },
        { PROBE_CALL("null", PROBE_TEXT), true, true },
    };
    if (!template_mentions(template, "tools") || !shows(template, probe_user, probe_tools, PROBE_TOOL))
        return;
    for (size_t i = 0; i < LENGTH(ways) && !habits->template_tools; i++) {
        const struct call_form *form = form_of(template, ways[i].messages);
        if (!form)
            continue;
        habits->template_tools = true;
        habits->form = form;
        habits->null_beside_calls = ways[i].null_beside_calls;
        habits->arguments_as_text = ways[i].arguments_as_text;
    }
}

static bool has_switch(const struct template *template)
{
    if (!template_mentions(template, "thinking"))
        return false;
    struct buffer on = probe(template, probe_user, NULL, "{\"enable_thinking\": true, \"thinking\": true}");
    struct buffer off = probe(template, probe_user, NULL, "{\"enable_thinking\": false, \"thinking\": false}");
    const bool differ = on.length > 0 && off.length > 0 && !span_equal(buffer_span(&on), buffer_span(&off));
    buffer_free(&on);
    buffer_free(&off);
    return differ;
}

static void find_reasoning(const struct template *template, struct habits *habits)
{
    const struct reasoning_form *form;
    for (size_t i = 0; (form = reasoning_form_at(i)) != NULL && !habits->reasoning; i++)
        if (template_mentions(template, form->closing) && template_mentions(template, form->opening))
            habits->reasoning = form;
    habits->reasoning_switch = has_switch(template);
}

struct habits habits_find(const struct chat_model *model)
{
    struct habits habits = { .takes_system = true, .form = &call_form_own };
    if (!model->template)
        return habits;
    habits.takes_system = shows(model->template, probe_system, NULL, "probe-s");
    find_calls(model->template, &habits);
    find_reasoning(model->template, &habits);
    return habits;
}

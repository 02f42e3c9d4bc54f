/* language.c: the texts that an answer may have, as a grammar.
 *
 *   answer   [reasoning] body                    reasoning: opening, any text, closing; or the rest of it
 *   body     text [calls] | calls                tools, and the model may choose
 *            calls | form                        the same, where JSON or a schema is wanted
 *            calls                               required, or one tool by name
 *            text without a call | form          no tools, or none may be called
 *   call     opening, {"name": "f", "arguments": schema of f}, closing: as the model's family writes it
 *
 * It holds from the first token on, so that an answer that ends by itself is always one that the client can read. */
#include "chat/language.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MOST = 10, BREAKS_MOST = 4 };

/* What rules are added to. The first failure is kept in error, and nothing is added any more. */
struct builder {
    const struct language_parts *parts;
    struct grammar *grammar;
    bool good;
    struct error *error;
};

/* ---- rules that need no asking whether they could be made -------------------------------------------------------- */

static struct rule literal(struct builder *builder, const char *text)
{
    struct rule rule = { 0 };
    builder->good = builder->good &&
                    grammar_literal(builder->grammar, span_text(text ? text : ""), &rule, builder->error);
    return rule;
}

static struct rule sequence(struct builder *builder, const struct rule *rules, size_t count)
{
    struct rule rule = { 0 };
    builder->good = builder->good && grammar_sequence(builder->grammar, rules, count, &rule, builder->error);
    return rule;
}

static struct rule choice(struct builder *builder, const struct rule *rules, size_t count)
{
    struct rule rule = { 0 };
    builder->good = builder->good && grammar_choice(builder->grammar, rules, count, &rule, builder->error);
    return rule;
}

static struct rule repeat(struct builder *builder, struct rule repeated, size_t most)
{
    struct rule rule = { 0 };
    builder->good = builder->good && grammar_repeat(builder->grammar, repeated, 0, most, &rule, builder->error);
    return rule;
}

static struct rule until(struct builder *builder, const char *end)
{
    struct rule rule = { 0 };
    builder->good = builder->good && grammar_until(builder->grammar, span_text(end), &rule, builder->error);
    return rule;
}

static struct rule pair(struct builder *builder, struct rule first, struct rule second)
{
    return sequence(builder, (struct rule[]){ first, second }, 2);
}

static struct rule either(struct builder *builder, struct rule first, struct rule second)
{
    return choice(builder, (struct rule[]){ first, second }, 2);
}

static struct rule optional(struct builder *builder, struct rule rule)
{
    return repeat(builder, rule, 1);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static struct rule schema(struct builder *builder, const json_t *schema, const char *what)
{
    struct rule rule = { 0 };
    char *text = schema ? json_dumps(schema, JSON_COMPACT) : NULL;
    if (builder->good && schema && !text)
        builder->good = error_memory(builder->error, 1);
    if (builder->good && !grammar_schema(builder->grammar, text, &rule, builder->error))
        builder->good = error_prefix(builder->error, "%s", what);
    free(text);
    return rule;
}

/* A schema that is not supported is no reason to refuse a tool that did not ask to be held to it. */
static struct rule arguments(struct builder *builder, size_t i)
{
    const struct tool *tool = &builder->parts->tools->all[i];
    char what[64];
    snprintf(what, sizeof what, "tools[%zu].function.parameters", i);
    if (tool->strict || !tool->parameters)
        return schema(builder, tool->parameters, what);
    struct builder trying = { builder->parts, builder->grammar, builder->good, NULL };
    const struct rule rule = schema(&trying, tool->parameters, what);
    return trying.good ? rule : schema(builder, NULL, what);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static bool may_call(const struct builder *builder, size_t i)
{
    const struct chat_request *request = builder->parts->request;
    return request->tool_choice != CHAT_TOOLS_NAMED ||
           strcmp(builder->parts->tools->all[i].name, request->tool_name) == 0;
}

/* What stands between opening and closing, or in the list: the tool and its arguments. */
static struct rule call_of(struct builder *builder, size_t i)
{
    const struct call_form *form = builder->parts->form;
    const char *name = builder->parts->tools->all[i].name;
    char before[TOOL_NAME_MOST + 96];
    if (form->name_key)
        snprintf(before, sizeof before, "{\"%s\": \"%s\", \"%s\": ", form->name_key, name, form->arguments_key);
    else
        snprintf(before, sizeof before, "%s%s", name, form->between);
    const struct rule rules[] = { literal(builder, before), arguments(builder, i),
                                  literal(builder, form->name_key ? "}" : "") };
    return sequence(builder, rules, LENGTH(rules));
}

static struct rule call_of_any(struct builder *builder)
{
    struct rule *rules = calloc(builder->parts->tools->count, sizeof *rules), rule = { 0 };
    size_t count = 0;
    if (!rules)
        builder->good = error_memory(builder->error, sizeof *rules);
    for (size_t i = 0; builder->good && i < builder->parts->tools->count; i++)
        if (may_call(builder, i))
            rules[count++] = call_of(builder, i);
    if (builder->good)
        rule = choice(builder, rules, count);
    free(rules);
    return rule;
}

/* A model that was never taught the form and has to call does not find an end by itself. */
static bool is_single(const struct builder *builder)
{
    const struct chat_request *request = builder->parts->request;
    return request->one_call || builder->parts->form->single || request->tool_choice == CHAT_TOOLS_NAMED ||
           (request->tool_choice == CHAT_TOOLS_REQUIRED && builder->parts->form_is_new);
}

/* The rule once, or several times with what separates them. */
static struct rule several(struct builder *builder, struct rule rule, const char *between)
{
    if (is_single(builder))
        return rule;
    return pair(builder, rule, repeat(builder, pair(builder, literal(builder, between), rule), SIZE_MAX));
}

static struct rule calls(struct builder *builder)
{
    const struct call_form *form = builder->parts->form;
    const struct rule call = call_of_any(builder);
    if (form->bare)
        return call;
    const struct rule opening = literal(builder, form->opening), closing = literal(builder, form->closing);
    if (form->list) {
        const struct rule list[] = { opening, literal(builder, "["), several(builder, call, ", "),
                                     literal(builder, "]"), closing };
        return sequence(builder, list, LENGTH(list));
    }
    const struct rule gap = literal(builder, form->gap);
    const struct rule one[] = { opening, gap, call, gap, closing };
    const struct rule all[] = { literal(builder, form->section),
                                several(builder, sequence(builder, one, LENGTH(one)), form->gap ? form->gap : ""),
                                literal(builder, form->section_end) };
    return sequence(builder, all, LENGTH(all));
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* What a text can't have without being a call. */
static const char *beginning_of_calls(const struct call_form *form)
{
    return form->section ? form->section : form->opening;
}

/* Any text that does not begin with an object. */
static struct rule no_object(struct builder *builder)
{
    struct rule first = { 0 };
    builder->good = builder->good &&
                    grammar_gbnf(builder->grammar, span_text("root ::= [^{ \\t\\r\\n]"), &first, builder->error);
    return optional(builder, pair(builder, first, until(builder, beginning_of_calls(builder->parts->form))));
}

static struct rule text_without_call(struct builder *builder)
{
    const struct call_form *form = builder->parts->form;
    return form->bare ? no_object(builder) : until(builder, beginning_of_calls(form));
}

static struct rule text_then_calls(struct builder *builder)
{
    const struct rule text = text_without_call(builder), behind = calls(builder);
    return builder->parts->form->bare ? either(builder, text, behind) : pair(builder, text, optional(builder, behind));
}

static struct rule wanted_form(struct builder *builder)
{
    const struct chat_request *request = builder->parts->request;
    struct rule rule = { 0 };
    if (request->form != CHAT_FORM_GRAMMAR)
        return schema(builder, request->form == CHAT_FORM_SCHEMA ? request->schema : NULL, "schema");
    if (builder->good && !grammar_gbnf(builder->grammar, span_text(request->grammar), &rule, builder->error))
        builder->good = error_prefix(builder->error, "grammar");
    return rule;
}

static struct rule content(struct builder *builder)
{
    const struct reasoning_form *reasoning = builder->parts->reasoning;
    const struct rule form = wanted_form(builder);
    return reasoning && reasoning->content ? pair(builder, literal(builder, reasoning->content), form) : form;
}

static struct rule body(struct builder *builder)
{
    const struct chat_request *request = builder->parts->request;
    const bool offered = builder->parts->tools->count > 0 && request->tool_choice != CHAT_TOOLS_NONE;
    const bool text = request->form == CHAT_FORM_TEXT;
    if (!offered)
        return text ? text_without_call(builder) : content(builder);
    if (request->tool_choice != CHAT_TOOLS_AUTO)
        return pair(builder, literal(builder, builder->parts->form->lead), calls(builder));
    return text ? text_then_calls(builder) : either(builder, calls(builder), content(builder));
}

static struct rule answer(struct builder *builder)
{
    const struct reasoning_form *form = builder->parts->reasoning;
    const struct rule said = body(builder);
    if (!form)
        return said;
    const struct rule breaks = repeat(builder, literal(builder, "\n"), BREAKS_MOST);
    const struct rule rest[] = { until(builder, form->closing), literal(builder, form->closing),
                                 literal(builder, form->next), breaks, said };
    const struct rule thought = sequence(builder, rest, LENGTH(rest));
    if (builder->parts->reasoning_begun)
        return thought;
    return either(builder, said, pair(builder, literal(builder, form->opening), thought));
}

static bool any_text_will_do(const struct language_parts *parts)
{
    return parts->tools->count == 0 && parts->request->form == CHAT_FORM_TEXT;
}

static bool build(void *context, struct grammar *grammar, struct rule *start, struct error *error)
{
    struct builder builder = { .parts = context, .grammar = grammar, .good = true, .error = error };
    *start = answer(&builder);
    return builder.good;
}

static json_t *tools_json(const struct tools *tools)
{
    json_t *json = json_array();
    bool good = json != NULL;
    for (size_t i = 0; good && i < tools->count; i++) {
        const struct tool *tool = &tools->all[i];
        good = json_array_append_new(json, json_pack("[s, O?, b]", tool->name, tool->parameters, tool->strict)) == 0;
    }
    if (good)
        return json;
    json_decref(json);
    return NULL;
}

/* All that the language depends on, but for what the model's template decides once and for all. NULL when memory is
 * short. */
static char *describe(const struct language_parts *parts)
{
    const struct chat_request *request = parts->request;
    json_t *tools = tools_json(parts->tools);
    json_t *all = tools ? json_pack("[b, b, i, s?, b, i, O?, s?, o]", parts->reasoning != NULL, parts->reasoning_begun,
                                    (int)request->tool_choice, request->tool_name, request->one_call,
                                    (int)request->form, request->schema, request->grammar, tools)
                        : NULL;
    char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return text;
}

bool language_take(const struct language_parts *parts, const struct chat_model *model, struct shelved **out,
                   struct error *error)
{
    *out = NULL;
    if (any_text_will_do(parts))
        return true;
    char *description = describe(parts);
    if (!description)
        return error_memory(error, 1);
    const struct shelf_wish wish = {
        .tokenizer = model->tokenizer,
        .owner = model->owner ? model->owner : "",
        .description = span_text(description),
        .build = build,
        .context = (void *)(uintptr_t)parts,
    };
    const bool done = shelf_take(model->shelf, &wish, out, error);
    free(description);
    return done;
}

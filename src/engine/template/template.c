/* template.c: chat templates: Jinja, the part of it that they use, by an interpreter.
 *
 *   text --lexer--> tokens --parser--> tree        template_open, once
 *   tree + conversation --evaluate, execute--> prompt    template_render, each time
 *
 * What comes out equals what Python's jinja2 gives as Hugging Face sets it up: ImmutableSandboxedEnvironment with
 * trim_blocks and lstrip_blocks, the loop controls, tojson as json.dumps without ASCII escapes, raise_exception and
 * strftime_now. Models were trained on these bytes. Where a template would need a number of more than 64 bits, HTML
 * escaping, inheritance or includes, there is an error instead.
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/, huggingface.co/docs/transformers/chat_templating_writing */
#include "engine/template/parser.h"
#include "engine/template/render.h"

#include "engine/engine.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* The longest template in use has some 30 kB. Nodes take up to 80 times the text. */
enum { LONGEST_TEMPLATE = 256 << 10 };

/* What one rendering may use: some thousand times what templates in use need for a long conversation, and over within
 * a second or so. */
enum { MOST_STEPS = 10 * 1000 * 1000, MOST_BYTES = 64 << 20 };

struct template
{
    struct arena arena;
    const char *name;
    struct span source;
    struct node *body;
    locale_t locale; /* C: numbers and dates are read and written the same everywhere */
};

/* The text with \n at each line's end and without the last one, as Jinja reads it. */
static bool copy_source(struct arena *arena, struct span source, struct span *out)
{
    char *copy = arena_take(arena, source.bytes + 1, 1);
    size_t length = 0;
    for (size_t i = 0; copy && i < source.bytes; i++) {
        const bool carriage = source.data[i] == '\r';
        copy[length++] = carriage ? '\n' : (char)source.data[i];
        i += carriage && i + 1 < source.bytes && source.data[i + 1] == '\n';
    }
    if (copy && length > 0 && copy[length - 1] == '\n')
        length--;
    *out = span_of(copy, length);
    return copy != NULL;
}

static bool parse(struct template *template, struct span source, struct error *error)
{
    struct parser parser = { .lexer = { .line = 1, .name = template->name, .arena = &template->arena },
                             .error = error };
    if (!copy_source(&template->arena, source, &parser.lexer.source))
        return error_memory(error, source.bytes);
    template->source = parser.lexer.source;
    const locale_t outer = uselocale(template->locale);
    const bool parsed = parse_template(&parser, &template->body);
    uselocale(outer);
    return parsed;
}

static bool check_source(struct span source, const char *name, struct error *error)
{
    if (source.bytes > LONGEST_TEMPLATE)
        return error_set(error, "%s: the template has %zu bytes, more than %d", name, source.bytes, LONGEST_TEMPLATE);
    const size_t valid = utf8_valid_prefix(source);
    return valid == source.bytes || error_set(error, "%s: the template is not UTF-8 at byte %zu", name, valid);
}

bool template_open(struct span source, const char *name, struct template **out, struct error *error)
{
    *out = NULL;
    if (!check_source(source, name, error))
        return false;
    struct template *template = calloc(1, sizeof *template);
    if (!template)
        return error_memory(error, sizeof *template);
    template->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    template->name = arena_text(&template->arena, span_text(name));
    const bool ready = template->locale && template->name;
    if (!ready)
        error_memory(error, strlen(name));
    if (!ready || !parse(template, source, error)) {
        template_close(template);
        return false;
    }
    *out = template;
    return true;
}

void template_close(struct template *template)
{
    if (!template)
        return;
    if (template->locale)
        freelocale(template->locale);
    arena_free(&template->arena);
    free(template);
}

bool template_mentions(const struct template *template, const char *text)
{
    const struct span source = template->source;
    return source.bytes > 0 && memmem(source.data, source.bytes, text, strlen(text));
}

/* ---- rendering -------------------------------------------------------------------------------------------------- */

static bool set(struct render *render, const char *name, struct value value)
{
    return scope_set(render, render->scope, span_text(name), value);
}

static bool set_token(struct render *render, const char *name, const char *text)
{
    const struct span token = span_text(text ? text : "");
    if (utf8_valid_prefix(token) != token.bytes)
        return error_set(render->error, "%s: %s is not UTF-8", render->name, name);
    return set(render, name, value_text(token));
}

/* An array, or None where there is none, as Hugging Face hands it over. */
static bool set_array(struct render *render, const char *name, const char *json)
{
    struct value value = value_none();
    if (json && !value_parse_json(render, name, json, &value))
        return false;
    if (json && value.kind != KIND_LIST)
        return error_set(render->error, "%s: a JSON array is wanted, not a '%s'", name, kind_name(value.kind));
    return set(render, name, value);
}

/* What callers add, enable_thinking for example. It comes first: no name replaces the conversation. */
static bool set_names(struct render *render, const char *json)
{
    struct value names;
    if (!json)
        return true;
    if (!value_parse_json(render, "template arguments", json, &names))
        return false;
    if (names.kind != KIND_DICT)
        return error_set(render->error, "template arguments: a JSON object is wanted, not a '%s'",
                         kind_name(names.kind));
    for (size_t i = 0; i < names.dict->count; i++)
        if (!scope_set(render, render->scope, names.dict->pairs[i].key.text, names.dict->pairs[i].value))
            return false;
    return true;
}

static bool set_variables(struct render *render, const struct conversation *conversation)
{
    return set_names(render, conversation->names_json) && set_array(render, "messages", conversation->messages_json) &&
           set_array(render, "tools", conversation->tools_json) && set(render, "documents", value_none()) &&
           set(render, "add_generation_prompt", value_boolean(conversation->add_generation_prompt)) &&
           set_token(render, "bos_token", conversation->bos) && set_token(render, "eos_token", conversation->eos);
}

bool template_render(const struct template *template, const struct conversation *conversation, struct buffer *out,
                     struct error *error)
{
    struct render render = {
        .name = template->name,
        .line = 1,
        .bytes_left = MOST_BYTES,
        .steps_left = MOST_STEPS,
        .out = out,
        .prompt = out,
        .now = conversation->now,
        .quotes = conversation->quotes,
        .error = error,
    };
    const locale_t outer = uselocale(template->locale);
    render.scope = scope_new(&render, NULL);
    const bool rendered = render.scope && set_variables(&render, conversation) && execute(&render, template->body);
    uselocale(outer);
    arena_free(&render.arena);
    return rendered;
}

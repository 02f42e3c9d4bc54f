/* render.c: budgets, memory, texts under construction and scopes of one rendering.
 *
 * A template comes with a model from a stranger. What it can reach is what it was handed: there is no value that leads
 * to files, environment or code. What it can use up is bounded here: memory, steps, depth. */
#include "engine/template/render.h"

#include "engine/template/builtins.h"

#include <stdio.h>
#include <string.h>

/* The deepest templates in use (macros that walk a JSON schema) stay below 200; a level takes some hundred bytes of
 * stack. */
enum { DEEPEST_EVALUATION = 1000 };

bool render_fail(struct render *render, const char *format, ...)
{
    char what[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(render->error, "%s:%u: %s", render->name, render->line, what);
}

bool render_spend(struct render *render, size_t work)
{
    if (work > render->steps_left) {
        render->steps_left = 0;
        return render_fail(render, "the template runs too long: it was stopped");
    }
    render->steps_left -= work;
    return true;
}

void *render_take(struct render *render, size_t count, size_t size)
{
    size_t bytes;
    if (!size_multiply(count, size, &bytes) || bytes > render->bytes_left) {
        render_fail(render, "the template wants too much memory: it was stopped");
        return NULL;
    }
    void *memory = arena_take(&render->arena, count, size);
    if (!memory) {
        error_memory(render->error, bytes);
        return NULL;
    }
    render->bytes_left -= size_min(render->bytes_left, size_max(bytes, 16)); /* what an arena takes at least */
    return memory;
}

bool render_enter(struct render *render)
{
    if (render->depth == DEEPEST_EVALUATION)
        return render_fail(render, "nested too deeply: a macro that calls itself without end?");
    render->depth++;
    return render_spend(render, 1);
}

void render_leave(struct render *render)
{
    render->depth--;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

struct buffer text_begin(void)
{
    return (struct buffer){ .limit = SIZE_MAX / 4 }; /* the budget is what bounds it */
}

bool text_add(struct render *render, struct buffer *text, struct span more)
{
    if (!render_spend(render, 1 + more.bytes / 64))
        return false;
    if (more.bytes > render->bytes_left)
        return render_fail(render, "the template makes too long a text: it was stopped");
    render->bytes_left -= more.bytes;
    return buffer_add(text, more.data, more.bytes, render->error);
}

bool text_add_character(struct render *render, struct buffer *text, uint32_t c)
{
    char bytes[4];
    return text_add(render, text, span_of(bytes, utf8_write(c, bytes)));
}

bool text_add_repeated(struct render *render, struct buffer *text, struct span more, size_t times)
{
    for (size_t i = 0; i < times && more.bytes > 0; i++)
        if (!text_add(render, text, more))
            return false;
    return true;
}

static bool keep(struct render *render, struct span text, struct value *out)
{
    char *copy = render_take(render, size_max(text.bytes, 1), 1);
    if (!copy)
        return false;
    if (text.bytes > 0)
        memcpy(copy, text.data, text.bytes);
    *out = value_text(span_of(copy, text.bytes));
    return true;
}

bool text_end(struct render *render, struct buffer *text, bool whole, struct value *out)
{
    render->bytes_left += text->length; /* what is kept is counted again */
    const bool kept = whole && keep(render, buffer_span(text), out);
    buffer_free(text);
    return kept;
}

/* ---- scopes ------------------------------------------------------------------------------------------------------ */

struct scope *scope_new(struct render *render, struct scope *parent)
{
    struct scope *scope = render_take(render, 1, sizeof *scope);
    if (scope)
        scope->parent = parent;
    return scope;
}

static struct variable *find_variable(const struct scope *scope, struct span name)
{
    for (size_t i = 0; i < scope->count; i++)
        if (span_equal(scope->variables[i].name, name))
            return &scope->variables[i];
    return NULL;
}

bool scope_set(struct render *render, struct scope *scope, struct span name, struct value value)
{
    if (!render_spend(render, 1 + scope->count / 8))
        return false;
    struct variable *variable = find_variable(scope, name);
    if (variable) {
        variable->value = value;
        return true;
    }
    if (scope->count == scope->capacity) {
        const size_t capacity = scope->capacity ? scope->capacity * 2 : 4;
        struct variable *variables = render_take(render, capacity, sizeof *variables);
        if (!variables)
            return false;
        if (scope->count > 0)
            memcpy(variables, scope->variables, scope->count * sizeof *variables);
        scope->variables = variables;
        scope->capacity = capacity;
    }
    scope->variables[scope->count++] = (struct variable){ name, value };
    return true;
}

bool scope_get(struct render *render, struct span name, struct value *out)
{
    for (const struct scope *scope = render->scope; scope; scope = scope->parent) {
        if (!render_spend(render, 1 + scope->count / 8))
            return false;
        const struct variable *variable = find_variable(scope, name);
        if (variable) {
            *out = variable->value;
            return true;
        }
    }
    const struct builtin *function = builtin_find(functions, name);
    *out = function ? (struct value){ .kind = KIND_FUNCTION, .function = function }
                    : value_undefined(KIND_MISSING, name);
    return true;
}

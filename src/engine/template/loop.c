/* loop.c: for loops and the variable "loop" in them. */
#include "engine/template/builtins.h"

#include <string.h>

static bool passes_test(struct render *render, const struct loop *loop, struct value item, bool *passes)
{
    struct scope *const outer = render->scope;
    struct scope *scope = scope_new(render, loop->outer);
    if (!scope)
        return false;
    struct value result;
    render->scope = scope;
    const bool tested = assign(render, loop->node->loop.target, item) &&
                        evaluate(render, loop->node->loop.test, &result);
    render->scope = outer;
    if (tested)
        *passes = value_truth(result);
    return tested;
}

/* Finds items until there are more than wanted, or no more at all. */
static bool find_items(struct render *render, struct loop *loop, size_t wanted)
{
    while (loop->ready_count <= wanted && loop->next < loop->count) {
        const struct value item = loop->items[loop->next++];
        bool passes = false;
        if (!passes_test(render, loop, item, &passes))
            return false;
        if (passes)
            loop->ready[loop->ready_count++] = item;
    }
    return true;
}

static bool open_loop(struct render *render, const struct node *node, struct value iterable, struct loop **out)
{
    struct loop *loop = render_take(render, 1, sizeof *loop);
    if (!loop || !value_items(render, iterable, &loop->items, &loop->count))
        return false;
    loop->node = node;
    loop->outer = render->scope;
    *out = loop;
    if (node->loop.test) {
        loop->ready = render_take(render, loop->count, sizeof *loop->ready);
        return loop->ready != NULL;
    }
    loop->ready = (struct value *)(uintptr_t)loop->items; /* only read: all of them are ready */
    loop->ready_count = loop->next = loop->count;
    return true;
}

static bool run_pass(struct render *render, const struct loop *loop, struct scope *scope, struct value self)
{
    scope->count = 0;
    render->scope = scope;
    render->line = loop->node->line;
    const bool done = assign(render, loop->node->loop.target, loop->ready[loop->index]) &&
                      scope_set(render, scope, span_text("loop"), self) && execute(render, loop->node->loop.body);
    render->scope = loop->outer;
    return done;
}

static bool run_loop(struct render *render, struct loop *loop)
{
    struct scope *scope = scope_new(render, loop->outer);
    const struct value self = { .kind = KIND_LOOP, .loop = loop };
    if (!scope)
        return false;
    for (;; loop->index++) {
        if (!render_spend(render, 1) || !find_items(render, loop, loop->index))
            return false;
        if (loop->index >= loop->ready_count)
            return true;
        if (!run_pass(render, loop, scope, self))
            return false;
        const enum jump jump = render->jump;
        loop->went_through |= jump == JUMP_NOT;
        render->jump = JUMP_NOT;
        if (jump == JUMP_BREAK)
            return true;
    }
}

/* "else" runs where no pass came to its end: there was no item, or all were left by break or continue. */
static bool run_otherwise(struct render *render, const struct loop *loop)
{
    struct scope *const outer = render->scope;
    struct scope *scope = scope_new(render, loop->outer);
    if (!scope)
        return false;
    render->scope = scope;
    const bool done = execute(render, loop->node->loop.otherwise);
    render->scope = outer;
    return done;
}

bool execute_for(struct render *render, const struct node *node)
{
    struct value iterable;
    struct loop *loop;
    if (!evaluate(render, node->loop.iterable, &iterable))
        return false;
    render->line = node->line;
    if (!open_loop(render, node, iterable, &loop) || !run_loop(render, loop))
        return false;
    return loop->went_through || !node->loop.otherwise || run_otherwise(render, loop);
}

bool loop_call(struct render *render, const struct loop *loop, const struct call *call, struct value *out)
{
    if (!loop->node->loop.recursive)
        return render_fail(render, "only a loop marked 'recursive' can be called");
    if (call->positional_count != 1 || call->keyword_count != 0)
        return render_fail(render, "a loop is called with one argument: what to go through");
    struct scope *const outer_scope = render->scope;
    struct buffer *const outer_out = render->out;
    struct loop *inner;
    render->scope = loop->outer;
    struct buffer text = text_begin();
    render->out = &text;
    bool done = render_enter(render);
    if (done) {
        done = open_loop(render, loop->node, call->positional[0], &inner);
        if (done) {
            inner->depth = loop->depth + 1;
            done = run_loop(render, inner);
        }
        render_leave(render);
    }
    render->scope = outer_scope;
    render->out = outer_out;
    return text_end(render, &text, done, out);
}

/* ---- loop.index and so on ---------------------------------------------------------------------------------------- */

static struct value count_value(size_t count)
{
    return value_integer((int64_t)count);
}

static bool loop_length(struct render *render, struct loop *loop, struct value *out)
{
    if (!find_items(render, loop, loop->count))
        return false;
    *out = count_value(loop->ready_count);
    return true;
}

static bool loop_revindex(struct render *render, struct loop *loop, struct value *out)
{
    if (!loop_length(render, loop, out))
        return false;
    out->integer -= (int64_t)loop->index;
    return true;
}

static bool loop_revindex0(struct render *render, struct loop *loop, struct value *out)
{
    if (!loop_revindex(render, loop, out))
        return false;
    out->integer--;
    return true;
}

static bool loop_last(struct render *render, struct loop *loop, struct value *out)
{
    if (!find_items(render, loop, loop->index + 1))
        return false;
    *out = value_boolean(loop->index + 1 >= loop->ready_count);
    return true;
}

static bool loop_nextitem(struct render *render, struct loop *loop, struct value *out)
{
    if (!find_items(render, loop, loop->index + 1))
        return false;
    *out = loop->index + 1 < loop->ready_count ? loop->ready[loop->index + 1]
                                               : value_undefined_because("there is no next item");
    return true;
}

static bool loop_previtem(struct render *render, struct loop *loop, struct value *out)
{
    (void)render;
    *out = loop->index > 0 ? loop->ready[loop->index - 1] : value_undefined_because("there is no previous item");
    return true;
}

static bool loop_index(struct render *render, struct loop *loop, struct value *out)
{
    (void)render;
    *out = count_value(loop->index + 1);
    return true;
}

static bool loop_index0(struct render *render, struct loop *loop, struct value *out)
{
    (void)render;
    *out = count_value(loop->index);
    return true;
}

static bool loop_first(struct render *render, struct loop *loop, struct value *out)
{
    (void)render;
    *out = value_boolean(loop->index == 0);
    return true;
}

static bool loop_depth(struct render *render, struct loop *loop, struct value *out)
{
    (void)render;
    *out = count_value(loop->depth + 1);
    return true;
}

static bool loop_depth0(struct render *render, struct loop *loop, struct value *out)
{
    (void)render;
    *out = count_value(loop->depth);
    return true;
}

static const struct loop_property {
    const char *name;
    bool (*get)(struct render *render, struct loop *loop, struct value *out);
} loop_properties[] = {
    { "index", loop_index },         { "index0", loop_index0 },     { "first", loop_first },
    { "last", loop_last },           { "length", loop_length },     { "revindex", loop_revindex },
    { "revindex0", loop_revindex0 }, { "previtem", loop_previtem }, { "nextitem", loop_nextitem },
    { "depth", loop_depth },         { "depth0", loop_depth0 },
};

bool loop_attribute(struct render *render, struct loop *loop, struct span name, struct value *out)
{
    for (size_t i = 0; i < LENGTH(loop_properties); i++)
        if (span_equal(span_text(loop_properties[i].name), name))
            return loop_properties[i].get(render, loop, out);
    return true;
}

/* loop.cycle('odd', 'even') */
static bool cycle(struct render *render, const struct call *call, struct value *out)
{
    if (call->positional_count == 0)
        return render_fail(render, "method 'cycle' needs an argument more");
    *out = call->positional[call->self.loop->index % call->positional_count];
    return true;
}

/* loop.changed(value): whether it is another than at the last call */
static bool changed(struct render *render, const struct call *call, struct value *out)
{
    struct loop *loop = call->self.loop;
    struct value now, before = value_none();
    bool equal = false;
    if (!list_of(render, KIND_TUPLE, call->positional, call->positional_count, &now))
        return false;
    if (loop->changed) {
        before = (struct value){ .kind = KIND_TUPLE, .list = (struct list *)(uintptr_t)loop->changed };
        if (!value_equal(render, now, before, &equal))
            return false;
    }
    loop->changed = now.list;
    *out = value_boolean(!equal);
    return true;
}

const struct builtin loop_methods[] = {
    { "cycle", NULL, 0, cycle },
    { "changed", NULL, 0, changed },
    { 0 },
};

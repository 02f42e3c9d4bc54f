/* execute.c: statements: what prints, decides and assigns; macros. Loops are in loop.c. */
#include "engine/template/builtins.h"

/* ---- assigning --------------------------------------------------------------------------------------------------- */

static bool assign_attribute(struct render *render, const struct node *target, struct value value)
{
    struct value subject;
    if (!scope_get(render, target->apply.subject->text, &subject))
        return false;
    if (subject.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, subject);
    if (subject.kind != KIND_NAMESPACE)
        return render_fail(render, "cannot assign to an attribute of a '%s', only of a namespace",
                           kind_name(subject.kind));
    return dict_set(render, subject.dict, value_text(target->apply.name), value);
}

static bool assign_tuple(struct render *render, const struct node *target, struct value value)
{
    const struct value *items;
    size_t count, wanted = 0;
    if (!value_items(render, value, &items, &count))
        return false;
    for (const struct node *part = target->items; part; part = part->next)
        wanted++;
    if (count != wanted)
        return render_fail(render, "%zu values cannot be assigned to %zu names", count, wanted);
    for (const struct node *part = target->items; part; part = part->next)
        if (!assign(render, part, *items++))
            return false;
    return true;
}

bool assign(struct render *render, const struct node *target, struct value value)
{
    if (target->kind == NODE_NAME)
        return scope_set(render, render->scope, target->text, value);
    if (target->kind == NODE_ATTRIBUTE)
        return assign_attribute(render, target, value);
    return assign_tuple(render, target, value); /* as deep as the parser let it be */
}

static bool execute_set(struct render *render, const struct node *node)
{
    struct value value;
    if (!evaluate(render, node->set.value, &value))
        return false;
    render->line = node->line;
    return assign(render, node->set.target, value);
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* Text that goes into a value counts as memory; what goes to the caller is bounded by the caller's buffer. */
static bool print(struct render *render, struct span text)
{
    if (render->out != render->prompt)
        return text_add(render, render->out, text);
    if (!render_spend(render, 1 + text.bytes / 64))
        return false;
    if (text.bytes > render->out->limit - render->out->length)
        return render_fail(render, "the prompt is longer than %zu bytes", render->out->limit);
    return buffer_add(render->out, text.data, text.bytes, render->error);
}

static bool execute_text(struct render *render, const struct node *node)
{
    return print(render, node->text);
}

static bool execute_output(struct render *render, const struct node *node)
{
    struct value value;
    struct span text;
    return evaluate(render, node->single, &value) && value_str(render, value, &text) && print(render, text);
}

bool execute_captured(struct render *render, const struct node *statements, struct scope *scope, struct value *out)
{
    struct buffer *const outer_out = render->out;
    struct scope *const outer_scope = render->scope;
    struct buffer text = text_begin();
    render->out = &text;
    render->scope = scope;
    const bool whole = execute(render, statements);
    render->out = outer_out;
    render->scope = outer_scope;
    return text_end(render, &text, whole, out);
}

/* What a block prints, in a scope of its own and through its filters. */
static bool capture_block(struct render *render, const struct node *node, struct value *out)
{
    struct scope *scope = scope_new(render, render->scope);
    return scope && execute_captured(render, node->set.body, scope, out) &&
           (!node->set.value || apply_filters(render, node->set.value, *out, out));
}

static bool execute_set_block(struct render *render, const struct node *node)
{
    struct value value;
    if (!capture_block(render, node, &value))
        return false;
    return render->jump != JUMP_NOT || assign(render, node->set.target, value);
}

static bool execute_filter_block(struct render *render, const struct node *node)
{
    struct value value;
    struct span text;
    if (!capture_block(render, node, &value))
        return false;
    return render->jump != JUMP_NOT || (value_str(render, value, &text) && print(render, text));
}

/* ---- deciding ---------------------------------------------------------------------------------------------------- */

static bool execute_if(struct render *render, const struct node *node)
{
    for (const struct node *branch = node->items; branch; branch = branch->next) {
        struct value test = value_boolean(true);
        if (branch->binary.left && !evaluate(render, branch->binary.left, &test))
            return false;
        if (value_truth(test))
            return execute(render, branch->binary.right);
    }
    return true;
}

static bool execute_jump(struct render *render, const struct node *node)
{
    render->jump = node->kind == NODE_BREAK ? JUMP_BREAK : JUMP_CONTINUE;
    return true;
}

/* Runs statements with scope as the innermost one. */
static bool execute_in(struct render *render, const struct node *statements, struct scope *scope)
{
    struct scope *const outer = render->scope;
    render->scope = scope;
    const bool done = execute(render, statements);
    render->scope = outer;
    return done;
}

/* {% with a = 1, b = 2 %}: the values are computed outside. */
static bool execute_with(struct render *render, const struct node *node)
{
    struct scope *const outer = render->scope;
    struct scope *scope = scope_new(render, outer);
    if (!scope)
        return false;
    for (const struct node *set = node->set.target; set; set = set->next) {
        struct value value;
        if (!evaluate(render, set->set.value, &value))
            return false;
        render->scope = scope;
        const bool assigned = assign(render, set->set.target, value);
        render->scope = outer;
        if (!assigned)
            return false;
    }
    return execute_in(render, node->set.body, scope);
}

static bool execute_scope(struct render *render, const struct node *node)
{
    struct scope *scope = scope_new(render, render->scope);
    return scope && execute_in(render, node->set.body, scope);
}

/* ---- macros ------------------------------------------------------------------------------------------------------ */

static bool make_macro(struct render *render, const struct node *node, struct value *out)
{
    struct macro *macro = render_take(render, 1, sizeof *macro);
    if (!macro)
        return false;
    *macro = (struct macro){ node, render->scope };
    *out = (struct value){ .kind = KIND_MACRO, .macro = macro };
    return true;
}

static bool execute_macro(struct render *render, const struct node *node)
{
    struct value macro;
    return make_macro(render, node, &macro) && scope_set(render, render->scope, node->macro.name, macro);
}

/* Calls the block's call with its body as "caller", and prints what comes back. */
static bool execute_call_block(struct render *render, const struct node *node)
{
    const struct node *call_node = node->macro.call;
    struct value callee, caller, result;
    struct call call = { .self = { .kind = KIND_MISSING } };
    struct span text;
    if (!evaluate(render, call_node->apply.subject, &callee) ||
        !call_arguments(render, call_node->apply.arguments, &call) || !make_macro(render, node, &caller))
        return false;
    struct keyword *keywords = render_take(render, call.keyword_count + 1, sizeof *keywords);
    if (!keywords)
        return false;
    for (size_t i = 0; i < call.keyword_count; i++)
        keywords[i] = call.keywords[i];
    keywords[call.keyword_count++] = (struct keyword){ span_text("caller"), caller };
    call.keywords = keywords;
    render->line = node->line;
    return call_value(render, callee, &call, &result) && value_str(render, result, &text) && print(render, text);
}

/* The argument of a parameter, at position or by name; its default; undefined. used marks keywords that were taken. */
static bool take_argument(struct render *render, const struct node *parameter, size_t position, const struct call *call,
                          bool *used, struct value *out)
{
    if (position < call->positional_count) {
        *out = call->positional[position];
        return true;
    }
    for (size_t i = 0; i < call->keyword_count; i++)
        if (span_equal(call->keywords[i].name, parameter->parameter.name)) {
            used[i] = true;
            *out = call->keywords[i].value;
            return true;
        }
    if (parameter->parameter.value)
        return evaluate(render, parameter->parameter.value, out);
    *out = value_undefined(KIND_MISSING, parameter->parameter.name);
    return render_spend(render, 1 + call->keyword_count / 8);
}

static bool bind_parameters(struct render *render, const struct macro *macro, const struct call *call, bool *used,
                            size_t *count)
{
    *count = 0;
    for (const struct node *parameter = macro->node->macro.parameters; parameter; parameter = parameter->next) {
        struct value value;
        if (!take_argument(render, parameter, *count, call, used, &value) ||
            !scope_set(render, render->scope, parameter->parameter.name, value))
            return false;
        ++*count;
    }
    return true;
}

static bool fail_extra(struct render *render, const struct macro *macro, const char *what, struct span name)
{
    return render_fail(render, "macro '%.*s' takes no %s '%.*s'", (int)size_min(macro->node->macro.name.bytes, 100),
                       (const char *)macro->node->macro.name.data, what, (int)size_min(name.bytes, 100),
                       (const char *)name.data);
}

/* "caller" and "kwargs": what keywords were left over, where the macro's body uses them. */
static bool bind_keywords(struct render *render, const struct macro *macro, const struct call *call, const bool *used)
{
    const unsigned uses = macro->node->macro.uses;
    struct value caller = value_undefined_because("No caller defined");
    struct dict *kwargs = dict_new(render, 0);
    for (size_t i = 0; kwargs && i < call->keyword_count; i++) {
        const struct keyword *keyword = &call->keywords[i];
        if (used[i])
            continue;
        if (uses & MACRO_USES_CALLER && span_equal(keyword->name, span_text("caller")))
            caller = keyword->value;
        else if (!(uses & MACRO_USES_KWARGS))
            return fail_extra(render, macro, "argument", keyword->name);
        else if (!dict_add(render, kwargs, value_text(keyword->name), keyword->value))
            return false;
    }
    const struct value rest = { .kind = KIND_DICT, .dict = kwargs };
    return kwargs && (!(uses & MACRO_USES_CALLER) || scope_set(render, render->scope, span_text("caller"), caller)) &&
           (!(uses & MACRO_USES_KWARGS) || scope_set(render, render->scope, span_text("kwargs"), rest));
}

static bool bind_varargs(struct render *render, const struct macro *macro, const struct call *call, size_t parameters)
{
    const size_t extra = call->positional_count > parameters ? call->positional_count - parameters : 0;
    if (!(macro->node->macro.uses & MACRO_USES_VARARGS))
        return extra == 0 ||
               render_fail(render, "macro '%.*s' takes at most %zu arguments, not %zu",
                           (int)size_min(macro->node->macro.name.bytes, 100),
                           (const char *)macro->node->macro.name.data, parameters, call->positional_count);
    struct value rest;
    return list_of(render, KIND_TUPLE, extra ? call->positional + parameters : NULL, extra, &rest) &&
           scope_set(render, render->scope, span_text("varargs"), rest);
}

static bool bind_macro(struct render *render, const struct macro *macro, const struct call *call)
{
    bool *used = render_take(render, call->keyword_count + 1, sizeof *used);
    size_t parameters;
    return used && bind_parameters(render, macro, call, used, &parameters) &&
           bind_keywords(render, macro, call, used) && bind_varargs(render, macro, call, parameters);
}

bool macro_call(struct render *render, const struct macro *macro, const struct call *call, struct value *out)
{
    struct scope *const outer = render->scope;
    struct scope *scope = scope_new(render, macro->scope);
    if (!scope || !render_enter(render))
        return false;
    render->scope = scope;
    const bool bound = bind_macro(render, macro, call);
    render->scope = outer;
    const bool done = bound && execute_captured(render, macro->node->macro.body, scope, out);
    render_leave(render);
    return done;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static bool (*const executors[NODE_KINDS])(struct render *render, const struct node *node) = {
    [NODE_TEXT] = execute_text,
    [NODE_OUTPUT] = execute_output,
    [NODE_IF] = execute_if,
    [NODE_FOR] = execute_for,
    [NODE_SET] = execute_set,
    [NODE_SET_BLOCK] = execute_set_block,
    [NODE_MACRO] = execute_macro,
    [NODE_CALL_BLOCK] = execute_call_block,
    [NODE_FILTER_BLOCK] = execute_filter_block,
    [NODE_WITH] = execute_with,
    [NODE_SCOPE] = execute_scope,
    [NODE_BREAK] = execute_jump,
    [NODE_CONTINUE] = execute_jump,
};

bool execute(struct render *render, const struct node *statements)
{
    if (!render_enter(render))
        return false;
    bool done = true;
    for (const struct node *node = statements; done && node && render->jump == JUMP_NOT; node = node->next) {
        render->line = node->line;
        done = render_spend(render, 1) && executors[node->kind](render, node);
    }
    render_leave(render);
    return done;
}

/* evaluate.c: expressions to values. Each kind of node has its function in a table; operators, access and calls are in
 * files of their own. */
#include "engine/template/builtins.h"

/* ---- simple ones ------------------------------------------------------------------------------------------------- */

static bool evaluate_constant(struct render *render, const struct node *node, struct value *out)
{
    (void)render;
    *out = node->constant;
    return true;
}

static bool evaluate_name(struct render *render, const struct node *node, struct value *out)
{
    return scope_get(render, node->text, out);
}

static bool evaluate_sequence(struct render *render, const struct node *node, struct value *out)
{
    struct list *list = list_new(render, 0);
    for (const struct node *item = node->items; list && item; item = item->next) {
        struct value value;
        if (!evaluate(render, item, &value) || !list_add(render, list, value))
            return false;
    }
    *out = value_list(node->kind == NODE_TUPLE ? KIND_TUPLE : KIND_LIST, list);
    return list != NULL;
}

static bool evaluate_dict(struct render *render, const struct node *node, struct value *out)
{
    struct dict *dict = dict_new(render, 0);
    for (const struct node *pair = node->items; dict && pair; pair = pair->next) {
        struct value key, value;
        if (!evaluate(render, pair->binary.left, &key) || !evaluate(render, pair->binary.right, &value) ||
            !dict_set(render, dict, key, value))
            return false;
    }
    *out = (struct value){ .kind = KIND_DICT, .dict = dict };
    return dict != NULL;
}

/* ---- operators --------------------------------------------------------------------------------------------------- */

static bool evaluate_not(struct render *render, const struct node *node, struct value *out)
{
    struct value value;
    if (!evaluate(render, node->single, &value))
        return false;
    *out = value_boolean(!value_truth(value));
    return true;
}

static bool evaluate_sign(struct render *render, const struct node *node, struct value *out)
{
    struct value value;
    if (!evaluate(render, node->single, &value))
        return false;
    if (value.kind == KIND_UNDEFINED)
        return value_fail_undefined(render, value);
    if (!value_is_number(value))
        return render_fail(render, "'%s' takes no sign", kind_name(value.kind));
    const bool negate = node->kind == NODE_NEGATE;
    if (value.kind == KIND_REAL) {
        *out = value_real(negate ? -value.real : value.real);
        return true;
    }
    if (!negate) {
        *out = value_integer(value_whole(value));
        return true;
    }
    return arithmetic(render, OPERATION_SUBTRACT, value_integer(0), value, out);
}

static bool evaluate_arithmetic(struct render *render, const struct node *node, struct value *out)
{
    struct value left, right;
    if (!evaluate(render, node->binary.left, &left) || !evaluate(render, node->binary.right, &right))
        return false;
    render->line = node->line;
    return arithmetic(render, node->binary.operation, left, right, out);
}

/* The left one decides, or else the right one is the value: both as they are, not as true or false. */
static bool evaluate_logic(struct render *render, const struct node *node, struct value *out)
{
    if (!evaluate(render, node->binary.left, out))
        return false;
    return value_truth(*out) == (node->kind == NODE_OR) || evaluate(render, node->binary.right, out);
}

static bool evaluate_join(struct render *render, const struct node *node, struct value *out)
{
    struct buffer text = text_begin();
    bool whole = true;
    for (const struct node *item = node->items; whole && item; item = item->next) {
        struct value value;
        whole = evaluate(render, item, &value) && value_show(render, &text, value, false);
    }
    return text_end(render, &text, whole, out);
}

/* a < b < c: each with its neighbour, up to the first that is false. */
static bool evaluate_compare(struct render *render, const struct node *node, struct value *out)
{
    struct value left, right;
    if (!evaluate(render, node->apply.subject, &left))
        return false;
    bool result = true;
    for (const struct node *comparison = node->apply.arguments; result && comparison; comparison = comparison->next) {
        if (!evaluate(render, comparison->comparison.right, &right))
            return false;
        render->line = node->line;
        if (!compare(render, comparison->comparison.operation, left, right, &result))
            return false;
        left = right;
    }
    *out = value_boolean(result);
    return true;
}

static bool evaluate_condition(struct render *render, const struct node *node, struct value *out)
{
    struct value test;
    if (!evaluate(render, node->condition.test, &test))
        return false;
    const struct node *chosen = value_truth(test) ? node->condition.then : node->condition.otherwise;
    if (chosen)
        return evaluate(render, chosen, out);
    *out = value_undefined_because("the condition is false and there is no else");
    return true;
}

/* ---- access ------------------------------------------------------------------------------------------------------ */

static bool evaluate_attribute(struct render *render, const struct node *node, struct value *out)
{
    struct value subject;
    if (!evaluate(render, node->apply.subject, &subject))
        return false;
    render->line = node->line;
    return attribute_get(render, subject, node->apply.name, out);
}

static bool evaluate_item(struct render *render, const struct node *node, struct value *out)
{
    struct value subject, index;
    if (!evaluate(render, node->apply.subject, &subject) || !evaluate(render, node->apply.arguments, &index))
        return false;
    render->line = node->line;
    return item_get(render, subject, index, out);
}

static bool evaluate_slice(struct render *render, const struct node *node, struct value *out)
{
    const struct node *const nodes[] = { node->slice.start, node->slice.stop, node->slice.step };
    struct value subject, parts[LENGTH(nodes)];
    if (!evaluate(render, node->slice.subject, &subject))
        return false;
    for (size_t i = 0; i < LENGTH(nodes); i++) {
        parts[i] = value_none();
        if (nodes[i] && !evaluate(render, nodes[i], &parts[i]))
            return false;
    }
    render->line = node->line;
    return slice_get(render, subject, parts, out);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static bool evaluate_call(struct render *render, const struct node *node, struct value *out)
{
    struct value callee;
    struct call call = { .self = { .kind = KIND_MISSING } };
    if (!evaluate(render, node->apply.subject, &callee) || !call_arguments(render, node->apply.arguments, &call))
        return false;
    render->line = node->line;
    return call_value(render, callee, &call, out);
}

static bool apply(struct render *render, const char *what, const struct node *node, struct value self,
                  struct value *out)
{
    struct call call = { .self = self };
    if (!node->apply.builtin) {
        render->line = node->line;
        return render_fail(render, "unknown %s '%.*s'", what, (int)size_min(node->apply.name.bytes, 100),
                           (const char *)node->apply.name.data);
    }
    if (!call_arguments(render, node->apply.arguments, &call))
        return false;
    render->line = node->line;
    return call_builtin(render, what, node->apply.builtin, &call, out);
}

bool apply_filters(struct render *render, const struct node *filter, struct value value, struct value *out)
{
    if (!render_enter(render))
        return false;
    const bool applied = (!filter->apply.subject || apply_filters(render, filter->apply.subject, value, &value)) &&
                         apply(render, "filter", filter, value, out);
    render_leave(render);
    return applied;
}

static bool evaluate_filter(struct render *render, const struct node *node, struct value *out)
{
    struct value subject;
    return evaluate(render, node->apply.subject, &subject) && apply(render, "filter", node, subject, out);
}

static bool evaluate_test(struct render *render, const struct node *node, struct value *out)
{
    struct value subject;
    return evaluate(render, node->apply.subject, &subject) && apply(render, "test", node, subject, out);
}

static bool (*const evaluators[NODE_KINDS])(struct render *render, const struct node *node, struct value *out) = {
    [NODE_CONSTANT] = evaluate_constant,
    [NODE_NAME] = evaluate_name,
    [NODE_LIST] = evaluate_sequence,
    [NODE_TUPLE] = evaluate_sequence,
    [NODE_DICT] = evaluate_dict,
    [NODE_NOT] = evaluate_not,
    [NODE_NEGATE] = evaluate_sign,
    [NODE_PLUS] = evaluate_sign,
    [NODE_ARITHMETIC] = evaluate_arithmetic,
    [NODE_AND] = evaluate_logic,
    [NODE_OR] = evaluate_logic,
    [NODE_JOIN] = evaluate_join,
    [NODE_COMPARE] = evaluate_compare,
    [NODE_CONDITION] = evaluate_condition,
    [NODE_ATTRIBUTE] = evaluate_attribute,
    [NODE_ITEM] = evaluate_item,
    [NODE_SLICE] = evaluate_slice,
    [NODE_CALL] = evaluate_call,
    [NODE_FILTER] = evaluate_filter,
    [NODE_TEST] = evaluate_test,
};

bool evaluate(struct render *render, const struct node *node, struct value *out)
{
    if (!render_enter(render))
        return false;
    render->line = node->line;
    const bool evaluated = evaluators[node->kind](render, node, out);
    render_leave(render);
    return evaluated;
}

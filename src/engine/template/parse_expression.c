/* parse_expression.c: expressions, by recursive descent; each level calls the next one, which binds tighter:
 *
 *   condition  a if b else c
 *   or, and, not
 *   compare    == != < <= > >= in, not in; may be chained
 *   sum        + -
 *   join       ~
 *   product    * / // %
 *   power      **
 *   unary      - +, then .name [index] (call) and |filter, is test
 *   primary    names, literals, (tuple) [list] {dict}
 *
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/#expressions; the levels are those of Jinja's own parser, which
 * differ from Python's: ~ binds tighter than +, ** goes from left to right, and a filter binds tightest. */
#include "engine/template/parser.h"

#include "engine/template/builtins.h"

#include <string.h>

static bool parse_unary(struct parser *parser, bool with_filters, struct node **out);

bool parse_name(struct parser *parser, struct span *name)
{
    *name = parser->now.text;
    return parse_expect(parser, TOKEN_NAME, "a name");
}

/* ---- primary ----------------------------------------------------------------------------------------------------- */

static bool make_constant(struct parser *parser, struct value value, struct node **out)
{
    *out = parse_node(parser, NODE_CONSTANT);
    if (!*out)
        return false;
    (*out)->constant = value;
    return true;
}

static const struct word_constant {
    const char *word;
    enum kind kind;
    bool truth;
} word_constants[] = {
    { "true", KIND_BOOLEAN, true },   { "True", KIND_BOOLEAN, true }, { "false", KIND_BOOLEAN, false },
    { "False", KIND_BOOLEAN, false }, { "none", KIND_NONE, false },   { "None", KIND_NONE, false },
};

static const struct special_name {
    const char *name;
    unsigned uses;
} special_names[] = {
    { "caller", MACRO_USES_CALLER },
    { "kwargs", MACRO_USES_KWARGS },
    { "varargs", MACRO_USES_VARARGS },
};

static bool parse_word(struct parser *parser, struct node **out)
{
    for (size_t i = 0; i < LENGTH(word_constants); i++) {
        const struct word_constant *constant = &word_constants[i];
        if (parse_is_word(&parser->now, constant->word)) {
            const struct value value = { .kind = constant->kind, .truth = constant->truth };
            return make_constant(parser, value, out) && parse_move(parser);
        }
    }
    for (size_t i = 0; i < LENGTH(special_names); i++)
        if (parse_is_word(&parser->now, special_names[i].name))
            parser->uses |= special_names[i].uses;
    *out = parse_node(parser, NODE_NAME);
    if (!*out)
        return false;
    (*out)->text = parser->now.text;
    return parse_move(parser);
}

/* One string, or several one after the other, which are one. */
static bool parse_string(struct parser *parser, struct node **out)
{
    if (!make_constant(parser, value_text(parser->now.text), out) || !parse_move(parser))
        return false;
    struct span *text = &(*out)->constant.text;
    while (parser->now.kind == TOKEN_STRING) {
        const struct span more = parser->now.text;
        char *joined = arena_take(parser->lexer.arena, text->bytes + more.bytes + 1, 1);
        if (!joined)
            return error_memory(parser->error, text->bytes);
        memcpy(joined, text->data, text->bytes);
        memcpy(joined + text->bytes, more.data, more.bytes);
        *text = span_of(joined, text->bytes + more.bytes);
        if (!parse_move(parser))
            return false;
    }
    return true;
}

static bool parse_pair(struct parser *parser, struct node **out)
{
    *out = parse_node(parser, NODE_PAIR);
    return *out && parse_expression(parser, true, &(*out)->binary.left) &&
           parse_expect(parser, TOKEN_COLON, "':' of a dict") && parse_expression(parser, true, &(*out)->binary.right);
}

/* [a, b] or {a: b}: what is between the brackets; the last comma may be followed by nothing. */
static bool parse_items(struct parser *parser, enum token_kind close, struct node *into)
{
    struct nodes items = { &into->items };
    if (!parse_move(parser))
        return false;
    while (parser->now.kind != close) {
        if (into->items && !parse_expect(parser, TOKEN_COMMA, "','"))
            return false;
        if (parser->now.kind == close)
            break;
        struct node *item;
        if (!(into->kind == NODE_DICT ? parse_pair(parser, &item) : parse_expression(parser, true, &item)))
            return false;
        nodes_add(&items, item);
    }
    return parse_move(parser);
}

static bool parse_list(struct parser *parser, struct node **out)
{
    *out = parse_node(parser, NODE_LIST);
    return *out && parse_items(parser, TOKEN_BRACKET_CLOSE, *out);
}

static bool parse_dict(struct parser *parser, struct node **out)
{
    *out = parse_node(parser, NODE_DICT);
    return *out && parse_items(parser, TOKEN_BRACE_CLOSE, *out);
}

static bool parse_parentheses(struct parser *parser, struct node **out)
{
    if (!parse_move(parser))
        return false;
    if (parser->now.kind == TOKEN_PARENTHESIS_CLOSE) { /* the empty tuple */
        *out = parse_node(parser, NODE_TUPLE);
        return *out && parse_move(parser);
    }
    return parse_tuple(parser, true, NULL, out) && parse_expect(parser, TOKEN_PARENTHESIS_CLOSE, "')'");
}

static bool parse_primary(struct parser *parser, struct node **out)
{
    switch (parser->now.kind) {
    case TOKEN_NAME:
        return parse_word(parser, out);
    case TOKEN_STRING:
        return parse_string(parser, out);
    case TOKEN_INTEGER:
        return make_constant(parser, value_integer(parser->now.integer), out) && parse_move(parser);
    case TOKEN_REAL:
        return make_constant(parser, value_real(parser->now.real), out) && parse_move(parser);
    case TOKEN_PARENTHESIS_OPEN:
        return parse_parentheses(parser, out);
    case TOKEN_BRACKET_OPEN:
        return parse_list(parser, out);
    case TOKEN_BRACE_OPEN:
        return parse_dict(parser, out);
    default:
        return parse_fail_unexpected(parser, "an expression");
    }
}

/* ---- what stands behind a primary -------------------------------------------------------------------------------- */

static bool parse_argument(struct parser *parser, struct node **out)
{
    *out = parse_node(parser, NODE_ARGUMENT);
    if (!*out)
        return false;
    bool list, dict;
    if (!parse_skip(parser, TOKEN_MULTIPLY, &list) || !parse_skip(parser, TOKEN_POWER, &dict))
        return false;
    (*out)->argument.spread = list ? SPREAD_LIST : dict ? SPREAD_DICT : SPREAD_NOT;
    if (!list && !dict && parser->now.kind == TOKEN_NAME && parser->after.kind == TOKEN_ASSIGN) {
        (*out)->argument.name = parser->now.text;
        if (!parse_move(parser) || !parse_move(parser))
            return false;
    }
    return parse_expression(parser, true, &(*out)->argument.value);
}

/* Arguments by position come first, then *x, then names, then **x. */
static unsigned argument_rank(const struct node *argument)
{
    if (argument->argument.spread == SPREAD_DICT)
        return 3;
    if (argument->argument.name.bytes > 0)
        return 2;
    return argument->argument.spread == SPREAD_LIST ? 1 : 0;
}

/* (a, b=c, *d, **e); the token now is the parenthesis. */
static bool parse_arguments(struct parser *parser, struct node **out)
{
    struct nodes arguments = { out };
    unsigned rank = 0;
    if (!parse_move(parser))
        return false;
    while (parser->now.kind != TOKEN_PARENTHESIS_CLOSE) {
        if (*out && !parse_expect(parser, TOKEN_COMMA, "',' or ')'"))
            return false;
        if (parser->now.kind == TOKEN_PARENTHESIS_CLOSE)
            break;
        struct node *argument;
        if (!parse_argument(parser, &argument))
            return false;
        if (argument_rank(argument) < rank)
            return parse_fail(parser, argument->line, "an argument by position stands after one with a name");
        rank = argument_rank(argument);
        nodes_add(&arguments, argument);
    }
    return parse_move(parser);
}

static bool parse_call(struct parser *parser, struct node **subject)
{
    struct node *call = parse_node(parser, NODE_CALL);
    if (!call || !parse_arguments(parser, &call->apply.arguments))
        return false;
    call->apply.subject = *subject;
    *subject = call;
    return true;
}

/* .name, or .0 for [0] */
static bool parse_dot(struct parser *parser, struct node **subject)
{
    struct node *node = parse_node(parser, NODE_ATTRIBUTE);
    if (!node || !parse_move(parser))
        return false;
    node->apply.subject = *subject;
    *subject = node;
    node->apply.name = parser->now.text;
    if (parser->now.kind == TOKEN_NAME)
        return parse_move(parser);
    if (parser->now.kind != TOKEN_INTEGER)
        return parse_fail_unexpected(parser, "a name after '.'");
    node->kind = NODE_ITEM;
    return make_constant(parser, value_integer(parser->now.integer), &node->apply.arguments) && parse_move(parser);
}

static bool parse_slice_part(struct parser *parser, struct node **out)
{
    if (parser->now.kind == TOKEN_COLON || parser->now.kind == TOKEN_BRACKET_CLOSE)
        return true;
    return parse_expression(parser, true, out);
}

/* [start:stop:step] from the first colon on. */
static bool parse_slice(struct parser *parser, struct node *start, struct node **subject)
{
    struct node *node = parse_node(parser, NODE_SLICE);
    if (!node || !parse_move(parser))
        return false;
    node->slice.subject = *subject;
    node->slice.start = start;
    *subject = node;
    bool more;
    if (!parse_slice_part(parser, &node->slice.stop) || !parse_skip(parser, TOKEN_COLON, &more))
        return false;
    return !more || parse_slice_part(parser, &node->slice.step);
}

static bool parse_bracket(struct parser *parser, struct node **subject)
{
    struct node *node = parse_node(parser, NODE_ITEM), *index = NULL;
    if (!node || !parse_move(parser))
        return false;
    if (parser->now.kind == TOKEN_BRACKET_CLOSE)
        return parse_fail_unexpected(parser, "an index");
    if (parser->now.kind != TOKEN_COLON && !parse_tuple(parser, true, NULL, &index))
        return false;
    if (parser->now.kind == TOKEN_COLON)
        return parse_slice(parser, index, subject) && parse_expect(parser, TOKEN_BRACKET_CLOSE, "']'");
    node->apply.subject = *subject;
    node->apply.arguments = index;
    *subject = node;
    return parse_expect(parser, TOKEN_BRACKET_CLOSE, "']'");
}

static bool parse_postfix(struct parser *parser, struct node **node)
{
    for (;;) {
        bool parsed;
        if (parser->now.kind == TOKEN_DOT)
            parsed = parse_dot(parser, node);
        else if (parser->now.kind == TOKEN_BRACKET_OPEN)
            parsed = parse_bracket(parser, node);
        else if (parser->now.kind == TOKEN_PARENTHESIS_OPEN)
            parsed = parse_call(parser, node);
        else
            return true;
        if (!parsed)
            return false;
    }
}

static struct node *make_apply(struct parser *parser, enum node_kind kind, struct node *subject)
{
    struct node *node = parse_node(parser, kind);
    if (node)
        node->apply.subject = subject;
    return node;
}

bool parse_filters(struct parser *parser, struct node *subject, bool first_is_here, struct node **out)
{
    *out = subject;
    while (first_is_here || parser->now.kind == TOKEN_PIPE) {
        if (!first_is_here && !parse_move(parser))
            return false;
        first_is_here = false;
        struct node *filter = make_apply(parser, NODE_FILTER, *out);
        if (!filter || !parse_name(parser, &filter->apply.name))
            return false;
        filter->apply.builtin = filter_find(filter->apply.name);
        *out = filter;
        if (parser->now.kind == TOKEN_PARENTHESIS_OPEN && !parse_arguments(parser, &filter->apply.arguments))
            return false;
    }
    return true;
}

/* Whether the token now begins a test's argument that stands there without parentheses. */
static bool begins_test_argument(const struct token *token)
{
    switch (token->kind) {
    case TOKEN_NAME:
        return !parse_is_word(token, "else") && !parse_is_word(token, "or") && !parse_is_word(token, "and");
    case TOKEN_STRING:
    case TOKEN_INTEGER:
    case TOKEN_REAL:
    case TOKEN_BRACKET_OPEN:
    case TOKEN_BRACE_OPEN:
        return true;
    default:
        return false;
    }
}

/* x is divisibleby 3 */
static bool parse_bare_argument(struct parser *parser, struct node **out)
{
    if (parse_is_word(&parser->now, "is"))
        return parse_fail(parser, parser->now.line, "tests cannot be chained with 'is'");
    *out = parse_node(parser, NODE_ARGUMENT);
    return *out && parse_primary(parser, &(*out)->argument.value) && parse_postfix(parser, &(*out)->argument.value);
}

static bool parse_test_arguments(struct parser *parser, struct node **out)
{
    if (parser->now.kind == TOKEN_PARENTHESIS_OPEN)
        return parse_arguments(parser, out);
    return !begins_test_argument(&parser->now) || parse_bare_argument(parser, out);
}

static bool parse_test(struct parser *parser, struct node **subject)
{
    bool negated;
    if (!parse_move(parser) || !parse_skip_word(parser, "not", &negated))
        return false;
    struct node *test = make_apply(parser, NODE_TEST, *subject);
    if (!test || !parse_name(parser, &test->apply.name))
        return false;
    test->apply.builtin = test_find(test->apply.name);
    if (!parse_test_arguments(parser, &test->apply.arguments))
        return false;
    *subject = test;
    if (!negated)
        return true;
    *subject = parse_node(parser, NODE_NOT);
    if (*subject)
        (*subject)->single = test;
    return *subject != NULL;
}

static bool parse_filters_and_tests(struct parser *parser, struct node **node)
{
    for (;;) {
        bool parsed;
        if (parser->now.kind == TOKEN_PIPE)
            parsed = parse_filters(parser, *node, false, node);
        else if (parse_is_word(&parser->now, "is"))
            parsed = parse_test(parser, node);
        else if (parser->now.kind == TOKEN_PARENTHESIS_OPEN)
            parsed = parse_call(parser, node);
        else
            return true;
        if (!parsed)
            return false;
    }
}

/* ---- operators --------------------------------------------------------------------------------------------------- */

static bool parse_sign(struct parser *parser, struct node **out)
{
    *out = parse_node(parser, parser->now.kind == TOKEN_SUBTRACT ? NODE_NEGATE : NODE_PLUS);
    return *out && parse_move(parser) && parse_unary(parser, false, &(*out)->single);
}

static bool parse_unary(struct parser *parser, bool with_filters, struct node **out)
{
    if (!parse_enter(parser))
        return false;
    const bool has_sign = parser->now.kind == TOKEN_SUBTRACT || parser->now.kind == TOKEN_ADD;
    const bool parsed = (has_sign ? parse_sign(parser, out) : parse_primary(parser, out)) &&
                        parse_postfix(parser, out) && (!with_filters || parse_filters_and_tests(parser, out));
    parse_leave(parser);
    return parsed;
}

static const struct level_operator {
    enum token_kind token;
    unsigned level;
    enum operation operation;
} level_operators[] = {
    { TOKEN_ADD, 0, OPERATION_ADD },
    { TOKEN_SUBTRACT, 0, OPERATION_SUBTRACT },
    { TOKEN_MULTIPLY, 2, OPERATION_MULTIPLY },
    { TOKEN_DIVIDE, 2, OPERATION_DIVIDE },
    { TOKEN_DIVIDE_WHOLE, 2, OPERATION_DIVIDE_WHOLE },
    { TOKEN_MODULO, 2, OPERATION_MODULO },
    { TOKEN_POWER, 3, OPERATION_POWER },
};

enum { LEVEL_SUM = 0, LEVEL_JOIN = 1, LEVEL_POWER = 3 };

static const struct level_operator *find_operator(enum token_kind token, unsigned level)
{
    for (size_t i = 0; i < LENGTH(level_operators); i++)
        if (level_operators[i].token == token && level_operators[i].level == level)
            return &level_operators[i];
    return NULL;
}

static bool parse_level(struct parser *parser, unsigned level, struct node **out);

/* a ~ b ~ c: one node, so that the text is copied once. */
static bool parse_join(struct parser *parser, struct node **out)
{
    if (!parse_level(parser, LEVEL_JOIN + 1, out))
        return false;
    if (parser->now.kind != TOKEN_JOIN)
        return true;
    struct node *join = parse_node(parser, NODE_JOIN);
    if (!join)
        return false;
    struct nodes items = { &join->items };
    nodes_add(&items, *out);
    *out = join;
    while (parser->now.kind == TOKEN_JOIN) {
        struct node *item;
        if (!parse_move(parser) || !parse_level(parser, LEVEL_JOIN + 1, &item))
            return false;
        nodes_add(&items, item);
    }
    return true;
}

/* Operators of one level, from left to right. */
static bool parse_level(struct parser *parser, unsigned level, struct node **out)
{
    if (level > LEVEL_POWER)
        return parse_unary(parser, true, out);
    if (level == LEVEL_JOIN)
        return parse_join(parser, out);
    if (!parse_level(parser, level + 1, out))
        return false;
    const struct level_operator *found;
    while ((found = find_operator(parser->now.kind, level))) {
        struct node *node = parse_node(parser, NODE_ARITHMETIC);
        if (!node || !parse_move(parser))
            return false;
        node->binary.operation = found->operation;
        node->binary.left = *out;
        *out = node;
        if (!parse_level(parser, level + 1, &node->binary.right))
            return false;
    }
    return true;
}

static const struct comparison_operator {
    enum token_kind token;
    enum operation operation;
} comparison_operators[] = {
    { TOKEN_EQUAL, OPERATION_EQUAL },     { TOKEN_NOT_EQUAL, OPERATION_NOT_EQUAL },
    { TOKEN_LESS, OPERATION_LESS },       { TOKEN_LESS_EQUAL, OPERATION_LESS_EQUAL },
    { TOKEN_GREATER, OPERATION_GREATER }, { TOKEN_GREATER_EQUAL, OPERATION_GREATER_EQUAL },
};

/* Which comparison the token now begins, and how many tokens it is long; 0 if it begins none. */
static unsigned find_comparison(const struct parser *parser, enum operation *operation)
{
    for (size_t i = 0; i < LENGTH(comparison_operators); i++)
        if (comparison_operators[i].token == parser->now.kind) {
            *operation = comparison_operators[i].operation;
            return 1;
        }
    const bool negated = parse_is_word(&parser->now, "not");
    if (!parse_is_word(negated ? &parser->after : &parser->now, "in"))
        return 0;
    *operation = negated ? OPERATION_NOT_IN : OPERATION_IN;
    return negated ? 2 : 1;
}

static bool parse_comparisons(struct parser *parser, struct node *compare)
{
    struct nodes comparisons = { &compare->apply.arguments };
    enum operation operation;
    unsigned tokens;
    while ((tokens = find_comparison(parser, &operation)) > 0) {
        struct node *node = parse_node(parser, NODE_COMPARISON);
        if (!node || !parse_move(parser) || (tokens == 2 && !parse_move(parser)))
            return false;
        node->comparison.operation = operation;
        if (!parse_level(parser, LEVEL_SUM, &node->comparison.right))
            return false;
        nodes_add(&comparisons, node);
    }
    return true;
}

static bool parse_compare(struct parser *parser, struct node **out)
{
    if (!parse_level(parser, LEVEL_SUM, out))
        return false;
    enum operation operation;
    if (find_comparison(parser, &operation) == 0)
        return true;
    *out = make_apply(parser, NODE_COMPARE, *out);
    return *out && parse_comparisons(parser, *out);
}

static bool parse_not(struct parser *parser, struct node **out)
{
    if (!parse_is_word(&parser->now, "not"))
        return parse_compare(parser, out);
    *out = parse_node(parser, NODE_NOT);
    if (!*out || !parse_move(parser) || !parse_enter(parser))
        return false;
    const bool parsed = parse_not(parser, &(*out)->single);
    parse_leave(parser);
    return parsed;
}

static bool parse_logic(struct parser *parser, enum node_kind kind, struct node **out)
{
    const bool is_or = kind == NODE_OR;
    if (!(is_or ? parse_logic(parser, NODE_AND, out) : parse_not(parser, out)))
        return false;
    for (;;) {
        struct node *left = *out;
        bool more;
        if (!parse_skip_word(parser, is_or ? "or" : "and", &more) || !more)
            return !more;
        struct node *node = parse_node(parser, kind);
        if (!node)
            return false;
        node->binary.left = left;
        *out = node;
        if (!(is_or ? parse_logic(parser, NODE_AND, &node->binary.right) : parse_not(parser, &node->binary.right)))
            return false;
    }
}

/* "if b else c" behind a; the token now is "if". */
static bool parse_condition(struct parser *parser, struct node **out)
{
    struct node *node = parse_node(parser, NODE_CONDITION);
    if (!node || !parse_move(parser))
        return false;
    node->condition.then = *out;
    *out = node;
    bool otherwise;
    if (!parse_logic(parser, NODE_OR, &node->condition.test) || !parse_skip_word(parser, "else", &otherwise))
        return false;
    return !otherwise || parse_expression(parser, true, &node->condition.otherwise);
}

bool parse_expression(struct parser *parser, bool with_condition, struct node **out)
{
    if (!parse_enter(parser))
        return false;
    bool parsed = parse_logic(parser, NODE_OR, out);
    while (parsed && with_condition && parse_is_word(&parser->now, "if"))
        parsed = parse_condition(parser, out);
    parse_leave(parser);
    return parsed;
}

static bool ends_tuple(const struct token *token, const char *end_word)
{
    return token->kind == TOKEN_VARIABLE_END || token->kind == TOKEN_BLOCK_END ||
           token->kind == TOKEN_PARENTHESIS_CLOSE || token->kind == TOKEN_BRACKET_CLOSE ||
           (end_word && parse_is_word(token, end_word));
}

/* The rest of a tuple after its first item; the token now is a comma. */
static bool parse_tuple_rest(struct parser *parser, bool with_condition, const char *end_word, struct node **out)
{
    struct node *tuple = parse_node(parser, NODE_TUPLE);
    if (!tuple)
        return false;
    struct nodes items = { &tuple->items };
    nodes_add(&items, *out);
    *out = tuple;
    while (parser->now.kind == TOKEN_COMMA) {
        struct node *item;
        if (!parse_move(parser))
            return false;
        if (ends_tuple(&parser->now, end_word))
            return true;
        if (!parse_expression(parser, with_condition, &item))
            return false;
        nodes_add(&items, item);
    }
    return true;
}

bool parse_tuple(struct parser *parser, bool with_condition, const char *end_word, struct node **out)
{
    return parse_expression(parser, with_condition, out) &&
           (parser->now.kind != TOKEN_COMMA || parse_tuple_rest(parser, with_condition, end_word, out));
}

/* ---- targets ----------------------------------------------------------------------------------------------------- */

static bool parse_target_part(struct parser *parser, struct node **out);

/* a, b or (a, b): the token now is behind the first. */
static bool parse_target_rest(struct parser *parser, const char *end_word, struct node **out)
{
    struct node *tuple = parse_node(parser, NODE_TUPLE);
    if (!tuple)
        return false;
    struct nodes items = { &tuple->items };
    nodes_add(&items, *out);
    *out = tuple;
    while (parser->now.kind == TOKEN_COMMA) {
        struct node *item;
        if (!parse_move(parser))
            return false;
        if (ends_tuple(&parser->now, end_word) || parser->now.kind == TOKEN_ASSIGN)
            return true;
        if (!parse_target_part(parser, &item))
            return false;
        nodes_add(&items, item);
    }
    return true;
}

static bool parse_target_tuple(struct parser *parser, const char *end_word, struct node **out)
{
    return parse_target_part(parser, out) &&
           (parser->now.kind != TOKEN_COMMA || parse_target_rest(parser, end_word, out));
}

static bool parse_target_part(struct parser *parser, struct node **out)
{
    if (parser->now.kind == TOKEN_PARENTHESIS_OPEN) {
        if (!parse_enter(parser) || !parse_move(parser) || !parse_target_tuple(parser, NULL, out))
            return false;
        parse_leave(parser);
        return parse_expect(parser, TOKEN_PARENTHESIS_CLOSE, "')'");
    }
    if (parser->now.kind != TOKEN_NAME)
        return parse_fail_unexpected(parser, "a name to assign to");
    if (!parse_word(parser, out))
        return false;
    return (*out)->kind == NODE_NAME || parse_fail(parser, (*out)->line, "cannot assign to a constant");
}

bool parse_target(struct parser *parser, bool dotted, const char *end_word, struct node **out)
{
    if (!dotted || parser->after.kind != TOKEN_DOT)
        return parse_target_tuple(parser, end_word, out);
    struct node *node = parse_node(parser, NODE_ATTRIBUTE);
    *out = node;
    return node && parse_word(parser, &node->apply.subject) && parse_move(parser) &&
           parse_name(parser, &node->apply.name);
}

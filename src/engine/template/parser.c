/* parser.c: statements, and what both halves of the parser share.
 *
 * A body is a list of statements up to a tag that ends it (endif, else, ...); each statement has a row in a table.
 * Source: jinja.palletsprojects.com/en/3.1.x/templates/#list-of-control-structures, and two extensions that Hugging
 * Face adds: break and continue (jinja2.ext.loopcontrols), generation (marks what the assistant said). */
#include "engine/template/parser.h"

#include <stdio.h>
#include <string.h>

/* Jinja's compiler meets Python's limits near here; no template in use comes close. */
enum { DEEPEST_NESTING = 200 };

/* ---- what both halves share -------------------------------------------------------------------------------------- */

bool parse_fail(struct parser *parser, unsigned line, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(parser->error, "%s:%u: %s", parser->lexer.name, line, what);
}

bool parse_fail_unexpected(struct parser *parser, const char *wanted)
{
    const struct token *token = &parser->now;
    static const char *const words[] = {
        [TOKEN_END] = "the end of the template",
        [TOKEN_TEXT] = "text",
        [TOKEN_VARIABLE_END] = "}}",
        [TOKEN_BLOCK_END] = "%}",
        [TOKEN_STRING] = "a string",
    };
    const char *word = token->kind < LENGTH(words) && words[token->kind] ? words[token->kind] : NULL;
    const struct span text = word ? span_text(word) : token->text;
    return parse_fail(parser, token->line, "unexpected %s%.*s%s: %s is wanted", word ? "" : "'",
                      (int)size_min(text.bytes, 100), (const char *)text.data, word ? "" : "'", wanted);
}

bool parse_move(struct parser *parser)
{
    parser->now = parser->after;
    return lexer_next(&parser->lexer, &parser->after, parser->error);
}

bool parse_is_word(const struct token *token, const char *word)
{
    return token->kind == TOKEN_NAME && span_equal(token->text, span_text(word));
}

bool parse_expect(struct parser *parser, enum token_kind kind, const char *wanted)
{
    return parser->now.kind == kind ? parse_move(parser) : parse_fail_unexpected(parser, wanted);
}

bool parse_skip(struct parser *parser, enum token_kind kind, bool *skipped)
{
    *skipped = parser->now.kind == kind;
    return !*skipped || parse_move(parser);
}

bool parse_skip_word(struct parser *parser, const char *word, bool *skipped)
{
    *skipped = parse_is_word(&parser->now, word);
    return !*skipped || parse_move(parser);
}

struct node *parse_node(struct parser *parser, enum node_kind kind)
{
    struct node *node = arena_take(parser->lexer.arena, 1, sizeof *node);
    if (!node) {
        error_memory(parser->error, sizeof *node);
        return NULL;
    }
    node->kind = kind;
    node->line = parser->now.line;
    return node;
}

bool parse_enter(struct parser *parser)
{
    if (parser->depth == DEEPEST_NESTING)
        return parse_fail(parser, parser->now.line, "nested too deeply: more than %d levels", DEEPEST_NESTING);
    parser->depth++;
    return true;
}

void parse_leave(struct parser *parser)
{
    parser->depth--;
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

static bool parse_statement(struct parser *parser, struct node **out);

/* A list of words that may end a body; NULL ends it. */
struct ends {
    const char *words[4];
};

static bool is_end(const struct parser *parser, const struct ends *ends)
{
    for (size_t i = 0; ends->words[i]; i++)
        if (parse_is_word(&parser->now, ends->words[i]))
            return true;
    return false;
}

static bool parse_text(struct parser *parser, struct node **out)
{
    *out = parse_node(parser, NODE_TEXT);
    if (!*out)
        return false;
    (*out)->text = parser->now.text;
    return parse_move(parser);
}

static bool parse_output(struct parser *parser, struct node **out)
{
    *out = parse_node(parser, NODE_OUTPUT);
    return *out && parse_move(parser) && parse_tuple(parser, true, NULL, &(*out)->single) &&
           parse_expect(parser, TOKEN_VARIABLE_END, "}}");
}

/* Statements up to a tag in ends, of which the word is the token now afterwards; NULL: up to the template's end. */
static bool parse_statements(struct parser *parser, const struct ends *ends, struct node **out)
{
    struct nodes nodes = { out };
    while (parser->now.kind != TOKEN_END) {
        struct node *node = NULL;
        bool parsed;
        if (parser->now.kind == TOKEN_TEXT) {
            parsed = parse_text(parser, &node);
        } else if (parser->now.kind == TOKEN_VARIABLE_BEGIN) {
            parsed = parse_output(parser, &node);
        } else {
            if (!parse_move(parser))
                return false;
            if (ends && is_end(parser, ends))
                return true;
            parsed = parse_statement(parser, &node) && parse_expect(parser, TOKEN_BLOCK_END, "%}");
        }
        if (!parsed)
            return false;
        nodes_add(&nodes, node);
    }
    return !ends || parse_fail(parser, parser->now.line, "the template ends where %s is wanted", ends->words[0]);
}

/* The rest of a tag and the statements behind it, up to a tag in ends. */
static bool parse_body(struct parser *parser, const struct ends *ends, struct node **out)
{
    bool colon;
    return parse_enter(parser) && parse_skip(parser, TOKEN_COLON, &colon) &&
           parse_expect(parser, TOKEN_BLOCK_END, "%}") && parse_statements(parser, ends, out) &&
           (parse_leave(parser), true);
}

/* A body that one word ends, which is skipped. */
static bool parse_body_to(struct parser *parser, const char *word, struct node **out)
{
    const struct ends ends = { { word } };
    return parse_body(parser, &ends, out) && parse_move(parser);
}

/* ---- statements: each is called behind its first word, with its node --------------------------------------------- */

static bool parse_branch(struct parser *parser, bool has_test, const struct ends *ends, struct nodes *branches)
{
    struct node *branch = parse_node(parser, NODE_BRANCH);
    if (!branch)
        return false;
    nodes_add(branches, branch);
    if (has_test && !parse_tuple(parser, false, NULL, &branch->binary.left))
        return false;
    return parse_body(parser, ends, &branch->binary.right);
}

static bool parse_if(struct parser *parser, struct node *node)
{
    static const struct ends ends = { { "endif", "elif", "else" } }, last = { { "endif" } };
    struct nodes branches = { &node->items };
    for (bool more = true; more;) {
        if (!parse_branch(parser, true, &ends, &branches) || !parse_skip_word(parser, "elif", &more))
            return false;
    }
    bool otherwise;
    if (!parse_skip_word(parser, "else", &otherwise))
        return false;
    if (otherwise && !parse_branch(parser, false, &last, &branches))
        return false;
    return parse_move(parser); /* endif */
}

static bool parse_for_head(struct parser *parser, struct node *node)
{
    bool in, test;
    if (!parse_target(parser, false, "in", &node->loop.target) || !parse_skip_word(parser, "in", &in))
        return false;
    if (!in)
        return parse_fail_unexpected(parser, "'in' of a loop");
    if (!parse_tuple(parser, false, "recursive", &node->loop.iterable) || !parse_skip_word(parser, "if", &test))
        return false;
    if (test && !parse_expression(parser, true, &node->loop.test))
        return false;
    return parse_skip_word(parser, "recursive", &node->loop.recursive);
}

static bool parse_for(struct parser *parser, struct node *node)
{
    static const struct ends ends = { { "endfor", "else" } };
    if (!parse_for_head(parser, node))
        return false;
    parser->loops++;
    const bool parsed = parse_body(parser, &ends, &node->loop.body);
    parser->loops--;
    bool otherwise;
    if (!parsed || !parse_skip_word(parser, "else", &otherwise))
        return false;
    return otherwise ? parse_body_to(parser, "endfor", &node->loop.otherwise) : parse_move(parser);
}

static bool parse_jump(struct parser *parser, struct node *node)
{
    if (parser->loops > 0)
        return true;
    return parse_fail(parser, node->line, "'%s' stands outside a loop",
                      node->kind == NODE_BREAK ? "break" : "continue");
}

/* {% set a = 1 %} or {% set a %}...{% endset %} */
static bool parse_set(struct parser *parser, struct node *node)
{
    bool assigned;
    if (!parse_target(parser, true, NULL, &node->set.target) || !parse_skip(parser, TOKEN_ASSIGN, &assigned))
        return false;
    if (assigned)
        return parse_tuple(parser, true, NULL, &node->set.value);
    node->kind = NODE_SET_BLOCK;
    return parse_filters(parser, NULL, false, &node->set.value) && parse_body_to(parser, "endset", &node->set.body);
}

/* (a, b=1) of a macro or a call block */
static bool parse_parameters(struct parser *parser, struct node **out)
{
    struct nodes parameters = { out };
    bool has_default = false;
    if (!parse_expect(parser, TOKEN_PARENTHESIS_OPEN, "'('"))
        return false;
    while (parser->now.kind != TOKEN_PARENTHESIS_CLOSE) {
        if (*out && !parse_expect(parser, TOKEN_COMMA, "','"))
            return false;
        struct node *node = parse_node(parser, NODE_PARAMETER);
        if (!node || !parse_name(parser, &node->parameter.name))
            return false;
        const bool had_default = has_default;
        if (!parse_skip(parser, TOKEN_ASSIGN, &has_default))
            return false;
        if (had_default && !has_default)
            return parse_fail(parser, node->line, "a parameter without a default stands after one with a default");
        if (has_default && !parse_expression(parser, true, &node->parameter.value))
            return false;
        nodes_add(&parameters, node);
    }
    return parse_move(parser);
}

/* The body is a function of its own: a loop around it cannot be left from inside. */
static bool parse_macro_body(struct parser *parser, const char *end, struct node *node)
{
    const unsigned loops = parser->loops, uses = parser->uses;
    parser->loops = parser->uses = 0;
    const bool parsed = parse_body_to(parser, end, &node->macro.body);
    node->macro.uses = parser->uses;
    parser->loops = loops;
    parser->uses |= uses;
    return parsed;
}

static bool parse_macro(struct parser *parser, struct node *node)
{
    return parse_name(parser, &node->macro.name) && parse_parameters(parser, &node->macro.parameters) &&
           parse_macro_body(parser, "endmacro", node);
}

static bool parse_call_block(struct parser *parser, struct node *node)
{
    node->macro.name = span_text("caller");
    if (parser->now.kind == TOKEN_PARENTHESIS_OPEN && !parse_parameters(parser, &node->macro.parameters))
        return false;
    if (!parse_expression(parser, true, &node->macro.call))
        return false;
    if (node->macro.call->kind != NODE_CALL)
        return parse_fail(parser, node->line, "a call block needs a call");
    return parse_macro_body(parser, "endcall", node);
}

static bool parse_filter_block(struct parser *parser, struct node *node)
{
    return parse_filters(parser, NULL, true, &node->set.value) && parse_body_to(parser, "endfilter", &node->set.body);
}

static bool parse_with(struct parser *parser, struct node *node)
{
    struct nodes sets = { &node->set.target };
    while (parser->now.kind != TOKEN_BLOCK_END) {
        if (node->set.target && !parse_expect(parser, TOKEN_COMMA, "','"))
            return false;
        struct node *set = parse_node(parser, NODE_SET);
        if (!set || !parse_target(parser, false, NULL, &set->set.target) ||
            !parse_expect(parser, TOKEN_ASSIGN, "'='") || !parse_expression(parser, true, &set->set.value))
            return false;
        nodes_add(&sets, set);
    }
    return parse_body_to(parser, "endwith", &node->set.body);
}

static bool parse_generation(struct parser *parser, struct node *node)
{
    const unsigned loops = parser->loops;
    parser->loops = 0;
    const bool parsed = parse_body_to(parser, "endgeneration", &node->set.body);
    parser->loops = loops;
    return parsed;
}

static const struct statement {
    const char *word;
    enum node_kind kind;
    bool (*parse)(struct parser *parser, struct node *node);
} statements[] = {
    { "if", NODE_IF, parse_if },
    { "for", NODE_FOR, parse_for },
    { "set", NODE_SET, parse_set },
    { "macro", NODE_MACRO, parse_macro },
    { "call", NODE_CALL_BLOCK, parse_call_block },
    { "filter", NODE_FILTER_BLOCK, parse_filter_block },
    { "with", NODE_WITH, parse_with },
    { "generation", NODE_SCOPE, parse_generation },
    { "break", NODE_BREAK, parse_jump },
    { "continue", NODE_CONTINUE, parse_jump },
};

static bool parse_statement(struct parser *parser, struct node **out)
{
    for (size_t i = 0; i < LENGTH(statements); i++) {
        if (!parse_is_word(&parser->now, statements[i].word))
            continue;
        *out = parse_node(parser, statements[i].kind);
        return *out && parse_move(parser) && statements[i].parse(parser, *out);
    }
    if (parser->now.kind != TOKEN_NAME)
        return parse_fail_unexpected(parser, "the name of a tag");
    return parse_fail(parser, parser->now.line, "unknown tag '%.*s'", (int)size_min(parser->now.text.bytes, 100),
                      (const char *)parser->now.text.data);
}

bool parse_template(struct parser *parser, struct node **out)
{
    *out = NULL;
    return parse_move(parser) && parse_move(parser) && parse_statements(parser, NULL, out);
}

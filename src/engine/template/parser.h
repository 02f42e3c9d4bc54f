/* parser.h: tokens to a tree. */
#ifndef BASTIDE_ENGINE_TEMPLATE_PARSER_H
#define BASTIDE_ENGINE_TEMPLATE_PARSER_H

#include "engine/template/lexer.h"
#include "engine/template/node.h"

struct parser {
    struct lexer lexer;
    struct token now, after; /* the token to parse next, and the one behind it */
    unsigned depth;          /* of expressions and blocks inside each other */
    unsigned loops;          /* around the statement, in its macro */
    unsigned uses;           /* MACRO_USES_... of the macro that is being parsed */
    struct error *error;
};

/* Parses the whole template into the lexer's arena. Fails with "NAME:LINE: what". */
MUST_USE bool parse_template(struct parser *parser, struct node **out);

/* ---- for parser.c and parse_expression.c ------------------------------------------------------------------------- */

/* A list of nodes that grows at its end: { &first } to begin with. */
struct nodes {
    struct node **end;
};

static inline void nodes_add(struct nodes *nodes, struct node *node)
{
    *nodes->end = node;
    nodes->end = &node->next;
}

/* "NAME:LINE: what". Returns false. */
bool parse_fail(struct parser *parser, unsigned line, const char *format, ...) PRINTF_LIKE(3, 4);

/* "unexpected ..." about the token now. Returns false. */
bool parse_fail_unexpected(struct parser *parser, const char *wanted);

MUST_USE bool parse_move(struct parser *parser);
bool parse_is_word(const struct token *token, const char *word);

/* Fails unless the token now is of this kind; moves past it. */
MUST_USE bool parse_expect(struct parser *parser, enum token_kind kind, const char *wanted);

/* Moves past the token now if it is this one; *skipped tells. */
MUST_USE bool parse_skip(struct parser *parser, enum token_kind kind, bool *skipped);
MUST_USE bool parse_skip_word(struct parser *parser, const char *word, bool *skipped);

/* A new node of the line of the token now; NULL after failing. */
MUST_USE struct node *parse_node(struct parser *parser, enum node_kind kind);

/* Guards against templates that are nested to exhaust the stack. */
MUST_USE bool parse_enter(struct parser *parser);
void parse_leave(struct parser *parser);

/* An expression; with_condition: "a if b else c" may be one. */
MUST_USE bool parse_expression(struct parser *parser, bool with_condition, struct node **out);

/* One expression, or several with commas between: a tuple. end_word may end it, or is NULL. */
MUST_USE bool parse_tuple(struct parser *parser, bool with_condition, const char *end_word, struct node **out);

/* What may be assigned to: a name, a.name if dotted is true, or names with commas between. */
MUST_USE bool parse_target(struct parser *parser, bool dotted, const char *end_word, struct node **out);

MUST_USE bool parse_name(struct parser *parser, struct span *name);

/* Filters one after the other upon subject (NULL: what a block gives); first_is_here: no "|" before the first. */
MUST_USE bool parse_filters(struct parser *parser, struct node *subject, bool first_is_here, struct node **out);

#endif

/* hcl.c: HCL2, the language of Terraform, OpenTofu, Terragrunt and Packer, into the common tree.
 *
 * Nothing is evaluated. What is a literal, a list or an object becomes a node; what is more (a function's call, a
 * condition, an operator) becomes a list with raw set that holds the literals, lists and objects it is made of, and its
 * source as text; what has none of them (a reference) becomes a text with raw set. So a reader finds the image in
 * jsonencode([{ image = "a/b" }]) without knowing what jsonencode is. A string with ${...} in it is a quoted text with
 * raw set, its source kept as it stands.
 *
 * Source: HCL Native Syntax Specification, github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md. */
#include "audit/tree.h"

#include <string.h>

struct parser {
    struct span text;
    size_t at;
    size_t line;
    unsigned depth;
    bool lines_end; /* a line's end ends the expression: not inside of ( and [ */
    struct arena *arena;
    struct error *error;
};

static bool mistake(struct parser *parser, const char *what)
{
    return error_set(parser->error, "line %zu: %s", parser->line, what);
}

/* One level more; every recursion comes through here, and every label, which makes the tree deeper too. */
static bool enter(struct parser *parser)
{
    return parser->depth++ < MOST_TREE_DEPTH || mistake(parser, "nested too deep");
}

static void leave(struct parser *parser, unsigned depth)
{
    parser->depth = depth;
}

/* The byte that comes after so many others; 0 at the end. */
static unsigned char peek(const struct parser *parser, size_t after)
{
    return span_has(parser->text, parser->at, after + 1) ? parser->text.data[parser->at + after] : 0;
}

static bool at_end(const struct parser *parser)
{
    return parser->at >= parser->text.bytes;
}

static void advance(struct parser *parser, size_t bytes)
{
    for (; bytes > 0 && !at_end(parser); bytes--)
        parser->line += parser->text.data[parser->at++] == '\n';
}

/* To the end of the line, which stays. */
static void skip_line(struct parser *parser)
{
    const unsigned char *rest = parser->text.data + parser->at;
    const size_t left = parser->text.bytes - parser->at;
    const unsigned char *end = left > 0 ? memchr(rest, '\n', left) : NULL;
    parser->at += end ? (size_t)(end - rest) : left;
}

static void skip_comment(struct parser *parser)
{
    advance(parser, 2);
    while (!at_end(parser) && !(peek(parser, 0) == '*' && peek(parser, 1) == '/'))
        advance(parser, 1);
    advance(parser, 2);
}

/* Over blanks and comments, and over lines' ends where they mean nothing. */
static void skip_blanks(struct parser *parser, bool lines_too)
{
    for (; !at_end(parser);) {
        const unsigned char c = peek(parser, 0);
        if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && lines_too))
            advance(parser, 1);
        else if (c == '#' || (c == '/' && peek(parser, 1) == '/'))
            skip_line(parser);
        else if (c == '/' && peek(parser, 1) == '*')
            skip_comment(parser);
        else
            return;
    }
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* All that is not ASCII counts as a letter: nobody is asked here whether Unicode allows it. */
static bool begins_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static struct span take_word(struct parser *parser)
{
    const size_t start = parser->at;
    while (begins_word(peek(parser, 0)) || is_digit(peek(parser, 0)) || peek(parser, 0) == '-')
        parser->at++;
    return span_of(parser->text.data + start, parser->at - start);
}

static struct span take_number(struct parser *parser)
{
    const size_t start = parser->at;
    for (;; parser->at++) {
        const unsigned char c = peek(parser, 0), before = parser->at > start ? parser->text.data[parser->at - 1] : 0;
        const bool sign = (c == '+' || c == '-') && (before == 'e' || before == 'E');
        const bool point = c == '.' && is_digit(peek(parser, 1));
        if (!is_digit(c) && c != 'e' && c != 'E' && !sign && !point)
            return span_of(parser->text.data + start, parser->at - start);
    }
}

/* ---- strings ----------------------------------------------------------------------------------------------------- */

/* A string while it is read. */
struct string {
    struct span source; /* between the quotes */
    bool escapes;       /* it has \ or a doubled sign */
    bool template;      /* it has ${...} or %{...} */
};

static bool skip_string(struct parser *parser, struct string *out);

/* From after "${" or "%{" to after the brace that closes it. */
static bool skip_template(struct parser *parser)
{
    const unsigned depth = parser->depth;
    if (!enter(parser))
        return false;
    for (size_t open = 1; open > 0;) {
        struct string inner;
        const unsigned char c = peek(parser, 0);
        if (at_end(parser))
            return mistake(parser, "a template without an end");
        if (c == '"' && !skip_string(parser, &inner))
            return false;
        if (c == '"')
            continue;
        open += c == '{';
        open -= c == '}';
        advance(parser, 1);
    }
    leave(parser, depth);
    return true;
}

/* Whether a template begins here; out is told of "$${", which begins none. */
static size_t template_mark(const struct parser *parser, struct string *out)
{
    const unsigned char c = peek(parser, 0);
    if (c != '$' && c != '%')
        return 0;
    if (peek(parser, 1) == c && peek(parser, 2) == '{') {
        out->escapes = true;
        return 3;
    }
    out->template |= peek(parser, 1) == '{';
    return peek(parser, 1) == '{' ? 2 : 0;
}

/* From the quote to after the one that closes. */
static bool skip_string(struct parser *parser, struct string *out)
{
    *out = (struct string){ 0 };
    const size_t start = ++parser->at;
    for (;;) {
        const unsigned char c = peek(parser, 0);
        if (at_end(parser) || c == '\n')
            return mistake(parser, "a string without an end");
        if (c == '"')
            break;
        const size_t mark = template_mark(parser, out);
        out->escapes |= c == '\\';
        advance(parser, mark ? mark : c == '\\' && peek(parser, 1) != '\n' ? 2 : 1);
        if (mark == 2 && !skip_template(parser))
            return false;
    }
    out->source = span_of(parser->text.data + start, parser->at - start);
    parser->at++;
    return true;
}

/* The code point of so many hexadecimal digits; UTF8_REPLACEMENT if they are none. */
static uint32_t hex_value(struct span digits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits.bytes; i++) {
        const unsigned char c = digits.data[i];
        const int digit = is_digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0 || value > 0x10FFFF / 16)
            return UTF8_REPLACEMENT;
        value = value * 16 + (uint32_t)digit;
    }
    return value >= 0xD800 && value <= 0xDFFF ? UTF8_REPLACEMENT : value;
}

/* Writes what an escape at the beginning of rest stands for; returns how many bytes the escape takes. */
static size_t unescape_one(struct span rest, char **out)
{
    static const char letters[] = "nrt", meant[] = "\n\r\t";
    const unsigned char kind = rest.bytes > 1 ? rest.data[1] : '\\';
    const size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits > 0 && span_has(rest, 2, digits)) {
        *out += utf8_write(hex_value(span_of(rest.data + 2, digits)), *out);
        return 2 + digits;
    }
    const char *letter = strchr(letters, kind);
    *(*out)++ = letter && *letter ? meant[letter - letters] : (char)kind;
    return size_min(2, rest.bytes);
}

/* What the string means: never longer than its source. */
static bool unescape(struct parser *parser, const struct string *string, struct span *out)
{
    const struct span source = string->source;
    *out = source;
    if (!string->escapes)
        return true;
    char *text = arena_take(parser->arena, source.bytes + 1, 1), *end = text;
    if (!text)
        return error_memory(parser->error, source.bytes);
    for (size_t i = 0; i < source.bytes;) {
        const unsigned char c = source.data[i];
        if (c == '\\') {
            i += unescape_one(span_of(source.data + i, source.bytes - i), &end);
            continue;
        }
        const bool doubled = (c == '$' || c == '%') && span_has(source, i, 3) && source.data[i + 1] == c &&
                             source.data[i + 2] == '{';
        *end++ = (char)c;
        i += doubled ? 2 : 1;
    }
    *out = span_of(text, (size_t)(end - text));
    return true;
}

/* Whether the line at offset is the heredoc's last; *next is where the one after it begins. */
static bool ends_heredoc(const struct parser *parser, size_t offset, struct span marker, size_t *next)
{
    const struct span text = parser->text;
    const unsigned char *end = memchr(text.data + offset, '\n', text.bytes - offset);
    const size_t bytes = end ? (size_t)(end - text.data) - offset : text.bytes - offset;
    *next = offset + bytes + (end ? 1 : 0);
    return span_equal(span_trim(span_of(text.data + offset, bytes)), marker);
}

/* "<<EOT" or "<<-EOT" up to the line's end after the closing mark. Its indentation stays: nobody asks for it. */
static bool take_heredoc(struct parser *parser, struct string *out, size_t *first_line)
{
    parser->at += peek(parser, 2) == '-' ? 3 : 2;
    const struct span marker = take_word(parser);
    if (marker.bytes == 0)
        return mistake(parser, "<< without a mark");
    skip_line(parser);
    const size_t opened = parser->line;
    advance(parser, 1);
    *first_line = parser->line;
    const size_t start = parser->at;
    for (size_t line = start, next; line < parser->text.bytes; line = next) {
        if (!ends_heredoc(parser, line, marker, &next))
            continue;
        advance(parser, line - start);
        skip_line(parser);
        *out = (struct string){ .source = span_of(parser->text.data + start, line - start) };
        out->template = span_find(out->source, "${") < out->source.bytes;
        return true;
    }
    parser->line = opened;
    return mistake(parser, "a text after << without an end");
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */

static bool take_expression(struct parser *parser, struct node *parent, struct span key, size_t line);
static bool take_body(struct parser *parser, struct node *map, bool inside);

static struct node *add(struct parser *parser, struct node *parent, enum node_type type, struct span key, size_t line)
{
    struct node *node = node_add(parser->arena, parent, type, key, line);
    if (!node)
        (void)error_memory(parser->error, sizeof *node);
    else
        node->value_line = (uint32_t)parser->line;
    return node;
}

static bool add_string(struct parser *parser, struct node *parent)
{
    struct string string;
    size_t line = parser->line;
    const bool heredoc = peek(parser, 0) == '<';
    if (!(heredoc ? take_heredoc(parser, &string, &line) : skip_string(parser, &string)))
        return false;
    struct node *node = add(parser, parent, NODE_TEXT, (struct span){ 0 }, line);
    if (!node)
        return false;
    node->value_line = (uint32_t)line;
    node->quoted = true;
    node->raw = string.template;
    return unescape(parser, &string, &node->text);
}

static bool add_literal(struct parser *parser, struct node *parent, struct span text)
{
    struct node *node = add(parser, parent, NODE_TEXT, (struct span){ 0 }, parser->line);
    if (node)
        node->text = text;
    return node != NULL;
}

/* What stands between two brackets and commas, each an item of list: a list's, a call's arguments, an index. */
static bool take_items(struct parser *parser, struct node *list, unsigned char close)
{
    const bool lines_end = parser->lines_end;
    parser->lines_end = false;
    advance(parser, 1);
    for (;;) {
        skip_blanks(parser, true);
        if (at_end(parser))
            return mistake(parser, "a bracket without an end");
        const unsigned char c = peek(parser, 0);
        if (c == close)
            break;
        if (c == ',')
            advance(parser, 1);
        else if (!take_expression(parser, list, (struct span){ 0 }, parser->line))
            return false;
    }
    advance(parser, 1);
    parser->lines_end = lines_end;
    return true;
}

/* A key of an object: a word, a string, a number, or an expression in parentheses, which makes a key without a name. */
static bool take_key(struct parser *parser, struct node *scratch, struct span *key)
{
    struct string string;
    *key = (struct span){ 0 };
    const unsigned char c = peek(parser, 0);
    if (c == '"')
        return skip_string(parser, &string) && unescape(parser, &string, key);
    if (c == '(')
        return take_items(parser, scratch, ')');
    const size_t start = parser->at;
    while (begins_word(peek(parser, 0)) || is_digit(peek(parser, 0)) || peek(parser, 0) == '-' ||
           peek(parser, 0) == '.')
        parser->at++;
    *key = span_of(parser->text.data + start, parser->at - start);
    return key->bytes > 0 || mistake(parser, "a key was expected");
}

static bool take_entry(struct parser *parser, struct node *map)
{
    struct span key;
    struct node scratch = { .type = NODE_LIST };
    const size_t line = parser->line;
    if (!take_key(parser, &scratch, &key))
        return false;
    skip_blanks(parser, false);
    const unsigned char c = peek(parser, 0);
    if (c != '=' && c != ':')
        return mistake(parser, "= was expected");
    advance(parser, c == '=' && peek(parser, 1) == '>' ? 2 : 1);
    return take_expression(parser, map, key, line);
}

static bool take_object(struct parser *parser, struct node *map)
{
    const bool lines_end = parser->lines_end;
    parser->lines_end = true;
    advance(parser, 1);
    for (;;) {
        skip_blanks(parser, true);
        if (at_end(parser))
            return mistake(parser, "a brace without an end");
        const unsigned char c = peek(parser, 0);
        if (c == '}')
            break;
        if (c == ',')
            advance(parser, 1);
        else if (!take_entry(parser, map))
            return false;
    }
    advance(parser, 1);
    parser->lines_end = lines_end;
    return true;
}

/* What an expression consists of, while it is read. */
struct pieces {
    struct node *node; /* holds the operands that are nodes */
    size_t operands;   /* with references, which are none */
    size_t operators;
    bool after_operand; /* a bracket now begins an index or a call */
};

/* The tokens of a for expression, up to the bracket that closes it, which stays. */
static bool take_tokens(struct parser *parser, struct pieces *pieces, bool commas_too);

static bool take_loop(struct parser *parser, struct node *parent, unsigned char close)
{
    const bool lines_end = parser->lines_end;
    parser->lines_end = false;
    advance(parser, 1);
    struct pieces pieces = { .node = parent };
    if (!take_tokens(parser, &pieces, true))
        return false;
    if (peek(parser, 0) != close)
        return mistake(parser, "a for without an end");
    advance(parser, 1);
    parser->lines_end = lines_end;
    return true;
}

/* Whether after the bracket at which the parser stands "for" begins a loop. */
static bool begins_loop(const struct parser *parser)
{
    struct parser ahead = *parser;
    advance(&ahead, 1);
    skip_blanks(&ahead, true);
    if (!span_is(take_word(&ahead), "for"))
        return false;
    const size_t after = ahead.at;
    skip_blanks(&ahead, true);
    return ahead.at > after && begins_word(peek(&ahead, 0));
}

static bool take_bracket(struct parser *parser, struct pieces *pieces)
{
    const unsigned char open = peek(parser, 0), close = open == '[' ? ']' : open == '{' ? '}' : ')';
    const bool inside = pieces->after_operand || open == '('; /* an index, a call, a group: no value of its own */
    const bool loop = open != '(' && !pieces->after_operand && begins_loop(parser);
    pieces->operands++;
    pieces->operators += inside || loop;
    if (loop)
        return take_loop(parser, pieces->node, close);
    if (inside && open != '{')
        return take_items(parser, pieces->node, close);
    struct node *node = add(parser, pieces->node, open == '{' ? NODE_MAP : NODE_LIST, (struct span){ 0 }, parser->line);
    if (!node)
        return false;
    return open == '{' ? take_object(parser, node) : take_items(parser, node, close);
}

/* A word: true, false and null are values, all others lead elsewhere, with what follows them after points. */
static bool take_reference(struct parser *parser, struct pieces *pieces)
{
    const struct span word = take_word(parser);
    pieces->operands++;
    if ((span_is(word, "true") || span_is(word, "false") || span_is(word, "null")) && peek(parser, 0) != '.')
        return add_literal(parser, pieces->node, word);
    pieces->operators++;
    return true;
}

static bool is_operator(unsigned char c)
{
    return c != 0 && strchr("+-*/%!=<>&|?:.", c) != NULL;
}

static bool take_token(struct parser *parser, struct pieces *pieces)
{
    const unsigned char c = peek(parser, 0);
    bool taken = true, operand = true;
    if (c == '"' || (c == '<' && peek(parser, 1) == '<')) {
        pieces->operands++;
        taken = add_string(parser, pieces->node);
    } else if (c == '[' || c == '{' || c == '(') {
        taken = take_bracket(parser, pieces);
    } else if (is_digit(c)) {
        pieces->operands++;
        taken = add_literal(parser, pieces->node, take_number(parser));
    } else if (begins_word(c)) {
        taken = take_reference(parser, pieces);
    } else if (is_operator(c)) {
        pieces->operators++;
        operand = false;
        advance(parser, 1);
    } else {
        taken = mistake(parser, "an unexpected character");
    }
    pieces->after_operand = operand;
    return taken;
}

static bool take_tokens(struct parser *parser, struct pieces *pieces, bool commas_too)
{
    for (;;) {
        skip_blanks(parser, !parser->lines_end);
        const unsigned char c = peek(parser, 0);
        if (at_end(parser) || c == '\n' || c == ']' || c == '}' || c == ')' || (c == ',' && !commas_too))
            return true;
        if (c == ',') {
            pieces->after_operand = false;
            advance(parser, 1);
        } else if (!take_token(parser, pieces)) {
            return false;
        }
    }
}

/* A single literal, list or object is the value itself; all else stays a list of what it is made of. */
static void settle(struct pieces *pieces, struct span source)
{
    struct node *node = pieces->node;
    const struct node *only = node->first;
    if (pieces->operands == 1 && pieces->operators == 0 && only && !only->next) {
        node_become(node, only);
        return;
    }
    node->type = only ? NODE_LIST : NODE_TEXT;
    node->text = span_trim(source);
    node->raw = true;
}

static bool take_expression(struct parser *parser, struct node *parent, struct span key, size_t line)
{
    const unsigned depth = parser->depth;
    if (!enter(parser))
        return false;
    skip_blanks(parser, !parser->lines_end);
    const size_t start = parser->at;
    struct pieces pieces = { .node = add(parser, parent, NODE_LIST, key, line) };
    if (!pieces.node || !take_tokens(parser, &pieces, false))
        return false;
    if (parser->at == start)
        return mistake(parser, "a value was expected");
    settle(&pieces, span_of(parser->text.data + start, parser->at - start));
    leave(parser, depth);
    return true;
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

/* A block's labels and body; map is the one of its first word. */
static bool take_block(struct parser *parser, struct node *map)
{
    const unsigned depth = parser->depth;
    for (;;) {
        skip_blanks(parser, false);
        const unsigned char c = peek(parser, 0);
        struct string string;
        struct span label = { 0 };
        if (!enter(parser))
            return false;
        if (c == '{')
            break;
        if (c == '"' && !(skip_string(parser, &string) && unescape(parser, &string, &label)))
            return false;
        if (c != '"' && !begins_word(c))
            return mistake(parser, "= or { was expected");
        if (c != '"')
            label = take_word(parser);
        if (!(map = add(parser, map, NODE_MAP, label, parser->line)))
            return false;
    }
    advance(parser, 1);
    const bool taken = take_body(parser, map, true);
    leave(parser, depth);
    return taken;
}

static bool take_statement(struct parser *parser, struct node *map)
{
    const size_t line = parser->line;
    struct span key;
    struct node scratch = { .type = NODE_LIST };
    if (!take_key(parser, &scratch, &key))
        return false;
    skip_blanks(parser, false);
    if (peek(parser, 0) == '=' && peek(parser, 1) != '=') {
        advance(parser, 1);
        return take_expression(parser, map, key, line);
    }
    struct node *block = add(parser, map, NODE_MAP, key, line);
    return block && take_block(parser, block);
}

/* Statements up to the brace that closes (inside) or the end. */
static bool take_body(struct parser *parser, struct node *map, bool inside)
{
    const bool lines_end = parser->lines_end;
    parser->lines_end = true;
    for (;;) {
        skip_blanks(parser, true);
        if (at_end(parser) || (inside && peek(parser, 0) == '}'))
            break;
        if (peek(parser, 0) == ',') /* HCL1, and blocks in one line */
            advance(parser, 1);
        else if (!take_statement(parser, map))
            return false;
    }
    if (inside && at_end(parser))
        return mistake(parser, "a brace without an end");
    advance(parser, inside);
    parser->lines_end = lines_end;
    return true;
}

bool hcl_parse(struct span text, struct arena *arena, struct node **out, struct error *error)
{
    struct parser parser = { .text = text, .line = 1, .arena = arena, .error = error };
    *out = node_add(arena, NULL, NODE_MAP, (struct span){ 0 }, 1);
    return *out ? take_body(&parser, *out, false) : error_memory(error, sizeof **out);
}

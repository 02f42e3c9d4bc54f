/* lexer.c: see lexer.h. Each way in which a text may begin is tried in turn at the place where the lexer is; a text
 * whose end isn't found on its line is no text but an apostrophe (JSX, prose), and the lexer goes on behind it. What
 * is looked for ahead is looked for once: where an end is missing, the rest of the text is not searched again. */
#include "audit/code/lexer.h"

#include <ctype.h>
#include <string.h>

enum {
    LONGEST_CHAR = 12,
    LONGEST_TAG = 64,
    MOST_HASHES = 16,
    MOST_NESTED = 200,
    MOST_TEXT_BYTES = 64 << 10,
    LONGEST_REGEX = 1000,
    MOST_FAILURES = 1000,
    FEW_BYTES = 256
};

void code_open(struct lexer *lexer, const struct language *language, struct span text, size_t first_line)
{
    *lexer = (struct lexer){ .language = language, .text = text, .line = first_line, .fresh = true };
}

static bool has(const struct lexer *lexer, unsigned feature)
{
    return (lexer->language->features & feature) != 0;
}

static unsigned char byte_at(const struct lexer *lexer, size_t at)
{
    return at < lexer->text.bytes ? lexer->text.data[at] : '\0';
}

static bool stands_at(const struct lexer *lexer, size_t at, const char *text)
{
    return span_begins(span_from(lexer->text, at), text);
}

/* Goes to the offset, counting lines. */
static void go_to(struct lexer *lexer, size_t to)
{
    to = size_min(to, lexer->text.bytes);
    for (; lexer->at < to; lexer->at++)
        lexer->line += lexer->text.data[lexer->at] == '\n';
}

static size_t line_end(const struct lexer *lexer, size_t from)
{
    const struct span rest = span_from(lexer->text, from);
    const unsigned char *end = rest.bytes ? memchr(rest.data, '\n', rest.bytes) : NULL;
    return end ? (size_t)(end - lexer->text.data) : lexer->text.bytes;
}

static bool is_name_byte(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

/* ---- comments ---------------------------------------------------------------------------------------------------- */

static size_t block_comment_end(const struct lexer *lexer, size_t at)
{
    const struct language *language = lexer->language;
    const size_t open = strlen(language->block_open), close = strlen(language->block_close);
    size_t depth = 1;
    for (at += open; at < lexer->text.bytes && depth > 0;) {
        if (stands_at(lexer, at, language->block_close)) {
            depth--;
            at += close;
        } else if (language->nested && stands_at(lexer, at, language->block_open)) {
            depth++;
            at += open;
        } else {
            at++;
        }
    }
    return at;
}

/* "=begin" to "=end", "=pod" to "=cut"; at is the beginning of a line. */
static size_t pod_end(const struct lexer *lexer, size_t at)
{
    const char *end = stands_at(lexer, at, "=begin") && lexer->language->quotes[2] ? "=end" : "=cut";
    while (at < lexer->text.bytes) {
        const size_t next = line_end(lexer, at) + 1;
        if (stands_at(lexer, at, end))
            return next;
        at = next;
    }
    return at;
}

/* How many '=' stand between the brackets of Lua's "[==["; false if it is none. */
static bool lua_bracket(const struct lexer *lexer, size_t at, size_t *equals)
{
    *equals = 0;
    if (byte_at(lexer, at) != '[')
        return false;
    while (byte_at(lexer, at + 1 + *equals) == '=' && *equals < MOST_HASHES)
        ++*equals;
    return byte_at(lexer, at + 1 + *equals) == '[';
}

static size_t find_from(const struct lexer *lexer, size_t at, const char *text)
{
    if (lexer->failures > MOST_FAILURES)
        return lexer->text.bytes;
    return size_min(at, lexer->text.bytes) + span_find(span_from(lexer->text, at), text);
}

/* Offset behind "]==]". */
static size_t lua_end(const struct lexer *lexer, size_t at, size_t equals)
{
    char end[MOST_HASHES + 3] = "]";
    memset(end + 1, '=', equals);
    end[equals + 1] = ']';
    end[equals + 2] = '\0';
    return find_from(lexer, at, end) + equals + 2;
}

static bool line_comment_here(const struct lexer *lexer)
{
    const unsigned char before = lexer->at > 0 ? byte_at(lexer, lexer->at - 1) : '\n';
    for (size_t i = 0; i < LENGTH(lexer->language->line_comments); i++) {
        const char *mark = lexer->language->line_comments[i];
        if (!mark || !stands_at(lexer, lexer->at, mark))
            continue;
        if (has(lexer, LEXER_PHP_TAGS) && stands_at(lexer, lexer->at, "#["))
            continue; /* an attribute */
        if (!has(lexer, LEXER_HASH_WORD) || isspace(before) || strchr(";(){}", before))
            return true;
    }
    return false;
}

static bool at_line_start(const struct lexer *lexer)
{
    return lexer->at == 0 || lexer->text.data[lexer->at - 1] == '\n';
}

/* Where the comment that begins here ends; 0 if none does. */
static size_t comment_end(const struct lexer *lexer)
{
    size_t equals;
    if (lexer->language->block_open && stands_at(lexer, lexer->at, lexer->language->block_open))
        return block_comment_end(lexer, lexer->at);
    if (has(lexer, LEXER_LUA) && stands_at(lexer, lexer->at, "--[") && lua_bracket(lexer, lexer->at + 2, &equals))
        return lua_end(lexer, lexer->at, equals);
    if (has(lexer, LEXER_POD) && at_line_start(lexer) && byte_at(lexer, lexer->at) == '=' &&
        isalpha(byte_at(lexer, lexer->at + 1)))
        return pod_end(lexer, lexer->at);
    if (!line_comment_here(lexer))
        return 0;
    const size_t end = line_end(lexer, lexer->at);
    const struct span line = span_part(lexer->text, lexer->at, end - lexer->at);
    const size_t tag = has(lexer, LEXER_PHP_TAGS) ? span_find(line, "?>") : line.bytes;
    return size_max(lexer->at + tag, lexer->at + 1);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* Each function says where the text begins and ends, and the offset behind it; false if none is here. */

struct extent {
    size_t begin, end, after;
};

static bool found(struct extent *out, size_t begin, size_t end, size_t after)
{
    *out = (struct extent){ begin, end, after };
    return true;
}

/* How far to look for a text's end. Where it was often looked for in vain, the file is no program but a trap. */
static size_t most_ahead(const struct lexer *lexer)
{
    return lexer->failures > MOST_FAILURES ? FEW_BYTES : MOST_TEXT_BYTES;
}

/* Where the quote at the end stands; over line ends only if they may. Text of hostile length is none. */
static bool quote_end(const struct lexer *lexer, size_t at, unsigned char quote, bool lines, size_t *end)
{
    const bool escapes = !(quote == '\'' && has(lexer, LEXER_RAW_SINGLE));
    const size_t most = size_min(lexer->text.bytes, at + most_ahead(lexer));
    for (; at < most; at++) {
        const unsigned char c = lexer->text.data[at];
        if (c == quote) {
            *end = at;
            return true;
        }
        if (c == '\\' && escapes)
            at++;
        else if (c == '\n' && !lines)
            return false;
    }
    return false;
}

/* """text""" or three apostrophes */
static bool triple_text(const struct lexer *lexer, unsigned char quote, struct extent *out)
{
    const char marks[4] = { (char)quote, (char)quote, (char)quote, '\0' };
    if (!has(lexer, LEXER_TRIPLE) || !stands_at(lexer, lexer->at, marks))
        return false;
    size_t end = find_from(lexer, lexer->at + 3, marks);
    while (end > lexer->at + 3 && byte_at(lexer, end - 1) == '\\' && end < lexer->text.bytes)
        end = find_from(lexer, end + 1, marks);
    return found(out, lexer->at + 3, end, end + 3);
}

/* `a ${ b(`c`) } d`: the braces nest, and templates in them. */
static bool template_text(const struct lexer *lexer, struct extent *out)
{
    unsigned char open[MOST_NESTED]; /* '`' or '{', what is open */
    size_t depth = 1, at = lexer->at + 1;
    open[0] = '`';
    const size_t most = size_min(lexer->text.bytes, at + most_ahead(lexer));
    for (; at < most && depth > 0 && depth < MOST_NESTED; at++) {
        const unsigned char c = lexer->text.data[at];
        const bool inside = open[depth - 1] == '`';
        if (c == '\\')
            at++;
        else if (c == '`' && inside)
            depth--;
        else if (c == '`' || (c == '{' && (!inside || lexer->text.data[at - 1] == '$')))
            open[depth++] = c;
        else if (c == '}' && !inside)
            depth--;
    }
    return depth == 0 && found(out, lexer->at + 1, at - 1, at);
}

/* r"..", r#".."#, br#".."#: as many '#' behind as before. Swift has no r. */
static bool hashed_text(const struct lexer *lexer, size_t at, struct extent *out)
{
    size_t hashes = 0;
    while (byte_at(lexer, at + hashes) == '#' && hashes < MOST_HASHES)
        hashes++;
    char end[MOST_HASHES + 2] = "\"";
    memset(end + 1, '#', hashes);
    end[hashes + 1] = '\0';
    if (byte_at(lexer, at + hashes) != '"')
        return false;
    const size_t begin = at + hashes + 1, close = find_from(lexer, begin, end);
    return close < lexer->text.bytes && found(out, begin, close, close + hashes + 1);
}

/* R"tag(raw)tag" */
static bool cpp_text(const struct lexer *lexer, struct extent *out)
{
    char end[LONGEST_TAG] = ")";
    size_t tag = 0;
    while (tag < 16 && !strchr("()\\ \n\"", byte_at(lexer, lexer->at + 2 + tag)))
        tag++;
    if (byte_at(lexer, lexer->at + 2 + tag) != '(')
        return false;
    memcpy(end + 1, lexer->text.data + lexer->at + 2, tag);
    memcpy(end + 1 + tag, "\"", 2);
    const size_t begin = lexer->at + 3 + tag, close = find_from(lexer, begin, end);
    return close < lexer->text.bytes && found(out, begin, close, close + tag + 2);
}

/* @"C:\a ""b""": no escapes but a doubled quote. */
static bool verbatim_text(const struct lexer *lexer, size_t quote, struct extent *out)
{
    for (size_t at = quote + 1; at < lexer->text.bytes; at++)
        if (lexer->text.data[at] == '"') {
            if (byte_at(lexer, at + 1) != '"')
                return found(out, quote + 1, at, at + 1);
            at++;
        }
    return false;
}

/* %w[a b], %q(c): brackets of the same kind nest. */
static bool percent_text(const struct lexer *lexer, struct extent *out)
{
    static const char opens[] = "([{<|!/", closes[] = ")]}>|!/";
    const size_t kind = strchr("wWqQiI", byte_at(lexer, lexer->at + 1)) && byte_at(lexer, lexer->at + 1) ? 1 : 0;
    const unsigned char open = byte_at(lexer, lexer->at + 1 + kind);
    const char *which = open ? strchr(opens, open) : NULL;
    const bool value = lexer->last.type == TOKEN_MARK && !strchr(")]}", lexer->last.text.data[0]);
    if (!which || (kind == 0 && (!value || open == '/' || open == '<')))
        return false;
    const unsigned char close = (unsigned char)closes[which - opens];
    const size_t begin = lexer->at + 2 + kind, most = size_min(lexer->text.bytes, begin + most_ahead(lexer));
    size_t depth = 1, at = begin;
    for (; at < most && depth > 0; at++) {
        if (lexer->text.data[at] == '\\')
            at++;
        else if (lexer->text.data[at] == close)
            depth--;
        else if (lexer->text.data[at] == open)
            depth++;
    }
    return depth == 0 && found(out, begin, at - 1, at);
}

/* Whether a value may begin here, and no operator: then a '/' begins a regular expression. */
static bool value_may_begin(const struct lexer *lexer)
{
    static const char *const words[] = { "return", "typeof", "case", "in",    "of",     "and",  "or",   "not",  "if",
                                         "unless", "when",   "then", "yield", "delete", "void", "else", "while" };
    if (lexer->last.type == TOKEN_END)
        return true;
    if (lexer->last.type == TOKEN_MARK)
        return !strchr(")]}", lexer->last.text.data[0]);
    for (size_t i = 0; i < LENGTH(words); i++)
        if (lexer->last.type == TOKEN_NAME && span_is(lexer->last.text, words[i]))
            return true;
    return false;
}

/* Offset behind the regular expression that begins here; 0 if none does. In JSX "</b>" is none. */
static size_t regex_end(const struct lexer *lexer)
{
    const bool tag = lexer->last.type == TOKEN_MARK && lexer->last.text.data[0] == '<';
    bool set = false;
    if (!value_may_begin(lexer) || tag || byte_at(lexer, lexer->at + 1) == '>')
        return 0;
    const size_t most = size_min(lexer->text.bytes, lexer->at + size_min(LONGEST_REGEX, most_ahead(lexer)));
    for (size_t at = lexer->at + 1; at < most; at++) {
        const unsigned char c = lexer->text.data[at];
        if (c == '\n')
            return 0;
        if (c == '\\')
            at++;
        else if (c == '[' || c == ']')
            set = c == '[';
        else if (c == '/' && !set)
            return at + 1;
    }
    return 0;
}

/* ---- heredocs ---------------------------------------------------------------------------------------------------- */

/* "<<~EOF", "<<-'EOF'", "<<<EOF": remembers the line that ends it; its text begins after this line. */
static bool note_heredoc(struct lexer *lexer)
{
    const bool php = has(lexer, LEXER_HEREDOC_PHP);
    size_t at = lexer->at + (php ? 3 : 2);
    if (!stands_at(lexer, lexer->at, php ? "<<<" : "<<") || (!php && byte_at(lexer, at) == '<'))
        return false;
    while (strchr("-~ \t", byte_at(lexer, at)) && byte_at(lexer, at) && at < lexer->at + 8)
        at++;
    const unsigned char quote = byte_at(lexer, at) == '"' || byte_at(lexer, at) == '\'' ? byte_at(lexer, at) : '\0';
    at += quote != '\0';
    size_t length = 0;
    while (is_name_byte(byte_at(lexer, at + length)) && length < LONGEST_TAG)
        length++;
    const bool word = length > 0 && (isupper(byte_at(lexer, at)) || quote || byte_at(lexer, at) == '_');
    if (!word || lexer->heredoc_count == MOST_HEREDOCS)
        return false;
    lexer->heredocs[lexer->heredoc_count++] = (struct heredoc){ span_part(lexer->text, at, length) };
    lexer->at = at + length + (quote && byte_at(lexer, at + length) == quote);
    return true;
}

static bool ends_heredoc(struct span line, struct span tag)
{
    line = span_trim(line);
    return span_begins(line, "") && line.bytes >= tag.bytes && memcmp(line.data, tag.data, tag.bytes) == 0 &&
           (line.bytes == tag.bytes || !is_name_byte(line.data[tag.bytes]));
}

/* The text of the first heredoc that waits, as a token; the lexer stands at the beginning of its first line. */
static struct token heredoc_text(struct lexer *lexer)
{
    const struct span tag = lexer->heredocs[0].end;
    const size_t begin = lexer->at, first_line = lexer->line;
    lexer->heredoc_count--;
    memmove(lexer->heredocs, lexer->heredocs + 1, lexer->heredoc_count * sizeof *lexer->heredocs);
    size_t at = begin;
    while (at < lexer->text.bytes) {
        const size_t end = line_end(lexer, at);
        if (ends_heredoc(span_part(lexer->text, at, end - at), tag))
            break;
        at = end + 1;
    }
    at = size_min(at, lexer->text.bytes);
    go_to(lexer, at);
    const struct token text = { TOKEN_TEXT, span_part(lexer->text, begin, at - begin), first_line, true, false };
    go_to(lexer, at + tag.bytes);
    return text;
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

static bool char_literal(const struct lexer *lexer, struct extent *out)
{
    size_t end = lexer->at + 1;
    const bool escaped = byte_at(lexer, end) == '\\';
    end += escaped ? 2 : 0;
    while (end < lexer->at + (escaped ? LONGEST_CHAR : 6) && !strchr("'\n", byte_at(lexer, end)))
        end++;
    return byte_at(lexer, end) == '\'' && found(out, lexer->at + 1, end, end + 1);
}

/* Texts that begin with letters or signs before their quote. */
static bool prefixed_text(const struct lexer *lexer, struct extent *out)
{
    const unsigned char c = byte_at(lexer, lexer->at), next = byte_at(lexer, lexer->at + 1);
    if (has(lexer, LEXER_RAW_RUST) && c == 'r' && (next == '"' || next == '#'))
        return hashed_text(lexer, lexer->at + 1, out);
    if (has(lexer, LEXER_RAW_SWIFT) && c == '#' && (next == '"' || next == '#'))
        return hashed_text(lexer, lexer->at, out);
    if (has(lexer, LEXER_RAW_CPP) && c == 'R' && next == '"')
        return cpp_text(lexer, out);
    if (has(lexer, LEXER_VERBATIM) && (c == '@' || c == '$') && (next == '"' || next == '@' || next == '$')) {
        const size_t quote = lexer->at + 1 + (next != '"');
        const bool verbatim = c == '@' || next == '@';
        return byte_at(lexer, quote) == '"' && byte_at(lexer, quote + 1) != '"' && verbatim &&
               verbatim_text(lexer, quote, out);
    }
    return has(lexer, LEXER_PERCENT) && c == '%' && percent_text(lexer, out);
}

static bool quoted_text(const struct lexer *lexer, struct extent *out)
{
    const unsigned char c = byte_at(lexer, lexer->at);
    size_t equals, end;
    if (c == '`' && has(lexer, LEXER_TEMPLATES))
        return template_text(lexer, out);
    if (c == '`' && has(lexer, LEXER_RAW_BACKTICK)) {
        end = find_from(lexer, lexer->at + 1, "`");
        return end < lexer->text.bytes && found(out, lexer->at + 1, end, end + 1);
    }
    if (c == '[' && has(lexer, LEXER_LUA) && lua_bracket(lexer, lexer->at, &equals)) {
        const size_t after = lua_end(lexer, lexer->at, equals);
        return found(out, lexer->at + equals + 2, size_max(after - equals - 2, lexer->at + equals + 2), after);
    }
    if (c == '\'' && has(lexer, LEXER_CHARS))
        return char_literal(lexer, out);
    if (c == '\0' || !strchr(lexer->language->quotes, c))
        return false;
    if (triple_text(lexer, c, out))
        return true;
    const bool lines = has(lexer, LEXER_OVER_LINES);
    return quote_end(lexer, lexer->at + 1, c, lines, &end) && found(out, lexer->at + 1, end, end + 1);
}

static bool text_here(const struct lexer *lexer, struct extent *out)
{
    return prefixed_text(lexer, out) || quoted_text(lexer, out);
}

/* Passes blanks and comments. */
static void pass_silence(struct lexer *lexer, bool *blank)
{
    while (lexer->at < lexer->text.bytes) {
        const unsigned char c = lexer->text.data[lexer->at];
        const size_t comment = isspace(c) ? lexer->at + 1 : comment_end(lexer);
        if (comment == 0)
            return;
        *blank = true;
        lexer->fresh |= c == '\n';
        go_to(lexer, comment);
        if (c == '\n' && lexer->heredoc_count > 0)
            return;
    }
}

/* Whether the text is a statement by itself, or the text of @doc. */
static bool is_documentation(const struct lexer *lexer, const struct token *text)
{
    static const char *const names[] = { "doc", "moduledoc", "typedoc", "shortdoc" };
    for (size_t i = 0; has(lexer, LEXER_DOC_NAMES) && i < LENGTH(names); i++)
        if (lexer->last.type == TOKEN_NAME && span_is(lexer->last.text, names[i]))
            return true;
    if (!has(lexer, LEXER_DOCSTRINGS) || !text->first || lexer->depth > 0)
        return false;
    size_t at = lexer->at;
    while (byte_at(lexer, at) == ' ' || byte_at(lexer, at) == '\t' || byte_at(lexer, at) == '\r')
        at++;
    return at >= lexer->text.bytes || strchr("\n#;", byte_at(lexer, at));
}

static struct token name_here(struct lexer *lexer)
{
    const size_t begin = lexer->at;
    while (is_name_byte(byte_at(lexer, lexer->at)))
        lexer->at++;
    return (struct token){ .type = TOKEN_NAME, .text = span_part(lexer->text, begin, lexer->at - begin) };
}

static struct token mark_here(struct lexer *lexer)
{
    const unsigned char c = lexer->text.data[lexer->at];
    if (strchr("([{", c))
        lexer->depth++;
    else if (strchr(")]}", c) && lexer->depth > 0)
        lexer->depth--;
    lexer->at++;
    return (struct token){ .type = TOKEN_MARK, .text = span_part(lexer->text, lexer->at - 1, 1) };
}

static bool pass_regex(struct lexer *lexer)
{
    const size_t end = has(lexer, LEXER_REGEX) && byte_at(lexer, lexer->at) == '/' ? regex_end(lexer) : 0;
    go_to(lexer, end);
    return end > 0;
}

/* A prefix of letters that belongs to a text: Python's f"", rb'', Rust's b"". It is left out. */
static bool pass_prefix(struct lexer *lexer)
{
    size_t letters = 0;
    while (letters < 3 && isalpha(byte_at(lexer, lexer->at + letters)))
        letters++;
    const unsigned char quote = byte_at(lexer, lexer->at + letters);
    if (letters == 0 || letters > 2 || (quote != '"' && quote != '\'') || has(lexer, LEXER_CHARS | LEXER_HEREDOC))
        return false;
    lexer->at += letters;
    return true;
}

/* Whether it was worth a search to find that no text begins here. */
static bool failed_text(const struct lexer *lexer, unsigned char c, unsigned char next)
{
    switch (c) {
    case '"':
    case '`':
        return true;
    case '\'':
        return !has(lexer, LEXER_CHARS);
    case '[':
        return next == '[' || next == '=';
    case '%':
        return has(lexer, LEXER_PERCENT) && isalpha(next);
    case 'r':
    case 'R':
        return next == '"' || next == '#';
    default:
        return false;
    }
}

static struct token token_here(struct lexer *lexer)
{
    struct extent extent;
    if (has(lexer, LEXER_HEREDOC | LEXER_HEREDOC_PHP) && byte_at(lexer, lexer->at) == '<' && note_heredoc(lexer))
        return (struct token){ .type = TOKEN_MARK, .text = span_part(lexer->text, lexer->at - 1, 1) };
    if (text_here(lexer, &extent) || (pass_prefix(lexer) && text_here(lexer, &extent))) {
        const size_t line = lexer->line;
        go_to(lexer, extent.after);
        return (struct token){ TOKEN_TEXT, span_part(lexer->text, extent.begin, extent.end - extent.begin), line, 0,
                               0 };
    }
    const unsigned char c = byte_at(lexer, lexer->at), next = byte_at(lexer, lexer->at + 1);
    const bool name = is_name_byte(c);
    lexer->failures += failed_text(lexer, c, next);
    if (name)
        return name_here(lexer);
    return mark_here(lexer);
}

struct token code_next(struct lexer *lexer)
{
    bool blank = false;
    while (true) {
        pass_silence(lexer, &blank);
        if (lexer->heredoc_count > 0 && at_line_start(lexer) && lexer->at > 0) {
            lexer->last = heredoc_text(lexer);
            return lexer->last;
        }
        if (lexer->at >= lexer->text.bytes)
            return (struct token){ .type = TOKEN_END, .line = lexer->line };
        if (pass_regex(lexer)) {
            lexer->last = (struct token){ .type = TOKEN_NAME };
            continue;
        }
        const bool first = lexer->fresh;
        const size_t line = lexer->line;
        struct token token = token_here(lexer);
        token.line = line;
        token.first = first;
        token.glued = !blank;
        const bool silent = token.type == TOKEN_TEXT && is_documentation(lexer, &token);
        lexer->fresh = false;
        lexer->last = token;
        if (!silent)
            return token;
    }
}

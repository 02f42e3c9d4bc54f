/* tokens.c: manifests that are programs as words, strings and marks. What a language has beyond that (heredocs, regular
 * expressions) does not occur where packages are named. */
#include "audit/readers/tokens.h"

#include <ctype.h>
#include <string.h>

#include "audit/tree.h"

static bool at_text(const struct tokens *tokens, const char *text)
{
    const size_t bytes = strlen(text);
    return span_has(tokens->text, tokens->at, bytes) && memcmp(tokens->text.data + tokens->at, text, bytes) == 0;
}

/* Goes on to the offset, counting lines. */
static void go_to(struct tokens *tokens, size_t offset)
{
    for (; tokens->at < offset && tokens->at < tokens->text.bytes; tokens->at++)
        tokens->line += tokens->text.data[tokens->at] == '\n';
}

static size_t end_of(const struct tokens *tokens, const char *closing, size_t after)
{
    const size_t from = tokens->at + after;
    return from + span_find(span_from(tokens->text, size_min(from, tokens->text.bytes)), closing);
}

static void pass_space(struct tokens *tokens)
{
    const bool slashes = tokens->comment[0] == '/';
    while (tokens->at < tokens->text.bytes) {
        if (isspace(tokens->text.data[tokens->at]))
            go_to(tokens, tokens->at + 1);
        else if (at_text(tokens, tokens->comment))
            go_to(tokens, end_of(tokens, "\n", 0));
        else if (slashes && at_text(tokens, "/*"))
            go_to(tokens, end_of(tokens, "*/", 2) + 2);
        else
            return;
    }
}

static bool is_word(unsigned char byte)
{
    return isalnum(byte) || byte == '_' || byte >= 0x80;
}

static void read_string(struct tokens *tokens, struct token *token)
{
    const struct span text = tokens->text;
    const char quote[] = { (char)text.data[tokens->at], '\0' };
    const char long_quote[] = { quote[0], quote[0], quote[0], '\0' };
    token->type = TOKEN_STRING;
    if (at_text(tokens, long_quote)) {
        const size_t end = end_of(tokens, long_quote, 3);
        token->text = span_part(text, tokens->at + 3, end - tokens->at - 3);
        go_to(tokens, end + 3);
        return;
    }
    size_t end = tokens->at + 1;
    while (end < text.bytes && text.data[end] != (unsigned char)quote[0] && text.data[end] != '\n')
        end += text.data[end] == '\\' ? 2 : 1;
    end = size_min(end, text.bytes);
    token->text = span_part(text, tokens->at + 1, end - tokens->at - 1);
    go_to(tokens, end + 1);
}

bool next_token(struct tokens *tokens, struct token *token)
{
    if (tokens->line == 0)
        tokens->line = 1;
    pass_space(tokens);
    if (tokens->at >= tokens->text.bytes)
        return false;
    const unsigned char byte = tokens->text.data[tokens->at];
    *token =
        (struct token){ .type = TOKEN_MARK, .line = tokens->line, .begins_line = tokens->line != tokens->last_line };
    tokens->last_line = tokens->line;
    if (byte == '"' || byte == '\'') {
        read_string(tokens, token);
        return true;
    }
    size_t end = tokens->at + 1;
    if (is_word(byte)) {
        token->type = TOKEN_WORD;
        while (end < tokens->text.bytes && is_word(tokens->text.data[end]))
            end++;
    }
    token->text = span_part(tokens->text, tokens->at, end - tokens->at);
    go_to(tokens, end);
    return true;
}

bool token_is_word(const struct token *token, const char *word)
{
    return token->type == TOKEN_WORD && span_is(token->text, word);
}

bool token_is_mark(const struct token *token, char mark)
{
    return token->type == TOKEN_MARK && token->text.data[0] == (unsigned char)mark;
}

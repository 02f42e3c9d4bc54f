/* tokens.h: manifests that are programs (Gradle, Gemfile, mix.exs, Jenkinsfile) as words, strings and marks. Private to
 * the readers. */
#ifndef BASTIDE_AUDIT_READERS_TOKENS_H
#define BASTIDE_AUDIT_READERS_TOKENS_H

#include "base/base.h"

struct token {
    enum { TOKEN_WORD, TOKEN_STRING, TOKEN_MARK } type;
    struct span text; /* of a string what is between its quotes; a mark is one byte */
    size_t line;
    bool begins_line; /* the first in its line */
};

/* Zero-initialised but for the text and what begins a comment: "//" (then also slash and star), or "#". */
struct tokens {
    struct span text;
    const char *comment;
    size_t at, line, last_line;
};

/* The next one; false at the end. Comments are passed over. */
bool next_token(struct tokens *tokens, struct token *token);

bool token_is_word(const struct token *token, const char *word);
bool token_is_mark(const struct token *token, char mark);

#endif

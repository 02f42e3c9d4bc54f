/* lexer.h: a template's text to tokens. */
#ifndef BASTIDE_ENGINE_TEMPLATE_LEXER_H
#define BASTIDE_ENGINE_TEMPLATE_LEXER_H

#include "base/base.h"

enum token_kind {
    TOKEN_END,
    TOKEN_TEXT,           /* between the tags; text is what is left after white space control */
    TOKEN_VARIABLE_BEGIN, /* {{ */
    TOKEN_VARIABLE_END,   /* }} */
    TOKEN_BLOCK_BEGIN,    /* {% */
    TOKEN_BLOCK_END,      /* %} */
    TOKEN_NAME,
    TOKEN_STRING, /* text is what the literal stands for */
    TOKEN_INTEGER,
    TOKEN_REAL,
    TOKEN_ADD,
    TOKEN_SUBTRACT,
    TOKEN_MULTIPLY,
    TOKEN_DIVIDE,
    TOKEN_DIVIDE_WHOLE,
    TOKEN_MODULO,
    TOKEN_POWER,
    TOKEN_JOIN, /* ~ */
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
    TOKEN_ASSIGN,
    TOKEN_DOT,
    TOKEN_COMMA,
    TOKEN_COLON,
    TOKEN_SEMICOLON,
    TOKEN_PIPE,
    TOKEN_PARENTHESIS_OPEN,
    TOKEN_PARENTHESIS_CLOSE,
    TOKEN_BRACKET_OPEN,
    TOKEN_BRACKET_CLOSE,
    TOKEN_BRACE_OPEN,
    TOKEN_BRACE_CLOSE,
};

struct token {
    enum token_kind kind;
    unsigned line;
    struct span text; /* as written; of a string, as meant */
    int64_t integer;
    double real;
};

enum { MOST_BRACKETS_OPEN = 200 };

struct lexer {
    struct span source; /* valid UTF-8, lines end with \n */
    size_t at;
    unsigned line;
    enum lexer_mode { IN_TEXT, IN_VARIABLE, IN_BLOCK } mode;
    char closers[MOST_BRACKETS_OPEN]; /* of the brackets that are open in this tag */
    unsigned open;
    const char *name;    /* of the template, for messages */
    struct arena *arena; /* where strings go */
};

/* Reads the next token; at the end, and again after it, TOKEN_END. Fails with "NAME:LINE: what". */
MUST_USE bool lexer_next(struct lexer *lexer, struct token *out, struct error *error);

#endif

/* lexer.h: programs as names, texts and marks, in any of the common languages. It knows of a language only where its
 * comments and texts begin and end, which is what matters here: an address in a comment is nobody's dependency. */
#ifndef BASTIDE_AUDIT_CODE_LEXER_H
#define BASTIDE_AUDIT_CODE_LEXER_H

#include "audit/tree.h"

/* What has no entry in a table of delimiters. */
enum lexer_feature {
    LEXER_TEMPLATES = 1 << 0,    /* `a ${b} c`; its texts are given whole, what stands in the braces is in them */
    LEXER_RAW_BACKTICK = 1 << 1, /* `raw`, Go */
    LEXER_REGEX = 1 << 2,        /* /a"b/ where a value may begin */
    LEXER_HEREDOC = 1 << 3,      /* <<EOF, <<-EOF, <<~EOF */
    LEXER_HEREDOC_PHP = 1 << 4,  /* <<<EOF */
    LEXER_RAW_RUST = 1 << 5,     /* r#"raw"# */
    LEXER_RAW_CPP = 1 << 6,      /* R"x(raw)x" */
    LEXER_VERBATIM = 1 << 7,     /* @"raw ""quoted""", C# */
    LEXER_RAW_SWIFT = 1 << 8,    /* #"raw"# */
    LEXER_PERCENT = 1 << 9,      /* %w[a b], %q(c) */
    LEXER_LUA = 1 << 10,         /* [==[ raw ]==], --[[ comment ]] */
    LEXER_POD = 1 << 11,         /* =begin ... =end, =pod ... =cut at the beginning of lines */
    LEXER_DOCSTRINGS = 1 << 12,  /* a text that is a statement by itself is a comment */
    LEXER_DOC_NAMES = 1 << 13,   /* so is the text after @doc, @moduledoc, @typedoc */
    LEXER_OVER_LINES = 1 << 14,  /* any text may go on over line ends */
    LEXER_CHARS = 1 << 15,       /* 'x' is one character; any other apostrophe stands by itself */
    LEXER_TRIPLE = 1 << 16,      /* three quotes begin and end a text */
    LEXER_PHP_TAGS = 1 << 17,    /* ?> ends the program */
    LEXER_HASH_WORD = 1 << 18,   /* '#' begins a comment at the beginning of a word only: a#b is none */
    LEXER_JSX = 1 << 19,         /* <tag attribute="..."> stands between other things */
    LEXER_RAW_SINGLE = 1 << 20,  /* '\' means nothing between apostrophes */
};

struct language {
    const char *name;
    const char *extensions; /* "py pyi", blanks between them */
    const char *line_comments[2];
    const char *block_open, *block_close;
    bool nested;        /* comments in comments */
    const char *quotes; /* each begins and ends a text: "\"'" */
    unsigned features;
};

/* The language of files with that ending; NULL if it is none. */
const struct language *language_of(const char *extension);

/* The language of that name. */
const struct language *language_named(const char *name);

enum token_type {
    TOKEN_END,
    TOKEN_NAME, /* a word or a number */
    TOKEN_TEXT, /* without its quotes, escapes as they are */
    TOKEN_MARK, /* one byte */
};

struct token {
    enum token_type type;
    struct span text;
    size_t line;
    bool first; /* nothing but blanks and comments before it on its line */
    bool glued; /* no blank before it */
};

enum { MOST_HEREDOCS = 8 };

struct heredoc {
    struct span end; /* the line that ends it */
};

struct lexer {
    const struct language *language;
    struct span text;
    size_t at, line;
    size_t depth;                           /* of brackets */
    bool fresh;                             /* nothing stood on this line yet */
    struct token last;                      /* what was given out before */
    struct heredoc heredocs[MOST_HEREDOCS]; /* that begin after this line */
    size_t heredoc_count;
    size_t failures; /* how often a text's end was not there */
};

void code_open(struct lexer *lexer, const struct language *language, struct span text, size_t first_line);

/* The next token; TOKEN_END at the end, again and again. Linear in the text, whatever it is. */
struct token code_next(struct lexer *lexer);

#endif

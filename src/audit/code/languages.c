/* languages.c: where comments and texts of programming languages begin and end: a language is a row. */
#include "audit/code/lexer.h"

#include <string.h>
#include <strings.h>

#define C_COMMENTS .line_comments = { "//" }, .block_open = "/*", .block_close = "*/"

static const struct language languages[] = {
    { .name = "javascript",
      .extensions = "js jsx mjs cjs ts tsx mts cts es6",
      C_COMMENTS,
      .quotes = "\"'",
      .features = LEXER_TEMPLATES | LEXER_REGEX | LEXER_JSX },
    { .name = "python",
      .extensions = "py pyi pyw",
      .line_comments = { "#" },
      .quotes = "\"'",
      .features = LEXER_TRIPLE | LEXER_DOCSTRINGS },
    { .name = "go", .extensions = "go", C_COMMENTS, .quotes = "\"", .features = LEXER_RAW_BACKTICK | LEXER_CHARS },
    { .name = "java", .extensions = "java", C_COMMENTS, .quotes = "\"", .features = LEXER_TRIPLE | LEXER_CHARS },
    { .name = "kotlin",
      .extensions = "kt kts",
      C_COMMENTS,
      .nested = true,
      .quotes = "\"",
      .features = LEXER_TRIPLE | LEXER_CHARS },
    { .name = "scala",
      .extensions = "scala sc",
      C_COMMENTS,
      .nested = true,
      .quotes = "\"",
      .features = LEXER_TRIPLE | LEXER_CHARS },
    { .name = "groovy", .extensions = "groovy", C_COMMENTS, .quotes = "\"'", .features = LEXER_TRIPLE },
    { .name = "csharp",
      .extensions = "cs",
      C_COMMENTS,
      .quotes = "\"",
      .features = LEXER_TRIPLE | LEXER_CHARS | LEXER_VERBATIM },
    { .name = "fsharp",
      .extensions = "fs fsx",
      .line_comments = { "//" },
      .block_open = "(*",
      .block_close = "*)",
      .nested = true,
      .quotes = "\"",
      .features = LEXER_TRIPLE | LEXER_CHARS | LEXER_VERBATIM },
    { .name = "ruby",
      .extensions = "rb rake ru gemspec jbuilder",
      .line_comments = { "#" },
      .quotes = "\"'`",
      .features = LEXER_HEREDOC | LEXER_REGEX | LEXER_PERCENT | LEXER_POD | LEXER_OVER_LINES },
    { .name = "php",
      .extensions = "php inc phtml",
      .line_comments = { "//", "#" },
      .block_open = "/*",
      .block_close = "*/",
      .quotes = "\"'",
      .features = LEXER_HEREDOC_PHP | LEXER_OVER_LINES | LEXER_PHP_TAGS },
    { .name = "rust",
      .extensions = "rs",
      C_COMMENTS,
      .nested = true,
      .quotes = "\"",
      .features = LEXER_RAW_RUST | LEXER_CHARS | LEXER_OVER_LINES },
    { .name = "c",
      .extensions = "c h cc cpp cxx hpp hh hxx m mm ino",
      C_COMMENTS,
      .quotes = "\"",
      .features = LEXER_RAW_CPP | LEXER_CHARS },
    { .name = "swift",
      .extensions = "swift",
      C_COMMENTS,
      .nested = true,
      .quotes = "\"",
      .features = LEXER_TRIPLE | LEXER_RAW_SWIFT },
    { .name = "dart", .extensions = "dart", C_COMMENTS, .nested = true, .quotes = "\"'", .features = LEXER_TRIPLE },
    { .name = "elixir",
      .extensions = "ex exs",
      .line_comments = { "#" },
      .quotes = "\"'",
      .features = LEXER_TRIPLE | LEXER_DOC_NAMES | LEXER_OVER_LINES },
    { .name = "clojure",
      .extensions = "clj cljs cljc edn",
      .line_comments = { ";" },
      .quotes = "\"",
      .features = LEXER_OVER_LINES },
    { .name = "lua", .extensions = "lua", .line_comments = { "--" }, .quotes = "\"'", .features = LEXER_LUA },
    { .name = "perl",
      .extensions = "pl pm psgi",
      .line_comments = { "#" },
      .quotes = "\"'",
      .features = LEXER_HEREDOC | LEXER_POD | LEXER_OVER_LINES | LEXER_HASH_WORD },
    { .name = "shell",
      .extensions = "sh bash zsh ksh",
      .line_comments = { "#" },
      .quotes = "\"'",
      .features = LEXER_HEREDOC | LEXER_OVER_LINES | LEXER_HASH_WORD | LEXER_RAW_SINGLE },
    { .name = "powershell",
      .extensions = "ps1 psm1 psd1",
      .line_comments = { "#" },
      .block_open = "<#",
      .block_close = "#>",
      .quotes = "\"'",
      .features = LEXER_OVER_LINES | LEXER_RAW_SINGLE | LEXER_HASH_WORD },
    { .name = "coffeescript",
      .extensions = "coffee",
      .line_comments = { "#" },
      .block_open = "###",
      .block_close = "###",
      .quotes = "\"'",
      .features = LEXER_TRIPLE },
    { .name = "razor", .extensions = "", C_COMMENTS, .quotes = "\"", .features = LEXER_VERBATIM | LEXER_CHARS },
};

static bool lists(const char *extensions, const char *wanted)
{
    const size_t length = strlen(wanted);
    while (length > 0 && *extensions) {
        const size_t word = strcspn(extensions, " ");
        if (word == length && strncasecmp(extensions, wanted, length) == 0)
            return true;
        extensions += word + (extensions[word] == ' ');
    }
    return false;
}

const struct language *language_of(const char *extension)
{
    for (size_t i = 0; i < LENGTH(languages); i++)
        if (lists(languages[i].extensions, extension))
            return &languages[i];
    return NULL;
}

const struct language *language_named(const char *name)
{
    for (size_t i = 0; i < LENGTH(languages); i++)
        if (strcmp(languages[i].name, name) == 0)
            return &languages[i];
    return NULL;
}

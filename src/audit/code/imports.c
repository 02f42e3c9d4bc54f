/* imports.c: see imports.h. Two kinds of languages: in some, words and marks follow a key word ("import a.b.c;"), in
 * the others a text does ('require "a"', 'from "a"'). */
#include "audit/code/imports.h"

#include <ctype.h>
#include <string.h>

struct import_style {
    const char *language;
    const char *words[2]; /* that begin an import, at the beginning of a statement */
    const char *joints;   /* marks between the parts of a name */
    const char *passed;   /* a word that may follow the first one */
    enum signal signal;
    bool text; /* a text is imported, not a name */
    bool list; /* several, with commas between them */
};

static const struct import_style styles[] = {
    { "python", { "import", "from" }, ".", NULL, SIGNAL_PYTHON, false, true },
    { "java", { "import" }, ".", "static", SIGNAL_JAVA, false, false },
    { "kotlin", { "import" }, ".", NULL, SIGNAL_JAVA, false, false },
    { "scala", { "import" }, ".", NULL, SIGNAL_JAVA, false, true },
    { "groovy", { "import" }, ".", "static", SIGNAL_JAVA, false, false },
    { "csharp", { "using", "global" }, ".", "static", SIGNAL_DOTNET, false, false },
    { "razor", { "using" }, ".", "static", SIGNAL_DOTNET, false, false },
    { "fsharp", { "open" }, ".", NULL, SIGNAL_DOTNET, false, false },
    { "php", { "use" }, "\\", "function", SIGNAL_PHP, false, true },
    { "rust", { "use", "extern" }, "", "crate", SIGNAL_CARGO, false, false },
    { "go", { "import" }, NULL, NULL, SIGNAL_GO, true, false },
    { "javascript", { "from", "import" }, NULL, "require", SIGNAL_NPM, true, false },
    { "coffeescript", { "from", "import" }, NULL, "require", SIGNAL_NPM, true, false },
    { "ruby", { "require" }, NULL, NULL, SIGNAL_GEM, true, false },
};

static bool is_mark(const struct token *token, char mark)
{
    return token->type == TOKEN_MARK && token->text.data[0] == (unsigned char)mark;
}

static bool begins_import(const struct import_style *style, const struct token *token)
{
    for (size_t i = 0; token->type == TOKEN_NAME && i < LENGTH(style->words); i++)
        if (style->words[i] && span_is(token->text, style->words[i]))
            return true;
    return false;
}

static void tell(struct imports *imports, enum signal signal, struct span value, size_t line)
{
    const struct service *service = sign_service(imports->sink, signal, value);
    imports->ai |= service && strcmp(service->category->id, "ai") == 0;
    declare(imports->source, imports->sink, signal, value, line);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* Tells the name that was gathered. */
static void flush(struct imports *imports)
{
    for (size_t i = 0; imports->style->signal == SIGNAL_CARGO && i < imports->length; i++)
        if (imports->name[i] == '_')
            imports->name[i] = '-';
    while (imports->length > 0 && imports->style->joints &&
           strchr(imports->style->joints, imports->name[imports->length - 1]))
        imports->length--;
    if (imports->length > 0)
        tell(imports, imports->style->signal, span_of(imports->name, imports->length), imports->line);
    imports->length = 0;
}

static void gather(struct imports *imports, const struct token *token)
{
    if (imports->length == 0)
        imports->line = token->line;
    if (imports->length + token->text.bytes < LONGEST_IMPORT) {
        memcpy(imports->name + imports->length, token->text.data, token->text.bytes);
        imports->length += token->text.bytes;
    }
}

/* Whether a name that comes now goes on with the one before it. */
static bool joins(const struct imports *imports)
{
    const struct token *last = &imports->before[0];
    return imports->length == 0 ||
           (last->type == TOKEN_MARK && *imports->style->joints && strchr(imports->style->joints, last->text.data[0]));
}

static void end_names(struct imports *imports)
{
    flush(imports);
    imports->inside = false;
}

static void see_name(struct imports *imports, const struct token *token)
{
    const struct import_style *style = imports->style;
    if (!imports->inside) {
        const bool statement = token->first || is_mark(&imports->before[0], ';') || is_mark(&imports->before[0], '@') ||
                               (imports->before[0].type == TOKEN_NAME && span_is(imports->before[0].text, "pub"));
        imports->inside = statement && begins_import(style, token);
        return;
    }
    if (token->first || is_mark(token, ';')) {
        end_names(imports);
        if (token->first && token->type == TOKEN_NAME)
            imports->inside = begins_import(style, token);
        return;
    }
    const bool passed = imports->length == 0 && token->type == TOKEN_NAME &&
                        ((style->passed && span_is(token->text, style->passed)) || span_is(token->text, "using"));
    if (passed)
        return;
    if (token->type == TOKEN_NAME && joins(imports))
        gather(imports, token);
    else if (token->type == TOKEN_MARK && *style->joints && strchr(style->joints, token->text.data[0]))
        imports->length > 0 ? gather(imports, token) : (void)0;
    else if (is_mark(token, ',') && style->list)
        flush(imports);
    else if (is_mark(token, '=')) /* using Alias = Name */
        imports->length = 0;
    else if (token->type != TOKEN_NAME || !span_is(token->text, "as"))
        end_names(imports);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

/* "@scope/name/part" and "name/part" to what is installed: "@scope/name", "name"; without Deno's "npm:" and version. */
static struct span npm_name(struct span text)
{
    if (span_begins(text, "npm:"))
        text = span_from(text, 4);
    const bool scope = text.bytes > 0 && text.data[0] == '@';
    size_t end = 0, slashes = 0;
    while (end < text.bytes && !(text.data[end] == '/' && slashes++ == scope) && !(text.data[end] == '@' && end > 0))
        end++;
    return span_part(text, 0, end);
}

static void tell_gem(struct imports *imports, struct span text, size_t line)
{
    char name[LONGEST_IMPORT];
    if (text.bytes >= sizeof name)
        return;
    for (size_t i = 0; i < text.bytes; i++)
        name[i] = (char)(text.data[i] == '/' ? '-' : text.data[i]);
    tell(imports, SIGNAL_GEM, span_of(name, text.bytes), line);
    const struct span first = span_part(text, 0, span_find(text, "/"));
    if (first.bytes < text.bytes && !sign_service(imports->sink, SIGNAL_GEM, span_of(name, text.bytes)))
        tell(imports, SIGNAL_GEM, first, line);
}

static void tell_text(struct imports *imports, struct span text, size_t line)
{
    if (text.bytes == 0 || text.data[0] == '.' || (text.data[0] == '/' && !span_begins(text, "//")))
        return;
    if (span_begins(text, "https://") || span_begins(text, "http://") || span_begins(text, "//"))
        declare(imports->source, imports->sink, SIGNAL_DOMAIN, text, line);
    else if (imports->style->signal == SIGNAL_GEM)
        tell_gem(imports, text, line);
    else
        tell(imports, imports->style->signal, imports->style->signal == SIGNAL_NPM ? npm_name(text) : text, line);
}

static bool is_word(const struct imports *imports, const struct token *token)
{
    const struct import_style *style = imports->style;
    return begins_import(style, token) ||
           (token->type == TOKEN_NAME && style->passed && span_is(token->text, style->passed));
}

/* 'from "a"', 'import "a"', 'require("a")', 'import("a")', Go's block of them. */
static void see_text(struct imports *imports, const struct token *token)
{
    const struct token *last = &imports->before[0], *other = &imports->before[1];
    if (imports->style->signal == SIGNAL_GO && is_mark(token, '(') && begins_import(imports->style, last))
        imports->block = true;
    if (is_mark(token, ')'))
        imports->block = false;
    if (token->type != TOKEN_TEXT)
        return;
    const bool named = imports->style->signal == SIGNAL_GO && begins_import(imports->style, other);
    if (imports->block || named || is_word(imports, last) || (is_mark(last, '(') && is_word(imports, other)))
        tell_text(imports, token->text, token->line);
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

void imports_open(struct imports *imports, struct source *source, struct sink *sink, const struct language *language)
{
    *imports = (struct imports){ .source = source, .sink = sink };
    for (size_t i = 0; i < LENGTH(styles); i++)
        if (strcmp(styles[i].language, language->name) == 0)
            imports->style = &styles[i];
}

void imports_token(struct imports *imports, const struct token *token)
{
    if (!imports->style)
        return;
    if (imports->style->text)
        see_text(imports, token);
    else
        see_name(imports, token);
    imports->before[1] = imports->before[0];
    imports->before[0] = *token;
}

void imports_end(struct imports *imports)
{
    if (imports->style && !imports->style->text && imports->inside)
        end_names(imports);
}

/* indented.c: Slim, Haml and Pug, where indentation stands for tags: "script src='...'", "%script{src: '...'}",
 * "script(src='...')". A line is a tag with attributes, or code after '=' and '-'. What stands further in than a
 * comment belongs to it; what stands further in than "javascript:" is a program. */
#include "audit/web/markup.h"

#include <ctype.h>
#include <string.h>

struct indented {
    struct source *source;
    struct sink *sink;
    struct span text;
    size_t at, line; /* the next line, and the number of the one that was read */
    const struct language *language;
};

static bool take_line(struct indented *page, struct span *line)
{
    if (!next_line(page->text, &page->at, line))
        return false;
    page->line++;
    return true;
}

static size_t indentation(struct span line)
{
    size_t blanks = 0;
    while (blanks < line.bytes && isblank(line.data[blanks]))
        blanks++;
    return blanks;
}

/* All lines further in than that, which follow; they are passed. */
static struct span take_block(struct indented *page, size_t outer)
{
    const size_t begin = page->at;
    size_t end = begin;
    for (size_t at = begin; at < page->text.bytes;) {
        struct span line;
        if (!next_line(page->text, &at, &line))
            break;
        if (span_trim(line).bytes > 0 && indentation(line) <= outer)
            break;
        end = at;
        page->line++;
    }
    page->at = end;
    return span_part(page->text, begin, end - begin);
}

static bool is_comment(struct span line)
{
    return span_begins(line, "-#") || span_begins(line, "/");
}

static bool begins_any(struct span line, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_begins(line, words[i]))
            return true;
    return false;
}

/* "%script{...}" and "script(...)" to "script". */
static struct span tag_name(struct span line)
{
    line = span_from(line, span_begins(line, "%"));
    size_t end = 0;
    while (end < line.bytes && (isalnum(line.data[end]) || line.data[end] == '-' || line.data[end] == ':'))
        end++;
    return span_part(line, 0, end);
}

/* Attributes: a name, '=' or ':' or "=>", a text. The first pass finds rel. */
static void read_attributes(struct indented *page, struct span line)
{
    const struct span tag = tag_name(line);
    struct span rel = { 0 };
    for (int round = 0; round < 2; round++) {
        struct lexer lexer;
        struct span name = { 0 };
        code_open(&lexer, page->language, line, page->line);
        for (struct token token; (token = code_next(&lexer)).type != TOKEN_END;) {
            if (token.type == TOKEN_NAME)
                name = token.text;
            if (token.type != TOKEN_TEXT)
                continue;
            rel = round == 0 && span_is(name, "rel") ? token.text : rel;
            if (round == 1 && name.bytes > 0)
                attribute_read(page->source, page->sink, tag, name, token.text, rel, token.line);
            name.bytes = 0;
        }
    }
}

static void read_line(struct indented *page, struct span line)
{
    static const char *const programs[] = { "javascript:", ":javascript", "script.", "coffee:", ":coffee" };
    static const char *const styles[] = { "css:", ":css", "style.", "scss:", "sass:", ":scss", ":sass" };
    const size_t outer = indentation(line), number = page->line;
    line = span_trim(line);
    if (is_comment(line))
        take_block(page, outer);
    else if (begins_any(line, programs, LENGTH(programs)))
        program_read(page->source, page->sink, language_named("javascript"), take_block(page, outer), number + 1);
    else if (begins_any(line, styles, LENGTH(styles)))
        style_read(page->source, page->sink, take_block(page, outer), number + 1);
    else if (span_begins(line, "=") || span_begins(line, "-"))
        program_read(page->source, page->sink, page->language, span_from(line, 1), number);
    else if (span_find(line, "//") < line.bytes)
        read_attributes(page, line);
}

void indented_read(struct source *source, struct sink *sink, struct span text, const struct language *language)
{
    struct indented page = { .source = source, .sink = sink, .text = text, .language = language };
    for (struct span line; take_line(&page, &line);)
        read_line(&page, line);
}

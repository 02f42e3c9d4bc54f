/* markup.c: HTML as it stands in pages and in templates of any kind. No template language is understood: what stands
 * between its signs is passed over, or read as a program where it is one (ERB, EJS, PHP). Comments of HTML and of the
 * templates are nothing. What <script> and <style> hold is read as what it is. */
#include "audit/web/markup.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MOST_ATTRIBUTES = 32, LONGEST_TAG = 64 << 10 };

struct attribute {
    struct span name, value;
    size_t line;
};

struct markup {
    struct source *source;
    struct sink *sink;
    struct span text;
    size_t at, line;
    const struct language *islands;
};

static struct span rest(const struct markup *markup)
{
    return span_from(markup->text, markup->at);
}

static unsigned char peek(const struct markup *markup)
{
    return markup->at < markup->text.bytes ? markup->text.data[markup->at] : '\0';
}

static void pass(struct markup *markup, size_t bytes)
{
    const size_t to = size_min(markup->text.bytes, markup->at + bytes);
    for (; markup->at < to; markup->at++)
        markup->line += markup->text.data[markup->at] == '\n';
}

/* Signs around what is no markup, longest first. */
struct around {
    const char *open, *close;
    enum { NOTHING, ISLAND, PHP } what;
};

static const struct around arounds[] = {
    { "<!--", "-->", NOTHING },   { "<%--", "--%>", NOTHING },
    { "<%#", "%>", NOTHING },     { "<%=", "%>", ISLAND },
    { "<%-", "%>", ISLAND },      { "<%", "%>", ISLAND },
    { "<?php", "?>", PHP },       { "<?=", "?>", PHP },
    { "<?", "?>", NOTHING },      { "<!", ">", NOTHING },
    { "{{!--", "--}}", NOTHING }, { "{{--", "--}}", NOTHING },
    { "{{/*", "*/}}", NOTHING },  { "{{", "}}", NOTHING },
    { "{#", "#}", NOTHING },      { "{% comment", "endcomment", NOTHING },
    { "{%", "%}", NOTHING },      { "@*", "*@", NOTHING },
};

/* What begins here; NULL if nothing. */
static const struct around *around_here(const struct markup *markup)
{
    for (size_t i = 0; i < LENGTH(arounds); i++)
        if (span_begins(rest(markup), arounds[i].open))
            return &arounds[i];
    return NULL;
}

static void pass_around(struct markup *markup, const struct around *around)
{
    const size_t open = strlen(around->open);
    const bool prose = around->what == NOTHING && around->open[0] != '<';
    const struct span inside = span_part(rest(markup), open, prose ? LONGEST_TAG : markup->text.bytes);
    const size_t bytes = span_find(inside, around->close);
    if (bytes == inside.bytes && prose) {
        pass(markup, open); /* "{#" and the like in prose */
        return;
    }
    const struct language *language = around->what == PHP ? language_named("php") : markup->islands;
    if (around->what != NOTHING && language)
        program_read(markup->source, markup->sink, language, span_part(inside, 0, bytes), markup->line);
    pass(markup, open + bytes + strlen(around->close));
}

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static void pass_blanks(struct markup *markup)
{
    while (isspace(peek(markup)))
        pass(markup, 1);
}

static bool ends_name(unsigned char c)
{
    return c == '\0' || isspace(c) || c == '=' || c == '>' || c == '"' || c == '\'' || c == '<';
}

/* A value in quotes; islands in it have quotes of their own. */
static struct span quoted_value(struct markup *markup)
{
    const unsigned char quote = peek(markup);
    pass(markup, 1);
    const size_t begin = markup->at, most = begin + LONGEST_TAG;
    while (markup->at < markup->text.bytes && markup->at < most && peek(markup) != quote) {
        const struct around *around = peek(markup) == '<' || peek(markup) == '{' ? around_here(markup) : NULL;
        if (around && around->open[1] != '!')
            pass_around(markup, around);
        else
            pass(markup, 1);
    }
    const struct span value = span_part(markup->text, begin, markup->at - begin);
    pass(markup, 1);
    return value;
}

/* {expression} of Svelte and Astro, or a bare word. */
static struct span plain_value(struct markup *markup)
{
    const size_t begin = markup->at;
    if (peek(markup) == '{' && !around_here(markup)) {
        pass(markup, size_min(span_find(rest(markup), "}") + 1, LONGEST_TAG));
        return span_part(markup->text, begin + 1, markup->at - begin - 2);
    }
    while (!isspace(peek(markup)) && peek(markup) != '>' && peek(markup) != '\0')
        pass(markup, 1);
    return span_part(markup->text, begin, markup->at - begin);
}

static bool read_attribute(struct markup *markup, struct attribute *out)
{
    pass_blanks(markup);
    const struct around *around = around_here(markup);
    out->name = (struct span){ 0 };
    if (around) {
        pass_around(markup, around);
        return true;
    }
    if (peek(markup) == '>' || peek(markup) == '<' || markup->at >= markup->text.bytes)
        return false;
    const size_t begin = markup->at;
    while (!ends_name(peek(markup)))
        pass(markup, 1);
    if (markup->at == begin)
        pass(markup, 1);
    out->name = span_part(markup->text, begin, markup->at - begin);
    out->line = markup->line;
    pass_blanks(markup);
    out->value = (struct span){ 0 };
    if (peek(markup) != '=')
        return true;
    pass(markup, 1);
    pass_blanks(markup);
    out->line = markup->line;
    out->value = peek(markup) == '"' || peek(markup) == '\'' ? quoted_value(markup) : plain_value(markup);
    return true;
}

/* ---- tags -------------------------------------------------------------------------------------------------------- */

static struct span attribute_named(const struct attribute *attributes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (span_is_nocase(attributes[i].name, name))
            return attributes[i].value;
    return (struct span){ 0 };
}

/* Offset of "</name" from here. */
static size_t find_end(const struct markup *markup, const char *name)
{
    const struct span text = rest(markup);
    for (size_t at = 0; at < text.bytes;) {
        at += span_find(span_from(text, at), "</");
        if (at < text.bytes &&
            strncasecmp((const char *)text.data + at + 2, name, size_min(strlen(name), text.bytes - at - 2)) == 0)
            return at;
        at += 2;
    }
    return text.bytes;
}

/* A program with islands in it ("'<%= ENV['X'] %>'"): those are read by themselves, and the program with words in their
 * place, since their quotes are not its own. The program alone if memory is short. */
static struct span read_islands(struct markup *markup, struct span inside)
{
    struct markup within = { markup->source, markup->sink, inside, 0, markup->line, markup->islands };
    char *filled = arena_text(markup->source->arena, inside);
    if (!filled || span_find(inside, "<%") + span_find(inside, "<?") == 2 * inside.bytes)
        return inside;
    while (within.at < inside.bytes) {
        const struct around *around = inside.data[within.at] == '<' ? around_here(&within) : NULL;
        const size_t begin = within.at;
        if (!around || around->open[1] == '!') {
            pass(&within, 1);
            continue;
        }
        pass_around(&within, around);
        for (size_t i = begin; i < within.at; i++)
            filled[i] = filled[i] == '\n' ? '\n' : 'x';
    }
    return span_of(filled, inside.bytes);
}

/* What stands in a <script>: a program, a map of imports, or data of which nothing is loaded. */
static void read_script(struct markup *markup, struct span type)
{
    if (span_find(type, "template") < type.bytes || span_find(type, "html") < type.bytes)
        return; /* markup: read as the rest of the page */
    const struct span inside = span_part(rest(markup), 0, find_end(markup, "script"));
    if (span_is_nocase(type, "importmap"))
        for (size_t at = 0, line = markup->line; at < inside.bytes; line++) {
            const struct span row = span_part(inside, at, span_find(span_from(inside, at), "\n"));
            mention_addresses(markup->source, markup->sink, row, line, EVIDENCE_DECLARED);
            at += row.bytes + 1;
        }
    else if (span_find(type, "json") == type.bytes)
        program_read(markup->source, markup->sink, language_named("javascript"), read_islands(markup, inside),
                     markup->line);
    pass(markup, inside.bytes);
}

static void read_style(struct markup *markup)
{
    const struct span inside = span_part(rest(markup), 0, find_end(markup, "style"));
    style_read(markup->source, markup->sink, inside, markup->line);
    pass(markup, inside.bytes);
}

static void read_tag(struct markup *markup)
{
    struct attribute attributes[MOST_ATTRIBUTES];
    size_t count = 0;
    pass(markup, 1);
    const size_t begin = markup->at;
    while (isalnum(peek(markup)) || strchr("-:._", peek(markup) ? peek(markup) : ' '))
        pass(markup, 1);
    const struct span tag = span_part(markup->text, begin, markup->at - begin);
    for (struct attribute attribute; read_attribute(markup, &attribute);)
        if (attribute.name.bytes > 0 && count < MOST_ATTRIBUTES)
            attributes[count++] = attribute;
    const bool closed = span_ends(span_part(markup->text, 0, markup->at), "/");
    pass(markup, peek(markup) == '>');
    const struct span rel = attribute_named(attributes, count, "rel");
    for (size_t i = 0; i < count; i++)
        attribute_read(markup->source, markup->sink, tag, attributes[i].name, attributes[i].value, rel,
                       attributes[i].line);
    if (span_is_nocase(tag, "script") && !closed)
        read_script(markup, attribute_named(attributes, count, "type"));
    else if (span_is_nocase(tag, "style") && !closed)
        read_style(markup);
}

void markup_read(struct source *source, struct sink *sink, struct span text, size_t line,
                 const struct language *islands)
{
    struct markup markup = { source, sink, text, 0, line, islands };
    while (markup.at < text.bytes) {
        const unsigned char c = text.data[markup.at];
        const struct around *around = c == '<' || c == '{' || c == '@' ? around_here(&markup) : NULL;
        if (around)
            pass_around(&markup, around);
        else if (c == '<' && markup.at + 1 < text.bytes && isalpha(text.data[markup.at + 1]))
            read_tag(&markup);
        else
            pass(&markup, 1);
    }
}

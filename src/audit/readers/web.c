/* web.c: pages, style sheets and templates: what a browser that shows them loads. Also programs in PHP, which are pages
 * with islands, and CNAME, by which a site's host is told the site's own domain. */
#include "audit/web/markup.h"
#include "audit/readers/readers.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum form { MARKUP, STYLE, INDENTED };

/* Kinds of pages by their ending. */
struct page {
    const char *extensions; /* blanks around each */
    enum form form;
    const char *language; /* of the code in it; NULL: not read */
};

static const struct page pages[] = {
    { " html htm xhtml hbs handlebars mustache njk nunjucks jinja jinja2 j2 twig liquid ftl tmpl gohtml tpl ", MARKUP,
      NULL },
    { " vue svelte astro ", MARKUP, NULL },
    { " erb rhtml ", MARKUP, "ruby" },
    { " ejs ", MARKUP, "javascript" },
    { " eex leex heex ", MARKUP, "elixir" },
    { " jsp jspf jspx tag ", MARKUP, "java" },
    { " cshtml razor aspx ascx master ", MARKUP, NULL },
    { " php phtml inc ctp ", MARKUP, "php" },
    { " css scss sass less styl pcss ", STYLE, NULL },
    { " slim haml ", INDENTED, "ruby" },
    { " pug jade ", INDENTED, "javascript" },
};

static const struct page *page_of(const struct source *source)
{
    char word[32];
    if (source->extension[0] == '\0' || strlen(source->extension) > 20)
        return NULL;
    snprintf(word, sizeof word, " %s ", source->extension);
    for (size_t i = 0; i < LENGTH(pages); i++)
        if (strcasestr(pages[i].extensions, word))
            return &pages[i];
    return NULL;
}

/* "config.yml.j2", "nginx.conf.erb": templates of what is no page. */
static bool is_other_template(const struct source *source)
{
    static const char *const others[] = { ".yml.",  ".yaml.", ".conf.", ".sh.", ".json.",    ".ini.", ".txt.",
                                          ".toml.", ".env.",  ".cfg.",  ".rb.", ".service.", ".xml.", ".md." };
    for (size_t i = 0; i < LENGTH(others); i++)
        if (strstr(source->name, others[i]))
            return true;
    return false;
}

static bool takes_web(const struct source *source)
{
    return (page_of(source) && !is_other_template(source)) || strcmp(source->name, "CNAME") == 0;
}

/* Whether a template without a telling ending is a page at all. */
static bool is_markup(const struct source *source)
{
    const struct span head = span_part(source->text, 0, 1 << 16);
    for (size_t i = 0; i + 1 < head.bytes; i++)
        if (head.data[i] == '<' && (isalpha(head.data[i + 1]) || strchr("/?%!", head.data[i + 1])))
            return true;
    return false;
}

/* Astro's programs stand between lines of "---" at the beginning. */
static struct span read_front(struct source *source, struct sink *sink, size_t *line)
{
    const struct span text = source->text;
    if (strcmp(source->extension, "astro") != 0 || !span_begins(text, "---"))
        return text;
    const size_t end = 3 + span_find(span_from(text, 3), "\n---");
    program_read(source, sink, language_named("javascript"), span_part(text, 3, end - 3), 1);
    for (size_t i = 0; i < end && i < text.bytes; i++)
        *line += text.data[i] == '\n';
    return span_from(text, end);
}

static void read_page(struct source *source, struct sink *sink, const struct page *page)
{
    const struct language *language = page->language ? language_named(page->language) : NULL;
    size_t line = 1;
    if (page->form == STYLE)
        style_read(source, sink, source->text, 1);
    else if (page->form == INDENTED)
        indented_read(source, sink, source->text, language);
    else if (is_markup(source)) {
        const struct span text = read_front(source, sink, &line);
        markup_read(source, sink, text, line, language);
    }
}

static enum reading read_web(struct source *source, struct sink *sink)
{
    if (strcmp(source->name, "CNAME") == 0)
        own_domain(sink, span_trim(source->text));
    else if (!source->test && !source_is_foreign(source))
        read_page(source, sink, page_of(source));
    return READ_DONE;
}

const struct reader reader_web = { .name = "web", .takes = takes_web, .read = read_web };

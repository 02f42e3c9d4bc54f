/* style.c: style sheets: what @import and url() load. A comment of SCSS ("//") begins where no address does: not behind
 * a colon, nor inside of url(). */
#include "audit/web/markup.h"

#include <ctype.h>
#include <string.h>

#include "audit/readers/purpose.h"

enum { LONGEST_ADDRESS = 1024 };

struct style {
    struct source *source;
    struct sink *sink;
    struct span text;
    size_t at, line;
};

static void pass(struct style *style, size_t to)
{
    to = size_min(to, style->text.bytes);
    for (; style->at < to; style->at++)
        style->line += style->text.data[style->at] == '\n';
}

static struct span rest(const struct style *style)
{
    return span_from(style->text, style->at);
}

/* The address at the beginning of the text, in quotes or up to the bracket. */
static struct span address_at(struct span text)
{
    text = span_trim(span_part(text, 0, LONGEST_ADDRESS));
    const unsigned char quote = text.bytes > 0 && (text.data[0] == '"' || text.data[0] == '\'') ? text.data[0] : '\0';
    text = span_from(text, quote != '\0');
    size_t end = 0;
    while (end < text.bytes && text.data[end] != quote && !(quote == '\0' && strchr(") \n;", text.data[end])))
        end++;
    return span_part(text, 0, end);
}

static void use(struct style *style, struct span value)
{
    char room[LONGEST_ADDRESS];
    struct span address;
    const bool absolute = span_begins(value, "https://") || span_begins(value, "http://") || span_begins(value, "//");
    if (!absolute || !address_fill(value, room, sizeof room, &address))
        return;
    const bool known = sign_service(style->sink, SIGNAL_DOMAIN, address) != NULL;
    if (known || purpose_of_address(address) != PURPOSE_NONE)
        declare(style->source, style->sink, SIGNAL_DOMAIN, address, style->line);
}

static bool is_line_comment(const struct style *style)
{
    const unsigned char before = style->at > 0 ? style->text.data[style->at - 1] : '\n';
    return span_begins(rest(style), "//") && (isspace(before) || strchr(";{}", before));
}

static void step(struct style *style)
{
    const struct span here = rest(style);
    if (span_begins(here, "/*")) {
        pass(style, style->at + 2 + span_find(span_from(here, 2), "*/") + 2);
    } else if (is_line_comment(style)) {
        pass(style, style->at + span_find(here, "\n"));
    } else if (span_begins(here, "url(")) {
        const struct span address = address_at(span_from(here, 4));
        use(style, address);
        pass(style, (size_t)(address.data - style->text.data) + address.bytes);
    } else if (span_begins(here, "@import")) {
        pass(style, style->at + strlen("@import"));
        const struct span address = address_at(rest(style));
        if (!span_begins(address, "url("))
            use(style, address);
    } else if (span_begins(here, "@namespace")) {
        pass(style, style->at + span_find(here, ";"));
    } else {
        pass(style, style->at + 1);
    }
}

void style_read(struct source *source, struct sink *sink, struct span text, size_t line)
{
    struct style style = { source, sink, text, 0, line };
    while (style.at < text.bytes) {
        const unsigned char c = text.data[style.at];
        if (c == '/' || c == 'u' || c == '@')
            step(&style);
        else
            pass(&style, style.at + 1);
    }
}

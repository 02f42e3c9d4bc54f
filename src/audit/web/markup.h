/* markup.h: what pages and style sheets load: tags, templates around them, the programs and styles in them. */
#ifndef BASTIDE_AUDIT_WEB_MARKUP_H
#define BASTIDE_AUDIT_WEB_MARKUP_H

#include "audit/code/program.h"

/* HTML, alone or in a template; islands is the language between <% and %>, NULL if those are no programs. line is the
 * number of the text's first line, here and below. */
void markup_read(struct source *source, struct sink *sink, struct span text, size_t line,
                 const struct language *islands);

/* CSS, SCSS, Less: @import and url(). */
void style_read(struct source *source, struct sink *sink, struct span text, size_t line);

/* Pages by indentation: Slim, Haml, Pug. language is that of the code in them. */
void indented_read(struct source *source, struct sink *sink, struct span text, const struct language *language);

/* Tells what an attribute loads: <tag attribute="value">, rel being the tag's own, if it has one. */
void attribute_read(struct source *source, struct sink *sink, struct span tag, struct span attribute, struct span value,
                    struct span rel, size_t line);

#endif

/* text.h: what filters and methods of texts share. */
#ifndef BASTIDE_ENGINE_TEMPLATE_TEXT_H
#define BASTIDE_ENGINE_TEMPLATE_TEXT_H

#include "engine/template/builtins.h"
#include "engine/template/unicode.h"

/* str.lower(), str.upper(), str.title(), str.capitalize() */
MUST_USE bool text_lower(struct render *render, struct span text, struct value *out);
MUST_USE bool text_upper(struct render *render, struct span text, struct value *out);
MUST_USE bool text_title(struct render *render, struct span text, struct value *out);
MUST_USE bool text_capitalize(struct render *render, struct span text, struct value *out);

/* Adds a part of whole, between the two offsets, in small letters. */
MUST_USE bool text_add_lower(struct render *render, struct buffer *to, struct span whole, size_t start, size_t end);

enum { STRIP_LEFT = 1, STRIP_RIGHT = 2 };

/* str.strip(chars): chars KIND_NONE or missing: white space. sides: STRIP_LEFT, STRIP_RIGHT or both. */
MUST_USE bool text_strip(struct render *render, struct span text, struct value chars, unsigned sides,
                         struct value *out);

/* str.replace(): at most times, or all if times is negative. */
MUST_USE bool text_replace(struct render *render, struct span text, struct span old, struct span new, int64_t times,
                           struct value *out);

/* str.splitlines(keep) */
MUST_USE bool text_split_lines(struct render *render, struct span text, bool keep, struct value *out);

/* d.join(items); each item is shown as str() does if lenient, else it must be a text. */
MUST_USE bool text_join(struct render *render, struct span between, const struct value *items, size_t count,
                        bool lenient, struct value *out);

/* text with spaces (or another character) before and after it */
MUST_USE bool text_pad(struct render *render, struct span text, struct span fill, size_t before, size_t after,
                       struct value *out);

/* str.center(width): one more on the left where the width is odd and the padding too */
MUST_USE bool text_center(struct render *render, struct span text, struct span fill, int64_t width, struct value *out);

/* "{} {name}".format() */
MUST_USE bool format_braces(struct render *render, struct span format, const struct call *call, struct value *out);

#endif

/* policy.c: see policy.h. Who may frame the page, and where breaches are reported, is left out: the first are no
 * dependencies, the second an address like others. Source: w3.org/TR/CSP3, sections 2.2 and 6. */
#include "audit/readers/policy.h"

#include <ctype.h>

#include "audit/readers/purpose.h"

static struct span take_word(struct span *text)
{
    *text = span_trim(*text);
    size_t bytes = 0;
    while (bytes < text->bytes && !isspace(text->data[bytes]))
        bytes++;
    const struct span word = span_part(*text, 0, bytes);
    *text = span_from(*text, bytes);
    return word;
}

static bool fetches(struct span directive)
{
    return span_ends(directive, "-src") || span_ends(directive, "-src-elem") || span_is(directive, "form-action");
}

/* "*.host" as "host", with a scheme before it or not. */
static struct span without_star(struct span place)
{
    const size_t star = span_find(place, "*.");
    return star < place.bytes ? span_from(place, star + 2) : place;
}

static void tell_directive(struct source *source, struct sink *sink, struct span text, size_t line,
                           enum evidence evidence)
{
    if (!fetches(take_word(&text)))
        return;
    for (struct span word = take_word(&text); word.bytes > 0; word = take_word(&text)) {
        const struct span place = without_star(word);
        if ((span_find(place, "://") < place.bytes || looks_like_host(place)) &&
            sign_service(sink, SIGNAL_DOMAIN, place))
            mention(source, sink, &(struct mention){ SIGNAL_DOMAIN, place, line, evidence, false, { 0 } });
    }
}

bool mention_policy(struct source *source, struct sink *sink, struct span text, size_t line, enum evidence evidence)
{
    struct span ahead = text;
    const struct span first = take_word(&ahead);
    if (!fetches(first) || ahead.bytes == 0)
        return false;
    while (text.bytes > 0) {
        const size_t end = span_find(text, ";");
        tell_directive(source, sink, span_part(text, 0, end), line, evidence);
        text = span_from(text, size_min(end + 1, text.bytes));
    }
    return true;
}

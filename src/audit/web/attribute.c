/* attribute.c: which attributes of which tags make a browser load or send something. What a page only links to
 * (<a href>, rel=canonical, og:, JSON-LD) is no dependency; where it says that it stands itself is one's own domain. */
#include "audit/web/markup.h"

#include <string.h>

#include "audit/readers/purpose.h"

enum { LONGEST_ADDRESS = 1024 };

/* Without what frameworks put before names: ":src", "v-bind:src", "th:src", "data-src", "ng-src", "[src]". */
static struct span bare_name(struct span name)
{
    static const char *const prefixes[] = { "v-bind:", "th:", "data-", "ng-", "xlink:", "x-bind:", ":", "[", "*" };
    for (size_t i = 0; i < LENGTH(prefixes); i++)
        if (span_begins(name, prefixes[i]))
            name = span_from(name, strlen(prefixes[i]));
    if (span_ends(name, "]"))
        name.bytes--;
    return name;
}

static bool is_one_of(struct span name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_is_nocase(name, names[i]))
            return true;
    return false;
}

static bool has_word(struct span list, const char *const *words, size_t count)
{
    while (list.bytes > 0) {
        const size_t end = span_find(list, " ");
        if (is_one_of(span_part(list, 0, end), words, count))
            return true;
        list = span_from(list, end + 1);
    }
    return false;
}

static bool rel_loads(struct span rel)
{
    static const char *const words[] = { "stylesheet", "preconnect", "dns-prefetch",  "preload",
                                         "prefetch",   "icon",       "modulepreload", "apple-touch-icon",
                                         "mask-icon",  "manifest",   "prerender" };
    return has_word(rel, words, LENGTH(words));
}

static bool loads(struct span tag, struct span name, struct span rel)
{
    static const char *const always[] = { "src",         "srcset", "poster",  "background", "formaction",
                                          "imagesrcset", "hx-get", "hx-post", "lazy-src",   "original" };
    static const char *const images[] = { "use", "image", "feimage" };
    if (is_one_of(name, always, LENGTH(always)))
        return true;
    if (span_is_nocase(name, "action"))
        return span_is_nocase(tag, "form");
    if (span_is_nocase(name, "data"))
        return span_is_nocase(tag, "object");
    return span_is_nocase(name, "href") &&
           (span_is_nocase(tag, "link") ? rel_loads(rel) : is_one_of(tag, images, LENGTH(images)));
}

/* "'https://...'" and "@{https://...}" of frameworks whose values are expressions. */
static struct span bare_value(struct span value)
{
    value = span_trim(value);
    if (span_begins(value, "@{") && span_ends(value, "}"))
        value = span_part(value, 2, value.bytes - 3);
    if (value.bytes >= 2 && strchr("'`\"", value.data[0]) && value.data[value.bytes - 1] == value.data[0])
        value = span_part(value, 1, value.bytes - 2);
    return span_trim(value);
}

static void use_address(struct source *source, struct sink *sink, struct span value, size_t line)
{
    char room[LONGEST_ADDRESS];
    struct span address;
    const bool absolute = span_begins(value, "https://") || span_begins(value, "http://") || span_begins(value, "//") ||
                          span_begins(value, "wss://");
    if (absolute && address_fill(value, room, sizeof room, &address))
        declare(source, sink, SIGNAL_DOMAIN, address, line);
}

/* "https://a/1.png 1x, https://b/2.png 2x": commas also stand in addresses, but not before a blank. */
static void use_list(struct source *source, struct sink *sink, struct span list, size_t line)
{
    while (list.bytes > 0) {
        list = span_trim(list);
        use_address(source, sink, span_part(list, 0, span_find(list, " ")), line);
        list = span_from(list, span_find(list, ", ") + 1);
    }
}

void attribute_read(struct source *source, struct sink *sink, struct span tag, struct span attribute, struct span value,
                    struct span rel, size_t line)
{
    static const char *const own[] = { "canonical" };
    const struct span name = bare_name(attribute);
    value = bare_value(value);
    if (span_is_nocase(tag, "link") && span_is_nocase(name, "href") && has_word(rel, own, LENGTH(own)))
        own_domain(sink, value);
    else if (span_is_nocase(name, "srcset") && loads(tag, name, rel))
        use_list(source, sink, value, line);
    else if (loads(tag, name, rel))
        use_address(source, sink, value, line);
    else if (span_is_nocase(name, "style"))
        style_read(source, sink, value, line);
}

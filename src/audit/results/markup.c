/* markup.c: markup of ours, texts of others always escaped. */
#include "audit/results/markup.h"

#include <string.h>

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void put_escaped(struct page *page, const char *strange)
{
    const char *clean = strange ? text_clean(&page->result->arena, strange) : "";
    page->failed |= !clean;
    for (const char *c = clean; c && *c; c++) {
        const char *escape = escape_of(*c);
        if (escape)
            fputs(escape, page->stream);
        else
            fputc(*c, page->stream);
    }
}

void put_plain(struct page *page, const char *markup)
{
    fputs(markup, page->stream);
}

void put(struct page *page, const char *markup, const char *const *texts)
{
    for (const char *hole; (hole = strstr(markup, "{}")); markup = hole + 2) {
        fwrite(markup, 1, (size_t)(hole - markup), page->stream);
        put_escaped(page, *texts++);
    }
    put_plain(page, markup);
}

const char *text(struct page *page, const char *format, ...)
{
    char short_text[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(short_text, sizeof short_text, format, arguments);
    va_end(arguments);
    char *made = arena_text(&page->result->arena, span_of(short_text, size_min((size_t)length, sizeof short_text - 1)));
    page->failed |= !made;
    return made ? made : "";
}

const char *number(struct page *page, size_t value)
{
    const char *digits = text(page, "%zu", value);
    struct buffer grouped = { .limit = 64 };
    bool good = true;
    for (size_t left = strlen(digits); left > 0; left--)
        good = good && buffer_add(&grouped, digits + strlen(digits) - left, 1, NULL) &&
               (left == 1 || left % 3 != 1 || buffer_text(&grouped, "\u202F", NULL)); /* a narrow space */
    const char *made = good ? text(page, "%s", grouped.bytes) : "";
    buffer_free(&grouped);
    return made;
}

const char *counted(struct page *page, size_t count, const char *singular)
{
    return text(page, "%s %s%s", number(page, count), singular, count == 1 ? "" : "s");
}

const char *shortened(struct page *page, const char *strange, size_t characters)
{
    const struct span bytes = span_text(strange);
    size_t end = 0, last = 0;
    for (size_t i = 0; end < bytes.bytes && i < characters; i++) {
        uint32_t code_point;
        last = end;
        end += utf8_read(bytes, end, &code_point);
    }
    return end < bytes.bytes ? text(page, "%.*s…", (int)last, strange) : strange;
}

void put_level(struct page *page, enum level level)
{
    static const char *const marks[] = { [LEVEL_NOTE] = "○", [LEVEL_WARNING] = "◐", [LEVEL_CRITICAL] = "●" };
    put(page, "<span class=\"level {}\">{} {}</span>", TEXTS(level_name(level), marks[level], level_name(level)));
}

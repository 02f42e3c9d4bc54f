/* bookmarks.c: a browser's bookmarks: the file that all browsers export ("NETSCAPE-Bookmark-file-1", HTML), Chromium's
 * own file and Firefox's backup (JSON). */
#include <string.h>

#include "audit/readers/accounts.h"
#include "audit/readers/readers.h"

static bool takes_bookmarks(const struct source *source)
{
    static const char *const extensions[] = { "html", "htm", "json", "" };
    for (size_t i = 0; i < LENGTH(extensions); i++)
        if (strcmp(source->extension, extensions[i]) == 0)
            return strcasestr(source->name, "bookmark") != NULL;
    return false;
}

/* <DT><A HREF="https://..." ADD_DATE="...">title</A> */
static enum reading read_html(struct source *source, struct accounts *accounts)
{
    static const char opening[] = "href=\"";
    if (span_find(span_part(source->text, 0, 512), "NETSCAPE-Bookmark-file-1") == size_min(source->text.bytes, 512))
        return READ_NOT_MINE;
    struct span line;
    for (size_t at = 0, number = 1; next_line(source->text, &at, &line); number++) {
        const char *found = NULL;
        for (size_t i = 0; i + sizeof opening <= line.bytes && !found; i++)
            if (strncasecmp((const char *)line.data + i, opening, sizeof opening - 1) == 0)
                found = (const char *)line.data + i + sizeof opening - 1;
        if (found)
            account_tell(accounts, span_from(line, (size_t)((const unsigned char *)found - line.data)), number,
                         EVIDENCE_OBSERVED);
    }
    return READ_DONE;
}

static void tell_address(void *context, const struct node *node, struct span key)
{
    struct accounts *accounts = context;
    if ((span_is(key, "url") || span_is(key, "uri")) && span_begins(node->text, "http"))
        account_tell(accounts, node->text, node->line, EVIDENCE_OBSERVED);
}

static enum reading read_json(struct source *source, struct accounts *accounts)
{
    const struct node *root = source_tree(source, accounts->sink, SYNTAX_JSON);
    if (!node_get(root, "roots") && !node_get(root, "guid"))
        return READ_NOT_MINE;
    node_walk(root, NULL, tell_address, accounts);
    return READ_DONE;
}

static enum reading read_bookmarks(struct source *source, struct sink *sink)
{
    struct accounts accounts = { .source = source, .sink = sink };
    const struct span text = span_trim(source->text);
    return span_begins(text, "{") ? read_json(source, &accounts) : read_html(source, &accounts);
}

const struct reader reader_bookmarks = { .name = "bookmarks", .takes = takes_bookmarks, .read = read_bookmarks };

/* mbox.c: a person's mail (RFC 4155): who writes to one, out of the heads of messages alone; bodies are passed. */
#include <ctype.h>
#include <string.h>

#include "audit/readers/accounts.h"
#include "audit/readers/readers.h"

static bool takes_mbox(const struct source *source)
{
    return strcmp(source->extension, "mbox") == 0 || strcmp(source->name, "mbox") == 0;
}

/* The host of "Name <who@host>" or "who@host". */
static struct span sender_host(struct span line)
{
    size_t at = line.bytes;
    for (size_t i = 0; i < line.bytes; i++)
        at = line.data[i] == '@' ? i : at;
    const struct span rest = span_from(line, at + 1);
    size_t bytes = 0;
    while (bytes < rest.bytes && (isalnum(rest.data[bytes]) || strchr("-.", rest.data[bytes])))
        bytes++;
    return span_part(rest, 0, bytes);
}

static enum reading read_mbox(struct source *source, struct sink *sink)
{
    struct accounts accounts = { .source = source, .sink = sink };
    if (!span_begins(source->text, "From "))
        return READ_NOT_MINE;
    struct span line;
    bool in_head = false, blank = true;
    for (size_t at = 0, number = 1; next_line(source->text, &at, &line); number++) {
        in_head |= blank && span_begins(line, "From ");
        blank = line.bytes == 0;
        in_head &= !blank;
        if (in_head && line.bytes > 5 && strncasecmp((const char *)line.data, "from:", 5) == 0)
            account_tell_sender(&accounts, sender_host(line), number);
    }
    return READ_DONE;
}

const struct reader reader_mbox = { .name = "mbox", .takes = takes_mbox, .read = read_mbox };

/* results.c: results of this audit and of its like, kept in the folder that is audited (a baseline, a bill of
 * materials): they speak of dependencies that stand elsewhere, and would be found again in them. */
#include "audit/readers/readers.h"
#include "audit/tree.h"

#include <string.h>

enum { HEAD_BYTES = 1024 };

static bool takes_result(const struct source *source)
{
    return strcmp(source->extension, "json") == 0 || strcmp(source->extension, "sarif") == 0;
}

static enum reading read_result(struct source *source, struct sink *sink)
{
    static const char *const marks[] = { "\"bastide-audit-1\"", "\"bomFormat\"", "sarif-schema", "sarif-2.1.0",
                                         "\"SPDXID\"" };
    (void)sink;
    const struct span head = span_part(source->text, 0, size_min(source->text.bytes, HEAD_BYTES));
    for (size_t i = 0; i < LENGTH(marks); i++)
        if (span_find(head, marks[i]) < head.bytes)
            return READ_DONE;
    return READ_NOT_MINE;
}

const struct reader reader_result = { "result", takes_result, read_result };

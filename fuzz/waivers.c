/* waivers.c: any bytes as the waivers of a folder, which may be anybody's. What is refused names its reason; what is
 * taken marks findings and adds a warning at most for each waiver. */
#include "audit/audit.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct finding findings[] = {
        { .host = "unknown.example", .file = "deploy/app.yaml", .line = 1, .text = "x", .level = LEVEL_WARNING },
        { .host = "aaaaaaaaaaaaaaaaaaaaaaaa.example", .file = "a/b/c", .line = 2, .text = "y", .level = LEVEL_NOTE },
    };
    struct report report = { .date = "2026-11-24", .findings = findings, .finding_count = LENGTH(findings) };
    struct error error = { 0 };
    const bool taken = report_waive_text(&report, "waivers", span_of(data, bytes), &error);
    if (!taken && (error.kind == ERROR_NONE || !error.text[0]))
        abort();
    if (report.warning_count > 1000)
        abort();
    arena_free(&report.arena);
    return 0;
}

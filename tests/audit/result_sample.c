/* result_sample.c: writes the result of a report made by hand, for tests/audit/test_results.py.
 *
 *   result_sample FORM SERVICES [hostile] */
#include "audit/sample.h"

#include <stdlib.h>

/* Everything that a stranger can put into a repository and that a careless writer would pass on. */
static void make_hostile(struct report *report)
{
    static const char *const texts[] = {
        "<script>alert(1)</script>",
        "</title></style><img src=x onerror=alert(1)>",
        "=cmd|'/C calc'!A0",
        "@SUM(1)",
        "\"quoted\", comma\nand a line",
        "\xFF\xFE broken",
        "right \xE2\x80\xAE to left",
        "-->]]><!--",
        "&amp;\x01\x1B[31m",
    };
    struct provider *provider = (struct provider *)report->findings[0].service->provider;
    provider->owner = texts[1];
    provider->name = texts[0];
    for (size_t i = 0; i < report->finding_count; i++) {
        report->findings[i].text = texts[i % LENGTH(texts)];
        report->findings[i].file = texts[(i + 2) % LENGTH(texts)];
        if (!report->findings[i].service)
            report->findings[i].host = texts[i % LENGTH(texts)];
        report->findings[i].waived = i % 4 == 3 ? texts[0] : NULL;
    }
    report->title = texts[1];
}

int main(int argc, char **argv)
{
    struct report report;
    struct error error = { 0 };
    if (argc < 3)
        return 2;
    sample_report(&report, strtoul(argv[2], NULL, 10));
    if (argc > 3 && report.finding_count)
        make_hostile(&report);
    const bool written = result_write(&report, argv[1], stdout, &error);
    if (!written)
        fprintf(stderr, "%s\n", error.text);
    arena_free(&report.arena);
    return written ? 0 : 3;
}

/* html_rest.c: what was waived, what could not be read, and how to read the page. */
#include "audit/results/markup.h"

enum { MOST_ROWS = 100 };

static void put_waivers(struct page *page)
{
    const struct report *report = page->result->report;
    size_t shown = 0;
    if (!page->result->summary.waived)
        return;
    put_plain(page,
              "<section id=\"waivers\">\n<h2>Waived</h2>\n<p class=\"about\">Somebody decided to live with these. They "
              "count in every figure above.</p>\n<ul class=\"notes\">\n");
    for (size_t i = 0; i < report->finding_count && shown < MOST_ROWS; i++) {
        const struct finding *finding = &report->findings[i];
        if (!finding->waived)
            continue;
        put(page, "<li><b>{}</b> <code>{}:{}</code> {}</li>\n",
            TEXTS(finding->service ? finding->service->name : finding->host, finding->file,
                  text(page, "%zu", finding->line), finding->waived));
        shown++;
    }
    put_plain(page, "</ul>\n</section>\n");
}

static void put_warnings(struct page *page)
{
    const struct report *report = page->result->report;
    if (!report->warning_count)
        return;
    put_plain(page, "<section id=\"warnings\">\n<h2>What could not be read</h2>\n<ul class=\"notes\">\n");
    for (size_t i = 0; i < size_min(report->warning_count, MOST_ROWS); i++)
        put(page, "<li><code>{}</code> {}</li>\n", TEXTS(report->warnings[i].file, report->warnings[i].text));
    if (report->warning_count > MOST_ROWS)
        put(page, "<li>{} more</li>\n", TEXTS(number(page, report->warning_count - MOST_ROWS)));
    put_plain(page, "</ul>\n</section>\n");
}

static void put_reading(struct page *page)
{
    put_plain(page,
              "<section id=\"reading\">\n<h2>How to read this</h2>\n<dl class=\"reading\">\n"
              "<dt>Owner</dt><dd>The ultimate parent. Laws such as the CLOUD Act follow it, not the place of the data "
              "centre.</dd>\n"
              "<dt>Level</dt><dd><b>Critical</b>: without it, what the organisation offers stops, or its data are out "
              "of reach. "
              "<b>Warning</b>: work is hindered. <b>Note</b>: seen only in tests, or through another package.</dd>\n"
              "<dt>Evidence</dt><dd>Each place is a file and a line that name the service. A file declares, a setting "
              "configures; neither proves that the service is in use, and what is not written down is not here.</dd>\n"
              "<dt>Stops at once</dt><dd>An estimate by kind of service, not a measurement. A drill proves it: "
              "<code>bastide cutoff PROVIDER -- COMMAND</code>.</dd>\n"
              "<dt>European Union law</dt><dd>The Union and the economic area count as one jurisdiction. What is under "
              "its law "
              "alone can still fail; it is only nobody else's to switch off.</dd>\n"
              "</dl>\n</section>\n");
}

void put_rest(struct page *page)
{
    put_waivers(page);
    put_warnings(page);
    put_reading(page);
}

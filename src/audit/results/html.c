/* html.c: the report as one page, for who decides: the sentence that matters, what stops if one goes, who has power
 * over how much, the way out, and behind it the register with every place. No script, nothing fetched (the policy in
 * its head forbids both), light and dark, A4 when printed. Its style is report.css. */
#include "audit/results/markup.h"

#include <string.h>

extern const unsigned char report_css[];
extern const size_t report_css_bytes;

static void put_head(struct page *page)
{
    put(page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<title>Who could switch off {}</title>\n<style>\n",
        TEXTS(page->result->report->title));
    fwrite(report_css, 1, report_css_bytes, page->stream);
    put_plain(page, "</style>\n</head>\n<body>\n");
}

static void put_looked_at(struct page *page)
{
    const struct report *report = page->result->report;
    const struct summary *summary = &page->result->summary;
    char bytes[16];
    put(page, "<p class=\"lead\">We read {} ({}) and found {}",
        TEXTS(counted(page, (size_t)report->files, "file"), size_text((size_t)report->bytes, bytes),
              counted(page, summary->dependency_count - summary->unknown, "service")));
    put(page, " in {}", TEXTS(counted(page, report->finding_count, "place")));
    if (summary->unknown)
        put(page, ", and {} whose owner the register does not know", TEXTS(counted(page, summary->unknown, "host")));
    if (report->warning_count)
        put(page, ". <a href=\"#warnings\">{}</a> could not be read as a whole",
            TEXTS(counted(page, report->warning_count, "file")));
    put_plain(page, ".</p>\n");
}

/* ---- the four figures -------------------------------------------------------------------------------------------- */

static void put_figure(struct page *page, const char *value, const char *what, const char *more)
{
    put(page, "<div><dt>{}</dt><dd><strong>{}</strong><span>{}</span></dd></div>\n", TEXTS(what, value, more));
}

static size_t count_known(const struct parties *parties)
{
    size_t known = 0;
    for (size_t i = 0; i < parties->count; i++)
        known += parties->rows[i].name != NULL;
    return known;
}

static double share_outside(const struct parties *jurisdictions)
{
    double share = 0;
    for (size_t i = 0; i < jurisdictions->count; i++)
        if (jurisdictions->rows[i].name && strcmp(jurisdictions->rows[i].name, "EU") != 0)
            share += jurisdictions->rows[i].share;
    return share;
}

static const char *verdict(double index)
{
    return index > 2500 ? "highly concentrated" : index > 1500 ? "concentrated" : "spread out";
}

static void put_figures(struct page *page)
{
    const struct summary *summary = &page->result->summary;
    size_t stops = 0;
    for (size_t i = 0; i < summary->dependency_count; i++)
        stops += summary->dependencies[i].cut == CUT_STOPS;
    put_plain(page, "<dl class=\"figures\">\n");
    put_figure(page, number(page, count_known(&summary->providers)), "Providers",
               text(page, "of %s", counted(page, count_known(&summary->owners), "owner")));
    put_figure(page, number(page, stops), "Stop at once", "services without which work stops");
    put_figure(page, text(page, "%.0f %%", 100 * share_outside(&summary->jurisdictions)), "Under outside law",
               "of what matters, weighted");
    put_figure(
        page, number(page, (size_t)(summary->jurisdictions.index + 0.5)), "Concentration",
        text(page, "by law %s, by owner %s", verdict(summary->jurisdictions.index), verdict(summary->owners.index)));
    put_plain(page, "</dl>\n");
}

static void put_contents(struct page *page)
{
    put_plain(page, "<nav aria-label=\"Contents\"><a href=\"#cuts\">If one goes</a><a href=\"#graph\">Who owns what</a>"
                    "<a href=\"#concentration\">Concentration</a><a href=\"#plan\">The way out</a>"
                    "<a href=\"#register\">Register</a><a href=\"#reading\">How to read this</a></nav>\n");
}

static void put_top(struct page *page)
{
    const struct report *report = page->result->report;
    put(page, "<header>\n<p class=\"kicker\"><span>Dependencies of <b>{}</b></span><time>{}</time></p>\n<h1>{}</h1>\n",
        TEXTS(report->title, report->date, page->result->headline));
    put_looked_at(page);
    if (page->result->summary.dependency_count) {
        put_figures(page);
        put_contents(page);
    }
    put_plain(page, "</header>\n<main>\n");
}

bool result_html(struct result *result, FILE *stream, struct error *error)
{
    struct page page = { .stream = stream, .result = result };
    put_head(&page);
    put_top(&page);
    if (result->summary.dependency_count) {
        put_cuts(&page);
        put_graph(&page);
        put_concentration(&page);
        put_plan(&page);
        put_register(&page);
    }
    put_rest(&page);
    put_plain(&page, "</main>\n<footer>Made by bastide " BASTIDE_VERSION " on this machine. Nothing in this page is "
                     "fetched or sent.</footer>\n</body>\n</html>\n");
    return !page.failed || error_memory(error, 0);
}

/* html_shares.c: who has how much: bars for owners and jurisdictions, and what the index says. */
#include "audit/results/markup.h"

enum { MOST_BARS = 8 };

static void put_bar(struct page *page, const char *name, double share)
{
    put(page,
        "<li><span>{}</span><svg viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
        "<rect class=\"all\" width=\"100\" height=\"6\"/><rect class=\"part\" width=\"{}\" height=\"6\"/></svg>"
        "<b>{} %</b></li>\n",
        TEXTS(name, text(page, "%.1f", 100 * share), text(page, "%.0f", 100 * share)));
}

static void put_bars(struct page *page, const struct parties *parties, bool countries)
{
    double rest = 0;
    size_t shown = 0, left_out = 0;
    put_plain(page, "<ul class=\"bars\">\n");
    for (size_t i = 0; i < parties->count; i++) {
        const struct party *party = &parties->rows[i];
        if (!party->name)
            continue;
        if (shown < MOST_BARS) {
            put_bar(page, countries ? country_title(party->name) : party->name, party->share);
            shown++;
        } else {
            rest += party->share;
            left_out++;
        }
    }
    if (left_out)
        put_bar(page, text(page, "%zu more", left_out), rest);
    put_plain(page, "</ul>\n");
}

static void put_half(struct page *page, const char *title, const struct parties *parties, bool countries)
{
    put(page, "<div>\n<h3>{} <small>index {}</small></h3>\n",
        TEXTS(title, number(page, (size_t)(parties->index + 0.5))));
    put_bars(page, parties, countries);
    put_plain(page, "</div>\n");
}

void put_concentration(struct page *page)
{
    const struct summary *summary = &page->result->summary;
    put_plain(page, "<section id=\"concentration\">\n<h2>Concentration</h2>\n<p class=\"about\">Shares of all known "
                    "services, where one that is critical counts three times as much as one whose loss hinders. The "
                    "index (Herfindahl-Hirschman) is 10\u202F000 when one has everything; above 2\u202F500 a market "
                    "is called highly concentrated.</p>\n<div class=\"halves\">\n");
    put_half(page, "By owner", &summary->owners, false);
    put_half(page, "By jurisdiction", &summary->jurisdictions, true);
    put_plain(page, "</div>\n</section>\n");
}

/* html_cuts.c: the cut-off table: if an owner goes, what stops at once, what is hindered, what is felt later. */
#include "audit/results/markup.h"

enum { MOST_ROWS = 12, MOST_NAMES = 6 };

static void put_names(struct page *page, const struct party *party, enum cut cut)
{
    size_t shown = 0;
    put(page, "<td class=\"{}\" data-label=\"{}\">",
        TEXTS(party->cuts[cut] ? "" : "empty", cut == CUT_STOPS     ? "Stops at once"
                                               : cut == CUT_HINDERS ? "Hindered at once"
                                                                    : "Within days"));
    for (size_t i = 0; i < party->count && shown < MOST_NAMES; i++) {
        const struct dependency *one = party->dependencies[i];
        if (one->cut != cut)
            continue;
        put(page, "{}<span title=\"{}\">{}", TEXTS(shown++ ? ", " : "", one->service->category->cut, one->name));
        if (cut == CUT_LATER)
            put(page, " <small>{}</small>", TEXTS(counted(page, (size_t)one->days, "day")));
        put_plain(page, "</span>");
    }
    if (party->cuts[cut] > shown)
        put(page, ", <small>{} more</small>", TEXTS(number(page, party->cuts[cut] - shown)));
    if (!shown)
        put_plain(page, "<span class=\"none\">–</span>");
    put_plain(page, "</td>");
}

static bool is_felt(const struct party *party)
{
    return party->name && party->cuts[CUT_STOPS] + party->cuts[CUT_HINDERS] + party->cuts[CUT_LATER] > 0;
}

static void put_row(struct page *page, const struct party *party)
{
    const struct provider *provider = party->dependencies[0]->service->provider;
    put(page, "<tr><th scope=\"row\">{}<small>{}</small></th>", TEXTS(party->name, country_title(provider->country)));
    put_names(page, party, CUT_STOPS);
    put_names(page, party, CUT_HINDERS);
    put_names(page, party, CUT_LATER);
    put(page, "<td class=\"count {}\" data-label=\"Not felt\">{}</td></tr>\n",
        TEXTS(party->cuts[CUT_UNFELT] ? "" : "empty",
              party->cuts[CUT_UNFELT] ? number(page, party->cuts[CUT_UNFELT]) : "–"));
}

void put_cuts(struct page *page)
{
    const struct parties *owners = &page->result->summary.owners;
    size_t shown = 0, felt = 0;
    put_plain(page, "<section id=\"cuts\">\n<h2>If one goes</h2>\n<p class=\"about\">An owner who is sanctioned, "
                    "bankrupt, cut off or simply says no takes all of its services along.</p>\n"
                    "<table class=\"cuts\">\n<thead><tr><th scope=\"col\">If this owner goes</th>"
                    "<th scope=\"col\">Stops at once</th><th scope=\"col\">Hindered at once</th>"
                    "<th scope=\"col\">Within days</th><th scope=\"col\" class=\"count\">Not felt</th></tr></thead>\n"
                    "<tbody>\n");
    for (size_t i = 0; i < owners->count; i++)
        if (is_felt(&owners->rows[i]) && ++felt && shown < MOST_ROWS) {
            put_row(page, &owners->rows[i]);
            shown++;
        }
    put_plain(page, "</tbody>\n</table>\n");
    if (felt > shown)
        put(page, "<p class=\"more\">{} with a smaller part {} in the <a href=\"#register\">register</a>.</p>\n",
            TEXTS(counted(page, felt - shown, "owner"), felt - shown == 1 ? "is" : "are"));
    if (felt == 0)
        put_plain(page, "<p class=\"more\">Nobody whose absence would be felt was found in the register.</p>\n");
    put_plain(page, "</section>\n");
}

/* html_register.c: the register: each service with who is behind it, what reaches it, and where it is used. */
#include "audit/results/markup.h"

#include <string.h>

enum { MOST_PLACES = 3, MOST_UNKNOWN = 200 };

static void put_places(struct page *page, const struct dependency *dependency)
{
    size_t shown = 0;
    put_plain(page, "<td data-label=\"Where\" class=\"places\">");
    for (size_t i = 0; i < dependency->finding_count && shown < MOST_PLACES; i++) {
        const struct finding *finding = dependency->findings[i];
        if (i && strcmp(finding->file, dependency->findings[i - 1]->file) == 0)
            continue;
        put(page, "<code title=\"{}: {}\">{}:{}</code>",
            TEXTS(evidence_name(finding->evidence), finding->text, finding->file, text(page, "%zu", finding->line)));
        shown++;
    }
    if (dependency->finding_count > shown)
        put(page, "<small>{} in {}</small>",
            TEXTS(counted(page, dependency->finding_count, "place"), counted(page, dependency->file_count, "file")));
    put_plain(page, "</td>");
}

static void put_laws(struct page *page, const struct provider *provider)
{
    put(page, "<td data-label=\"Law\">{}<small>", TEXTS(country_title(provider->country)));
    for (size_t i = 0; i < provider->law_count; i++)
        put(page, "{}{}", TEXTS(i ? ", " : "", provider->laws[i]));
    put_plain(page, "</small></td>");
}

static void put_known(struct page *page, const struct dependency *dependency)
{
    const struct service *service = dependency->service;
    put(page, "<tr><th scope=\"row\">{}<small>{}</small></th>", TEXTS(service->name, service->category->title));
    put(page, "<td data-label=\"Owner\">{}<small>{}</small></td>",
        TEXTS(service->provider->owner, service->provider->entity));
    put_laws(page, service->provider);
    put(page, "<td data-label=\"Data\">{}</td><td data-label=\"Level\">", TEXTS(service->category->flows));
    put_level(page, dependency->level);
    if (dependency->waived_count)
        put(page, "<small>{} waived</small>", TEXTS(number(page, dependency->waived_count)));
    put_plain(page, "</td>");
    put_places(page, dependency);
    put_plain(page, "</tr>\n");
}

static void put_unknown(struct page *page)
{
    const struct summary *summary = &page->result->summary;
    size_t shown = 0;
    if (!summary->unknown)
        return;
    put_plain(page,
              "<h3 id=\"unknown\">Hosts that nobody in the register owns</h3>\n<p class=\"about\">Not known is not "
              "good: find out who stands behind them, and tell it in a providers.yaml of your own.</p>\n"
              "<ul class=\"unknown\">\n");
    for (size_t i = 0; i < summary->dependency_count && shown < MOST_UNKNOWN; i++) {
        const struct dependency *one = &summary->dependencies[i];
        if (one->service)
            continue;
        put(page, "<li>{} <code title=\"{}\">{}:{}</code></li>\n",
            TEXTS(one->name, one->findings[0]->text, one->findings[0]->file,
                  text(page, "%zu", one->findings[0]->line)));
        shown++;
    }
    if (summary->unknown > shown)
        put(page, "<li>{} more</li>\n", TEXTS(number(page, summary->unknown - shown)));
    put_plain(page, "</ul>\n");
}

void put_register(struct page *page)
{
    const struct summary *summary = &page->result->summary;
    put_plain(page, "<section id=\"register\">\n<h2>Register</h2>\n");
    if (summary->dependency_count > summary->unknown) {
        put_plain(page,
                  "<table class=\"register\">\n<thead><tr><th scope=\"col\">Service</th><th scope=\"col\">Owner</th>"
                  "<th scope=\"col\">Law</th><th scope=\"col\">Data that flow</th><th scope=\"col\">Level</th>"
                  "<th scope=\"col\">Where</th></tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < summary->dependency_count; i++)
            if (summary->dependencies[i].service)
                put_known(page, &summary->dependencies[i]);
        put_plain(page, "</tbody>\n</table>\n");
    }
    put_unknown(page);
    put_plain(page, "</section>\n");
}

/* html_plan.c: the way out: what to do within 30, 90 and 365 days, and what needs a decision first. */
#include "audit/results/markup.h"

enum { MOST_STEPS = 40 };

static const struct stage {
    int horizon;
    bool known; /* whether a way out is known */
    const char *title, *about;
} stages[] = {
    { 30, true, "Within 30 days", "most risk for least work" },
    { 90, true, "Within 90 days", "" },
    { 365, true, "Within a year", "" },
    { 0, true, "Later", "or sooner, with more than one person" },
    { 0, false, "No way out known", "each needs a decision: build, buy or live with it" },
};

static bool belongs(const struct step *step, const struct stage *stage)
{
    return step->horizon == stage->horizon && (step->work > 0) == stage->known;
}

static void put_step(struct page *page, const struct step *step)
{
    const struct dependency *dependency = step->dependency;
    const struct alternative *way_out = dependency->way_out;
    put(page, "<tr><th scope=\"row\">{}<small>{}</small></th>",
        TEXTS(dependency->name, dependency->service->provider->owner));
    put(page, "<td data-label=\"Instead\">{}", TEXTS(way_out ? way_out->name : "–"));
    if (way_out && way_out->own)
        put_plain(page, " <small class=\"own\">own machines</small>");
    put(page,
        "</td><td data-label=\"Effort\">{}</td><td data-label=\"Places\" class=\"count\">{}</td><td "
        "data-label=\"Level\">",
        TEXTS(way_out ? way_out->effort : "not known", number(page, dependency->finding_count)));
    put_level(page, dependency->level);
    put_plain(page, "</td></tr>\n");
}

static size_t count_steps(const struct summary *summary, const struct stage *stage)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->step_count; i++)
        count += belongs(&summary->plan[i], stage);
    return count;
}

static void put_stage(struct page *page, const struct stage *stage)
{
    const struct summary *summary = &page->result->summary;
    const size_t all = count_steps(summary, stage);
    size_t shown = 0;
    if (!all)
        return;
    put(page, "<tbody>\n<tr class=\"stage\"><th colspan=\"5\" scope=\"rowgroup\">{} <small>{}</small></th></tr>\n",
        TEXTS(stage->title, stage->about));
    for (size_t i = 0; i < summary->step_count && shown < MOST_STEPS; i++)
        if (belongs(&summary->plan[i], stage)) {
            put_step(page, &summary->plan[i]);
            shown++;
        }
    if (all > shown)
        put(page, "<tr class=\"more\"><td colspan=\"5\">{} more</td></tr>\n", TEXTS(number(page, all - shown)));
    put_plain(page, "</tbody>\n");
}

void put_plan(struct page *page)
{
    put_plain(page, "<section id=\"plan\">\n<h2>The way out</h2>\n");
    if (page->result->summary.step_count == 0) {
        put_plain(page,
                  "<p class=\"about\">Nothing that matters is under a law from outside the European Union. What is "
                  "in the register still needs a second source.</p>\n</section>\n");
        return;
    }
    put_plain(page,
              "<p class=\"about\">In the order of risk over effort, if one person works on it. Services whose owners "
              "are under European Union law alone are not in it.</p>\n<table class=\"plan\">\n<thead><tr>"
              "<th scope=\"col\">Leave</th><th scope=\"col\">Instead</th><th scope=\"col\">Effort</th>"
              "<th scope=\"col\" class=\"count\">Places</th><th scope=\"col\">Level</th></tr></thead>\n");
    for (size_t i = 0; i < LENGTH(stages); i++)
        put_stage(page, &stages[i]);
    put_plain(page, "</table>\n</section>\n");
}

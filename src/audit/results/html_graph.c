/* html_graph.c: services, owners and laws as a drawing.
 *
 *    service ---.                  .--- law
 *    service ----= owner ---------=
 *    service ---'                  '--- law
 *
 * Rows go by owner, the greatest first, so that lines on the left never cross; an owner stands in the middle of its
 * services. What there is no room for is told as a number. */
#include "audit/results/markup.h"

#include <string.h>

enum { MOST_OWNERS = 12, MOST_LAWS = 8, MOST_SERVICES = 30, MOST_OF_ONE = 8 };
enum {
    ROW = 24,
    GAP = 14,
    TOP = 34,
    SERVICE_X = 262,
    OWNER_X = 372,
    OWNER_END = 600,
    LAW_X = 716,
    WIDTH = 960,
    BLOCK = 8
};

struct drawn_owner {
    const struct party *party; /* NULL: the unknown */
    size_t shown;              /* services that have a row */
    bool more;                 /* one row more says how many are left out */
    double top, middle;
};

struct drawing {
    struct drawn_owner owners[MOST_OWNERS];
    size_t owner_count;
    const struct party *laws[MOST_LAWS];
    size_t law_count;
    double height;
};

/* ---- where things stand ------------------------------------------------------------------------------------------ */

static bool has_law(const struct party *owner, const char *law)
{
    const struct provider *provider = owner->dependencies[0]->service->provider;
    for (size_t i = 0; i < provider->law_count; i++)
        if (strcmp(provider->laws[i], law) == 0)
            return true;
    return false;
}

/* A law that reaches only owners that are not drawn would stand there without a line. */
static bool is_drawn(const struct drawing *drawing, const char *law)
{
    for (size_t i = 0; i < drawing->owner_count; i++)
        if (has_law(drawing->owners[i].party, law))
            return true;
    return false;
}

static void choose_owners(const struct summary *summary, struct drawing *drawing)
{
    for (size_t i = 0; i < summary->owners.count && drawing->owner_count < MOST_OWNERS; i++)
        if (summary->owners.rows[i].name)
            drawing->owners[drawing->owner_count++].party = &summary->owners.rows[i];
    for (size_t i = 0; i < summary->laws.count && drawing->law_count < MOST_LAWS; i++)
        if (is_drawn(drawing, summary->laws.rows[i].name))
            drawing->laws[drawing->law_count++] = &summary->laws.rows[i];
}

static void place_owners(struct drawing *drawing)
{
    const size_t each = size_max(1, size_min(MOST_OF_ONE, MOST_SERVICES / size_max(1, drawing->owner_count)));
    double y = TOP;
    for (size_t i = 0; i < drawing->owner_count; i++) {
        struct drawn_owner *owner = &drawing->owners[i];
        /* A row that says "1 more" would take the room of that one. */
        owner->shown = owner->party->count <= each + 1 ? owner->party->count : each;
        owner->more = owner->party->count > owner->shown;
        const double rows = (double)(owner->shown + owner->more);
        owner->top = y;
        owner->middle = y + rows * ROW / 2;
        y += rows * ROW + GAP;
    }
    drawing->height = y - GAP + 8 < TOP + 60 ? TOP + 60 : y - GAP + 8;
}

static double law_y(const struct drawing *drawing, size_t i)
{
    return TOP + (drawing->height - TOP) * ((double)i + 0.5) / (double)drawing->law_count;
}

/* ---- lines and words --------------------------------------------------------------------------------------------- */

static void put_curve(struct page *page, const char *kind, double width, double x1, double y1, double x2, double y2)
{
    const double middle = (x1 + x2) / 2;
    put(page, "<path class=\"{}\" stroke-width=\"{}\" d=\"{}\"/>\n",
        TEXTS(kind, text(page, "%.1f", width),
              text(page, "M%.0f %.1fC%.0f %.1f %.0f %.1f %.0f %.1f", x1, y1, middle, y1, middle, y2, x2, y2)));
}

static void put_word(struct page *page, const char *kind, double x, double y, const char *word, size_t most)
{
    put(page, "<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>\n",
        TEXTS(kind, text(page, "%.0f", x), text(page, "%.1f", y + 4.5), shortened(page, word, most)));
}

static void put_block(struct page *page, const char *kind, double x, double middle, double height)
{
    put(page, "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"8\" height=\"{}\" rx=\"2\"/>\n",
        TEXTS(kind, text(page, "%.0f", x), text(page, "%.1f", middle - height / 2), text(page, "%.1f", height)));
}

/* Rows are nearer to each other where they meet the owner's block. */
static double meeting(const struct drawn_owner *owner, double row_y)
{
    return owner->middle + (row_y - owner->middle) * 0.4;
}

static void put_services(struct page *page, const struct drawn_owner *owner)
{
    for (size_t i = 0; i < owner->shown; i++) {
        const struct dependency *one = owner->party->dependencies[i];
        const double y = owner->top + ((double)i + 0.5) * ROW;
        put_curve(page, level_name(one->level),
                  one->level == LEVEL_CRITICAL  ? 4
                  : one->level == LEVEL_WARNING ? 2.5
                                                : 1.2,
                  SERVICE_X + 8, y, OWNER_X, meeting(owner, y));
        put_word(page, "left", SERVICE_X, y, one->name, 34);
    }
    if (!owner->more)
        return;
    const double y = owner->top + ((double)owner->shown + 0.5) * ROW;
    put_curve(page, "note", 1.2, SERVICE_X + 8, y, OWNER_X, meeting(owner, y));
    put_word(page, "left quiet", SERVICE_X, y, text(page, "%zu more", owner->party->count - owner->shown), 34);
}

static void put_owner(struct page *page, const struct drawing *drawing, const struct drawn_owner *owner)
{
    const double rows = (double)(owner->shown + owner->more);
    const char *country = owner->party->dependencies[0]->service->provider->country;
    for (size_t i = 0; i < drawing->law_count; i++)
        if (has_law(owner->party, drawing->laws[i]->name))
            put_curve(page, "law", 1.5 + (rows > 6 ? 6 : rows) / 2, OWNER_END, owner->middle, LAW_X, law_y(drawing, i));
    put_block(page, "owner", OWNER_X, owner->middle, rows * ROW * 0.4 + 6);
    put_word(page, "strong", OWNER_X + 18, owner->middle,
             text(page, "%s · %s", shortened(page, owner->party->name, 24), country), 40);
}

static bool reaches_from_outside(const struct party *law)
{
    for (size_t i = 0; i < law->count; i++)
        if (law->dependencies[i]->outside)
            return true;
    return false;
}

static void put_law(struct page *page, const struct drawing *drawing, size_t i)
{
    const size_t providers = drawing->laws[i]->providers;
    put_block(page, reaches_from_outside(drawing->laws[i]) ? "law-block" : "law-block union", LAW_X, law_y(drawing, i),
              26);
    put_word(page, "strong", LAW_X + 18, law_y(drawing, i) - 8, drawing->laws[i]->name, 28);
    put_word(page, "quiet", LAW_X + 18, law_y(drawing, i) + 8, counted(page, providers, "provider"), 28);
}

static void put_drawing(struct page *page, const struct drawing *drawing)
{
    put(page,
        "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Services, owners and laws\">\n<svg "
        "class=\"graph\" viewBox=\"0 0 960 {}\" role=\"img\" aria-label=\"Services on the left, their owners in "
        "the middle, laws that reach these on the right; the same is in the register below\">\n",
        TEXTS(text(page, "%.0f", drawing->height)));
    put_word(page, "left head", SERVICE_X, 12, "Service", 20);
    put_word(page, "head", OWNER_X, 12, "Owner", 20);
    put_word(page, "head", LAW_X, 12, "Law that reaches it", 30);
    for (size_t i = 0; i < drawing->owner_count; i++)
        put_services(page, &drawing->owners[i]);
    for (size_t i = 0; i < drawing->owner_count; i++)
        put_owner(page, drawing, &drawing->owners[i]);
    for (size_t i = 0; i < drawing->law_count; i++)
        put_law(page, drawing, i);
    put_plain(page, "</svg>\n</div>\n");
}

static size_t owners_left_out(const struct summary *summary, const struct drawing *drawing)
{
    size_t known = 0;
    for (size_t i = 0; i < summary->owners.count; i++)
        known += summary->owners.rows[i].name != NULL;
    return known - drawing->owner_count;
}

void put_graph(struct page *page)
{
    struct drawing drawing = { 0 };
    const struct summary *summary = &page->result->summary;
    choose_owners(summary, &drawing);
    if (drawing.owner_count == 0)
        return;
    place_owners(&drawing);
    put_plain(page,
              "<section id=\"graph\">\n<h2>Who owns what</h2>\n<p class=\"about\">Thick lines are critical: what the "
              "organisation offers stops without them.</p>\n");
    put_drawing(page, &drawing);
    const size_t left_out = owners_left_out(summary, &drawing);
    if (left_out)
        put(page, "<p class=\"more\">{} with smaller parts {} not drawn.</p>\n",
            TEXTS(counted(page, left_out, "owner"), left_out == 1 ? "is" : "are"));
    put_plain(page, "</section>\n");
}

/* summary.c: what the findings of a report mean together: dependencies, and who has how much of them.
 *
 *   findings --sorted by service--> dependencies --gathered by owner, country, law--> parties with shares
 *
 * A dependency's weight is 9 if it is critical, 3 for a warning, 1 for a note, and shares are of weight: two fonts do
 * not hide a database. The index is that of Herfindahl and Hirschman (Rhoades 1993): above 2500 a market counts as
 * highly concentrated. What the register does not know has no share: it is counted by itself. */
#include "audit/summary.h"

#include <stdlib.h>
#include <string.h>

const char *cut_name(enum cut cut)
{
    static const char *const names[CUTS] = { "stops", "hinders", "later", "unfelt", "unknown" };
    return names[cut];
}

double level_weight(enum level level)
{
    static const double weights[] = { [LEVEL_NOTE] = 1, [LEVEL_WARNING] = 3, [LEVEL_CRITICAL] = 9 };
    return weights[level];
}

/* ---- dependencies ------------------------------------------------------------------------------------------------ */

/* Ids and hosts share no names that matter: an unknown sorts after all that is known. */
static int compare_services(const struct finding *a, const struct finding *b)
{
    if (!a->service || !b->service)
        return a->service ? -1 : b->service ? 1 : strcmp(a->host, b->host);
    return strcmp(a->service->id, b->service->id);
}

static int compare_findings(const void *left, const void *right)
{
    const struct finding *a = *(const struct finding *const *)left, *b = *(const struct finding *const *)right;
    const int order = compare_services(a, b);
    return order ? order : a < b ? -1 : a > b; /* the report's order */
}

static enum cut cut_of(const struct dependency *dependency)
{
    if (!dependency->service)
        return CUT_UNKNOWN;
    const int days = dependency->service->category->days;
    if (dependency->level == LEVEL_NOTE || days < 0)
        return CUT_UNFELT;
    if (days > 0)
        return CUT_LATER;
    return dependency->level == LEVEL_CRITICAL ? CUT_STOPS : CUT_HINDERS;
}

static const struct alternative *least_effort(const struct service *service)
{
    const struct alternative *best = NULL;
    for (size_t i = 0; service && i < service->alternative_count; i++)
        if (!best || effort_days(service->alternatives[i].effort) < effort_days(best->effort))
            best = &service->alternatives[i];
    return best;
}

static void describe(struct dependency *dependency, const struct finding *const *findings, size_t count)
{
    const struct service *service = findings[0]->service;
    *dependency = (struct dependency){ .name = service ? service->name : findings[0]->host,
                                       .provider = service ? service->provider->name : findings[0]->host,
                                       .service = service,
                                       .findings = findings,
                                       .finding_count = count,
                                       .way_out = least_effort(service) };
    for (size_t i = 0; i < count; i++) {
        if (findings[i]->level > dependency->level)
            dependency->level = findings[i]->level;
        dependency->file_count += i == 0 || strcmp(findings[i]->file, findings[i - 1]->file) != 0;
        dependency->waived_count += findings[i]->waived != NULL;
    }
    const char *jurisdiction = jurisdiction_of(service ? service->provider->country : NULL);
    dependency->outside = !jurisdiction || strcmp(jurisdiction, "EU") != 0;
    dependency->cut = cut_of(dependency);
    dependency->days = dependency->cut == CUT_LATER ? service->category->days : 0;
}

static int compare_dependencies(const void *left, const void *right)
{
    const struct dependency *a = left, *b = right;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    if (!a->service != !b->service)
        return a->service ? -1 : 1;
    const int provider = strcmp(a->provider, b->provider);
    const int name = provider ? provider : strcmp(a->name, b->name);
    return name || !a->service ? name : strcmp(a->service->id, b->service->id);
}

static bool find_dependencies(const struct report *report, struct arena *arena, struct summary *out,
                              struct error *error)
{
    const size_t count = report->finding_count;
    const struct finding **sorted = arena_take(arena, count + 1, sizeof *sorted);
    out->dependencies = arena_take(arena, count + 1, sizeof *out->dependencies);
    if (!sorted || !out->dependencies)
        return error_memory(error, count * sizeof *out->dependencies);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &report->findings[i];
    qsort(sorted, count, sizeof(const struct finding *), compare_findings);
    for (size_t first = 0, end = 0; first < count; first = end) {
        while (end < count && compare_services(sorted[first], sorted[end]) == 0)
            end++;
        describe(&out->dependencies[out->dependency_count++], sorted + first, end - first);
    }
    qsort(out->dependencies, out->dependency_count, sizeof *out->dependencies, compare_dependencies);
    return true;
}

/* ---- parties ----------------------------------------------------------------------------------------------------- */

/* Name i of those under which a dependency is counted; false if there are no more. *name is NULL for the unknown. */
typedef bool naming(const struct dependency *dependency, size_t i, const char **name);

static bool by_provider(const struct dependency *dependency, size_t i, const char **name)
{
    *name = dependency->service ? dependency->provider : NULL;
    return i == 0;
}

static bool by_owner(const struct dependency *dependency, size_t i, const char **name)
{
    *name = dependency->service ? dependency->service->provider->owner : NULL;
    return i == 0;
}

static bool by_country(const struct dependency *dependency, size_t i, const char **name)
{
    *name = dependency->service ? dependency->service->provider->country : NULL;
    return i == 0;
}

static bool by_jurisdiction(const struct dependency *dependency, size_t i, const char **name)
{
    *name = jurisdiction_of(dependency->service ? dependency->service->provider->country : NULL);
    return i == 0;
}

static bool by_law(const struct dependency *dependency, size_t i, const char **name)
{
    const bool more = dependency->service && i < dependency->service->provider->law_count;
    *name = more ? dependency->service->provider->laws[i] : NULL;
    return more;
}

static bool by_category(const struct dependency *dependency, size_t i, const char **name)
{
    *name = dependency->service ? dependency->service->category->id : NULL;
    return i == 0;
}

struct named {
    const char *name;
    const struct dependency *dependency;
};

static int compare_names(const char *a, const char *b)
{
    if (!a || !b)
        return a ? -1 : b ? 1 : 0;
    return strcmp(a, b);
}

static int compare_named(const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    const int name = compare_names(a->name, b->name);
    return name ? name : a->dependency < b->dependency ? -1 : a->dependency > b->dependency;
}

/* Providers among dependencies. Those of the register are few, so all are compared; each unknown is one of its own. */
static size_t count_providers(const struct dependency *const *dependencies, size_t count)
{
    size_t providers = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t k = 0; dependencies[i]->service && k < i && !seen; k++)
            seen = dependencies[k]->service && dependencies[k]->service->provider == dependencies[i]->service->provider;
        providers += !seen;
    }
    return providers;
}

static void add_up(struct party *party)
{
    for (size_t i = 0; i < party->count; i++) {
        const struct dependency *dependency = party->dependencies[i];
        party->findings += dependency->finding_count;
        party->cuts[dependency->cut]++;
        party->share += level_weight(dependency->level); /* made a share when all are known */
    }
    party->providers = count_providers(party->dependencies, party->count);
}

static int compare_parties(const void *left, const void *right)
{
    const struct party *a = left, *b = right;
    if (!a->name != !b->name)
        return a->name ? -1 : 1;
    if (a->share < b->share || a->share > b->share)
        return a->share > b->share ? -1 : 1;
    return compare_names(a->name, b->name);
}

/* Laws overlap, so theirs are shares of all dependencies' weight and not of their own sum. */
static void share_out(struct parties *parties, double weight)
{
    for (size_t i = 0; i < parties->count; i++) {
        struct party *party = &parties->rows[i];
        party->share = party->name && weight > 0 ? party->share / weight : 0;
        parties->index += party->share * party->share * 10000;
    }
    qsort(parties->rows, parties->count, sizeof *parties->rows, compare_parties);
}

static double known_weight(const struct summary *summary)
{
    double weight = 0;
    for (size_t i = 0; i < summary->dependency_count; i++)
        if (summary->dependencies[i].service)
            weight += level_weight(summary->dependencies[i].level);
    return weight;
}

static size_t list_names(const struct summary *summary, naming *names, struct named *out)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->dependency_count; i++) {
        const char *name;
        for (size_t k = 0; names(&summary->dependencies[i], k, &name); k++, count++)
            if (out)
                out[count] = (struct named){ name, &summary->dependencies[i] };
    }
    return count;
}

static bool gather(const struct summary *summary, naming *names, struct arena *arena, struct parties *out,
                   struct error *error)
{
    const size_t count = list_names(summary, names, NULL);
    struct named *rows = arena_take(arena, count + 1, sizeof *rows);
    const struct dependency **dependencies = arena_take(arena, count + 1, sizeof *dependencies);
    out->rows = arena_take(arena, count + 1, sizeof *out->rows);
    if (!rows || !dependencies || !out->rows)
        return error_memory(error, count * sizeof *out->rows);
    list_names(summary, names, rows);
    qsort(rows, count, sizeof *rows, compare_named);
    for (size_t i = 0; i < count; i++) {
        dependencies[i] = rows[i].dependency;
        if (i == 0 || compare_names(rows[i - 1].name, rows[i].name) != 0)
            out->rows[out->count++] = (struct party){ .name = rows[i].name, .dependencies = dependencies + i };
        out->rows[out->count - 1].count++;
    }
    for (size_t i = 0; i < out->count; i++)
        add_up(&out->rows[i]);
    share_out(out, known_weight(summary));
    return true;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void count_findings(const struct report *report, struct summary *out)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        out->levels[report->findings[i].level]++;
        out->waived += report->findings[i].waived != NULL;
        out->known += report->findings[i].known;
    }
    for (size_t i = 0; i < out->dependency_count; i++)
        out->unknown += !out->dependencies[i].service;
}

bool summary_make(const struct report *report, struct arena *arena, struct summary *out, struct error *error)
{
    *out = (struct summary){ 0 };
    if (!find_dependencies(report, arena, out, error))
        return false;
    count_findings(report, out);
    return gather(out, by_provider, arena, &out->providers, error) &&
           gather(out, by_owner, arena, &out->owners, error) &&
           gather(out, by_country, arena, &out->countries, error) &&
           gather(out, by_jurisdiction, arena, &out->jurisdictions, error) &&
           gather(out, by_law, arena, &out->laws, error) && gather(out, by_category, arena, &out->categories, error) &&
           plan_make(arena, out, error);
}

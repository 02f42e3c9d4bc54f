/* jurisdiction.c: whose law it is, in words, and the sentence on top of a report.
 *
 * The Union's members and those of the economic area are one jurisdiction: a service in Finland is as near to a court
 * in Lyon as one in Lille. Sources: EUR-Lex, Treaty on European Union, article 52; EEA Agreement. */
#include "audit/audit.h"

#include <string.h>

static const struct country {
    const char code[3];
    bool union_law;
    const char *title;
} countries[] = {
    { "AE", false, "United Arab Emirates" },
    { "AT", true, "Austria" },
    { "AU", false, "Australia" },
    { "BE", true, "Belgium" },
    { "BG", true, "Bulgaria" },
    { "BR", false, "Brazil" },
    { "CA", false, "Canada" },
    { "CH", false, "Switzerland" },
    { "CN", false, "China" },
    { "CY", true, "Cyprus" },
    { "CZ", true, "Czechia" },
    { "DE", true, "Germany" },
    { "DK", true, "Denmark" },
    { "EE", true, "Estonia" },
    { "ES", true, "Spain" },
    { "FI", true, "Finland" },
    { "FR", true, "France" },
    { "GB", false, "United Kingdom" },
    { "GR", true, "Greece" },
    { "HK", false, "Hong Kong" },
    { "HR", true, "Croatia" },
    { "HU", true, "Hungary" },
    { "IE", true, "Ireland" },
    { "IL", false, "Israel" },
    { "IN", false, "India" },
    { "IS", true, "Iceland" },
    { "IT", true, "Italy" },
    { "JP", false, "Japan" },
    { "KR", false, "South Korea" },
    { "LI", true, "Liechtenstein" },
    { "LT", true, "Lithuania" },
    { "LU", true, "Luxembourg" },
    { "LV", true, "Latvia" },
    { "MT", true, "Malta" },
    { "NL", true, "Netherlands" },
    { "NO", true, "Norway" },
    { "NZ", false, "New Zealand" },
    { "PL", true, "Poland" },
    { "PT", true, "Portugal" },
    { "RO", true, "Romania" },
    { "RU", false, "Russia" },
    { "SE", true, "Sweden" },
    { "SG", false, "Singapore" },
    { "SI", true, "Slovenia" },
    { "SK", true, "Slovakia" },
    { "TR", false, "Türkiye" },
    { "TW", false, "Taiwan" },
    { "UA", false, "Ukraine" },
    { "US", false, "United States" },
    { "VN", false, "Vietnam" },
    { "ZA", false, "South Africa" },
};

static const struct country *country_named(const char *code)
{
    for (size_t i = 0; i < LENGTH(countries); i++)
        if (strcmp(countries[i].code, code) == 0)
            return &countries[i];
    return NULL;
}

const char *jurisdiction_of(const char *country)
{
    const struct country *found = country ? country_named(country) : NULL;
    return found && found->union_law ? "EU" : country;
}

const char *country_title(const char *country)
{
    if (strcmp(country, "EU") == 0)
        return "European Union";
    const struct country *found = country_named(country);
    return found ? found->title : country;
}

/* ---- the sentence ------------------------------------------------------------------------------------------------ */

static bool counted_before(const struct party *party, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (party->dependencies[k]->service->provider == party->dependencies[i]->service->provider)
            return true;
    return false;
}

/* Providers of a party with something above a note: a test's data give nobody power. Dependencies are sorted by level,
 * so a provider's first one is its weightiest. */
static size_t weighty_providers(const struct party *party)
{
    size_t providers = 0;
    for (size_t i = 0; i < party->count; i++)
        providers += party->dependencies[i]->level != LEVEL_NOTE && !counted_before(party, i);
    return providers;
}

static const struct party *greatest_outside(const struct parties *jurisdictions)
{
    for (size_t i = 0; i < jurisdictions->count; i++) {
        const struct party *party = &jurisdictions->rows[i];
        if (party->name && strcmp(party->name, "EU") != 0 && weighty_providers(party))
            return party;
    }
    return NULL;
}

static const struct party *most_stopping(const struct parties *owners)
{
    const struct party *most = NULL;
    for (size_t i = 0; i < owners->count; i++)
        if (owners->rows[i].name && owners->rows[i].cuts[CUT_STOPS] > (most ? most->cuts[CUT_STOPS] : 0))
            most = &owners->rows[i];
    return most;
}

/* "Amazon.com" of "Amazon.com, Inc.", "Alphabet" of "Alphabet Inc." */
static int short_length(const char *owner)
{
    const char *comma = strchr(owner, ','), *form = strstr(owner, " Inc");
    const size_t before_comma = comma ? (size_t)(comma - owner) : strlen(owner);
    return (int)(form ? size_min(before_comma, (size_t)(form - owner)) : before_comma);
}

/* "the United States", but "China". */
static const char *article(const char *title)
{
    const bool plural = strncmp(title, "United ", 7) == 0 || strcmp(title, "European Union") == 0 ||
                        strcmp(title, "Netherlands") == 0;
    return plural ? "the " : "";
}

static bool say_law(const struct summary *summary, size_t providers, struct buffer *out, struct error *error)
{
    const struct party *outside = greatest_outside(&summary->jurisdictions);
    const size_t count = weighty_providers(outside ? outside : &summary->jurisdictions.rows[0]);
    const char *title = country_title(outside ? outside->name : "EU");
    if (providers == 1)
        return buffer_format(out, error, "The one provider is under the law of %s%s", article(title), title);
    if (count == 2 && providers == 2)
        return buffer_format(out, error, "Both providers are under the law of %s%s", article(title), title);
    if (count == providers)
        return buffer_format(out, error, "All %zu providers are under the law of %s%s", providers, article(title),
                             title);
    return buffer_format(out, error, "%zu of %zu providers %s under the law of %s%s", count, providers,
                         count == 1 ? "is" : "are", article(title), title);
}

static bool say_stop(const struct summary *summary, struct buffer *out, struct error *error)
{
    const struct party *most = most_stopping(&summary->owners);
    if (!most)
        return buffer_text(out, "; if one of them goes, nothing stops at once.", error);
    const size_t stops = most->cuts[CUT_STOPS];
    return buffer_format(out, error, "; if %.*s goes, %zu thing%s at once.", short_length(most->name), most->name,
                         stops, stops == 1 ? " stops" : "s stop");
}

bool summary_headline(const struct summary *summary, struct buffer *out, struct error *error)
{
    size_t providers = 0;
    for (size_t i = 0; i < summary->jurisdictions.count; i++)
        if (summary->jurisdictions.rows[i].name)
            providers += weighty_providers(&summary->jurisdictions.rows[i]);
    if (providers)
        return say_law(summary, providers, out, error) && say_stop(summary, out, error);
    if (summary->dependency_count == 0)
        return buffer_text(out, "No third party was found.", error);
    return buffer_text(out,
                       summary->unknown ? "No provider of the register was found that matters; who stands behind "
                                          "the rest is not known."
                                        : "Nothing was found that would be missed at once: notes only.",
                       error);
}

/* sample.h: reports made by hand, of any size, for tests of results. Names are of no real company. Header only. */
#ifndef BASTIDE_AUDIT_SAMPLE_H
#define BASTIDE_AUDIT_SAMPLE_H

#include "audit/audit.h"

#include <stdlib.h>
#include <string.h>

static const struct category sample_categories[] = {
    { "object-storage", "Object storage", "files of users, backups", "files can't be read or written", LEVEL_CRITICAL,
      0 },
    { "error-tracking", "Error tracking", "errors with users' data", "errors aren't seen", LEVEL_WARNING, 1 },
    { "package-registry", "Package registry", "names of packages", "clean builds fail", LEVEL_WARNING, 1 },
    { "chat", "Team chat and alerts", "messages of the team", "alerts don't arrive", LEVEL_WARNING, 0 },
    { "database", "Database as a service", "the application's data", "applications stop at once", LEVEL_CRITICAL, 0 },
    { "analytics", "Analytics", "visitors and what they do", "numbers are missing", LEVEL_WARNING, -1 },
    { "certificates", "Certificates", "names of servers", "certificates expire", LEVEL_CRITICAL, 60 },
};

static const char *const sample_us_laws[] = { "CLOUD Act", "FISA 702" };
static const char *const sample_cn_laws[] = { "National Intelligence Law" };
static const char *const sample_eu_laws[] = { "GDPR" };

static const struct sample_owner {
    const char *owner, *country;
    const char *const *laws;
    size_t law_count;
} sample_owners[] = {
    { "Great River, Inc.", "US", sample_us_laws, 2 },    { "Hexagon Corporation", "US", sample_us_laws, 2 },
    { "Maison Dupont SAS", "FR", sample_eu_laws, 1 },    { "Seeblick GmbH", "DE", sample_eu_laws, 1 },
    { "Red Lantern Holdings", "CN", sample_cn_laws, 1 }, { "Alphabeet Inc.", "US", sample_us_laws, 2 },
};

static const struct alternative sample_alternatives[] = {
    { "Garage on own disks", "weeks", true },
    { "A European host of the same", "days", false },
    { "A fork that is kept by its users", "months", true },
};

/* Service number i; of every two one provider, providers spread over the owners. */
static inline struct service *sample_service(struct arena *arena, size_t i)
{
    const struct sample_owner *owner = &sample_owners[i / 2 % LENGTH(sample_owners)];
    struct provider *provider = arena_take(arena, 1, sizeof *provider);
    struct service *service = arena_take(arena, 1, sizeof *service);
    if (!provider || !service)
        abort();
    *provider = (struct provider){ .id = arena_format(arena, "provider-%03zu", i / 2),
                                   .name = arena_format(arena, "Provider %zu", i / 2),
                                   .entity = arena_format(arena, "Provider %zu Operations Ltd.", i / 2),
                                   .owner = owner->owner,
                                   .country = owner->country,
                                   .laws = owner->laws,
                                   .law_count = owner->law_count,
                                   .source = "https://register.example/facts",
                                   .date = "2026-11-24" };
    *service = (struct service){ .provider = provider,
                                 .category = &sample_categories[i % LENGTH(sample_categories)],
                                 .id = arena_format(arena, "service-%03zu", i),
                                 .name = arena_format(arena, "Service %zu", i),
                                 .alternatives = sample_alternatives + i % 3,
                                 .alternative_count = i % 5 == 4 ? 0 : 1 };
    return service;
}

/* A report of so many services with up to three findings each, and as many unknown hosts as a tenth. report_close or
 * arena_free(&report->arena) ends it. */
static inline void sample_report(struct report *report, size_t services)
{
    *report = (struct report){ .title = "shop", .date = "2026-11-24", .files = 1234, .bytes = 5678901 };
    struct arena *arena = &report->arena;
    report->findings = arena_take(arena, services * 4 + 1, sizeof *report->findings);
    report->warnings = arena_take(arena, 2, sizeof *report->warnings);
    if (!report->findings || !report->warnings)
        abort();
    const struct service *before = NULL;
    for (size_t i = 0; i < services; i++) {
        struct service *service = sample_service(arena, i);
        if (i % 2 && before)
            service->provider = before->provider;
        before = service;
        for (size_t k = 0; k <= i % 3; k++)
            report->findings[report->finding_count++] = (struct finding){
                .service = service,
                .file = arena_format(arena, "deploy/part-%zu/values.yaml", i / 7 + k),
                .line = 10 + i + k,
                .text = arena_format(arena, "endpoint: https://s%zu.provider.example/v1", i),
                .evidence = k ? EVIDENCE_CONFIGURED : EVIDENCE_DECLARED,
                .level = i % 11 == 10 ? LEVEL_NOTE : service->category->level,
            };
    }
    for (size_t i = 0; i < services / 10; i++)
        report->findings[report->finding_count++] =
            (struct finding){ .host = arena_format(arena, "unknown-%zu.example", i),
                              .file = "src/main.py",
                              .line = 3 + i,
                              .text = "url = \"https://api.unknown.example\"",
                              .evidence = EVIDENCE_CONFIGURED,
                              .level = LEVEL_WARNING };
    if (services)
        report->warnings[report->warning_count++] =
            (struct warning){ "vendor/broken.json", "line 3: a value is missing: what stood before it was read" };
}

#endif

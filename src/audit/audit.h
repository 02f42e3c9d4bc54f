/* audit.h: what a folder (or a machine, a DNS zone, a person's exports) depends on, and who stands behind it.
 *
 *   walk the files -> a reader for each kind of file tells what it mentions (a host, an image, a package)
 *                  -> the register says whose that is -> findings, sorted -> results in many forms
 *
 * Nothing here uses the network. Files are hostile: what is broken, enormous or no file costs a warning, never the
 * run. */
#ifndef BASTIDE_AUDIT_H
#define BASTIDE_AUDIT_H

#include "base/base.h"
#include "providers/providers.h"

/* How strong the evidence is. */
enum evidence {
    EVIDENCE_DECLARED,   /* a manifest, infrastructure code or a program names it */
    EVIDENCE_CONFIGURED, /* a setting names it: .env, a configuration, a DNS zone */
    EVIDENCE_OBSERVED,   /* it was seen happening: a socket, a question to DNS */
};

/* "declared", "configured", "observed" */
const char *evidence_name(enum evidence evidence);

/* One provider's service at one place. */
struct finding {
    const struct service *service; /* NULL: nobody in the register; then host is what was found */
    const char *host;              /* registrable domain of the unknown; NULL if service is there */
    const char *file;              /* relative to the path of the audit, with '/' */
    size_t line;                   /* from 1 */
    const char *text;              /* the line that shows it, without blanks around it and without secrets, UTF-8 */
    enum evidence evidence;
    enum level level;
    const char *waived; /* the reason, if a waiver covers it; else NULL */
    bool known;         /* the baseline has it */
};

struct warning {
    const char *file;
    const char *text;
};

/* Everything in it lives in its arena. Sorted by file, line, provider, service: the same input gives the same
 * report. */
struct report {
    struct arena arena;
    const char *title;                 /* of the audit: the folder's name, the machine's */
    const char *date;                  /* "2026-11-24", or of SOURCE_DATE_EPOCH */
    const struct providers *providers; /* not the report's: stays the caller's, who keeps it longer */
    struct finding *findings;
    size_t finding_count;
    struct warning *warnings;
    size_t warning_count;
    uint64_t files; /* that were read */
    uint64_t bytes;
};

struct audit_wishes {
    const char *path;        /* folder or file */
    bool ignored_too;        /* also what .gitignore leaves out */
    unsigned threads;        /* 0: one for each core */
    const char *const *skip; /* NULL-terminated patterns as in .gitignore; may be NULL */
};

/* Reads all that is below the path; of a file that is a capture (pcap, pcapng), names that were asked for and talked
 * to: a finding's line is the packet's number then. Fails only if the path can't be opened, memory is short, or
 * progress asks for a stop. report_close frees it. */
MUST_USE bool audit_run(const struct audit_wishes *wishes, const struct providers *providers,
                        const struct progress *progress, struct report **out, struct error *error);
void report_close(struct report *report);

/* A number that changes when a file that audit_run would read comes, goes or is changed: of names, sizes and times. */
MUST_USE bool audit_stamp(const struct audit_wishes *wishes, const struct progress *progress, uint64_t *out,
                          struct error *error);

struct machine_wishes {
    const char *root; /* the folder that a machine's files lie in; NULL: this machine's */
    unsigned seconds; /* how long connections are watched; 0: looked at once */
};

/* Reads what a machine is made of and set to: origins of packages, resolvers, time servers, certificates, services, and
 * what runs on it. Of findings, file is the path there, or "process/1234 nginx". What this user may not read is one
 * warning. Needs no rights and no network. Fails as audit_run does. */
MUST_USE bool audit_machine(const struct machine_wishes *wishes, const struct providers *providers,
                            const struct progress *progress, struct report **out, struct error *error);

/* ---- what the findings mean together ---------------------------------------------------------------------------- */

/* What happens when a service is gone. */
enum cut {
    CUT_STOPS,   /* what the organisation offers stops at once */
    CUT_HINDERS, /* work is hindered at once */
    CUT_LATER,   /* is felt within days */
    CUT_UNFELT,  /* not, as far as one knows */
    CUT_UNKNOWN, /* nobody in the register: not known, which is never good */
    CUTS,
};

/* "stops", "hinders", "later", "unfelt", "unknown" */
const char *cut_name(enum cut cut);

/* What is depended on: a service, or a host that the register does not know. */
struct dependency {
    const char *name;              /* of the service, or the host */
    const char *provider;          /* as commonly named; the host again if it is unknown */
    const struct service *service; /* NULL: unknown */
    enum level level;              /* the highest of its findings */
    enum cut cut;
    int days;                              /* with CUT_LATER */
    bool outside;                          /* the owner is unknown, or under another law than the European Union's */
    const struct finding *const *findings; /* in the report's order */
    size_t finding_count;
    size_t file_count;                 /* different files among them */
    size_t waived_count;               /* findings that a waiver covers */
    const struct alternative *way_out; /* the one of least effort; NULL: none is known */
};

/* Those that have something in common: an owner, a country, a law. */
struct party {
    const char *name; /* a country's is its code; NULL: those of whom it is not known */
    const struct dependency *const *dependencies;
    size_t count;
    size_t providers;
    size_t findings;
    size_t cuts[CUTS]; /* how many stop, are hindered, ... without it */
    double share;      /* of all that is known, weighted by level: 0 to 1 */
};

struct parties {
    struct party *rows; /* greatest share first, then by name; the unknown last */
    size_t count;
    double index; /* Herfindahl-Hirschman: sum of squared shares in percent, up to 10000 */
};

/* A step of the way out. */
struct step {
    const struct dependency *dependency;
    double work; /* days of one person; 0: no way out is known */
    double risk; /* what is at stake, in points */
    int horizon; /* done within 30, 90, 365 days if one person works on it; 0: later, or not known how */
};

struct summary {
    size_t levels[3]; /* findings by enum level */
    size_t waived, known;
    size_t unknown;                  /* dependencies that the register does not know */
    struct dependency *dependencies; /* by level, the highest first, then provider and name */
    size_t dependency_count;
    struct parties providers, owners, countries, jurisdictions, laws, categories; /* jurisdictions: the Union is one */
    struct step *plan; /* most risk for least work first; the unknown and what stays under Union law are not in it */
    size_t step_count;
};

/* Sums a report up. What it points to lives in the arena and the report. */
MUST_USE bool summary_make(const struct report *report, struct arena *arena, struct summary *out, struct error *error);

/* "EU" for its members and those of the economic area, else the country; NULL for NULL. */
const char *jurisdiction_of(const char *country);

/* "United States" for "US"; the code itself if it is not known here. */
const char *country_title(const char *country);

/* The sentence that matters: who has power over this, and what stops when the greatest goes. */
MUST_USE bool summary_headline(const struct summary *summary, struct buffer *out, struct error *error);

/* ---- what is known and what is waived ---------------------------------------------------------------------------- */

/* Marks as known each finding that the JSON result in that file has, too. Lines may have moved, a file may have been
 * renamed, a version in the text may have been raised: what counts is how often a service occurs there. */
MUST_USE bool report_compare(struct report *report, const char *baseline, struct error *error);

/* Reads waivers (docs/audit-ci.md has the form) and marks what they cover; what has expired or covers nothing is a
 * warning of the report. Fine if there is no such file. ERROR_WRONG_USE, with the line, for what is no waiver. */
MUST_USE bool report_waive(struct report *report, const char *path, struct error *error);

/* The same for a text; named: what it is called where something is wrong with it. */
MUST_USE bool report_waive_text(struct report *report, const char *named, struct span text, struct error *error);

/* The name of that file in the folder that is audited. */
#define WAIVERS_FILE ".bastide-audit.yaml"

/* How many findings of that level or above are neither known nor waived. */
size_t report_over(const struct report *report, enum level least);

/* ---- results ---------------------------------------------------------------------------------------------------- */

/* Writes a report in the form of that name: json, csv, html, cyclonedx, sarif. ERROR_WRONG_USE if there is no such
 * form. The same report gives the same bytes. */
MUST_USE bool result_write(const struct report *report, const char *form, FILE *stream, struct error *error);

/* The names, NULL-terminated. */
const char *const *result_forms(void);

#endif

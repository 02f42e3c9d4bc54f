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

/* Reads all that is below the path. Fails only if the path can't be opened, memory is short, or progress asks for a
 * stop. report_close frees it. */
MUST_USE bool audit_run(const struct audit_wishes *wishes, const struct providers *providers,
                        const struct progress *progress, struct report **out, struct error *error);
void report_close(struct report *report);

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* Writes a report in the form of that name: json, csv, html, cyclonedx, sarif. ERROR_WRONG_USE if there is no such
 * form. The same report gives the same bytes. */
MUST_USE bool result_write(const struct report *report, const char *form, FILE *stream, struct error *error);

/* The names, NULL-terminated. */
const char *const *result_forms(void);

#endif

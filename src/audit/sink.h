/* sink.h: what readers told, kept until all are done. Each thread has its own. */
#ifndef BASTIDE_AUDIT_SINK_H
#define BASTIDE_AUDIT_SINK_H

#include "audit/reader.h"

/* Findings and warnings in an arena of its own; a row is as in the report. */
struct sink {
    const struct providers *providers;
    struct arena arena;
    struct finding *findings;
    size_t finding_count, finding_room;
    struct warning *warnings;
    size_t warning_count, warning_room;
    const char **own; /* domains of the files' owner */
    size_t own_count, own_room;
    const char *file;  /* that is read, in the arena; NULL until something was told about it */
    const char *named; /* the path that file is a copy of */
    bool full;         /* memory was short, or there was too much: something is missing */
};

void sink_free(struct sink *sink);

/* A finding for whoever is behind a public address, or a host, that the register does not know. */
void sink_unknown(struct source *source, struct sink *sink, const struct mention *mention, const char *host);

/* A warning that concerns no reader: a file that could not be opened. */
void sink_warn(struct sink *sink, const char *file, const char *text);

#endif

/* source.h: opening a file for its readers. */
#ifndef BASTIDE_AUDIT_SOURCE_H
#define BASTIDE_AUDIT_SOURCE_H

#include "audit/sink.h"

enum { SYNTAXES = SYNTAX_INI + 1 };

/* What was parsed of a source, and where its lines begin. */
struct trees {
    const struct node *roots[SYNTAXES];
    bool parsed[SYNTAXES];
    uint32_t *lines; /* offsets; NULL until the first line was asked for */
    size_t line_count;
};

/* Names and extension of a path, for reader->takes; no text yet. path has to live as long. */
void source_name(struct source *source, const char *path);

/* Reads the file relative to root into the source. Bytes is the thread's buffer, which it reuses. False with a warning
 * in the sink if it can't be read or is no text (no warning for what is plainly binary). */
bool source_read(struct source *source, int root, struct buffer *bytes, struct sink *sink);

/* The same from a file that is open; closes it. */
bool source_take(struct source *source, int file, struct buffer *bytes, struct sink *sink);

/* Line number line (from 1) without its end; empty if there is none. */
struct span source_line(struct source *source, size_t line);

#endif

/* reader.h: what a reader of files is, and how it tells what it saw.
 *
 * A reader is one file in readers/, one row in readers/table.c, one test. It knows a kind of file and tells the signs
 * of third parties in it; who they are, and whether a host is an example or private, it need not know: mention() sorts
 * that out. For each file the readers are asked in the order of the table; the first that answers READ_DONE was the
 * right one, so a reader looks at the content before it says so. */
#ifndef BASTIDE_AUDIT_READER_H
#define BASTIDE_AUDIT_READER_H

#include "audit/audit.h"
#include "audit/tree.h"

struct sink;

/* A file while it is read. All of it is gone after the reader returns. */
struct source {
    const char *path;      /* relative to the audit's path, "deploy/values.yaml" */
    const char *name;      /* its last part */
    const char *extension; /* after the name's last '.', lower case; "" if there is none */
    struct span text;      /* UTF-8, whatever it was in the file; without a byte order mark */
    bool test;             /* lies where tests or examples lie: its mentions are notes at most */
    struct arena *arena;   /* for what lives as long as the source */
    struct trees *trees;   /* what source_tree has parsed so far */
    const int *root;       /* the audit's folder, for source_above; NULL if it has none */
    unsigned elsewhere;    /* what settings.c has found out about all of the file: see there */
};

enum reading {
    READ_DONE,     /* it was this reader's */
    READ_NOT_MINE, /* the content is another's: ask the next */
};

struct reader {
    const char *name; /* "terraform" */
    /* Whether files of that name may be its. Called for each file there is: names only, and quickly. */
    bool (*takes)(const struct source *source);
    /* Broken content is a warning through source_warn, after what could be read of it was told. */
    enum reading (*read)(struct source *source, struct sink *sink);
};

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* A sign of a third party. */
struct mention {
    enum signal signal;
    struct span value;
    size_t line; /* from 1 */
    enum evidence evidence;
    bool note;         /* at most a note: only transitive, say */
    struct span shown; /* instead of the line, where that has what nobody else should see; empty: the line */
};

/* Tells a sign. A domain may be a whole address ("https://user@host:8080/path") or a host with port: the host counts.
 * What is no public host (an example, a placeholder, a private address, one label), and what the register does not
 * know and is no domain, is left out in silence. */
void mention(struct source *source, struct sink *sink, const struct mention *mention);

/* Whose sign it would be; NULL if the register does not know. For readers that decide between several. */
const struct service *sign_of(const struct sink *sink, enum signal signal, struct span value);

/* Tells a service that the reader has decided on; signal and value of the mention don't matter then. */
void mention_service(struct source *source, struct sink *sink, const struct service *service,
                     const struct mention *mention);

/* The same as mention() in short, for a sign that is declared, and for one that is configured. */
void declare(struct source *source, struct sink *sink, enum signal signal, struct span value, size_t line);
void configure(struct source *source, struct sink *sink, enum signal signal, struct span value, size_t line);

/* The same for a name in a place: SIGNAL_NAME with "place:name". */
void declare_name(struct source *source, struct sink *sink, const char *place, struct span name, size_t line);

/* The name without what frameworks put before it, because it reaches the browser or shall not: NEXT_PUBLIC_, VITE_. */
const char *variable_bare(const char *name);

/* An image reference as Docker takes it ("nginx:1.25", "ghcr.io/a/b@sha256:...", "docker://x"): the registry that it is
 * pulled from, and whose image it is. References with variables in the host, and "scratch", are left out. */
void declare_image(struct source *source, struct sink *sink, struct span reference, size_t line);

/* The registry at that host: by the register's registries, else as any other host. */
void declare_registry(struct source *source, struct sink *sink, struct span host, size_t line);

/* Each address with a scheme (https, wss, postgres, amqps, redis, smtp, s3, ...) that stands in a text, as a mention of
 * that evidence. For values of settings and literals of programs; not for prose. */
void mention_addresses(struct source *source, struct sink *sink, struct span text, size_t line, enum evidence evidence);

/* One setting NAME = value, of whatever file: the variable's name as a sign, if the value is not empty or a placeholder
 * that leads elsewhere (S3_ENDPOINT=http://minio:9000 makes AWS_* of no account: see settings.c); the value's
 * addresses, hosts and models. key may be "smtp.host" or "SMTP_HOST". */
void mention_setting(struct source *source, struct sink *sink, struct span key, struct span value, size_t line);

/* Whose sign it is, where a reader tells something only of what the register knows; NULL if nobody knows it. A domain
 * may be a whole address, as for mention. */
const struct service *sign_service(const struct sink *sink, enum signal signal, struct span value);

/* What the commands of a shell's script depend on: packages that they install, addresses that they fetch, images that
 * they run, programs of providers (as names in the place "command": "aws s3 cp"), settings (A=b, export A=b). The
 * script begins in that line of the file; lines may go on with a backslash. Also for one command, its words joined by
 * blanks. */
void mention_commands(struct source *source, struct sink *sink, struct span script, size_t line);

/* A domain that the files' owner has himself (server_name, an ingress' host, a zone's origin): where the register does
 * not know it, it is nobody else's, in all files. */
void own_domain(struct sink *sink, struct span domain);

/* A warning about this file; line 0: about all of it. */
void source_warn(struct source *source, struct sink *sink, size_t line, const char *format, ...) PRINTF_LIKE(4, 5);

/* ---- parsed content ---------------------------------------------------------------------------------------------- */

enum syntax {
    SYNTAX_JSON, /* with comments and commas at the end, as many files have them */
    SYNTAX_YAML, /* all documents of the file: a list of them */
    SYNTAX_TOML,
    SYNTAX_HCL,
    SYNTAX_XML,
    SYNTAX_INI, /* also properties and .env: sections, keys, values */
};

/* The file as a tree; NULL if it could not be parsed at all: then a warning was written. Parsed once for all
 * readers. */
const struct node *source_tree(struct source *source, struct sink *sink, enum syntax syntax);

/* The text of the file of that name which holds for this source: in its own folder, or the nearest above it within the
 * audit. False if there is none, or none that is a text of up to 64 kB. For settings that change what a file means. */
bool source_above(struct source *source, const char *name, struct span *out);

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* Walks over lines: *at is the offset of the next one (0 at first); false at the end. The line is without its end. */
bool next_line(struct span text, size_t *at, struct span *line);

#endif

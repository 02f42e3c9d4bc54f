/* values.h: settings within the files of infrastructure: environments, maps of values, and whole files that are a value
 * of another. Private to the readers. */
#ifndef BASTIDE_AUDIT_READERS_VALUES_H
#define BASTIDE_AUDIT_READERS_VALUES_H

#include "audit/reader.h"

/* What stands for the value of an expression (a reference to a variable, !Ref) wherever only a text will do. */
struct span value_of(const struct node *node);

/* Each text below node as a setting under its key and the one above it ("mail.host"). skip says where to go no deeper;
 * it may be NULL. */
void tell_settings(struct source *source, struct sink *sink, const struct node *node,
                   bool (*skip)(const struct node *node));

/* The variables of a program: a map, a list of "NAME=value", or a list of maps with "name" and "value". */
void tell_environment(struct source *source, struct sink *sink, const struct node *node);

/* A setting of infrastructure, unlike an environment's variable: "mistral_port" may be anybody's, so that its name
 * tells nothing unless it is a key's or a token's. What the value says counts in any case. */
void tell_setting(struct source *source, struct sink *sink, struct span key, struct span value, size_t line);

/* One such setting. A value of several lines is a file: each of its lines may be a setting, whatever it is written in.
 * */
void tell_value(struct source *source, struct sink *sink, struct span key, const struct node *node);

/* Lines of a file that lies within another, from line on. */
void tell_lines(struct source *source, struct sink *sink, struct span text, size_t line);

/* A file of a known syntax that is a value of another: its tree, with the lines of the file that it lies in; NULL if it
 * can't be read. */
const struct node *tree_within(struct source *source, const struct node *node,
                               bool (*parse)(struct span, struct arena *, struct node **, struct error *));

/* "a.b" of two keys, in the source's arena; key alone if there is no parent. */
struct span key_join(struct source *source, struct span parent, struct span key);

/* Where one thing may stand as itself or in a list: for (x = one_first(n); x; x = one_next(n, x)). node may be NULL. */
const struct node *one_first(const struct node *node);
const struct node *one_next(const struct node *node, const struct node *one);

#endif

/* tree.h: what JSON, YAML, TOML, HCL, XML and INI have in common, so that a reader need not care which it was: a tree
 * of maps, lists and texts, each with its line. A parser is a file in formats/.
 *
 *   HCL    resource "aws_s3_bucket" "b" { ... }   map "resource" > map "aws_s3_bucket" > map "b" > body; a second
 *          resource is a second entry "resource": keys of a map may repeat, in every format. An expression that is no
 *          plain literal has its source as text, and raw set; it is a list of the literals, lists and objects in it
 *          (jsonencode({ a = "b" }) holds a map), or a text if there are none. "a${b}" is a quoted raw text.
 *   XML    <a href="x">t<b/></a>                  map "a" with "@href" and "b"; text is "t". Names without prefix.
 *   YAML   the root is a list of documents; aliases and "<<" are followed, but not into what is long; a value with a
 *          tag of its own (!Ref) has raw set; the actions of a chart's templates are gone or "$(template)"
 *   INI    map of sections, each a map; keys before the first section lie in the root
 *
 * Parsers are bounded: nesting of 200, and nodes by the size of the file. What follows a mistake is left out; what was
 * read before it stays. */
#ifndef BASTIDE_AUDIT_TREE_H
#define BASTIDE_AUDIT_TREE_H

#include "base/base.h"

enum node_type { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
    struct span key;  /* in a map; empty in a list */
    struct span text; /* of a NODE_TEXT, unescaped; of an XML element, its text */
    enum node_type type;
    bool raw;                         /* the text is an expression, not a value: HCL */
    bool quoted;                      /* the text stood in quotes */
    uint32_t line;                    /* where its key stands, or its value if it has none; from 1 */
    uint32_t value_line;              /* where its value begins */
    struct node *first, *last, *next; /* what it holds; the next in the same map or list */
};

enum { MOST_TREE_DEPTH = 200 };

/* Parses text into *out, in the arena. False if there was a mistake: the error says where and what, and *out holds what
 * stood before it (NULL if nothing). */
MUST_USE bool json_parse(struct span text, struct arena *arena, struct node **out, struct error *error);
MUST_USE bool yaml_parse(struct span text, struct arena *arena, struct node **out, struct error *error);
MUST_USE bool toml_parse(struct span text, struct arena *arena, struct node **out, struct error *error);
MUST_USE bool hcl_parse(struct span text, struct arena *arena, struct node **out, struct error *error);
MUST_USE bool xml_parse(struct span text, struct arena *arena, struct node **out, struct error *error);
MUST_USE bool ini_parse(struct span text, struct arena *arena, struct node **out, struct error *error);

/* For parsers: a node at the end of its parent (NULL: a root). NULL when memory is short. */
MUST_USE struct node *node_add(struct arena *arena, struct node *parent, enum node_type type, struct span key,
                               size_t line);

/* For parsers: gives a node what another one holds (its type, text and entries); key, line and place stay its own. What
 * lies below is shared from then on. */
void node_become(struct node *node, const struct node *other);

/* The first entry of a map with that key; NULL if there is none, or node is NULL or no map. */
const struct node *node_get(const struct node *node, const char *key);

/* The same along a path of keys: "services.web.image". */
const struct node *node_at(const struct node *node, const char *path);

/* The text at that key; an empty span if there is none or it is no text. */
struct span node_text(const struct node *node, const char *key);

bool key_is(const struct node *node, const char *key);
bool text_is(const struct node *node, const char *text);

/* Calls visit for each text below node (itself included), with the key that it stands under; a text in a list has the
 * list's key. visit may be given where to go no deeper by skip, which may be NULL. */
void node_walk(const struct node *node, bool (*skip)(const struct node *node),
               void (*visit)(void *context, const struct node *node, struct span key), void *context);

/* ---- spans as texts ---------------------------------------------------------------------------------------------- */

bool span_is(struct span span, const char *text);
bool span_is_nocase(struct span span, const char *text);
bool span_begins(struct span span, const char *text);
bool span_ends(struct span span, const char *text);

/* The first place of text in the span, or span.bytes. */
size_t span_find(struct span span, const char *text);

struct span span_part(struct span span, size_t offset, size_t bytes);
struct span span_from(struct span span, size_t offset);

/* Without blanks (and line ends) on both sides. */
struct span span_trim(struct span span);

#endif

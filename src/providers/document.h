/* document.h: a YAML document of the register, read strictly: what is no text, no list, no known key is an error with
 * file and line. */
#ifndef BASTIDE_PROVIDERS_DOCUMENT_H
#define BASTIDE_PROVIDERS_DOCUMENT_H

#include <yaml.h>

#include "base/base.h"

struct document {
    const char *path; /* for messages */
    yaml_document_t yaml;
    struct arena *arena; /* for what it gives out */
    struct error *error;
};

/* Parses text. document_close ends it, and only after true. */
MUST_USE bool document_open(const char *path, struct span text, struct arena *arena, struct document *out,
                            struct error *error);
void document_close(struct document *document);

/* Fails with "PATH: line N: what". */
bool document_wrong(const struct document *document, const yaml_node_t *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A scalar as a text in the arena. */
MUST_USE bool document_text(const struct document *document, const yaml_node_t *node, const char **out);

/* A list of texts, or a single text as a list of one. */
MUST_USE bool document_texts(const struct document *document, const yaml_node_t *node, const char *const **out,
                             size_t *count);

/* Calls each for every element of the list at node; stops at the first that fails. */
MUST_USE bool document_each(const struct document *document, const yaml_node_t *node,
                            bool (*each)(void *context, const yaml_node_t *element), void *context);

/* Calls each for every key of the mapping at node. */
MUST_USE bool document_keys(const struct document *document, const yaml_node_t *node,
                            bool (*each)(void *context, const yaml_node_t *key, const char *name,
                                         const yaml_node_t *value),
                            void *context);

/* The value of that key in the mapping at node; NULL if it has none. */
const yaml_node_t *document_get(const struct document *document, const yaml_node_t *node, const char *key);

#endif

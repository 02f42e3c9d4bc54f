/* pipeline.h: what files that say how something is built have in common: keys whose values are images, commands,
 * settings. Private to the readers. */
#ifndef BASTIDE_AUDIT_READERS_PIPELINE_H
#define BASTIDE_AUDIT_READERS_PIPELINE_H

#include "audit/reader.h"

struct pipeline;

/* What the values below a key are. */
enum meaning {
    MEANS_NOTHING,   /* names, descriptions, conditions: nothing below is read */
    MEANS_IMAGES,    /* "nginx", [nginx], { name: nginx }, { image: nginx } */
    MEANS_COMMANDS,  /* a script, or a list of its lines */
    MEANS_SETTINGS,  /* { A: b }, [A=b], [{ name: A, value: b }] */
    MEANS_ADDRESSES, /* texts that hold addresses */
    MEANS_OWN,       /* tell decides */
};

struct key_rule {
    const char *keys; /* that it is for, apart by blanks */
    enum meaning meaning;
    void (*tell)(struct pipeline *pipeline, const struct node *node); /* MEANS_OWN */
};

struct pipeline {
    struct source *source;
    struct sink *sink;
    const struct key_rule *rules;
    size_t rule_count;
    const struct node *step; /* the map that the node told of stands in */
    bool told[4];            /* for the rules' own use: what is told once */
};

/* Walks the tree by the rules; what stands under a key without one is walked into. */
void pipeline_walk(struct pipeline *pipeline, const struct node *node);

/* What the node's texts are, as if a rule had said so. */
void pipeline_tell(struct pipeline *pipeline, const struct node *node, enum meaning meaning);

/* The first document of a YAML file; NULL if there is none or it is no map. */
const struct node *first_document(struct source *source, struct sink *sink);

#endif

/* tree.h: the vocabulary as a tree of bytes. Private to the room.
 *
 * Nodes lie in the order of a walk (a node, then all below it), each with how many follow below it, so that a walk is a
 * loop and leaving out a branch an addition:
 *
 *   "a" "ab" "abc" "b"  ->  a(2) b(1) c(0) b(0)
 *
 * Tokens that end an answer are not in it, nor tokens of no bytes. Special tokens are, by their text. */
#ifndef BASTIDE_ENGINE_TREE_H
#define BASTIDE_ENGINE_TREE_H

#include "engine/engine.h"

#include <pthread.h>

struct tree_node {
    uint32_t token; /* the first with these bytes; TOKEN_NONE: none */
    uint32_t below; /* nodes below it */
    uint16_t depth; /* from 1 */
    uint8_t byte;
};

struct token_tree {
    struct tree_node *nodes;
    size_t count;
    uint32_t *same;   /* [vocabulary] the next token of the same bytes, TOKEN_NONE if there is none */
    uint64_t *plain;  /* [words] a bit for each token that is text without show_special */
    uint64_t *ending; /* [words] a bit for each token that ends an answer */
    size_t words;     /* of a bit for each token */
    uint32_t longest; /* bytes of the longest token */
};

/* Made when first wanted and kept with its tokenizer, for all threads. */
struct tree_keeper {
    pthread_mutex_t lock;
    struct token_tree *tree;
};

MUST_USE bool tree_keeper_open(struct tree_keeper **out, struct error *error);
void tree_keeper_close(struct tree_keeper *keeper);

/* The tree of the tokenizer's vocabulary; lives as long as the tokenizer. */
MUST_USE bool tokenizer_tree(const struct tokenizer *tokenizer, const struct token_tree **out, struct error *error);

#endif

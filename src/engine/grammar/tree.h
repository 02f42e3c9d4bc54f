/* tree.h: the vocabulary as a tree of bytes. Private to the room.
 *
 * Nodes lie in the order of a walk (a node, then all below it), each with how many follow below it, so that a walk is a
 * loop and leaving out a branch an addition:
 *
 *   "a" "ab" "abc" "b"  ->  a(2) b(1) c(0) b(0)
 *
 * A token that is the same as another is not in it, nor are tokens that end an answer or have no bytes. Special tokens
 * are in it, by their text. There are three trees: long tokens apart, because what is said of short ones holds at more
 * places, and short ones of plain characters, because in a text most places allow them all. */
#ifndef BASTIDE_ENGINE_TREE_H
#define BASTIDE_ENGINE_TREE_H

#include "engine/engine.h"

#include <pthread.h>

struct tree_node {
    uint32_t token; /* the first with these bytes; no_token: none */
    uint32_t below; /* nodes below it */
    uint16_t depth; /* from 1 */
    uint8_t byte;
};

struct tree {
    struct tree_node *nodes;
    size_t count;
};

enum { SHORT_MOST = 16 }; /* bytes of a short token */

/* Printable ASCII, without what ends or escapes strings. */
static inline bool byte_is_plain(unsigned char byte)
{
    return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
}

enum tree_kind { TREE_PLAIN, TREE_OTHER, TREE_LONG, TREES };

struct token_tree {
    struct tree trees[TREES];
    uint64_t *easy; /* [words] the tokens of the plain tree */
    uint32_t *same; /* [same_count][2] tokens of the same bytes as another, which is in the tree */
    size_t same_count;
    uint64_t *plain;   /* [words] a bit for each token that is text without show_special */
    uint64_t *ending;  /* [words] a bit for each token that ends an answer */
    size_t words;      /* of a bit for each token, and one more */
    uint32_t no_token; /* that one more */
    uint32_t longest;  /* bytes of the longest token */
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

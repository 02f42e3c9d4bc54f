/* tree.c: makes the tree of a vocabulary: all pieces, sorted, each against the one before it. */
#include "engine/grammar/tree.h"

#include "engine/tokenizer.h"

#include <stdlib.h>
#include <string.h>

/* A token's bytes. */
struct piece {
    uint64_t head;   /* its first bytes as a number, so that most comparisons end there */
    uint32_t offset; /* in all bytes */
    uint32_t token;
    uint16_t bytes;
};

struct planting {
    const struct tokenizer *tokenizer;
    struct token_tree *tree;
    struct piece *pieces;
    size_t count;
    struct buffer bytes; /* of all pieces */
};

/* ---- collecting pieces ------------------------------------------------------------------------------------------- */

static uint64_t head_of(struct span piece)
{
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < piece.bytes ? piece.data[i] : 0);
    return head;
}

static void set_bit(uint64_t *bits, uint32_t token)
{
    bits[token / 64] |= (uint64_t)1 << token % 64;
}

static bool collect_piece(struct planting *planting, uint32_t token, struct error *error)
{
    char scratch[PIECE_MOST];
    const struct tokenizer *tokenizer = planting->tokenizer;
    if (tokenizer_ends(tokenizer, token)) {
        set_bit(planting->tree->ending, token);
        return true;
    }
    if (tokenizer_piece(tokenizer, token, false, scratch).bytes > 0)
        set_bit(planting->tree->plain, token);
    const struct span piece = tokenizer_piece(tokenizer, token, true, scratch);
    if (piece.bytes == 0)
        return true;
    planting->pieces[planting->count++] = (struct piece){
        .head = head_of(piece),
        .offset = (uint32_t)planting->bytes.length,
        .token = token,
        .bytes = (uint16_t)piece.bytes,
    };
    return buffer_add(&planting->bytes, piece.data, piece.bytes, error);
}

static bool collect_pieces(struct planting *planting, struct error *error)
{
    const size_t vocabulary = tokenizer_vocabulary(planting->tokenizer);
    for (uint32_t token = 0; token < vocabulary; token++)
        if (!collect_piece(planting, token, error))
            return false;
    return true;
}

/* By bytes, equal ones by token. */
static int compare_pieces(const void *a, const void *b, void *context)
{
    const struct piece *left = a, *right = b;
    if (left->head != right->head)
        return left->head < right->head ? -1 : 1;
    const char *bytes = context;
    const int order = memcmp(bytes + left->offset, bytes + right->offset, size_min(left->bytes, right->bytes));
    if (order != 0)
        return order;
    if (left->bytes != right->bytes)
        return left->bytes < right->bytes ? -1 : 1;
    return (left->token > right->token) - (left->token < right->token);
}

/* ---- growing the tree -------------------------------------------------------------------------------------------- */

static size_t common_bytes(struct span a, struct span b)
{
    size_t i = 0;
    while (i < a.bytes && i < b.bytes && a.data[i] == b.data[i])
        i++;
    return i;
}

/* Nodes of the branch [1, depth] that end here know now how many follow below them. */
static void close_nodes(struct tree *tree, const size_t *branch, size_t depth, size_t down_to)
{
    for (; depth > down_to; depth--)
        tree->nodes[branch[depth]].below = (uint32_t)(tree->count - branch[depth] - 1);
}

/* A tree in the making. */
struct growth {
    struct tree *tree;
    uint32_t no_token;
    struct span last;              /* the piece before */
    size_t branch[PIECE_MOST + 1]; /* its nodes, by depth */
};

/* Adds the next piece; if it is the one before once more, nothing, and *same is that one's token. */
static bool add_piece(struct growth *growth, struct span text, uint32_t token, uint32_t *same)
{
    struct tree *tree = growth->tree;
    const size_t common = common_bytes(growth->last, text);
    if (common == text.bytes) { /* sorted, so that it can't be a beginning of the one before */
        *same = tree->nodes[growth->branch[text.bytes]].token;
        return false;
    }
    close_nodes(tree, growth->branch, growth->last.bytes, common);
    for (size_t depth = common + 1; depth <= text.bytes; depth++) {
        growth->branch[depth] = tree->count;
        tree->nodes[tree->count++] =
            (struct tree_node){ .token = growth->no_token, .depth = (uint16_t)depth, .byte = text.data[depth - 1] };
    }
    tree->nodes[growth->branch[text.bytes]].token = token;
    growth->last = text;
    return true;
}

static enum tree_kind kind_of(struct span piece)
{
    for (size_t i = 0; i < piece.bytes && piece.bytes <= SHORT_MOST; i++)
        if (!byte_is_plain(piece.data[i]))
            return TREE_OTHER;
    return piece.bytes <= SHORT_MOST ? TREE_PLAIN : TREE_LONG;
}

static void grow(struct planting *planting)
{
    struct token_tree *all = planting->tree;
    struct growth growths[TREES] = { 0 };
    for (size_t kind = 0; kind < TREES; kind++)
        growths[kind] = (struct growth){ .tree = &all->trees[kind], .no_token = all->no_token };
    for (size_t i = 0; i < planting->count; i++) {
        const struct piece *piece = &planting->pieces[i];
        const struct span text = span_of(planting->bytes.bytes + piece->offset, piece->bytes);
        const enum tree_kind kind = kind_of(text);
        uint32_t same;
        all->longest = (uint32_t)size_max(all->longest, text.bytes);
        if (!add_piece(&growths[kind], text, piece->token, &same)) {
            all->same[2 * all->same_count] = same;
            all->same[2 * all->same_count++ + 1] = piece->token;
        } else if (kind == TREE_PLAIN) {
            set_bit(all->easy, piece->token);
        }
    }
    for (size_t kind = 0; kind < TREES; kind++)
        close_nodes(growths[kind].tree, growths[kind].branch, growths[kind].last.bytes, 0);
}

static void tree_close(struct token_tree *tree)
{
    if (!tree)
        return;
    for (size_t kind = 0; kind < TREES; kind++)
        free(tree->trees[kind].nodes);
    free(tree->easy);
    free(tree->same);
    free(tree->plain);
    free(tree->ending);
    free(tree);
}

static bool take_memory(struct planting *planting, struct error *error)
{
    struct token_tree *tree = planting->tree;
    const size_t vocabulary = tokenizer_vocabulary(planting->tokenizer);
    tree->words = vocabulary / 64 + 1;
    tree->no_token = (uint32_t)vocabulary;
    tree->same = malloc((vocabulary + 1) * 2 * sizeof *tree->same);
    tree->easy = calloc(tree->words, sizeof *tree->easy);
    tree->plain = calloc(tree->words + 1, sizeof *tree->plain);
    tree->ending = calloc(tree->words + 1, sizeof *tree->ending);
    planting->pieces = malloc((vocabulary + 1) * sizeof *planting->pieces);
    if (!tree->same || !tree->easy || !tree->plain || !tree->ending || !planting->pieces)
        return error_memory(error, vocabulary * sizeof *planting->pieces);
    return true;
}

/* Room for as many nodes as the pieces have bytes; fewer will be used. */
static bool take_nodes(struct planting *planting, struct error *error)
{
    size_t counts[TREES] = { 0 };
    for (size_t i = 0; i < planting->count; i++) {
        const struct piece *piece = &planting->pieces[i];
        counts[kind_of(span_of(planting->bytes.bytes + piece->offset, piece->bytes))] += piece->bytes;
    }
    for (size_t kind = 0; kind < TREES; kind++) {
        struct tree *tree = &planting->tree->trees[kind];
        tree->nodes = malloc((counts[kind] + 1) * sizeof *tree->nodes);
        if (!tree->nodes)
            return error_memory(error, counts[kind] * sizeof *tree->nodes);
    }
    return true;
}

static void give_back_nodes(struct tree *tree)
{
    struct tree_node *smaller = realloc(tree->nodes, (tree->count + 1) * sizeof *tree->nodes);
    tree->nodes = smaller ? smaller : tree->nodes;
}

static bool plant(struct planting *planting, struct error *error)
{
    if (!take_memory(planting, error) || !collect_pieces(planting, error) || !take_nodes(planting, error))
        return false;
    if (planting->count > 1)
        qsort_r(planting->pieces, planting->count, sizeof *planting->pieces, compare_pieces, planting->bytes.bytes);
    grow(planting);
    for (size_t kind = 0; kind < TREES; kind++)
        give_back_nodes(&planting->tree->trees[kind]);
    return true;
}

static bool tree_open(const struct tokenizer *tokenizer, struct token_tree **out, struct error *error)
{
    struct planting planting = { .tokenizer = tokenizer, .bytes.limit = UINT32_MAX };
    planting.tree = calloc(1, sizeof *planting.tree);
    const bool done = planting.tree ? plant(&planting, error) : error_memory(error, sizeof *planting.tree);
    free(planting.pieces);
    buffer_free(&planting.bytes);
    if (!done) {
        tree_close(planting.tree);
        return false;
    }
    *out = planting.tree;
    return true;
}

/* ---- keeping it -------------------------------------------------------------------------------------------------- */

bool tree_keeper_open(struct tree_keeper **out, struct error *error)
{
    struct tree_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return error_memory(error, sizeof *keeper);
    pthread_mutex_init(&keeper->lock, NULL); /* a mutex of the default kind can't fail here */
    *out = keeper;
    return true;
}

void tree_keeper_close(struct tree_keeper *keeper)
{
    if (!keeper)
        return;
    tree_close(keeper->tree);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

bool tokenizer_tree(const struct tokenizer *tokenizer, const struct token_tree **out, struct error *error)
{
    struct tree_keeper *keeper = tokenizer->tree_keeper;
    pthread_mutex_lock(&keeper->lock);
    const bool done = keeper->tree || tree_open(tokenizer, &keeper->tree, error);
    *out = keeper->tree;
    pthread_mutex_unlock(&keeper->lock);
    return done;
}

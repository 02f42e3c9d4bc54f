/* analysis.c: what the rules of a grammar can do, found in time linear in its size.
 *
 * Heights are worked out from the leaves: a text has height 0, a choice that of its lowest child plus one, a sequence
 * that of its highest plus one. Nodes are settled in rising order (each by the child that settles last, or first), so a
 * queue is enough; what is never settled has no finite tree.
 * Source: Knuth 1977, "A generalization of Dijkstra's algorithm". */
#include "engine/grammar/grammar.h"

#include <stdlib.h>
#include <string.h>

#define UNSETTLED UINT32_MAX

/* Who stands above each node: parents of n are parent[begin[n]] up to begin[n + 1]. */
struct parents {
    size_t *begin;
    uint32_t *parent;
};

struct solver {
    const struct grammar *grammar;
    bool only_empty;
    uint32_t *heights;
    uint32_t *waiting; /* of a sequence: children that are not settled yet */
    uint32_t *queue;
    size_t queued;
    struct parents parents;
};

/* The children of a node: how many, and the first of them. */
static size_t children_of(const struct grammar *grammar, uint32_t id, const uint32_t **children)
{
    const struct node *node = node_at(grammar, id);
    switch (node->kind) {
    case NODE_SEQUENCE:
    case NODE_CHOICE:
        *children = node_children(grammar, node);
        return node->count;
    case NODE_REPEAT:
    case NODE_FORWARD:
        *children = &node->first;
        return node->first == RULE_NONE ? 0 : 1;
    default:
        return 0;
    }
}

static bool parents_open(const struct grammar *grammar, struct parents *out, struct error *error)
{
    const size_t count = grammar->nodes.count;
    const uint32_t *children = NULL;
    out->begin = calloc(count + 2, sizeof *out->begin);
    if (!out->begin)
        return error_memory(error, count * sizeof *out->begin);
    for (uint32_t id = 0; id < count; id++)
        for (size_t i = children_of(grammar, id, &children); i-- > 0;)
            out->begin[children[i] + 2]++;
    for (size_t i = 2; i < count + 2; i++)
        out->begin[i] += out->begin[i - 1];
    out->parent = malloc((out->begin[count + 1] + 1) * sizeof *out->parent);
    if (!out->parent)
        return error_memory(error, out->begin[count + 1] * sizeof *out->parent);
    for (uint32_t id = 0; id < count; id++)
        for (size_t i = children_of(grammar, id, &children); i-- > 0;)
            out->parent[out->begin[children[i] + 1]++] = id;
    return true;
}

static void settle(struct solver *solver, uint32_t id, uint32_t height)
{
    if (solver->heights[id] != UNSETTLED)
        return;
    solver->heights[id] = height;
    solver->queue[solver->queued++] = id;
}

/* Nodes that need no child. */
static void settle_leaf(struct solver *solver, uint32_t id)
{
    const struct node *node = node_at(solver->grammar, id);
    const bool empty = (node->kind == NODE_TEXT && node->count == 0) || (node->kind == NODE_REPEAT && node->least == 0);
    const bool bytes = node->kind == NODE_TEXT || node->kind == NODE_BYTES;
    if (empty || (bytes && !solver->only_empty))
        settle(solver, id, 0);
    solver->waiting[id] = node->kind == NODE_SEQUENCE ? node->count : 1;
}

static void solve(struct solver *solver)
{
    const size_t count = solver->grammar->nodes.count;
    memset(solver->heights, 0xFF, count * sizeof *solver->heights);
    for (uint32_t id = 0; id < count; id++)
        settle_leaf(solver, id);
    for (size_t done = 0; done < solver->queued; done++) {
        const uint32_t id = solver->queue[done];
        for (size_t i = solver->parents.begin[id]; i < solver->parents.begin[id + 1]; i++) {
            const uint32_t parent = solver->parents.parent[i];
            if (solver->waiting[parent] > 0 && --solver->waiting[parent] == 0)
                settle(solver, parent, solver->heights[id] + 1);
        }
    }
}

bool grammar_heights(const struct grammar *grammar, bool only_empty, uint32_t *heights, struct error *error)
{
    const size_t count = grammar->nodes.count;
    struct solver solver = { .grammar = grammar, .only_empty = only_empty, .heights = heights };
    solver.waiting = calloc(count + 1, sizeof *solver.waiting);
    solver.queue = calloc(count + 1, sizeof *solver.queue);
    const bool room = solver.waiting && solver.queue;
    const bool done = room ? parents_open(grammar, &solver.parents, error)
                           : error_memory(error, 2 * count * sizeof *solver.queue);
    if (done)
        solve(&solver);
    free(solver.waiting);
    free(solver.queue);
    free(solver.parents.begin);
    free(solver.parents.parent);
    return done;
}

/* ---- recursion without a byte ------------------------------------------------------------------------------------ */

/* A walk down the children that may come first. */
struct descent {
    const struct grammar *grammar;
    const uint32_t *empty; /* heights of empty texts */
    unsigned char *seen;   /* 1: above the place where the walk is; 2: done */
    struct step {
        uint32_t id;
        uint32_t next; /* child to look at */
    } * steps;
    size_t depth;
};

/* Child number i of a node, if the node can begin with it. */
static bool first_child(const struct descent *descent, uint32_t id, uint32_t i, uint32_t *child)
{
    const uint32_t *children = NULL;
    if (i >= children_of(descent->grammar, id, &children))
        return false;
    const bool sequence = node_at(descent->grammar, id)->kind == NODE_SEQUENCE;
    if (sequence && i > 0 && descent->empty[children[i - 1]] == UNSETTLED)
        return false;
    *child = children[i];
    return true;
}

static void descend(struct descent *descent, uint32_t id)
{
    descent->seen[id] = 1;
    descent->steps[descent->depth++] = (struct step){ id, 0 };
}

static bool find_cycle(struct descent *descent, struct error *error)
{
    while (descent->depth > 0) {
        struct step *step = &descent->steps[descent->depth - 1];
        uint32_t child;
        if (!first_child(descent, step->id, step->next++, &child)) {
            descent->seen[step->id] = 2;
            descent->depth--;
        } else if (descent->seen[child] == 0) {
            descend(descent, child);
        } else if (descent->seen[child] == 1) {
            while (descent->depth > 0 && node_at(descent->grammar, child)->kind != NODE_FORWARD)
                child = descent->steps[--descent->depth].id; /* a cycle has a forward, whose name people know */
            return error_set_kind(error, ERROR_WRONG_USE,
                                  "rule \"%.100s\" refers to itself before it has read anything (left recursion): "
                                  "put something before the reference",
                                  (const char *)descent->grammar->texts.items +
                                      node_at(descent->grammar, child)->count);
        }
    }
    return true;
}

bool grammar_check_recursion(const struct grammar *grammar, struct error *error)
{
    const size_t count = grammar->nodes.count;
    uint32_t *empty = calloc(count + 1, sizeof *empty);
    struct descent descent = { .grammar = grammar, .empty = empty };
    descent.seen = calloc(count + 1, 1);
    descent.steps = calloc(count + 1, sizeof *descent.steps);
    const bool room = empty && descent.seen && descent.steps;
    bool done = room ? grammar_heights(grammar, true, empty, error) : error_memory(error, count * sizeof *empty);
    for (uint32_t id = 0; id < count && done; id++)
        if (descent.seen[id] == 0) {
            descend(&descent, id);
            done = find_cycle(&descent, error);
        }
    free(empty);
    free(descent.seen);
    free(descent.steps);
    return done;
}

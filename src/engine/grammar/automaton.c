/* automaton.c: a grammar as an automaton over bytes; automaton.h has the drawing.
 *
 * A step takes the byte off each stack that wants it and opens what stands below, until every top wants a byte again:
 *
 *   return   a rule is read: what stood below goes on after it
 *   open     a rule begins: its choices are all begun, its rest is left on the stack, unless there is none
 *            (so that rules which end with themselves do not pile up)
 *
 * Deep stacks stay possible for people's recursive schemas, but not for ever: above DEPTH_MOST half-read rules only the
 * lowest choices remain, which lead to the end. */
#include "engine/grammar/automaton.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEPTH_MOST = 400,       /* half-read rules; about a hundred levels of JSON */
    MEMBERS_MOST = 1 << 14, /* stacks of one state */
    STACKS_MOST = 1 << 21,
    STATES_MOST = 1 << 18,
    TABLE_MOST = 1 << 25,
    WORK_MOST = 1 << 18,
    EFFORT_MOST = 1 << 22, /* of one question: about a fifth of a second */
};

/* ---- numbers of things ------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u; /* Fibonacci hashing: Knuth, volume 3, 6.4 */
    return hash ^ hash >> 29;
}

static bool index_grow(struct index *index, uint64_t (*hash)(const void *context, uint32_t number), const void *context,
                       struct error *error)
{
    if (index->used < index->size / 2)
        return true;
    struct index grown = { .size = size_max(256, 2 * index->size), .used = index->used };
    grown.slots = calloc(grown.size, sizeof *grown.slots);
    if (!grown.slots)
        return error_memory(error, grown.size * sizeof *grown.slots);
    for (size_t i = 0; i < index->size; i++) {
        if (index->slots[i] == 0)
            continue;
        size_t at = hash(context, index->slots[i] - 1) & (grown.size - 1);
        while (grown.slots[at])
            at = (at + 1) & (grown.size - 1);
        grown.slots[at] = index->slots[i];
    }
    free(index->slots);
    *index = grown;
    return true;
}

static bool too_large(struct error *error, const struct error *cause)
{
    if (cause->kind != ERROR_WRONG_USE)
        return error_set_kind(error, cause->kind, "%s", cause->text);
    return error_set_kind(error, ERROR_WRONG_USE,
                          "grammar: it is too ambiguous to be followed: too many of its rules fit the same text");
}

/* Not inlined: the caller's way is the one where there is room. */
__attribute__((noinline)) static bool make_room(struct pile *pile, size_t size, size_t more, size_t most,
                                                struct error *error)
{
    struct error cause = { 0 };
    return pile_reserve(pile, size, more, most, &cause) || too_large(error, &cause);
}

static inline bool reserve(struct pile *pile, size_t size, size_t more, size_t most, struct error *error)
{
    return more <= pile->capacity - pile->count || make_room(pile, size, more, most, error);
}

static struct stack *stack_at(const struct automaton *automaton, uint32_t stack)
{
    return (struct stack *)automaton->stacks.items + stack;
}

static uint64_t hash_of_stack(const struct stack *stack)
{
    return mix(mix(mix(mix(0, stack->node), stack->place), stack->most), stack->below);
}

static uint64_t hash_stack(const void *context, uint32_t number)
{
    return hash_of_stack(stack_at(context, number));
}

/* The number of the stack with this top. */
static bool push(struct automaton *automaton, struct stack top, uint32_t *out, struct error *error)
{
    struct index *index = &automaton->stack_index;
    if (!index_grow(index, hash_stack, automaton, error))
        return false;
    size_t at = hash_of_stack(&top) & (index->size - 1);
    for (; index->slots[at]; at = (at + 1) & (index->size - 1)) {
        const struct stack *there = stack_at(automaton, index->slots[at] - 1);
        if (there->node == top.node && there->place == top.place && there->most == top.most &&
            there->below == top.below) {
            *out = index->slots[at] - 1;
            return true;
        }
    }
    if (!reserve(&automaton->stacks, sizeof top, 1, STACKS_MOST, error))
        return false;
    top.depth = stack_at(automaton, top.below)->depth + 1;
    *out = (uint32_t)automaton->stacks.count++;
    *stack_at(automaton, *out) = top;
    index->slots[at] = *out + 1;
    index->used++;
    return true;
}

static const uint32_t *members_of(const struct automaton *automaton, uint32_t state)
{
    return (const uint32_t *)automaton->members.items + automaton_state(automaton, state)->first;
}

static uint64_t hash_of_members(const uint32_t *members, size_t count, bool complete)
{
    uint64_t hash = mix(0, complete);
    for (size_t i = 0; i < count; i++)
        hash = mix(hash, members[i]);
    return hash;
}

static uint64_t hash_state(const void *context, uint32_t number)
{
    const struct state *state = automaton_state(context, number);
    return hash_of_members(members_of(context, number), state->count, state->complete);
}

static bool add_state(struct automaton *automaton, const uint32_t *members, size_t count, bool complete, uint32_t *out,
                      struct error *error)
{
    const size_t classes = automaton->language->classes;
    if (!reserve(&automaton->states, sizeof(struct state), 1, STATES_MOST, error) ||
        !reserve(&automaton->members, sizeof *members, count + 1, TABLE_MOST, error) ||
        !reserve(&automaton->next, sizeof(uint32_t), classes, TABLE_MOST, error))
        return false;
    *out = (uint32_t)automaton->states.count++;
    *automaton_state(automaton, *out) = (struct state){
        .first = (uint32_t)automaton->members.count,
        .count = (uint32_t)count,
        .complete = complete,
    };
    if (count > 0)
        memcpy((uint32_t *)automaton->members.items + automaton->members.count, members, count * sizeof *members);
    automaton->members.count += count;
    memset((uint32_t *)automaton->next.items + automaton->next.count, 0, classes * sizeof(uint32_t));
    automaton->next.count += classes;
    return true;
}

/* The number of the state with these stacks, in order. */
static bool intern(struct automaton *automaton, const uint32_t *members, size_t count, bool complete, uint32_t *out,
                   struct error *error)
{
    struct index *index = &automaton->state_index;
    if (!index_grow(index, hash_state, automaton, error))
        return false;
    size_t at = hash_of_members(members, count, complete) & (index->size - 1);
    for (; index->slots[at]; at = (at + 1) & (index->size - 1)) {
        const uint32_t there = index->slots[at] - 1;
        const struct state *state = automaton_state(automaton, there);
        if (state->count == count && state->complete == complete &&
            (count == 0 || memcmp(members_of(automaton, there), members, count * sizeof *members) == 0)) {
            *out = there;
            return true;
        }
    }
    if (!add_state(automaton, members, count, complete, out, error))
        return false;
    index->slots[at] = *out + 1;
    index->used++;
    return true;
}

/* ---- one step ---------------------------------------------------------------------------------------------------- */

/* A rule to begin, on a stack; with node RULE_NONE: a rule was read, the stack goes on. */
struct task {
    uint32_t node;
    uint32_t below;
};

/* A repeat whose rule may be empty, opened in this step. */
struct round {
    uint32_t node, below, most;
};

static uint64_t hash_task(const void *context, uint32_t number)
{
    const struct automaton *automaton = context;
    const struct task *task = (const struct task *)automaton->work.items + number;
    return mix(mix(0, task->node), task->below);
}

static void begin_step(struct automaton *automaton)
{
    automaton->found.count = 0;
    automaton->work.count = 0;
    automaton->met.count = 0;
    automaton->complete = false;
    if (automaton->seen.used > 0)
        memset(automaton->seen.slots, 0, automaton->seen.size * sizeof *automaton->seen.slots);
    automaton->seen.used = 0;
}

/* Notes a task unless it was noted in this step before. */
static bool add_task(struct automaton *automaton, uint32_t node, uint32_t below, struct error *error)
{
    struct index *index = &automaton->seen;
    if (!index_grow(index, hash_task, automaton, error) ||
        !reserve(&automaton->work, sizeof(struct task), 1, WORK_MOST, error))
        return false;
    struct task *tasks = automaton->work.items;
    tasks[automaton->work.count] = (struct task){ node, below };
    size_t at = hash_task(automaton, (uint32_t)automaton->work.count) & (index->size - 1);
    for (; index->slots[at]; at = (at + 1) & (index->size - 1)) {
        const struct task *there = &tasks[index->slots[at] - 1];
        if (there->node == node && there->below == below)
            return true;
    }
    index->slots[at] = (uint32_t)++automaton->work.count;
    index->used++;
    return true;
}

static bool add_found(struct automaton *automaton, struct stack top, struct error *error)
{
    uint32_t stack;
    if (!push(automaton, top, &stack, error) || !reserve(&automaton->found, sizeof stack, 1, MEMBERS_MOST, error))
        return false;
    ((uint32_t *)automaton->found.items)[automaton->found.count++] = stack;
    return true;
}

/* Begins child number place of a sequence; the rest of it stays on the stack. */
static bool open_child(struct automaton *automaton, uint32_t id, uint32_t place, uint32_t below, struct error *error)
{
    const struct grammar *grammar = automaton->language->grammar;
    const struct node *node = node_at(grammar, id);
    if (place + 1 < node->count &&
        !push(automaton, (struct stack){ .node = id, .place = place + 1, .below = below }, &below, error))
        return false;
    return add_task(automaton, node_children(grammar, node)[place], below, error);
}

/* Above the depth that is allowed only the lowest choice is begun. */
static bool open_choice(struct automaton *automaton, const struct node *node, uint32_t below, struct error *error)
{
    const struct language *language = automaton->language;
    const uint32_t *children = node_children(language->grammar, node);
    const bool deep = stack_at(automaton, below)->depth > DEPTH_MOST;
    uint32_t lowest = UINT32_MAX;
    for (uint32_t i = 0; i < node->count; i++)
        if (language->heights[children[i]] < lowest)
            lowest = language->heights[children[i]];
    for (uint32_t i = 0; i < node->count; i++) {
        const uint32_t height = language->heights[children[i]];
        if (height == UINT32_MAX || (deep && height > lowest))
            continue;
        if (!add_task(automaton, children[i], below, error))
            return false;
    }
    return true;
}

/* Whether this repeat, or a more generous one, was opened on the same stack in this step: its rule was empty then. */
static bool came_round(const struct automaton *automaton, struct round round)
{
    const struct round *met = automaton->met.items;
    for (size_t i = 0; i < automaton->met.count; i++)
        if (met[i].node == round.node && met[i].below == round.below && met[i].most >= round.most)
            return true;
    return false;
}

static bool note_round(struct automaton *automaton, struct round round, struct error *error)
{
    if (!reserve(&automaton->met, sizeof round, 1, WORK_MOST, error))
        return false;
    ((struct round *)automaton->met.items)[automaton->met.count++] = round;
    return true;
}

/* Goes on with a repeat that has to come least times more and may come most times. */
static bool open_repeat(struct automaton *automaton, uint32_t id, uint32_t least, uint32_t most, uint32_t below,
                        struct error *error)
{
    const struct language *language = automaton->language;
    const uint32_t rule = node_at(language->grammar, id)->first;
    const bool may_be_empty = language->empty[rule] != UINT32_MAX, possible = language->heights[rule] != UINT32_MAX;
    const bool deep = stack_at(automaton, below)->depth > DEPTH_MOST;
    if (may_be_empty)
        least = 0;
    if (least == 0 && !add_task(automaton, RULE_NONE, below, error))
        return false;
    if (most == 0 || !possible || (deep && least == 0))
        return true;
    const struct round round = { id, below, most };
    if (may_be_empty && came_round(automaton, round))
        return true;
    if (may_be_empty && !note_round(automaton, round, error))
        return false;
    const struct stack rest = {
        .node = id,
        .place = least > 0 ? least - 1 : 0,
        .most = most == ENDLESS ? ENDLESS : most - 1,
        .below = below,
    };
    uint32_t stack = below;
    if (rest.most > 0 && !push(automaton, rest, &stack, error))
        return false;
    return add_task(automaton, rule, stack, error);
}

/* A rule was read: what stands on the stack goes on. */
static bool go_on(struct automaton *automaton, uint32_t below, struct error *error)
{
    if (below == STACK_BOTTOM) {
        automaton->complete = true;
        return true;
    }
    const struct stack top = *stack_at(automaton, below);
    if (node_at(automaton->language->grammar, top.node)->kind == NODE_REPEAT)
        return open_repeat(automaton, top.node, top.place, top.most, top.below, error);
    return open_child(automaton, top.node, top.place, top.below, error);
}

static bool open_rule(struct automaton *automaton, struct task task, struct error *error)
{
    const struct node *node = node_at(automaton->language->grammar, task.node);
    switch (node->kind) {
    case NODE_TEXT:
        if (node->count == 0)
            return add_task(automaton, RULE_NONE, task.below, error);
        return add_found(automaton, (struct stack){ .node = task.node, .below = task.below }, error);
    case NODE_BYTES:
        return add_found(automaton, (struct stack){ .node = task.node, .below = task.below }, error);
    case NODE_SEQUENCE:
        return automaton->language->heights[task.node] == UINT32_MAX ||
               open_child(automaton, task.node, 0, task.below, error);
    case NODE_CHOICE:
        return open_choice(automaton, node, task.below, error);
    case NODE_REPEAT:
        return open_repeat(automaton, task.node, node->least, node->most, task.below, error);
    default:
        return node->first == RULE_NONE || add_task(automaton, node->first, task.below, error);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* The state of the stacks that were found. */
static bool intern_found(struct automaton *automaton, uint32_t *out, struct error *error)
{
    uint32_t *found = automaton->found.items;
    const size_t count = automaton->found.count;
    size_t kept = 0;
    if (count > 1)
        qsort(found, count, sizeof *found, compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || found[kept - 1] != found[i])
            found[kept++] = found[i];
    if (kept == 0 && !automaton->complete) {
        *out = STATE_DEAD;
        return true;
    }
    return intern(automaton, found, kept, automaton->complete, out, error);
}

/* Whether the question costs too much by now. */
static bool spend(struct automaton *automaton, struct error *error)
{
    automaton->effort += automaton->work.count + automaton->found.count;
    if (automaton->effort <= EFFORT_MOST)
        return true;
    const struct error too_long = { .kind = ERROR_WRONG_USE };
    return too_large(error, &too_long);
}

static bool end_step(struct automaton *automaton, uint32_t *out, struct error *error)
{
    for (size_t i = 0; i < automaton->work.count; i++) {
        const struct task task = ((const struct task *)automaton->work.items)[i];
        const bool done = task.node == RULE_NONE ? go_on(automaton, task.below, error)
                                                 : open_rule(automaton, task, error);
        if (!done)
            return false;
    }
    return spend(automaton, error) && intern_found(automaton, out, error);
}

static bool wants(const struct automaton *automaton, uint32_t stack, unsigned char byte)
{
    const struct grammar *grammar = automaton->language->grammar;
    const struct stack *top = stack_at(automaton, stack);
    const struct node *node = node_at(grammar, top->node);
    if (node->kind == NODE_BYTES)
        return byte_set_has(node_set(grammar, node), byte);
    return node_text(grammar, node)[top->place] == byte;
}

/* Takes the byte off a stack that wants it. */
static bool take_byte(struct automaton *automaton, uint32_t stack, struct error *error)
{
    struct stack top = *stack_at(automaton, stack);
    const struct node *node = node_at(automaton->language->grammar, top.node);
    if (node->kind == NODE_TEXT && ++top.place < node->count)
        return add_found(automaton, top, error);
    return add_task(automaton, RULE_NONE, top.below, error);
}

static bool take_from_all(struct automaton *automaton, uint32_t state, unsigned char byte, uint32_t *out,
                          struct error *error)
{
    begin_step(automaton);
    for (uint32_t i = 0; i < automaton_state(automaton, state)->count; i++) {
        const uint32_t stack = members_of(automaton, state)[i];
        if (wants(automaton, stack, byte) && !take_byte(automaton, stack, error))
            return false;
    }
    return end_step(automaton, out, error);
}

/* Which stacks of a state want a byte, as bits; all bits where they are too many to be told apart. */
static uint64_t takers_of(const struct automaton *automaton, uint32_t state, unsigned char byte)
{
    const uint32_t count = automaton_state(automaton, state)->count;
    uint64_t takers = 0;
    if (count >= 64)
        return UINT64_MAX;
    for (uint32_t i = 0; i < count; i++)
        takers |= (uint64_t)wants(automaton, members_of(automaton, state)[i], byte) << i;
    return takers;
}

/* Where a byte leads depends only on which stacks take it, and in a text a hundred bytes in a row are taken by the same
 * one: the last step is remembered. */
bool automaton_work_out(struct automaton *automaton, uint32_t state, unsigned class, uint32_t *out, struct error *error)
{
    const struct language *language = automaton->language;
    const unsigned char byte = language->example[class];
    const uint64_t takers = takers_of(automaton, state, byte);
    struct last *last = &automaton->last;
    *out = STATE_DEAD;
    if (takers != UINT64_MAX && takers == last->takers && state == last->state)
        *out = last->out;
    else if (takers != 0 && !take_from_all(automaton, state, byte, out, error))
        return false;
    if (takers != 0)
        *last = (struct last){ state, takers, *out };
    ((uint32_t *)automaton->next.items)[state * language->classes + class] = *out + 1;
    return true;
}

/* ---- opening, copying -------------------------------------------------------------------------------------------- */

bool automaton_open(const struct language *language, struct automaton *out, struct error *error)
{
    *out = (struct automaton){ .language = language };
    uint32_t dead;
    if (!reserve(&out->stacks, sizeof(struct stack), 1, STACKS_MOST, error) ||
        !add_state(out, NULL, 0, false, &dead, error))
        return false;
    *stack_at(out, STACK_BOTTOM) = (struct stack){ .node = RULE_NONE };
    out->stacks.count = 1;
    begin_step(out);
    return add_task(out, language->start.id, STACK_BOTTOM, error) && end_step(out, &out->start, error);
}

void automaton_close(struct automaton *automaton)
{
    struct pile *const piles[] = { &automaton->stacks, &automaton->states, &automaton->members, &automaton->next,
                                   &automaton->found,  &automaton->work,   &automaton->met };
    for (size_t i = 0; i < LENGTH(piles); i++)
        free(piles[i]->items);
    free(automaton->stack_index.slots);
    free(automaton->state_index.slots);
    free(automaton->seen.slots);
    *automaton = (struct automaton){ 0 };
}

size_t automaton_bytes(const struct automaton *automaton)
{
    const size_t numbers = automaton->members.capacity + automaton->next.capacity + automaton->found.capacity +
                           automaton->stack_index.size + automaton->state_index.size + automaton->seen.size;
    return automaton->stacks.capacity * sizeof(struct stack) + automaton->states.capacity * sizeof(struct state) +
           automaton->work.capacity * sizeof(struct task) + numbers * sizeof(uint32_t);
}

/* The same stack in to, its counts cut to most. */
static bool copy_stack(const struct automaton *from, uint32_t stack, uint32_t most, struct automaton *to, uint32_t *out,
                       struct error *error)
{
    const size_t depth = stack_at(from, stack)->depth;
    uint32_t *way = malloc((depth + 1) * sizeof *way);
    if (!way)
        return error_memory(error, depth * sizeof *way);
    for (size_t i = depth; i > 0; i--) {
        way[i - 1] = stack;
        stack = stack_at(from, stack)->below;
    }
    bool done = true;
    *out = STACK_BOTTOM;
    for (size_t i = 0; i < depth && done; i++) {
        struct stack top = *stack_at(from, way[i]);
        if (node_at(from->language->grammar, top.node)->kind == NODE_REPEAT) {
            top.place = top.place < most ? top.place : most;
            top.most = top.most == ENDLESS || top.most < most ? top.most : most;
        }
        top.below = *out;
        done = push(to, top, out, error);
    }
    free(way);
    return done;
}

/* The state in to whose stacks are those of a state in from, their counts cut to most. */
static bool copy_state(const struct automaton *from, uint32_t state, uint32_t most, struct automaton *to, uint32_t *out,
                       struct error *error)
{
    const uint32_t count = automaton_state(from, state)->count;
    begin_step(to);
    to->complete = automaton_state(from, state)->complete;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t stack;
        if (!copy_stack(from, members_of(from, state)[i], most, to, &stack, error) ||
            !reserve(&to->found, sizeof stack, 1, MEMBERS_MOST, error))
            return false;
        ((uint32_t *)to->found.items)[to->found.count++] = stack;
    }
    return intern_found(to, out, error);
}

bool automaton_clip(struct automaton *automaton, uint32_t state, uint32_t bytes_most, uint32_t *out,
                    struct error *error)
{
    uint32_t clipped = automaton_state(automaton, state)->clipped;
    if (clipped == 0) {
        if (!copy_state(automaton, state, bytes_most + 1, automaton, &clipped, error))
            return false;
        automaton_state(automaton, state)->clipped = clipped;
    }
    *out = clipped;
    return true;
}

bool automaton_copy_state(const struct automaton *from, uint32_t state, struct automaton *to, uint32_t *out,
                          struct error *error)
{
    return copy_state(from, state, ENDLESS, to, out, error);
}

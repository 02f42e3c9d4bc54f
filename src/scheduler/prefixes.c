/* prefixes.c: beginnings that were read once are not read again: a tree of pages for each owner and model.
 *
 *   root --[page: 32 tokens]--[32]--[32]--[7]      a finished conversation; its last page is not full
 *            \-[32]--[32]                           another that began alike; a running one goes on from its last page
 *
 * Nodes hold pages of the engine, which count their holders: a node costs no copy, and dropping it harms no sequence.
 * A branch adopts the pages that its text begins with and, of the next one, as many tokens as are alike (the engine
 * copies such a page when it is written to). It puts pages into the tree as soon as they are full, so that others
 * which come while it reads need not read the same. The engine gives a token the same numbers however it was read, so
 * that nobody can see from an answer what was in the tree; and owners have trees of their own, so that nobody can see
 * it from the time either.
 * Leaves go first, the least recently used before others; with a cache folder they go there (spill.c) and come back
 * when they are asked for, for a bounded time in each step. Source: Zheng et al. 2024 (SGLang), section 3. */
#include "scheduler/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- the order of use -------------------------------------------------------------------------------------------- */

static void unlink_use(struct prefixes *prefixes, struct prefix *prefix)
{
    *(prefix->newer ? &prefix->newer->older : &prefixes->newest) = prefix->older;
    *(prefix->older ? &prefix->older->newer : &prefixes->oldest) = prefix->newer;
}

static void link_newest(struct prefixes *prefixes, struct prefix *prefix)
{
    prefix->newer = NULL;
    prefix->older = prefixes->newest;
    *(prefixes->newest ? &prefixes->newest->newer : &prefixes->oldest) = prefix;
    prefixes->newest = prefix;
}

static void touch(struct prefixes *prefixes, struct prefix *prefix)
{
    if (!prefix->page)
        return;
    unlink_use(prefixes, prefix);
    link_newest(prefixes, prefix);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

static struct prefixes *prefixes_of(const struct branch *branch)
{
    return &branch->job->scheduler->prefixes;
}

static size_t node_bytes(const struct prefix *prefix)
{
    return sizeof *prefix + model_page_bytes(prefix->tree->resident->model);
}

static void remove_node(struct prefixes *prefixes, struct prefix *prefix)
{
    *(prefix->previous ? &prefix->previous->sibling : &prefix->parent->children) = prefix->sibling;
    if (prefix->sibling)
        prefix->sibling->previous = prefix->previous;
    unlink_use(prefixes, prefix);
    prefixes->bytes -= node_bytes(prefix);
    page_release(prefix->page);
    free(prefix);
}

static struct prefix *add_node(struct prefixes *prefixes, struct prefix *parent, const uint32_t *tokens, size_t count,
                               struct page *page)
{
    struct prefix *made = calloc(1, sizeof *made);
    if (!made) {
        page_release(page);
        return NULL;
    }
    *made = (struct prefix){
        .tree = parent->tree, .parent = parent, .sibling = parent->children, .page = page, .count = count
    };
    made->pages = parent->pages + 1;
    memcpy(made->tokens, tokens, count * sizeof *tokens);
    if (prefixes->spill && count == PAGE_TOKENS)
        spill_key(parent->key, tokens, made->key);
    if (parent->children)
        parent->children->previous = made;
    parent->children = made;
    link_newest(prefixes, made);
    prefixes->bytes += node_bytes(made);
    return made;
}

static size_t common_tokens(const struct prefix *prefix, const uint32_t *tokens, size_t count)
{
    size_t common = 0;
    while (common < count && common < prefix->count && prefix->tokens[common] == tokens[common])
        common++;
    return common;
}

/* The child with the most tokens in common. */
static struct prefix *find_child(const struct prefix *parent, const uint32_t *tokens, size_t count, size_t *common)
{
    struct prefix *best = NULL;
    *common = 0;
    for (struct prefix *child = parent->children; child && *common < count; child = child->sibling) {
        const size_t here = common_tokens(child, tokens, count);
        if (here > *common) {
            *common = here;
            best = child;
        }
    }
    return best;
}

/* Pages that were not full and have become part of a longer one. */
static void drop_beginnings(struct prefixes *prefixes, struct prefix *parent, const struct prefix *longer)
{
    for (struct prefix *child = parent->children, *next; child; child = next) {
        next = child->sibling;
        if (child != longer && child->count < longer->count &&
            common_tokens(child, longer->tokens, longer->count) == child->count)
            remove_node(prefixes, child);
    }
}

/* ---- trees ------------------------------------------------------------------------------------------------------- */

static void make_root(struct tree *tree)
{
    unsigned char owner[KEY_BYTES];
    key_owner(tree->owner->name, owner);
    spill_root(owner, tree->resident->key, tree->root.key);
}

static struct tree *tree_of(struct resident *resident, struct owner *owner)
{
    struct tree *tree = resident->trees;
    while (tree && tree->owner != owner)
        tree = tree->next;
    if (tree)
        return tree;
    tree = calloc(1, sizeof *tree);
    if (!tree)
        return NULL;
    *tree = (struct tree){ .next = resident->trees, .resident = resident, .owner = owner };
    tree->root.tree = tree;
    make_root(tree);
    owner->uses++;
    resident->trees = tree;
    return tree;
}

/* A tree that holds nothing any more goes, and with the last one its owner. */
static void close_if_empty(struct scheduler *scheduler, struct tree *tree)
{
    if (tree->root.children || tree->root.users > 0)
        return;
    struct tree **link = &tree->resident->trees;
    while (*link != tree)
        link = &(*link)->next;
    *link = tree->next;
    owner_leave(scheduler, tree->owner);
    free(tree);
}

/* Out of memory; a whole page goes to the cache folder, if there is one. */
static void drop(struct prefixes *prefixes, struct prefix *prefix)
{
    if (prefixes->spill && prefix->count == PAGE_TOKENS)
        spill_write(prefixes->spill, prefix->key, prefix->tokens,
                    page_bytes(prefix->tree->resident->model, prefix->page));
    remove_node(prefixes, prefix);
}

static struct prefix *find_evictable(const struct prefixes *prefixes)
{
    struct prefix *prefix = prefixes->oldest;
    while (prefix && (prefix->children || prefix->users > 0))
        prefix = prefix->newer;
    return prefix;
}

bool prefix_evict(struct scheduler *scheduler)
{
    struct prefix *prefix = find_evictable(&scheduler->prefixes);
    if (!prefix)
        return false;
    struct tree *tree = prefix->tree;
    drop(&scheduler->prefixes, prefix);
    close_if_empty(scheduler, tree);
    return true;
}

static void keep_bound(struct scheduler *scheduler)
{
    while (scheduler->prefixes.bytes > scheduler->prefixes.bytes_most && prefix_evict(scheduler))
        ;
}

static bool evict_of(struct scheduler *scheduler, const struct resident *resident)
{
    struct prefix *prefix = scheduler->prefixes.newest;
    while (prefix && (prefix->tree->resident != resident || prefix->children))
        prefix = prefix->older;
    if (prefix)
        drop(&scheduler->prefixes, prefix);
    return prefix != NULL;
}

void prefix_forget(struct scheduler *scheduler, struct resident *resident)
{
    while (evict_of(scheduler, resident))
        ;
    while (resident->trees)
        close_if_empty(scheduler, resident->trees);
}

/* ---- branches ---------------------------------------------------------------------------------------------------- */

static void move_to(struct branch *branch, struct prefix *prefix)
{
    branch->prefix->users--;
    branch->prefix = prefix;
    prefix->users++;
    touch(prefixes_of(branch), prefix);
}

bool prefix_begin(struct branch *branch, struct error *error)
{
    struct job *job = branch->job;
    if (!sequence_open(job->resident->model, &branch->sequence, error))
        return false;
    if (job->wishes.no_cache || job->wishes.kind == JOB_EMBED)
        return true;
    struct tree *tree = tree_of(job->resident, job->owner);
    if (!tree)
        return error_memory(error, sizeof *tree);
    branch->prefix = &tree->root;
    tree->root.users++;
    return true;
}

void prefix_share(struct branch *branch, const struct branch *from)
{
    branch->prefix = from->prefix;
    if (branch->prefix)
        branch->prefix->users++;
}

/* The branch's tokens from first on, at most a page of them; returns how many. */
static size_t copy_tokens(const struct branch *branch, size_t first, size_t end, uint32_t out[PAGE_TOKENS])
{
    size_t count = 0;
    for (; count < PAGE_TOKENS && first + count < end; count++)
        out[count] = branch_token(branch, first + count);
    return count;
}

/* The page after the branch's prefix, from the cache folder into the tree. */
static struct prefix *read_spilled(struct branch *branch, const uint32_t tokens[PAGE_TOKENS])
{
    struct prefixes *prefixes = prefixes_of(branch);
    unsigned char key[KEY_BYTES];
    struct page *page;
    spill_key(branch->prefix->key, tokens, key);
    branch->restores = spill_has(prefixes->spill, key) && seconds_now() >= prefixes->read_until;
    prefixes->reads_on = prefixes->reads_on || branch->restores;
    if (branch->restores || !spill_read(prefixes->spill, key, tokens, branch->job->resident->model, &page))
        return NULL;
    return add_node(prefixes, branch->prefix, tokens, PAGE_TOKENS, page);
}

/* What the branch holds of the page after its prefix, of which it has adopted or read a beginning. */
static size_t page_held(const struct branch *branch)
{
    return sequence_length(branch->sequence) - branch->prefix->pages * PAGE_TOKENS;
}

/* Puts count tokens of a page in the place of those that the branch holds of it, which are fewer. */
static bool replace_page(struct branch *branch, struct page *page, size_t count)
{
    const size_t first = branch->prefix->pages * PAGE_TOKENS;
    return (page_held(branch) == 0 || sequence_cut(branch->sequence, first, NULL)) &&
           sequence_append(branch->sequence, page, count, NULL);
}

/* Appends the next page, or its beginning, or more of it than the branch has. Returns whether it did. */
static bool adopt_page(struct branch *branch)
{
    uint32_t tokens[PAGE_TOKENS];
    size_t common;
    const size_t held = page_held(branch), first = sequence_length(branch->sequence) - held;
    const size_t count = copy_tokens(branch, first, first + held + branch_lack(branch) - 1, tokens);
    struct prefix *child = find_child(branch->prefix, tokens, count, &common), *read = NULL;
    if (prefixes_of(branch)->spill && count == PAGE_TOKENS && common < count)
        read = read_spilled(branch, tokens);
    if (read) {
        child = read;
        common = count;
    }
    if (!child || common <= held || branch->restores || !replace_page(branch, child->page, common))
        return false;
    if (common == PAGE_TOKENS)
        move_to(branch, child);
    else
        touch(prefixes_of(branch), child);
    return true;
}

size_t prefix_adopt(struct branch *branch)
{
    const size_t before = sequence_length(branch->sequence);
    branch->restores = false;
    while (branch->prefix && page_held(branch) < PAGE_TOKENS && adopt_page(branch))
        ;
    const size_t after = sequence_length(branch->sequence);
    return after > before ? after - before : 0;
}

/* Puts tokens of the page after the branch's prefix into the tree, if they are not there. */
static struct prefix *record_page(struct branch *branch, size_t end)
{
    uint32_t tokens[PAGE_TOKENS];
    size_t common;
    struct prefixes *prefixes = prefixes_of(branch);
    const size_t number = branch->prefix->pages;
    const size_t count = copy_tokens(branch, number * PAGE_TOKENS, end, tokens);
    struct prefix *child = find_child(branch->prefix, tokens, count, &common);
    if (child && common == count) {
        touch(prefixes, child);
        return child;
    }
    child = add_node(prefixes, branch->prefix, tokens, count, sequence_page(branch->sequence, number));
    if (child)
        drop_beginnings(prefixes, branch->prefix, child);
    return child;
}

static void record_whole(struct branch *branch)
{
    const size_t length = sequence_length(branch->sequence);
    while ((branch->prefix->pages + 1) * PAGE_TOKENS <= length) {
        struct prefix *child = record_page(branch, length);
        if (!child)
            return;
        move_to(branch, child);
    }
}

void prefix_record(struct branch *branch)
{
    if (!branch->prefix)
        return;
    record_whole(branch);
    keep_bound(branch->job->scheduler);
}

void prefix_leave(struct branch *branch)
{
    if (!branch->prefix) /* nor, where it was never opened, a job */
        return;
    struct scheduler *scheduler = branch->job->scheduler;
    record_whole(branch);
    const size_t length = sequence_length(branch->sequence);
    if (branch->prefix->pages * PAGE_TOKENS < length && length < (branch->prefix->pages + 1) * PAGE_TOKENS)
        record_page(branch, length);
    struct tree *tree = branch->prefix->tree;
    branch->prefix->users--;
    branch->prefix = NULL;
    close_if_empty(scheduler, tree);
    keep_bound(scheduler);
}

/* ---- sequences from elsewhere ------------------------------------------------------------------------------------ */

/* A branch that has read just these tokens, in the hands of nobody. */
static struct branch reader_of(struct job *job, struct tree *tree, struct sequence *sequence)
{
    tree->root.users++;
    return (struct branch){ .job = job, .sequence = sequence, .prefix = &tree->root };
}

void prefix_put(struct scheduler *scheduler, struct resident *resident, struct owner *owner, struct sequence *sequence,
                const struct tokens *tokens)
{
    struct tree *tree = tree_of(resident, owner);
    if (!tree)
        return; /* the cache may always lack something */
    struct job job = { .scheduler = scheduler, .prompt = tokens->ids, .wishes.prompt_count = tokens->count };
    struct branch branch = reader_of(&job, tree, sequence);
    prefix_leave(&branch);
}

void prefix_erase(struct scheduler *scheduler, struct resident *resident, struct owner *owner,
                  const struct tokens *tokens)
{
    struct tree *tree = tree_of(resident, owner);
    struct prefix *last = tree ? &tree->root : NULL, *child = last;
    for (size_t first = 0, common; child && first < tokens->count; first += PAGE_TOKENS) {
        const size_t count = size_min(PAGE_TOKENS, tokens->count - first);
        child = find_child(last, tokens->ids + first, count, &common);
        if (child && common == count)
            last = child;
        else
            child = NULL;
    }
    while (last && last->page && !last->children && last->users == 0) {
        struct prefix *parent = last->parent;
        if (scheduler->prefixes.spill && last->count == PAGE_TOKENS)
            spill_forget(scheduler->prefixes.spill, last->key);
        remove_node(&scheduler->prefixes, last);
        last = parent;
    }
    if (tree)
        close_if_empty(scheduler, tree);
}

/* shelf.c: constraints that are compiled once and kept for whoever wants the same again: a list, the last used first.
 *
 *   shelf_take --not there--> in the making --built--> in use by some --last shelf_return--> unused --too many--> gone
 *
 * A constraint is built without the lock, so that nobody waits for it but those who want the same, who are of the same
 * owner. What it has worked out for one answer the next one finds, which is most of what it saves.
 *
 * An owner's share is bounded before all of them together are, so that nobody pushes out much of what others keep. */
#include "engine/grammar/constraint.h"
#include "engine/grammar/grammar.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct shelved {
    struct shelved *next;
    struct shelf *shelf; /* NULL: it stands on none */
    struct grammar *grammar;
    struct constraint *constraint;
    bool making;
    size_t users; /* who makes it, too */
    size_t bytes; /* when it was last given back */
    size_t description_bytes;
    const char *owner; /* behind the description */
    char description[];
};

struct shelf {
    pthread_mutex_t lock;
    pthread_cond_t made; /* or given up */
    struct shelved *first;
    struct shelf_counts counts; /* but for what stands there */
};

bool shelf_open(struct shelf **out, struct error *error)
{
    struct shelf *shelf = calloc(1, sizeof *shelf);
    if (!shelf)
        return error_memory(error, sizeof *shelf);
    pthread_mutex_init(&shelf->lock, NULL); /* neither can fail here with the default kind */
    pthread_cond_init(&shelf->made, NULL);
    *out = shelf;
    return true;
}

static void free_list(struct shelved *shelved)
{
    for (struct shelved *next; shelved; shelved = next) {
        next = shelved->next;
        constraint_close(shelved->constraint);
        grammar_close(shelved->grammar);
        free(shelved);
    }
}

void shelf_close(struct shelf *shelf)
{
    if (!shelf)
        return;
    free_list(shelf->first);
    pthread_cond_destroy(&shelf->made);
    pthread_mutex_destroy(&shelf->lock);
    free(shelf);
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static void unlink_shelved(struct shelf *shelf, const struct shelved *shelved)
{
    struct shelved **link = &shelf->first;
    while (*link != shelved)
        link = &(*link)->next;
    *link = shelved->next;
}

static void put_first(struct shelf *shelf, struct shelved *shelved)
{
    shelved->next = shelf->first;
    shelf->first = shelved;
}

static struct shelved *find(const struct shelf *shelf, const struct shelf_wish *wish)
{
    struct shelved *at = shelf->first;
    while (at && !(strcmp(at->owner, wish->owner) == 0 &&
                   span_equal(span_of(at->description, at->description_bytes), wish->description)))
        at = at->next;
    return at;
}

static size_t bytes_of(const struct shelved *shelved)
{
    return sizeof *shelved + shelved->description_bytes + strlen(shelved->owner) + 1 + grammar_size(shelved->grammar) +
           constraint_size(shelved->constraint);
}

/* Takes out what no longer fits, last used first, but for what is in use; returns it. */
static struct shelved *take_surplus(struct shelf *shelf, const char *owner)
{
    size_t own = 0, own_bytes = 0, all = 0, bytes = 0;
    struct shelved *surplus = NULL;
    for (struct shelved **link = &shelf->first; *link;) {
        struct shelved *at = *link;
        const bool is_own = strcmp(at->owner, owner) == 0;
        const bool fits = all < SHELF_MOST && bytes + at->bytes <= SHELF_BYTES_MOST &&
                          (!is_own || (own < SHELF_OWNER_MOST && own_bytes + at->bytes <= SHELF_OWNER_BYTES_MOST));
        if (at->users == 0 && !fits) {
            *link = at->next;
            at->next = surplus;
            surplus = at;
            continue;
        }
        all++;
        bytes += at->bytes;
        own += is_own;
        own_bytes += is_own ? at->bytes : 0;
        link = &at->next;
    }
    return surplus;
}

/* ---- taking ------------------------------------------------------------------------------------------------------ */

static bool make_empty(const struct shelf_wish *wish, struct shelved **out, struct error *error)
{
    const size_t owner_bytes = strlen(wish->owner) + 1;
    size_t texts, bytes;
    struct shelved *made = NULL;
    if (size_add(wish->description.bytes, owner_bytes, &texts) && size_add(texts, sizeof *made, &bytes))
        made = calloc(1, bytes);
    if (!made)
        return error_memory(error, wish->description.bytes);
    made->making = true;
    made->users = 1;
    made->description_bytes = wish->description.bytes;
    if (wish->description.bytes > 0)
        memcpy(made->description, wish->description.data, wish->description.bytes);
    made->owner = memcpy(made->description + wish->description.bytes, wish->owner, owner_bytes);
    *out = made;
    return true;
}

static bool build(const struct shelf_wish *wish, struct shelved *made, struct error *error)
{
    struct rule start;
    return grammar_open(&made->grammar, error) && wish->build(wish->context, made->grammar, &start, error) &&
           constraint_open(made->grammar, start, wish->tokenizer, &made->constraint, error);
}

static bool take_unshelved(const struct shelf_wish *wish, struct shelved **out, struct error *error)
{
    struct shelved *made;
    if (!make_empty(wish, &made, error))
        return false;
    if (!build(wish, made, error)) {
        free_list(made);
        return false;
    }
    *out = made;
    return true;
}

/* With the lock, which it gives up meanwhile. Those who waited for what failed try by themselves. */
static bool make(struct shelf *shelf, const struct shelf_wish *wish, struct shelved **out, struct error *error)
{
    struct shelved *made;
    if (!make_empty(wish, &made, error))
        return false;
    made->shelf = shelf;
    put_first(shelf, made);
    pthread_mutex_unlock(&shelf->lock);
    const bool built = build(wish, made, error);
    pthread_mutex_lock(&shelf->lock);
    made->making = false;
    pthread_cond_broadcast(&shelf->made);
    if (built) {
        shelf->counts.compiled++;
        *out = made;
        return true;
    }
    unlink_shelved(shelf, made);
    made->next = NULL;
    free_list(made);
    return false;
}

static bool find_or_make(struct shelf *shelf, const struct shelf_wish *wish, struct shelved **out, struct error *error)
{
    struct shelved *found;
    while ((found = find(shelf, wish)) && found->making)
        pthread_cond_wait(&shelf->made, &shelf->lock);
    if (!found)
        return make(shelf, wish, out, error);
    found->users++;
    shelf->counts.found++;
    unlink_shelved(shelf, found);
    put_first(shelf, found);
    *out = found;
    return true;
}

bool shelf_take(struct shelf *shelf, const struct shelf_wish *wish, struct shelved **out, struct error *error)
{
    if (!shelf)
        return take_unshelved(wish, out, error);
    pthread_mutex_lock(&shelf->lock);
    const bool done = find_or_make(shelf, wish, out, error);
    pthread_mutex_unlock(&shelf->lock);
    return done;
}

struct constraint *shelved_constraint(const struct shelved *shelved)
{
    return shelved ? shelved->constraint : NULL;
}

void shelf_return(struct shelved *shelved)
{
    struct shelved *surplus = shelved;
    if (shelved && shelved->shelf) {
        struct shelf *shelf = shelved->shelf;
        const size_t bytes = bytes_of(shelved);
        pthread_mutex_lock(&shelf->lock);
        shelved->users--;
        shelved->bytes = bytes;
        surplus = take_surplus(shelf, shelved->owner);
        pthread_mutex_unlock(&shelf->lock);
    }
    free_list(surplus);
}

struct shelf_counts shelf_counts(struct shelf *shelf)
{
    pthread_mutex_lock(&shelf->lock);
    struct shelf_counts counts = shelf->counts;
    for (const struct shelved *at = shelf->first; at; at = at->next) {
        counts.kept++;
        counts.bytes += at->bytes;
    }
    pthread_mutex_unlock(&shelf->lock);
    return counts;
}

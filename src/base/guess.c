/* guess.c: what somebody meant who typed a name wrong, for messages that say so.
 * Names are compared by the optimal string alignment distance: letters put in, left out, exchanged for another, or two
 * neighbours swapped, each counting one (Boytsov 2011, "Indexing methods for approximate dictionary searching",
 * section 2.2). The beginning of a name counts as well as all of it, as people cut names short. */
#include "base/base.h"

#include <string.h>

enum { LETTERS_MOST = 64, LETTERS_PER_EDIT = 3 };

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t first = a < b ? a : b;
    return first < c ? first : c;
}

/* How far a is from that beginning of b which it is nearest to. Both have at most LETTERS_MOST letters. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3]
               [LETTERS_MOST + 1]; /* of the table, row i at i % 3: how far a's first i letters are from b's first j */
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], row[j], two_above[j - 2] + 1);
        }
    }
    size_t nearest = a_length;
    for (size_t j = 0; j <= b_length; j++)
        nearest = least(nearest, nearest, rows[a_length % 3][j]);
    return nearest;
}

void guess_try(struct guess *guess, const char *typed, const char *name)
{
    const size_t typed_length = strlen(typed), name_length = strlen(name);
    if (typed_length == 0 || typed_length > LETTERS_MOST || name_length > LETTERS_MOST)
        return;
    const size_t edits = distance(typed, typed_length, name, name_length);
    if (edits * LETTERS_PER_EDIT > typed_length || (guess->name && edits >= guess->edits))
        return;
    guess->name = name;
    guess->edits = edits;
}

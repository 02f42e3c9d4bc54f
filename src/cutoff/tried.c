/* tried.c: what a command tried to reach, counted. */
#include "cutoff/tried.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 2048 };

static bool is_same(const struct cutoff_tried *a, const struct cutoff_tried *b)
{
    return a->port == b->port && a->allowed == b->allowed && a->service == b->service &&
           strcmp(a->name, b->name) == 0 && strcmp(a->address, b->address) == 0 &&
           strcmp(a->protocol, b->protocol) == 0 && strcmp(a->why, b->why) == 0;
}

static struct cutoff_tried *find(const struct tried *tried, const struct cutoff_tried *row)
{
    for (size_t i = 0; i < tried->count; i++)
        if (is_same(&tried->rows[i], row))
            return &tried->rows[i];
    return NULL;
}

/* A copy that lives as long as the result; NULL if there is no room. */
static struct cutoff_tried *append(struct tried *tried, const struct cutoff_tried *row)
{
    if (!tried->rows)
        tried->rows = arena_take(tried->arena, MOST_ROWS, sizeof *tried->rows);
    if (!tried->rows || tried->count == MOST_ROWS)
        return NULL;
    struct cutoff_tried *place = &tried->rows[tried->count];
    *place = *row;
    place->name = arena_text(tried->arena, span_text(row->name));
    place->address = arena_text(tried->arena, span_text(row->address));
    if (!place->name || !place->address)
        return NULL;
    tried->count++;
    return place;
}

void tried_add(struct tried *tried, const char *name, const struct endpoint *address, const char *protocol,
               const struct ruling *ruling)
{
    char text[ENDPOINT_TEXT] = "";
    const struct cutoff_tried row = {
        .name = name,
        .address = address ? endpoint_text(address, text) : "",
        .port = address ? address->port : 0,
        .protocol = protocol,
        .service = ruling->service,
        .allowed = ruling->allowed,
        .why = ruling->why,
    };
    struct cutoff_tried *place = find(tried, &row);
    if (!place)
        place = append(tried, &row);
    if (place)
        place->count++;
    else
        tried->more = true;
}

static int compare(const void *left, const void *right)
{
    const struct cutoff_tried *a = left, *b = right;
    int order = a->allowed - b->allowed;
    order = order ? order : strcmp(a->name, b->name);
    order = order ? order : strcmp(a->address, b->address);
    order = order ? order : a->port - b->port;
    order = order ? order : strcmp(a->protocol, b->protocol);
    return order ? order : strcmp(a->why, b->why);
}

void tried_sort(struct tried *tried)
{
    if (tried->count > 1)
        qsort(tried->rows, tried->count, sizeof *tried->rows, compare);
}

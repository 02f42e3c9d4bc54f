/* register.h: the register while it is put together. */
#ifndef BASTIDE_PROVIDERS_REGISTER_H
#define BASTIDE_PROVIDERS_REGISTER_H

#include "providers/index.h"
#include "providers/providers.h"

struct patterns {
    const char *const *texts;
    size_t count;
};

/* A service with its patterns; what the public header gives out is its first member. */
struct known_service {
    struct service service;
    struct patterns patterns[SIGNALS];
    struct known_service *next; /* of the same provider */
};

struct known_provider {
    struct provider provider;
    struct known_service *services;
    struct known_provider *next;
};

struct country {
    const char *code;
    const char *name;
    const char *const *laws;
    size_t law_count;
    struct country *next;
};

/* What stands for all services of a category that have no list of their own. */
struct category_ways {
    const char *category;
    const struct alternative *alternatives;
    size_t count;
    struct category_ways *next;
};

/* Address ranges that came from a list. */
struct ranges {
    const char *service;
    struct patterns networks;
    struct ranges *next;
};

struct providers {
    struct arena arena;
    struct index index;
    struct category *categories;
    size_t category_count, category_room;
    struct country *countries;
    struct known_provider *entries; /* an entry stands before those that it replaces */
    struct known_provider *more;    /* services of a provider in another file: only its id is set */
    struct category_ways *ways;
    struct ranges *ranges;
    const struct provider **providers; /* sorted by id */
    size_t provider_count;
    const struct service **services; /* sorted by id */
    size_t service_count;
};

/* Reads one file of the register into it; which keys stand in its entries says what they are. */
MUST_USE bool register_read(struct providers *providers, const char *path, struct span text, struct error *error);

#endif

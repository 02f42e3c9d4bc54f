/* embedded.h: the files of data/ that the program carries; scripts/embed_files writes the table. */
#ifndef BASTIDE_PROVIDERS_EMBEDDED_H
#define BASTIDE_PROVIDERS_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; /* "data/providers/ai.yaml"; NULL ends the table */
    const unsigned char *bytes;
    size_t count;
};

extern const struct embedded register_data[];

#endif

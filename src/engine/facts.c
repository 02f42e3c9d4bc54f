/* facts.c: a file's metadata for who shows it, without the types of the format. */
#include "engine/gguf.h"

#include <string.h>

static struct gguf_fact fact_of(const struct gguf_key *key)
{
    struct gguf_fact fact = { .name = key->name };
    if (key->type == GGUF_ARRAY) {
        fact.kind = GGUF_FACT_LIST;
        fact.integer = (int64_t)key->count;
    } else if (key->type == GGUF_STRING) {
        fact.kind = GGUF_FACT_TEXT;
        fact.text = key->value;
    } else if (key->type == GGUF_BOOL) {
        fact.kind = GGUF_FACT_TRUTH;
        fact.truth = key->value.data[0] != 0;
    } else if (gguf_is_integer(key->type)) {
        fact.kind = GGUF_FACT_INTEGER;
        fact.integer = gguf_element_integer(key, 0);
    } else {
        fact.kind = GGUF_FACT_REAL;
        if (key->type == GGUF_F32)
            fact.real = (double)gguf_element_float(key, 0);
        else
            memcpy(&fact.real, key->value.data, sizeof fact.real);
    }
    return fact;
}

size_t gguf_fact_count(const struct gguf *gguf)
{
    return gguf_key_count(gguf);
}

struct gguf_fact gguf_fact(const struct gguf *gguf, size_t i)
{
    return fact_of(gguf_key_at(gguf, i));
}

bool gguf_fact_find(const struct gguf *gguf, const char *name, struct gguf_fact *out)
{
    const struct gguf_key *key = gguf_find(gguf, name);
    if (key)
        *out = fact_of(key);
    return key != NULL;
}

/* gguf_open has checked that the products are those of data that is there. */
uint64_t gguf_parameters(const struct gguf *gguf)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < gguf_tensor_count(gguf); i++) {
        const struct gguf_tensor *tensor = gguf_tensor_at(gguf, i);
        uint64_t values = 1;
        for (size_t k = 0; k < GGUF_DIMENSIONS; k++)
            values *= tensor->shape[k];
        sum += values;
    }
    return sum;
}

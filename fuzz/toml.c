/* toml.c: any bytes as TOML; touch.h says what has to hold of the tree. */
#include "touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    return fuzz_tree(data, bytes, toml_parse);
}

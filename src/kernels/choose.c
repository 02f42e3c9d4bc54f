/* choose.c: the table of instruction sets, and which of them this processor has. */
#include "kernels/levels.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static bool cpu_any(void)
{
    return true;
}

#if defined(__x86_64__)
/* clang 14 has no __builtin_cpu_supports("f16c"). */
static bool cpu_has_f16c(void)
{
    unsigned eax, ebx, ecx = 0, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}

static bool cpu_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && cpu_has_f16c();
}

static bool cpu_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}
#endif

static const struct level { /* weakest first */
    const char *name;
    bool (*usable)(void);
    void (*fill)(struct kernels *kernels); /* scalar sets all, the others what they do better */
} levels[] = {
    { "scalar", cpu_any, scalar_fill },
#if defined(__x86_64__)
    { "avx2", cpu_has_avx2, avx2_fill },
    { "avx512", cpu_has_avx512, avx512_fill },
#endif
};

bool kernels_level(size_t level, struct kernels *out)
{
    *out = (struct kernels){ 0 };
    for (size_t i = 0; i <= level; i++) {
        if (i == LENGTH(levels) || !levels[i].usable())
            return false;
        levels[i].fill(out);
        out->name = levels[i].name;
    }
    return true;
}

static bool level_exists(const char *name)
{
    for (size_t i = 0; i < LENGTH(levels); i++)
        if (strcmp(levels[i].name, name) == 0)
            return true;
    return false;
}

bool kernels_choose(const char *wanted, struct kernels *out, struct error *error)
{
    if (wanted && !level_exists(wanted))
        return error_set_kind(error, ERROR_WRONG_USE, "BASTIDE_CPU=%s: scalar, avx2 or avx512 is wanted", wanted);
    struct kernels kernels;
    for (size_t i = 0; kernels_level(i, &kernels); i++) {
        *out = kernels;
        if (wanted && strcmp(wanted, out->name) == 0)
            return true;
    }
    return !wanted || error_set(error, "BASTIDE_CPU=%s: this processor has %s at most", wanted, out->name);
}

struct tile kernels_tile(const struct kernels *kernels, size_t tokens, size_t token)
{
    struct tile tile = { 0, kernels->tiles[0] };
    const size_t whole = tokens / tile.width * tile.width;
    if (token < whole) {
        tile.first = token / tile.width * tile.width;
        return tile;
    }
    tile.first = whole;
    for (const size_t *width = kernels->tiles;; width++) {
        tile.width = *width;
        while (tile.first + tile.width <= tokens) {
            if (token < tile.first + tile.width)
                return tile;
            tile.first += tile.width;
        }
    }
}

/* kernels.c: how fast each kernel is on one thread, in G multiply-adds a second (products) or microseconds (others),
 * by the thread's own processor time, so that other programs on the machine count less.
 *
 *     build/bench/bench_kernels [FORMAT...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/kernels.h"

enum { ROWS = 1536, COLUMNS = 768, MOST_TOKENS = 192, LONG_ENOUGH_MS = 150 };

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void *take(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!memory)
        exit(3);
    memset(memory, 0x11, bytes);
    return memory;
}

static struct matrix random_matrix(const struct format *format)
{
    struct matrix matrix = { format, ROWS, COLUMNS, panel_bytes(format, COLUMNS), NULL };
    matrix.panels = take(matrix_panels(&matrix) * matrix.panel_bytes);
    return matrix;
}

/* G multiply-adds a second of a whole product. */
static double measure(const struct kernels *kernels, const struct matrix *matrix, size_t tokens, const void *input,
                      float *out)
{
    const struct product product = { matrix, input, out, ROWS, false };
    const double start = processor_seconds();
    size_t rounds = 0;
    double elapsed;
    do {
        for (size_t panel = 0; panel < matrix_panels(matrix); panel++)
            kernels->multiply[matrix->format->packing](&product, panel, 0, tokens);
        rounds++;
        elapsed = processor_seconds() - start;
    } while (elapsed < LONG_ENOUGH_MS * 1e-3);
    return (double)rounds * ROWS * COLUMNS * (double)tokens / elapsed * 1e-9;
}

static void show_format(const struct format *format, const struct kernels *kernels)
{
    static const size_t tokens[] = { 1, 2, 4, 8, 16, MOST_TOKENS };
    struct matrix matrix = random_matrix(format);
    void *input = take(MOST_TOKENS * COLUMNS * sizeof(float));
    float *out = take(MOST_TOKENS * ROWS * sizeof *out);
    printf("%-7s %-6s", kernels->name, format->name);
    for (size_t i = 0; i < LENGTH(tokens); i++)
        printf(" %8.1f", measure(kernels, &matrix, tokens[i], input, out));
    printf("   %6.1f GB/s at 1\n", measure(kernels, &matrix, 1, input, out) / COLUMNS / ROWS *
                                       (double)(matrix_panels(&matrix) * matrix.panel_bytes));
    free((void *)(uintptr_t)matrix.panels);
    free(input);
    free(out);
}

static bool wanted(const char *name, int count, char **names)
{
    for (int i = 1; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 1;
}

int main(int count, char **names)
{
    static const uint32_t formats[] = { 0, 1, 30, 2, 3, 6, 7, 8, 12, 13, 14 };
    struct kernels kernels;
    printf("G multiply-adds/s, one thread, tokens: 1, 2, 4, 8, 16, %d\n", MOST_TOKENS);
    for (size_t level = 0; kernels_level(level, &kernels); level++) {
        const double start = processor_seconds();
        kernels.multiply_add_many((size_t)1 << 30);
        printf("%-7s registers only: %.1f\n", kernels.name,
               (double)((size_t)1 << 30) / (processor_seconds() - start) * 1e-9);
        for (size_t i = 0; i < LENGTH(formats); i++)
            if (wanted(format_find(formats[i])->name, count, names))
                show_format(format_find(formats[i]), &kernels);
    }
    return 0;
}

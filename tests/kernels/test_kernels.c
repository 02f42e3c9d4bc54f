/* Every instruction set against the portable kernels, and those against plain sums in double: random shapes with
 * remainders, random and extreme data, guard values on both sides of what a kernel writes. */
#include "check.h"
#include "kernels/kernels.h"

#include <math.h>

enum { ROUNDS = 60, GUARD = 16 };

static const float GUARD_VALUE = 1234.5f;

/* Formats that can be multiplied, and where a block has float16 numbers that must be sane. */
static const struct weights_format {
    uint32_t number;
    size_t half[2];
    size_t halves;
} formats[] = {
    { 0, { 0 }, 0 },    { 1, { 0 }, 1 }, { 30, { 0 }, 0 },    { 2, { 0 }, 1 },     { 3, { 0, 2 }, 2 }, { 6, { 0 }, 1 },
    { 7, { 0, 2 }, 2 }, { 8, { 0 }, 1 }, { 12, { 0, 2 }, 2 }, { 13, { 0, 2 }, 2 }, { 14, { 208 }, 1 },
};

/* The same tokens and weights as every level sees them. */
struct scene {
    const struct format *format;
    size_t rows, columns, tokens;
    unsigned char *raw;
    struct matrix matrix;
    float *x;
};

/* float16 from 2^-12 to 2^-4, either sign. */
static uint16_t random_half(struct random *random)
{
    return (uint16_t)(random_in(random, 0, 1) << 15 | random_in(random, 3, 11) << 10 | random_in(random, 0, 1023));
}

static void fill_weights(struct scene *scene, const struct weights_format *kind, struct random *random)
{
    const size_t bytes = scene->rows * scene->columns / scene->format->block * scene->format->block_bytes;
    scene->raw = malloc(bytes);
    const bool extreme = random_in(random, 0, 3) == 0;
    for (size_t i = 0; i < bytes; i++)
        scene->raw[i] = extreme ? (random_in(random, 0, 1) ? 0xFF : 0x80) : (unsigned char)random_next(random);
    for (size_t b = 0; b < bytes; b += scene->format->block_bytes) {
        for (size_t h = 0; h < kind->halves; h++) {
            const uint16_t half = random_half(random);
            memcpy(scene->raw + b + kind->half[h], &half, 2);
        }
        const float number = random_float(random);
        if (kind->number == 0)
            memcpy(scene->raw + b, &number, 4);
        if (kind->number == 30)
            memcpy(scene->raw + b, (const char *)&number + 2, 2);
    }
}

static void pack_all(struct scene *scene)
{
    struct matrix *matrix = &scene->matrix;
    const size_t row_bytes = scene->columns / scene->format->block * scene->format->block_bytes;
    *matrix = (struct matrix){ scene->format, scene->rows, scene->columns, panel_bytes(scene->format, scene->columns),
                               NULL };
    unsigned char *panels = aligned_alloc(64, (matrix_panels(matrix) * matrix->panel_bytes + 63) / 64 * 64);
    for (size_t p = 0; p < matrix_panels(matrix); p++)
        panel_pack(scene->format, scene->raw + p * PANEL_ROWS * row_bytes,
                   size_min(PANEL_ROWS, scene->rows - p * PANEL_ROWS), scene->columns,
                   panels + p * matrix->panel_bytes);
    matrix->panels = panels;
}

static struct scene scene_make(const struct weights_format *kind, struct random *random)
{
    struct scene scene = { .format = format_find(kind->number),
                           .rows = random_in(random, 1, 70),
                           .tokens = random_in(random, 1, 40) };
    const size_t step = size_max(scene.format->block, GROUP_COLUMNS);
    scene.columns = step * random_in(random, 1, 640 / step);
    fill_weights(&scene, kind, random);
    pack_all(&scene);
    scene.x = malloc(scene.tokens * scene.columns * sizeof(float));
    const bool extreme = random_in(random, 0, 3) == 0;
    for (size_t i = 0; i < scene.tokens * scene.columns; i++)
        scene.x[i] = extreme ? (random_in(random, 0, 1) ? 8.0f : -8.0f) : random_float(random);
    if (random_in(random, 0, 3) == 0)
        memset(scene.x, 0, scene.columns * sizeof(float)); /* a token of zeros */
    return scene;
}

static void scene_free(struct scene *scene)
{
    free(scene->raw);
    free((void *)(uintptr_t)scene->matrix.panels);
    free(scene->x);
}

static unsigned char *quantize_all(const struct kernels *kernels, const struct scene *scene)
{
    unsigned char *tiles = malloc(activations_bytes(scene->tokens, scene->columns));
    for (size_t t = 0; t < scene->tokens; t++) {
        const struct tile tile = kernels_tile(kernels, scene->tokens, t);
        kernels->quantize(scene->x + t * scene->columns, scene->columns,
                          tiles + activations_bytes(tile.first, scene->columns), tile.width, t - tile.first);
    }
    return tiles;
}

/* out has GUARD floats before and after each token's rows. */
static float *multiply_all(const struct kernels *kernels, const struct scene *scene, bool add)
{
    const size_t stride = scene->rows + 2 * GUARD, count = stride * scene->tokens;
    float *out = malloc(count * sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = GUARD_VALUE;
    const bool quantized = packing_is_quantized(scene->format->packing);
    void *tiles = quantized ? quantize_all(kernels, scene) : NULL;
    const struct product product = { &scene->matrix, quantized ? tiles : scene->x, out + GUARD, stride, add };
    for (size_t p = 0; p < matrix_panels(&scene->matrix); p++)
        kernels->multiply[scene->format->packing](&product, p, 0, scene->tokens);
    free(tiles);
    for (size_t t = 0; t < scene->tokens; t++)
        for (size_t i = 0; i < stride; i++)
            if (i < GUARD || i >= GUARD + scene->rows)
                assert_true(out[t * stride + i] == GUARD_VALUE);
    return out;
}

/* One number against what it should be; allowed: a share of the sum of |w x|, which bounds rounding. */
static void check_number(const char *what, const struct scene *scene, double expected, double actual, double magnitude,
                         double share)
{
    if (fabs(expected - actual) <= share * magnitude + 1e-30)
        return;
    print_error("%s, %s, %zu rows x %zu columns x %zu tokens: %g expected, %g found\n", what, scene->format->name,
                scene->rows, scene->columns, scene->tokens, expected, actual);
    fail();
}

/* What the product is in double, with activations as they are, and the sum of |w x|. */
static double exact(const struct scene *scene, size_t row, size_t token, double *magnitude)
{
    float *w = malloc(scene->columns * sizeof *w);
    const size_t row_bytes = scene->columns / scene->format->block * scene->format->block_bytes;
    scene->format->dequantize(scene->raw + row * row_bytes, scene->columns, w);
    double sum = 0;
    *magnitude = 0;
    for (size_t k = 0; k < scene->columns; k++) {
        const double term = (double)w[k] * (double)scene->x[token * scene->columns + k];
        sum += term;
        *magnitude += fabs(term);
    }
    free(w);
    return sum;
}

static void portable_products_are_near_the_exact_ones(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct kernels scalar;
    assert_true(kernels_level(0, &scalar));
    for (size_t f = 0; f < LENGTH(formats); f++) {
        for (size_t round = 0; round < ROUNDS / 4; round++) {
            struct scene scene = scene_make(&formats[f], &random);
            float *out = multiply_all(&scalar, &scene, false);
            const double share = packing_is_quantized(scene.format->packing) ? 1e-2 : 1e-5;
            for (size_t t = 0; t < scene.tokens; t++)
                for (size_t r = 0; r < scene.rows; r++) {
                    double magnitude;
                    const double expected = exact(&scene, r, t, &magnitude);
                    check_number("scalar", &scene, expected, (double)out[t * (scene.rows + 2 * GUARD) + GUARD + r],
                                 magnitude, share);
                }
            free(out);
            scene_free(&scene);
        }
    }
}

static void compare_products(const struct kernels *scalar, const struct kernels *fast, struct scene *scene, bool add)
{
    float *expected = multiply_all(scalar, scene, add), *actual = multiply_all(fast, scene, add);
    const size_t stride = scene->rows + 2 * GUARD;
    for (size_t t = 0; t < scene->tokens; t++)
        for (size_t r = 0; r < scene->rows; r++) {
            double magnitude;
            exact(scene, r, t, &magnitude);
            const size_t i = t * stride + GUARD + r;
            /* Minimums cancel against values: their sizes bound the rounding, not the sum's. */
            check_number(fast->name, scene, (double)expected[i], (double)actual[i],
                         magnitude + 100.0 * (add ? 20.0 : 1.0), 2e-6);
        }
    free(expected);
    free(actual);
}

static void every_level_multiplies_as_the_portable_one(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct kernels scalar, fast;
    assert_true(kernels_level(0, &scalar));
    for (size_t level = 1; kernels_level(level, &fast); level++)
        for (size_t f = 0; f < LENGTH(formats); f++)
            for (size_t round = 0; round < ROUNDS; round++) {
                struct scene scene = scene_make(&formats[f], &random);
                compare_products(&scalar, &fast, &scene, round % 3 == 0);
                scene_free(&scene);
            }
}

static void a_token_gets_the_same_bits_alone_and_among_others(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct kernels kernels;
    for (size_t level = 0; kernels_level(level, &kernels); level++)
        for (size_t f = 0; f < LENGTH(formats); f++)
            for (size_t round = 0; round < 6; round++) {
                struct scene scene = scene_make(&formats[f], &random);
                float *together = multiply_all(&kernels, &scene, false);
                for (size_t t = 0; t < scene.tokens; t++) {
                    struct scene one = scene;
                    one.tokens = 1;
                    one.x = scene.x + t * scene.columns;
                    float *alone = multiply_all(&kernels, &one, false);
                    assert_memory_equal(alone + GUARD, together + t * (scene.rows + 2 * GUARD) + GUARD,
                                        scene.rows * sizeof(float));
                    free(alone);
                }
                free(together);
                scene_free(&scene);
            }
}

/* ---- against ggml's own numbers ---------------------------------------------------------------------------------- */

enum { GOLDEN_ROWS = 16, GOLDEN_COLUMNS = 512 };

static void map_golden(struct arena *arena, const char *name, const char *ending, size_t bytes, struct file *out)
{
    struct error error = { 0 };
    char path[64];
    snprintf(path, sizeof path, "quants/%s%s", name, ending);
    assert_done(file_map(golden_path(arena, path), out, &error), &error);
    assert_int_equal(out->bytes.bytes, bytes);
}

/* Rows that ggml quantised, times its x: near what its float64 sums say. */
static void check_golden_products(const struct kernels *kernels, const struct format *format)
{
    struct arena arena = { 0 };
    struct file rows = { 0 }, values = { 0 }, x = { 0 }, dots = { 0 };
    const size_t count = GOLDEN_ROWS * GOLDEN_COLUMNS;
    map_golden(&arena, format->name, ".bin", count / format->block * format->block_bytes, &rows);
    map_golden(&arena, format->name, ".f32", count * sizeof(float), &values);
    map_golden(&arena, "x", ".f32", GOLDEN_COLUMNS * sizeof(float), &x);
    map_golden(&arena, format->name, ".dot.f32", GOLDEN_ROWS * sizeof(float), &dots);
    struct scene scene = { .format = format, .rows = GOLDEN_ROWS, .columns = GOLDEN_COLUMNS, .tokens = 1 };
    scene.raw = (unsigned char *)(uintptr_t)rows.bytes.data;
    scene.x = (float *)(uintptr_t)x.bytes.data;
    pack_all(&scene);
    float *out = multiply_all(kernels, &scene, false);
    const float *w = (const float *)(const void *)values.bytes.data, *expected = (const void *)dots.bytes.data;
    for (size_t r = 0; r < GOLDEN_ROWS; r++) {
        double ww = 0, xx = 0, magnitude = 0;
        for (size_t k = 0; k < GOLDEN_COLUMNS; k++) {
            const double a = (double)w[r * GOLDEN_COLUMNS + k], b = (double)scene.x[k];
            ww += a * a;
            xx += b * b;
            magnitude += fabs(a * b);
        }
        const bool quantized = packing_is_quantized(format->packing);
        check_number(kernels->name, &scene, (double)expected[r], (double)out[GUARD + r],
                     quantized ? sqrt(ww) * sqrt(xx) : magnitude, quantized ? 1e-2 : 1e-5);
    }
    free(out);
    free((void *)(uintptr_t)scene.matrix.panels);
    file_close(&rows), file_close(&values), file_close(&x), file_close(&dots);
    arena_free(&arena);
}

static void products_of_reference_rows_are_near_the_reference(void **state)
{
    (void)state;
    static const uint32_t golden[] = { 1, 30, 2, 3, 6, 7, 8, 12, 13, 14 };
    struct kernels kernels;
    for (size_t level = 0; kernels_level(level, &kernels); level++)
        for (size_t i = 0; i < LENGTH(golden); i++)
            check_golden_products(&kernels, format_find(golden[i]));
}

/* ---- attention --------------------------------------------------------------------------------------------------- */

enum { PAGES = 2 * STRETCH_PAGES + 5, HEADS = 2, LAYER_HEAD = 1 };

struct cache {
    size_t size, head_bytes;
    unsigned char *pages[PAGES];
};

static struct cache cache_make(const struct kernels *kernels, enum cache_type type, size_t size, const float *keys,
                               const float *values)
{
    struct cache cache = { .size = size, .head_bytes = 2 * size * PAGE_POSITIONS * (type == CACHE_F32 ? 4 : 2) };
    for (size_t p = 0; p < PAGES; p++) {
        cache.pages[p] = aligned_alloc(64, cache.head_bytes * HEADS);
        memset(cache.pages[p], 0, cache.head_bytes * HEADS);
        for (size_t i = 0; i < PAGE_POSITIONS; i++) {
            const size_t at = (p * PAGE_POSITIONS + i) * size;
            kernels->store[type](cache.pages[p] + LAYER_HEAD * cache.head_bytes, size, i, keys + at, values + at);
        }
    }
    return cache;
}

static void cache_free(struct cache *cache)
{
    for (size_t p = 0; p < PAGES; p++)
        free(cache->pages[p]);
}

static void attend_with(const struct kernels *kernels, enum cache_type type, struct cache *cache,
                        const struct query *queries, size_t count, size_t group, float *out)
{
    for (size_t i = 0; i < count; i += group) {
        struct attention attention = { .size = cache->size,
                                       .page_offset = LAYER_HEAD * cache->head_bytes,
                                       .pages = cache->pages,
                                       .count = size_min(group, count - i) };
        for (size_t j = 0; j < attention.count; j++) {
            attention.query[j] = queries[i + j];
            attention.query[j].out = out + (i + j) * cache->size;
        }
        attend(kernels, type, &attention);
    }
}

/* Softmax attention of one query in double. */
static void attend_exactly(const struct query *query, size_t size, const float *keys, const float *values, double *out)
{
    double score[PAGES * PAGE_POSITIONS], most = -INFINITY, total = 0;
    for (size_t p = query->first; p <= query->last; p++) {
        score[p] = 0;
        for (size_t d = 0; d < size; d++)
            score[p] += (double)query->q[d] * (double)keys[p * size + d];
        most = fmax(most, score[p]);
    }
    for (size_t d = 0; d < size; d++)
        out[d] = 0;
    for (size_t p = query->first; p <= query->last; p++) {
        const double weight = exp(score[p] - most);
        total += weight;
        for (size_t d = 0; d < size; d++)
            out[d] += weight * (double)values[p * size + d];
    }
    for (size_t d = 0; d < size; d++)
        out[d] /= total;
}

static float *random_floats(struct random *random, size_t count)
{
    float *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = random_float(random);
    return numbers;
}

static void check_attention(const struct kernels *kernels, enum cache_type type, struct random *random)
{
    enum { QUERIES = 13 };
    const size_t size = 16 * random_in(random, 1, 17), positions = PAGES * PAGE_POSITIONS;
    float *keys = random_floats(random, positions * size), *values = random_floats(random, positions * size);
    float *q = random_floats(random, QUERIES * size);
    float *grouped = malloc(QUERIES * size * sizeof *grouped), *alone = malloc(QUERIES * size * sizeof *alone);
    double *expected = malloc(size * sizeof *expected);
    struct query queries[QUERIES];
    for (size_t i = 0; i < QUERIES; i++) {
        queries[i] = (struct query){ .q = q + i * size, .last = random_in(random, 0, positions - 1) };
        queries[i].first = random_in(random, 0, 1) ? 0 : random_in(random, 0, queries[i].last);
    }
    struct cache cache = cache_make(kernels, type, size, keys, values);
    attend_with(kernels, type, &cache, queries, QUERIES, 1, alone);
    for (size_t group = 2; group <= MOST_QUERIES; group++) {
        attend_with(kernels, type, &cache, queries, QUERIES, group, grouped);
        assert_memory_equal(alone, grouped, QUERIES * size * sizeof *alone);
    }
    for (size_t i = 0; i < QUERIES; i++) {
        attend_exactly(&queries[i], size, keys, values, expected);
        for (size_t d = 0; d < size; d++)
            if (!(fabs(expected[d] - (double)alone[i * size + d]) <= (type == CACHE_F32 ? 2e-5 : 5e-3)))
                fail_msg("%s: size %zu query %zu: %g expected, %g found", kernels->name, size, i, expected[d],
                         (double)alone[i * size + d]);
    }
    cache_free(&cache);
    free(keys), free(values), free(q), free(grouped), free(alone), free(expected);
}

static void attention_is_exact_and_the_same_alone_and_in_groups(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct kernels kernels;
    for (size_t level = 0; kernels_level(level, &kernels); level++)
        for (size_t round = 0; round < ROUNDS / 4; round++) {
            check_attention(&kernels, CACHE_F32, &random);
            check_attention(&kernels, CACHE_F16, &random);
        }
}

/* ---- norms and activations --------------------------------------------------------------------------------------- */

static void check_elementwise(const struct kernels *kernels, struct random *random)
{
    const size_t count = random_in(random, 1, 200);
    float *x = random_floats(random, count), *w = random_floats(random, count),
          *out = malloc((count + 1) * sizeof *out);
    for (size_t i = 0; i < count; i++)
        x[i] *= random_in(random, 0, 9) ? 4.0f : 95.0f;
    out[count] = GUARD_VALUE;
    kernels->silu_gate(x, w, count, out);
    for (size_t i = 0; i < count; i++) {
        const double v = (double)x[i], expected = v / (1 + exp(-v)) * (double)w[i];
        assert_true(fabs((double)out[i] - expected) <= 1e-6 * (fabs(expected) + 1));
    }
    kernels->gelu_gate(x, w, count, out);
    for (size_t i = 0; i < count; i++) {
        const double v = (double)x[i];
        const double expected = 0.5 * v * (1 + tanh(sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))) * (double)w[i];
        assert_true(fabs((double)out[i] - expected) <= 2e-6 * (fabs(expected) + 1));
    }
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)x[i] * (double)x[i];
    for (int add = 0; add < 2; add++) {
        memset(out, 0, count * sizeof *out);
        kernels->rms_norm(x, w, count, 1e-5f, add, out);
        for (size_t i = 0; i < count; i++) {
            const double expected = (double)x[i] / sqrt(squares / (double)count + 1e-5) * (double)w[i];
            assert_true(fabs((double)out[i] - expected) <= 1e-5 * (fabs(expected) + 1e-3));
        }
    }
    assert_true(out[count] == GUARD_VALUE);
    free(x), free(w), free(out);
}

static void norms_and_activations_are_near_the_exact_ones(void **state)
{
    (void)state;
    struct random random = random_start(__func__);
    struct kernels kernels;
    for (size_t level = 0; kernels_level(level, &kernels); level++)
        for (size_t round = 0; round < 300; round++)
            check_elementwise(&kernels, &random);
}

static void a_level_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    struct kernels kernels;
    struct error error = { 0 };
    assert_false(kernels_choose("sse9", &kernels, &error));
    assert_int_equal(error.kind, ERROR_WRONG_USE);
    assert_contains(error.text, "sse9");
    assert_true(kernels_choose("scalar", &kernels, &error));
    assert_string_equal(kernels.name, "scalar");
}

int main(void)
{
    RUN_TESTS(TEST(portable_products_are_near_the_exact_ones), TEST(every_level_multiplies_as_the_portable_one),
              TEST(a_token_gets_the_same_bits_alone_and_among_others),
              TEST(products_of_reference_rows_are_near_the_reference),
              TEST(attention_is_exact_and_the_same_alone_and_in_groups),
              TEST(norms_and_activations_are_near_the_exact_ones), TEST(a_level_that_does_not_exist_is_refused));
}

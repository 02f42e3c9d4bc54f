/* kernels.h: block formats and the arithmetic on them. */
#ifndef BASTIDE_KERNELS_H
#define BASTIDE_KERNELS_H

#include "base/base.h"

/* ---- block formats ----------------------------------------------------------------------------------------------- */

/* How a format's weights lie once packed for multiplication; see packing.h. */
enum packing {
    PACK_NONE, /* known by name only */
    PACK_F32,
    PACK_F16,
    PACK_BF16,
    PACK_Q4_0,
    PACK_Q4_1,
    PACK_Q5_0,
    PACK_Q5_1,
    PACK_Q8_0,
    PACK_Q4_K,
    PACK_Q5_K,
    PACK_Q6_K,
    PACKINGS
};

/* A way to store numbers in blocks, as GGUF files have it. */
struct format {
    const char *name;     /* as in GGUF: "Q4_1" */
    uint32_t number;      /* the type number in the file */
    uint32_t block;       /* values in a block */
    uint32_t block_bytes; /* bytes of a block */
    /* count values (a multiple of block) to float32, exactly as ggml does; NULL for a format that is known by name
     * only. blocks need not be aligned. */
    void (*dequantize)(const unsigned char *blocks, size_t count, float *out);
    enum packing packing;
};

/* NULL for a number that stands for no format known here. */
const struct format *format_find(uint32_t number);

/* ---- weights, packed --------------------------------------------------------------------------------------------- */

enum { PANEL_ROWS = 16, GROUP_COLUMNS = 32 };

/* A weight matrix whose rows were interleaved by sixteen: panel p holds rows 16 p to 16 p + 15, so that a register
 * holds the same columns of sixteen rows and no sum ever runs across a register. Rows past the last are zero. */
struct matrix {
    const struct format *format;
    size_t rows, columns;
    size_t panel_bytes;
    const unsigned char *panels; /* aligned to 64 */
};

/* Whether the product with this packing takes quantised activations (else float32 rows). */
bool packing_is_quantized(enum packing packing);

/* Bytes of a panel with this many columns (a multiple of the format's block). */
size_t panel_bytes(const struct format *format, size_t columns);

/* Packs count (1 to 16) rows of a format, one after the other as in a file, into a panel. */
void panel_pack(const struct format *format, const unsigned char *rows, size_t count, size_t columns,
                unsigned char *panel);

static inline size_t matrix_panels(const struct matrix *matrix)
{
    return (matrix->rows + PANEL_ROWS - 1) / PANEL_ROWS;
}

/* ---- activations, quantised -------------------------------------------------------------------------------------- */

/* Tokens lie side by side in tiles, as many as the kernels keep in registers (struct kernels, tiles). In a tile of n
 * tokens, each group of 32 columns takes 48 n bytes:
 *
 *     int8 value[n][32] | float32 scale[n] | float32 sum[n] | int32 eighth[n] | int32 eighth_low[n]
 *
 * value = round(x / scale), scale = largest |x| of the group / 127; sum = scale x sum of the values (for formats with
 * a minimum); eighth = -8 x sum of the values, eighth_low the same of the first 16 (for formats with an offset). */
enum { GROUP_BYTES_PER_TOKEN = 48, MOST_TILE = 16 };

/* Bytes that tokens x columns quantised activations take; columns is a multiple of 32. */
static inline size_t activations_bytes(size_t tokens, size_t columns)
{
    return tokens * (columns / GROUP_COLUMNS) * GROUP_BYTES_PER_TOKEN;
}

/* ---- the KV cache's pages ---------------------------------------------------------------------------------------- */

/* A page holds the keys and values of 32 positions. For one layer and one head of it: keys [size][32], so that a
 * register holds one dimension of many positions, then values [32][size]; size is the head's padded to a multiple of
 * 16. Unused places are zero. */
enum { PAGE_POSITIONS = 32, HEAD_MULTIPLE = 16, MOST_HEAD = 1024 /* values, a multiple of HEAD_MULTIPLE */ };

enum cache_type { CACHE_F32, CACHE_F16, CACHE_TYPES };

/* Queries that attend to the same head of the same sequence. */
enum { MOST_QUERIES = 6 };

struct attention {
    size_t size;                 /* of a head, padded */
    size_t page_offset;          /* bytes from a page's start to this layer's and head's keys */
    unsigned char *const *pages; /* of the sequence, in order */
    size_t count;                /* of queries, 1 to MOST_QUERIES */
    struct query {
        const float *q;     /* [size], already scaled, padding zero */
        float *out;         /* [size] */
        size_t first, last; /* the positions that it sees, both included */
    } query[MOST_QUERIES];
};

/* What a query has found in the pages so far: its largest score, and the sum of its weights relative to that. */
struct running {
    float most, total;
};

/* ---- the kernels ------------------------------------------------------------------------------------------------- */

/* out[token][row] = sum over columns of weight[row][column] x input[token][column]; with add it is added to out. */
struct product {
    const struct matrix *weights;
    const void *input; /* quantised tiles, or float32 [tokens][columns] */
    float *out;
    size_t out_stride; /* floats from one token to the next */
    bool add;
};

/* What a processor does best. Each output is summed in the order of the columns, whatever the other tokens or rows
 * are: the same bits for a token alone and among many. */
struct kernels {
    const char *name;
    const size_t *tiles; /* how many tokens a tile may hold, falling, ends with 1 */

    /* One token's row x [columns] into slot of a tile of width tokens. columns is a multiple of 32. */
    void (*quantize)(const float *x, size_t columns, unsigned char *tile, size_t width, size_t slot);

    /* Rows of one panel, for tokens [first, first + count): first is where a tile begins, and first + count where one
     * ends. */
    void (*multiply[PACKINGS])(const struct product *product, size_t panel, size_t first, size_t count);

    /* The three steps of attend below for one page. Scores: q x keys for its 32 positions, of each query. */
    void (*score_page[CACHE_TYPES])(const struct attention *attention, const unsigned char *keys,
                                    float scores[][PAGE_POSITIONS]);
    /* Scores to weights, in place, 0 where mask has no bit; returns by how much what was found before shrinks. */
    float (*weigh_page)(float scores[PAGE_POSITIONS], uint32_t mask, struct running *running);
    /* out = correction x out + sum over the positions of weight x value, of each query. */
    void (*add_page[CACHE_TYPES])(const struct attention *attention, const unsigned char *values,
                                  float weights[][PAGE_POSITIONS], const float correction[]);

    /* Writes a head's key and value, float32 [size], for the position in a page. */
    void (*store[CACHE_TYPES])(unsigned char *head, size_t size, size_t position, const float *key, const float *value);

    /* out = x / rms(x) x weight; with add it is added to out. Zhang and Sennrich 2019. */
    void (*rms_norm)(const float *x, const float *weight, size_t count, float epsilon, bool add, float *out);

    /* out = silu(gate) x up; out = gelu(gate) x up (tanh form). Shazeer 2020. out may be gate. */
    void (*silu_gate)(const float *gate, const float *up, size_t count, float *out);
    void (*gelu_gate)(const float *gate, const float *up, size_t count, float *out);

    /* Reads memory (bytes a multiple of 512) as fast as it comes, for the machine's limit. */
    uint64_t (*read_many)(const unsigned char *memory, size_t bytes);

    /* Multiply-adds of int8 (AVX-512 VNNI and the like) in registers: about count of them, for the machine's limit. */
    int32_t (*multiply_add_many)(size_t count);
};

/* Where the tile begins that holds this token, and how wide it is. */
struct tile {
    size_t first, width;
};
struct tile kernels_tile(const struct kernels *kernels, size_t tokens, size_t token);

/* The best kernels that this processor can run; wanted ("scalar", "avx2", "avx512") asks for a weaker level, NULL for
 * none in particular. Fails, naming what there is, if it can't. */
MUST_USE bool kernels_choose(const char *wanted, struct kernels *out, struct error *error);

/* Level i, weakest first, if the processor has it; for tests. */
bool kernels_level(size_t i, struct kernels *out);

/* Attention walks a sequence in stretches of so many pages, at fixed places: each stretch by itself, page after page by
 * the online softmax (Milakov and Gimelshein 2018), then merged in order. So stretches may be computed on different
 * threads or one after the other: the bits depend on nothing but the positions that a query sees. */
enum { STRETCH_PAGES = 16 };

/* How many stretches a sequence of so many tokens has. */
static inline size_t stretches_of(size_t tokens)
{
    return (tokens + STRETCH_PAGES * PAGE_POSITIONS - 1) / (STRETCH_PAGES * PAGE_POSITIONS);
}

/* One stretch: into each query's out the sum of weights x values, in running its size; 0 where a query sees nothing. */
void attend_stretch(const struct kernels *kernels, enum cache_type type, const struct attention *attention,
                    size_t stretch, struct running running[]);

/* Adds what a later stretch found to what earlier ones did. Begin with attend_begin. */
void attend_begin(size_t size, struct running *running, float *out);
void attend_merge(size_t size, struct running *running, float *out, const struct running *later,
                  const float *later_out);

/* out = out / its total: the result. */
void attend_end(size_t size, const struct running *running, float *out);

/* All of it: softmax of q x keys, times values, into each query's out. */
void attend(const struct kernels *kernels, enum cache_type type, const struct attention *attention);

#endif

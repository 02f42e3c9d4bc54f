/* model.c: from a checked file to weights that the kernels can multiply.
 *
 * First all tensors are found and their shapes compared with the model's numbers; then the memory that is needed is
 * added up and compared with what there is; only then is any taken and the weights packed into it, by all threads.
 * A tensor that nothing asked for is an error: a file may hold a bias or a norm that this version does not know, and
 * answers that leave it out would be wrong in silence. */
#include "engine/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MATRICES = 7, VECTORS = 10 };

/* One open: what is found on the way to a model. */
struct opening {
    const struct gguf *gguf;
    struct model *model;
    struct source {
        struct matrix *matrix;
        const struct gguf_tensor *tensor;
        size_t offset; /* in the model's packed weights */
    } * sources;       /* [source_count] */
    size_t source_count;
    size_t tensors_used;
};

/* "blk.LAYER.name" */
static const char *layer_tensor_name(size_t layer, const char *name, char out[64])
{
    snprintf(out, 64, "blk.%zu.%s", layer, name);
    return out;
}

static bool check_shape(const struct gguf *gguf, const struct gguf_tensor *tensor, size_t columns, size_t rows,
                        struct error *error)
{
    if (tensor->shape[0] == columns && tensor->shape[1] == rows && tensor->shape[2] == 1 && tensor->shape[3] == 1)
        return true;
    return error_set(error, "%s: tensor %s: %zu x %zu expected, found %llu x %llu x %llu x %llu", gguf_path(gguf),
                     tensor->name, columns, rows, (unsigned long long)tensor->shape[0],
                     (unsigned long long)tensor->shape[1], (unsigned long long)tensor->shape[2],
                     (unsigned long long)tensor->shape[3]);
}

static bool check_format(const struct gguf *gguf, const struct gguf_tensor *tensor, struct error *error)
{
    const struct format *format = format_find(tensor->format);
    return (format && format->packing != PACK_NONE) ||
           error_set(error, "%s: tensor %s: format %s is not supported yet: use a file in Q4_K_M, Q8_0 or the like",
                     gguf_path(gguf), tensor->name, format ? format->name : "unknown");
}

static bool find_tensor(struct opening *opening, const char *name, const struct gguf_tensor **out, struct error *error)
{
    *out = gguf_tensor_find(opening->gguf, name);
    if (!*out)
        return error_set(error, "%s: tensor %s is missing: the file is incomplete", gguf_path(opening->gguf), name);
    opening->tensors_used++;
    return true;
}

/* Notes a matrix to be packed later. */
static bool add_matrix(struct opening *opening, const struct gguf_tensor *tensor, size_t rows, size_t columns,
                       struct matrix *out, struct error *error)
{
    if (!check_shape(opening->gguf, tensor, columns, rows, error) || !check_format(opening->gguf, tensor, error))
        return false;
    const struct format *format = format_find(tensor->format);
    *out = (struct matrix){ format, rows, columns, panel_bytes(format, columns), NULL };
    size_t bytes, aligned;
    if (!size_multiply(matrix_panels(out), out->panel_bytes, &bytes) || !size_align(bytes, 64, &aligned) ||
        !size_add(opening->model->weights_bytes, aligned, &bytes))
        return error_memory(error, SIZE_MAX);
    opening->sources[opening->source_count++] = (struct source){ out, tensor, opening->model->weights_bytes };
    opening->model->weights_bytes = bytes;
    return true;
}

/* A vector as float32, in the model's arena. */
static bool read_vector(struct opening *opening, const struct gguf_tensor *tensor, size_t count, const float **out,
                        struct error *error)
{
    if (!check_shape(opening->gguf, tensor, count, 1, error) || !check_format(opening->gguf, tensor, error))
        return false;
    float *values = arena_take(&opening->model->arena, count, sizeof *values);
    if (!values)
        return error_memory(error, count * sizeof *values);
    format_find(tensor->format)->dequantize(tensor->data.data, count, values);
    *out = values;
    return true;
}

static bool read_layer_matrices(struct opening *opening, size_t i, struct error *error)
{
    const struct shape *shape = &opening->model->shape;
    struct layer *layer = &opening->model->layers[i];
    const size_t q = shape->heads * shape->head, kv = shape->kv_heads * shape->head;
    const struct {
        const char *name;
        struct matrix *matrix;
        size_t rows, columns;
    } wanted[MATRICES] = {
        { "attn_q.weight", &layer->attn_q, q, shape->width },
        { "attn_k.weight", &layer->attn_k, kv, shape->width },
        { "attn_v.weight", &layer->attn_v, kv, shape->width },
        { "attn_output.weight", &layer->attn_output, shape->width, q },
        { "ffn_gate.weight", &layer->ffn_gate, shape->ffn, shape->width },
        { "ffn_up.weight", &layer->ffn_up, shape->ffn, shape->width },
        { "ffn_down.weight", &layer->ffn_down, shape->width, shape->ffn },
    };
    for (size_t m = 0; m < MATRICES; m++) {
        char name[64];
        const struct gguf_tensor *tensor;
        if (!find_tensor(opening, layer_tensor_name(i, wanted[m].name, name), &tensor, error) ||
            !add_matrix(opening, tensor, wanted[m].rows, wanted[m].columns, wanted[m].matrix, error))
            return false;
    }
    return true;
}

static bool read_layer_vectors(struct opening *opening, size_t i, struct error *error)
{
    const struct shape *shape = &opening->model->shape;
    struct layer *layer = &opening->model->layers[i];
    const unsigned norms = shape->architecture->norms;
    const size_t q = shape->heads * shape->head, kv = shape->kv_heads * shape->head;
    enum need { NO, OPTIONAL, NEEDED };
    const struct {
        const char *name;
        const float **vector;
        size_t count;
        enum need need;
    } wanted[VECTORS] = {
        { "attn_norm.weight", &layer->attn_norm, shape->width, NEEDED },
        { "ffn_norm.weight", &layer->ffn_norm, shape->width, NEEDED },
        { "post_attention_norm.weight", &layer->post_attention_norm, shape->width,
          norms & NORM_AFTER_ATTENTION ? NEEDED : NO },
        { "post_ffw_norm.weight", &layer->post_ffw_norm, shape->width, norms & NORM_AFTER_FFN ? NEEDED : NO },
        { "attn_q_norm.weight", &layer->attn_q_norm, shape->head, norms & NORM_QUERY_AND_KEY ? NEEDED : NO },
        { "attn_k_norm.weight", &layer->attn_k_norm, shape->head, norms & NORM_QUERY_AND_KEY ? NEEDED : NO },
        { "attn_q.bias", &layer->attn_q_bias, q, OPTIONAL },
        { "attn_k.bias", &layer->attn_k_bias, kv, OPTIONAL },
        { "attn_v.bias", &layer->attn_v_bias, kv, OPTIONAL },
        { "attn_output.bias", &layer->attn_output_bias, shape->width, OPTIONAL },
    };
    for (size_t v = 0; v < VECTORS; v++) {
        char name[64];
        const struct gguf_tensor *tensor;
        layer_tensor_name(i, wanted[v].name, name);
        if (wanted[v].need == NO || (wanted[v].need == OPTIONAL && !gguf_tensor_find(opening->gguf, name)))
            continue;
        if (!find_tensor(opening, name, &tensor, error) ||
            !read_vector(opening, tensor, wanted[v].count, wanted[v].vector, error))
            return false;
    }
    return true;
}

/* The output layer has its own weights or shares the embedding's. */
static bool read_outer_tensors(struct opening *opening, struct error *error)
{
    struct model *model = opening->model;
    const struct shape *shape = &model->shape;
    const struct gguf_tensor *norm, *output;
    if (!find_tensor(opening, "token_embd.weight", &model->embedding, error) ||
        !check_shape(opening->gguf, model->embedding, shape->width, shape->vocabulary, error) ||
        !check_format(opening->gguf, model->embedding, error) ||
        !find_tensor(opening, "output_norm.weight", &norm, error) ||
        !read_vector(opening, norm, shape->width, &model->output_norm, error))
        return false;
    output = model->embedding;
    if (gguf_tensor_find(opening->gguf, "output.weight") && !find_tensor(opening, "output.weight", &output, error))
        return false;
    return add_matrix(opening, output, shape->vocabulary, shape->width, &model->output, error);
}

/* rope_freqs (Llama 3) divides the angles of the layers that see all. */
static bool make_rope(struct opening *opening, double base, double factor, const float *divisors, struct rope *out,
                      struct error *error)
{
    const size_t pairs = opening->model->shape.rope_dimensions / 2;
    double *angle = arena_take(&opening->model->arena, pairs, sizeof *angle);
    if (!angle)
        return error_memory(error, pairs * sizeof *angle);
    for (size_t i = 0; i < pairs; i++) {
        angle[i] = pow(base, -(double)i / (double)pairs) / factor;
        if (divisors)
            angle[i] /= (double)divisors[i];
    }
    *out = (struct rope){ 2 * pairs, angle };
    return true;
}

static bool make_ropes(struct opening *opening, const bool *is_local, struct error *error)
{
    struct model *model = opening->model;
    const struct shape *shape = &model->shape;
    const float *divisors = NULL;
    const struct gguf_tensor *tensor = gguf_tensor_find(opening->gguf, "rope_freqs.weight");
    if (tensor && (!find_tensor(opening, "rope_freqs.weight", &tensor, error) ||
                   !read_vector(opening, tensor, shape->rope_dimensions / 2, &divisors, error)))
        return false;
    if (!make_rope(opening, shape->rope_base, shape->rope_factor, divisors, &model->ropes[0], error) ||
        (shape->window && !make_rope(opening, shape->local_rope_base, 1.0, NULL, &model->ropes[1], error)))
        return false;
    for (size_t i = 0; i < shape->layers; i++) {
        model->layers[i].window = is_local[i] ? shape->window : 0;
        model->layers[i].rope = &model->ropes[is_local[i]];
    }
    return true;
}

static bool refuse_unused_tensors(const struct opening *opening, struct error *error)
{
    const size_t count = gguf_tensor_count(opening->gguf);
    return opening->tensors_used == count ||
           error_set(error, "%s: %zu of its %zu tensors are of no known use in a %s model: a newer kind of model?",
                     gguf_path(opening->gguf), count - opening->tensors_used, count,
                     opening->model->shape.architecture->name);
}

static bool read_tensors(struct opening *opening, struct error *error)
{
    struct model *model = opening->model;
    bool *is_local;
    if (!shape_read(opening->gguf, &model->arena, &model->shape, &is_local, error))
        return false;
    model->layers = arena_take(&model->arena, model->shape.layers, sizeof *model->layers);
    opening->sources = calloc(model->shape.layers * MATRICES + 1, sizeof *opening->sources);
    if (!model->layers || !opening->sources)
        return error_memory(error, model->shape.layers * sizeof *model->layers);
    for (size_t i = 0; i < model->shape.layers; i++)
        if (!read_layer_matrices(opening, i, error) || !read_layer_vectors(opening, i, error))
            return false;
    return read_outer_tensors(opening, error) && make_ropes(opening, is_local, error) &&
           refuse_unused_tensors(opening, error);
}

/* The cache keeps what the weights keep: float32 beside float32 weights, else float16. */
static void size_cache(const struct opening *opening)
{
    struct model *model = opening->model;
    model->cache = CACHE_F32;
    for (size_t i = 0; i < opening->source_count; i++)
        if (opening->sources[i].matrix->format->packing != PACK_F32)
            model->cache = CACHE_F16;
    const size_t number = model->cache == CACHE_F32 ? sizeof(float) : sizeof(uint16_t);
    model->head_padded = (model->shape.head + HEAD_MULTIPLE - 1) / HEAD_MULTIPLE * HEAD_MULTIPLE;
    model->page_bytes = model->shape.layers * model->shape.kv_heads * 2 * PAGE_POSITIONS * model->head_padded * number;
}

static size_t pages_for(size_t tokens)
{
    return (tokens + PAGE_POSITIONS - 1) / PAGE_POSITIONS;
}

/* Room for scratch: rows of a batch, logits, the program itself. */
static size_t scratch_bytes(const struct shape *shape)
{
    enum { BATCH = 512, PROGRAM = 16 << 20 };
    const size_t row = 4 * shape->width + 3 * shape->heads * shape->head + 3 * shape->ffn;
    return BATCH * row * sizeof(float) + shape->vocabulary * sizeof(float) + PROGRAM;
}

/* Settles the context and compares what the model needs with what there is. */
static bool fit_memory(struct opening *opening, size_t context, struct error *error)
{
    enum { LEAST_CONTEXT = 512 };
    struct model *model = opening->model;
    const size_t available = memory_available(), fixed = model->weights_bytes + scratch_bytes(&model->shape);
    const size_t left = available > fixed ? available - fixed : 0;
    const size_t fits = left / model->page_bytes * PAGE_POSITIONS;
    char needed[16], there[16];
    if (!memory_check_setting(error))
        return false;
    if (context > model->shape.context)
        return error_set_kind(error, ERROR_WRONG_USE, "%s: a context of %zu tokens: this model was trained for %zu",
                              gguf_path(opening->gguf), context, model->shape.context);
    const size_t least = context ? context : size_min(model->shape.context, LEAST_CONTEXT);
    model->context = context ? context : size_min(model->shape.context, fits);
    if (fits >= least)
        return true;
    size_text(fixed + pages_for(least) * model->page_bytes, needed);
    size_text(available, there);
    if (fits >= LEAST_CONTEXT)
        return error_set(error,
                         "%s: not enough memory: %s needed for a context of %zu tokens, %s available: "
                         "a context of %zu would fit (--context %zu)",
                         gguf_path(opening->gguf), needed, least, there, fits, fits);
    return error_set(error,
                     "%s: not enough memory: %s needed, %s available: close other programs, or use a model of "
                     "at most %s",
                     gguf_path(opening->gguf), needed, there, size_text(available - available / 4, needed));
}

struct packing_job {
    const struct source *source;
    size_t row_bytes;
    size_t first_panel;
    unsigned char *panels;
};

static void pack_panel(void *context, size_t item, unsigned thread)
{
    (void)thread;
    const struct packing_job *job = context;
    const struct matrix *matrix = job->source->matrix;
    const size_t panel = job->first_panel + item, first = panel * PANEL_ROWS;
    panel_pack(matrix->format, job->source->tensor->data.data + first * job->row_bytes,
               size_min(PANEL_ROWS, matrix->rows - first), matrix->columns, job->panels + panel * matrix->panel_bytes);
}

/* Packs one matrix, some megabytes at a time; pages of the file that were read are given back at once, so that weights
 * are not in memory twice. */
static void pack_matrix(const struct source *source, struct pool *pool, unsigned char *panels)
{
    enum { AT_A_TIME = 8 << 20 };
    struct matrix *matrix = source->matrix;
    const size_t row_bytes = matrix->columns / matrix->format->block * matrix->format->block_bytes;
    const size_t count = matrix_panels(matrix), some = AT_A_TIME / (PANEL_ROWS * row_bytes) + 1;
    for (size_t first = 0; first < count; first += some) {
        const size_t panels_now = size_min(some, count - first);
        struct packing_job job = { source, row_bytes, first, panels };
        pool_run(pool, panels_now, 8, pack_panel, &job);
        const size_t offset = first * PANEL_ROWS * row_bytes;
        file_forget(span_of(source->tensor->data.data + offset,
                            size_min(panels_now * PANEL_ROWS * row_bytes, source->tensor->data.bytes - offset)));
    }
    matrix->panels = panels;
}

static bool pack_weights(struct opening *opening, struct pool *pool, const struct progress *progress,
                         struct error *error)
{
    struct model *model = opening->model;
    void *memory = mmap(NULL, model->weights_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_memory(error, model->weights_bytes);
    model->weights = memory;
    madvise(memory, model->weights_bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < opening->source_count; i++) {
        const struct source *source = &opening->sources[i];
        if (!progress_tell(progress, "loading", source->offset, model->weights_bytes))
            return error_set_kind(error, ERROR_STOPPED, "stopped while loading");
        pack_matrix(source, pool, model->weights + source->offset);
        model->parameters += source->matrix->rows * source->matrix->columns;
    }
    progress_tell(progress, "loading", model->weights_bytes, model->weights_bytes);
    return true;
}

static bool read_name(struct opening *opening, struct error *error)
{
    struct span name = span_of("", 0);
    if (!gguf_string(opening->gguf, "general.name", &name, error))
        return false;
    opening->model->name = arena_text(&opening->model->arena, name);
    return opening->model->name || error_memory(error, name.bytes);
}

/* All but the weights. */
static bool read_parts(struct opening *opening, struct error *error)
{
    if (!kernels_choose(getenv("BASTIDE_CPU"), &opening->model->kernels, error) || !read_name(opening, error) ||
        !read_tensors(opening, error))
        return false;
    size_cache(opening);
    return true;
}

static bool open_parts(struct opening *opening, struct pool *pool, size_t context, const struct progress *progress,
                       struct error *error)
{
    return read_parts(opening, error) && fit_memory(opening, context, error) &&
           pack_weights(opening, pool, progress, error);
}

bool model_needs(const struct gguf *gguf, struct model_needs *out, struct error *error)
{
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return error_memory(error, sizeof *model);
    struct opening opening = { .gguf = gguf, .model = model };
    const bool read = read_parts(&opening, error);
    if (read)
        *out = (struct model_needs){
            .weight_bytes = model->weights_bytes,
            .scratch_bytes = scratch_bytes(&model->shape),
            .page_bytes = model->page_bytes,
            .context = model->shape.context,
        };
    free(opening.sources);
    model_close(model);
    return read;
}

bool model_open(const struct gguf *gguf, struct pool *pool, size_t context, const struct progress *progress,
                struct model **out, struct error *error)
{
    struct model *model = calloc(1, sizeof *model);
    if (!model)
        return error_memory(error, sizeof *model);
    struct opening opening = { .gguf = gguf, .model = model };
    model->pages_alive = arena_take(&model->arena, 1, sizeof *model->pages_alive);
    const bool opened = (model->pages_alive || error_memory(error, sizeof *model->pages_alive)) &&
                        open_parts(&opening, pool, context, progress, error);
    free(opening.sources);
    if (!opened) {
        model_close(model);
        return false;
    }
    *out = model;
    return true;
}

void model_close(struct model *model)
{
    if (!model)
        return;
    if (model->weights)
        munmap(model->weights, model->weights_bytes);
    arena_free(&model->arena);
    free(model);
}

struct model_facts model_facts(const struct model *model)
{
    return (struct model_facts){
        .name = model->name,
        .architecture = model->shape.architecture->name,
        .kernels = model->kernels.name,
        .layers = model->shape.layers,
        .width = model->shape.width,
        .context = model->shape.context,
        .vocabulary = model->shape.vocabulary,
        .parameters = model->parameters,
        .weight_bytes = model->weights_bytes,
        .layer_parameters = model->parameters - model->output.rows * model->output.columns,
    };
}

size_t model_context(const struct model *model)
{
    return model->context;
}

size_t model_page_offset(const struct model *model, size_t layer, size_t kv_head)
{
    const size_t heads = model->shape.layers * model->shape.kv_heads;
    return model->page_bytes / heads * (layer * model->shape.kv_heads + kv_head);
}

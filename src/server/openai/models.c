/* models.c: /v1/models. One body for several readers: OpenAI's fields, those of Anthropic's clients
 * (type, display_name, created_at), vLLM's max_model_len and llama-server's meta. */
#include "server/openai/openai.h"
#include "server/serving.h"

#include <time.h>

/* ---- what the file says ------------------------------------------------------------------------------------------ */

static json_int_t number_in(const struct gguf *gguf, const char *name)
{
    struct gguf_fact fact;
    return gguf_fact_find(gguf, name, &fact) ? fact.integer : 0;
}

/* A number whose key begins with the architecture's name. */
static json_int_t own_number(const struct gguf *gguf, const char *name)
{
    struct gguf_fact architecture;
    char key[128];
    if (!gguf_fact_find(gguf, "general.architecture", &architecture) || architecture.kind != GGUF_FACT_TEXT)
        return 0;
    snprintf(key, sizeof key, "%.*s.%s", (int)size_min(architecture.text.bytes, 64),
             (const char *)architecture.text.data, name);
    return number_in(gguf, key);
}

static json_t *meta_json(const struct server *server, const struct served_model *model, const struct gguf *gguf)
{
    const json_int_t trained = own_number(gguf, "context_length");
    const json_int_t wanted = (json_int_t)server->settings.scheduler.context;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "n_vocab", number_in(gguf, "tokenizer.ggml.tokens"),
                     "n_ctx_train", trained, "n_ctx", wanted > 0 && wanted < trained ? wanted : trained, "n_embd",
                     own_number(gguf, "embedding_length"), "n_params", (json_int_t)gguf_parameters(gguf), "size",
                     (json_int_t)model->bytes);
}

/* A file that cannot be read any more is listed without. */
static void add_meta(const struct server *server, const struct served_model *model, json_t *row)
{
    struct gguf *gguf = NULL;
    struct error error;
    if (!gguf_open(model->path, &gguf, &error))
        return;
    json_t *meta = meta_json(server, model, gguf);
    json_object_set(row, "max_model_len", json_object_get(meta, "n_ctx"));
    json_object_set_new(row, "meta", meta);
    gguf_close(gguf);
}

static json_t *model_json(const struct server *server, const struct served_model *model)
{
    const time_t modified = (time_t)model->modified;
    struct tm parts;
    char date[32] = "";
    if (gmtime_r(&modified, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_t *row = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "id", model->id, "object", "model", "created",
                            (json_int_t)modified, "owned_by", "bastide", "type", "model", "display_name",
                            model->alias ? model->alias : model->id, "created_at", date);
    add_meta(server, model, row);
    return row;
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

bool openai_list_models(struct server *server, const struct request *request, struct response *response,
                        struct failure *failure)
{
    struct served_model *rows;
    size_t count;
    struct error error = { 0 };
    if (!registry_list(server->registry, request->arena, &rows, &count, &error))
        return failure_error(failure, &error);
    json_t *data = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(data, model_json(server, &rows[i]));
    json_t *body = json_pack("{s:s, s:o, s:b, s:s?, s:s?}", "object", "list", "data", data, "has_more", 0, "first_id",
                             count > 0 ? rows[0].id : NULL, "last_id", count > 0 ? rows[count - 1].id : NULL);
    return response_json(response, body, failure);
}

bool openai_show_model(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure)
{
    struct served_model model;
    struct error error = { 0 };
    if (!registry_find(server->registry, request->rest, request->arena, &model, &error))
        return failure_error(failure, &error);
    return response_json(response, model_json(server, &model), failure);
}

/* props.c: GET /props: what the server and its model are, without loading the model. */
#include "server/llama/llama.h"
#include "server/wire.h"

#include <string.h>

/* What the file of a model says. */
struct model_file {
    struct gguf *gguf;
    struct tokenizer *tokenizer;
};

static void model_file_close(struct model_file *file)
{
    tokenizer_close(file->tokenizer);
    gguf_close(file->gguf);
}

/* The state of the model in memory; zero if it is not there. */
static struct loaded_model loaded_state(struct server *server, const struct request *request, const char *path)
{
    struct loaded_model *rows, none = { 0 };
    size_t count;
    if (!scheduler_models(server->scheduler, request->arena, &rows, &count, NULL))
        return none;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].path, path) == 0)
            return rows[i];
    return none;
}

/* Of an answer: what the model was opened with, else the setting, bounded by what it was trained for. */
static size_t context_of(const struct server *server, const struct gguf *gguf, const struct loaded_model *loaded)
{
    const size_t wanted = server->settings.scheduler.context;
    struct gguf_fact name = { 0 }, fact = { 0 };
    char key[96];
    if (loaded->context > 0)
        return wanted > 0 ? size_min(wanted, loaded->context) : loaded->context;
    if (!gguf_fact_find(gguf, "general.architecture", &name) || name.kind != GGUF_FACT_TEXT)
        return wanted;
    snprintf(key, sizeof key, "%.*s.context_length", (int)size_min(name.text.bytes, 64), (const char *)name.text.data);
    if (!gguf_fact_find(gguf, key, &fact) || fact.kind != GGUF_FACT_INTEGER || fact.integer <= 0)
        return wanted;
    return wanted > 0 ? size_min(wanted, (size_t)fact.integer) : (size_t)fact.integer;
}

size_t llama_context(struct server *server, const struct request *request, const char *name)
{
    struct served_model model;
    struct gguf *gguf = NULL;
    if (!registry_find(server->registry, name, request->arena, &model, NULL) || !gguf_open(model.path, &gguf, NULL))
        return server->settings.scheduler.context;
    const struct loaded_model loaded = loaded_state(server, request, model.path);
    const size_t context = context_of(server, gguf, &loaded);
    gguf_close(gguf);
    return context;
}

static json_t *special_json(const struct tokenizer *tokenizer, uint32_t id)
{
    char scratch[256];
    return id == TOKEN_NONE ? json_string("") : wire_text(tokenizer_piece(tokenizer, id, true, scratch));
}

static json_t *props_json(const struct server *server, const struct served_model *model, const struct model_file *file,
                          const struct loaded_model *loaded)
{
    const struct tokenizer *tokenizer = file->tokenizer;
    json_t *defaults = json_pack("{s:i, s:i, s:o, s:b, s:b, s:o, s:s}", "id", 0, "id_task", -1, "n_ctx",
                                 wire_count(context_of(server, file->gguf, loaded)), "speculative", 0, "is_processing",
                                 0, "params", llama_settings_default(), "prompt", "");
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:{}, s:{s:b, s:b}, s:o, s:o, s:s, s:b}", "default_generation_settings",
                     defaults, "total_slots", wire_count(server->settings.scheduler.parallel), "model_alias",
                     model->alias ? model->alias : model->id, "model_path", model->path, "chat_template",
                     wire_text(gguf_chat_template(file->gguf)), "chat_template_caps", "modalities", "vision", 0,
                     "audio", 0, "bos_token", special_json(tokenizer, tokenizer_bos(tokenizer)), "eos_token",
                     special_json(tokenizer, tokenizer_eos(tokenizer)), "build_info", "bastide-" BASTIDE_VERSION,
                     "is_sleeping", (int)(!loaded->path || loaded->loading));
}

bool llama_props(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    struct served_model model;
    struct model_file file = { 0 };
    struct error error = { 0 };
    if (!registry_find(server->registry, request_query(request, "model"), request->arena, &model, &error))
        return failure_error(failure, &error);
    const struct loaded_model loaded = loaded_state(server, request, model.path);
    const bool done = gguf_open(model.path, &file.gguf, &error) && tokenizer_open(file.gguf, &file.tokenizer, &error) &&
                      wire_json(&response->body, props_json(server, &model, &file, &loaded), &error);
    model_file_close(&file);
    return done || failure_error(failure, &error);
}

bool llama_change_props(struct server *server, const struct request *request, struct response *response,
                        struct failure *failure)
{
    (void)server, (void)request, (void)response;
    return failure_set(failure, FAILURE_NOT_BUILT,
                       "properties are set on the command line and not changed by requests");
}

bool llama_list_adapters(struct server *server, const struct request *request, struct response *response,
                         struct failure *failure)
{
    (void)server, (void)request, (void)failure;
    response->fixed = span_text("[]");
    return true;
}

bool llama_change_adapters(struct server *server, const struct request *request, struct response *response,
                           struct failure *failure)
{
    (void)server, (void)request, (void)response;
    return failure_set(failure, FAILURE_NOT_BUILT, "this server has no LoRA adapters");
}

/* models.c: which models there are and what they are: /api/tags, /api/show, /api/ps, /api/delete. */
#include "models/models.h"
#include "server/ollama/ollama.h"
#include "server/wire.h"

#include <math.h>
#include <string.h>

/* ---- what a file says -------------------------------------------------------------------------------------------- */

/* Numbers as in general.file_type. Source: llama.cpp, include/llama.h, llama_ftype. */
static const struct {
    int64_t number;
    const char *name;
} quantizations[] = {
    { 0, "F32" },     { 1, "F16" },     { 2, "Q4_0" },    { 3, "Q4_1" },    { 7, "Q8_0" },    { 8, "Q5_0" },
    { 9, "Q5_1" },    { 10, "Q2_K" },   { 11, "Q3_K_S" }, { 12, "Q3_K_M" }, { 13, "Q3_K_L" }, { 14, "Q4_K_S" },
    { 15, "Q4_K_M" }, { 16, "Q5_K_S" }, { 17, "Q5_K_M" }, { 18, "Q6_K" },   { 32, "BF16" },   { 38, "MXFP4" },
};

static const char *quantization_of(const struct gguf *gguf)
{
    struct gguf_fact fact = { 0 };
    if (gguf_fact_find(gguf, "general.file_type", &fact) && fact.kind == GGUF_FACT_INTEGER)
        for (size_t i = 0; i < LENGTH(quantizations); i++)
            if (quantizations[i].number == fact.integer)
                return quantizations[i].name;
    return "unknown";
}

static json_t *parameters_text(uint64_t parameters)
{
    if (parameters >= 1000000000)
        return json_sprintf("%.1fB", (double)parameters / 1e9);
    if (parameters >= 1000000)
        return json_sprintf("%.2fM", (double)parameters / 1e6);
    return json_sprintf("%.2fK", (double)parameters / 1e3);
}

static json_t *architecture_of(const struct gguf *gguf)
{
    struct gguf_fact fact = { 0 };
    const bool known = gguf_fact_find(gguf, "general.architecture", &fact) && fact.kind == GGUF_FACT_TEXT;
    return known ? wire_text(fact.text) : json_string("");
}

/* gguf NULL: a file that can't be read has the same fields, empty. */
static json_t *details_json(const struct gguf *gguf)
{
    if (!gguf)
        return json_pack("{s:s, s:s, s:s, s:[], s:s, s:s}", "parent_model", "", "format", "gguf", "family", "",
                         "families", "parameter_size", "", "quantization_level", "");
    json_t *family = architecture_of(gguf);
    return json_pack("{s:s, s:s, s:O, s:[o], s:o, s:s}", "parent_model", "", "format", "gguf", "family", family,
                     "families", family, "parameter_size", parameters_text(gguf_parameters(gguf)), "quantization_level",
                     quantization_of(gguf));
}

static json_t *fact_json(const struct gguf_fact *fact)
{
    switch (fact->kind) {
    case GGUF_FACT_INTEGER:
        return json_integer(fact->integer);
    case GGUF_FACT_REAL:
        return isfinite(fact->real) ? json_real(fact->real) : json_null();
    case GGUF_FACT_TRUTH:
        return json_boolean(fact->truth);
    case GGUF_FACT_TEXT:
        return wire_text(fact->text);
    case GGUF_FACT_LIST:
        break;
    }
    return json_null(); /* as Ollama shows long lists unless it is asked for all */
}

static bool begins(struct span text, const char *with)
{
    const size_t length = strlen(with);
    return text.bytes >= length && memcmp(text.data, with, length) == 0;
}

static void add_fact(json_t *info, const struct gguf_fact *fact)
{
    char name[160];
    if (fact->name.bytes >= sizeof name || begins(fact->name, "tokenizer.chat_template") ||
        utf8_valid_prefix(fact->name) < fact->name.bytes)
        return;
    memcpy(name, fact->name.data, fact->name.bytes);
    name[fact->name.bytes] = '\0';
    json_object_set_new(info, name, fact_json(fact));
}

static json_t *info_json(const struct gguf *gguf, const char *id)
{
    struct gguf_fact fact;
    json_t *info = json_object();
    for (size_t i = 0; i < gguf_fact_count(gguf); i++) {
        fact = gguf_fact(gguf, i);
        add_fact(info, &fact);
    }
    json_object_set_new(info, "general.parameter_count", json_integer((json_int_t)gguf_parameters(gguf)));
    if (!json_object_get(info, "general.basename")) /* editors show it as the model's name */
        json_object_set_new(info, "general.basename", json_string(id));
    return info;
}

/* ---- tags, ps ---------------------------------------------------------------------------------------------------- */

static json_t *file_details(const char *path)
{
    struct gguf *gguf = NULL;
    json_t *details = details_json(gguf_open(path, &gguf, NULL) ? gguf : NULL);
    gguf_close(gguf);
    return details;
}

static json_t *model_json(const struct served_model *model)
{
    return json_pack("{s:s, s:s, s:I, s:s, s:o}", "name", model->id, "model", model->id, "size",
                     (json_int_t)model->bytes, "digest", model->sha256, "details", file_details(model->path));
}

static bool list(struct server *server, const struct request *request, struct served_model **rows, size_t *count,
                 struct failure *failure)
{
    struct error error = { 0 };
    return registry_list(server->registry, request->arena, rows, count, &error) || failure_error(failure, &error);
}

static bool send_models(json_t *models, struct response *response, struct failure *failure)
{
    struct error error = { 0 };
    return wire_json(&response->body, json_pack("{s:o}", "models", models), &error) || failure_error(failure, &error);
}

bool ollama_tags(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    struct served_model *rows;
    size_t count;
    if (!list(server, request, &rows, &count, failure))
        return false;
    json_t *models = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *model = model_json(&rows[i]);
        json_object_set_new(model, "modified_at", ollama_time(rows[i].modified));
        json_array_append_new(models, model);
    }
    return send_models(models, response, failure);
}

/* "For ever" is a date that clients can read. */
static json_t *expiry(double seconds)
{
    static const double for_ever = 300.0 * 365 * 86400;
    return ollama_time(calendar_now() + (seconds < 0 ? for_ever : seconds));
}

static json_t *loaded_json(const struct loaded_model *loaded, const struct served_model *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].path, loaded->path) != 0)
            continue;
        json_t *model = model_json(&rows[i]);
        json_object_set_new(model, "size", wire_count(loaded->bytes));
        json_object_set_new(model, "size_vram", json_integer(0));
        json_object_set_new(model, "context_length", wire_count(loaded->context));
        json_object_set_new(model, "expires_at", expiry(loaded->expires_in));
        return model;
    }
    return NULL; /* removed meanwhile: it goes when nobody uses it */
}

bool ollama_ps(struct server *server, const struct request *request, struct response *response, struct failure *failure)
{
    struct served_model *rows;
    struct loaded_model *loaded;
    size_t count, loaded_count;
    struct error error = { 0 };
    if (!list(server, request, &rows, &count, failure))
        return false;
    if (!scheduler_models(server->scheduler, request->arena, &loaded, &loaded_count, &error))
        return failure_error(failure, &error);
    json_t *models = json_array();
    for (size_t i = 0; i < loaded_count; i++) {
        json_t *model = loaded[i].loading ? NULL : loaded_json(&loaded[i], rows, count);
        if (model)
            json_array_append_new(models, model);
    }
    return send_models(models, response, failure);
}

/* ---- show -------------------------------------------------------------------------------------------------------- */

/* All that a model can: text, tools (through a message of ours where its template knows none), embeddings. */
static json_t *capabilities_json(const struct gguf *gguf, const struct tokenizer *tokenizer,
                                 const struct template *template)
{
    const struct chat_model model = { .gguf = gguf, .tokenizer = tokenizer, .template = template };
    struct middle_tokens middle;
    json_t *capabilities = json_pack("[s, s, s]", "completion", "tools", "embedding");
    if (chat_abilities(&model).reasons)
        json_array_append_new(capabilities, json_string("thinking"));
    if (tokenizer_middle(tokenizer, gguf, &middle))
        json_array_append_new(capabilities, json_string("insert"));
    return capabilities;
}

/* The file's own. Editors look for ".Suffix" in it to know whether a model fills in the middle. */
static json_t *template_json(const struct gguf *gguf, const struct tokenizer *tokenizer)
{
    struct middle_tokens middle;
    struct buffer text = { .limit = SIZE_MAX / 2 };
    const struct span source = gguf_chat_template(gguf);
    bool good = buffer_add(&text, source.data, source.bytes, NULL);
    if (tokenizer_middle(tokenizer, gguf, &middle))
        good = good && buffer_text(&text, "{# .Suffix #}", NULL);
    json_t *json = good ? wire_text(buffer_span(&text)) : NULL;
    buffer_free(&text);
    return json;
}

static json_t *show_json(const struct served_model *model, const struct gguf *gguf, const struct tokenizer *tokenizer,
                         const struct template *template)
{
    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "license", model->licence, "modelfile",
                     json_sprintf("# bastide serves this model from its GGUF file\nFROM %s\n", model->id), "parameters",
                     "", "template", template_json(gguf, tokenizer), "details", details_json(gguf), "model_info",
                     info_json(gguf, model->id), "capabilities", capabilities_json(gguf, tokenizer, template),
                     "modified_at", ollama_time(model->modified));
}

/* Without loading the model: only its file's keys are read. */
static bool show(const struct served_model *model, struct response *response, struct failure *failure)
{
    struct gguf *gguf = NULL;
    struct tokenizer *tokenizer = NULL;
    struct template *template = NULL;
    struct error error = { 0 };
    bool good = gguf_open(model->path, &gguf, &error) && tokenizer_open(gguf, &tokenizer, &error);
    const struct span source = good ? gguf_chat_template(gguf) : span_of("", 0);
    if (good && source.bytes > 0 && !template_open(source, model->id, &template, NULL))
        template = NULL; /* chatting with it will say why */
    good = good && wire_json(&response->body, show_json(model, gguf, tokenizer, template), &error);
    template_close(template);
    tokenizer_close(tokenizer);
    gguf_close(gguf);
    return good || failure_error(failure, &error);
}

static bool find_named(struct server *server, const struct request *request, const json_t *body,
                       struct served_model *model, struct failure *failure)
{
    const char *name;
    bool verbose;
    struct error error = { 0 };
    if (!ollama_name_read(body, &name, failure) ||
        !field_bool((struct fields){ body, "" }, "verbose", &verbose, failure))
        return false;
    if (!name || !name[0])
        return failure_field(failure, "model", "is missing");
    return registry_find(server->registry, name, request->arena, model, &error) || failure_error(failure, &error);
}

static bool find_model(struct server *server, const struct request *request, struct served_model *model,
                       struct failure *failure)
{
    json_t *body;
    if (!fields_parse(request->body, &body, failure))
        return false;
    const bool found = find_named(server, request, body, model, failure);
    json_decref(body);
    return found;
}

bool ollama_show(struct server *server, const struct request *request, struct response *response,
                 struct failure *failure)
{
    struct served_model model;
    return find_model(server, request, &model, failure) && show(&model, response, failure);
}

/* ---- delete ------------------------------------------------------------------------------------------------------ */

bool ollama_may_change(struct server *server, const struct request *request, struct failure *failure)
{
    if (request->local || (server->access && access_has_keys(server->access)))
        return true;
    return failure_set(failure, FAILURE_FORBIDDEN,
                       "models come and go from this machine only, unless there are keys: bastide key add");
}

bool ollama_delete(struct server *server, const struct request *request, struct response *response,
                   struct failure *failure)
{
    struct served_model model;
    struct error error = { 0 };
    if (!ollama_may_change(server, request, failure) || !find_model(server, request, &model, failure))
        return false;
    if (!model.in_store)
        return failure_set(failure, FAILURE_BAD_REQUEST,
                           "model '%s' is a file that was named when the server started: it is not removed", model.id);
    if (!models_remove(model.id, &error) || !registry_reload(server->registry, &error))
        return failure_error(failure, &error);
    response->status = 200;
    return true;
}

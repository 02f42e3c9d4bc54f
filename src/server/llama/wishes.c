/* wishes.c: what a request to /completion wishes, and how it is told back as generation_settings. What OpenAI's
 * API shares with it is read by the same function; here is what has another range or form. */
#include "server/llama/llama.h"
#include "server/openai/openai.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BIASES_MOST = 4096, ENDS_MOST = 64 };

/* ---- fields that are llama-server's alone ------------------------------------------------------------------------ */

static bool read_length(struct fields in, bool infill, struct llama_wishes *out, struct failure *failure)
{
    static const char *const names[] = { "max_tokens", "max_completion_tokens", "n_predict" };
    int64_t most = -1;
    for (size_t i = 0; i < LENGTH(names); i++)
        if (!field_integer(in, names[i], infill ? -1 : -2, INT64_MAX, &most, failure))
            return false;
    if (most == 0 && !infill) /* editors warm the cache so; to all others it is a mistake */
        return field_wrong(in, "n_predict", failure, "0: must be at least 1, or -1 for no limit");
    out->nothing = most == 0;
    out->exchange.answer.most_tokens = most == 0 ? 1 : most < 0 ? 0 : (size_t)most;
    return true;
}

static bool read_stops(const json_t *stop, struct arena *arena, struct answer_wishes *answer, struct failure *failure)
{
    if (!stop || json_is_null(stop))
        return true;
    const size_t given = json_is_array(stop) ? json_array_size(stop) : 1;
    if (given > STOP_TEXTS_MOST)
        return failure_field(failure, "stop", "%zu texts: at most %d are possible", given, STOP_TEXTS_MOST);
    const char **texts = arena_take(arena, given + 1, sizeof *texts);
    if (!texts)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    answer->stop_texts = texts;
    for (size_t i = 0; i < given; i++) {
        const char *text = json_string_value(json_is_array(stop) ? json_array_get(stop, i) : stop);
        if (!text || strlen(text) > STOP_TEXT_BYTES_MOST)
            return failure_field(failure, "stop", "texts of at most %d bytes are wanted", STOP_TEXT_BYTES_MOST);
        if (text[0]) /* empty ones are passed over, as llama-server does */
            texts[answer->stop_count++] = text;
    }
    return true;
}

/* The order here is fixed, so another one is refused; a sampler that is left out is off. */
static const char *const order[] = { "penalties", "top_k", "top_p", "min_p", "temperature" };
static const char *const lacking[] = { "dry", "top_n_sigma", "typ_p", "typical_p", "xtc", "adaptive_p" };

static size_t index_of(const char *word, const char *const *words, size_t count)
{
    size_t i = 0;
    while (i < count && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static void switch_off(size_t sampler, struct sampling *sampling)
{
    switch (sampler) {
    case 0:
        sampling->repeat_penalty = 1;
        sampling->presence_penalty = sampling->frequency_penalty = 0;
        break;
    case 1:
        sampling->top_k = 0;
        break;
    case 2:
        sampling->top_p = 1;
        break;
    case 3:
        sampling->min_p = 0;
        break;
    default:
        sampling->temperature = sampling->temperature > 0 ? 1 : 0;
    }
}

static bool read_samplers(struct fields in, bool infill, struct sampling *sampling, struct failure *failure)
{
    const json_t *samplers = NULL;
    bool named[LENGTH(order)] = { false };
    size_t last = 0;
    if (!field_array(in, "samplers", &samplers, failure))
        return false;
    for (size_t i = 0; i < json_array_size(samplers); i++) {
        const char *word = json_string_value(json_array_get(samplers, i));
        const size_t place = index_of(word ? word : "", order, LENGTH(order));
        if (place < LENGTH(order) && place < last)
            return field_wrong(in, "samplers", failure,
                               "%s: samplers go in the order penalties, top_k, top_p, "
                               "min_p, temperature here",
                               word);
        if (place < LENGTH(order)) {
            named[last = place] = true;
            continue;
        }
        const bool passed = word && (index_of(word, lacking, LENGTH(lacking)) < LENGTH(lacking) ||
                                     (infill && strcmp(word, "infill") == 0));
        if (!passed)
            return field_wrong(in, "samplers", failure, "\"%.40s\": there is no such sampler", word ? word : "");
    }
    for (size_t i = 0; json_array_size(samplers) && i < LENGTH(order); i++)
        if (!named[i])
            switch_off(i, sampling);
    return true;
}

/* ---- biases ------------------------------------------------------------------------------------------------------ */

struct biases {
    struct token_bias *rows; /* [BIASES_MOST], in the arena */
    size_t count;
    const struct tokenizer *tokenizer;
    struct failure *failure;
};

static bool add_bias(struct biases *biases, uint32_t token, float bias)
{
    if (biases->count == BIASES_MOST)
        return failure_field(biases->failure, "logit_bias", "more than %d tokens", BIASES_MOST);
    biases->rows[biases->count++] = (struct token_bias){ token, bias };
    return true;
}

/* A text stands for each of its tokens. */
static bool add_bias_text(struct biases *biases, const char *text, float bias)
{
    struct tokens tokens = { 0 };
    struct error error = { 0 };
    bool good = tokenizer_encode(biases->tokenizer, span_text(text), (struct encoding){ .parse_special = true },
                                 &tokens, &error);
    if (!good)
        failure_error(biases->failure, &error);
    for (size_t i = 0; good && i < tokens.count; i++)
        good = add_bias(biases, tokens.ids[i], bias);
    tokens_free(&tokens);
    return good;
}

static bool add_bias_id(struct biases *biases, int64_t id, float bias)
{
    if (id < 0 || (uint64_t)id >= tokenizer_vocabulary(biases->tokenizer))
        return failure_field(biases->failure, "logit_bias", "token %lld: the vocabulary has %zu", (long long)id,
                             tokenizer_vocabulary(biases->tokenizer));
    return add_bias(biases, (uint32_t)id, bias);
}

static bool read_bias(struct biases *biases, const json_t *value, float *out)
{
    if (json_is_false(value)) {
        *out = -INFINITY;
        return true;
    }
    if (!json_is_number(value))
        return failure_field(biases->failure, "logit_bias", "each bias must be a number, or false");
    *out = (float)json_number_value(value);
    return true;
}

static bool read_bias_pair(struct biases *biases, const json_t *pair)
{
    const json_t *token = json_array_get(pair, 0);
    float bias = 0;
    int64_t id;
    if (json_array_size(pair) != 2 || (!json_is_string(token) && !json_whole(token, &id)))
        return failure_field(biases->failure, "logit_bias", "pairs of a token or a text and a bias are wanted");
    if (!read_bias(biases, json_array_get(pair, 1), &bias))
        return false;
    return json_is_string(token) ? add_bias_text(biases, json_string_value(token), bias)
                                 : add_bias_id(biases, id, bias);
}

static bool read_bias_object(struct biases *biases, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char *end;
        float bias = 0;
        const long long id = strtoll(key, &end, 10);
        const bool is_id = key[0] >= '0' && key[0] <= '9' && *end == '\0';
        if (!read_bias(biases, value, &bias) ||
            !(is_id ? add_bias_id(biases, id, bias) : add_bias_text(biases, key, bias)))
            return false;
    }
    return true;
}

static bool read_biases(json_t *value, struct arena *arena, const struct tokenizer *tokenizer,
                        struct answer_wishes *answer, struct failure *failure)
{
    if (!value || json_is_null(value))
        return true;
    struct biases biases = { .tokenizer = tokenizer, .failure = failure };
    biases.rows = arena_take(arena, BIASES_MOST, sizeof *biases.rows);
    if (!biases.rows)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    bool good = json_is_object(value) && read_bias_object(&biases, value);
    if (json_is_array(value)) {
        good = true;
        for (size_t i = 0; good && i < json_array_size(value); i++)
            good = read_bias_pair(&biases, json_array_get(value, i));
    } else if (!json_is_object(value)) {
        return failure_field(failure, "logit_bias", "an array of pairs or an object is wanted");
    }
    answer->biases = biases.rows;
    answer->bias_count = biases.count;
    return good;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static bool read_fields_wanted(struct fields in, struct llama_wishes *out, struct failure *failure)
{
    if (!field_array(in, "response_fields", &out->response_fields, failure))
        return false;
    for (size_t i = 0; i < json_array_size(out->response_fields); i++)
        if (!json_is_string(json_array_get(out->response_fields, i)))
            return field_wrong(in, "response_fields", failure, "an array of texts is wanted");
    if (json_array_size(out->response_fields) == 0)
        out->response_fields = NULL;
    return true;
}

static bool read_form(struct fields in, struct exchange_wishes *exchange, struct failure *failure)
{
    if (!field_object(in, "json_schema", &exchange->schema, failure) ||
        !field_text(in, "grammar", &exchange->grammar, failure))
        return false;
    if (exchange->grammar && !exchange->grammar[0])
        exchange->grammar = NULL;
    return !exchange->grammar || !exchange->schema ||
           field_wrong(in, "json_schema", failure, "there is a grammar too: one of them is wanted");
}

static bool read_own(struct fields in, struct llama_wishes *out, struct failure *failure)
{
    int64_t probabilities = 0, answers = 1, indent = 0;
    if (!field_bool(in, "stream", &out->stream, failure) ||
        !field_bool(in, "return_tokens", &out->return_tokens, failure) ||
        !field_bool(in, "timings_per_token", &out->timings_per_token, failure) ||
        !field_integer(in, "n_probs", 0, TOPS_MOST, &probabilities, failure) ||
        !field_integer(in, "n", 1, 16, &answers, failure) || !field_integer(in, "n_cmpl", 1, 16, &answers, failure) ||
        !field_integer(in, "n_indent", 0, 1000, &indent, failure))
        return false;
    out->probabilities = (size_t)probabilities;
    out->indent = (size_t)indent;
    out->exchange.answers = (size_t)answers;
    out->exchange.tops = out->probabilities;
    out->exchange.tells_tokens = out->stream || out->return_tokens || probabilities > 0;
    return read_fields_wanted(in, out, failure) && read_form(in, &out->exchange, failure);
}

/* What is read here is taken out before the rest is read as OpenAI's API has it. */
static bool read_shared(const json_t *body, struct arena *arena, struct exchange_wishes *exchange,
                        struct failure *failure)
{
    static const char *const own[] = { "stop", "logit_bias", "n_predict", "samplers", "n_indent", "min_keep" };
    json_t *rest = json_copy((json_t *)(uintptr_t)body);
    if (!rest)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (size_t i = 0; i < LENGTH(own); i++)
        json_object_del(rest, own[i]);
    const bool good = openai_read_wishes((struct fields){ rest, "" }, arena, exchange, failure);
    json_decref(rest);
    return good;
}

static json_t *settings_json(const struct llama_wishes *wishes, const struct tokenizer *tokenizer);

bool llama_wishes_read(const json_t *body, const struct request *request, const struct held_parts *parts, bool infill,
                       struct llama_wishes *out, struct failure *failure)
{
    const struct fields in = { body, "" };
    *out = (struct llama_wishes){ .exchange = exchange_default() };
    struct answer_wishes *answer = &out->exchange.answer;
    if (!read_shared(body, request->arena, &out->exchange, failure) || !read_own(in, out, failure) ||
        !read_length(in, infill, out, failure) || !read_samplers(in, infill, &answer->sampling, failure) ||
        !read_stops(json_object_get(body, "stop"), request->arena, answer, failure) ||
        !read_biases(json_object_get(body, "logit_bias"), request->arena, parts->tokenizer, answer, failure))
        return false;
    out->exchange.owner = request->owner;
    out->settings = settings_json(out, parts->tokenizer);
    return out->settings || failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
}

/* ---- generation_settings ----------------------------------------------------------------------------------------- */

static json_t *biases_json(const struct answer_wishes *answer, const struct tokenizer *tokenizer)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < answer->bias_count; i++) {
        const double bias = (double)answer->biases[i].bias;
        json_array_append_new(rows, json_pack("{s:I, s:o}", "token", (json_int_t)answer->biases[i].token, "bias",
                                              isfinite(bias) ? json_real(bias) : json_null()));
    }
    for (uint32_t id = 0; answer->goes_on_past_end && tokenizer && id < tokenizer_vocabulary(tokenizer); id++)
        if (tokenizer_ends(tokenizer, id))
            json_array_append_new(rows, json_pack("{s:I, s:n}", "token", (json_int_t)id, "bias"));
    return rows;
}

static json_t *stops_json(const struct answer_wishes *answer)
{
    json_t *stops = json_array();
    for (size_t i = 0; i < answer->stop_count; i++)
        json_array_append_new(stops, json_string(answer->stop_texts[i]));
    return stops;
}

static void add_sampling(json_t *settings, const struct sampling *sampling)
{
    const struct {
        const char *name;
        double value;
    } reals[] = {
        { "temperature", (double)sampling->temperature },
        { "top_p", (double)sampling->top_p },
        { "min_p", (double)sampling->min_p },
        { "repeat_penalty", (double)sampling->repeat_penalty },
        { "presence_penalty", (double)sampling->presence_penalty },
        { "frequency_penalty", (double)sampling->frequency_penalty },
        /* what is not built in, as it is when off */
        { "dynatemp_range", 0 },
        { "dynatemp_exponent", 1 },
        { "top_n_sigma", -1 },
        { "xtc_probability", 0 },
        { "xtc_threshold", 0.1 },
        { "typical_p", 1 },
        { "dry_multiplier", 0 },
        { "dry_base", 1.75 },
        { "mirostat_tau", 5 },
        { "mirostat_eta", 0.1 },
        { "adaptive_target", -1 },
        { "adaptive_decay", 0.9 },
    };
    for (size_t i = 0; i < LENGTH(reals); i++)
        json_object_set_new(settings, reals[i].name, json_real(reals[i].value));
    json_object_set_new(settings, "seed", json_integer((json_int_t)sampling->seed));
    json_object_set_new(settings, "top_k", json_integer(sampling->top_k));
    json_object_set_new(settings, "repeat_last_n", json_integer(sampling->penalty_window));
    json_object_set_new(settings, "mirostat", json_integer(0));
    json_object_set_new(settings, "dry_allowed_length", json_integer(2));
    json_object_set_new(settings, "dry_penalty_last_n", json_integer(-1));
}

static json_t *settings_json(const struct llama_wishes *wishes, const struct tokenizer *tokenizer)
{
    const struct answer_wishes *answer = &wishes->exchange.answer;
    const json_int_t most = wishes->nothing ? 0 : answer->most_tokens ? (json_int_t)answer->most_tokens : -1;
    json_t *samplers = json_array();
    for (size_t i = 0; i < LENGTH(order); i++)
        json_array_append_new(samplers, json_string(order[i]));
    json_t *settings =
        json_pack("{s:I, s:I, s:i, s:i, s:b, s:b, s:o, s:o, s:I, s:i, s:s, s:b, s:o, s:b, s:b, s:[]}", "max_tokens",
                  most, "n_predict", most, "n_keep", 0, "n_discard", 0, "ignore_eos", (int)answer->goes_on_past_end,
                  "stream", (int)wishes->stream, "logit_bias", biases_json(answer, tokenizer), "stop",
                  stops_json(answer), "n_probs", (json_int_t)wishes->probabilities, "min_keep", 0, "grammar",
                  wishes->exchange.grammar ? wishes->exchange.grammar : "", "grammar_lazy", 0, "samplers", samplers,
                  "timings_per_token", (int)wishes->timings_per_token, "post_sampling_probs", 0, "lora");
    if (settings)
        add_sampling(settings, &answer->sampling);
    return settings;
}

json_t *llama_settings_default(void)
{
    struct llama_wishes wishes = { .exchange = exchange_default(), .stream = true };
    wishes.exchange.answer.sampling.seed = UINT32_MAX; /* drawn at random for each answer */
    return settings_json(&wishes, NULL);
}

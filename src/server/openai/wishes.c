/* wishes.c: how an answer is to be drawn: the fields that chat, completions and responses share, OpenAI's and
 * those that llama-server and vLLM take beside them.
 *
 * A field of a sampler that is not built in here is refused, unless its value is the one that turns it off. */
#include "server/openai/openai.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STOPS_MOST = 4, BIASES_MOST = 4096, WINDOW_MOST = 1 << 20 };

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static bool read_reals(struct fields in, struct sampling *sampling, struct failure *failure)
{
    const struct {
        const char *name;
        double low, high;
        float *out;
    } rows[] = {
        { "temperature", 0, 2, &sampling->temperature },
        { "top_p", 0, 1, &sampling->top_p },
        { "min_p", 0, 1, &sampling->min_p },
        { "repetition_penalty", 0.01, 100, &sampling->repeat_penalty },
        { "repeat_penalty", 0.01, 100, &sampling->repeat_penalty },
        { "presence_penalty", -2, 2, &sampling->presence_penalty },
        { "frequency_penalty", -2, 2, &sampling->frequency_penalty },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        double value = (double)*rows[i].out;
        if (!field_real(in, rows[i].name, rows[i].low, rows[i].high, &value, failure))
            return false;
        *rows[i].out = (float)value;
    }
    return true;
}

/* -1 means what llama-server's users mean by it: all, at random. */
static bool read_whole_numbers(struct fields in, struct exchange_wishes *wishes, struct failure *failure)
{
    struct sampling *sampling = &wishes->answer.sampling;
    int64_t top_k = sampling->top_k, window = sampling->penalty_window, seed = -1, slot = wishes->slot;
    if (!field_integer(in, "top_k", -1, INT32_MAX, &top_k, failure) ||
        !field_integer(in, "repeat_last_n", -1, INT32_MAX, &window, failure) ||
        !field_integer(in, "seed", INT64_MIN, INT64_MAX, &seed, failure) ||
        !field_integer(in, "id_slot", -1, INT32_MAX, &slot, failure))
        return false;
    sampling->top_k = top_k > 0 ? (uint32_t)top_k : 0;
    sampling->penalty_window = window < 0 || window > WINDOW_MOST ? WINDOW_MOST : (uint32_t)window;
    if (seed != -1)
        sampling->seed = (uint64_t)seed;
    wishes->slot = (int)slot;
    return true;
}

static bool read_switches(struct fields in, struct exchange_wishes *wishes, struct failure *failure)
{
    bool cache = true;
    int64_t milliseconds = 0;
    if (!field_bool(in, "cache_prompt", &cache, failure) ||
        !field_bool(in, "ignore_eos", &wishes->answer.goes_on_past_end, failure) ||
        !field_bool(in, "return_progress", &wishes->tells_prompt, failure) ||
        !field_integer(in, "t_max_predict_ms", -1, INT32_MAX, &milliseconds, failure))
        return false;
    wishes->no_cache = !cache;
    if (milliseconds > 0)
        wishes->most_seconds = (double)milliseconds * 1e-3;
    return true;
}

bool openai_read_length(struct fields in, size_t *most, struct failure *failure)
{
    int64_t completion = 0, tokens = 0, predict = -1;
    if (!field_integer(in, "max_completion_tokens", 1, INT64_MAX, &completion, failure) ||
        !field_integer(in, "max_tokens", 1, INT64_MAX, &tokens, failure) ||
        !field_integer(in, "n_predict", -1, INT32_MAX, &predict, failure))
        return false;
    if (predict == 0)
        return field_wrong(in, "n_predict", failure, "0: must be at least 1, or -1 for no limit");
    const int64_t wanted = completion ? completion : tokens ? tokens : predict;
    *most = wanted > 0 ? (size_t)wanted : 0;
    return true;
}

/* ---- stop texts -------------------------------------------------------------------------------------------------- */

static bool read_stop(struct fields in, const char *name, const json_t *value, const char **out,
                      struct failure *failure)
{
    if (!json_is_string(value))
        return field_wrong(in, name, failure, "a string or an array of strings is wanted");
    *out = json_string_value(value);
    if ((*out)[0] == '\0')
        return field_wrong(in, name, failure, "is empty, which would end every answer at once");
    if (strlen(*out) > STOP_TEXT_BYTES_MOST)
        return field_wrong(in, name, failure, "has %zu bytes: at most %d are possible", strlen(*out),
                           STOP_TEXT_BYTES_MOST);
    return true;
}

static bool read_stops(struct fields in, struct arena *arena, struct answer_wishes *answer, struct failure *failure)
{
    const json_t *stop = json_object_get(in.object, "stop");
    if (!stop || json_is_null(stop))
        return true;
    const size_t count = json_is_array(stop) ? json_array_size(stop) : 1;
    if (count > STOPS_MOST)
        return field_wrong(in, "stop", failure, "%zu texts: at most %d are possible", count, STOPS_MOST);
    const char **texts = arena_take(arena, count + 1, sizeof *texts);
    if (!texts)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (size_t i = 0; i < count; i++) {
        char name[32] = "stop";
        if (json_is_array(stop))
            snprintf(name, sizeof name, "stop[%zu]", i);
        if (!read_stop(in, name, json_is_array(stop) ? json_array_get(stop, i) : stop, &texts[i], failure))
            return false;
    }
    answer->stop_texts = texts;
    answer->stop_count = count;
    return true;
}

/* ---- biases ------------------------------------------------------------------------------------------------------ */

/* A number from -100 to 100; these ends, and llama-server's false, ban a token or leave no other. */
static bool read_bias(struct fields in, const json_t *value, float *out, struct failure *failure)
{
    const double bias = json_is_false(value) ? -100 : json_number_value(value);
    if (!(json_is_number(value) || json_is_false(value)) || !(bias >= -100 && bias <= 100))
        return field_wrong(in, "logit_bias", failure, "each bias must be a number from -100 to 100");
    *out = bias <= -100 ? -INFINITY : (float)bias;
    return true;
}

static bool parse_token(const char *text, uint32_t *out)
{
    char *end;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value >= TOKEN_NONE)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_bias_object(struct fields in, json_t *object, struct token_bias *out, struct failure *failure)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!parse_token(key, &out->token))
            return field_wrong(in, "logit_bias", failure, "\"%.32s\": the id of a token is wanted", key);
        if (!read_bias(in, value, &out->bias, failure))
            return false;
        out++;
    }
    return true;
}

/* llama-server's form: [[token, bias], ...] */
static bool read_bias_array(struct fields in, const json_t *array, struct token_bias *out, struct failure *failure)
{
    size_t i;
    json_t *pair;
    json_array_foreach(array, i, pair)
    {
        int64_t token = -1;
        if (!json_whole(json_array_get(pair, 0), &token) || token < 0 || token >= TOKEN_NONE)
            return field_wrong(in, "logit_bias", failure, "pairs of a token's id and a bias are wanted");
        out[i].token = (uint32_t)token;
        if (!read_bias(in, json_array_get(pair, 1), &out[i].bias, failure))
            return false;
    }
    return true;
}

static bool read_biases(struct fields in, struct arena *arena, struct answer_wishes *answer, struct failure *failure)
{
    json_t *bias = json_object_get(in.object, "logit_bias");
    if (!bias || json_is_null(bias))
        return true;
    if (!json_is_object(bias) && !json_is_array(bias))
        return field_wrong(in, "logit_bias", failure, "an object of token ids and biases is wanted");
    const size_t count = json_is_object(bias) ? json_object_size(bias) : json_array_size(bias);
    if (count > BIASES_MOST)
        return field_wrong(in, "logit_bias", failure, "%zu tokens: at most %d are possible", count, BIASES_MOST);
    struct token_bias *biases = arena_take(arena, count + 1, sizeof *biases);
    if (!biases)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    answer->biases = biases;
    answer->bias_count = count;
    return json_is_object(bias) ? read_bias_object(in, bias, biases, failure)
                                : read_bias_array(in, bias, biases, failure);
}

bool openai_read_wishes(struct fields in, struct arena *arena, struct exchange_wishes *wishes, struct failure *failure)
{
    return field_text(in, "model", &wishes->model, failure) && read_reals(in, &wishes->answer.sampling, failure) &&
           read_whole_numbers(in, wishes, failure) && read_switches(in, wishes, failure) &&
           read_stops(in, arena, &wishes->answer, failure) && read_biases(in, arena, &wishes->answer, failure) &&
           openai_refuse_others(in, failure);
}

bool openai_read_stream_options(struct fields in, bool *include_usage, struct failure *failure)
{
    const json_t *options = NULL;
    if (!field_object(in, "stream_options", &options, failure))
        return false;
    bool obfuscation = false; /* padding against who counts bytes; nothing is lost without it */
    const struct fields inner = { options, "stream_options" };
    return field_bool(inner, "include_usage", include_usage, failure) &&
           field_bool(inner, "include_obfuscation", &obfuscation, failure);
}

/* ---- what is not done here --------------------------------------------------------------------------------------- */

/* Samplers of llama-server that are not built in: values from off_low to off_high turn them off. */
static const struct {
    const char *name;
    double off_low, off_high;
} samplers[] = {
    { "typical_p", 1, 1 },          { "tfs_z", 1, 1 },           { "mirostat", 0, 0 },
    { "dry_multiplier", 0, 0 },     { "xtc_probability", 0, 0 }, { "dynatemp_range", 0, 0 },
    { "top_n_sigma", -1e9, 0 },     { "n_indent", 0, 0 },        { "min_keep", 0, 0 },
    { "adaptive_target", -1e9, 0 }, { "top_a", 0, 0 },           { "length_penalty", 1, 1 },
};

static bool refuse_samplers(struct fields in, struct failure *failure)
{
    for (size_t i = 0; i < LENGTH(samplers); i++) {
        double value = samplers[i].off_high;
        if (!field_real(in, samplers[i].name, -1e9, 1e9, &value, failure))
            return false;
        if (value < samplers[i].off_low || value > samplers[i].off_high)
            return field_wrong(in, samplers[i].name, failure, "%g: this sampler is not built in: leave it out", value);
    }
    return true;
}

/* Switches that ask for what is not done here when they are on. */
static const struct {
    const char *name, *why;
} switches[] = {
    { "post_sampling_probs", "likelihoods are told as the model gives them, before sampling: leave it out" },
    { "use_beam_search", "beam search is not built in: leave it out" },
    { "background", "answers are not made in the background: leave it out" },
};

/* Things that ask for what is not done here when they are there at all, and not empty. */
static const struct {
    const char *name, *why;
} things[] = {
    { "audio", "answers are text: leave it out" },
    { "web_search_options", "nothing is fetched from the web: leave it out" },
    { "moderation", "there is no moderation: leave it out" },
    { "lora", "adapters are not built in: leave it out" },
    { "samplers", "the order of samplers is fixed: leave it out" },
    { "context_management", "nothing is compacted: leave it out" },
    { "conversation", "use previous_response_id" },
    { "prompt_template", "stored prompts are not built in: leave it out" },
};

static bool is_empty(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

bool openai_refuse_others(struct fields in, struct failure *failure)
{
    for (size_t i = 0; i < LENGTH(switches); i++) {
        bool on = false;
        if (!field_bool(in, switches[i].name, &on, failure))
            return false;
        if (on)
            return field_wrong(in, switches[i].name, failure, "%s", switches[i].why);
    }
    for (size_t i = 0; i < LENGTH(things); i++)
        if (!is_empty(json_object_get(in.object, things[i].name)))
            return field_wrong(in, things[i].name, failure, "%s", things[i].why);
    return refuse_samplers(in, failure);
}

/* wishes.c: what a request to Ollama's API wishes besides its messages or prompt. Each option that Ollama knows
 * has a row: sampling, what must have its neutral value because the engine has no such thing, and what is the server's
 * to decide and only has its range checked. */
#include "server/ollama/ollama.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ----------------------------------------------------------------------------------------------------- */

enum option_use { OPTION_FLOAT, OPTION_COUNT, OPTION_NEUTRAL, OPTION_SERVERS, OPTION_SERVERS_BOOL };

#define SAMPLING(member) offsetof(struct sampling, member)

static const struct option {
    const char *name;
    enum option_use use;
    double low, high;
    size_t offset;  /* OPTION_FLOAT, OPTION_COUNT: in struct sampling */
    double neutral; /* OPTION_NEUTRAL: the one value that can be met */
} options[] = {
    { "temperature", OPTION_FLOAT, 0, 100, SAMPLING(temperature), 0 },
    { "top_p", OPTION_FLOAT, 0, 1, SAMPLING(top_p), 0 },
    { "min_p", OPTION_FLOAT, 0, 1, SAMPLING(min_p), 0 },
    { "repeat_penalty", OPTION_FLOAT, 0, 100, SAMPLING(repeat_penalty), 0 },
    { "presence_penalty", OPTION_FLOAT, -2, 2, SAMPLING(presence_penalty), 0 },
    { "frequency_penalty", OPTION_FLOAT, -2, 2, SAMPLING(frequency_penalty), 0 },
    { "top_k", OPTION_COUNT, 0, 1000000, SAMPLING(top_k), 0 },
    { "repeat_last_n", OPTION_COUNT, -1, 1000000, SAMPLING(penalty_window), 0 },
    { "typical_p", OPTION_NEUTRAL, 0, 1, 0, 1 },
    { "tfs_z", OPTION_NEUTRAL, 0, 1, 0, 1 },
    { "mirostat", OPTION_NEUTRAL, 0, 2, 0, 0 },
    { "mirostat_tau", OPTION_SERVERS, 0, 100, 0, 0 }, /* without mirostat they mean nothing */
    { "mirostat_eta", OPTION_SERVERS, 0, 100, 0, 0 },
    { "num_ctx", OPTION_SERVERS, 1, 1e9, 0, 0 },
    { "num_keep", OPTION_SERVERS, -1, 1e9, 0, 0 },
    { "num_batch", OPTION_SERVERS, 1, 1e9, 0, 0 },
    { "num_gpu", OPTION_SERVERS, -1, 1e9, 0, 0 },
    { "main_gpu", OPTION_SERVERS, 0, 1e9, 0, 0 },
    { "num_thread", OPTION_SERVERS, 0, 1e6, 0, 0 },
    { "num_gqa", OPTION_SERVERS, 0, 1e6, 0, 0 },
    { "rope_frequency_base", OPTION_SERVERS, 0, 1e12, 0, 0 },
    { "rope_frequency_scale", OPTION_SERVERS, 0, 1e12, 0, 0 },
    { "numa", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
    { "low_vram", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
    { "use_mmap", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
    { "use_mlock", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
    { "f16_kv", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
    { "logits_all", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
    { "vocab_only", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
    { "penalize_newline", OPTION_SERVERS_BOOL, 0, 0, 0, 0 },
};

static bool read_count(struct fields in, const struct option *option, struct sampling *sampling,
                       struct failure *failure)
{
    uint32_t *member = (uint32_t *)(void *)((char *)sampling + option->offset);
    int64_t count = *member;
    if (!field_integer(in, option->name, (int64_t)option->low, (int64_t)option->high, &count, failure))
        return false;
    *member = count < 0 ? 1000000 : (uint32_t)count; /* -1: the whole context */
    return true;
}

static bool read_option(struct fields in, const struct option *option, struct sampling *sampling,
                        struct failure *failure)
{
    bool truth;
    double number = option->neutral;
    if (option->use == OPTION_SERVERS_BOOL)
        return field_bool(in, option->name, &truth, failure);
    if (option->use == OPTION_COUNT)
        return read_count(in, option, sampling, failure);
    float *member = (float *)(void *)((char *)sampling + option->offset);
    if (option->use == OPTION_FLOAT)
        number = (double)*member;
    if (!field_real(in, option->name, option->low, option->high, &number, failure))
        return false;
    if (option->use == OPTION_FLOAT)
        *member = (float)number;
    return option->use != OPTION_NEUTRAL || number == option->neutral ||
           field_wrong(in, option->name, failure, "%g: this server has no such sampler: leave it out", number);
}

static bool read_limit(struct fields in, struct answer_wishes *answer, struct failure *failure)
{
    int64_t limit = -1;
    if (!field_integer(in, "num_predict", -2, INT64_MAX, &limit, failure))
        return false;
    if (limit == 0)
        return field_wrong(in, "num_predict", failure, "0: must be at least 1, or -1 for no limit");
    answer->most_tokens = limit < 0 ? 0 : (size_t)limit;
    return true;
}

static bool read_seed(struct fields in, struct answer_wishes *answer, struct failure *failure)
{
    int64_t seed = -1;
    if (!field_integer(in, "seed", INT64_MIN, INT64_MAX, &seed, failure))
        return false;
    if (seed != -1) /* -1: at random, as the default is */
        answer->sampling.seed = (uint64_t)seed;
    return true;
}

/* A text or an array of texts. */
static bool read_stops(struct fields in, struct arena *arena, struct answer_wishes *answer, struct failure *failure)
{
    const json_t *stop = json_object_get(in.object, "stop");
    if (!stop || json_is_null(stop))
        return true;
    const size_t count = json_is_array(stop) ? json_array_size(stop) : 1;
    if (count > STOP_TEXTS_MOST)
        return field_wrong(in, "stop", failure, "%zu texts: at most %d", count, STOP_TEXTS_MOST);
    const char **texts = arena_take(arena, count + 1, sizeof *texts);
    if (!texts)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (size_t i = 0; i < count; i++) {
        texts[i] = json_string_value(json_is_array(stop) ? json_array_get(stop, i) : stop);
        if (!texts[i] || !texts[i][0])
            return field_wrong(in, "stop", failure, "a text that is not empty, or an array of such is wanted");
    }
    answer->stop_texts = texts;
    answer->stop_count = count;
    return true;
}

static bool read_options(const json_t *body, struct arena *arena, struct answer_wishes *answer, struct failure *failure)
{
    struct fields in = { .path = "options" };
    if (!field_object((struct fields){ body, "" }, "options", &in.object, failure))
        return false;
    for (size_t i = 0; i < LENGTH(options); i++)
        if (!read_option(in, &options[i], &answer->sampling, failure))
            return false;
    return read_limit(in, answer, failure) && read_seed(in, answer, failure) && read_stops(in, arena, answer, failure);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static bool read_format(const json_t *body, struct chat_request *chat, struct failure *failure)
{
    const json_t *format = json_object_get(body, "format");
    const char *word = json_string_value(format);
    if (!format || json_is_null(format) || (word && !word[0]))
        return true;
    if (json_is_object(format)) {
        chat->form = CHAT_FORM_SCHEMA;
        chat->schema = format;
        return true;
    }
    chat->form = CHAT_FORM_JSON;
    return (word && strcmp(word, "json") == 0) ||
           failure_field(failure, "format", "\"json\" or a JSON Schema as an object is wanted");
}

static bool read_think(const json_t *body, struct ollama_wishes *out, struct failure *failure)
{
    static const char *const levels[] = { "low", "medium", "high", NULL };
    const json_t *think = json_object_get(body, "think");
    if (!think || json_is_null(think))
        return true;
    out->thinks = !json_is_false(think);
    out->chat.reasoning = out->thinks ? CHAT_REASONING_ON : CHAT_REASONING_OFF;
    if (json_is_boolean(think))
        return true;
    size_t level = 0;
    if (!json_is_string(think))
        return failure_field(failure, "think", "true, false, \"low\", \"medium\" or \"high\" is wanted");
    return field_choice((struct fields){ body, "" }, "think", levels, &level, failure);
}

static bool read_tops(const json_t *body, struct exchange_wishes *exchange, struct failure *failure)
{
    const struct fields in = { body, "" };
    int64_t tops = 0;
    if (!field_bool(in, "logprobs", &exchange->tells_tokens, failure) ||
        !field_integer(in, "top_logprobs", 0, TOPS_MOST, &tops, failure))
        return false;
    exchange->tops = (size_t)tops;
    return tops == 0 || exchange->tells_tokens || failure_field(failure, "top_logprobs", "logprobs must be true");
}

/* Go's time.ParseDuration: numbers with units, one after the other. */
static bool parse_duration(const char *text, double *seconds)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = { { "ns", 1e-9 }, { "us", 1e-6 }, { "\u00b5s", 1e-6 }, { "\u03bcs", 1e-6 },
                  { "ms", 1e-3 }, { "s", 1 },     { "m", 60 },         { "h", 3600 } };
    const double sign = *text == '-' ? -1 : 1;
    text += *text == '-' || *text == '+';
    if (strcmp(text, "0") == 0 || (sign < 0 && strcmp(text, "1") == 0)) {
        *seconds = sign < 0 ? -1 : 0;
        return true;
    }
    double sum = 0;
    const char *at = text;
    while (*at) {
        char *end;
        const size_t digits = strspn(at, "0123456789.");
        const double number = strtod(at, &end);
        size_t i = 0;
        if (digits == 0 || end != at + digits)
            return false;
        while (i < LENGTH(units) && strncmp(end, units[i].unit, strlen(units[i].unit)) != 0)
            i++;
        if (i == LENGTH(units))
            return false;
        sum += number * units[i].seconds;
        at = end + strlen(units[i].unit);
    }
    *seconds = sign * sum;
    return at != text && isfinite(sum);
}

bool ollama_keep_alive_read(const json_t *body, double *seconds, struct failure *failure)
{
    const json_t *keep = json_object_get(body, "keep_alive");
    if (!keep || json_is_null(keep))
        return true;
    if (json_is_number(keep))
        *seconds = json_number_value(keep);
    else if (!json_is_string(keep) || !parse_duration(json_string_value(keep), seconds))
        return failure_field(failure, "keep_alive", "seconds as a number, or a duration such as \"5m\" is wanted");
    return true;
}

bool ollama_name_read(const json_t *body, const char **out, struct failure *failure)
{
    const struct fields in = { body, "" };
    *out = NULL;
    if (!field_text(in, "model", out, failure) || (!*out && !field_text(in, "name", out, failure)))
        return false;
    return true;
}

bool ollama_wishes_read(const json_t *body, const struct request *request, struct ollama_wishes *out,
                        struct failure *failure)
{
    const char *name;
    *out = (struct ollama_wishes){ .exchange = exchange_default(), .stream = true };
    out->exchange.owner = request->owner;
    if (!ollama_name_read(body, &name, failure) ||
        !field_bool((struct fields){ body, "" }, "stream", &out->stream, failure) ||
        !read_options(body, request->arena, &out->exchange.answer, failure) ||
        !read_format(body, &out->chat, failure) || !read_think(body, out, failure) ||
        !read_tops(body, &out->exchange, failure) ||
        !ollama_keep_alive_read(body, &out->exchange.keep_alive_seconds, failure))
        return false;
    out->model = arena_text(request->arena, span_text(name ? name : ""));
    out->exchange.model = out->model;
    out->chat.now = (int64_t)calendar_now();
    return out->model || failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
}

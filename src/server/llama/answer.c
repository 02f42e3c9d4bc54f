/* answer.c: an answer of /completion as an object, or as events of which the last has "stop": true. */
#include "server/llama/llama.h"
#include "server/openai/openai.h"
#include "server/wire.h"

#include <stdlib.h>
#include <string.h>

/* ---- indentation ------------------------------------------------------------------------------------------------- */

/* Appends to out what may be shown. *cut: a line begins with less than it should. */
static bool indent_take(struct llama_indent *indent, struct span text, struct buffer *out, bool *cut,
                        struct error *error)
{
    for (size_t i = 0; i < text.bytes && !*cut; i++) {
        const unsigned char c = text.data[i];
        const bool blank = c == ' ' || c == '\t';
        if (indent->at_start && blank) {
            indent->count++;
            if (!buffer_add(&indent->pending, &c, 1, error))
                return false;
            continue;
        }
        *cut = indent->at_start && c != '\n' && indent->count < indent->least;
        if (!*cut &&
            (!buffer_add(out, indent->pending.bytes, indent->pending.length, error) || !buffer_add(out, &c, 1, error)))
            return false;
        indent->pending.length = indent->count = 0;
        indent->at_start = c == '\n';
    }
    return true;
}

static bool take_text(struct llama_answer *answer, struct span text, struct buffer *out, struct error *error)
{
    if (answer->cut || answer->wishes->nothing)
        return true;
    answer->has_new_line = answer->has_new_line || (text.bytes && memchr(text.data, '\n', text.bytes));
    if (answer->wishes->indent == 0)
        return buffer_add(out, text.data, text.bytes, error);
    answer->indent.least = answer->wishes->indent;
    answer->indent.pending.limit = out->limit;
    const bool taken = indent_take(&answer->indent, text, out, &answer->cut, error);
    if (answer->cut)
        exchange_cancel(answer->exchange);
    return taken;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static json_t *tokens_json(const struct tokens *tokens, size_t first)
{
    json_t *ids = json_array();
    for (size_t i = first; i < tokens->count; i++)
        json_array_append_new(ids, json_integer(tokens->ids[i]));
    return ids;
}

static const char *stop_type(const struct llama_answer *answer)
{
    if (answer->end == ANSWER_DONE)
        return "eos";
    return answer->end == ANSWER_STOP_TEXT ? "word" : "limit";
}

/* What is known before the answer is over: the prompt's counts as they were told, the answer's as they are now. */
static json_t *timings_now(const struct llama_answer *answer)
{
    struct job_counts counts = answer->counts;
    counts.prompt_tokens = size_max(counts.read_tokens, counts.cached_tokens);
    if (!answer->ended) {
        counts.tokens = answer->tokens.count;
        counts.seconds = answer->first_token > 0 ? seconds_now() - answer->first_token : 0;
    } else {
        counts.prompt_tokens = answer->counts.prompt_tokens;
    }
    return timings_json(&counts);
}

static json_t *begun_json(const struct llama_answer *answer, json_t *content, json_t *tokens, bool stop)
{
    const size_t predicted = answer->ended ? answer->counts.tokens : answer->tokens.count;
    return json_pack("{s:I, s:o, s:o, s:i, s:b, s:I, s:I}", "index", (json_int_t)answer->index, "content", content,
                     "tokens", tokens, "id_slot", exchange_slot(answer->exchange), "stop", (int)stop,
                     "tokens_predicted", (json_int_t)(answer->wishes->nothing ? 0 : predicted), "tokens_evaluated",
                     (json_int_t)exchange_prompt(answer->exchange)->count);
}

/* "a/b" finds b within a and keeps the whole name. */
static json_t *chosen_fields(json_t *whole, const json_t *names)
{
    json_t *chosen = json_object();
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i)), *rest = name;
        const json_t *value = whole;
        while (value && rest) {
            const char *slash = strchr(rest, '/');
            char part[128];
            snprintf(part, sizeof part, "%.*s", (int)(slash ? slash - rest : (ptrdiff_t)strlen(rest)), rest);
            value = json_object_get(value, part);
            rest = slash ? slash + 1 : NULL;
        }
        if (value)
            json_object_set(chosen, name, (json_t *)(uintptr_t)value);
    }
    json_decref(whole);
    return chosen;
}

static json_t *last_json(struct llama_answer *answer, json_t *content, json_t *tokens)
{
    const struct llama_wishes *wishes = answer->wishes;
    json_t *body = begun_json(answer, content, tokens, true);
    json_t *rest = json_pack("{s:s, s:O, s:o, s:b, s:b, s:s, s:s, s:I, s:o}", "model", exchange_model(answer->exchange),
                             "generation_settings", wishes->settings, "prompt", exchange_prompt_json(answer->exchange),
                             "has_new_line", (int)answer->has_new_line, "truncated",
                             (int)(answer->end == ANSWER_CONTEXT), "stop_type", stop_type(answer), "stopping_word",
                             answer->end == ANSWER_STOP_TEXT && answer->stop_text ? answer->stop_text : "",
                             "tokens_cached", (json_int_t)answer->counts.cached_tokens, "timings", timings_now(answer));
    json_object_update(body, rest);
    json_decref(rest);
    if (answer->told && !wishes->stream)
        json_object_set(body, "completion_probabilities", answer->told);
    return wishes->response_fields ? chosen_fields(body, wishes->response_fields) : body;
}

json_t *llama_answer_json(struct llama_answer *answer)
{
    return last_json(answer, wire_text(buffer_span(&answer->content)),
                     answer->wishes->return_tokens ? tokens_json(&answer->tokens, 0) : json_array());
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static bool send_text(struct llama_answer *answer, struct span text, struct buffer *out, struct error *error)
{
    json_t *event = begun_json(answer, wire_text(text), tokens_json(&answer->tokens, answer->tokens_sent), false);
    answer->tokens_sent = answer->tokens.count;
    if (answer->wishes->timings_per_token)
        json_object_set_new(event, "timings", timings_now(answer));
    if (answer->told)
        json_object_set_new(event, "completion_probabilities", answer->told);
    answer->told = NULL;
    return wire_event(out, NULL, event, error);
}

static bool send_progress(struct llama_answer *answer, struct buffer *out, struct error *error)
{
    const struct job_counts *counts = &answer->counts;
    json_t *event = begun_json(answer, json_string(""), json_array(), false);
    json_object_set_new(event, "prompt_progress",
                        json_pack("{s:I, s:I, s:I, s:I}", "total", (json_int_t)counts->prompt_tokens, "cache",
                                  (json_int_t)counts->cached_tokens, "processed",
                                  (json_int_t)size_max(counts->read_tokens, counts->cached_tokens), "time_ms",
                                  (json_int_t)(counts->prompt_seconds * 1e3)));
    if (answer->wishes->timings_per_token)
        json_object_set_new(event, "timings", timings_now(answer));
    return wire_event(out, NULL, event, error);
}

static bool take_token(struct llama_answer *answer, const struct exchange_part *part, struct error *error)
{
    if (part->told_count == 0 || answer->wishes->nothing)
        return true;
    if (answer->first_token == 0)
        answer->first_token = seconds_now();
    if (answer->wishes->probabilities > 0) {
        if (!answer->told)
            answer->told = json_array();
        json_array_append_new(answer->told, openai_token(answer->exchange, part->told, part->told_count));
    }
    return tokens_add(&answer->tokens, part->told[0].token, error);
}

static bool take_content(struct llama_answer *answer, struct span text, struct buffer *out, struct error *error)
{
    if (!out)
        return take_text(answer, text, &answer->content, error);
    answer->content.length = 0;
    if (!take_text(answer, text, &answer->content, error))
        return false;
    return answer->content.length == 0 || send_text(answer, buffer_span(&answer->content), out, error);
}

static bool take_end(struct llama_answer *answer, const struct exchange_part *part, struct buffer *out,
                     struct error *error)
{
    answer->ended = true;
    answer->end = answer->cut ? ANSWER_LENGTH : part->end;
    answer->stop_text = part->stop_text;
    answer->counts = part->counts;
    return !out || wire_event(out, NULL, last_json(answer, json_string(""), json_array()), error);
}

bool llama_answer_take(struct llama_answer *answer, const struct exchange_part *part, struct buffer *out,
                       struct error *error)
{
    answer->content.limit = WIRE_MOST;
    switch (part->kind) {
    case EXCHANGE_STARTED:
    case EXCHANGE_READING:
        answer->counts = part->counts;
        return !out || !answer->wishes->exchange.tells_prompt || send_progress(answer, out, error);
    case EXCHANGE_TOKEN:
        return take_token(answer, part, error);
    case EXCHANGE_CONTENT:
        return take_content(answer, part->text, out, error);
    case EXCHANGE_ENDED:
        return take_end(answer, part, out, error);
    default:
        return true;
    }
}

void llama_answer_free(struct llama_answer *answer)
{
    buffer_free(&answer->content);
    buffer_free(&answer->indent.pending);
    tokens_free(&answer->tokens);
    json_decref(answer->told);
}

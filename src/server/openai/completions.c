/* completions.c: /v1/completions: prompts to texts, as it was before there was chat.
 *
 * Each prompt is an exchange, all of them in the queue from the beginning; they are written one after the other, so
 * that choices come in their order: prompt after prompt, n for each. */
#include "server/openai/prompts.h"

#include "server/middle.h"
#include "server/openai/tools.h"

#include <math.h>
#include <string.h>

enum { PROMPTS_MOST = 128, TOPS_OF_LEGACY = 5, TOKENS_UNLESS_SAID = 16, CHOICES_MOST = 16 };

/* One answer so far. */
struct choice {
    struct buffer text;
    json_t *logprobs;
    size_t offset; /* in characters, of the next token */
    double likelihood;
    size_t tokens;
    const char *finish_reason;
};

struct completions {
    json_t *body;
    struct chat_request chat; /* for its form alone */
    struct exchange_wishes wishes;
    struct openai_prompts prompts;
    const char *suffix, *id;
    bool echo, stream, include_usage, logprobs;
    size_t n;
    struct exchange **exchanges; /* [prompts.count] in the arena */
    size_t at;                   /* the exchange that is being written */
    bool begun;                  /* its first bytes were written */
    struct choice choices[CHOICES_MOST];
    json_t *done; /* choices of the whole answer */
    size_t prompt_tokens, cached_tokens, completion_tokens;
    struct job_counts counts;
};

static void forget_choices(struct completions *completions)
{
    for (size_t i = 0; i < CHOICES_MOST; i++) {
        buffer_free(&completions->choices[i].text);
        json_decref(completions->choices[i].logprobs);
        completions->choices[i] = (struct choice){ .text.limit = WIRE_MOST };
    }
}

static void completions_close(void *state)
{
    struct completions *completions = state;
    for (size_t i = 0; completions->exchanges && i < completions->prompts.count; i++)
        exchange_close(completions->exchanges[i]);
    forget_choices(completions);
    openai_prompts_free(&completions->prompts);
    json_decref(completions->body);
    json_decref(completions->done);
}

/* ---- what the answer looks like ---------------------------------------------------------------------------------- */

static size_t characters_in(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.bytes; i++)
        count += (text.data[i] & 0xC0) != 0x80;
    return count;
}

static json_t *tops_json(const struct exchange *exchange, const struct likelihood *rows, size_t count)
{
    json_t *tops = json_object();
    for (size_t i = count; i-- > 0;) {
        char scratch[256];
        json_t *text = wire_text(exchange_piece(exchange, rows[i].token, scratch));
        json_object_set_new_nocheck(tops, text ? json_string_value(text) : "",
                                    json_real(openai_log_probability(rows[i].log_probability)));
        json_decref(text);
    }
    return tops;
}

/* Lists beside each other: tokens, token_logprobs, top_logprobs, text_offset. */
static bool add_token(const struct completions *completions, struct choice *choice, const struct exchange_part *part,
                      struct error *error)
{
    const struct exchange *exchange = completions->exchanges[completions->at];
    char scratch[256];
    const struct span piece = exchange_piece(exchange, part->told[0].token, scratch);
    choice->likelihood += openai_log_probability(part->told[0].log_probability);
    choice->tokens++;
    if (!completions->logprobs)
        return true;
    if (!choice->logprobs)
        choice->logprobs = json_pack("{s:[], s:[], s:[], s:[]}", "tokens", "token_logprobs", "top_logprobs",
                                     "text_offset");
    json_t *lists = choice->logprobs;
    const bool done = json_array_append_new(json_object_get(lists, "tokens"), wire_text(piece)) == 0 &&
                      json_array_append_new(json_object_get(lists, "token_logprobs"),
                                            json_real(openai_log_probability(part->told[0].log_probability))) == 0 &&
                      json_array_append_new(json_object_get(lists, "top_logprobs"),
                                            tops_json(exchange, part->told, part->told_count)) == 0 &&
                      json_array_append_new(json_object_get(lists, "text_offset"), wire_count(choice->offset)) == 0;
    choice->offset += characters_in(piece);
    return done || error_memory(error, 0);
}

static json_t *take_logprobs(struct choice *choice)
{
    json_t *logprobs = choice->logprobs;
    choice->logprobs = NULL;
    return logprobs ? logprobs : json_null();
}

static json_t *choice_json(size_t index, json_t *text, json_t *logprobs, const char *finish_reason)
{
    return json_pack("{s:o, s:I, s:o, s:s?}", "text", text, "index", (json_int_t)index, "logprobs", logprobs,
                     "finish_reason", finish_reason);
}

static json_t *usage_json(const struct completions *completions)
{
    return openai_usage(completions->prompt_tokens, completions->cached_tokens, completions->completion_tokens, 0);
}

static json_t *envelope(const struct completions *completions, json_t *choices)
{
    const struct exchange *exchange = completions->exchanges[0];
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "id", completions->id, "object", "text_completion", "created",
                     (json_int_t)exchange_created(exchange), "model", exchange_model(exchange), "system_fingerprint",
                     "bastide-" BASTIDE_VERSION, "choices", choices);
}

/* What the prompt's text was: as it came, or as its tokens read. */
static bool add_prompt(const struct completions *completions, struct buffer *out, struct error *error)
{
    const struct openai_prompt *prompt = &completions->prompts.rows[completions->at];
    if (prompt->is_text)
        return buffer_add(out, prompt->text.data, prompt->text.bytes, error);
    for (size_t i = 0; i < prompt->tokens.count; i++) {
        char scratch[256];
        const struct span piece = exchange_piece(completions->exchanges[completions->at], prompt->tokens.ids[i],
                                                 scratch);
        if (!buffer_add(out, piece.data, piece.bytes, error))
            return false;
    }
    return true;
}

static void add_counts(struct completions *completions, const struct exchange_part *part)
{
    completions->counts = part->counts;
    completions->completion_tokens += part->counts.tokens;
    struct choice *choice = &completions->choices[part->answer];
    choice->finish_reason = openai_finish_reason(part->end, false);
    if (part->answer > 0)
        return;
    completions->prompt_tokens += part->counts.prompt_tokens;
    completions->cached_tokens += part->counts.cached_tokens;
}

/* ---- as a stream ------------------------------------------------------------------------------------------------- */

static bool write_chunk(struct completions *completions, size_t answer, struct span text, const char *finish_reason,
                        struct buffer *out, struct error *error)
{
    json_t *choice = choice_json(completions->at * completions->n + answer, wire_text(text),
                                 take_logprobs(&completions->choices[answer]), finish_reason);
    json_t *chunk = envelope(completions, json_pack("[o]", choice));
    if (completions->include_usage)
        json_object_set_new(chunk, "usage", json_null());
    if (finish_reason)
        json_object_set_new(chunk, "timings", timings_json(&completions->counts));
    return wire_event(out, NULL, chunk, error);
}

static bool write_echo(struct completions *completions, struct buffer *out, struct error *error)
{
    completions->begun = true;
    if (!completions->echo)
        return true;
    struct buffer prompt = { .limit = WIRE_MOST };
    bool done = add_prompt(completions, &prompt, error);
    for (size_t i = 0; i < completions->n && done; i++)
        done = write_chunk(completions, i, buffer_span(&prompt), NULL, out, error);
    buffer_free(&prompt);
    return done;
}

static bool write_end(struct completions *completions, struct buffer *out, struct error *error)
{
    if (completions->include_usage) {
        json_t *chunk = envelope(completions, json_array());
        json_object_set_new(chunk, "usage", usage_json(completions));
        if (!wire_event(out, NULL, chunk, error))
            return false;
    }
    return buffer_text(out, "data: [DONE]\n\n", error);
}

static bool stream_part(struct completions *completions, const struct exchange_part *part, struct buffer *out,
                        struct error *error)
{
    switch (part->kind) {
    case EXCHANGE_TOKEN:
        return add_token(completions, &completions->choices[part->answer], part, error);
    case EXCHANGE_CONTENT:
        return write_chunk(completions, part->answer, part->text, NULL, out, error);
    case EXCHANGE_ENDED:
        add_counts(completions, part);
        return write_chunk(completions, part->answer, span_of("", 0), completions->choices[part->answer].finish_reason,
                           out, error);
    case EXCHANGE_FAILED:
        return wire_event(out, NULL, json_pack("{s:o}", "error", openai_error(part->failure)), error);
    default:
        return true;
    }
}

/* Goes on to the next prompt, if there is one. */
static bool next_prompt(struct completions *completions, struct buffer *out, bool *end, struct error *error)
{
    forget_choices(completions);
    completions->begun = false;
    *end = ++completions->at == completions->prompts.count;
    return !*end || write_end(completions, out, error);
}

static bool next_bytes(void *state, struct buffer *out, bool *end)
{
    struct completions *completions = state;
    const size_t length = out->length;
    struct exchange_part part;
    struct error error;
    do {
        if (!completions->begun && !write_echo(completions, out, &error))
            return false;
        exchange_next(completions->exchanges[completions->at], &part);
        if (!stream_part(completions, &part, out, &error))
            return false;
        *end = part.kind == EXCHANGE_FAILED;
        if (part.kind == EXCHANGE_OVER && !next_prompt(completions, out, end, &error))
            return false;
    } while (!*end && part.kind != EXCHANGE_WAITING && out->length == length);
    return true;
}

/* ---- as one object ----------------------------------------------------------------------------------------------- */

static bool gather_part(void *state, const struct exchange_part *part, struct buffer *out, struct error *error)
{
    (void)out;
    struct completions *completions = state;
    struct choice *choice = &completions->choices[part->answer];
    if (part->kind == EXCHANGE_TOKEN)
        return add_token(completions, choice, part, error);
    if (part->kind == EXCHANGE_CONTENT)
        return buffer_add(&choice->text, part->text.data, part->text.bytes, error);
    if (part->kind == EXCHANGE_ENDED)
        add_counts(completions, part);
    return true;
}

static double likelihood_of(const struct choice *choice)
{
    return choice->tokens > 0 ? choice->likelihood / (double)choice->tokens : 0;
}

/* Of more answers than were asked for, the likeliest by token; they go first, in their order. */
static void keep_best(struct completions *completions)
{
    struct choice *choices = completions->choices;
    const size_t count = completions->wishes.answers;
    for (size_t i = 0; count > completions->n && i < completions->n; i++)
        for (size_t j = i + 1; j < count; j++)
            if (likelihood_of(&choices[j]) > likelihood_of(&choices[i])) {
                const struct choice better = choices[j];
                choices[j] = choices[i];
                choices[i] = better;
            }
}

static bool add_choices(struct completions *completions, struct failure *failure)
{
    struct error error = { 0 };
    keep_best(completions);
    for (size_t i = 0; i < completions->n; i++) {
        struct choice *choice = &completions->choices[i];
        struct buffer text = { .limit = WIRE_MOST };
        const bool whole = (!completions->echo || add_prompt(completions, &text, &error)) &&
                           buffer_add(&text, choice->text.bytes, choice->text.length, &error);
        json_t *json = choice_json(completions->at * completions->n + i, wire_text(buffer_span(&text)),
                                   take_logprobs(choice), choice->finish_reason);
        buffer_free(&text);
        if (json_array_append_new(completions->done, json) != 0 || !whole)
            return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    }
    return true;
}

static bool write_whole(struct completions *completions, const struct request *request, struct response *response,
                        struct failure *failure)
{
    const struct openai_writer writer = { .write = gather_part, .state = completions };
    completions->done = json_array();
    for (; completions->at < completions->prompts.count; completions->at++) {
        if (!openai_write_all(completions->exchanges[completions->at], &writer, request, &response->body, failure) ||
            !add_choices(completions, failure))
            return false;
        forget_choices(completions);
    }
    json_t *body = envelope(completions, json_incref(completions->done));
    json_object_set_new(body, "usage", usage_json(completions));
    json_object_set_new(body, "timings", timings_json(&completions->counts));
    return response_json(response, body, failure);
}

/* ---- the request ------------------------------------------------------------------------------------------------- */

static bool read_answers(struct fields in, struct completions *completions, struct failure *failure)
{
    int64_t n = 1, best_of = 0, tops = 0;
    if (!field_integer(in, "n", 1, CHOICES_MOST, &n, failure) ||
        !field_integer(in, "best_of", 1, CHOICES_MOST, &best_of, failure) ||
        !field_integer(in, "logprobs", 0, TOPS_OF_LEGACY, &tops, failure))
        return false;
    if (best_of && best_of < n)
        return field_wrong(in, "best_of", failure, "%lld: must be at least n", (long long)best_of);
    if (best_of > n && completions->stream)
        return field_wrong(in, "best_of", failure, "not in a stream: which is best is known at the end");
    if (completions->echo && field_given(in, "logprobs"))
        return field_wrong(in, "logprobs", failure, "not with echo: the prompt's own likelihoods are not told");
    completions->n = (size_t)n;
    completions->logprobs = field_given(in, "logprobs");
    completions->wishes.answers = best_of > n ? (size_t)best_of : (size_t)n;
    completions->wishes.tells_tokens = completions->logprobs || best_of > n;
    completions->wishes.tops = (size_t)tops;
    return true;
}

/* response_format as in chat, or llama-server's json_schema or grammar. */
static bool read_form(struct fields in, struct completions *completions, struct failure *failure)
{
    const json_t *format = NULL;
    struct exchange_wishes *wishes = &completions->wishes;
    if (!field_object(in, "response_format", &format, failure) ||
        !openai_read_form((struct fields){ format, "response_format" }, true, &completions->chat, failure) ||
        !field_object(in, "json_schema", &wishes->schema, failure) ||
        !field_text(in, "grammar", &wishes->grammar, failure))
        return false;
    if (wishes->grammar && !wishes->grammar[0])
        wishes->grammar = NULL;
    if ((completions->chat.form != CHAT_FORM_TEXT) + (wishes->schema != NULL) + (wishes->grammar != NULL) > 1)
        return field_wrong(in, "response_format", failure, "the answer's form is given twice");
    if (completions->chat.form == CHAT_FORM_JSON)
        return field_wrong(in, "response_format", failure, "json_object: give a json_schema here");
    if (completions->chat.form == CHAT_FORM_SCHEMA)
        wishes->schema = completions->chat.schema;
    return true;
}

static bool read_fields(struct completions *completions, const struct request *request, struct failure *failure)
{
    if (!fields_parse(request->body, &completions->body, failure))
        return false;
    const struct fields in = { completions->body, "" };
    const char *user = NULL;
    struct exchange_wishes *wishes = &completions->wishes;
    *wishes = exchange_default();
    wishes->owner = request->owner;
    if (!openai_read_wishes(in, request->arena, wishes, failure) ||
        !field_bool(in, "stream", &completions->stream, failure) ||
        !field_bool(in, "echo", &completions->echo, failure) || !field_text(in, "user", &user, failure) ||
        !openai_read_stream_options(in, &completions->include_usage, failure) ||
        !openai_read_length(in, &wishes->answer.most_tokens, failure) ||
        !field_text(in, "suffix", &completions->suffix, failure) || !read_answers(in, completions, failure) ||
        !read_form(in, completions, failure) || !field_demand(in, "prompt", failure))
        return false;
    if (wishes->answer.most_tokens == 0 && !field_given(in, "n_predict"))
        wishes->answer.most_tokens = TOKENS_UNLESS_SAID;
    return openai_read_prompts(in, "prompt", PROMPTS_MOST, request->arena, &completions->prompts, failure);
}

/* A suffix makes of the prompt one that asks for what lies between, where the model knows how. */
static bool fill_in(struct completions *completions, struct server *server, const struct request *request,
                    struct failure *failure)
{
    struct held *held;
    struct served_model model;
    struct openai_prompt *prompt = &completions->prompts.rows[0];
    if (completions->prompts.count > 1 || !prompt->is_text || completions->echo)
        return failure_field(failure, "suffix", "only with one prompt, a text, without echo");
    if (!exchange_hold(server, request, completions->wishes.model, &held, &model, failure))
        return false;
    const struct middle middle = { .prefix = prompt->text, .suffix = span_text(completions->suffix) };
    const bool done = middle_prompt(held_parts(held), &middle, &prompt->tokens, failure);
    prompt->is_text = false;
    held_release(held, NAN);
    return done;
}

static bool open_exchanges(struct completions *completions, struct server *server, const struct request *request,
                           struct failure *failure)
{
    const size_t count = completions->prompts.count;
    completions->exchanges = arena_take(request->arena, count, sizeof *completions->exchanges);
    if (!completions->exchanges)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (size_t i = 0; i < count; i++) {
        const struct openai_prompt *prompt = &completions->prompts.rows[i];
        completions->wishes.text = prompt->text;
        completions->wishes.prompt = prompt->is_text ? NULL : &prompt->tokens;
        if (!exchange_open(server, &completions->wishes, request, &completions->exchanges[i], failure))
            return completions->chat.form == CHAT_FORM_SCHEMA &&
                   failure_rename(failure, "json_schema", "response_format.json_schema.schema");
    }
    return true;
}

static bool answer(struct completions *completions, const struct request *request, struct response *response,
                   struct failure *failure)
{
    openai_begin(completions->exchanges[completions->prompts.count - 1], request, response, completions->stream);
    if (!completions->stream)
        return write_whole(completions, request, response, failure);
    response->has_stream = true;
    response->stream =
        (struct stream){ .keep_alive = ":\n\n", .next = next_bytes, .close = completions_close, .state = completions };
    return true;
}

bool openai_completions(struct server *server, const struct request *request, struct response *response,
                        struct failure *failure)
{
    struct completions *completions = arena_take(request->arena, 1, sizeof *completions);
    const char *id = openai_id(request, "cmpl-");
    if (!completions || !id)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    forget_choices(completions);
    completions->id = id;
    const bool done =
        read_fields(completions, request, failure) &&
        (!completions->suffix || !completions->suffix[0] || fill_in(completions, server, request, failure)) &&
        open_exchanges(completions, server, request, failure) && answer(completions, request, response, failure);
    if (!response->has_stream)
        completions_close(completions);
    return done;
}

/* exchange.c: a request for an answer becomes a job: all that can be refused is refused here. */
#include "server/exchange_inside.h"
#include "server/journal.h"
#include "server/serving.h"
#include "server/wire.h"
#include "server/usage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SECONDS_MOST = 3600, TEXT_BYTES_MOST = 64 << 20 };

struct exchange_wishes exchange_default(void)
{
    struct exchange_wishes wishes = {
        .answer.sampling = sampling_default(),
        .answers = 1,
        .slot = -1,
        .keep_alive_seconds = NAN,
    };
    uint32_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed)
        wishes.answer.sampling.seed = seed;
    return wishes;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool client_waits(void *context, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    return !request_left(context);
}

/* Finds the model of that name and holds it while the client waits; its facts live in the arena. */
static bool hold(struct server *server, const struct request *request, const char *name, struct arena *arena,
                 struct served_model *model, struct held **out, struct error *error)
{
    const struct progress progress = { .update = client_waits, .context = (void *)(uintptr_t)request };
    return registry_find(server->registry, name, arena, model, error) &&
           scheduler_hold(server->scheduler, model->path, &progress, out, error);
}

bool exchange_hold(struct server *server, const struct request *request, const char *name, struct held **out,
                   struct served_model *model, struct failure *failure)
{
    struct error error = { 0 };
    return hold(server, request, name, request->arena, model, out, &error) || failure_error(failure, &error);
}

size_t held_context(const struct server *server, const struct held *held)
{
    const size_t wanted = server->settings.scheduler.context, own = model_context(held_parts(held)->model);
    return wanted > 0 ? size_min(wanted, own) : own;
}

struct chat_model chat_model_of(const struct held_parts *parts, const char *owner)
{
    return (struct chat_model){
        .gguf = parts->gguf,
        .tokenizer = parts->tokenizer,
        .template = parts->template,
        .shelf = owner ? parts->shelf : NULL,
        .owner = owner,
    };
}

static bool open_chat(struct exchange *exchange, const struct exchange_wishes *wishes, struct error *error)
{
    const struct chat_model model = chat_model_of(held_parts(exchange->held), wishes->owner);
    return chat_open(&model, wishes->chat, &exchange->chat, error);
}

static bool copy_prompt(struct exchange *exchange, const struct tokens *prompt, struct failure *failure)
{
    const size_t vocabulary = tokenizer_vocabulary(held_parts(exchange->held)->tokenizer);
    struct error error = { 0 };
    for (size_t i = 0; i < prompt->count; i++) {
        if (prompt->ids[i] >= vocabulary)
            return failure_field(failure, "prompt", "token %u: the vocabulary has %zu", prompt->ids[i], vocabulary);
        if (!tokens_add(&exchange->prompt, prompt->ids[i], &error))
            return failure_error(failure, &error);
    }
    return true;
}

/* A text, or the tokens as they are. What is empty begins as any text does. */
static bool take_prompt(struct exchange *exchange, const struct exchange_wishes *wishes, struct failure *failure)
{
    const struct tokenizer *tokenizer = held_parts(exchange->held)->tokenizer;
    const struct encoding encoding = { .add_special = true, .parse_special = true };
    struct error error = { 0 };
    if (wishes->prompt && !copy_prompt(exchange, wishes->prompt, failure))
        return false;
    if (!wishes->prompt && !tokenizer_encode(tokenizer, wishes->text, encoding, &exchange->prompt, &error))
        return failure_error(failure, &error);
    if (exchange->prompt.count > 0)
        return true;
    const uint32_t bos = tokenizer_bos(tokenizer), begin = bos == TOKEN_NONE ? tokenizer_eos(tokenizer) : bos;
    if (begin == TOKEN_NONE)
        return failure_field(failure, "prompt", "is empty");
    return tokens_add(&exchange->prompt, begin, &error) || failure_error(failure, &error);
}

bool prompt_fits(const struct server *server, const struct held *held, size_t count, struct failure *failure)
{
    const size_t context = held_context(server, held);
    if (count < context)
        return true;
    failure_set(failure, FAILURE_TOO_LONG,
                "the prompt of %zu tokens is too large: it exceeds the available context size of %zu tokens, which "
                "holds the answer too: shorten it, or start the server with a larger --context",
                count, context);
    failure->prompt_tokens = count;
    failure->context = context;
    return false;
}

/* The texts and biases of the wishes, which belong to the caller, as the exchange's own. */
static bool copy_wishes(struct exchange *exchange, struct answer_wishes *answer, struct error *error)
{
    const char **texts = arena_take(&exchange->arena, answer->stop_count + 1, sizeof *texts);
    struct token_bias *biases = arena_take(&exchange->arena, answer->bias_count + 1, sizeof *biases);
    if (!texts || !biases)
        return error_memory(error, answer->stop_count * sizeof *texts + answer->bias_count * sizeof *biases);
    for (size_t i = 0; i < answer->stop_count; i++)
        if (!(texts[i] = arena_text(&exchange->arena, span_text(answer->stop_texts[i]))))
            return error_memory(error, strlen(answer->stop_texts[i]));
    if (answer->bias_count > 0)
        memcpy(biases, answer->biases, answer->bias_count * sizeof *biases);
    answer->stop_texts = texts;
    answer->biases = biases;
    return true;
}

static bool check_biases(const struct exchange *exchange, const struct answer_wishes *answer, struct failure *failure)
{
    const size_t vocabulary = tokenizer_vocabulary(held_parts(exchange->held)->tokenizer);
    for (size_t i = 0; i < answer->bias_count; i++)
        if (answer->biases[i].token >= vocabulary)
            return failure_field(failure, "logit_bias", "token %u: the vocabulary has %zu", answer->biases[i].token,
                                 vocabulary);
    return true;
}

struct form_text {
    bool is_schema; /* else GBNF */
    const char *text;
};

static bool build_form(void *context, struct grammar *grammar, struct rule *start, struct error *error)
{
    const struct form_text *form = context;
    return form->is_schema ? grammar_schema(grammar, form->text, start, error)
                           : grammar_gbnf(grammar, span_text(form->text), start, error);
}

/* Their descriptions are none that a conversation has: those begin with a bracket. */
static bool take_form(struct exchange *exchange, struct form_text form, const char *owner, struct error *error)
{
    struct buffer description = { .limit = SIZE_MAX / 2 };
    const bool done = buffer_text(&description, form.is_schema ? "schema " : "grammar ", error) &&
                      buffer_text(&description, form.text, error);
    const struct shelf_wish wish = {
        .tokenizer = held_parts(exchange->held)->tokenizer,
        .owner = owner,
        .description = buffer_span(&description),
        .build = build_form,
        .context = &form,
    };
    const bool taken = done && shelf_take(held_parts(exchange->held)->shelf, &wish, &exchange->form, error);
    buffer_free(&description);
    return taken || error_prefix(error, form.is_schema ? "json_schema" : "grammar");
}

/* A prompt without a conversation may have its form too. */
static bool constrain(struct exchange *exchange, const struct exchange_wishes *wishes, struct answer_wishes *answer,
                      struct error *error)
{
    if (!wishes->grammar && !wishes->schema)
        return true;
    char *schema = wishes->schema ? json_dumps(wishes->schema, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (wishes->schema && !schema)
        return error_memory(error, 1);
    const struct form_text form = { schema != NULL, schema ? schema : wishes->grammar };
    const bool done = take_form(exchange, form, wishes->owner ? wishes->owner : "", error);
    free(schema);
    answer->constraint = shelved_constraint(exchange->form);
    return done;
}

static bool open_makings(struct exchange *exchange, bool special, struct error *error)
{
    for (size_t i = 0; i < exchange->answers; i++) {
        struct making *making = &exchange->makings[i];
        told_open(&making->told, held_parts(exchange->held)->tokenizer, special);
        making->reasoning.limit = making->unread.limit = TEXT_BYTES_MOST;
        if (exchange->chat && !chat_reader_open(exchange->chat, &making->reader, error))
            return false;
    }
    return true;
}

static struct job_wishes wishes_for_job(const struct exchange *exchange, const struct exchange_wishes *wishes,
                                        const struct answer_wishes *answer)
{
    const struct tokens *prompt = exchange_prompt(exchange);
    return (struct job_wishes){
        .kind = JOB_ANSWER,
        .held = exchange->held,
        .owner = wishes->owner ? wishes->owner : "",
        .prompt = prompt->ids,
        .prompt_count = prompt->count,
        .answer = *answer,
        .answers = exchange->answers,
        .tells_tokens = wishes->tells_tokens,
        .tops = wishes->tops,
        .tells_prompt = wishes->tells_prompt,
        .no_cache = wishes->no_cache,
        .slot = wishes->slot,
        .most_seconds = wishes->most_seconds > 0 ? fmin(wishes->most_seconds, SECONDS_MOST) : SECONDS_MOST,
    };
}

static bool start(struct exchange *exchange, struct server *server, const struct exchange_wishes *wishes,
                  struct error *error)
{
    struct answer_wishes answer = wishes->answer;
    if (!copy_wishes(exchange, &answer, error) ||
        !(exchange->chat ? chat_wish(exchange->chat, &answer, error) : constrain(exchange, wishes, &answer, error)) ||
        !open_makings(exchange, answer.show_special, error))
        return false;
    const struct job_wishes job = wishes_for_job(exchange, wishes, &answer);
    return job_open(server->scheduler, &job, &exchange->job, &exchange->queue_position, error);
}

static bool prepare(struct exchange *exchange, struct server *server, const struct exchange_wishes *wishes,
                    const struct request *request, struct failure *failure)
{
    struct error error = { 0 };
    if (!hold(server, request, wishes->model, &exchange->arena, &exchange->model, &exchange->held, &error) ||
        (wishes->chat && !open_chat(exchange, wishes, &error)))
        return failure_error(failure, &error);
    if ((!wishes->chat && !take_prompt(exchange, wishes, failure)) ||
        !prompt_fits(server, exchange->held, exchange_prompt(exchange)->count, failure) ||
        !check_biases(exchange, &wishes->answer, failure))
        return false;
    return start(exchange, server, wishes, &error) || failure_error(failure, &error);
}

/* For --log-prompts: as the model reads it. A prompt that came as tokens has no text. */
static void log_prompt(struct server *server, const struct exchange *exchange, const struct exchange_wishes *wishes,
                       const struct request *request)
{
    const struct span text = exchange->chat ? exchange_prompt_text(exchange) : wishes->text;
    if (atomic_load(&server->log_prompts))
        journal_prompt(server->journal, request->id, text);
}

bool exchange_open(struct server *server, const struct exchange_wishes *wishes, const struct request *request,
                   struct exchange **out, struct failure *failure)
{
    if (wishes->answers < 1 || wishes->answers > ANSWERS_MOST)
        return failure_field(failure, "n", "%zu: must be from 1 to %d", wishes->answers, ANSWERS_MOST);
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    exchange->texts.limit = SIZE_MAX / 2;
    exchange->answers = wishes->answers;
    exchange->tells_tokens = wishes->tells_tokens;
    exchange->slot = -1;
    exchange->created = calendar_now();
    exchange->keep_alive_seconds = wishes->keep_alive_seconds;
    exchange->usage = usage_hold(request->usage);
    if (!prepare(exchange, server, wishes, request, failure)) {
        exchange_close(exchange);
        return false;
    }
    usage_add(exchange->usage, exchange_prompt(exchange)->count, 0);
    log_prompt(server, exchange, wishes, request);
    *out = exchange;
    return true;
}

void exchange_close(struct exchange *exchange)
{
    if (!exchange)
        return;
    job_close(exchange->job);
    for (size_t i = 0; i < exchange->answers; i++) {
        chat_reader_close(exchange->makings[i].reader);
        told_close(&exchange->makings[i].told);
        buffer_free(&exchange->makings[i].reasoning);
        buffer_free(&exchange->makings[i].unread);
    }
    chat_close(exchange->chat);
    shelf_return(exchange->form);
    if (exchange->held)
        held_release(exchange->held, exchange->keep_alive_seconds);
    tokens_free(&exchange->prompt);
    buffer_free(&exchange->texts);
    free(exchange->queue);
    arena_free(&exchange->arena);
    usage_release(exchange->usage);
    free(exchange);
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

const char *exchange_model(const struct exchange *exchange)
{
    return exchange->model.id;
}

const struct held_parts *exchange_parts(const struct exchange *exchange)
{
    return held_parts(exchange->held);
}

const struct tokens *exchange_prompt(const struct exchange *exchange)
{
    return exchange->chat ? chat_prompt(exchange->chat) : &exchange->prompt;
}

struct span exchange_prompt_text(const struct exchange *exchange)
{
    return exchange->chat ? chat_prompt_text(exchange->chat) : span_of("", 0);
}

size_t exchange_queue_position(const struct exchange *exchange)
{
    return exchange->queue_position;
}

double exchange_created(const struct exchange *exchange)
{
    return exchange->created;
}

int exchange_slot(const struct exchange *exchange)
{
    return exchange->slot;
}

struct span exchange_piece(const struct exchange *exchange, uint32_t token, char scratch[256])
{
    return tokenizer_piece(held_parts(exchange->held)->tokenizer, token, true, scratch);
}

/* The first token comes with the prompt: a speed is that of the steps after it. */
json_t *timings_json(const struct job_counts *counts)
{
    const size_t read = counts->prompt_tokens - size_min(counts->cached_tokens, counts->prompt_tokens);
    const double prompt_ms = counts->prompt_seconds * 1e3, predicted_ms = counts->seconds * 1e3;
    const double prompt_n = (double)read, steps = counts->tokens > 1 ? (double)(counts->tokens - 1) : 0;
    return json_pack("{s:I, s:I, s:f, s:f, s:f, s:I, s:f, s:f, s:f}", "cache_n", (json_int_t)counts->cached_tokens,
                     "prompt_n", (json_int_t)read, "prompt_ms", prompt_ms, "prompt_per_token_ms",
                     read ? prompt_ms / prompt_n : 0.0, "prompt_per_second",
                     prompt_ms > 0 ? prompt_n * 1e3 / prompt_ms : 0.0, "predicted_n", (json_int_t)counts->tokens,
                     "predicted_ms", predicted_ms, "predicted_per_token_ms", steps > 0 ? predicted_ms / steps : 0.0,
                     "predicted_per_second", predicted_ms > 0 ? steps * 1e3 / predicted_ms : 0.0);
}

json_t *exchange_prompt_json(const struct exchange *exchange)
{
    const struct tokens *prompt = exchange_prompt(exchange);
    struct decoder decoder = { .tokenizer = exchange_parts(exchange)->tokenizer, .special = true };
    struct buffer text = { .limit = SIZE_MAX / 2 };
    bool good = true;
    for (size_t i = 0; good && i < prompt->count; i++)
        good = decoder_add(&decoder, prompt->ids[i], &text, NULL);
    good = good && decoder_end(&decoder, &text, NULL);
    json_t *json = good ? wire_text(buffer_span(&text)) : NULL;
    buffer_free(&text);
    return json;
}

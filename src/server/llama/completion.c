/* completion.c: POST /completion: one exchange for each prompt, all of them at once. Nothing is sent before all
 * were admitted. */
#include "server/gathered.h"
#include "server/llama/llama.h"
#include "server/openai/openai.h"

#include <stdlib.h>

/* One prompt with its answers. */
struct run {
    struct exchange *exchange;
    struct llama_answer *answers; /* [wishes.exchange.answers] */
    bool over;
};

struct completing {
    json_t *body;
    struct held *held;
    struct llama_wishes wishes;
    struct llama_prompts prompts;
    struct run *runs; /* [prompts.count] */
    size_t next;      /* whose turn it is in a stream */
};

static void completing_close(void *state)
{
    struct completing *completing = state;
    for (size_t i = 0; completing->runs && i < completing->prompts.count; i++) {
        exchange_close(completing->runs[i].exchange);
        for (size_t k = 0; completing->runs[i].answers && k < completing->wishes.exchange.answers; k++)
            llama_answer_free(&completing->runs[i].answers[k]);
    }
    llama_prompts_free(&completing->prompts);
    json_decref(completing->wishes.settings);
    json_decref(completing->body);
    held_release(completing->held, completing->wishes.exchange.keep_alive_seconds);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool open_run(struct completing *completing, struct server *server, const struct request *request, size_t i,
                     struct failure *failure)
{
    struct run *run = &completing->runs[i];
    struct exchange_wishes wishes = completing->wishes.exchange;
    wishes.prompt = &completing->prompts.rows[i];
    run->answers = arena_take(request->arena, wishes.answers, sizeof *run->answers);
    if (!run->answers)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    if (!exchange_open(server, &wishes, request, &run->exchange, failure))
        return false;
    for (size_t k = 0; k < wishes.answers; k++) {
        run->answers[k].wishes = &completing->wishes;
        run->answers[k].exchange = run->exchange;
        run->answers[k].index = i * wishes.answers + k;
    }
    return true;
}

static bool open_runs(struct completing *completing, struct server *server, const struct request *request, bool infill,
                      struct failure *failure)
{
    if (!llama_wishes_read(completing->body, request, held_parts(completing->held), infill, &completing->wishes,
                           failure))
        return false;
    completing->runs = arena_take(request->arena, completing->prompts.count, sizeof *completing->runs);
    if (!completing->runs)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    for (size_t i = 0; i < completing->prompts.count; i++)
        if (!open_run(completing, server, request, i, failure))
            return false;
    return true;
}

/* ---- whole ------------------------------------------------------------------------------------------------------- */

static bool take_part(void *context, const struct exchange_part *part, struct error *error)
{
    const struct run *run = context;
    return llama_answer_take(&run->answers[part->answer], part, NULL, error);
}

static json_t *body_json(const struct completing *completing)
{
    const size_t answers = completing->wishes.exchange.answers;
    if (completing->prompts.count == 1 && answers == 1)
        return llama_answer_json(&completing->runs[0].answers[0]);
    json_t *all = json_array();
    for (size_t i = 0; i < completing->prompts.count; i++)
        for (size_t k = 0; k < answers; k++)
            json_array_append_new(all, llama_answer_json(&completing->runs[i].answers[k]));
    return all;
}

static bool answer_whole(struct completing *completing, const struct request *request, struct response *response,
                         struct failure *failure)
{
    struct error error = { 0 };
    for (size_t i = 0; i < completing->prompts.count; i++)
        if (!exchange_run(completing->runs[i].exchange, request, take_part, &completing->runs[i], failure))
            return false;
    return wire_json(&response->body, body_json(completing), &error) || failure_error(failure, &error);
}

/* ---- a stream ---------------------------------------------------------------------------------------------------- */

/* The next run that goes on; NULL: all are over. */
static struct run *next_run(struct completing *completing)
{
    const size_t count = completing->prompts.count;
    for (size_t i = 0; i < count; i++) {
        struct run *run = &completing->runs[(completing->next + i) % count];
        if (!run->over) {
            completing->next = (completing->next + i + 1) % count;
            return run;
        }
    }
    return NULL;
}

static bool write_failure(const struct failure *failure, struct buffer *out, struct error *error)
{
    return wire_event(out, NULL, json_pack("{s:o}", "error", llama_error(failure)), error);
}

static bool stream_next(void *state, struct buffer *out, bool *end)
{
    struct completing *completing = state;
    struct run *run = next_run(completing);
    struct exchange_part part;
    struct error error = { 0 };
    if (!run) {
        *end = true;
        return true;
    }
    exchange_next(run->exchange, &part);
    run->over = part.kind == EXCHANGE_OVER;
    *end = part.kind == EXCHANGE_FAILED;
    return *end ? write_failure(part.failure, out, &error)
                : llama_answer_take(&run->answers[part.answer], &part, out, &error);
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

static bool answer(struct completing *completing, struct server *server, const struct request *request, bool infill,
                   struct response *response, struct failure *failure)
{
    if (!open_runs(completing, server, request, infill, failure))
        return false;
    exchange_tell(completing->runs[0].exchange, request, response);
    if (!completing->wishes.stream)
        return answer_whole(completing, request, response, failure);
    response->content_type = "text/event-stream";
    response->has_stream = true;
    response->stream =
        (struct stream){ .keep_alive = ":\n\n", .next = stream_next, .close = completing_close, .state = completing };
    return true;
}

bool llama_complete(struct server *server, const struct request *request, json_t *body, struct held *held,
                    struct llama_prompts *prompts, bool infill, struct response *response, struct failure *failure)
{
    struct completing *completing = arena_take(request->arena, 1, sizeof *completing);
    if (!completing) {
        llama_prompts_free(prompts);
        json_decref(body);
        held_release(held, 0);
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    }
    *completing = (struct completing){ .body = body, .held = held, .prompts = *prompts };
    completing->wishes.exchange = exchange_default();
    const bool done = answer(completing, server, request, infill, response, failure);
    if (!done || !response->has_stream)
        completing_close(completing);
    return done;
}

bool llama_begin(struct server *server, const struct request *request, json_t **body, struct held **held,
                 struct failure *failure)
{
    const char *name = NULL;
    struct served_model model;
    *held = NULL;
    if (!fields_parse(request->body, body, failure))
        return false;
    if (field_text((struct fields){ *body, "" }, "model", &name, failure) &&
        exchange_hold(server, request, name, held, &model, failure))
        return true;
    json_decref(*body);
    return false;
}

bool llama_completion(struct server *server, const struct request *request, struct response *response,
                      struct failure *failure)
{
    json_t *body;
    struct held *held;
    struct llama_prompts prompts = { 0 };
    if (!llama_begin(server, request, &body, &held, failure))
        return false;
    const json_t *prompt = json_object_get(body, "prompt");
    if (field_demand((struct fields){ body, "" }, "prompt", failure) &&
        llama_prompts_read(prompt, "prompt", held_parts(held), &prompts, failure))
        return llama_complete(server, request, body, held, &prompts, false, response, failure);
    llama_prompts_free(&prompts);
    json_decref(body);
    held_release(held, exchange_default().keep_alive_seconds);
    return false;
}

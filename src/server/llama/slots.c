/* slots.c: the places of running answers, as their owner sees them; and saving, restoring, forgetting what one
 * holds. */
#include "server/llama/llama.h"
#include "server/wire.h"

#include <stdlib.h>
#include <string.h>

/* context: of a slot that was never used. */
static json_t *slot_json(const struct slot *slot, size_t context)
{
    json_t *next = json_pack("[{s:b, s:b, s:i, s:I}]", "has_next_token", (int)slot->goes_on, "has_new_line", 0,
                             "n_remain", -1, "n_decoded", (json_int_t)(slot->busy ? slot->tokens : 0));
    return json_pack("{s:i, s:i, s:o, s:b, s:b, s:I, s:I, s:o}", "id", slot->id, "id_task", -1, "n_ctx",
                     wire_count(slot->context ? slot->context : context), "speculative", 0, "is_processing",
                     (int)slot->busy, "n_prompt_tokens", (json_int_t)slot->prompt_tokens, "n_prompt_tokens_cache",
                     (json_int_t)slot->cached_tokens, "next_token", next);
}

bool llama_list_slots(struct server *server, const struct request *request, struct response *response,
                      struct failure *failure)
{
    struct slot *slots;
    size_t count, idle = 0;
    struct error error = { 0 };
    if (!scheduler_slots(server->scheduler, request->owner, request->arena, &slots, &count, &error))
        return failure_error(failure, &error);
    const size_t context = llama_context(server, request, NULL);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        idle += !slots[i].busy;
        json_array_append_new(rows, slot_json(&slots[i], context));
    }
    if (idle == 0 && request_query(request, "fail_on_no_slot")) {
        json_decref(rows);
        return failure_set(failure, FAILURE_UNAVAILABLE, "no slot is free");
    }
    return wire_json(&response->body, rows, &error) || failure_error(failure, &error);
}

/* ---- save, restore, erase ---------------------------------------------------------------------------------------- */

struct asked {
    struct server *server;
    const struct request *request;
    int slot;
    const char *file, *model; /* in the body; NULL: not said */
    double began;
};

static json_t *timing_json(const char *name, const struct asked *asked)
{
    return json_pack("{s:f}", name, (seconds_now() - asked->began) * 1e3);
}

static bool demand_file(const struct asked *asked, struct failure *failure)
{
    if (!asked->server->settings.scheduler.slot_folder)
        return failure_set(failure, FAILURE_NOT_BUILT, "slots are not saved: start the server with --slot-dir");
    return asked->file || failure_field(failure, "filename", "is missing");
}

static bool save(const struct asked *asked, json_t **out, struct failure *failure)
{
    size_t tokens;
    uint64_t bytes;
    struct error error = { 0 };
    if (!demand_file(asked, failure))
        return false;
    if (!slot_save(asked->server->scheduler, asked->request->owner, asked->slot, asked->file, &tokens, &bytes, &error))
        return failure_error(failure, &error);
    *out = json_pack("{s:i, s:s, s:I, s:I, s:o}", "id_slot", asked->slot, "filename", asked->file, "n_saved",
                     (json_int_t)tokens, "n_written", (json_int_t)bytes, "timings", timing_json("save_ms", asked));
    return true;
}

static bool restore(const struct asked *asked, json_t **out, struct failure *failure)
{
    size_t tokens;
    uint64_t bytes;
    struct held *held;
    struct served_model model;
    struct error error = { 0 };
    if (!demand_file(asked, failure) ||
        !exchange_hold(asked->server, asked->request, asked->model, &held, &model, failure))
        return false;
    const bool restored = slot_restore(asked->server->scheduler, asked->request->owner, asked->slot, asked->file, held,
                                       &tokens, &bytes, &error);
    held_release(held, exchange_default().keep_alive_seconds);
    if (!restored)
        return failure_error(failure, &error);
    *out = json_pack("{s:i, s:s, s:I, s:I, s:o}", "id_slot", asked->slot, "filename", asked->file, "n_restored",
                     (json_int_t)tokens, "n_read", (json_int_t)bytes, "timings", timing_json("restore_ms", asked));
    return true;
}

static bool erase(const struct asked *asked, json_t **out, struct failure *failure)
{
    size_t tokens;
    struct error error = { 0 };
    if (!slot_erase(asked->server->scheduler, asked->request->owner, asked->slot, &tokens, &error))
        return failure_error(failure, &error);
    *out = json_pack("{s:i, s:I}", "id_slot", asked->slot, "n_erased", (json_int_t)tokens);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(const struct asked *asked, json_t **out, struct failure *failure);
} actions[] = { { "save", save }, { "restore", restore }, { "erase", erase } };

static bool run_action(const struct asked *asked, struct response *response, struct failure *failure)
{
    const char *action = request_query(asked->request, "action");
    struct error error = { 0 };
    json_t *told = NULL;
    for (size_t i = 0; action && i < LENGTH(actions); i++)
        if (strcmp(action, actions[i].name) == 0)
            return actions[i].run(asked, &told, failure) &&
                   (wire_json(&response->body, told, &error) || failure_error(failure, &error));
    return failure_field(failure, "action", "save, restore or erase is wanted");
}

static bool parse_slot(const char *text, int *out)
{
    char *end;
    const long slot = strtol(text, &end, 10);
    *out = (int)slot;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && slot < 1 << 20;
}

bool llama_change_slot(struct server *server, const struct request *request, struct response *response,
                       struct failure *failure)
{
    struct asked asked = { .server = server, .request = request, .began = seconds_now() };
    json_t *body = NULL;
    if (!parse_slot(request->rest, &asked.slot))
        return failure_set(failure, FAILURE_NOT_FOUND, "there is no such slot");
    if (request->body.bytes > 0 && !fields_parse(request->body, &body, failure)) /* erase comes without one */
        return false;
    const struct fields in = { body, "" };
    const bool done = field_text(in, "filename", &asked.file, failure) &&
                      field_text(in, "model", &asked.model, failure) && run_action(&asked, response, failure);
    json_decref(body);
    return done;
}

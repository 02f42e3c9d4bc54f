/* generate.c: a prompt to a streamed answer, for one sequence.
 *
 *   transcript  |--- common beginning ---|--- other end ---|         cut away
 *   prompt      |--- common beginning ---|------- new -------|       run in pieces, logits for the last token only
 *   answer                                                   |-->    one token at a time
 *
 * The last token of a prompt is always run anew: its logits are not kept. */
#include "engine/engine.h"

#include <stdlib.h>

static const char *const reading = "reading the prompt";

/* One call of generate. */
struct run {
    const struct generation *generation;
    struct transcript *transcript;
    struct answer *answer;
    struct batch_token *pieces; /* [batch] */
    struct buffer text;         /* what a token made certain */
    const float *logits;
    struct generated *result;
};

static bool wants_stop(const struct run *run)
{
    const struct generation *generation = run->generation;
    return generation->stop && generation->stop(generation->context);
}

/* Runs tokens and writes down that the sequence holds them. */
static bool run_tokens(struct run *run, const uint32_t *tokens, size_t count, bool wants_logits, struct error *error)
{
    struct transcript *transcript = run->transcript;
    const size_t before = transcript->tokens.count;
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        run->pieces[i] = (struct batch_token){ transcript->sequence, tokens[i], wants_logits && i + 1 == count };
        good = tokens_add(&transcript->tokens, tokens[i], error);
    }
    good = good && engine_run(run->generation->engine, run->pieces, count, &run->logits, error);
    if (!good)
        transcript->tokens.count = before;
    return good;
}

static size_t common_beginning(const struct tokens *a, const struct tokens *b)
{
    size_t length = 0;
    while (length < a->count && length < b->count && a->ids[length] == b->ids[length])
        length++;
    return length;
}

/* Leaves what transcript and prompt have in common, without the prompt's last token. A sequence that can't go back to
 * where they part starts again. */
static bool cut_transcript(struct transcript *transcript, const struct tokens *prompt, struct error *error)
{
    size_t length = size_min(common_beginning(&transcript->tokens, prompt), prompt->count - 1);
    if (length < transcript->tokens.count && !sequence_cut(transcript->sequence, length, NULL)) {
        length = 0;
        if (!sequence_cut(transcript->sequence, length, error))
            return false;
    }
    transcript->tokens.count = length;
    return true;
}

static bool check_room(const struct transcript *transcript, const struct tokens *prompt, struct error *error)
{
    const size_t context = sequence_length(transcript->sequence) + sequence_room(transcript->sequence);
    if (prompt->count == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "the prompt is empty: there is nothing to continue");
    if (prompt->count >= context)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "the prompt has %zu tokens and the context %zu, of which one is for an answer: "
                              "shorten the prompt or ask for a larger context",
                              prompt->count, context);
    return true;
}

/* Runs what the transcript lacks of the prompt, or as much as the caller has patience for. */
static bool read_pieces(struct run *run, const struct tokens *prompt, struct error *error)
{
    const struct generation *generation = run->generation;
    struct tokens *held = &run->transcript->tokens;
    while (held->count < prompt->count) {
        if (!progress_tell(generation->progress, reading, held->count, prompt->count) || wants_stop(run)) {
            run->result->end = ANSWER_STOPPED;
            return true;
        }
        const size_t count = size_min(prompt->count - held->count, generation->batch);
        const bool last = held->count + count == prompt->count;
        if (!run_tokens(run, prompt->ids + held->count, count, last, error))
            return false;
    }
    return true;
}

static bool read_prompt(struct run *run, const struct tokens *prompt, struct error *error)
{
    const bool done = read_pieces(run, prompt, error);
    progress_tell(run->generation->progress, reading, prompt->count, prompt->count); /* also when it was stopped */
    return done;
}

static bool send_text(struct run *run, struct error *error)
{
    const struct span text = buffer_span(&run->text);
    run->text.length = 0;
    return text.bytes == 0 || run->generation->text(run->generation->context, text, error);
}

/* Chooses a token; if the answer goes on, runs it, unless there is a reason to stop. */
static bool next_token(struct run *run, struct error *error)
{
    enum answer_end *end = &run->result->end;
    uint32_t token;
    if (!answer_take(run->answer, run->logits, &token, &run->text, end, error))
        return false;
    run->result->tokens++;
    if (*end == ANSWER_GOES_ON && sequence_room(run->transcript->sequence) == 0)
        *end = ANSWER_CONTEXT;
    else if (*end == ANSWER_GOES_ON && wants_stop(run))
        *end = ANSWER_STOPPED;
    const bool cut = *end == ANSWER_CONTEXT || *end == ANSWER_STOPPED;
    if ((cut && !answer_finish(run->answer, &run->text, error)) || !send_text(run, error))
        return false;
    return *end != ANSWER_GOES_ON || run_tokens(run, &token, 1, true, error);
}

static bool run_all(struct run *run, const struct tokens *prompt, struct error *error)
{
    struct generated *result = run->result;
    answer_accept(run->answer, prompt->ids, prompt->count);
    const double started = seconds_now();
    if (!read_prompt(run, prompt, error))
        return false;
    const double answering = seconds_now();
    result->prompt_seconds = answering - started;
    while (result->end == ANSWER_GOES_ON)
        if (!next_token(run, error))
            return false;
    result->seconds = seconds_now() - answering;
    return true;
}

static bool open_parts(struct run *run, struct error *error)
{
    const struct generation *generation = run->generation;
    run->pieces = calloc(generation->batch, sizeof *run->pieces);
    if (!run->pieces)
        return error_memory(error, generation->batch * sizeof *run->pieces);
    return answer_open(generation->tokenizer, model_facts(generation->model).vocabulary, &generation->wishes,
                       &run->answer, error);
}

bool generate(const struct generation *generation, const struct tokens *prompt, struct transcript *transcript,
              struct generated *out, struct error *error)
{
    *out = (struct generated){ .prompt_tokens = prompt->count };
    struct run run = { .generation = generation, .transcript = transcript, .result = out, .text.limit = SIZE_MAX / 2 };
    bool done = check_room(transcript, prompt, error) && open_parts(&run, error) &&
                cut_transcript(transcript, prompt, error);
    if (done) {
        out->kept_tokens = transcript->tokens.count;
        done = run_all(&run, prompt, error);
    }
    answer_close(run.answer);
    buffer_free(&run.text);
    free(run.pieces);
    return done;
}

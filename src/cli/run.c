/* run.c: bastide run: one completion on standard output, for people and for pipes. */
#include "cli/commands.h"
#include "cli/form.h"
#include "cli/interrupt.h"
#include "cli/session.h"
#include "cli/wrap.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLAIN_TOKENS_MOST = 256 }; /* a model without turns seldom ends by itself */

/* Where the text of an answer goes. */
struct output {
    struct buffer *kept; /* for --json; NULL: to standard output at once */
    bool line_open;      /* the last byte was no end of line */
    struct wrap wrap;
};

static bool take_text(void *context, struct span text, struct error *error)
{
    struct output *output = context;
    if (output->kept)
        return buffer_add(output->kept, text.data, text.bytes, error);
    output->line_open = text.data[text.bytes - 1] != '\n';
    return wrap_add(&output->wrap, text, error) && print_flush(error);
}

/* ---- the prompt ------------------------------------------------------------------------------------------------ */

/* Where the prompt comes from: a file's path, "-" for standard input, NULL for the argument itself. */
static bool find_source(const struct arguments *arguments, const char **path, struct error *error)
{
    const char *file = option_text(arguments, "file", NULL), *word = argument(arguments, 1);
    if (file && word)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "the prompt is given twice, as an argument and as --file %s: leave one out", file);
    if (!file && !word && isatty(STDIN_FILENO))
        return error_set_kind(error, ERROR_WRONG_USE,
                              "the prompt is missing: give it as an argument, by --file or on standard input");
    *path = file ? file : !word || strcmp(word, "-") == 0 ? "-" : NULL;
    return true;
}

/* A file's last end of line belongs to the file and not to the prompt: a model would take it for the end of a
 * paragraph. */
static void drop_end_of_line(struct buffer *text)
{
    if (text->length == 0 || text->bytes[text->length - 1] != '\n')
        return;
    text->length--;
    if (text->length > 0 && text->bytes[text->length - 1] == '\r')
        text->length--;
}

static bool read_prompt(const struct arguments *arguments, struct buffer *out, struct error *error)
{
    const char *path = NULL;
    if (!find_source(arguments, &path, error))
        return false;
    if (!(path ? file_read(path, out, error) : buffer_text(out, argument(arguments, 1), error)))
        return false;
    if (path)
        drop_end_of_line(out);
    if (out->length == 0)
        return error_set_kind(error, ERROR_WRONG_USE, "the prompt is empty: there is nothing to answer");
    return session_check_text("the prompt", buffer_span(out), error);
}

/* The prompt as messages: what the system should be, if that is wanted, and the user's words. */
static char *messages_of(struct span prompt, const char *system)
{
    json_t *messages = json_array();
    if (system)
        json_array_append_new(messages, json_pack("{s:s, s:s}", "role", "system", "content", system));
    json_array_append_new(messages, json_pack("{s:s, s:s%}", "role", "user", "content", prompt.data, prompt.bytes));
    char *text = json_dumps(messages, JSON_COMPACT);
    json_decref(messages);
    return text;
}

static bool encode_as_messages(const struct session *session, struct span prompt, const char *system,
                               struct tokens *out, struct error *error)
{
    if (system && !session_check_text("--system", span_text(system), error))
        return false;
    char *messages = messages_of(prompt, system);
    const bool done = messages ? session_encode_messages(session, messages, out, error)
                               : error_memory(error, prompt.bytes);
    free(messages);
    return done;
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

static bool print_json(const struct session *session, const struct answer_wishes *wishes, struct span text,
                       const struct generated *generated, struct error *error)
{
    json_t *object = json_pack("{s:s, s:s%, s:s, s:I, s:I, s:I, s:f, s:f, s:I}", "model", session->loaded.path, "text",
                               text.data ? text.data : (const unsigned char *)"", text.bytes, "stop",
                               answer_end_name(generated->end), "tokens", (json_int_t)generated->tokens,
                               "prompt_tokens", (json_int_t)generated->prompt_tokens, "kept_tokens",
                               (json_int_t)generated->kept_tokens, "prompt_seconds", generated->prompt_seconds,
                               "seconds", generated->seconds, "seed", (json_int_t)wishes->sampling.seed);
    char *line = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    const bool done = line ? print(error, "%s\n", line) : error_memory(error, text.bytes);
    free(line);
    return done && print_flush(error);
}

/* Generates, and writes what belongs after the text. An answer that was stopped is written as far as it came. */
static bool answer(const struct arguments *arguments, struct session *session, const struct answer_wishes *wishes,
                   const struct tokens *prompt, struct generated *generated, struct error *error)
{
    const bool json = option_given(arguments, "json");
    struct buffer kept = { .limit = SIZE_MAX / 2 };
    struct output output = { .kept = json ? &kept : NULL };
    struct generation generation = session_generation(session);
    generation.wishes = *wishes;
    generation.text = take_text;
    generation.context = &output;
    bool done = generate(&generation, prompt, &session->transcript, generated, error);
    done = wrap_flush(&output.wrap, done ? error : NULL) && done; /* the first error is the one to tell */
    if (done && json)
        done = print_json(session, wishes, buffer_span(&kept), generated, error);
    else if (done && output.line_open)
        done = print(error, "\n") && print_flush(error);
    buffer_free(&kept);
    return done;
}

/* Texts that end the answer, as the line gives them. */
static bool read_stops(const struct arguments *arguments, const char *texts[STOP_TEXTS_MOST],
                       struct answer_wishes *wishes, struct error *error)
{
    size_t count = 0;
    while (count < STOP_TEXTS_MOST && (texts[count] = option_at(arguments, "stop", count)) != NULL)
        count++;
    wishes->stop_texts = texts;
    wishes->stop_count = count;
    return !option_at(arguments, "stop", STOP_TEXTS_MOST) ||
           error_set_kind(error, ERROR_WRONG_USE, "--stop: at most %d are possible", STOP_TEXTS_MOST);
}

static bool encode_prompt(const struct arguments *arguments, const struct session *session, struct span prompt,
                          struct answer_wishes *wishes, struct tokens *out, struct error *error)
{
    const char *system = option_text(arguments, "system", NULL);
    if (session->template && !option_given(arguments, "raw"))
        return encode_as_messages(session, prompt, system, out, error);
    if (system)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "--system: a plain completion has no system message: write it into the prompt");
    if (wishes->most_tokens == 0)
        wishes->most_tokens = PLAIN_TOKENS_MOST;
    return session_encode_plain(session, prompt, out, error);
}

static bool run_with(const struct arguments *arguments, struct session *session, struct form *form,
                     struct answer_wishes *wishes, struct span prompt, struct generated *generated, struct error *error)
{
    struct tokens tokens = { 0 };
    session->loaded.quiet = option_given(arguments, "quiet");
    bool done = session_open(argument(arguments, 0), arguments, session, error) &&
                form_wish(form, session->tokenizer, wishes, error) &&
                encode_prompt(arguments, session, prompt, wishes, &tokens, error);
    if (done) {
        interrupt_watch();
        done = answer(arguments, session, wishes, &tokens, generated, error);
    }
    if (done && option_given(arguments, "stats")) {
        char speeds[160];
        fprintf(stderr, "%s; stop: %s; seed: %llu\n", session_speeds(generated, speeds),
                answer_end_name(generated->end), (unsigned long long)wishes->sampling.seed);
    }
    tokens_free(&tokens);
    return done;
}

static enum status run(const struct arguments *arguments, struct error *error)
{
    const char *stop_texts[STOP_TEXTS_MOST];
    struct answer_wishes wishes;
    struct generated generated = { 0 };
    struct session session = { 0 };
    struct form form = { 0 };
    struct buffer prompt = { .limit = PROMPT_BYTES_MOST };
    const bool done = session_wishes(arguments, &wishes, error) && read_stops(arguments, stop_texts, &wishes, error) &&
                      form_read(arguments, &form, error) && read_prompt(arguments, &prompt, error) &&
                      run_with(arguments, &session, &form, &wishes, buffer_span(&prompt), &generated, error);
    form_close(&form);
    session_close(&session);
    buffer_free(&prompt);
    if (!done)
        return status_of(error);
    return generated.end == ANSWER_STOPPED ? STATUS_STOPPED : STATUS_DONE;
}

static const struct option options[] = {
    { "file", 'f', "FILE", "read the prompt from a file" },
    { "system", 's', "TEXT", "what the model is told before the prompt" },
    { "raw", 0, NULL, "continue the prompt as plain text, without the model's chat template" },
    SESSION_OPTIONS,
    FORM_OPTIONS,
    { "stop", 0, "TEXT", "end the answer before this text; may be given several times" },
    { "json", 0, NULL, "print one object with text, tokens, times and why it stopped" },
    { "stats", 0, NULL, "tell on standard error how fast it was, and the seed" },
    { "quiet", 'q', NULL, "show no progress" },
    { 0 },
};

const struct command command_run = {
    .name = "run",
    .takes = "MODEL [PROMPT]",
    .does = "answer one prompt on standard output",
    .details = "The prompt is the argument, or a file, or standard input (also as -). With a chat template the model\n"
               "answers it; without one, or with --raw, it continues it, by 256 tokens if -n says nothing else.\n"
               "The last end of line of a file or of standard input does not count. Ctrl-C ends the answer.\n"
               "With --json-schema or --grammar the answer can't but have that form; one that -n cuts is not whole.\n",
    .examples = "  bastide run smollm2 'Name three French cheeses.'\n"
                "  bastide run smollm2 --system 'Answer in French.' -n 100 < question.txt\n"
                "  git diff | bastide run model.gguf --temperature 0 --file - --json\n"
                "  bastide run smollm2 'Invent a person.' --json-schema person.json\n"
                "  bastide run gemma --raw 'The capital of France is' -n 8 --seed 1\n",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};

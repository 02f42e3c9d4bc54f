/* session.c: a model opened to answer. */
#include "cli/session.h"

#include <float.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "chat/chat.h"
#include "cli/interrupt.h"

enum {
    BATCH = 256, /* tokens of a prompt at a time: enough for full speed, few enough to stop soon */
    TEMPLATE_BYTES_MOST = 1 << 20,
    CONTEXT_MOST = 1 << 30,
};

/* Which values make sense is for sampling_check to say. */
static bool read_reals(const struct arguments *arguments, struct sampling *sampling, struct error *error)
{
    const struct {
        const char *option;
        float *value;
    } rows[] = {
        { "temperature", &sampling->temperature },
        { "top-p", &sampling->top_p },
        { "min-p", &sampling->min_p },
        { "repeat-penalty", &sampling->repeat_penalty },
        { "presence-penalty", &sampling->presence_penalty },
        { "frequency-penalty", &sampling->frequency_penalty },
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        double value = (double)*rows[i].value;
        if (!option_real(arguments, rows[i].option, (double)-FLT_MAX, (double)FLT_MAX, &value, error))
            return false;
        *rows[i].value = (float)value;
    }
    return true;
}

static bool read_integers(const struct arguments *arguments, struct answer_wishes *wishes, struct error *error)
{
    struct sampling *sampling = &wishes->sampling;
    uint64_t most = wishes->most_tokens, top_k = sampling->top_k, window = sampling->penalty_window;
    if (!option_integer(arguments, "max-tokens", 1, CONTEXT_MOST, &most, error) ||
        !option_integer(arguments, "top-k", 0, UINT32_MAX, &top_k, error) ||
        !option_integer(arguments, "penalty-window", 0, UINT32_MAX, &window, error) ||
        !option_integer(arguments, "seed", 0, UINT64_MAX, &sampling->seed, error))
        return false;
    wishes->most_tokens = (size_t)most;
    sampling->top_k = (uint32_t)top_k;
    sampling->penalty_window = (uint32_t)window;
    return true;
}

bool session_wishes(const struct arguments *arguments, struct answer_wishes *out, struct error *error)
{
    *out = (struct answer_wishes){ .sampling = sampling_default() };
    uint32_t seed; /* short enough to be typed again, and exact in every reader of JSON */
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return error_system(error, "seed", "draw it");
    out->sampling.seed = seed;
    return read_reals(arguments, &out->sampling, error) && read_integers(arguments, out, error) &&
           sampling_check(&out->sampling, error);
}

bool session_check_text(const char *what, struct span text, struct error *error)
{
    const size_t valid = utf8_valid_prefix(text);
    return valid == text.bytes ||
           error_set(error, "%s: byte %zu (0x%02X) is not valid UTF-8: convert it, with iconv for example", what, valid,
                     text.data[valid]);
}

/* The template of --template, else the model's own, else none. */
static bool open_template(const struct arguments *arguments, struct session *session, struct error *error)
{
    const char *path = option_text(arguments, "template", NULL);
    struct buffer text = { .limit = TEMPLATE_BYTES_MOST };
    bool done = true;
    if (path)
        done = file_read(path, &text, error) && template_open(buffer_span(&text), path, &session->template, error);
    else if (gguf_chat_template(session->loaded.gguf).bytes > 0)
        done = template_open(gguf_chat_template(session->loaded.gguf), session->loaded.path, &session->template, error);
    buffer_free(&text);
    return done;
}

bool session_open(const char *name, const struct arguments *arguments, struct session *session, struct error *error)
{
    struct loaded *loaded = &session->loaded;
    size_t threads = 0;
    uint64_t context = 0;
    return loaded_threads(arguments, &threads, error) &&
           option_integer(arguments, "context", 1, CONTEXT_MOST, &context, error) &&
           loaded_open(name, threads, (size_t)context, BATCH, loaded, error) &&
           tokenizer_open(loaded->gguf, &session->tokenizer, error) && open_template(arguments, session, error) &&
           sequence_open(loaded->model, &session->transcript.sequence, error);
}

void session_close(struct session *session)
{
    tokens_free(&session->transcript.tokens);
    sequence_close(session->transcript.sequence);
    template_close(session->template);
    tokenizer_close(session->tokenizer);
    loaded_close(&session->loaded);
    *session = (struct session){ 0 };
}

static bool append(struct tokens *out, const struct tokens *more, struct error *error)
{
    for (size_t i = 0; i < more->count; i++)
        if (!tokens_add(out, more->ids[i], error))
            return false;
    return true;
}

bool session_encode_messages(const struct session *session, const char *messages_json, struct tokens *out,
                             struct error *error)
{
    const struct chat_model model = {
        .gguf = session->loaded.gguf,
        .tokenizer = session->tokenizer,
        .template = session->template,
    };
    json_t *messages = json_loads(messages_json, JSON_ALLOW_NUL, NULL);
    const struct chat_request request = { .messages = messages, .now = time(NULL) };
    struct chat *chat = NULL;
    const bool done = messages ? chat_open(&model, &request, &chat, error) && append(out, chat_prompt(chat), error)
                               : error_memory(error, strlen(messages_json));
    chat_close(chat);
    json_decref(messages);
    return done;
}

bool session_encode_plain(const struct session *session, struct span text, struct tokens *out, struct error *error)
{
    const struct encoding encoding = { .parse_special = true, .add_beginning = true };
    return tokenizer_encode(session->tokenizer, text, encoding, out, error);
}

static bool take_stop(void *context)
{
    (void)context;
    return interrupt_came();
}

struct generation session_generation(const struct session *session)
{
    return (struct generation){
        .model = session->loaded.model,
        .tokenizer = session->tokenizer,
        .engine = session->loaded.engine,
        .batch = BATCH,
        .stop = take_stop,
        .progress = session->loaded.quiet ? NULL : terminal_counter(),
    };
}

static double per_second(size_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

const char *session_speeds(const struct generated *generated, char out[160])
{
    snprintf(out, 160, "%zu tokens at %.1f a second (prompt: %zu, of which %zu kept, %.1f a second)", generated->tokens,
             per_second(generated->tokens, generated->seconds), generated->prompt_tokens, generated->kept_tokens,
             per_second(generated->prompt_tokens - generated->kept_tokens, generated->prompt_seconds));
    return out;
}

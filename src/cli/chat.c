/* chat.c: bastide chat: a conversation with a model.
 *
 *   read a message -> fit the conversation into the context -> generate -> keep the answer -> read the next one
 *
 * The whole conversation is rendered for each answer; generate() runs only what the model has not read yet. When it no
 * longer fits, the oldest exchanges are left out, and so many at a time that the following answers do not each have to
 * read everything anew. */
#include "cli/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/wrap.h"

void chat_tell(const struct chat *chat, const char *format, ...)
{
    FILE *out = chat->person ? stdout : stderr;
    fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    fputs(chat->dim, out);
    vfprintf(out, format, arguments);
    fprintf(out, "%s\n", chat->bright);
    va_end(arguments);
    fflush(out);
}

/* ---- fitting -------------------------------------------------------------------------------------------------- */

/* Tokens of the conversation without its first exchanges. */
static bool encode_without(const struct chat *chat, size_t without, struct tokens *out, struct error *error)
{
    out->count = 0;
    char *text = messages_text(&chat->messages, without);
    const bool done = text ? session_encode_messages(&chat->session, text, out, error) : error_memory(error, 1);
    free(text);
    return done;
}

/* The fewest exchanges to forget so that the rest has at most so many tokens; all but the last if even it has more.
 * The more is forgotten the shorter the rest, so that halving finds it. */
static bool find_forgotten(const struct chat *chat, size_t most, size_t *forgotten, struct tokens *scratch,
                           struct error *error)
{
    size_t low = chat->messages.forgotten, high = messages_exchanges(&chat->messages) - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (!encode_without(chat, middle, scratch, error))
            return false;
        if (scratch->count <= most)
            high = middle;
        else
            low = middle + 1;
    }
    *forgotten = high;
    return true;
}

static bool forget_oldest(struct chat *chat, size_t context, struct tokens *out, struct error *error)
{
    size_t forgotten;
    if (!find_forgotten(chat, context / 2, &forgotten, out, error) || !encode_without(chat, forgotten, out, error))
        return false;
    if (out->count >= context)
        return error_set_kind(error, ERROR_WRONG_USE,
                              "this message alone%s has %zu tokens and the context %zu: shorten it, or start chat with "
                              "a larger --context",
                              messages_system(&chat->messages) ? ", with the system message," : "", out->count,
                              context);
    const bool more = forgotten > chat->messages.forgotten;
    chat->messages.forgotten = forgotten;
    if (more)
        chat_tell(chat,
                  "(The context of %zu tokens is full: of %zu exchanges the model no longer sees the oldest %zu. "
                  "/save still writes all.)",
                  context, messages_exchanges(&chat->messages), forgotten);
    return true;
}

/* Tokens of as much of the conversation as leaves room for an answer: a quarter of the context, or less if less is
 * wanted. */
static bool fit_conversation(struct chat *chat, struct tokens *out, struct error *error)
{
    const size_t context = model_context(chat->session.loaded.model), most = chat->wishes.most_tokens;
    const size_t room = most > 0 ? size_min(most, context / 4) : context / 4;
    if (!encode_without(chat, chat->messages.forgotten, out, error))
        return false;
    return out->count + room <= context || forget_oldest(chat, context, out, error);
}

/* ---- answering ------------------------------------------------------------------------------------------------ */

/* Where the text of an answer goes. */
struct reply {
    struct buffer *kept;
    struct wrap wrap;
};

static bool take_text(void *context, struct span text, struct error *error)
{
    struct reply *reply = context;
    return buffer_add(reply->kept, text.data, text.bytes, error) && wrap_add(&reply->wrap, text, error) &&
           print_flush(error);
}

static bool generate_answer(struct chat *chat, const struct tokens *prompt, struct buffer *text, struct error *error)
{
    struct generation generation = session_generation(&chat->session);
    generation.wishes = chat->wishes;
    generation.text = take_text;
    struct reply reply = { .kept = text };
    generation.context = &reply;
    bool done = generate(&generation, prompt, &chat->session.transcript, &chat->last, error);
    terminal_end_bar();
    done = wrap_flush(&reply.wrap, done ? error : NULL) && done; /* the first error is the one to tell */
    chat->wishes.sampling.seed++; /* another answer another time, and the same conversation from the same first seed */
    return done;
}

/* What is said after an answer. */
static void tell_end(const struct chat *chat)
{
    char speeds[160];
    if (chat->last.end == ANSWER_CONTEXT)
        chat_tell(chat, "(The context of %zu tokens is full: the answer ends here.)",
                  model_context(chat->session.loaded.model));
    if (chat->last.end == ANSWER_STOPPED)
        chat_tell(chat, "(stopped)");
    else if (chat->person && !chat->session.loaded.quiet)
        chat_tell(chat, "[%s]", session_speeds(&chat->last, speeds));
}

/* Ends the line and keeps the answer. Without one (it failed, or was stopped before its first word) the message is
 * taken back, so that the next one does not follow another of the same role. */
static bool keep_answer(struct chat *chat, struct span text, bool done, struct error *error)
{
    const bool line_open = text.bytes > 0 && text.data[text.bytes - 1] != '\n';
    if (line_open && !(print(error, "\n") && print_flush(error)))
        done = false;
    if (text.bytes > 0 || (done && chat->last.end != ANSWER_STOPPED))
        return messages_add(&chat->messages, "assistant", text, error) && done;
    messages_drop_last(&chat->messages);
    return done;
}

/* Answers the last message. */
static bool answer_last(struct chat *chat, struct error *error)
{
    struct tokens prompt = { 0 };
    struct buffer text = { .limit = SIZE_MAX / 2 };
    bool done = fit_conversation(chat, &prompt, error) && generate_answer(chat, &prompt, &text, error);
    done = keep_answer(chat, buffer_span(&text), done, done ? error : NULL); /* the first error is the one to tell */
    if (done)
        tell_end(chat);
    buffer_free(&text);
    tokens_free(&prompt);
    return done;
}

/* ---- talking -------------------------------------------------------------------------------------------------- */

static bool take_message(struct chat *chat, struct span text, struct error *error)
{
    return session_check_text("the message", text, error) && messages_add(&chat->messages, "user", text, error) &&
           answer_last(chat, error);
}

static bool is_blank(struct span text)
{
    for (size_t i = 0; i < text.bytes; i++)
        if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != '\n')
            return false;
    return true;
}

static bool take_line(struct chat *chat, const struct buffer *line, struct error *error)
{
    if (is_blank(buffer_span(line)))
        return true;
    if (line->bytes[0] != '/')
        return take_message(chat, buffer_span(line), error);
    chat->answer_wanted = false;
    if (!chat_obey(chat, line->bytes, error))
        return false;
    return !chat->answer_wanted || answer_last(chat, error);
}

/* A mistake is told and the conversation goes on; when nobody reads any more it ends. */
static bool go_on_after(struct chat *chat, bool done, struct error *error)
{
    if (done)
        return true;
    chat->line_failed = true;
    if (error->kind == ERROR_PIPE || ferror(stdout))
        return false;
    fflush(stdout);
    show_error(error);
    *error = (struct error){ 0 };
    return true;
}

/* Ctrl-C where nothing is answered: throws the line away, twice in a row leaves. From a pipe there is nobody to ask. */
static enum status take_interrupt(struct chat *chat, bool again)
{
    if (!chat->person)
        return STATUS_STOPPED;
    puts("");
    if (again)
        chat->leaves = true;
    else
        chat_tell(chat, "(Ctrl-C again, Ctrl-D or /exit leaves.)");
    return STATUS_DONE;
}

static enum status take_event(struct chat *chat, enum line_event event, bool again, const struct buffer *line,
                              struct error *error)
{
    switch (event) {
    case LINE_MESSAGE:
        if (!go_on_after(chat, take_line(chat, line, error), error))
            return status_of(error);
        return !chat->person && chat->last.end == ANSWER_STOPPED ? STATUS_STOPPED : STATUS_DONE;
    case LINE_INTERRUPTED:
        return take_interrupt(chat, again);
    case LINE_FAILED:
        return status_of(error);
    case LINE_END:
        break;
    }
    if (chat->person)
        puts("");
    chat->leaves = true;
    return STATUS_DONE;
}

static enum status talk(struct chat *chat, struct error *error)
{
    struct buffer line = { .limit = PROMPT_BYTES_MOST };
    enum status status = STATUS_DONE;
    bool interrupted = false;
    while (!chat->leaves && status == STATUS_DONE) {
        if (chat->person) /* who has stopped an answer; from a pipe there is nobody to go on for */
            interrupt_clear();
        const enum line_event event = lines_read(chat->lines, &line, error);
        status = take_event(chat, event, interrupted, &line, error);
        interrupted = event == LINE_INTERRUPTED;
    }
    buffer_free(&line);
    return status == STATUS_DONE && chat->line_failed && !chat->person ? STATUS_NO : status;
}

/* ---- beginning and end ---------------------------------------------------------------------------------------- */

static bool has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: any value but an empty one */
    return terminal_obeys() && !(no_colour && no_colour[0]);
}

static bool open_lines(struct chat *chat, struct error *error)
{
    const char *path = NULL, *folder = NULL;
    if (chat->person && folder_data("", &chat->session.loaded.arena, &folder, NULL) && folder_make(folder, NULL) &&
        !folder_data("chat_history", &chat->session.loaded.arena, &path, NULL))
        path = NULL;
    return lines_open(chat->person && terminal_obeys(), path, chat->dim[0] != '\0', &chat->lines, error);
}

static bool open_chat(const struct arguments *arguments, struct chat *chat, struct error *error)
{
    const char *system = option_text(arguments, "system", "");
    chat->session.loaded.quiet = option_given(arguments, "quiet");
    chat->person = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    chat->dim = chat->person && has_colour() ? "\033[2m" : "";
    chat->bright = chat->dim[0] ? "\033[0m" : "";
    return session_check_text("--system", span_text(system), error) &&
           session_wishes(arguments, &chat->wishes, error) && messages_open(&chat->messages, error) &&
           messages_set_system(&chat->messages, span_text(system), error) &&
           session_open(argument(arguments, 0), arguments, &chat->session, error) && open_lines(chat, error);
}

static bool check_template(const struct session *session, struct error *error)
{
    return session->template || error_set(error,
                                          "%s: it has no chat template, so it was made to continue text and not to "
                                          "talk: use bastide run, or give a --template",
                                          session->loaded.path);
}

/* The name that people type; what a file calls itself (/stats shows it) is seldom written for them. */
static struct span model_name(const struct chat *chat)
{
    const char *path = chat->session.loaded.path, *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const size_t length = strlen(name), ending = strlen(".gguf");
    const bool ends = length > ending && strcmp(name + length - ending, ".gguf") == 0;
    return span_of(name, ends ? length - ending : length);
}

static bool greet(const struct chat *chat, struct error *error)
{
    if (!chat->person || chat->session.loaded.quiet)
        return true;
    return print(error, "%s", chat->dim) && print_strange(model_name(chat), error) &&
           print(error, ", %zu tokens of context. /help shows the commands.%s\n",
                 model_context(chat->session.loaded.model), chat->bright);
}

static enum status run(const struct arguments *arguments, struct error *error)
{
    struct chat chat = { .dim = "", .bright = "" };
    const bool open = open_chat(arguments, &chat, error) && check_template(&chat.session, error) && greet(&chat, error);
    if (open)
        interrupt_watch();
    const enum status status = open ? talk(&chat, error) : status_of(error);
    lines_close(chat.lines);
    messages_close(&chat.messages);
    session_close(&chat.session);
    return status;
}

static const struct option options[] = {
    { "system", 's', "TEXT", "what the model is told before the conversation" },
    SESSION_OPTIONS,
    { "quiet", 'q', NULL, "tell nothing but the answers" },
    { 0 },
};

const struct command command_chat = {
    .name = "chat",
    .takes = "[MODEL]",
    .does = "talk with a model",
    .details =
        "Type a message and Enter. A backslash at the end of a line, or \"\"\" around several, make a longer one.\n"
        "Ctrl-C stops an answer; at the prompt it throws the line away, and twice it leaves, as Ctrl-D does.\n"
        "/help in the conversation shows the commands. Lines may also come from a file or a pipe.\n",
    .examples = "  bastide chat\n"
                "  bastide chat smollm2\n"
                "  bastide chat model.gguf --system 'Answer in French.' --temperature 0.3\n"
                "  printf 'Hello!\\nAnd goodbye.\\n' | bastide chat smollm2 --seed 1\n",
    .options = options,
    .least = 0,
    .most = 1,
    .run = run,
};

/* shell.c: any bytes as a shell's script, and as the words of a program: each word can be read, and its line is one
 * that the text has. */
#include "audit/readers/shell.h"
#include "audit/readers/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void touch(struct span span)
{
    const volatile unsigned char *bytes = span.data;
    for (size_t i = 0; i < span.bytes; i++)
        (void)bytes[i];
}

static void look(void *context, const struct shell_command *command)
{
    const size_t lines = *(const size_t *)context;
    if (command->count == 0)
        __builtin_trap();
    for (size_t i = 0; i < command->count; i++) {
        touch(command->words[i].text);
        if (command->words[i].line < 1 || command->words[i].line > lines)
            __builtin_trap();
    }
    touch(command->target);
    touch(command->document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const char *const comments[] = { "//", "#" };
    const struct span text = span_of(data, bytes);
    struct arena arena = { 0 };
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += data[i] == '\n';
    shell_each(&arena, text, 1, look, &lines);
    for (size_t i = 0; i < LENGTH(comments); i++) {
        struct tokens tokens = { .text = text, .comment = comments[i] };
        struct token token;
        while (next_token(&tokens, &token)) {
            touch(token.text);
            if (token.line < 1 || token.line > lines)
                __builtin_trap();
        }
    }
    arena_free(&arena);
    return 0;
}

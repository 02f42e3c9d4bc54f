/* reader.c: the text of an answer, as it comes, to its parts. */
#include "chat/chat.h"

#include <stdlib.h>

struct chat_reader {
    const struct chat *chat;
};

bool chat_reader_open(const struct chat *chat, struct chat_reader **out, struct error *error)
{
    struct chat_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return error_memory(error, sizeof *reader);
    reader->chat = chat;
    *out = reader;
    return true;
}

void chat_reader_close(struct chat_reader *reader)
{
    free(reader);
}

bool chat_reader_take(struct chat_reader *reader, struct span text, bool ended,
                      bool (*take)(void *context, const struct chat_part *part, struct error *error), void *context,
                      struct error *error)
{
    (void)reader;
    (void)ended;
    const struct chat_part part = { .kind = CHAT_CONTENT, .text = text };
    return text.bytes == 0 || take(context, &part, error);
}

size_t chat_reader_calls(const struct chat_reader *reader)
{
    (void)reader;
    return 0;
}

/* message.c: messages and conversations as the page's JSON, and back. */
#include "server/page/message.h"

#include <string.h>

json_t *page_conversation_json(const struct stored_conversation *conversation)
{
    return json_pack("{s:s, s:s, s:b, s:f, s:f}", "id", conversation->id, "title", conversation->title, "pinned",
                     conversation->pinned, "created_at", conversation->created_at, "updated_at",
                     conversation->updated_at);
}

/* What the store keeps as text of JSON; null for "" or what is none. */
static json_t *loaded(const char *text)
{
    json_t *json = text[0] ? json_loads(text, 0, NULL) : NULL;
    return json ? json : json_null();
}

json_t *page_message_json(const struct stored_message *message)
{
    return json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:f, s:o}", "id", message->id, "parent", message->parent, "role",
                     message->role, "content", message->content, "state", message_state_name(message->state), "model",
                     message->model ? message->model : "", "created_at", message->created_at, "figures",
                     loaded(message->figures ? message->figures : ""));
}

json_t *page_whole_json(const struct stored_conversation *conversation, const struct stored_message *rows, size_t count)
{
    json_t *whole = page_conversation_json(conversation), *messages = json_array();
    bool done = whole && messages && json_object_set_new(whole, "settings", loaded(conversation->settings)) == 0;
    for (size_t i = 0; i < count && done; i++)
        done = json_array_append_new(messages, page_message_json(&rows[i])) == 0;
    if (done && json_object_set(whole, "messages", messages) == 0) {
        json_decref(messages);
        return whole;
    }
    json_decref(messages);
    json_decref(whole);
    return NULL;
}

bool page_split(const struct request *request, char id[STORE_ID], const char **tail)
{
    const char *slash = strchr(request->rest, '/');
    const size_t length = slash ? (size_t)(slash - request->rest) : strlen(request->rest);
    if (length == 0 || length >= STORE_ID)
        return false;
    memcpy(id, request->rest, length);
    id[length] = '\0';
    *tail = slash ? slash + 1 : "";
    return true;
}

const struct stored_message *page_find(const struct stored_message *rows, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].id, id) == 0)
            return &rows[i];
    return NULL;
}

static bool is_space(unsigned char c)
{
    return c <= ' ';
}

/* Copies words with one space between them while they fit; a first word that is longer is cut. */
const char *page_title(const char *content, struct arena *arena)
{
    enum { CHARACTERS_MOST = 60 };
    const struct span text = span_text(content);
    char *title = arena_take(arena, 4 * CHARACTERS_MOST + 4, 1);
    if (!title)
        return NULL;
    size_t length = 0, characters = 0, last_word = 0, i = 0;
    while (i < text.bytes && is_space(text.data[i]))
        i++;
    while (i < text.bytes && characters < CHARACTERS_MOST) {
        uint32_t code_point;
        const size_t bytes = utf8_read(text, i, &code_point);
        if (is_space(text.data[i])) {
            if (length > 0 && title[length - 1] != ' ') {
                last_word = length;
                title[length++] = ' ';
                characters++;
            }
        } else {
            memcpy(title + length, text.data + i, bytes);
            length += bytes;
            characters++;
        }
        i += bytes;
    }
    if (i < text.bytes && !is_space(text.data[i])) { /* a word was cut */
        length = last_word > 0 ? last_word : length;
        memcpy(title + length, "…", sizeof "…");
        return title;
    }
    while (length > 0 && title[length - 1] == ' ')
        length--;
    title[length] = '\0';
    return title;
}

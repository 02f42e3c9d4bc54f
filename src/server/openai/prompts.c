/* prompts.c: a text, a list of token ids, or a list of either. */
#include "server/openai/prompts.h"

static bool read_tokens(struct fields in, const char *name, const json_t *list, struct tokens *out,
                        struct failure *failure)
{
    size_t i;
    json_t *number;
    if (json_array_size(list) == 0)
        return field_wrong(in, name, failure, "a list of tokens is empty");
    json_array_foreach(list, i, number)
    {
        int64_t id = -1;
        struct error error = { 0 };
        if (!json_whole(number, &id) || id < 0 || id >= TOKEN_NONE)
            return field_wrong(in, name, failure, "a text, token ids, or a list of either is wanted");
        if (!tokens_add(out, (uint32_t)id, &error))
            return failure_error(failure, &error);
    }
    return true;
}

static bool read_prompt(struct fields in, const char *name, const json_t *value, struct openai_prompt *out,
                        struct failure *failure)
{
    out->is_text = json_is_string(value);
    if (out->is_text) {
        out->text = span_of(json_string_value(value), json_string_length(value));
        return true;
    }
    if (!json_is_array(value))
        return field_wrong(in, name, failure, "a text, token ids, or a list of either is wanted");
    return read_tokens(in, name, value, &out->tokens, failure);
}

bool openai_read_prompts(struct fields in, const char *name, size_t most, struct arena *arena,
                         struct openai_prompts *out, struct failure *failure)
{
    const json_t *value = json_object_get(in.object, name);
    const bool several = json_is_array(value) && !json_is_number(json_array_get(value, 0));
    const size_t count = several ? json_array_size(value) : 1;
    if (count == 0)
        return field_wrong(in, name, failure, "is empty");
    if (count > most)
        return field_wrong(in, name, failure, "%zu of them: at most %zu are possible", count, most);
    out->rows = arena_take(arena, count, sizeof *out->rows);
    if (!out->rows)
        return failure_set(failure, FAILURE_INTERNAL, "out of memory: try again later");
    out->count = count;
    for (size_t i = 0; i < count; i++)
        if (!read_prompt(in, name, several ? json_array_get(value, i) : value, &out->rows[i], failure))
            return false;
    return true;
}

void openai_prompts_free(struct openai_prompts *prompts)
{
    for (size_t i = 0; i < prompts->count; i++)
        tokens_free(&prompts->rows[i].tokens);
}

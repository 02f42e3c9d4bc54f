/* settings.c: a copy of what a server was told. */
#include "server/settings.h"

static bool copy_text(struct arena *arena, const char **text, struct error *error)
{
    if (!*text)
        return true;
    *text = arena_text(arena, span_text(*text));
    return *text || error_memory(error, 0);
}

static bool copy_texts(struct arena *arena, const char *const **texts, size_t count, struct error *error)
{
    const char **copies = arena_take(arena, count + 1, sizeof *copies);
    if (!copies)
        return error_memory(error, count * sizeof *copies);
    for (size_t i = 0; i < count; i++) {
        copies[i] = (*texts)[i];
        if (!copy_text(arena, &copies[i], error))
            return false;
    }
    *texts = copies;
    return true;
}

bool settings_copy(const struct server_settings *settings, struct arena *arena, struct server_settings *out,
                   struct error *error)
{
    *out = *settings;
    return copy_texts(arena, &out->models, out->model_count, error) &&
           copy_texts(arena, &out->allowed_hosts, out->allowed_host_count, error) &&
           copy_texts(arena, &out->allowed_origins, out->allowed_origin_count, error) &&
           copy_texts(arena, &out->audits, out->audit_count, error) && copy_text(arena, &out->alias, error) &&
           copy_text(arena, &out->host, error) && copy_text(arena, &out->tls_certificate, error) &&
           copy_text(arena, &out->tls_key, error) && copy_text(arena, &out->scheduler.cache_folder, error) &&
           copy_text(arena, &out->scheduler.slot_folder, error);
}

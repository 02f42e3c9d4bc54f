/* words.c: scopes, rates and spans of time, as people write them. */
#include "access/access.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum scope scope;
} scope_names[] = { { "chat", SCOPE_CHAT }, { "documents", SCOPE_DOCUMENTS }, { "admin", SCOPE_ADMIN } };

static bool add_scope(const char *word, size_t length, unsigned *out, struct error *error)
{
    for (size_t i = 0; i < LENGTH(scope_names); i++)
        if (strlen(scope_names[i].name) == length && strncmp(scope_names[i].name, word, length) == 0) {
            *out |= scope_names[i].scope;
            return true;
        }
    return error_set_kind(error, ERROR_WRONG_USE, "%.*s: no such scope: there are chat, documents and admin",
                          (int)size_min(length, 64), word);
}

bool scopes_parse(const char *text, unsigned *out, struct error *error)
{
    unsigned scopes = SCOPE_NONE;
    for (const char *word = text;; word++) {
        const size_t length = strcspn(word, ",");
        if (!add_scope(word, length, &scopes, error))
            return false;
        word += length;
        if (!*word)
            break;
    }
    *out = scopes;
    return true;
}

const char *scopes_text(unsigned scopes, char out[64])
{
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < LENGTH(scope_names); i++)
        if (scopes & scope_names[i].scope)
            length += (size_t)snprintf(out + length, 64 - length, "%s%s", length ? "," : "", scope_names[i].name);
    return out;
}

/* Digits by hand: strtoul takes signs and spaces. */
static bool read_count(const char **text, unsigned most, unsigned *out)
{
    const char *at = *text;
    unsigned count = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        count = count * 10 + (unsigned)(*at - '0');
        if (count > most)
            return false;
    }
    const bool any = at != *text;
    *text = at;
    *out = count;
    return any;
}

static const struct {
    const char *name;
    unsigned seconds;
} rate_units[] = { { "s", 1 }, { "min", 60 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };

bool rate_parse(const char *text, struct rate *out, struct error *error)
{
    const char *at = text;
    unsigned count;
    if (read_count(&at, 1000 * 1000, &count) && count > 0 && *at == '/')
        for (size_t i = 0; i < LENGTH(rate_units); i++)
            if (strcmp(at + 1, rate_units[i].name) == 0) {
                *out = (struct rate){ count, rate_units[i].seconds };
                return true;
            }
    return error_set_kind(error, ERROR_WRONG_USE, "%.64s: no rate: write it as 60/min, 1/s, 1000/h or 5000/d", text);
}

const char *rate_text(struct rate rate, char out[24])
{
    out[0] = '\0';
    for (size_t i = 0; rate.count && !out[0] && i < LENGTH(rate_units); i++)
        if (rate_units[i].seconds == rate.seconds)
            snprintf(out, 24, "%u/%s", rate.count, rate_units[i].name);
    return out;
}

static const struct {
    const char *name;
    double seconds;
} time_units[] = { { "ms", 0.001 }, { "s", 1 },     { "m", 60 },       { "min", 60 },
                   { "h", 3600 },   { "d", 86400 }, { "w", 7 * 86400 } };

/* One number with what stands behind its point. */
static bool read_number(const char **text, double *out)
{
    unsigned whole;
    if (!read_count(text, 4000 * 1000 * 1000u, &whole))
        return false;
    *out = whole;
    if (**text != '.')
        return true;
    double weight = 1;
    for ((*text)++; **text >= '0' && **text <= '9'; (*text)++)
        *out += (weight /= 10) * (**text - '0');
    return weight < 1;
}

static bool read_unit(const char **text, double *seconds)
{
    const size_t length = strspn(*text, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < LENGTH(time_units); i++)
        if (strlen(time_units[i].name) == length && strncmp(time_units[i].name, *text, length) == 0) {
            *text += length;
            *seconds = time_units[i].seconds;
            return true;
        }
    return false;
}

bool span_of_time_parse(const char *text, double *seconds, struct error *error)
{
    static const double most = 100.0 * 366 * 86400;
    const char *at = text;
    double sum = 0, number, unit = 1;
    bool good = read_number(&at, &number);
    if (good && !*at)
        sum = number; /* seconds */
    else
        for (good = good && read_unit(&at, &unit), sum = number * unit; good && *at; sum += number * unit)
            good = sum <= most && read_number(&at, &number) && read_unit(&at, &unit);
    if (!good || !(sum <= most))
        return error_set_kind(error, ERROR_WRONG_USE, "%.64s: no span of time: write it as 30d, 12h, 90m or 30s", text);
    *seconds = sum;
    return true;
}

/* size.c: the one place where sizes from outside are added and multiplied, and where they are read and shown.
 * Peers were broken by sums that wrapped to small numbers (CVE-2024-23496, CVE-2025-53630): here a sum that does not
 * fit is an answer, not a number. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

bool size_add(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

bool size_multiply(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

bool size_align(size_t value, size_t alignment, size_t *out)
{
    size_t padded;
    if (!size_add(value, alignment - 1, &padded))
        return false;
    *out = padded & ~(alignment - 1);
    return true;
}

/* Digits by hand: strtod takes "0x10" and "nan", and wants a comma where the locale is French. */
static bool read_digits(const char **text, size_t *out)
{
    *out = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++)
        if (!size_multiply(*out, 10, out) || !size_add(*out, (size_t)(**text - '0'), out))
            return false;
    return true;
}

/* What stands behind the point, as a fraction; 0 if there is no point. */
static double read_fraction(const char **text)
{
    double fraction = 0, weight = 1;
    if (**text != '.' || (*text)[1] < '0' || (*text)[1] > '9')
        return 0;
    for ((*text)++; **text >= '0' && **text <= '9'; (*text)++)
        fraction += (weight /= 10) * (**text - '0');
    return fraction;
}

bool size_parse(const char *text, size_t *out)
{
    static const struct {
        const char *name;
        size_t factor;
    } units[] = { { "", 1 },          { "k", 1 << 10 },   { "K", 1 << 10 },
                  { "M", 1 << 20 },   { "G", 1 << 30 },   { "KiB", 1 << 10 },
                  { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { "TiB", (size_t)1 << 40 } };
    size_t whole, bytes;
    if (*text < '0' || *text > '9' || !read_digits(&text, &whole))
        return false;
    const double fraction = read_fraction(&text);
    for (size_t i = 0; i < LENGTH(units); i++) {
        if (strcmp(text, units[i].name) != 0)
            continue;
        return size_multiply(whole, units[i].factor, &bytes) &&
               size_add(bytes, (size_t)(fraction * (double)units[i].factor), out);
    }
    return false;
}

const char *size_text(size_t bytes, char out[16])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < LENGTH(units)) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 16, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

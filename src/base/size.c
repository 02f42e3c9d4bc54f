/* size.c: the one place where sizes from outside are added and multiplied, and where they are read and shown.
 * Peers were broken by sums that wrapped to small numbers (CVE-2024-23496, CVE-2025-53630): here a sum that does not
 * fit is an answer, not a number. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

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

bool size_parse(const char *text, size_t *out)
{
    static const struct {
        char letter;
        double factor;
    } units[] = { { 'k', 1024.0 }, { 'K', 1024.0 }, { 'M', 1048576.0 }, { 'G', 1073741824.0 }, { '\0', 1.0 } };
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *end;
    const double number = strtod(text, &end);
    for (size_t i = 0; i < LENGTH(units); i++) {
        const bool ends = units[i].letter == '\0' || end[1] == '\0';
        if (*end != units[i].letter || !ends)
            continue;
        const double bytes = number * units[i].factor;
        if (!(bytes >= 0 && bytes < 1e18))
            return false;
        *out = (size_t)bytes;
        return true;
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

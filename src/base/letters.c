/* letters.c: names that can't be guessed. */
#include "base/base.h"

#include <sys/random.h>

bool letters_draw(char *out, size_t count, struct error *error)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const size_t kinds = sizeof letters - 1;
    size_t length = 0;
    while (length < count) {
        unsigned char random[64];
        if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
            return error_system(error, "random letters", "draw them");
        for (size_t i = 0; i < sizeof random && length < count; i++)
            if (random[i] < 256 / kinds * kinds) /* else some letters would come more often */
                out[length++] = letters[random[i] % kinds];
    }
    out[length] = '\0';
    return true;
}

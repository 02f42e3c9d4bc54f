/* response.c: what routes share in filling a response. */
#include "server/request.h"

#include <stdlib.h>

bool response_json(struct response *response, json_t *json, struct failure *failure)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    response->body.limit = SIZE_MAX / 2; /* what it was made of is bounded */
    const bool done = text && buffer_text(&response->body, text, NULL);
    free(text);
    json_decref(json);
    return done || failure_set(failure, FAILURE_INTERNAL, "out of memory");
}

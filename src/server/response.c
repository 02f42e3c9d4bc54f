/* response.c: what routes share in filling a response. */
#include "server/request.h"
#include "server/wire.h"

bool response_json(struct response *response, json_t *json, struct failure *failure)
{
    struct error error = { 0 };
    response->body.limit = WIRE_MOST;
    return wire_json(&response->body, json, &error) || failure_error(failure, &error);
}

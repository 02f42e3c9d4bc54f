/* routes.c: the table of all routes: one row for each API's own table. */
#include "server/request.h"
#include "server/serving.h"

#include <string.h>

static const struct route *const tables[] = {
    health_routes, metrics_routes, page_routes, openai_routes, ollama_routes, anthropic_routes, llama_routes,
};

/* Whose a path is that nobody has: the first row that it begins with. */
static const struct {
    const char *prefix;
    const struct api *api;
} families[] = {
    { "/api/bastide/", &page_api },
    { "/v1/messages", &anthropic_api },
    { "/v1/", &openai_api },
    { "/api/", &ollama_api },
    { "", &llama_api },
};

/* Whether path is the route's, with *rest at what "*" stands for. */
static bool path_fits(const char *pattern, const char *path, const char **rest)
{
    const size_t length = strlen(pattern);
    *rest = "";
    if (length == 0 || pattern[length - 1] != '*')
        return strcmp(pattern, path) == 0;
    if (strncmp(pattern, path, length - 1) != 0 || path[length - 1] == '\0')
        return false;
    *rest = path + length - 1;
    return true;
}

static bool method_fits(const char *served, const char *method)
{
    return strcmp(served, method) == 0 || (strcmp(served, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void allow(char allowed[64], const char *method)
{
    const size_t length = strlen(allowed);
    if (!strstr(allowed, method))
        snprintf(allowed + length, 64 - length, "%s%s%s", length ? ", " : "", method,
                 strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static const struct api *family_of(const char *path)
{
    size_t i = 0;
    while (strncmp(path, families[i].prefix, strlen(families[i].prefix)) != 0)
        i++; /* ends at the last row, whose prefix is empty */
    return families[i].api;
}

const struct route *route_find(const char *method, const char *path, const char **rest, char allowed[64],
                               const struct api **api)
{
    allowed[0] = '\0';
    *api = family_of(path);
    for (size_t i = 0; i < LENGTH(tables); i++)
        for (const struct route *route = tables[i]; route->method; route++) {
            if (!path_fits(route->path, path, rest))
                continue;
            *api = route->api;
            if (method_fits(route->method, method))
                return route;
            allow(allowed, route->method);
        }
    *rest = "";
    return NULL;
}

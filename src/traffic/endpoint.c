/* endpoint.c: an address and a port, of either version of IP. */
#include "traffic/traffic.h"

#include <arpa/inet.h>
#include <string.h>

const char *endpoint_text(const struct endpoint *endpoint, char out[ENDPOINT_TEXT])
{
    if (!inet_ntop(endpoint->six ? AF_INET6 : AF_INET, endpoint->address, out, ENDPOINT_TEXT))
        out[0] = '\0';
    return out;
}

bool endpoint_read(const char *text, struct endpoint *out)
{
    *out = (struct endpoint){ 0 };
    if (inet_pton(AF_INET, text, out->address) == 1)
        return true;
    out->six = inet_pton(AF_INET6, text, out->address) == 1;
    return out->six;
}

bool endpoint_same_address(const struct endpoint *a, const struct endpoint *b)
{
    return a->six == b->six && memcmp(a->address, b->address, endpoint_bytes(a)) == 0;
}

bool endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && endpoint_same_address(a, b);
}

socklen_t endpoint_to_system(const struct endpoint *endpoint, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){ 0 };
    if (endpoint->six) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };
        memcpy(&six.sin6_addr, endpoint->address, 16);
        memcpy(out, &six, sizeof six);
        return sizeof six;
    }
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
    memcpy(&four.sin_addr, endpoint->address, 4);
    memcpy(out, &four, sizeof four);
    return sizeof four;
}

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff }; /* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */

/* An IPv4 peer of a socket for both versions is an IPv4 endpoint. */
void endpoint_from_system(const struct sockaddr_storage *system, struct endpoint *out)
{
    *out = (struct endpoint){ 0 };
    if (system->ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, system, sizeof four);
        memcpy(out->address, &four.sin_addr, 4);
        out->port = ntohs(four.sin_port);
        return;
    }
    struct sockaddr_in6 six;
    memcpy(&six, system, sizeof six);
    out->port = ntohs(six.sin6_port);
    out->six = memcmp(&six.sin6_addr, mapped, sizeof mapped) != 0;
    if (out->six)
        memcpy(out->address, &six.sin6_addr, 16);
    else
        memcpy(out->address, six.sin6_addr.s6_addr + 12, 4);
}

static bool six_is_elsewhere(const unsigned char address[16])
{
    struct in6_addr six;
    memcpy(&six, address, sizeof six);
    return !IN6_IS_ADDR_UNSPECIFIED(&six) && !IN6_IS_ADDR_LOOPBACK(&six) && !IN6_IS_ADDR_MULTICAST(&six) &&
           !IN6_IS_ADDR_LINKLOCAL(&six) && !IN6_IS_ADDR_V4MAPPED(&six);
}

bool endpoint_is_elsewhere(const struct endpoint *endpoint)
{
    if (endpoint->six)
        return six_is_elsewhere(endpoint->address);
    const unsigned char first = endpoint->address[0];
    return first != 0 && first != 127 && first < 224; /* RFC 6890 */
}

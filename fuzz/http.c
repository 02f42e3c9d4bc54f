/* http.c: any bytes as what a client sends, to a real server on a socket. Its routes but /health are still loading,
 * so what is tried is the way of a request up to its route: lines, headers, framing, bodies, the gate, refusals. What
 * comes back is nothing, or begins as an answer does; and it comes soon. */
#include "server/guard/gate.h"
#include "server/http/http.h"
#include "server/journal.h"
#include "server/serving.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECONDS_MOST = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static struct server *open_server(void)
{
    static struct server server; /* for as long as the target runs */
    struct error error;
    struct gate *gate = NULL;
    FILE *log = fopen("/dev/null", "w");
    server.settings = (struct server_settings){ .host = "127.0.0.1" };
    atomic_init(&server.loading, true);
    check(log && journal_open(log, false, &server.journal, &error) &&
          access_open("/nonexistent/keys.json", &server.access, &error) &&
          gate_open(&server.settings, server.access, &gate, &error));
    atomic_init(&server.gate, gate);
    check(http_open(&server, &server.http, &error) && http_start(server.http, &error));
    return &server;
}

static int connect_to(const struct server *server)
{
    const char *colon = strrchr(http_address(server->http), ':');
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(client >= 0 && connect(client, (const struct sockaddr *)&address, sizeof address) == 0);
    return client;
}

/* Sends while it receives: an answer may come, and the door be shut, in the middle. */
static size_t talk(int client, const uint8_t *data, size_t bytes, char *out, size_t most)
{
    size_t sent = 0, received = 0;
    struct pollfd asked = { .fd = client, .events = POLLIN | POLLOUT };
    for (;;) {
        check(poll(&asked, 1, SECONDS_MOST * 1000) > 0);
        if (asked.revents & POLLOUT) {
            const ssize_t some = send(client, data + sent, bytes - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent = some < 0 ? bytes : sent + (size_t)some;
            if (sent == bytes) {
                shutdown(client, SHUT_WR);
                asked.events = POLLIN;
            }
        }
        if (asked.revents & (POLLIN | POLLHUP | POLLERR)) {
            char scratch[4096];
            const ssize_t some = recv(client, scratch, sizeof scratch, MSG_DONTWAIT);
            if (some <= 0)
                return received;
            const size_t kept = size_min((size_t)some, most - received);
            memcpy(out + received, scratch, kept);
            received += kept;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct server *server;
    static const char begin[] = "HTTP/1.1 ";
    char received[sizeof begin - 1];
    if (!server)
        server = open_server();
    const int client = connect_to(server);
    const size_t came = talk(client, data, bytes, received, sizeof received);
    close(client);
    check(memcmp(received, begin, came) == 0);
    return 0;
}

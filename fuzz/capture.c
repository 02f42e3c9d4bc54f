/* Fuzz target: captures of a network, as whoever may have written them. */
#include "audit/host/capture.h"
#include "audit/host/heard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *context, struct span ip, size_t number, double moment)
{
    heard_packet(context, ip, number, moment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heard heard;
    struct error error;
    if (!heard_open(&heard, &error))
        return 0;
    const struct capture_visitor visitor = { .packet = take, .context = &heard };
    (void)!capture_read(span_of(data, size), &visitor, &error);
    heard_close(&heard);
    return 0;
}

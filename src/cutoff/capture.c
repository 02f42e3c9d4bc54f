/* capture.c: what a run writes to a stream. Two hashes say whether two runs wrote the same: one of all bytes, one of
 * the words alone, since times, sizes and speeds differ from run to run. Hash: FNV-1a, 64 bits (draft-eastlake-fnv); it
 * has nothing to defend. */
#include "cutoff/capture.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const uint64_t hash_begin = 0xcbf29ce484222325u, hash_prime = 0x100000001b3u;

enum { SHORT = 3 /* letters: what has fewer is a unit more often than a word */ };

static uint64_t hash_of(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * hash_prime;
}

bool capture_open(const struct cutoff_order *order, const char *name, struct capture *out, struct error *error)
{
    char path[4096];
    *out = (struct capture){ .order = order, .exact = hash_begin, .words = hash_begin };
    if (!order->keep)
        return true;
    snprintf(path, sizeof path, "%s/%s", order->keep, name);
    if (!folder_make(order->keep, error))
        return false;
    out->kept = fopen(path, "we");
    return out->kept || error_system(error, path, "write it");
}

static void end_word(struct capture *capture)
{
    for (size_t i = 0; capture->letters >= SHORT && i < size_min(capture->letters, sizeof capture->word); i++)
        capture->words = hash_of(capture->words, (unsigned char)capture->word[i]);
    if (capture->letters >= SHORT)
        capture->words = hash_of(capture->words, ' ');
    capture->letters = 0;
}

static void take_byte(struct capture *capture, unsigned char byte)
{
    capture->exact = hash_of(capture->exact, byte);
    capture->tail[capture->bytes++ % sizeof capture->tail] = (char)byte;
    if (!isalpha(byte)) {
        end_word(capture);
        return;
    }
    if (capture->letters < sizeof capture->word)
        capture->word[capture->letters] = (char)tolower(byte);
    capture->letters++;
}

void capture_take(struct capture *capture, struct span bytes)
{
    for (size_t i = 0; i < bytes.bytes; i++)
        take_byte(capture, bytes.data[i]);
    if (capture->kept)
        fwrite(bytes.data, 1, bytes.bytes, capture->kept); /* a full disk is noticed when it is closed */
    if (capture->order->said)
        capture->order->said(capture->order->context, bytes);
}

/* The last bytes, from the beginning of a line, in their order. */
static char *tail_of(const struct capture *capture, struct arena *arena)
{
    const size_t all = sizeof capture->tail, kept = size_min(capture->bytes, all);
    const size_t first = capture->bytes > all ? capture->bytes % all : 0;
    char *text = arena_take(arena, kept + 1, 1);
    for (size_t i = 0; text && i < kept; i++)
        text[i] = capture->tail[(first + i) % all];
    const char *line = text && capture->bytes > all ? strchr(text, '\n') : NULL;
    return line && line[1] ? text + (line + 1 - text) : text;
}

bool capture_close(struct capture *capture, struct arena *arena, struct cutoff_stream *out, struct error *error)
{
    end_word(capture);
    const bool full = capture->kept && (ferror(capture->kept) | fclose(capture->kept)) != 0;
    capture->kept = NULL;
    *out = (struct cutoff_stream){ capture->bytes, capture->exact, capture->words, tail_of(capture, arena) };
    if (full)
        return error_system(error, capture->order->keep, "write what the run said");
    return out->tail || error_memory(error, sizeof capture->tail);
}

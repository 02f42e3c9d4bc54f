/* grammar_walk.c: texts that a grammar allows, at random, for tests that look at them with other programs.
 *
 *     grammar_walk schema|gbnf FILE SEED COUNT VOCABULARY
 *
 * prints COUNT answers of a model that has no opinion, each as a JSON string on a line of its own, and an empty line
 * for one that did not end in TOKENS_MOST tokens. The model likes short tokens and closing brackets, so that most end.
 * A grammar that is refused: its message on standard error, status 2. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

enum { TOKENS_MOST = 1500, NOISE = 9973 };

struct walk {
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    struct grammar *grammar;
    struct constraint *constraint;
    float *liking; /* [vocabulary] */
    float *logits; /* [vocabulary] */
    float noise[NOISE];
    uint64_t random;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t random_next(struct walk *walk)
{
    uint64_t z = walk->random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static float liking_of(const struct tokenizer *tokenizer, uint32_t token)
{
    char scratch[256];
    const struct span piece = tokenizer_piece(tokenizer, token, false, scratch);
    if (tokenizer_ends(tokenizer, token))
        return 12;
    if (piece.bytes == 1 && strchr("\"}].@", piece.data[0]))
        return piece.data[0] == '"' ? 14 : 10;
    return -0.5f * (float)size_min(piece.bytes, 20);
}

/* Each token gets its liking and noise from somewhere in a table. */
static void make_logits(struct walk *walk)
{
    const size_t vocabulary = tokenizer_vocabulary(walk->tokenizer);
    size_t at = random_next(walk) % NOISE;
    for (size_t done = 0; done < vocabulary; at = 0) {
        const size_t count = size_min(vocabulary - done, NOISE - at);
        for (size_t i = 0; i < count; i++)
            walk->logits[done + i] = walk->liking[done + i] + walk->noise[at + i];
        done += count;
    }
}

static bool take_answer(struct walk *walk, struct answer *answer, struct buffer *out, enum answer_end *end,
                        struct error *error)
{
    *end = ANSWER_GOES_ON;
    for (size_t i = 0; i < TOKENS_MOST && *end == ANSWER_GOES_ON; i++) {
        uint32_t token;
        make_logits(walk);
        if (!answer_take(answer, walk->logits, &token, out, end, error))
            return false;
    }
    return true;
}

static bool print_answer(struct walk *walk, size_t i, struct error *error)
{
    struct answer_wishes wishes = { .sampling = sampling_default(), .constraint = walk->constraint };
    struct buffer text = { .limit = 1 << 24 };
    struct answer *answer;
    enum answer_end end;
    wishes.sampling.seed = random_next(walk);
    wishes.sampling.temperature = i % 2 ? 1.5f : 0;
    if (!answer_open(walk->tokenizer, tokenizer_vocabulary(walk->tokenizer), &wishes, &answer, error))
        return false;
    const bool done = take_answer(walk, answer, &text, &end, error) && buffer_text(&text, "", error);
    json_t *line = done && end == ANSWER_DONE ? json_stringn(text.bytes ? text.bytes : "", text.length) : NULL;
    if (line)
        json_dumpf(line, stdout, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    if (done)
        putchar('\n');
    json_decref(line);
    answer_close(answer);
    buffer_free(&text);
    return done;
}

static bool open_walk(struct walk *walk, char **words, struct error *error)
{
    struct buffer text = { .limit = 1 << 24 };
    struct rule start;
    if (!file_read(words[2], &text, error) || !buffer_text(&text, "", error) || !grammar_open(&walk->grammar, error))
        return false;
    const bool built = strcmp(words[1], "schema") == 0
                           ? grammar_schema(walk->grammar, text.bytes ? text.bytes : "", &start, error)
                           : grammar_gbnf(walk->grammar, buffer_span(&text), &start, error);
    buffer_free(&text);
    return built && gguf_open(words[5], &walk->gguf, error) && tokenizer_open(walk->gguf, &walk->tokenizer, error) &&
           constraint_open(walk->grammar, start, walk->tokenizer, &walk->constraint, error);
}

static bool print_answers(struct walk *walk, size_t count, struct error *error)
{
    const size_t vocabulary = tokenizer_vocabulary(walk->tokenizer);
    walk->liking = calloc(vocabulary, sizeof *walk->liking);
    walk->logits = calloc(vocabulary, sizeof *walk->logits);
    if (!walk->liking || !walk->logits)
        return error_memory(error, vocabulary * sizeof *walk->logits);
    for (uint32_t token = 0; token < vocabulary; token++)
        walk->liking[token] = liking_of(walk->tokenizer, token);
    for (size_t i = 0; i < NOISE; i++)
        walk->noise[i] = (float)(random_next(walk) >> 40) * 0x1p-20f;
    for (size_t i = 0; i < count; i++)
        if (!print_answer(walk, i, error))
            return false;
    return true;
}

int main(int count, char **words)
{
    static struct walk walk;
    struct error error = { 0 };
    if (count != 6) {
        fprintf(stderr, "usage: %s schema|gbnf FILE SEED COUNT VOCABULARY\n", words[0]);
        return 2;
    }
    walk.random = strtoull(words[3], NULL, 10);
    const bool done = open_walk(&walk, words, &error) && print_answers(&walk, strtoull(words[4], NULL, 10), &error);
    if (!done)
        fprintf(stderr, "%s\n", error.text);
    constraint_close(walk.constraint);
    grammar_close(walk.grammar);
    tokenizer_close(walk.tokenizer);
    gguf_close(walk.gguf);
    free(walk.liking);
    free(walk.logits);
    return done ? 0 : error.kind == ERROR_WRONG_USE ? 2 : 3;
}

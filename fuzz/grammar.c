/* grammar.c: any bytes as a JSON Schema or, behind a first byte of g, as a grammar in GBNF. What is taken is walked
 * through, by bytes that the rest of the input chooses: it must end soon, and stay in the language that it is in. */
#include "engine/grammar/automaton.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { STEPS_MOST = 200 };

/* The next byte that may come, from one on; false if there is none or the grammar is too ambiguous. */
static bool find_byte(struct automaton *automaton, uint32_t *state, unsigned from, struct error *error)
{
    for (unsigned i = 0; i < 256; i++) {
        uint32_t next;
        automaton->effort = 0;
        if (!automaton_step(automaton, *state, (unsigned char)(from + i), &next, error))
            return false;
        if (next != STATE_DEAD) {
            *state = next;
            return true;
        }
    }
    return false;
}

/* Every place that can be reached leads on, or is an end: rules without texts are never begun. */
static void walk(struct automaton *automaton, const uint8_t *data, size_t bytes)
{
    uint32_t state = automaton->start, clipped;
    struct error error = { 0 };
    for (size_t i = 0; i < STEPS_MOST && i < bytes; i++) {
        if (find_byte(automaton, &state, data[i], &error))
            continue;
        if (error.kind == ERROR_NONE && !automaton_state(automaton, state)->complete)
            __builtin_trap();
        break;
    }
    if (!automaton_clip(automaton, state, 16, &clipped, &error) && error.kind == ERROR_NONE)
        __builtin_trap();
}

static bool read_grammar(struct grammar *grammar, const uint8_t *data, size_t bytes, struct rule *rule,
                         struct error *error)
{
    struct arena arena = { 0 };
    if (bytes > 0 && data[0] == 'g')
        return grammar_gbnf(grammar, span_of(data + 1, bytes - 1), rule, error);
    const char *text = arena_text(&arena, span_of(data, bytes));
    const bool done = text && grammar_schema(grammar, text, rule, error);
    if (!text)
        error_set(error, "no memory");
    arena_free(&arena);
    return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct grammar *grammar = NULL;
    struct language language = { 0 };
    struct automaton automaton = { 0 };
    struct error error = { 0 };
    struct rule rule;
    if (grammar_open(&grammar, &error) && read_grammar(grammar, data, bytes, &rule, &error) &&
        language_open(grammar, rule, &language, &error) && automaton_open(&language, &automaton, &error))
        walk(&automaton, data, bytes);
    else if (error.kind == ERROR_NONE)
        __builtin_trap();
    automaton_close(&automaton);
    language_close(&language);
    grammar_close(grammar);
    return 0;
}

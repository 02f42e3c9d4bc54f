/* pretokenizer.h: cuts text into the pieces that byte-level BPE merges within. Private to the room. */
#ifndef BASTIDE_ENGINE_PRETOKENIZER_H
#define BASTIDE_ENGINE_PRETOKENIZER_H

#include "base/base.h"

/* How a family of models cuts text; pretokenizer.c has the regular expressions that these fields stand for. */
struct pretokenizer {
    const char *name;  /* as in tokenizer.ggml.pre */
    bool digits_first; /* each digit is a piece, and no piece reaches across one */
    bool any_case;     /* 'S is cut off as well as 's */
    bool any_lead;     /* a word takes any one character before it, not only a space */
    bool newlines;     /* symbols take the newlines after them, and newlines end a run of spaces */
    unsigned digits;   /* a number's longest piece; 0: as long as it is, and it takes a space before it */
    bool whole_words;  /* a piece that is a token is not taken apart and merged */
    bool adds_bos;     /* where the file does not say */
};

/* The one that a file names; NULL, with an error that lists the known ones, if there is none. An empty name gives
 * that of GPT-2. path is the file's. */
const struct pretokenizer *pretokenizer_find(struct span name, const char *path, struct error *error);

/* Cuts text from front to back: struct cutter cutter = { .pretokenizer = ..., .text = ... }. */
struct cutter {
    const struct pretokenizer *pretokenizer;
    struct span text;
    size_t start; /* of the next piece */
    size_t limit; /* where the stretch without digits that start lies in ends */
};

/* The next piece; false at the end. Pieces follow each other without gaps and are never empty. A byte that is no
 * character counts as a symbol. Time over all calls is linear in the text. */
bool cutter_next(struct cutter *cutter, struct span *piece);

#endif

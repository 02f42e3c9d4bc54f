/* quote.h: the marks that tokenizer_quote leaves. Private to the room. */
#ifndef BASTIDE_ENGINE_QUOTE_H
#define BASTIDE_ENGINE_QUOTE_H

#include "engine/tokenizer.h"

/* Whether a mark stands at offset: what ends there is no special token. */
bool quote_marks(struct span text, size_t offset);

/* Whether there may be marks in it. */
bool quote_used(struct span text);

#endif

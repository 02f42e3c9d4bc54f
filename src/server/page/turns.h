/* turns.h: answers in the making for the page. A turn goes on when the tab that asked for it closes, is written to the
 * store as it grows, and any number of tabs may follow it from any of its events. Private to the room. */
#ifndef BASTIDE_SERVER_TURNS_H
#define BASTIDE_SERVER_TURNS_H

#include "server/exchange.h"
#include "store/store.h"

struct turns;
struct turn;

MUST_USE bool turns_open(struct store *store, struct turns **out, struct error *error);

/* Stops those that go on, with what they have so far written to the store. */
void turns_close(struct turns *turns);

/* Begins to answer: takes the exchange, also when it fails. message: the answer's id in the store; so_far: the text
 * that it already holds and that is gone on from. */
MUST_USE bool turn_begin(struct turns *turns, struct exchange *exchange, const char *owner, const char *message,
                         const char *so_far, struct error *error);

/* The turn of a message of this owner, to follow until turn_leave; NULL if none is known: it ended long ago, or before
 * the process began. */
struct turn *turn_follow(struct turns *turns, const char *owner, const char *message);
void turn_leave(struct turns *turns, struct turn *turn);

enum turn_news { TURN_NOTHING, TURN_TEXT, TURN_ENDED };

/* Event number index: the text of it, appended to text, or that the turn has ended with so many. Waits for at most so
 * many seconds. state and figures (a JSON object) are set with TURN_ENDED and live as long as the turn is followed. */
MUST_USE bool turn_event(struct turn *turn, size_t index, double seconds, enum turn_news *news, struct buffer *text,
                         enum message_state *state, const char **figures, struct error *error);

/* Asks it to stop; it ends within a step. */
void turn_stop(struct turn *turn);

#endif

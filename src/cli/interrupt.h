/* interrupt.h: Ctrl-C as a question that work asks between steps. Private to the room. */
#ifndef BASTIDE_CLI_INTERRUPT_H
#define BASTIDE_CLI_INTERRUPT_H

#include <stdbool.h>

/* From here on Ctrl-C (SIGINT) is noted instead of ending the program, and a read that waits for input returns. Where
 * the caller of the program had SIGINT ignored, as shells do for work in the background, it stays so. */
void interrupt_watch(void);

/* Notes a Ctrl-C that came another way, such as a key. */
void interrupt_note(void);

/* Whether Ctrl-C came since the last interrupt_clear. */
bool interrupt_came(void);
void interrupt_clear(void);

#endif

/* The command that makes a modem's connection (M-9): chat(8), for example. It talks to the modem on its standard input and
 * output, and the line stands when it ends well. */
#ifndef GATEWAY_DIALLER_H
#define GATEWAY_DIALLER_H

#include "http/loop.h"

struct dialler;
typedef void dialler_fn(void *context, bool connected); /* may free the dialler */

/* Starts /bin/sh -c COMMAND in a process group of its own. The loop must stay until it is through or freed. Errors: NOT_FOUND,
 * IO, NO_MEMORY. */
enum err dialler_start(struct loop *loop, const char *command, const char *tty, dialler_fn *done, void *context,
                       struct dialler **ret_dialler, struct why *why) MUST_CHECK;
void dialler_free(struct dialler *d); /* ends the command if it still runs; NULL is fine */

#endif

/* Several workers on one database: one of them does what is done by the clock and asks the CA, and each tells the others
 * whom to wake. On a file there is one worker, and nothing of this costs anything. */
#ifndef CENTER_WORKERS_H
#define CENTER_WORKERS_H

#include "center/center.h"

/* Finds out whether this one leads, and goes on looking. */
enum err workers_start(struct center *center, struct why *why) MUST_CHECK;
void workers_stop(struct center *center);

/* Whoever waits at another worker on behalf of this number is woken there; "": the one that leads looks for errands. After the
 * commit; what cannot be told now is told later. */
void workers_tell(struct center *center, const char *number);

#endif

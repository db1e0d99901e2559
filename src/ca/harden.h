/* What a process gives up before it handles keys. */
#ifndef CA_HARDEN_H
#define CA_HARDEN_H

#include "base/err.h"

/* No core dumps, no tracing by others, no new privileges. */
enum err harden_process(struct why *why) MUST_CHECK;

/* And for good: no sockets (but those that are open), no other programs, no looking into other processes
 * (a seccomp filter; where the kernel has none, the rest must do). Threads made later are bound by it too. */
enum err harden_no_network(struct why *why) MUST_CHECK;

/* Closes every descriptor above standard error but `keep`. */
void harden_close_others(int keep);

#endif

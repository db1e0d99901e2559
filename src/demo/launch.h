/* fork and exec of our own programs, which lie in the folder of this one. */
#ifndef DEMO_LAUNCH_H
#define DEMO_LAUNCH_H

#include <sys/types.h>

#include "base/err.h"

/* argv[0] is the area ("ca"): nameplate-ca is run. ret_in, ret_out: our ends of its standard input and output.
 * netns: a network
 * namespace by name, NULL: ours. It ends when this program does. Errors: those of errno. */
enum err launch(const char *const *argv, const char *netns, int error_fd, int *ret_in, int *ret_out, pid_t *ret_pid, struct why *why) MUST_CHECK;

/* The log of this name, for appending; -1 and errno. */
int launch_open_log(const char *name);

#endif

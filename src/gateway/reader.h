/* The thread that reads the devices without an agent, each at its interval. */
#ifndef GATEWAY_READER_H
#define GATEWAY_READER_H

#include "gateway/gateway.h"

/* Starts reading the devices of [agentless] devices; nothing when there are none. Errors: those of agentless_read,
 * NO_MEMORY. */
enum err reader_start(struct gateway *g, struct why *why) MUST_CHECK;
/* The same with the list as it is now; on an error the old one is in force. */
enum err reader_restart(struct gateway *g, struct why *why) MUST_CHECK;
void reader_stop(struct gateway *g); /* waits for the read under way, some seconds at most */

#endif

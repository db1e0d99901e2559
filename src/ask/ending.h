/* A server's own certificate, which ends one day: said in the log while there is time. */
#ifndef ASK_ENDING_H
#define ASK_ENDING_H

#include "http/loop.h"
#include "tls/credentials.h"

struct ending {
    struct loop *loop;
    const struct credentials *credentials; /* looked at anew each day: they change by a reload */
    const char *area;                      /* "factory", for the command that the line names */
    uint64_t timer;
};

/* Looks now and each day after. `ending` must stand until the loop is freed. */
enum err ending_watch(struct ending *ending, struct why *why) MUST_CHECK;

#endif

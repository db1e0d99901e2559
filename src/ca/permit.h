/* What the signer may be asked, in which state of a batch, and how often: the whole of the front's power.
 * Pure: the signer's loop asks permit_check before it looks at a request's fields. */
#ifndef CA_PERMIT_H
#define CA_PERMIT_H

#include <stdint.h>

#include "base/err.h"
#include "ca/protocol.h"

enum batch_state { BATCH_NONE, BATCH_OPEN, BATCH_ACCEPTED, BATCH_REFUSED, BATCH_STATES };

enum { PERMIT_WINDOW_MS = 60000 };

struct permit_row {
    enum ca_request request;
    const char *name;
    unsigned states;     /* bits 1 << enum batch_state in which it may come; all: it belongs to no batch */
    int64_t per_minute;  /* 0: bounded otherwise (by the numbers of the batch) */
};

/* The row of a request; NULL when there is no such request. */
const struct permit_row *permit_row(unsigned kind);

/* How often each kind came in the current window. All zero at the start. */
struct permit_meter {
    int64_t window_start_ms;
    int64_t count[CA_REQUEST_END];
};

/* Counts and judges one request. Errors: UNSUPPORTED (no such request), NOT_ALLOWED (not in this state),
 * BUSY (more often than allowed). */
enum err permit_check(struct permit_meter *meter, unsigned kind, enum batch_state state, int64_t now_ms, struct why *why) MUST_CHECK;

#endif

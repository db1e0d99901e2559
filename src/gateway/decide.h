/* What a gateway decides, without a system call: who may give it letters, when the one above is asked, when what waits
 * goes up (M-1, M-3). Times are milliseconds of one clock that never goes back; the caller supplies random numbers. */
#ifndef GATEWAY_DECIDE_H
#define GATEWAY_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "model/role.h"

/* Whether it is a gateway below, which brings what is not its own; not our own agent, beside us, which has our identity. */
bool decide_carries(const struct peer *peer, const char *self);

/* A device speaks for itself, a gateway below for whom it carries: whether that number may come its way says the centre.
 * Our own agent, beside us, has our own identity and speaks for nobody else. Errors: NUMBER_MISMATCH. */
enum err decide_speaks(const struct peer *peer, const char *self, const char *number, struct why *why) MUST_CHECK;

/* A device shows its presence under the identity of its connection; of a gateway's the agent beside it may have renewed it.
 * Errors: BAD_SIGNATURE. */
enum err decide_shows(const struct peer *peer, struct span fingerprint, struct why *why) MUST_CHECK;

/* --- Upwards: one exchange that waits for what comes down (poll), and one at a time that takes what goes up (send) --- */

struct uplink_policy {
    int64_t interval_ms; /* between polls when the one above does not let them wait; the longest delay after failures */
    int64_t wait_ms;     /* for which a poll stands; 0: not at all */
};

struct uplink_state {
    bool sending, polling; /* under way */
    bool news;             /* something waits to go up */
    unsigned failures, stalls;
    int64_t send_at_ms, poll_at_ms; /* not before */
};

enum uplink_act { UPLINK_REST, UPLINK_SEND, UPLINK_POLL };
struct uplink_order {
    enum uplink_act act;
    int64_t at_ms; /* with REST: when to ask again; INT64_MAX: when something has happened */
};
struct uplink_order uplink_next(const struct uplink_state *s, int64_t now_ms);

/* The order is carried out. */
void uplink_began(struct uplink_state *s, enum uplink_act act);

struct uplink_end {
    enum uplink_act act;
    bool ok;         /* a whole reply came */
    int64_t took_ms;
    unsigned came;   /* sessions, letters and receipts that were news to us */
    bool more;       /* the one above has more than fitted */
    bool left;       /* something waits to go up still, or again */
};
void uplink_ended(struct uplink_state *s, const struct uplink_policy *policy, const struct uplink_end *end, int64_t now_ms,
                  uint32_t random);

#endif

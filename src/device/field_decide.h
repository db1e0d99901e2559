/* When the device polls (M-3), without doing it: no clock, no randomness, no system call here.
 *
 * The centre sets the interval; the device adds up to a tenth of it, so that many do not come at once. After a failure
 * it waits 1 s, 2 s, 4 s ... up to the interval, spread likewise. What is new goes at once; what was sent and not
 * taken (the other side is busy) waits as after a failure. */
#ifndef DEVICE_FIELD_DECIDE_H
#define DEVICE_FIELD_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limit.h"
#include "soap/messages.h"

enum { POLL_DEFAULT_S = 60 };

struct poll {
    int64_t interval_s;
    unsigned failures; /* in a row: exchanges that failed, or after which our letters still wait */
};

struct poll_result {
    bool failed; /* no reply, or one that could not be read */
    bool more;   /* the other side has more for us */
    bool fresh;  /* something is there that was not sent yet: receipts, answers, calls */
    bool stale;  /* letters were sent and got no receipt */
    int64_t took_ms;
};

/* Milliseconds until the next exchange. random: any number, its low bits count. */
int64_t poll_after(struct poll *poll, const struct poll_result *result, uint64_t random);

/* Before the first exchange: a little of the interval, so that a building that gets its power back does not come at once. */
int64_t poll_first(const struct poll *poll, uint64_t random);

/* Seconds that an exchange may wait for something to happen: none when we have letters to bring, and never longer than
 * the interval, so that the presence is shown as often as the centre wants it. */
int64_t poll_wait(const struct poll *poll, int64_t setting_s, bool letters);

/* Takes what a session or a PollingInterval said. Errors: BAD_INPUT outside LIMIT_POLL_LEAST_S .. LIMIT_POLL_MOST_S. */
enum err poll_set_interval(struct poll *poll, int64_t interval_s, struct why *why) MUST_CHECK;

/* Whether an identity should be renewed: a third of its validity is left, less up to a tenth of all of it, by `random`, so
 * that a fleet that was made on one day does not come at once. random: always the same one for an identity. */
bool renewal_is_due(int64_t not_before_s, int64_t not_after_s, int64_t now_s, uint64_t random);

/* What is to be done with a presence's answer. */
enum session_step {
    SESSION_ADMITTED, /* letters may go */
    SESSION_REFUSED,  /* poll on, and say nothing else */
    SESSION_RENEW,    /* the identity expired: it may ask for renewal, and for nothing else */
    SESSION_CONFIRM,  /* the identity is new: it may say that it is there, and nothing else */
};
enum session_step decide_admission(const char *state, const char *error);

/* Whether a call whose answer we wait for may go out now. Letters from the memory go when admitted only. */
bool session_allows(enum session_step step, enum soap_message message);

/* What a receipt means for our letter. */
enum receipt_step {
    RECEIPT_TAKEN,  /* it is durable there; ours may go */
    RECEIPT_LATER,  /* send it again later: the other side does not know this identity yet, or not for certain */
    RECEIPT_REDO,   /* a reading was refused for now: it goes again in another letter */
    RECEIPT_REFUSED /* for good */
};
enum receipt_step decide_receipt(bool accepted, const char *error, bool reading);

#endif

/* The contract under which a device is remotely managed (effect 1; M-6). */
#ifndef MODEL_AGREEMENT_H
#define MODEL_AGREEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum agreement_state { AGREEMENT_NONE, AGREEMENT_ACTIVE, AGREEMENT_SUSPENDED, AGREEMENT_ENDED, AGREEMENT_STATE_COUNT };

const char *agreement_state_name(enum agreement_state state);                                 /* "active" */
enum err agreement_state_parse(const char *name, enum agreement_state *ret_state) MUST_CHECK; /* NOT_FOUND */

struct agreement {
    enum agreement_state state; /* as written down: ACTIVE, SUSPENDED, ENDED; NONE when there is none */
    int64_t from_s, until_s;    /* wall clock of the centre; until_s 0: no end */
};

/* What it is worth now: a written-down ACTIVE is ENDED after its end and NONE before its begin. */
enum agreement_state agreement_now(const struct agreement *a, int64_t now_s);

/* Whether it is written down, and has not begun. */
bool agreement_is_ahead(const struct agreement *a, int64_t now_s);

/* OK for an active one; else NO_AGREEMENT with a sentence that says why. */
enum err agreement_check(const struct agreement *a, int64_t now_s, struct why *why) MUST_CHECK;

#endif

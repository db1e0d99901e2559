/* The states of an identity and the only ways between them (lifecycle.tbl).
 *
 * The CA's register and the factory's identity store both keep one row per identity and move it by
 * lifecycle_next(); the databases' CHECK constraints and the documentation are made from the same table. */
#ifndef MODEL_LIFECYCLE_H
#define MODEL_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/role.h"

enum lifecycle_state {
#define STATE(code, name, live, what) LIFE_##code,
#include "model/lifecycle.tbl"
#undef STATE
    LIFE_COUNT
};

enum lifecycle_event {
#define EVENT(code, name) LIFE_EVENT_##code,
#include "model/lifecycle.tbl"
#undef EVENT
    LIFE_EVENT_COUNT
};

struct lifecycle_move {
    enum lifecycle_state from;
    enum lifecycle_event event;
    enum lifecycle_state to;
    enum role who;
    const char *step, *source;
};

/* Where `event` sent by `who` leads. Errors: BAD_TRANSITION (no such row), NOT_ALLOWED (another role's). */
enum err lifecycle_next(enum lifecycle_state from, enum lifecycle_event event, enum role who,
                        enum lifecycle_state *ret_to, struct why *why) MUST_CHECK;

/* All rows, for tests, checks of the database and pictures. */
const struct lifecycle_move *lifecycle_moves(size_t *ret_n);

const char *lifecycle_name(enum lifecycle_state state); /* "stored"; never NULL */
const char *lifecycle_event_name(enum lifecycle_event event);
bool lifecycle_is_live(enum lifecycle_state state);
bool lifecycle_is_over(enum lifecycle_state state); /* for good: voided, superseded, revoked */

/* Errors: NOT_FOUND. */
enum err lifecycle_parse(const char *name, enum lifecycle_state *ret_state) MUST_CHECK;

#endif

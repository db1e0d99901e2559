/* States of a call, from call.tbl; used by centre, gateway and device alike. */
#ifndef MODEL_CALL_H
#define MODEL_CALL_H

#include <stdbool.h>

#include "base/err.h"

enum call_state {
#define CALL_STATE(code, name, over, what) CALL_##code,
#include "model/call.tbl"
#undef CALL_STATE
    CALL_STATE_COUNT
};

enum call_event {
#define CALL_EVENT(code, name) CALL_EVENT_##code,
#include "model/call.tbl"
#undef CALL_EVENT
    CALL_EVENT_COUNT
};

const char *call_state_name(enum call_state state);
enum err call_state_parse(const char *name, enum call_state *ret_state) MUST_CHECK; /* NOT_FOUND */
bool call_is_over(enum call_state state);

/* Errors: BAD_TRANSITION, `why` naming both. */
enum err call_next(enum call_state from, enum call_event event, enum call_state *ret_to, struct why *why) MUST_CHECK;

#endif

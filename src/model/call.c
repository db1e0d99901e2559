#include "model/call.h"

#include <string.h>

static const struct {
    const char *name;
    bool over;
} states[CALL_STATE_COUNT] = {
#define CALL_STATE(code, text, done, what) [CALL_##code] = { .name = text, .over = done },
#include "model/call.tbl"
#undef CALL_STATE
};

static const char *const events[CALL_EVENT_COUNT] = {
#define CALL_EVENT(code, name) [CALL_EVENT_##code] = name,
#include "model/call.tbl"
#undef CALL_EVENT
};

/* One more than the state, so that 0 is "refused". */
static const unsigned char moves[CALL_STATE_COUNT][CALL_EVENT_COUNT] = {
#define CALL_MOVE(from, event, to, source) [CALL_##from][CALL_EVENT_##event] = 1 + CALL_##to,
#include "model/call.tbl"
#undef CALL_MOVE
};

const char *call_state_name(enum call_state state) { return (unsigned)state < CALL_STATE_COUNT ? states[state].name : "unknown"; }

enum err call_state_parse(const char *name, enum call_state *ret_state)
{
    for (unsigned i = 0; i < CALL_STATE_COUNT; i++)
        if (strcmp(states[i].name, name) == 0) {
            *ret_state = (enum call_state)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

bool call_is_over(enum call_state state) { return states[state].over; }

enum err call_next(enum call_state from, enum call_event event, enum call_state *ret_to, struct why *why)
{
    unsigned to = moves[from][event];
    if (to == 0)
        return why_set(why, ERR_BAD_TRANSITION, "a call that is %s cannot %s", states[from].name, events[event]);
    *ret_to = (enum call_state)(to - 1);
    return OK;
}

#include "model/lifecycle.h"

#include <string.h>

struct state_row {
    const char *name;
    bool live;
};

static const struct state_row states[LIFE_COUNT] = {
#define STATE(code, name, live, what) [LIFE_##code] = { name, live },
#include "model/lifecycle.tbl"
#undef STATE
};

static const char *const events[LIFE_EVENT_COUNT] = {
#define EVENT(code, name) [LIFE_EVENT_##code] = name,
#include "model/lifecycle.tbl"
#undef EVENT
};

static const struct lifecycle_move moves[] = {
#define MOVE(from, event, to, who, step, source) \
    { LIFE_##from, LIFE_EVENT_##event, LIFE_##to, ROLE_##who, step, source },
#include "model/lifecycle.tbl"
#undef MOVE
};

enum { MOVE_COUNT = sizeof moves / sizeof *moves };

enum err lifecycle_next(enum lifecycle_state from, enum lifecycle_event event, enum role who,
                        enum lifecycle_state *ret_to, struct why *why)
{
    for (size_t i = 0; i < MOVE_COUNT; i++) {
        if (moves[i].from != from || moves[i].event != event)
            continue;
        if (moves[i].who != who)
            return why_set(why, ERR_NOT_ALLOWED, "a %s may not send \"%s\"", role_name(who), lifecycle_event_name(event));
        *ret_to = moves[i].to;
        return OK;
    }
    return why_set(why, ERR_BAD_TRANSITION, "\"%s\" is not possible for an identity that is %s", lifecycle_event_name(event),
                   lifecycle_name(from));
}

const struct lifecycle_move *lifecycle_moves(size_t *ret_n)
{
    *ret_n = MOVE_COUNT;
    return moves;
}

const char *lifecycle_name(enum lifecycle_state state)
{
    return (unsigned)state < LIFE_COUNT ? states[state].name : "unknown";
}

const char *lifecycle_event_name(enum lifecycle_event event)
{
    return (unsigned)event < LIFE_EVENT_COUNT ? events[event] : "unknown";
}

bool lifecycle_is_live(enum lifecycle_state state) { return (unsigned)state < LIFE_COUNT && states[state].live; }

bool lifecycle_is_over(enum lifecycle_state state) { return state == LIFE_VOIDED || state == LIFE_SUPERSEDED || state == LIFE_REVOKED; }

enum err lifecycle_parse(const char *name, enum lifecycle_state *ret_state)
{
    for (unsigned i = 0; i < LIFE_COUNT; i++)
        if (strcmp(states[i].name, name) == 0) {
            *ret_state = (enum lifecycle_state)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

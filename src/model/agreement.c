#include "model/agreement.h"

#include <string.h>

static const char *const names[AGREEMENT_STATE_COUNT] = {
    [AGREEMENT_NONE] = "none",
    [AGREEMENT_ACTIVE] = "active",
    [AGREEMENT_SUSPENDED] = "suspended",
    [AGREEMENT_ENDED] = "ended",
};

const char *agreement_state_name(enum agreement_state state)
{
    return (unsigned)state < AGREEMENT_STATE_COUNT ? names[state] : "unknown";
}

enum err agreement_state_parse(const char *name, enum agreement_state *ret_state)
{
    for (unsigned i = 0; i < AGREEMENT_STATE_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *ret_state = (enum agreement_state)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

enum agreement_state agreement_now(const struct agreement *a, int64_t now_s)
{
    if (a->state != AGREEMENT_ACTIVE && a->state != AGREEMENT_SUSPENDED)
        return a->state;
    if (now_s < a->from_s)
        return AGREEMENT_NONE;
    return a->until_s != 0 && now_s >= a->until_s ? AGREEMENT_ENDED : a->state;
}

bool agreement_is_ahead(const struct agreement *a, int64_t now_s)
{
    return (a->state == AGREEMENT_ACTIVE || a->state == AGREEMENT_SUSPENDED) && now_s < a->from_s;
}

enum err agreement_check(const struct agreement *a, int64_t now_s, struct why *why)
{
    static const char *const texts[AGREEMENT_STATE_COUNT] = {
        [AGREEMENT_NONE] = "there is no agreement for this device, or it has not begun",
        [AGREEMENT_SUSPENDED] = "the agreement for this device is suspended",
        [AGREEMENT_ENDED] = "the agreement for this device has ended",
    };
    enum agreement_state state = agreement_now(a, now_s);
    return state == AGREEMENT_ACTIVE ? OK : why_set(why, ERR_NO_AGREEMENT, "%s", texts[state]);
}

#include "gateway/decide.h"

#include <string.h>

enum { FIRST_DELAY_MS = 1000, DOUBLINGS_MOST = 20 };

bool decide_carries(const struct peer *peer, const char *self)
{
    return peer->role == ROLE_GATEWAY && strcmp(peer->name, self) != 0;
}

enum err decide_speaks(const struct peer *peer, const char *self, const char *number, struct why *why)
{
    if (decide_carries(peer, self) || strcmp(peer->name, number) == 0)
        return OK;
    return why_set(why, ERR_NUMBER_MISMATCH, "%s %s speaks in the name of %s", role_name(peer->role), peer->name, number);
}

/* Two boards may have one number, and the centre's word about the one must not count for the other. */
enum err decide_shows(const struct peer *peer, struct span fingerprint, struct why *why)
{
    if (peer->role == ROLE_GATEWAY || span_equal(fingerprint, span_of(peer->fingerprint, sizeof peer->fingerprint)))
        return OK;
    return why_set(why, ERR_BAD_SIGNATURE, "%s shows a presence under another identity than that of its connection", peer->name);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Up to a tenth more, so that many do not come at once. */
static int64_t spread(int64_t ms, uint32_t random) { return ms + (int64_t)((uint64_t)(ms / 10) * random >> 32); }

static int64_t delay(unsigned times, const struct uplink_policy *policy, uint32_t random)
{
    unsigned doublings = times - 1 < DOUBLINGS_MOST ? times - 1 : DOUBLINGS_MOST;
    return spread(least((int64_t)FIRST_DELAY_MS << doublings, policy->interval_ms), random);
}

struct uplink_order uplink_next(const struct uplink_state *s, int64_t now_ms)
{
    bool may_send = s->news && !s->sending;
    /* What goes up goes first: its reply may make the poll needless. While the one above is away, one attempt is enough. */
    bool may_poll = !s->polling && !may_send && !(s->failures > 0 && s->sending);
    if (may_send && now_ms >= s->send_at_ms)
        return (struct uplink_order){ .act = UPLINK_SEND };
    if (may_poll && now_ms >= s->poll_at_ms)
        return (struct uplink_order){ .act = UPLINK_POLL };
    int64_t at = may_send ? s->send_at_ms : INT64_MAX;
    return (struct uplink_order){ .act = UPLINK_REST, .at_ms = least(at, may_poll ? s->poll_at_ms : INT64_MAX) };
}

void uplink_began(struct uplink_state *s, enum uplink_act act)
{
    if (act == UPLINK_SEND) {
        s->sending = true;
        s->news = false; /* what comes from now on needs another one */
    } else if (act == UPLINK_POLL) {
        s->polling = true;
    }
}

static void after_failure(struct uplink_state *s, const struct uplink_policy *policy, int64_t now_ms, uint32_t random)
{
    s->failures++;
    s->send_at_ms = s->poll_at_ms = now_ms + delay(s->failures, policy, random);
}

/* A letter that is not receipted waits where it is (the one above is busy): it is not sent in a circle. */
static void after_send(struct uplink_state *s, const struct uplink_policy *policy, const struct uplink_end *end, int64_t now_ms,
                       uint32_t random)
{
    s->stalls = end->left && end->came == 0 ? s->stalls + 1 : 0;
    s->send_at_ms = s->stalls == 0 ? now_ms : now_ms + delay(s->stalls, policy, random);
    if (end->more)
        s->poll_at_ms = now_ms;
}

/* A poll that stood for its time is followed by the next at once; one that came back empty at once was not let wait. */
static void after_poll(struct uplink_state *s, const struct uplink_policy *policy, const struct uplink_end *end, int64_t now_ms,
                       uint32_t random)
{
    bool stood = policy->wait_ms > 0 && end->took_ms >= policy->wait_ms / 2;
    bool at_once = stood || end->came > 0;
    s->poll_at_ms = at_once ? now_ms : now_ms + spread(policy->interval_ms, random);
}

void uplink_ended(struct uplink_state *s, const struct uplink_policy *policy, const struct uplink_end *end, int64_t now_ms,
                  uint32_t random)
{
    if (end->act == UPLINK_SEND)
        s->sending = false;
    else
        s->polling = false;
    s->news = s->news || end->left;
    if (!end->ok) {
        after_failure(s, policy, now_ms, random);
        return;
    }
    if (s->failures > 0) /* it is back: what was put off comes now */
        s->send_at_ms = s->poll_at_ms = now_ms;
    s->failures = 0;
    if (end->act == UPLINK_SEND)
        after_send(s, policy, end, now_ms, random);
    else
        after_poll(s, policy, end, now_ms, random);
}

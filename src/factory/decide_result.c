#include <stdio.h>
#include <string.h>

#include "factory/decide.h"

static enum err take_good(const struct decide_policy *policy, const struct result_facts *f, int64_t now_s,
                          struct result_effect *e, struct why *why)
{
    if (!f->proof_holds)
        return why_set(why, ERR_PROOF_FAILED, "%s is not taken as written: the device did not prove that it has the key",
                       f->row->number.text);
    enum err err = lifecycle_next(f->row->state, LIFE_EVENT_PROVE, ROLE_STATION, &e->row.state, why);
    if (err != OK)
        return err;
    e->changed = e->row.state != f->row->state;
    e->report = e->changed;
    e->outcome = "written";
    if (!e->changed)
        return OK;
    e->row.written_s = now_s;
    e->erase = policy->retention_s == 0 || e->row.direct;
    return e->erase ? lifecycle_next(e->row.state, LIFE_EVENT_ERASE, ROLE_FACTORY, &e->row.state, why) : OK;
}

/* Only the station that has the pack may say that it did not go in: a lie costs a revocation (hole 4). */
static enum err take_bad(const struct result_facts *f, struct result_effect *e, struct why *why)
{
    if (strcmp(f->row->station, f->station) != 0)
        return why_set(why, ERR_NOT_ALLOWED, "%s was not handed to station %s", f->row->number.text, f->station);
    enum err err = lifecycle_next(f->row->state, LIFE_EVENT_FAIL, ROLE_STATION, &e->row.state, why);
    if (err != OK)
        return err;
    e->changed = e->row.state != f->row->state;
    e->report = e->changed;
    e->outcome = "failed";
    e->again = !f->held;
    snprintf(e->row.reason, sizeof e->row.reason, "%s", f->reason);
    return OK;
}

enum err decide_result(const struct decide_policy *policy, const struct result_facts *facts, int64_t now_s,
                       struct result_effect *ret_effect, struct why *why)
{
    if (facts->row == NULL)
        return why_set(why, ERR_CONFLICT, "no certificate with this fingerprint was handed out for this number");
    struct result_effect effect = { .row = *facts->row };
    enum err err = facts->good ? take_good(policy, facts, now_s, &effect, why) : take_bad(facts, &effect, why);
    if (err == OK)
        *ret_effect = effect;
    return err;
}

bool decide_held(const struct decide_policy *policy, int64_t reissues_today)
{
    return reissues_today >= policy->reissues_most;
}

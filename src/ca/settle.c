/* SETTLE: what the centre says became of an identity: its device came with it, confirmed it, or it is to be revoked
 * (M-6, M-8). */
#include <stdio.h>

#include "ca/decide.h"
#include "ca/history.h"
#include "ca/signer.h"

struct settlement {
    struct device_number number;
    struct span fingerprint;
    char outcome[16], reason[REGISTER_REASON], actor[LIMIT_NAME + 16];
};

static enum err find(struct signer *s, const struct settlement *t, struct field_history *history, struct field_identity *named,
                     struct why *why)
{
    if (t->fingerprint.n != REGISTER_FINGERPRINT)
        return why_set(why, ERR_BAD_INPUT, "%s: a fingerprint has %d bytes", t->number.text, REGISTER_FINGERPRINT);
    enum err err = history_load(s->db, t->number.text, t->fingerprint, history, named, why);
    if (err == OK && named->id == 0)
        err = why_set(why, ERR_NOT_FOUND, "%s has no identity with this fingerprint", t->number.text);
    return err;
}

/* The old one is dead before the new one lives, in one transaction (I1). */
static enum err supersede(struct signer *s, const struct settlement *t, const struct field_identity *live, struct why *why)
{
    enum lifecycle_state to;
    enum err err = lifecycle_next(live->state, LIFE_EVENT_SUPERSEDE, ROLE_CA, &to, why);
    return err != OK ? err
                     : history_move(s->db, live, to, &(struct history_move){ t->actor, "supersede", t->number.text, "superseded" }, why);
}

/* Who has the old identity may have asked for the new one. */
static enum err revoke_renewing(struct signer *s, const struct settlement *t, const struct field_identity *renewing, struct why *why)
{
    enum lifecycle_state to;
    enum err err = lifecycle_next(renewing->state, LIFE_EVENT_REVOKE, ROLE_CA, &to, why);
    return err != OK ? err
                     : history_move(s->db, renewing, to, &(struct history_move){ t->actor, t->outcome, t->number.text, t->reason }, why);
}

static enum err apply(struct signer *s, const struct settlement *t, enum lifecycle_state *ret_state, struct why *why)
{
    struct field_history history;
    struct field_identity named;
    enum lifecycle_state to = LIFE_PLANNED;
    bool supersedes = false;
    enum err err = find(s, t, &history, &named, why);
    if (err == OK)
        err = decide_settlement(named.state, t->outcome, history.live.id != 0, &to, &supersedes, why);
    if (err == OK && supersedes)
        err = supersede(s, t, &history.live, why);
    if (err == OK && to != named.state)
        err = history_move(s->db, &named, to, &(struct history_move){ t->actor, t->outcome, t->number.text, t->reason }, why);
    if (err == OK && to == LIFE_REVOKED && history.renewing.id != 0)
        err = revoke_renewing(s, t, &history.renewing, why);
    if (err == OK)
        *ret_state = to;
    return err != OK ? why_prefix(why, err, "%s", t->number.text) : OK;
}

static enum err answer(struct signer *s, int64_t tag, enum lifecycle_state state)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_SETTLED, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_text(&s->out, lifecycle_name(state));
    return err != OK ? err : frame_end(&s->out, mark);
}

/* A reason of its own words is none that a CRL has. */
static void check_reason(char reason[REGISTER_REASON])
{
    int code;
    if (decide_reason_code(reason, &code) != OK)
        snprintf(reason, REGISTER_REASON, "unspecified");
}

enum err settle_identity(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct settlement t = { .outcome = "" };
    char requester[LIMIT_NAME + 1];
    enum lifecycle_state state = LIFE_PLANNED;
    frame_text(fields, sizeof requester, requester);
    struct span number = frame_bytes(fields);
    t.fingerprint = frame_bytes(fields);
    frame_text(fields, sizeof t.outcome, t.outcome);
    frame_text(fields, sizeof t.reason, t.reason);
    snprintf(t.actor, sizeof t.actor, "%s:%s", role_name(ROLE_CENTER), requester);
    check_reason(t.reason);
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = number_parse(number, &t.number, why);
    if (err == OK)
        err = db_begin(s->db, why);
    if (err == OK)
        err = apply(s, &t, &state, why);
    if (err == OK)
        err = db_commit(s->db, why); /* saved first, answered then (I9) */
    return err != OK ? err : answer(s, tag, state);
}

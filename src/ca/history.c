#include "ca/history.h"

#include "base/clock.h"
#include "base/hex.h"

struct loading {
    struct span fingerprint;
    struct field_history history;
    struct field_identity named;
};

static bool was_in_device(enum lifecycle_state state) { return state == LIFE_SUPERSEDED || state == LIFE_REVOKED; }

/* Rows come by age, so that the newest of a kind stays. */
static enum err take_row(void *context, const struct register_certificate *c)
{
    struct loading *l = context;
    /* a number that is only reserved has no row of its own */
    struct field_identity i = { .id = c->id == 0 ? -1 : c->id, .order_id = c->order_id, .generation = c->generation, .state = c->state };
    if (strcmp(c->kind, "device") != 0)
        return OK;
    if (c->fingerprint.n == sizeof i.fingerprint)
        memcpy(i.fingerprint, c->fingerprint.at, sizeof i.fingerprint);
    if (lifecycle_is_live(c->state))
        l->history.live = i;
    else if (c->state == LIFE_RENEWING)
        l->history.renewing = i;
    else if (was_in_device(c->state))
        l->history.former = i;
    if (c->fingerprint.n != 0 && span_equal(c->fingerprint, l->fingerprint))
        l->named = i;
    return OK;
}

enum err history_load(struct db *db, const char *number, struct span fingerprint, struct field_history *ret_history,
                      struct field_identity *ret_named, struct why *why)
{
    const struct register_filter filter = { .subject = number };
    struct loading l = { .fingerprint = fingerprint };
    enum err err = register_certificate_list(db, &filter, take_row, &l, why);
    if (err != OK)
        return err;
    *ret_history = l.history;
    if (ret_named != NULL)
        *ret_named = l.named;
    return OK;
}

enum err history_move(struct db *db, const struct field_identity *i, enum lifecycle_state to, const struct history_move *m,
                      struct why *why)
{
    char fingerprint[2 * REGISTER_FINGERPRINT + 1];
    int64_t now_s = clock_wall_s();
    bool revoked = !lifecycle_is_live(to);
    hex_encode(i->fingerprint, sizeof i->fingerprint, fingerprint);
    enum err err = register_certificate_move(db, i->id, i->state, to, revoked ? now_s : 0, revoked ? m->reason : "", why);
    return err != OK ? err
                     : register_audit(db, now_s, m->actor, m->event, m->number, why, "generation=%lld from=%s to=%s fingerprint=%s%s%s",
                                      (long long)i->generation, lifecycle_name(i->state), lifecycle_name(to), fingerprint,
                                      revoked ? " reason=" : "", revoked ? m->reason : "");
}

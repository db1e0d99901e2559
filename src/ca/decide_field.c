#include "ca/decide_field.h"

enum err decide_renewal_reason(const char *text, enum renewal_reason *ret_reason, struct why *why)
{
    if (strcmp(text, "renewal") != 0 && strcmp(text, "replacement") != 0)
        return why_set(why, ERR_BAD_INPUT, "\"%.20s\" is no reason: renewal or replacement", text);
    *ret_reason = strcmp(text, "renewal") == 0 ? RENEWAL : REPLACEMENT;
    return OK;
}

static bool is_in_device(enum lifecycle_state state)
{
    return state == LIFE_WRITTEN || state == LIFE_ERASED || state == LIFE_FIELD;
}

static enum err decide_live(const char *number, const struct field_identity *live, enum renewal_reason reason, struct span replaces,
                            struct why *why)
{
    if (!is_in_device(live->state))
        return why_set(why, ERR_BAD_TRANSITION, "the identity of %s is %s: it was not proven to be in a device", number,
                       lifecycle_name(live->state));
    if (reason == RENEWAL && !span_equal(replaces, span_of(live->fingerprint, sizeof live->fingerprint)))
        return why_set(why, ERR_CONFLICT, "another identity of %s is live than the one that asks for renewal", number);
    return OK;
}

enum err decide_renewal(const char *number, enum renewal_reason reason, struct span replaces, const struct field_history *h,
                        const struct field_identity **ret_before, struct why *why)
{
    const struct field_identity *before = h->live.id != 0 ? &h->live : &h->former;
    if (before->id == 0)
        return why_set(why, ERR_NOT_FOUND, "%s never had an identity in a device", number);
    if (before == &h->former && reason == RENEWAL)
        return why_set(why, ERR_BAD_TRANSITION, "%s has no live identity to be renewed: the last one is %s", number,
                       lifecycle_name(before->state));
    enum err err = before == &h->live ? decide_live(number, before, reason, replaces, why) : OK;
    if (err == OK)
        *ret_before = before;
    return err;
}

static const struct settlement_row {
    const char *outcome;
    enum lifecycle_event event;
    enum role who;
} settlements[] = {
    { "admitted", LIFE_EVENT_ADMIT, ROLE_CENTER },
    { "confirmed", LIFE_EVENT_CONFIRM, ROLE_CENTER },
    { "revoked", LIFE_EVENT_REVOKE, ROLE_CA }, /* the CA's to do; the centre asks for it */
};

/* A replacement board has nothing to confirm against: the first time that it comes is its confirmation. */
static enum lifecycle_event event_of(const struct settlement_row *row, enum lifecycle_state from, bool replaces_live)
{
    return from == LIFE_RENEWING && row->event == LIFE_EVENT_ADMIT && !replaces_live ? LIFE_EVENT_CONFIRM : row->event;
}

/* I10: what was revoked before stays as it is, whoever revoked it. */
static bool is_revoked(enum lifecycle_state state)
{
    return state == LIFE_VOIDED || state == LIFE_SUPERSEDED || state == LIFE_REVOKED;
}

enum err decide_settlement(enum lifecycle_state from, const char *outcome, bool replaces_live, enum lifecycle_state *ret_to,
                           bool *ret_supersedes, struct why *why)
{
    for (size_t i = 0; i < sizeof settlements / sizeof *settlements; i++) {
        const struct settlement_row *row = &settlements[i];
        enum lifecycle_state to = from;
        if (strcmp(row->outcome, outcome) != 0)
            continue;
        enum err err = row->event == LIFE_EVENT_REVOKE && is_revoked(from)
                           ? OK
                           : lifecycle_next(from, event_of(row, from, replaces_live), row->who, &to, why);
        if (err != OK)
            return err;
        *ret_supersedes = from == LIFE_RENEWING && to == LIFE_FIELD && replaces_live;
        *ret_to = to;
        return OK;
    }
    return why_set(why, ERR_BAD_INPUT, "\"%.20s\" is no outcome: admitted, confirmed or revoked", outcome);
}

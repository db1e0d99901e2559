#include "center/decide.h"

#include <string.h>

#include "model/lifecycle.h"

static struct verdict refuse(enum err err, const char *incident) { return (struct verdict){ .err = err, .incident = incident }; }
static struct verdict accept(void) { return (struct verdict){ .err = OK, .incident = "" }; }

/* What each state at the CA means for who shows the identity. */
static const struct {
    enum err err;
    const char *incident, *text;
} states[LIFE_COUNT] = {
    [LIFE_PLANNED] = { ERR_BUSY, "", "this identity is not in its device yet, as far as the CA knows" },
    [LIFE_REQUESTED] = { ERR_BUSY, "", "this identity is not in its device yet, as far as the CA knows" },
    [LIFE_STORED] = { ERR_BUSY, "", "this identity is not in its device yet, as far as the CA knows" },
    [LIFE_CLAIMED] = { ERR_BUSY, "", "this identity is not in its device yet, as far as the CA knows" },
    [LIFE_FAILED] = { ERR_BUSY, "", "this identity is being replaced" },
    [LIFE_WRITTEN] = { OK, "", "" },
    [LIFE_ERASED] = { OK, "", "" },
    [LIFE_FIELD] = { OK, "", "" },
    [LIFE_RENEWING] = { OK, "", "" }, /* the device that has it is there; beside another one it does not reach far */
    [LIFE_VOIDED] = { ERR_UNKNOWN_IDENTITY, "revoked", "this identity was revoked before any device proved to have it" },
    [LIFE_SUPERSEDED] = { ERR_UNKNOWN_IDENTITY, "superseded", "this identity was replaced by a newer one" },
    [LIFE_REVOKED] = { ERR_UNKNOWN_IDENTITY, "revoked", "this identity is revoked" },
};

struct verdict decide_identity(const struct identity_facts *f, int64_t now_s)
{
    struct verdict v = accept();
    enum lifecycle_state state = LIFE_PLANNED;
    if (f->state == NULL) {
        v = refuse(f->told ? ERR_UNKNOWN_IDENTITY : ERR_BUSY, f->told ? "unknown-identity" : "");
        (void)!why_set(&v.why, v.err, "the CA told of no such identity%s", f->told ? "" : " yet");
        return v;
    }
    if (lifecycle_parse(f->state, &state) != OK) {
        v = refuse(ERR_BUSY, "");
        (void)!why_set(&v.why, v.err, "the CA told of an unknown state, %s", f->state);
        return v;
    }
    if (states[state].err != OK) {
        v = refuse(states[state].err, states[state].incident);
        (void)!why_set(&v.why, v.err, "%s", states[state].text);
    } else if (now_s >= f->expires_s + f->grace_s) {
        v = refuse(ERR_UNKNOWN_IDENTITY, "expired");
        (void)!why_set(&v.why, v.err, "this identity has expired, and so has the time to renew it");
    } else if (now_s >= f->expires_s) {
        v = decide_presence(REACH_RENEWAL);
    } else if (state == LIFE_RENEWING && f->predecessor) {
        v = decide_presence(REACH_CONFIRMATION);
    }
    return v;
}

/* What is taken from an identity that is not, or no longer, in force (doc/protocol/field.md, "Identity in the field"). Each is
 * shown by its presence, and gets a session; receipts are no letters. */
#define MAY(message) (UINT64_C(1) << SOAP_##message)
_Static_assert(SOAP_MESSAGE_COUNT <= 64, "a bit for each message");
static const struct reach_row {
    enum err session; /* that its presence is answered with */
    uint64_t calls;
    bool answers, carries;
    enum err refusal; /* of everything else */
    const char *incident, *text;
} reaches[REACH_COUNT] = {
    [REACH_ALL] = { OK, UINT64_MAX, true, true, OK, "", "" },
    [REACH_CONFIRMATION] = { ERR_UNCONFIRMED, MAY(RENEWAL_CONFIRMATION), false, false, ERR_UNCONFIRMED, "",
                             "this identity is not confirmed yet: it may say that it is there, and nothing else" },
    [REACH_RENEWAL] = { ERR_EXPIRED, MAY(RENEWAL), false, false, ERR_UNKNOWN_IDENTITY, "expired",
                        "this identity has expired: it may ask to be renewed and for nothing else" },
};

bool decide_reach(enum err err, enum reach *ret_reach)
{
    for (unsigned i = 0; i < REACH_COUNT; i++)
        if (reaches[i].session == err) {
            *ret_reach = (enum reach)i;
            return true;
        }
    return false;
}

static struct verdict refuse_reach(enum reach reach, enum err err, const char *incident)
{
    struct verdict v = refuse(err, incident);
    (void)!why_set(&v.why, err, "%s", reaches[reach].text);
    return v;
}

struct verdict decide_presence(enum reach reach)
{
    return reaches[reach].session == OK ? accept() : refuse_reach(reach, reaches[reach].session, "");
}

struct verdict decide_call(enum reach reach, enum soap_message message)
{
    const struct reach_row *r = &reaches[reach];
    return (r->calls >> message & 1) != 0 ? accept() : refuse_reach(reach, r->refusal, r->incident);
}

struct verdict decide_answer(enum reach reach)
{
    const struct reach_row *r = &reaches[reach];
    return r->answers ? accept() : refuse_reach(reach, r->refusal, r->incident);
}

struct verdict decide_carrying(enum reach reach)
{
    return reaches[reach].carries ? accept() : refuse_reach(reach, ERR_BUSY, "");
}

struct verdict decide_way(const struct way_facts *f)
{
    bool own = strcmp(f->peer->name, f->number->text) == 0;
    struct verdict v = accept();
    if (!own && f->peer->role != ROLE_GATEWAY) {
        v = refuse(ERR_NUMBER_MISMATCH, "other-number");
        (void)!why_set(&v.why, v.err, "%s sent a letter in the name of %s", f->peer->name, f->number->text);
    } else if (!own && !f->bound) {
        v = refuse(ERR_NOT_BOUND, "not-bound");
        (void)!why_set(&v.why, v.err, "%s is not bound to the gateway %s", f->number->text, f->peer->name);
    } else if (f->signature == SIGNED_BADLY || (!own && f->signature == UNSIGNED)) {
        v = refuse(ERR_BAD_SIGNATURE, "bad-signature");
        (void)!why_set(&v.why, v.err, "the letter of %s that %s brought is not signed by an identity of that number",
                       f->number->text, f->peer->name);
    }
    return v;
}

static struct verdict decide_standing(const struct node *n)
{
    struct verdict v = accept();
    if (n->device.standing == CENTER_QUARANTINED) {
        v = refuse(ERR_QUARANTINED, "");
        (void)!why_set(&v.why, v.err, "in quarantine: %s", n->device.standing_reason);
    } else if (n->device.standing == CENTER_SCRAPPED) {
        v = refuse(ERR_UNKNOWN_IDENTITY, "scrapped");
        (void)!why_set(&v.why, v.err, "%s was scrapped", n->device.number.text);
    }
    return v;
}

static struct verdict decide_agreement(const struct node *n, int64_t now_s)
{
    struct verdict v = accept();
    v.err = agreement_check(&n->device.agreement, now_s, &v.why);
    v.incident = v.err == OK ? "" : "no-agreement";
    return v;
}

struct verdict decide_letter(const struct node *n, int64_t now_s)
{
    struct verdict v = decide_standing(n);
    if (v.err == OK)
        v = decide_agreement(n, now_s);
    if (v.err == OK && !n->has_chain) {
        v = refuse(ERR_BUSY, "");
        (void)!why_set(&v.why, v.err, "%s has to show its presence first", n->device.number.text);
    }
    return v;
}

enum session_row decide_session_row(const struct node *n, const char *token, const char *nonce)
{
    if (!n->has_chain)
        return SESSION_FIRST;
    if (token[0] != '\0' && strcmp(token, n->chain.token) == 0)
        return SESSION_NEXT;
    if (strcmp(token, n->chain.used) != 0) /* of the first presence both are "" */
        return SESSION_RESTORED;
    return strcmp(nonce, n->chain.nonce) == 0 ? SESSION_AGAIN : SESSION_FORKED;
}

static void quarantine(struct session_outcome *o, const char *incident, const char *sentence)
{
    o->quarantine = true;
    o->verdict = refuse(ERR_QUARANTINED, incident);
    (void)!why_set(&o->verdict.why, ERR_QUARANTINED, "%s", sentence);
}

static void hand_out(struct session_outcome *o, const char *token, const char *nonce, const char *fresh)
{
    memcpy(o->chain.token, fresh, strlen(fresh) + 1);
    memcpy(o->chain.used, token, strlen(token) + 1);
    memcpy(o->chain.nonce, nonce, strlen(nonce) + 1);
    o->new_chain = true;
    o->token = o->chain.token;
}

void decide_session(const struct node *n, const char *token, const char *nonce, const char *fresh, int64_t now_s,
                    struct session_outcome *o)
{
    *o = (struct session_outcome){ .verdict = decide_standing(n), .chain = n->chain };
    if (o->verdict.err != OK)
        return;
    if (nonce[0] == '\0' || strlen(nonce) >= CENTER_TOKEN || strlen(token) >= CENTER_TOKEN) {
        o->verdict = refuse(ERR_BAD_INPUT, "");
        (void)!why_set(&o->verdict.why, ERR_BAD_INPUT, "a nonce has 1 to %d characters, a token at most that", CENTER_TOKEN - 1);
        return;
    }
    enum session_row row = decide_session_row(n, token, nonce);
    if (row == SESSION_FORKED)
        quarantine(o, "forked", "two devices speak with the same memory: one of them is a copy");
    else if (row == SESSION_RESTORED)
        quarantine(o, "restored", "the device showed a token that is no longer valid: an older memory was restored, or it is a copy");
    else if ((o->verdict = decide_agreement(n, now_s)).err != OK)
        return; /* its chain waits where it is */
    else if (row == SESSION_AGAIN)
        o->token = o->chain.token;
    else
        hand_out(o, token, nonce, fresh);
}

struct reading_outcome decide_reading(const struct reading *last, const struct reading *now)
{
    struct reading_outcome o = { .verdict = reading_judge(last, now) };
    o.billable = o.verdict == READING_FOLLOWS;
    o.keep = o.verdict != READING_SAME;
    o.quarantine = o.keep && !o.billable;
    return o;
}

int64_t decide_interval(const struct center_device *device, int64_t fallback_s)
{
    return device->interval_s > 0 ? device->interval_s : fallback_s;
}

#include "center/decide.h"

#include <string.h>

#include "model/lifecycle.h"

enum { POSITION_DIGITS = 8 };

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

/* Another identity of the number came in its place a moment ago: what the device, or its board before this one, had sent by then is
 * on its way still. It is refused, and accuses nobody. Who goes on with it says so again soon. One that is void, and nothing in its
 * place, is a pack that somebody took. */
static bool is_under_way(const struct identity_facts *f, enum lifecycle_state state, int64_t now_s)
{
    enum { UNDER_WAY_S = 300 };
    bool replaced = state == LIFE_SUPERSEDED || (state == LIFE_VOIDED && f->another);
    int64_t since_s = now_s - f->over_s; /* negative: the clock was set back */
    return replaced && f->over_s != 0 && since_s >= 0 && since_s < UNDER_WAY_S;
}

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
        v = refuse(states[state].err, is_under_way(f, state, now_s) ? "" : states[state].incident);
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
    [REACH_RENEWAL] = { ERR_EXPIRED, MAY(RENEWAL), false, false, ERR_UNKNOWN_IDENTITY, "",
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

/* What a device signed and gave to the gateway to which it was bound then lies there for a while, when an operator binds the device to
 * another one: it is the device's word as before (doc/decisions/0014). It is not there any more: a presence by that way is late, or
 * the gateway claims it. */
struct verdict decide_way(const struct way_facts *f)
{
    bool may = f->bound || (f->lately && !f->presence);
    bool own = strcmp(f->peer->name, f->number->text) == 0;
    struct verdict v = accept();
    if (!own && f->peer->role != ROLE_GATEWAY) {
        v = refuse(ERR_NUMBER_MISMATCH, "other-number");
        (void)!why_set(&v.why, v.err, "%s sent a letter in the name of %s", f->peer->name, f->number->text);
    } else if (!own && !may) {
        v = refuse(ERR_NOT_BOUND, f->lately && f->signature == SIGNED_WELL ? "" : "not-bound");
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

struct verdict decide_letter(const struct node *n, enum letter_content content, int64_t now_s)
{
    bool late = content == LETTER_READING && n->has_chain;
    struct verdict v = decide_standing(n);
    if (v.err == OK && !late)
        v = decide_agreement(n, now_s);
    if (v.err == OK && !n->has_chain) {
        v = refuse(ERR_BUSY, "");
        (void)!why_set(&v.why, v.err, "%s has to show its presence first", n->device.number.text);
    }
    return v;
}

/* --- The chain of tokens --- */

/* Not secret: who makes two that hash alike accuses itself. FNV-1a; never 0. */
static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3;
    return h == 0 ? 1 : h;
}

/* The position at which a token of ours was to be shown: its first eight digits. -1: it says none. */
static int64_t position_of(const char *token)
{
    int64_t position = 0;
    if (strlen(token) != CENTER_TOKEN - 1)
        return -1;
    for (int i = 0; i < POSITION_DIGITS; i++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, token[i]);
        if (digit == NULL)
            return -1;
        position = position << 4 | (digit - digits);
    }
    return position;
}

static void write_position(char *token, int64_t position)
{
    if (strlen(token) != CENTER_TOKEN - 1)
        return;
    for (int i = POSITION_DIGITS - 1; i >= 0; i--, position >>= 4)
        token[i] = "0123456789abcdef"[position & 0xf];
}

static size_t place_of(int64_t position) { return (size_t)(position % CENTER_SHOWN_KEPT); }

/* Whether this token was shown with another nonce, as far as that is remembered. */
static bool contradicts(const struct center_session *chain, const struct presence_facts *p)
{
    int64_t position = p->token[0] == '\0' ? 0 : position_of(p->token);
    if (position < 0)
        return false;
    const struct center_shown *shown = &chain->shown[place_of(position)];
    return shown->token == hash(p->token) && shown->nonce != hash(p->nonce);
}

bool decide_needs_doubt(const struct node *n, const char *token)
{
    return !n->has_chain || (strcmp(token, n->chain.token) != 0 && strcmp(token, n->chain.used) != 0);
}

enum session_row decide_session_row(const struct node *n, const struct presence_facts *p)
{
    bool of_now = p->challenge[0] != '\0' && strcmp(p->challenge, n->doubt.challenge) == 0;
    if (!n->has_chain)
        return n->doubt.released && !of_now ? SESSION_LATE : SESSION_FIRST;
    if (p->token[0] != '\0' && strcmp(p->token, n->chain.token) == 0)
        return p->letters < n->chain.letters ? SESSION_COPIED : SESSION_NEXT;
    if (strcmp(p->token, n->chain.used) == 0) /* of the first presence both are "" */
        return strcmp(p->nonce, n->chain.nonce) == 0 ? SESSION_AGAIN : SESSION_FORKED;
    if (of_now)
        return SESSION_RESTORED;
    return contradicts(&n->chain, p) ? SESSION_FORKED : SESSION_LATE;
}

static const struct {
    const char *incident, *sentence;
} crimes[] = {
    [SESSION_FORKED] = { "forked", "two devices speak with the same memory: one of them is a copy" },
    [SESSION_COPIED] = { "forked", "letters came in the name of this device that it did not make: its memory was copied" },
    [SESSION_RESTORED] = { "restored",
                           "the device showed a token that is no longer valid: an older memory was restored, or it is a copy" },
};

static void accuse(struct session_outcome *o, enum session_row row)
{
    o->quarantine = true;
    o->verdict = refuse(ERR_QUARANTINED, crimes[row].incident);
    (void)!why_set(&o->verdict.why, ERR_QUARANTINED, "%s", crimes[row].sentence);
}

static void hand_out(struct session_outcome *o, const struct presence_facts *p, enum session_row row, const char *fresh)
{
    struct center_session *c = &o->chain;
    int64_t said = position_of(p->token);
    c->position = row == SESSION_NEXT ? c->position + 1 : said > 0 && said < INT32_MAX ? said : 0;
    c->letters = p->letters > 0 ? p->letters : 0;
    memcpy(c->token, fresh, strlen(fresh) + 1);
    write_position(c->token, c->position + 1);
    memcpy(c->used, p->token, strlen(p->token) + 1);
    memcpy(c->nonce, p->nonce, strlen(p->nonce) + 1);
    c->shown[place_of(c->position)] = (struct center_shown){ hash(p->token), hash(p->nonce) };
    o->new_chain = true;
    o->token = c->token;
}

/* The same challenge until it was answered, or is not needed any more: its answer may come through many hands. */
static void ask(struct session_outcome *o, const char *fresh, int64_t now_s)
{
    if (o->doubt.challenge[0] == '\0')
        memcpy(o->doubt.challenge, fresh, strlen(fresh) + 1);
    o->doubt.late++;
    o->doubt.late_s = now_s;
    o->new_doubt = true;
    o->challenge = o->doubt.challenge;
}

static void settle(struct session_outcome *o)
{
    o->new_doubt = o->doubt.released || o->doubt.challenge[0] != '\0';
    o->doubt.released = false;
    o->doubt.challenge[0] = '\0';
}

static bool can_be_kept(const struct presence_facts *p, struct verdict *v)
{
    if (p->nonce[0] != '\0' && strlen(p->nonce) < CENTER_TOKEN && strlen(p->token) < CENTER_TOKEN)
        return true;
    *v = refuse(ERR_BAD_INPUT, "");
    (void)!why_set(&v->why, ERR_BAD_INPUT, "a nonce has 1 to %d characters, a token at most that", CENTER_TOKEN - 1);
    return false;
}

void decide_session(const struct node *n, const struct presence_facts *p, const char *fresh, int64_t now_s,
                    struct session_outcome *o)
{
    *o = (struct session_outcome){ .verdict = decide_standing(n), .chain = n->chain, .doubt = n->doubt };
    if (o->verdict.err != OK || !can_be_kept(p, &o->verdict))
        return;
    enum session_row row = decide_session_row(n, p);
    switch (row) {
    case SESSION_LATE: ask(o, fresh, now_s); return;
    case SESSION_FORKED:
    case SESSION_COPIED:
    case SESSION_RESTORED: accuse(o, row), settle(o); return;
    case SESSION_FIRST:
    case SESSION_NEXT:
    case SESSION_AGAIN: break;
    }
    if ((o->verdict = decide_agreement(n, now_s)).err != OK)
        return; /* its chain waits where it is */
    if (row == SESSION_AGAIN) {
        o->token = o->chain.token;
        return;
    }
    hand_out(o, p, row, fresh);
    if (row == SESSION_FIRST)
        settle(o);
}

/* --- Letters --- */

static void turn_away(struct letter_outcome *o, enum err err, const char *incident, const char *sentence)
{
    o->verdict = refuse(err, incident);
    o->quarantine = err == ERR_QUARANTINED;
    (void)!why_set(&o->verdict.why, err, "%s", sentence);
}

static uint16_t mark_of(const char *id)
{
    uint16_t mark = (uint16_t)(hash(id) >> 48);
    return mark == 0 ? 1 : mark;
}

/* Each serial is of one letter. `copied`: what it is when another one came under it. */
static void check_serial(const struct letter_place *p, enum err copied, struct letter_outcome *o)
{
    uint16_t *mark = &o->letters.marks[p->serial % LIMIT_LETTERS_KNOWN];
    if (p->serial <= o->letters.top - LIMIT_LETTERS_KNOWN) {
        turn_away(o, ERR_EXPIRED, "stale-letter", "the letter came so late that nobody knows any more whether it is the device's");
        return;
    }
    if (p->serial <= o->letters.top && *mark != 0) {
        o->again = *mark == mark_of(p->id);
        if (!o->again)
            turn_away(o, copied, "forked", "two letters came in the same place of the device's life: one of them is a copy's");
        return;
    }
    for (int64_t i = o->letters.top + 1; i < p->serial && i <= o->letters.top + LIMIT_LETTERS_KNOWN; i++)
        o->letters.marks[i % LIMIT_LETTERS_KNOWN] = 0; /* did not come yet */
    *mark = mark_of(p->id);
    o->letters.top = p->serial > o->letters.top ? p->serial : o->letters.top;
    o->keep = true;
}

static void place_of_agent(const struct node *n, const struct letter_place *p, const char *token, struct letter_outcome *o)
{
    bool current = strcmp(token, n->chain.used) == 0;
    bool ahead = strcmp(token, n->chain.token) == 0 || position_of(token) > n->chain.position;
    if (!current && ahead)
        turn_away(o, ERR_BUSY, "", "the presence under which the letter was sent did not come yet");
    else if (!current && p->serial == 0)
        turn_away(o, ERR_EXPIRED, "", "the letter counts only under the presence that was shown last, and came after another");
    else if (!current && p->serial > n->chain.letters)
        turn_away(o, ERR_QUARANTINED, "forked",
                  "a letter came from an older memory, which the device did not make: its memory was copied");
    else if (p->serial > 0)
        check_serial(p, ERR_QUARANTINED, o);
}

void decide_place(const struct node *n, const struct center_letters *known, const struct letter_place *p, struct letter_outcome *o)
{
    const char *maker = p->maker == NULL ? "" : p->maker;
    *o = (struct letter_outcome){ .verdict = accept(), .letters = *known };
    if (p->serial < 0 || (maker[0] != '\0' && (strcmp(maker, "gateway") != 0 || p->serial == 0)))
        turn_away(o, ERR_BAD_INPUT, "", "a letter says its place: the agent's presence and serial, or a serial of the gateway's own");
    else if (maker[0] == '\0')
        place_of_agent(n, p, p->token == NULL ? "" : p->token, o);
    else
        check_serial(p, ERR_FORKED, o);
}

int64_t decide_interval(const struct center_device *device, int64_t fallback_s)
{
    return device->interval_s > 0 ? device->interval_s : fallback_s;
}

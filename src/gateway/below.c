/* An exchange with one below: what it brings is stored, then receipted; what is there for it goes back, or it waits. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/gateway.h"
#include "log/log.h"

/* A node that shows itself waits so long for its session, also when it did not offer to. A gateway does not, not even for the
 * session of the agent beside it: one of its exchanges stands and takes what comes, the other has to be free for its letters. */
enum { SESSION_S = 10 };
enum { AGAIN_S = 10 }; /* a presence without an answer for so long goes up again when it is repeated */

struct waiter {
    struct held held;
    struct gateway *g;
    struct waiter *next, **place;
    struct http_exchange *x;
    struct soap_header reply;
    uint64_t timer;
};

/* A device's or gateway's name is its number. */
static void copy_number(char ret_via[LIMIT_NUMBER_TEXT + 1], const struct peer *peer)
{
    snprintf(ret_via, LIMIT_NUMBER_TEXT + 1, "%.*s", LIMIT_NUMBER_TEXT, peer->name);
}

/* --- What it brings --- */

struct taking {
    struct gateway *g;
    const struct peer *peer;
    struct outbox *out;
    struct device_number blocked; /* had a letter that could not be taken now: its later ones must not overtake it */
    bool news;
    char stranger_text[LIMIT_NUMBER_TEXT + 1];
    const char *stranger; /* a number for which the peer may not speak; NULL: none */
    const char *nonce; /* of the peer's own presence; NULL: none came */
    int64_t now_s;
};

static enum err take_receipt(struct taking *t, const struct field_receipt *r, struct why *why)
{
    struct relay_refusal refusal = { 0 };
    bool found;
    if (relay_kind_parse(r->what, &refusal.kind) != OK || strlen(r->id) > LIMIT_MESSAGE_ID)
        return why_set(why, ERR_BAD_INPUT, "a receipt is for a call, an answer or a delay, not for \"%s\"", r->what);
    if (r->accepted)
        return relay_passed(t->g->db, refusal.kind, r->id, t->peer->name, t->now_s, &found, why);
    snprintf(refusal.id, sizeof refusal.id, "%s", r->id);
    snprintf(refusal.error, sizeof refusal.error, "%s", r->error);
    snprintf(refusal.reason, sizeof refusal.reason, "%s", r->reason);
    enum err err = relay_refuse(t->g->db, &refusal, t->peer->name, t->now_s, &found, why);
    if (err == OK && found) {
        t->news = true;
        log_event(LOG_INFO, "refused-below", "number", t->peer->name, "id", r->id, "error", refusal.error, NULL);
    }
    return err;
}

static enum err refuse_presence(struct taking *t, const struct field_presence *p, enum err refused, const struct why *because)
{
    log_failure(LOG_WARN, "presence-refused", refused, because, "number", p->number.text, "peer", t->peer->name, NULL);
    return outbox_refused_session(t->out, p, refused, why_text(because, refused));
}

static enum err take_presence(struct taking *t, const struct field_presence *p, struct why *why)
{
    struct why because = { "" };
    bool news = false;
    enum err refused = decide_speaks(t->peer, t->g->identity->number.text, p->number.text, &because);
    if (refused != OK)
        t->stranger = p->number.text;
    else
        refused = decide_shows(t->peer, p->fingerprint, &because);
    if (refused == OK && (*p->nonce == '\0' || strlen(p->nonce) >= RELAY_TOKEN || strlen(p->challenge) >= RELAY_TOKEN))
        refused = why_set(&because, ERR_BAD_INPUT, "the nonce of a presence has 1 to %d characters, a challenge at most that", RELAY_TOKEN - 1);
    if (refused != OK)
        return refuse_presence(t, p, refused, &because);
    struct relay_presence row = { .number = p->number, .token = p->token, .nonce = p->nonce, .version = p->version,
                                  .fingerprint = p->fingerprint, .signature = p->signature, .letters = p->letters,
                                  .challenge = p->challenge };
    copy_number(row.via, t->peer);
    enum err err = relay_presence_put(t->g->db, &row, t->now_s, AGAIN_S, &news, why);
    t->news = t->news || news;
    if (strcmp(row.via, p->number.text) == 0 && !decide_carries(t->peer, t->g->identity->number.text))
        t->nonce = p->nonce;
    return err;
}

/* A lasting reason is told in a receipt; one that passes is not, so that the letter comes again. */
static enum err conclude(struct taking *t, const struct relay_letter *l, const char *id, bool fresh, enum err err, struct why *because,
                         struct why *why)
{
    if (err == OK) {
        if (fresh)
            log_event(LOG_INFO, "up", "number", l->number.text, "id", l->id, "what", relay_kind_name(l->kind), "peer", t->peer->name,
                      NULL);
        t->news = t->news || fresh;
        return outbox_receipt(t->out, l->kind, id, OK, NULL);
    }
    log_failure(LOG_WARN, "letter-refused", err, because, "number", l->number.text, "peer", t->peer->name, NULL);
    if (err == ERR_BUSY) {
        t->blocked = l->number;
        return OK;
    }
    if (err_row(err)->action == ERR_ACTION_REFUSE || err == ERR_NUMBER_MISMATCH)
        return outbox_receipt(t->out, l->kind, id, err, why_text(because, err));
    *why = *because;
    return err;
}

static enum err take_letter(struct taking *t, struct relay_letter *l, const char *id, enum err read, struct why *because,
                            struct why *why)
{
    struct relay_bounds bounds = gateway_bounds(&t->g->settings);
    bool fresh = false;
    enum err err = read;
    if (err == OK)
        err = decide_speaks(t->peer, t->g->identity->number.text, l->number.text, because);
    if (read == OK && err != OK && *t->peer->name != '\0')
        snprintf(t->stranger_text, sizeof t->stranger_text, "%s", l->number.text), t->stranger = t->stranger_text;
    if (err == OK && number_equal(&t->blocked, &l->number))
        return OK;
    if (err == OK) {
        copy_number(l->via, t->peer);
        l->taken_s = t->now_s;
        err = relay_put(t->g->db, l, &bounds, &fresh, because);
    }
    return conclude(t, l, id, fresh, err, because, why);
}

static enum err take_call(struct taking *t, const struct field_call *c, struct why *why)
{
    AUTO_BUF signers = BUF_INIT;
    struct why because = { "" };
    struct relay_letter l = { .kind = RELAY_CALL, .number = c->number };
    enum err err = letter_of_call(c, &signers, &l, &because);
    return take_letter(t, &l, c->id, err, &because, why);
}

static enum err take_answer(struct taking *t, const struct field_answer *a, struct why *why)
{
    AUTO_BUF signers = BUF_INIT;
    struct why because = { "" };
    struct relay_letter l = { .kind = strcmp(a->kind, "delay") == 0 ? RELAY_DELAY : RELAY_ANSWER, .number = a->number };
    enum err err = letter_of_answer(a, &signers, &l, &because);
    return take_letter(t, &l, a->id, err, &because, why);
}

static enum err take_all(struct taking *t, const struct exchange_request *r, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < r->receipts_n; i++)
        err = take_receipt(t, &r->receipts[i], why);
    for (size_t i = 0; err == OK && i < r->presences_n; i++)
        err = take_presence(t, &r->presences[i], why);
    for (size_t i = 0; err == OK && i < r->calls_n; i++)
        err = take_call(t, &r->calls[i], why);
    for (size_t i = 0; err == OK && i < r->answers_n; i++)
        err = take_answer(t, &r->answers[i], why);
    return err;
}

static enum err take_request(struct taking *t, const struct exchange_request *r, struct why *why)
{
    if (r->receipts_n + r->presences_n + r->calls_n + r->answers_n == 0)
        return OK;
    enum err err = db_begin(t->g->db, why);
    if (err == OK)
        err = take_all(t, r, why);
    if (err == OK)
        err = db_commit(t->g->db, why); /* only now are the receipts true */
    else
        db_rollback(t->g->db);
    return err;
}

/* --- What goes back --- */

static enum err mark_given(struct gateway *g, const struct outbox *out, size_t sessions_before, bool told, const char *via,
                           struct why *why)
{
    enum err err = db_begin(g->db, why);
    for (size_t i = sessions_before; err == OK && i < out->sessions_n; i++)
        err = relay_session_given(g->db, out->sessions[i].number.text, via, why);
    if (err == OK && told)
        err = relay_refusals_told(g->db, via, why);
    if (err == OK)
        return db_commit(g->db, why);
    db_rollback(g->db);
    return err;
}

static enum err collect(struct gateway *g, const struct peer *peer, struct outbox *out, struct why *why)
{
    const char *via = peer->name;
    const struct span identity = span_of(peer->fingerprint, sizeof peer->fingerprint);
    size_t sessions = out->sessions_n, receipts = out->receipts_n;
    enum err err = relay_refusals(g->db, via, outbox_refusal, out, why);
    if (err == OK)
        err = relay_sessions_down(g->db, via, LIMIT_EXCHANGE_ITEMS + 1, outbox_session, out, why);
    if (err == OK)
        err = relay_letters_down(g->db, via, identity, LIMIT_EXCHANGE_ITEMS + 1, outbox_letter, out, why);
    bool told = out->receipts_n > receipts;
    return err == OK && (told || out->sessions_n > sessions) ? mark_given(g, out, sessions, told, via, why) : err;
}

static void answer(struct http_exchange *x, const struct soap_header *reply, const struct outbox *out)
{
    const struct exchange_response response = {
        .sessions = out->sessions,
        .sessions_n = out->sessions_n,
        .calls = out->calls,
        .calls_n = out->calls_n,
        .answers = out->answers,
        .answers_n = out->answers_n,
        .receipts = out->receipts,
        .receipts_n = out->receipts_n,
        .more = out->more,
    };
    gateway_answer(x, SOAP_EXCHANGE, reply, &response);
}

/* --- Waiting --- */

static void waiter_gone(struct held *held)
{
    struct waiter *w = (struct waiter *)(void *)held;
    loop_cancel(w->g->loop, w->timer);
    *w->place = w->next;
    if (w->next != NULL)
        w->next->place = w->place;
    free(w);
}

static void answer_waiter(struct waiter *w, const struct outbox *out)
{
    struct http_exchange *x = w->x;
    struct soap_header reply = w->reply;
    http_set_data(x, NULL);
    waiter_gone(&w->held);
    answer(x, &reply, out);
}

/* Whether there was something for it, and it is answered. */
static bool wake_one(struct waiter *w)
{
    AUTO_OUTBOX out = { 0 };
    struct why why = { "" };
    enum err err = outbox_init(&out);
    if (err == OK)
        err = collect(w->g, http_peer(w->x), &out, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "queue", err, &why, "number", http_peer(w->x)->name, NULL);
    if (err != OK || outbox_is_empty(&out))
        return false;
    answer_waiter(w, &out);
    return true;
}

/* Nobody waits in vain for what came meanwhile and was told to another way of the same number. */
static void waited_long_enough(void *context)
{
    struct waiter *w = context;
    const struct outbox nothing = { 0 };
    w->timer = 0;
    if (!wake_one(w))
        answer_waiter(w, &nothing);
}

static enum err hold(const struct below_call *call, int64_t wait_s)
{
    struct gateway *g = call->g;
    struct waiter *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NO_MEMORY;
    *w = (struct waiter){ .held = { waiter_gone }, .g = g, .next = g->waiters, .place = &g->waiters, .x = call->x, .reply = call->reply };
    int64_t wait_ms = 1000 * (wait_s < LIMIT_POLL_WAIT_S ? wait_s : LIMIT_POLL_WAIT_S);
    enum err err = loop_timer(g->loop, wait_ms, waited_long_enough, w, &w->timer);
    if (err != OK) {
        free(w);
        return err;
    }
    if (w->next != NULL)
        w->next->place = &w->next;
    g->waiters = w;
    http_set_data(call->x, w);
    return OK;
}

void below_wake(struct gateway *g, const char *via)
{
    for (struct waiter *w = g->waiters, *next; w != NULL; w = next) {
        next = w->next;
        if (via == NULL || strcmp(http_peer(w->x)->name, via) == 0)
            (void)wake_one(w);
    }
}

void below_release(struct gateway *g)
{
    while (g->waiters != NULL)
        waited_long_enough(g->waiters);
}

/* Its session has to come from the centre first. */
static bool awaits_session(const struct taking *t)
{
    for (size_t i = 0; t->nonce != NULL && i < t->out->sessions_n; i++)
        if (strcmp(t->out->sessions[i].nonce, t->nonce) == 0)
            return false;
    return t->nonce != NULL;
}

enum err below_exchange(const struct below_call *call, struct why *why)
{
    struct gateway *g = call->g;
    const struct exchange_request *r = call->request->body;
    AUTO_OUTBOX out = { 0 };
    struct taking taking = { .g = g, .peer = http_peer(call->x), .out = &out, .now_s = clock_wall_s() };
    enum err err = outbox_init(&out);
    if (err == OK)
        err = take_request(&taking, r, why);
    if (err == OK)
        err = collect(g, taking.peer, &out, why);
    if (err != OK)
        return err;
    if (taking.news)
        uplink_news(g);
    if (taking.stranger != NULL)
        own_refused(g, taking.peer->name, taking.stranger);
    bool awaits = awaits_session(&taking);
    int64_t wait_s = awaits && r->wait < SESSION_S ? SESSION_S : r->wait;
    if (wait_s > 0 && outbox_is_empty(&out))
        return hold(call, wait_s);
    out.more = out.more || awaits;
    answer(call->x, &call->reply, &out);
    return OK;
}

/* What a reply of the one above brings: sessions, letters down, receipts for what went up. Stored, then receipted. */
#include <stdio.h>

#include "base/clock.h"
#include "gateway/gateway.h"
#include "log/log.h"

struct bringing {
    struct gateway *g;
    struct outbox *receipts;
    unsigned came;
    bool wake_all;
    char via[32][LIMIT_NUMBER_TEXT + 1]; /* for whom something came */
    size_t via_n;
    int64_t now_s;
};

static void touch(struct bringing *b, const char *via)
{
    for (size_t i = 0; i < b->via_n; i++)
        if (strcmp(b->via[i], via) == 0)
            return;
    if (b->via_n == sizeof b->via / sizeof *b->via)
        b->wake_all = true;
    else
        snprintf(b->via[b->via_n++], sizeof b->via[0], "%s", via);
}

static enum err bring_session(struct bringing *b, const struct field_session *s, struct why *why)
{
    AUTO_BUF signers = BUF_INIT;
    char via[LIMIT_NUMBER_TEXT + 1];
    enum err err = letter_signers(s->signers, s->signers_n, &signers);
    if (err != OK)
        return why_set(why, err, "the signers of the session of %s are no certificates", s->number.text);
    const struct relay_session row = { .number = s->number, .nonce = s->nonce, .state = s->state, .error = s->error, .reason = s->reason,
                                       .token = s->token, .challenge = s->challenge, .interval_s = s->interval, .readings = s->readings,
                                       .signature = s->signature, .signers = buf_span(&signers) };
    err = relay_session_put(b->g->db, &row, strcmp(s->state, "admitted") == 0, b->now_s, via, why);
    if (err != OK || *via == '\0')
        return err;
    b->came++;
    touch(b, via);
    touch(b, s->number.text); /* which may have come here itself meanwhile, with the same presence */
    log_event(LOG_DEBUG, "session", "number", s->number.text, "state", s->state, "peer", via, NULL);
    return OK;
}

static enum err bring_letter(struct bringing *b, struct relay_letter *l, const char *id, enum err read, struct why *because,
                             struct why *why)
{
    const struct relay_bounds bounds = gateway_bounds(&b->g->settings);
    bool fresh = false;
    enum err err = read;
    if (err == OK) {
        l->down = true;
        l->taken_s = b->now_s;
        err = relay_put(b->g->db, l, &bounds, &fresh, because);
    }
    if (err == OK && fresh) {
        b->came++;
        touch(b, l->via);
        log_event(LOG_INFO, "down", "number", l->number.text, "id", l->id, "what", relay_kind_name(l->kind), "peer", l->via, NULL);
    }
    if (err != OK)
        log_failure(LOG_WARN, "letter-refused", err, because, "number", l->number.text, "id", id, NULL);
    if (err == ERR_BUSY)
        return OK;
    if (err != OK && err_row(err)->action != ERR_ACTION_REFUSE) {
        *why = *because;
        return err;
    }
    return outbox_receipt(b->receipts, l->kind, id, err, why_text(because, err));
}

static enum err bring_call(struct bringing *b, const struct field_call *c, struct why *why)
{
    AUTO_BUF signers = BUF_INIT;
    struct why because = { "" };
    struct relay_letter l = { .kind = RELAY_CALL, .number = c->number };
    enum err err = letter_of_call(c, &signers, &l, &because);
    return bring_letter(b, &l, c->id, err, &because, why);
}

static enum err bring_answer(struct bringing *b, const struct field_answer *a, struct why *why)
{
    AUTO_BUF signers = BUF_INIT;
    struct why because = { "" };
    struct relay_letter l = { .kind = strcmp(a->kind, "delay") == 0 ? RELAY_DELAY : RELAY_ANSWER, .number = a->number };
    enum err err = letter_of_answer(a, &signers, &l, &because);
    return bring_letter(b, &l, a->id, err, &because, why);
}

static enum err bring_receipt(struct bringing *b, const struct field_receipt *r, struct why *why)
{
    struct relay_refusal refusal = { 0 };
    bool found = false;
    if (relay_kind_parse(r->what, &refusal.kind) != OK || strlen(r->id) > LIMIT_MESSAGE_ID)
        return OK; /* of something newer than we know */
    if (!r->accepted && err_row(err_from_name(r->error))->action == ERR_ACTION_RETRY) {
        log_event(LOG_INFO, "later", "id", r->id, "what", r->what, "error", r->error, "reason", r->reason, NULL);
        return OK; /* it waits here, and goes up again */
    }
    snprintf(refusal.id, sizeof refusal.id, "%s", r->id);
    snprintf(refusal.error, sizeof refusal.error, "%s", r->error);
    snprintf(refusal.reason, sizeof refusal.reason, "%s", r->reason);
    enum err err = r->accepted ? relay_passed(b->g->db, refusal.kind, r->id, NULL, b->now_s, &found, why)
                               : relay_refuse(b->g->db, &refusal, NULL, b->now_s, &found, why);
    if (err == OK && found) {
        b->came++;
        b->wake_all = b->wake_all || !r->accepted;
        log_event(r->accepted ? LOG_DEBUG : LOG_WARN, r->accepted ? "passed" : "refused-above", "id", r->id, "what", r->what, "error",
                  refusal.error, "reason", refusal.reason, NULL);
    }
    return err;
}

static enum err bring_all(struct bringing *b, const struct outbox *sent, bool told, const struct exchange_response *r,
                          struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sent->presences_n; i++)
        err = relay_presence_sent(b->g->db, sent->presences[i].number.text, sent->presences[i].nonce, b->now_s, why);
    for (size_t i = 0; err == OK && i < r->sessions_n; i++)
        err = bring_session(b, &r->sessions[i], why);
    for (size_t i = 0; err == OK && i < r->receipts_n; i++)
        err = bring_receipt(b, &r->receipts[i], why);
    for (size_t i = 0; err == OK && i < r->calls_n; i++)
        err = bring_call(b, &r->calls[i], why);
    for (size_t i = 0; err == OK && i < r->answers_n; i++)
        err = bring_answer(b, &r->answers[i], why);
    if (err == OK && told)
        err = relay_refusals_told(b->g->db, NULL, why);
    return err;
}

static void wake(struct bringing *b)
{
    bool own = false;
    if (b->wake_all)
        below_wake(b->g, NULL);
    for (size_t i = 0; i < b->via_n; i++) {
        own = own || strcmp(b->via[i], OWN_VIA) == 0;
        if (!b->wake_all)
            below_wake(b->g, b->via[i]);
    }
    if (own || b->wake_all)
        own_answers(b->g);
}

/* Only what is committed is receipted. */
static enum err keep_receipts(const struct outbox *from, struct outbox *to)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < from->receipts_n; i++) {
        const struct field_receipt *one = &from->receipts[i];
        enum relay_kind kind = RELAY_CALL;
        err = relay_kind_parse(one->what, &kind);
        if (err == OK)
            err = outbox_receipt(to, kind, one->id, one->accepted ? OK : err_from_name(one->error), one->reason);
    }
    return err;
}

enum err arrival_take(struct gateway *g, const struct outbox *sent, bool told, const struct exchange_response *r,
                      struct outbox *receipts, unsigned *ret_came, struct why *why)
{
    AUTO_OUTBOX fresh = { 0 };
    struct bringing b = { .g = g, .receipts = &fresh, .now_s = clock_wall_s() };
    enum err err = outbox_init(&fresh);
    if (err == OK)
        err = db_begin(g->db, why);
    if (err == OK)
        err = bring_all(&b, sent, told, r, why);
    if (err == OK)
        err = db_commit(g->db, why);
    else
        db_rollback(g->db);
    if (err == OK)
        err = keep_receipts(&fresh, receipts);
    if (err != OK)
        return err;
    *ret_came = b.came;
    wake(&b);
    return OK;
}

/* Replacement boards (M-8) that an operator approved, and the identities of scrapped devices. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "center/errand.h"
#include "model/lifecycle.h"

enum { HAND_OVER_LIMIT_S = 900, ANEW_MOST = 32 };
static const char hand_over_operation[] = "CounterHandOver";

size_t errand_split(struct span all, struct span *ret_parts, size_t most)
{
    size_t n = 0;
    while (n < most && all.n > 4 && all.at[0] == 0x30 && all.at[1] == 0x82) { /* a SEQUENCE with two bytes of length */
        size_t length = 4 + ((size_t)all.at[2] << 8 | all.at[3]);
        if (length > all.n)
            break;
        ret_parts[n++] = span_of(all.at, length);
        all = span_of(all.at + length, all.n - length);
    }
    return n;
}

static enum err ask_ticket(void *context, const struct center_ticket *t)
{
    struct errand e = { .center = context, .kind = ERRAND_TICKET, .number = t->number, .id = t->id, .message = SOAP_IDENTITY_ISSUE };
    if (strcmp(t->state, "approved") != 0)
        return OK;
    snprintf(e.key, sizeof e.key, "ticket:%lld:%s", (long long)t->id, t->number.text);
    return errand_ask(&e, &(struct identity_issue_request){ .number = t->number, .reason = "replacement", .csr = t->csr }, NULL);
}

enum err errand_find_tickets(struct center *center, struct why *why)
{
    return center_ticket_list(center->db, true, ask_ticket, center, why);
}

static enum err hand_over(struct center *center, const struct device_number *number, int64_t now_s, struct why *why)
{
    struct reading last = { .sequence = 0 };
    struct counter_value values[LIMIT_COUNTERS];
    AUTO_BUF envelope = BUF_INIT;
    bool fresh;
    enum err err = center_reading_last(center->db, number->text, &last, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    for (size_t i = 0; i < last.counters_n; i++)
        values[i] = (struct counter_value){ last.counters[i].name, last.counters[i].value };
    struct center_call c = { .number = *number, .down = true, .state = CALL_WAITING, .accepted_s = now_s,
                             .limit_s = now_s + HAND_OVER_LIMIT_S, .actor = "replacement" };
    memcpy(c.operation, hand_over_operation, sizeof hand_over_operation);
    struct soap_header header = { .version = SOAP_1_2 };
    err = rng_uuid_urn(c.id); /* nobody can take it before us */
    if (err != OK)
        return err;
    memcpy(header.message_id, c.id, sizeof header.message_id);
    err = soap_write_request(SERVICE_REMOTE, SOAP_COUNTER_HAND_OVER, &header,
                             &(struct counter_hand_over_request){
                                 .epoch = last.epoch, .sequence = last.sequence, .counters = values, .counters_n = last.counters_n },
                             &envelope);
    c.envelope = buf_span(&envelope);
    return err != OK ? err : center_call_add(center->db, &c, &fresh, why);
}

struct unanswered {
    struct center_call calls[ANEW_MOST];
    size_t n;
};

static enum err take_unanswered(void *context, const struct center_call *c)
{
    struct unanswered *u = context;
    u->calls[u->n++] = (struct center_call){ .number = c->number };
    memcpy(u->calls[u->n - 1].id, c->id, sizeof c->id);
    return OK;
}

static enum err anew(struct center *center, const struct center_call *c, int64_t now_s, struct why *why)
{
    struct center_device d;
    enum err err = center_device_find(center->db, c->number.text, &d, why);
    if (err != OK || d.standing == CENTER_SCRAPPED) /* it expires like any other */
        return err == ERR_NOT_FOUND ? OK : err;
    err = center_call_drop(center->db, c->id, why);
    return err == OK ? hand_over(center, &c->number, now_s, why) : err;
}

enum err errand_hand_over_anew(struct center *center, int64_t now_s, struct why *why)
{
    struct unanswered u = { .n = 0 };
    enum err err = center_call_due(center->db, hand_over_operation, now_s, ANEW_MOST, take_unanswered, &u, why);
    if (err != OK || u.n == 0)
        return err;
    err = db_begin(center->db, why);
    for (size_t i = 0; err == OK && i < u.n; i++)
        err = anew(center, &u.calls[i], now_s, why);
    if (err == OK)
        err = db_commit(center->db, why);
    db_rollback(center->db);
    return err;
}

static enum err put_all(const struct identity_issue_response *r, struct buf *to)
{
    enum err err = buf_put_span(to, r->certificate);
    for (size_t i = 0; err == OK && i < r->issuers_n; i++)
        err = buf_put_span(to, r->issuers[i].der);
    return err;
}

/* A new board has none of the old one's memory: its chain of tokens begins anew; its readings do not. */
static enum err commit_ticket(struct errand *e, struct span certificates, struct why *why)
{
    struct db *db = e->center->db;
    int64_t now_s = clock_wall_s();
    enum err err = db_begin(db, why);
    if (err == OK)
        err = center_ticket_issued(db, e->id, certificates, why);
    if (err == OK)
        err = hand_over(e->center, &e->number, now_s, why);
    if (err == OK)
        err = center_session_drop(db, e->number.text, why);
    if (err == OK)
        err = center_audit(db, now_s, "center", "replacement-issued", e->number.text, why, "ticket=%lld", (long long)e->id);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

/* The ticket stays approved; a person reads why nothing came of it. */
static enum err note_refusal(struct errand *e, enum err err, const struct why *reason, struct why *why)
{
    struct center_incident i = { .at_s = clock_wall_s(), .kind = "replacement-refused", .by = "ca" };
    snprintf(i.number, sizeof i.number, "%s", e->number.text);
    snprintf(i.text, sizeof i.text, "the CA refused a new identity for the replacement board: %s", why_text(reason, err));
    return center_incident_add(e->center->db, &i, why);
}

static enum err take_none(void *context, const struct center_identity *i)
{
    (void)context, (void)i;
    return OK;
}

/* The CA's list tells of the old identity's end before it tells of the new one. Until then the old board would be heard: it would
 * begin the new board's chain, and its next reading would follow the one that was handed over. The feed comes back to it. */
static enum err is_told(struct errand *e, struct span certificate, bool *ret_told, struct why *why)
{
    uint8_t fingerprint[CENTER_FINGERPRINT];
    cert_fingerprint_der(certificate, fingerprint);
    enum err err = center_identity_find(e->center->db, fingerprint, take_none, NULL, why);
    *ret_told = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err errand_done_ticket(struct errand *e, const void *body, enum err err, const struct why *reason, struct why *why)
{
    AUTO_BUF all = BUF_INIT;
    if (body == NULL)
        return note_refusal(e, err, reason, why);
    const struct identity_issue_response *r = body;
    bool told = false;
    enum err kept = is_told(e, r->certificate, &told, why);
    if (kept != OK || !told)
        return kept;
    kept = put_all(r, &all);
    return kept != OK ? kept : commit_ticket(e, buf_span(&all), why);
}

/* --- Scrapped --- */

static enum err ask_revoke(void *context, const struct center_identity *i)
{
    struct errand e = { .center = context, .kind = ERRAND_REVOKE, .number = i->number, .message = SOAP_IDENTITY_OUTCOME };
    char digits[2 * CENTER_FINGERPRINT + 1];
    memcpy(e.fingerprint, i->fingerprint, sizeof e.fingerprint);
    hex_encode(i->fingerprint, CENTER_FINGERPRINT, digits);
    snprintf(e.key, sizeof e.key, "revoke:%s", digits);
    return errand_ask(&e,
                      &(struct identity_outcome_request){ .number = i->number,
                                                          .fingerprint = span_of(i->fingerprint, CENTER_FINGERPRINT),
                                                          .outcome = "revoked",
                                                          .reason = "scrapped" },
                      NULL);
}

enum err errand_find_scrapped(struct center *center, struct why *why)
{
    return center_identity_scrapped(center->db, ask_revoke, center, why);
}

enum err errand_done_revoke(struct errand *e, const void *body, enum err err, const struct why *reason, struct why *why)
{
    (void)err, (void)reason;
    struct db *db = e->center->db;
    enum err kept = db_begin(db, why);
    if (kept == OK)
        kept = center_identity_state(db, e->fingerprint, "revoked", clock_wall_s(), why);
    if (kept == OK)
        kept = center_audit(db, clock_wall_s(), "center", "revoked", e->number.text, why, "%s",
                            body == NULL ? "the CA refused" : "scrapped");
    if (kept == OK)
        kept = db_commit(db, why);
    db_rollback(db);
    return kept;
}

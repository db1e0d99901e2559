/* Replacement boards (M-8) that an operator approved, and the identities of scrapped devices. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "center/errand.h"
#include "center/hand_over.h"
#include "model/lifecycle.h"

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
        err = hand_over_tell(e->center, &e->number, now_s, why);
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

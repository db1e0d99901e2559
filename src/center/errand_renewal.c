/* Renewal (M-8): the device's call is put off, the CA asked, the call answered. So is the confirmation behind it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "center/errand.h"
#include "center/job.h"
#include "center/upcall.h"
#include "model/lifecycle.h"

enum { AT_ONCE = 64, RENEWALS_A_DAY = 20, DAY_S = 86400 };

/* Each new key costs a certificate, and the one before a place on the revocation list. */
static enum err check_often(const struct upcall *u, struct why *why)
{
    bool reached = false;
    const char *number = u->call->number.text, *operation = soap_message_row(SOAP_RENEWAL)->operation;
    enum err err = u->parsed.message != SOAP_RENEWAL ? OK
                                                     : center_call_lately(u->job->center->db, number, operation,
                                                                          u->job->now_s - DAY_S, RENEWALS_A_DAY, &reached, why);
    return err == OK && reached ? why_set(why, ERR_NOT_ALLOWED, "%s asked for renewal %d times within a day", number, RENEWALS_A_DAY) : err;
}

enum err upcall_renewal(struct upcall *u, struct why *why)
{
    const struct renewal_confirmation_request *r = u->parsed.body;
    if (u->parsed.message == SOAP_RENEWAL_CONFIRMATION &&
        !span_equal(r->fingerprint, span_of(u->job->signer, sizeof u->job->signer)))
        return why_set(why, ERR_BAD_SIGNATURE, "the confirmation is not signed with the identity that it confirms");
    enum err err = check_often(u, why);
    if (err != OK)
        return err;
    u->later = true;
    errand_due(u->job->center, ERRAND_CALL);
    return OK;
}

static enum err ask_renewal(const struct errand *e, const struct renewal_request *r, struct why *why)
{
    struct in_force f;
    enum err err = identity_in_force(e->center, e->number.text, &f, why);
    if (err != OK)
        return err;
    return errand_ask(e,
                      &(struct identity_issue_request){ .number = e->number,
                                                        .reason = "renewal",
                                                        .replaces = span_of(f.fingerprint, f.there ? sizeof f.fingerprint : 0),
                                                        .csr = r->csr },
                      why);
}

static enum err ask_confirmation(const struct errand *e, const struct renewal_confirmation_request *r, struct why *why)
{
    return errand_ask(
        e, &(struct identity_outcome_request){ .number = e->number, .fingerprint = r->fingerprint, .outcome = "confirmed", .reason = "" },
        why);
}

static enum err ask_call(void *context, const struct center_call *c)
{
    AUTO_PARSED parsed = { 0 };
    struct errand e = { .center = context, .kind = ERRAND_CALL, .number = c->number };
    if (soap_read_request(SERVICE_CENTER, c->envelope, &parsed, NULL) != OK)
        return OK; /* it was read when it came: it expires */
    snprintf(e.key, sizeof e.key, "%s", c->id);
    e.message = parsed.message == SOAP_RENEWAL ? SOAP_IDENTITY_ISSUE : SOAP_IDENTITY_OUTCOME;
    return parsed.message == SOAP_RENEWAL ? ask_renewal(&e, parsed.body, NULL) : ask_confirmation(&e, parsed.body, NULL);
}

enum err errand_find_calls(struct center *center, struct why *why)
{
    return center_call_unanswered(center->db, AT_ONCE, ask_call, center, why);
}

/* It counts from now on, before the CA's list tells of it. */
static enum err note_identity(struct errand *e, const struct identity_issue_response *r, struct why *why)
{
    struct in_force f;
    int64_t cursor = 0;
    struct center_identity i = { .number = e->number, .state = "renewing", .certificate = r->certificate };
    cert_fingerprint_der(r->certificate, i.fingerprint);
    enum err err = identity_in_force(e->center, e->number.text, &f, why);
    if (err == OK)
        err = center_identity_cursor(e->center->db, &cursor, why);
    i.generation = f.newest + 1;
    return err != OK ? err : center_identity_put(e->center->db, &i, cursor, why);
}

/* It is in force from now on, and the one before is not; the CA's list tells the same a little later. */
static enum err note_confirmed(struct errand *e, struct span request, const struct identity_outcome_response *r, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    struct in_force f;
    struct db *db = e->center->db;
    if (strcmp(r->state, lifecycle_name(LIFE_FIELD)) != 0)
        return OK;
    enum err err = soap_read_request(SERVICE_CENTER, request, &parsed, why);
    const struct renewal_confirmation_request *c = parsed.body;
    if (err == OK)
        err = identity_in_force(e->center, e->number.text, &f, why);
    if (err != OK || c->fingerprint.n != CENTER_FINGERPRINT)
        return err;
    if (f.there && memcmp(f.fingerprint, c->fingerprint.at, CENTER_FINGERPRINT) != 0)
        err = center_identity_state(db, f.fingerprint, lifecycle_name(LIFE_SUPERSEDED), clock_wall_s(), why);
    return err == OK ? center_identity_state(db, c->fingerprint.at, lifecycle_name(LIFE_FIELD), 0, why) : err;
}

struct kept_call {
    struct buf envelope;
};

static enum err keep_envelope(void *context, const struct center_call *c)
{
    return buf_put_span(&((struct kept_call *)context)->envelope, c->envelope);
}

static enum err write_answer(struct errand *e, struct span request, const void *body, enum err err, const struct why *reason,
                             struct buf *to)
{
    const struct identity_issue_response *issued = body;
    if (body == NULL)
        return upcall_envelope(request, SOAP_RENEWAL, NULL, err, why_text(reason, err), to);
    if (e->message == SOAP_IDENTITY_OUTCOME)
        return upcall_envelope(request, SOAP_RENEWAL_CONFIRMATION, &(struct renewal_confirmation_response){ .accepted = true }, OK,
                               "", to);
    return upcall_envelope(
        request, SOAP_RENEWAL,
        &(struct renewal_response){ .certificate = issued->certificate, .issuers = issued->issuers, .issuers_n = issued->issuers_n },
        OK, "", to);
}

static enum err commit_answer(struct errand *e, struct span request, const void *body, struct span answer, struct why *why)
{
    enum call_state now;
    struct db *db = e->center->db;
    enum err err = db_begin(db, why);
    if (err == OK && body != NULL && e->message == SOAP_IDENTITY_ISSUE)
        err = note_identity(e, body, why);
    else if (err == OK && body != NULL)
        err = note_confirmed(e, request, body, why);
    if (err == OK)
        err = center_call_move(db, e->key, CALL_EVENT_ANSWER, 0, answer, "", &now, why);
    if (err == OK)
        err = center_audit(db, clock_wall_s(), "center", e->message == SOAP_IDENTITY_ISSUE ? "renewal" : "renewal-confirmed",
                           e->number.text, why, "%s", body == NULL ? "refused by the CA" : "");
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

enum err errand_done_call(struct errand *e, const void *body, enum err err, const struct why *reason, struct why *why)
{
    struct kept_call call = { BUF_INIT };
    AUTO_BUF answer = BUF_INIT;
    enum err kept = center_call_find(e->center->db, e->key, keep_envelope, &call, why);
    if (kept == OK)
        kept = write_answer(e, buf_span(&call.envelope), body, err, reason, &answer);
    if (kept == OK)
        kept = commit_answer(e, buf_span(&call.envelope), body, buf_span(&answer), why);
    buf_done(&call.envelope);
    if (kept == OK)
        center_wake(e->center, e->number.text);
    return kept;
}

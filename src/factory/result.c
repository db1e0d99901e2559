/* S9 and S11, S12: what stations report about a write. */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "factory/office.h"
#include "factory/handout.h"
#include "factory/reissue.h"
#include "log/log.h"
#include "pki/proof.h"

/* The trail says what stations did; a station that never had the pack has nothing to say about it. */
static enum err check_holder(struct service_call *call, const struct reception_report_request *r, struct why *why)
{
    struct identity row;
    enum err err = stock_identity_by_certificate(call->factory->db, r->number.text, r->fingerprint.at, &row, why);
    if (err == ERR_NOT_FOUND || (err == OK && strcmp(row.station, call->station.name) != 0))
        return why_set(why, ERR_NOT_ALLOWED, "%s was not handed to station %s", r->number.text, call->station.name);
    return err;
}

/* S9 (S8 passed on): the device has the pack in its memory. It is noted, and never counts as written (hole 2). */
enum err service_reception(struct service_call *call, struct why *why)
{
    const struct reception_report_request *r = call->request->body;
    struct db *db = call->factory->db;
    char fingerprint[2 * CERT_FINGERPRINT + 1] = "";
    if (r->fingerprint.n != CERT_FINGERPRINT)
        return why_set(why, ERR_BAD_INPUT, "a fingerprint is %d bytes", CERT_FINGERPRINT);
    hex_encode(r->fingerprint.at, r->fingerprint.n, fingerprint);
    enum err err = check_holder(call, r, why);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = factory_note(db, call->actor, "received", r->number.text, why, "fingerprint=%.16s", fingerprint);
    if (err == OK)
        err = db_commit(db, why);
    if (err != OK)
        db_rollback(db);
    else
        service_answer(call, &(struct reception_report_response){ .accepted = true });
    return err;
}

static bool proof_holds(struct db *db, const struct identity *row, struct span proof, struct why *why)
{
    AUTO_BUF der = BUF_INIT;
    AUTO_CERT cert = NULL;
    return row->has_nonce && stock_certificate_read(db, row, &der, why) == OK &&
           cert_from_der(buf_span(&der), &cert, why) == OK && proof_check(cert, row->nonce, &row->number, proof, why) == OK;
}

static enum err save(struct service_call *call, const struct identity *was, const struct result_effect *e, struct why *why)
{
    struct db *db = call->factory->db;
    char board[TEXT_QUOTED], reason[TEXT_QUOTED];
    enum err err = stock_identity_save(db, &e->row, was->state, e->erase, why);
    if (err == OK)
        err = factory_note(db, call->actor, e->outcome, was->number.text, why, "generation=%lld board=%s%s%s%s",
                           (long long)was->generation, text_quote(was->board, sizeof board, board), e->erase ? " erased=yes" : "",
                           e->row.reason[0] != '\0' ? " reason=" : "",
                           e->row.reason[0] != '\0' ? text_quote(e->row.reason, sizeof reason, reason) : "");
    if (err == OK && e->changed)
        err = stock_handed_done(db, was, why);
    if (err != OK || !e->report)
        return err;
    struct stock_outcome o = { .number = was->number, .generation = was->generation };
    memcpy(o.fingerprint, was->fingerprint, sizeof o.fingerprint);
    snprintf(o.outcome, sizeof o.outcome, "%s", e->outcome);
    memcpy(o.reason, e->row.reason, sizeof o.reason);
    err = stock_outcome_add(db, &o, why);
    /* Direct mode: the CA keeps the pack until it is told that it arrived; now it has. */
    if (err == OK && was->direct)
        err = stock_request_set(db, was->request, STOCK_REQUEST_RECEIVED, "", why);
    return err;
}

static enum err decide(struct service_call *call, const struct write_result_report_request *r, struct result_effect *ret_effect,
                       struct why *why)
{
    struct db *db = call->factory->db;
    struct identity row;
    struct result_facts facts = { .station = call->station.name, .good = strcmp(r->outcome, "OK") == 0, .reason = r->reason };
    if (r->fingerprint.n != CERT_FINGERPRINT || (!facts.good && strcmp(r->outcome, "NG") != 0))
        return why_set(why, ERR_BAD_INPUT, "a write result is OK or NG with a fingerprint of %d bytes", CERT_FINGERPRINT);
    enum err err = stock_identity_by_certificate(db, r->number.text, r->fingerprint.at, &row, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK) {
        facts.row = &row;
        facts.proof_holds = facts.good && proof_holds(db, &row, r->proof, why);
    }
    if (facts.row != NULL && !facts.good && (err = reissue_held(&call->factory->policy, db, &row, &facts.held, why)) != OK)
        return err;
    if (facts.row != NULL && facts.proof_holds && (err = handout_check_revoked(call->factory, &row, why)) != OK)
        return err;
    err = decide_result(&call->factory->policy, &facts, clock_wall_s(), ret_effect, why);
    return err == OK && ret_effect->changed ? save(call, &row, ret_effect, why) : err;
}

static void tell(struct service_call *call, const struct result_effect *e)
{
    struct factory *f = call->factory;
    if (e->changed) {
        *(strcmp(e->outcome, "written") == 0 ? &f->written : &f->failed) += 1;
        log_event(strcmp(e->outcome, "written") == 0 ? LOG_INFO : LOG_WARN, e->outcome, "number", e->row.number.text, "station",
                  call->station.name, "reason", e->row.reason, NULL);
        office_wake(f->office);
    }
    service_answer(call, &(struct write_result_report_response){
                             .accepted = true, .state = lifecycle_name(e->row.state), .again = e->again });
}

/* Saved first, answered then (hole 5). */
enum err service_result(struct service_call *call, struct why *why)
{
    struct db *db = call->factory->db;
    struct result_effect effect;
    enum err err = db_begin(db, why);
    if (err == OK)
        err = decide(call, call->request->body, &effect, why);
    if (err == OK)
        err = db_commit(db, why);
    if (err != OK)
        db_rollback(db);
    else
        tell(call, &effect);
    return err;
}

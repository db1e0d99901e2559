/* S5, S6: a station asks for the one pack of the number that it scanned (F-10). */
#include "base/clock.h"
#include "base/rng.h"
#include "base/text.h"
#include "factory/handout.h"
#include "factory/stored_pack.h"
#include "log/log.h"

enum err handout_read_facts(struct db *db, const struct device_number *number, struct stock_model *model, struct identity *row,
                            struct claim_facts *f, struct why *why)
{
    char code[LIMIT_MODEL_CODE + 1];
    number_model(number, code);
    f->today = clock_local_day(clock_wall_s());
    f->model_line = "";
    enum err err = stock_model_get(db, code, model, why);
    if (err == OK) {
        f->model_known = true;
        f->model_identity = model->identity;
        f->model_discontinued = model->discontinued;
        f->model_line = model->line;
        err = stock_identity_newest(db, number->text, row, why);
    }
    if (err == OK)
        f->row = row;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err read_facts(struct service_call *call, const struct handout *r, struct stock_model *model, struct identity *row,
                           struct claim_facts *f, struct why *why)
{
    struct db *db = call->factory->db;
    *f = (struct claim_facts){ .station = call->station.name,
                               .line = call->station.line,
                               .board = r->board,
                               .fingerprint = r->has_identity ? r->fingerprint : NULL };
    enum err err = handout_read_facts(db, &r->number, model, row, f, why);
    if (err == OK)
        err = stock_claims(db, f->station, r->number.text, &f->outstanding, why);
    return err != OK ? err
                     : stock_handed_count(db, f->station, r->number.text,
                                          clock_wall_s() - call->factory->policy.unproven_window_s, &f->unproven, why);
}

enum err handout_check_revoked(const struct factory *factory, const struct identity *row, struct why *why)
{
    AUTO_BUF der = BUF_INIT;
    AUTO_CERT cert = NULL;
    enum err err = stock_certificate_read(factory->db, row, &der, why);
    if (err == OK)
        err = cert_from_der(buf_span(&der), &cert, why);
    if (err == OK && trust_revokes(factory->credentials.trust, cert))
        err = why_set(why, ERR_BAD_CERTIFICATE, "the identity of %s was revoked", row->number.text);
    return err;
}

enum err handout_send(struct service_call *call, const struct identity *row, struct why *why)
{
    AUTO_SECRET plain = SECRET_INIT;
    enum err err = stored_pack_open(call->factory->db, call->factory->sealer, row, &plain, why);
    if (err == OK)
        service_answer(call, &(struct pack_response){ .number = row->number,
                                                      .generation = row->generation,
                                                      .nonce = span_of(row->nonce, IDENTITY_NONCE),
                                                      .pack = secret_span(&plain) });
    return err;
}

/* The device has the pack: what is missing is its proof, for the nonce that is on record with it. */
static void send_question(struct service_call *call, const struct identity *row)
{
    log_event(LOG_INFO, "claim-known", "number", row->number.text, "station", call->station.name, NULL);
    service_answer(call, &(struct pack_response){ .number = row->number,
                                                  .generation = row->generation,
                                                  .nonce = span_of(row->nonce, IDENTITY_NONCE) });
}

static enum err handout_save(struct service_call *call, const struct identity *row, enum lifecycle_state from, struct why *why)
{
    struct db *db = call->factory->db;
    char board[TEXT_QUOTED];
    enum err err = stock_identity_save(db, row, from, false, why);
    if (err == OK)
        err = stock_handed_add(db, row, clock_wall_s(), why);
    if (err == OK)
        err = factory_note(db, call->actor, "claim", row->number.text, why, "generation=%lld board=%s line=%s",
                           (long long)row->generation, text_quote(row->board, sizeof board, board), call->station.line);
    if (err == OK)
        log_event(LOG_INFO, "claim", "number", row->number.text, "station", row->station, "board", row->board, NULL);
    return err;
}

enum err handout_claim(struct service_call *call, const struct handout *r, enum claim_way *ret_way, struct identity *ret_row,
                       struct why *why)
{
    struct stock_model model;
    struct identity row;
    struct claim_facts facts;
    uint8_t nonce[IDENTITY_NONCE];
    *ret_way = CLAIM_ASK_CA;
    enum err err = rng_fill(nonce, sizeof nonce);
    if (err == OK)
        err = read_facts(call, r, &model, &row, &facts, why);
    if (err == OK)
        err = decide_claim(&call->factory->policy, &facts, clock_wall_s(), nonce, ret_way, ret_row, why);
    if (err == OK && *ret_way != CLAIM_ASK_CA)
        err = handout_check_revoked(call->factory, ret_row, why);
    bool here = *ret_way != CLAIM_PROVE && (*ret_way == CLAIM_HAND_OUT || r->pack_in_hand);
    return err == OK && here ? handout_save(call, ret_row, row.state, why) : err;
}

/* Refusals are in the audit trail too: who scanned what, where. */
static void note_refusal(struct service_call *call, const struct handout *r, enum err err)
{
    struct db *db = call->factory->db;
    char board[TEXT_QUOTED];
    bool told = err_row(err)->action == ERR_ACTION_REFUSE || err == ERR_TOO_MANY_CLAIMS;
    if (!told || db_begin(db, NULL) != OK)
        return;
    if (factory_note(db, call->actor, "claim-refused", r->number.text, NULL, "error=%s board=%s", err_row(err)->name,
                     text_quote(r->board, sizeof board, board)) != OK ||
        db_commit(db, NULL) != OK)
        db_rollback(db);
}

enum err service_claim(struct service_call *call, struct why *why)
{
    const struct pack_request *asked = call->request->body;
    struct handout r = { .number = asked->number };
    struct db *db = call->factory->db;
    if (strlen(asked->board) > LIMIT_NAME)
        return why_set(why, ERR_BAD_INPUT, "the board id is longer than %d characters", LIMIT_NAME);
    memcpy(r.board, asked->board, strlen(asked->board) + 1);
    if (asked->fingerprint.n != 0 && asked->fingerprint.n != CERT_FINGERPRINT)
        return why_set(why, ERR_BAD_INPUT, "a fingerprint is %d bytes", CERT_FINGERPRINT);
    r.has_identity = asked->fingerprint.n != 0;
    if (r.has_identity)
        memcpy(r.fingerprint, asked->fingerprint.at, CERT_FINGERPRINT);
    enum claim_way way = CLAIM_HAND_OUT;
    struct identity row;
    enum err err = db_begin(db, why);
    if (err == OK)
        err = handout_claim(call, &r, &way, &row, why);
    if (err == OK)
        err = db_commit(db, why);
    if (err != OK) {
        db_rollback(db);
        note_refusal(call, &r, err);
        return err;
    }
    if (way == CLAIM_PROVE) {
        send_question(call, &row);
        return OK;
    }
    call->factory->claims++;
    return way == CLAIM_HAND_OUT ? handout_send(call, &row, why) : service_direct(call, &r, &row, why);
}

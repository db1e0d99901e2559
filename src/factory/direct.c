/* Direct mode (F-21): each pack goes straight from the CA to the station; only the row is kept.
 *
 * The request id is saved before the CA is asked, and asked again with when the station repeats itself: the CA
 * keeps the pack under it until the write result lets the office confirm the receipt (I10). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "factory/handout.h"
#include "model/pack.h"

struct direct {
    struct service_call *call; /* kept */
    struct handout handout;
    char request[LIMIT_MESSAGE_ID + 1];
};

static void direct_free(struct direct *d)
{
    service_release(d->call);
    free(d);
}

/* Puts a planned number under a request of its own. */
static enum err save_request(struct db *db, const struct identity *row, char *ret_id, struct why *why)
{
    struct stock_request request = { .direct = true, .made_s = clock_wall_s(), .state = STOCK_REQUEST_OPEN };
    struct identity next = *row;
    if (row->state != LIFE_PLANNED) {
        memcpy(ret_id, row->request, sizeof row->request);
        return OK;
    }
    enum err err = rng_uuid_urn(request.id);
    if (err == OK)
        err = lifecycle_next(row->state, LIFE_EVENT_REQUEST, ROLE_FACTORY, &next.state, why);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = stock_request_add(db, &request, why);
    memcpy(next.request, request.id, sizeof next.request);
    next.direct = true;
    next.has_nonce = false;
    next.station[0] = next.board[0] = '\0';
    if (err == OK)
        err = stock_identity_save(db, &next, row->state, false, why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    if (err == OK)
        memcpy(ret_id, request.id, sizeof request.id);
    return err;
}

static enum err store_row(struct direct *d, const struct issued_pack *issued, const struct pack *pack, struct why *why)
{
    uint8_t fingerprint[CERT_FINGERPRINT];
    struct stock_pack row = { .number = issued->number,
                              .order = issued->order,
                              .certificate = pack->certificate,
                              .fingerprint = fingerprint,
                              .now_s = clock_wall_s() };
    bool stored;
    cert_fingerprint_der(pack->certificate, fingerprint);
    enum err err = stock_request_find(d->call->factory->db, d->request, &row.request, why);
    return err != OK ? err : stock_pack_store(d->call->factory->db, &row, &stored, why);
}

/* The row first, then the pack goes on. */
static enum err pass_on(struct direct *d, const struct issued_pack *issued, struct why *why)
{
    struct db *db = d->call->factory->db;
    struct identity row;
    struct pack pack;
    enum claim_way way;
    enum err err = pack_decode(issued->pack, &pack, why);
    if (err == OK && !number_equal(&pack.number, &d->handout.number))
        err = why_set(why, ERR_NUMBER_MISMATCH, "the CA sent the pack of %s", pack.number.text);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = store_row(d, issued, &pack, why);
    d->handout.pack_in_hand = true;
    if (err == OK)
        err = handout_claim(d->call, &d->handout, &way, &row, why);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    if (err == OK)
        service_answer(d->call, &(struct pack_response){ .number = row.number,
                                                         .generation = row.generation,
                                                         .nonce = span_of(row.nonce, IDENTITY_NONCE),
                                                         .pack = issued->pack });
    return err;
}

static void on_issued(void *context, enum err err, bool told, const struct soap_parsed *answer, const struct why *why)
{
    struct direct *d = context;
    struct why reason = *why;
    (void)told;
    if (err == OK) {
        const struct certificate_transmission_response *r = answer->body;
        err = r->packs_n == 1 ? pass_on(d, &r->packs[0], &reason) : ERR_BAD_INPUT;
    }
    if (err != OK)
        service_fail(d->call, err, &reason);
    direct_free(d);
}

enum err service_direct(struct service_call *call, const struct handout *handout, const struct identity *row, struct why *why)
{
    struct identity now;
    struct direct *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    d->handout = *handout;
    enum err err = stock_identity_newest(call->factory->db, row->number.text, &now, why);
    if (err == OK)
        err = save_request(call->factory->db, &now, d->request, why);
    if (err == OK && (d->call = service_keep(call)) == NULL)
        err = ERR_NO_MEMORY;
    struct wanted_number wanted = { .number = handout->number };
    if (err == OK)
        err = ca_ask_later(call->factory->client, call->factory->ca_url, call->factory->ca_tls,
                           &(struct ca_question){ SOAP_CERTIFICATE_TRANSMISSION, d->request,
                                                  &(struct certificate_transmission_request){ &wanted, 1 }, 0 },
                           on_issued, d, why);
    if (err != OK)
        direct_free(d);
    return err;
}

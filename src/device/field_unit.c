#include "device/field_unit.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/rng.h"
#include "field/letter.h"

enum { NONCE_BYTES = 16, PAGES_A_POLL = 7 };

static enum err fresh_nonce(struct field_unit *u)
{
    uint8_t bytes[NONCE_BYTES];
    enum err err = rng_fill(bytes, sizeof bytes);
    if (err == OK)
        hex_encode(bytes, sizeof bytes, u->nonce);
    return err;
}

static enum err parse_chain(struct field_unit *u, struct why *why)
{
    enum err err = cert_from_der(u->pack.certificate, &u->chain[0], why);
    u->chain_n = err == OK;
    for (size_t i = 0; err == OK && i < u->pack.intermediates_n; i++) {
        err = cert_from_der(u->pack.intermediates[i], &u->chain[u->chain_n], why);
        u->chain_n += err == OK;
    }
    return err;
}

enum err unit_open(struct field_unit *u, struct why *why)
{
    if (u->key != NULL)
        return OK;
    enum err err = key_from_pkcs8(u->pack.private_key, &u->key, why);
    if (err == OK)
        err = parse_chain(u, why);
    if (err == OK)
        cert_fingerprint_der(u->pack.certificate, u->fingerprint);
    if (err == OK && u->nonce[0] == '\0')
        err = fresh_nonce(u);
    if (err != OK)
        unit_close(u);
    return err;
}

void unit_close(struct field_unit *u)
{
    for (size_t i = 0; i < u->chain_n; i++)
        cert_free(u->chain[i]);
    u->chain_n = 0;
    key_free(u->key);
    u->key = NULL;
}

static void drop_answer(struct field_unit *u, size_t i)
{
    buf_done(&u->answers[i].envelope);
    buf_done(&u->answers[i].signature);
    u->answers_n--;
    memmove(&u->answers[i], &u->answers[i + 1], (u->answers_n - i) * sizeof *u->answers);
}

void unit_done(struct field_unit *u)
{
    while (u->answers_n > 0)
        drop_answer(u, u->answers_n - 1);
    unit_close(u);
}

bool unit_has_news(const struct field_unit *u) { return u->answers_n > 0; }

/* --- Up --- */

static struct field_answer letter_of(const struct field_unit *u, const struct unit_answer *a)
{
    return (struct field_answer){ .id = a->id, .number = u->pack.number, .kind = "response", .envelope = buf_span(&a->envelope),
                                  .token = u->shown, .serial = a->serial, .signature = buf_span(&a->signature) };
}

static enum err sign_answer(const struct field_unit *u, struct unit_answer *a, struct why *why)
{
    struct field_answer letter = letter_of(u, a);
    buf_clear(&a->signature);
    return letter_sign_answer(u->key, &letter, &a->signature, why);
}

enum err unit_write(struct field_unit *u, bool present, int64_t wait_s, struct buf *to, struct why *why)
{
    struct soap_header header = { .version = SOAP_1_2 };
    struct field_answer answers[UNIT_WAITING];
    struct field_receipt receipts[UNIT_WAITING];
    struct field_presence presence = {
        .number = u->pack.number, .token = u->token, .nonce = u->nonce, .fingerprint = span_of(u->fingerprint, sizeof u->fingerprint),
        .version = "swarm", .letters = u->letters, .signature = span_of(NULL, 0)
    };
    struct exchange_request request = { .presences = &presence, .presences_n = present, .answers = answers, .receipts = receipts, .wait = wait_s };
    enum err err = OK;
    if (present)
        memcpy(u->shown, u->token, sizeof u->shown);
    for (size_t i = 0; err == OK && i < u->answers_n; i++) {
        err = sign_answer(u, &u->answers[i], why);
        answers[request.answers_n++] = letter_of(u, &u->answers[i]);
        if (!u->answers[i].taken)
            receipts[request.receipts_n++] = (struct field_receipt){ .id = u->answers[i].id, .what = "call", .accepted = true, .error = "", .reason = "" };
    }
    if (err == OK)
        err = rng_uuid_urn(header.message_id);
    if (err == OK)
        err = soap_write_request(SERVICE_FIELD, SOAP_EXCHANGE, &header, &request, to);
    return err == OK ? OK : why_set(why, err, "no memory for an exchange");
}

/* --- Down --- */

static enum err write_reading(struct field_unit *u, const struct soap_header *header, struct buf *to)
{
    struct counter_value counter = { .name = "print", .value = u->printed += PAGES_A_POLL };
    const struct charge_counter_response reading = {
        .number = u->pack.number, .epoch = 1, .boots = 0, .sequence = ++u->sequence, .counters = &counter, .counters_n = 1
    };
    return soap_write_response(SERVICE_REMOTE, SOAP_CHARGE_COUNTER, header, &reading, to);
}

static enum err write_response(struct field_unit *u, const struct soap_parsed *call, struct unit_outcome *outcome, struct buf *to)
{
    struct soap_header header = soap_reply_header(&call->header);
    const struct polling_interval_response accepted = { .accepted = true };
    if (call->message == SOAP_CHARGE_COUNTER) {
        outcome->readings++;
        return write_reading(u, &header, to);
    }
    if (call->message == SOAP_POLLING_INTERVAL) {
        u->interval_s = ((const struct polling_interval_request *)call->body)->interval;
        return soap_write_response(SERVICE_REMOTE, SOAP_POLLING_INTERVAL, &header, &accepted, to);
    }
    return soap_write_fault(&header, ERR_UNSUPPORTED, "a device of a swarm does not do this", to);
}

static bool is_waiting(const struct field_unit *u, const char *id)
{
    for (size_t i = 0; i < u->answers_n; i++)
        if (strcmp(u->answers[i].id, id) == 0)
            return true;
    return false;
}

/* A call that comes again before its receipt arrived is not answered anew (I10). One beyond the room comes again. */
static enum err take_call(struct field_unit *u, const struct field_call *call, struct unit_outcome *outcome, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    if (is_waiting(u, call->id) || u->answers_n == UNIT_WAITING)
        return OK;
    enum err err = soap_read_request(SERVICE_REMOTE, call->envelope, &parsed, why);
    if (err != OK)
        return err;
    struct unit_answer *a = &u->answers[u->answers_n];
    *a = (struct unit_answer){ .serial = ++u->letters };
    snprintf(a->id, sizeof a->id, "%s", call->id);
    err = write_response(u, &parsed, outcome, &a->envelope);
    u->answers_n++;
    outcome->calls++;
    return err == OK ? OK : why_set(why, err, "no memory for an answer");
}

static void take_receipt(struct field_unit *u, const struct field_receipt *receipt, struct unit_outcome *outcome)
{
    for (size_t i = 0; i < u->answers_n; i++)
        if (strcmp(u->answers[i].id, receipt->id) == 0 && strcmp(receipt->what, "answer") == 0) {
            outcome->delivered += receipt->accepted;
            drop_answer(u, i);
            return;
        }
}

static enum err take_session(struct field_unit *u, const struct field_session *session, struct unit_outcome *outcome)
{
    if (strcmp(session->nonce, u->nonce) != 0 || !number_equal(&session->number, &u->pack.number))
        return OK;
    outcome->admitted = strcmp(session->state, "admitted") == 0;
    outcome->refused = u->refused = !outcome->admitted;
    u->interval_s = session->interval;
    if (session->token[0] == '\0' || strlen(session->token) >= sizeof u->token)
        return OK;
    memcpy(u->token, session->token, strlen(session->token) + 1);
    return fresh_nonce(u);
}

enum err unit_take(struct field_unit *u, struct span xml, struct unit_outcome *ret_outcome, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    struct unit_outcome outcome = { 0 };
    enum err err = soap_read_response(SERVICE_FIELD, SOAP_EXCHANGE, xml, &parsed, why);
    if (err != OK)
        return err;
    const struct exchange_response *reply = parsed.body;
    for (size_t i = 0; i < u->answers_n; i++)
        u->answers[i].taken = true; /* the receipts of the calls went out with what this replies to */
    for (size_t i = 0; err == OK && i < reply->sessions_n; i++)
        err = take_session(u, &reply->sessions[i], &outcome);
    for (size_t i = 0; i < reply->receipts_n; i++)
        take_receipt(u, &reply->receipts[i], &outcome);
    for (size_t i = 0; err == OK && i < reply->calls_n; i++)
        err = take_call(u, &reply->calls[i], &outcome, why);
    *ret_outcome = outcome;
    return err;
}

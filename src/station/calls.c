/* The effects that go out over the two links, and their answers as events. */
#include <stdio.h>

#include "log/log.h"
#include "model/pack.h"
#include "pki/cert.h"
#include "station/station.h"

static void feed_fault(struct station *st, uint32_t ticket, enum err err, const struct why *why)
{
    struct bench_event event = { .kind = BENCH_EVENT_FAULT, .ticket = ticket, .err = err, .why = *why };
    log_failure(LOG_INFO, "call-failed", err, why, "number", st->bench.number.text, "state", bench_state_row(st->bench.state)->name, NULL);
    station_feed(st, &event);
}

/* A call whose answer is an event of the bench. One that cannot even begin has failed. */
static void send(struct station *st, struct link *link, enum soap_message message, const void *body, link_fn *fn)
{
    struct why why = { "" };
    const struct bench_patience *p = &st->bench.patience;
    long timeout_ms = (long)(link == &st->device ? p->device_ms : p->factory_ms);
    enum err err = link_send(link, message, body, timeout_ms, st->bench.ticket, fn, st, &why);
    if (err != OK)
        feed_fault(st, st->bench.ticket, err, &why);
}

/* The board at the other end of the bench link is one of the scanned model (F-12). */
static enum err check_board(const struct station *st, const struct peer *peer, struct why *why)
{
    char model[LIMIT_MODEL_CODE + 1];
    number_model(&st->bench.number, model);
    if (peer->role == ROLE_BOOTSTRAP && strcmp(peer->name, model) == 0)
        return OK;
    return why_set(why, ERR_NOT_ALLOWED, "the board is of model %.20s, the nameplate says %s", peer->name, model);
}

/* An answer of the device: a fault, or an answer by a board of the right model. */
static bool device_failed(struct station *st, uint32_t ticket, const struct link_answer *answer)
{
    struct why why = answer->why;
    enum err err = answer->err != OK ? answer->err : check_board(st, answer->peer, &why);
    if (err != OK)
        feed_fault(st, ticket, err, &why);
    return err != OK;
}

static void on_status(void *context, uint32_t ticket, const struct link_answer *answer)
{
    struct station *st = context;
    struct bench_event event = { .kind = BENCH_EVENT_STATUS, .ticket = ticket };
    const struct device_status_response *r = answer->body;
    if (device_failed(st, ticket, answer))
        return;
    event.status.blank = strcmp(r->state, "blank") == 0;
    event.status.individual = strcmp(r->state, "individual") == 0 && r->fingerprint.n == BENCH_FINGERPRINT;
    snprintf(event.status.number, sizeof event.status.number, "%.*s", LIMIT_NUMBER_TEXT, r->number);
    snprintf(event.status.board, sizeof event.status.board, "%.*s", BENCH_BOARD, r->board);
    if (event.status.individual)
        memcpy(event.status.fingerprint, r->fingerprint.at, BENCH_FINGERPRINT);
    station_feed(st, &event);
}

void station_ask_status(struct station *st)
{
    const struct device_status_request body = {}; /* a request without fields */
    send(st, &st->device, SOAP_DEVICE_STATUS, &body, on_status);
}

/* What the bench must know of a pack. The numbers are the pack's own words; whether they agree is bench.h's. */
static enum err read_pack(struct span der, struct bench_event *event, struct why *why)
{
    struct pack pack;
    AUTO_CERT cert = NULL;
    enum err err = pack_decode(der, &pack, why);
    if (err == OK)
        err = cert_from_der(pack.certificate, &cert, why);
    if (err == OK)
        err = cert_device_number(cert, &event->certificate_number, why);
    if (err != OK)
        return err;
    event->number = pack.number;
    cert_fingerprint(cert, event->fingerprint);
    return OK;
}

static void on_pack(void *context, uint32_t ticket, const struct link_answer *answer)
{
    struct station *st = context;
    struct why why = answer->why;
    struct bench_event event = { .kind = BENCH_EVENT_PACK, .ticket = ticket };
    const struct pack_response *r = answer->body;
    enum err err = answer->err;
    if (ticket != st->bench.ticket)
        return;
    if (err == OK && r->nonce.n != BENCH_NONCE)
        err = why_set(&why, ERR_BAD_INPUT, "the nonce has %zu bytes", r->nonce.n);
    event.known = err == OK && r->pack.n == 0;
    if (event.known)
        event.number = event.certificate_number = r->number;
    if (err == OK && !event.known)
        err = read_pack(r->pack, &event, &why);
    if (err == OK && !event.known) {
        secret_done(&st->pack);
        err = secret_copy(r->pack.at, r->pack.n, &st->pack);
    }
    if (err != OK) {
        feed_fault(st, ticket, err, &why);
        return;
    }
    memcpy(event.nonce, r->nonce.at, BENCH_NONCE);
    station_feed(st, &event);
}

void station_request_pack(struct station *st)
{
    const struct bench_status *status = &st->bench.status;
    const struct pack_request body = { .number = st->bench.number,
                                       .board = status->board,
                                       .fingerprint = span_of(status->fingerprint, status->individual ? BENCH_FINGERPRINT : 0) };
    send(st, &st->factory, SOAP_PACK, &body, on_pack);
}

static void on_received(void *context, uint32_t ticket, const struct link_answer *answer)
{
    struct station *st = context;
    if (!device_failed(st, ticket, answer))
        station_feed(st, &(struct bench_event){ .kind = BENCH_EVENT_RECEIVED, .ticket = ticket });
}

void station_send_pack(struct station *st)
{
    const struct pack_transmission_request body = {
        .number = st->bench.number,
        .board = st->bench.status.board,
        .nonce = span_of(st->bench.nonce, BENCH_NONCE),
        .pack = secret_span(&st->pack),
    };
    send(st, &st->device, SOAP_PACK_TRANSMISSION, &body, on_received);
}

void station_ask_result(struct station *st)
{
    const struct result_request body = { .number = st->bench.number, .nonce = span_of(st->bench.nonce, BENCH_NONCE) };
    send(st, &st->device, SOAP_RESULT, &body, on_received);
}

/* S9 says nothing about the write: that it is lost changes nothing. */
static void on_reception_forwarded(void *context, uint32_t ticket, const struct link_answer *answer)
{
    const struct station *st = context;
    (void)ticket;
    if (answer->err != OK)
        log_failure(LOG_INFO, "reception-report", answer->err, &answer->why, "number", st->bench.number.text, NULL);
}

void station_forward_reception(struct station *st)
{
    struct why why = { "" };
    const struct reception_report_request body = {
        .number = st->bench.number,
        .fingerprint = span_of(st->bench.fingerprint, BENCH_FINGERPRINT),
    };
    const long timeout_ms = (long)st->bench.patience.factory_ms;
    enum err err = link_send(&st->factory, SOAP_RECEPTION_REPORT, &body, timeout_ms, 0, on_reception_forwarded, st, &why);
    if (err != OK)
        log_failure(LOG_INFO, "reception-report", err, &why, "number", st->bench.number.text, NULL);
}

static void on_reported(void *context, uint32_t ticket, const struct link_answer *answer)
{
    struct station *st = context;
    const struct write_result_report_response *r = answer->body;
    struct why why = answer->why;
    enum err err = answer->err;
    if (err == OK && !r->accepted)
        err = why_set(&why, ERR_CONFLICT, "the factory server did not accept the result (state %.20s)", r->state);
    if (err != OK)
        feed_fault(st, ticket, err, &why);
    else
        station_feed(st, &(struct bench_event){ .kind = BENCH_EVENT_REPORTED, .ticket = ticket, .again = r->again });
}

void station_forward_result(struct station *st)
{
    const struct bench_result *r = &st->bench.result;
    const struct write_result_report_request body = {
        .number = r->number,
        .fingerprint = span_of(r->fingerprint, BENCH_FINGERPRINT),
        .outcome = r->good ? "OK" : "NG",
        .proof = span_of(r->proof, r->good ? r->proof_n : 0),
        .reason = r->reason,
    };
    send(st, &st->factory, SOAP_WRITE_RESULT_REPORT, &body, on_reported);
}

static void on_initialised(void *context, uint32_t ticket, const struct link_answer *answer)
{
    struct station *st = context;
    const struct parameter_initialisation_response *r = answer->body;
    struct why why = { "" };
    if (device_failed(st, ticket, answer))
        return;
    if (!r->accepted)
        feed_fault(st, ticket, why_set(&why, ERR_CONFLICT, "the device did not take its parameters"), &why);
    else
        station_feed(st, &(struct bench_event){ .kind = BENCH_EVENT_INITIALISED, .ticket = ticket });
}

void station_initialise(struct station *st)
{
    const struct parameter_initialisation_request body = { .parameters = st->parameters, .parameters_n = st->parameters_n };
    send(st, &st->device, SOAP_PARAMETER_INITIALISATION, &body, on_initialised);
}

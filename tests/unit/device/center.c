#include "center.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "field/letter.h"

/* --- The chain of tokens --- */

static void next_token(struct center *c, const struct field_presence *p)
{
    memcpy(c->used, c->token, sizeof c->used);
    snprintf(c->nonce, sizeof c->nonce, "%s", p->nonce);
    snprintf(c->token, sizeof c->token, "token-%d", ++c->tokens);
}

static void take_presence(struct center *c, const struct field_presence *p, struct field_session *ret_session)
{
    memcpy(c->signer, p->fingerprint.at, sizeof c->signer);
    assert_ok(letter_check_presence(c->bench->board.identity.chain[0], p, NULL));
    if (strcmp(p->token, c->token) == 0)
        next_token(c, p);
    else if (strcmp(p->token, c->used) != 0 || strcmp(p->nonce, c->nonce) != 0)
        c->forks++;
    *ret_session = (struct field_session){
        .number = p->number, .nonce = p->nonce, .state = c->refuse == NULL ? "admitted" : "refused",
        .error = c->refuse == NULL ? "" : c->refuse, .reason = "", .token = c->token, .interval = 1,
    };
}

/* --- Readings --- */

static void take_reading(struct center *c, const struct charge_counter_response *r)
{
    struct reading now = { .epoch = r->epoch, .boots = r->boots, .sequence = r->sequence, .counters_n = r->counters_n };
    for (size_t i = 0; i < r->counters_n; i++) {
        snprintf(now.counters[i].name, sizeof now.counters[i].name, "%s", r->counters[i].name);
        now.counters[i].value = r->counters[i].value;
    }
    enum reading_verdict v = reading_judge(c->readings == 0 ? NULL : &c->last, &now);
    if (v == READING_FOLLOWS) {
        c->readings++;
        c->last = now;
    } else if (v != READING_SAME) {
        c->bad_readings++;
    }
}

/* --- Calls of the device --- */

static void hold_answer(struct center *c, const char *id, enum soap_message message, const void *body)
{
    struct soap_header header = { .version = SOAP_1_2 };
    snprintf(header.relates_to, sizeof header.relates_to, "%s", id);
    buf_clear(&c->pending_id);
    buf_clear(&c->pending);
    assert_ok(buf_put(&c->pending_id, id, strlen(id) + 1));
    assert_ok(soap_write_response(SERVICE_CENTER, message, &header, body, &c->pending));
}

static void serve_part(struct center *c, const char *id, const struct program_part_request *r)
{
    enum { PART = 3 * 4096 };
    size_t left = c->program.len - (size_t)r->offset;
    const struct program_part_response body = { .offset = r->offset, .data = span_of(c->program.data + r->offset, left < PART ? left : PART) };
    if (c->break_after_parts >= 0 && c->parts >= c->break_after_parts)
        return;
    c->parts++;
    hold_answer(c, id, SOAP_PROGRAM_PART, &body);
}

struct cert *center_certify(const struct fixture *pki, const struct key *key)
{
    struct profile *profile;
    struct issuer *issuer;
    struct cert *cert;
    AUTO_BUF spki = BUF_INIT, tbs = BUF_INIT, der = BUF_INIT;
    struct issue_order order = { .serial = { 9, 8, 7, 6, 5, 4, 3, 2, 1 }, .not_before = NOW };
    assert_ok(number_parse(span_text(NUMBER), &order.number, NULL));
    assert_ok(key_spki(key, &spki));
    assert_ok(profile_load((struct span){ 0 }, "idevid", &profile, NULL));
    assert_ok(issuer_new(profile, pki->identity.cert, pki->identity.key, &issuer, NULL));
    assert_ok(issuer_prepare_for_key(issuer, &order, buf_span(&spki), &tbs, NULL));
    assert_ok(issuer_sign(issuer, buf_span(&tbs), &der, NULL));
    assert_ok(cert_from_der(buf_span(&der), &cert, NULL));
    issuer_free(issuer);
    profile_free(profile);
    return cert;
}

/* The CA's part: a certificate over the key of the request. */
static void serve_renewal(struct center *c, const char *id, const struct renewal_request *r)
{
    struct key *key = NULL;
    struct item item = { 0 };
    AUTO_BUF csr = BUF_INIT, spki = BUF_INIT;
    assert_ok(renewal_load_key(&c->bench->board, ITEM_RENEWAL, &item, &key, &csr, NULL));
    assert_true(span_equal(buf_span(&csr), r->csr));
    assert_ok(csr_read(r->csr, &spki, NULL));
    struct cert *cert = center_certify(c->bench->pki, key);
    struct certificate issuer = { cert_der(c->bench->pki->identity.cert) };
    const struct renewal_response body = { .certificate = cert_der(cert), .issuers = &issuer, .issuers_n = 1 };
    hold_answer(c, id, SOAP_RENEWAL, &body);
    cert_free(cert);
    key_free(key);
    item_done(&item);
}

static bool is_refused_reading(const struct center *c, struct span envelope)
{
    AUTO_PARSED request = { 0 };
    struct why why;
    return c->refuse_readings != NULL && soap_read_request(SERVICE_CENTER, envelope, &request, &why) == OK &&
           request.message == SOAP_COUNTER_REPORT;
}

static void take_event(struct center *c, const char *id, const struct event_report_request *r)
{
    for (int i = 0; i < c->events; i++)
        if (strcmp(c->event_ids[i], id) == 0)
            return;
    assert_true(c->events < CENTER_EVENTS);
    snprintf(c->event_ids[c->events], sizeof c->event_ids[0], "%s", id);
    snprintf(c->said[c->events++], sizeof c->said[0], "%.40s %.80s", r->kind, r->detail);
}

static void take_up_call(struct center *c, const struct field_call *call)
{
    if (is_refused_reading(c, call->envelope))
        return;
    AUTO_PARSED request = { 0 };
    const struct renewal_confirmation_response accepted = { true };
    assert_ok(letter_check_call(c->bench->board.identity.chain[0], call, NULL));
    assert_ok(soap_read_request(SERVICE_CENTER, call->envelope, &request, NULL));
    if (request.message == SOAP_COUNTER_REPORT)
        take_reading(c, request.body);
    if (request.message == SOAP_EVENT_REPORT)
        take_event(c, call->id, request.body);
    if (request.message == SOAP_PROGRAM_PART)
        serve_part(c, call->id, request.body);
    if (request.message == SOAP_RENEWAL)
        serve_renewal(c, call->id, request.body);
    if (request.message == SOAP_RENEWAL_CONFIRMATION) {
        c->confirmed = true;
        hold_answer(c, call->id, SOAP_RENEWAL_CONFIRMATION, &accepted);
    }
}

static void take_answer(struct center *c, const struct field_answer *a)
{
    AUTO_PARSED answer = { 0 };
    assert_ok(letter_check_answer(c->bench->board.identity.chain[0], a, NULL));
    if (strcmp(a->kind, "delay") == 0) {
        c->delays_n++;
        return;
    }
    if (center_answer_to(c, a->id) != NULL)
        return;
    struct center_answer *kept = &c->answers[c->answers_n++];
    *kept = (struct center_answer){ .envelope = BUF_INIT };
    snprintf(kept->id, sizeof kept->id, "%s", a->id);
    snprintf(kept->kind, sizeof kept->kind, "%s", a->kind);
    assert_ok(buf_put_span(&kept->envelope, a->envelope));
    struct why why = { "" };
    if (soap_read_response(SERVICE_REMOTE, SOAP_CHARGE_COUNTER, a->envelope, &answer, &why) == OK)
        take_reading(c, answer.body);
}

static void take_receipt(struct center *c, const struct field_receipt *r)
{
    for (int i = 0; i < c->calls_n; i++)
        if (strcmp(r->what, "call") == 0 && strcmp(c->calls[i].id, r->id) == 0)
            c->calls[i].receipted = true;
    if (!r->accepted)
        snprintf(c->refused_error, sizeof c->refused_error, "%s", r->error);
}

/* --- An exchange --- */

static void write_reply(struct center *c, struct http_exchange *x, const struct exchange_request *r, struct field_session *session)
{
    AUTO_BUF xml = BUF_INIT;
    struct field_receipt receipts[64];
    struct field_call calls[CENTER_CALLS];
    struct field_answer answer;
    struct soap_header header = { .version = SOAP_1_2 };
    struct exchange_response body = { .sessions = session, .sessions_n = 1, .receipts = receipts, .calls = calls, .answers = &answer };
    for (size_t i = 0; i < r->calls_n; i++)
        receipts[body.receipts_n++] = (struct field_receipt){
            .id = r->calls[i].id, .what = "call", .accepted = !is_refused_reading(c, r->calls[i].envelope),
            .error = c->refuse_readings == NULL ? "" : c->refuse_readings, .reason = "" };
    for (size_t i = 0; i < r->answers_n; i++)
        receipts[body.receipts_n++] = (struct field_receipt){
            .id = r->answers[i].id, .what = strcmp(r->answers[i].kind, "delay") == 0 ? "delay" : "answer", .accepted = true, .error = "", .reason = "" };
    for (int i = 0; i < c->calls_n && c->refuse == NULL; i++)
        if (!c->calls[i].receipted)
            calls[body.calls_n++] = (struct field_call){ .id = c->calls[i].id, .number = session->number, .limit = 60,
                .envelope = buf_span(&c->calls[i].envelope), .signature = c->calls[i].forged ? span_text("forged") : span_of(NULL, 0),
                .signers = c->signers, .signers_n = c->calls[i].forged ? 2 : 0 };
    if (c->pending.len != 0)
        answer = (struct field_answer){ .id = (char *)c->pending_id.data, .number = session->number, .kind = "response", .envelope = buf_span(&c->pending) };
    body.answers_n = c->pending.len != 0;
    assert_ok(soap_write_response(SERVICE_FIELD, SOAP_EXCHANGE, &header, &body, &xml));
    buf_clear(&c->pending);
    http_reply(x, 200, soap_content_type(SOAP_1_2), buf_span(&xml), NULL);
}

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context, (void)x;
    return LIMIT_EXCHANGE;
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    struct center *c = context;
    AUTO_PARSED request = { 0 };
    struct field_session session = { .number = { "" } };
    assert_ok(soap_read_request(SERVICE_FIELD, body, &request, NULL));
    const struct exchange_request *r = request.body;
    c->exchanges++;
    assert_int_equal(r->presences_n, 1);
    take_presence(c, &r->presences[0], &session);
    if (c->stale_nonce != NULL)
        session.nonce = c->stale_nonce;
    if (c->refuse != NULL)
        assert_int_equal(r->calls_n + r->answers_n, c->exchanges == 1 ? r->calls_n + r->answers_n : 0);
    for (size_t i = 0; i < r->receipts_n; i++)
        take_receipt(c, &r->receipts[i]);
    for (size_t i = 0; i < r->calls_n; i++)
        take_up_call(c, &r->calls[i]);
    for (size_t i = 0; i < r->answers_n; i++)
        take_answer(c, &r->answers[i]);
    if (c->lose_replies > 0) {
        c->lose_replies--;
        http_reply_abort(x);
        return;
    }
    write_reply(c, x, r, &session);
}

static const struct http_handler handler = { .begin = begin, .complete = complete };

/* --- Start and stop --- */

static void restart_asked(void *context) { ((struct center *)context)->restarts++; }

static void give_remote_functions(struct bench *b)
{
    struct why why = { "" };
    char dir[BOARD_PATH];
    AUTO_WIPED_BUF pack = BUF_INIT;
    snprintf(dir, sizeof dir, "%s", b->board.dir);
    agent_unplug(&b->agent);
    board_close(&b->board);
    enum err err = option_create(dir, &why);
    if (err == OK)
        err = board_open(dir, BOARD_USE, &b->board, &why);
    cert_free(bench_pack(b, NUMBER, &pack));
    if (err == OK)
        err = board_install_identity(&b->board, buf_span(&pack), &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
}

void center_start(struct center *c, struct bench *b)
{
    struct why why = { "" };
    bench_start(b, false);
    give_remote_functions(b);
    *c = (struct center){ .bench = b, .break_after_parts = -1 };
    c->signers[0].der = cert_der(b->pki->infrastructure.cert);
    c->signers[1].der = cert_der(b->pki->root.cert);
    c->tls = bench_context(b, "urn:nameplate:center:c1", true, ROLE_BIT(ROLE_DEVICE), false);
    const struct http_server_options options = { .address = "127.0.0.1", .tls = c->tls, .handler = &handler, .context = c };
    assert_ok(http_server_new(b->loop, &options, &c->server, &why));
    c->options = (struct field_options){ .trial_s = 60, .restart = restart_asked, .context = c };
    snprintf(c->options.url, sizeof c->options.url, "https://127.0.0.1:%u", (unsigned)http_server_port(c->server));
}

void center_start_device(struct center *c)
{
    struct why why = { "" };
    enum err err = board_load(&c->bench->board, &why);
    if (err == OK)
        err = field_start(c->bench->loop, &c->bench->board, &c->options, &c->field, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
}

void center_stop_device(struct center *c)
{
    struct why why = { "" };
    char dir[BOARD_PATH];
    snprintf(dir, sizeof dir, "%s", c->bench->board.dir);
    field_stop(c->field);
    c->field = NULL;
    board_close(&c->bench->board);
    enum err err = board_open(dir, BOARD_USE, &c->bench->board, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
}

void center_stop(struct center *c)
{
    field_stop(c->field);
    http_server_free(c->server);
    tls_context_free(c->tls);
    for (int i = 0; i < c->calls_n; i++)
        buf_done(&c->calls[i].envelope);
    for (int i = 0; i < c->answers_n; i++)
        buf_done(&c->answers[i].envelope);
    buf_done(&c->pending);
    buf_done(&c->pending_id);
    buf_done(&c->program);
    bench_stop(c->bench);
}

const char *center_call(struct center *c, enum soap_message message, const void *body)
{
    struct center_call *call = &c->calls[c->calls_n++];
    struct soap_header header = { .version = SOAP_1_2 };
    *call = (struct center_call){ .receipted = false };
    snprintf(call->id, sizeof call->id, "urn:uuid:call-%d", c->calls_n);
    snprintf(header.message_id, sizeof header.message_id, "%s", call->id);
    assert_ok(soap_write_request(SERVICE_REMOTE, message, &header, body, &call->envelope));
    return call->id;
}

static void tick(void *context) { loop_stop(((struct center *)context)->bench->loop); }

void center_run_ms(struct center *c, int64_t ms)
{
    assert_ok(loop_timer(c->bench->loop, ms, tick, c, NULL));
    assert_ok(loop_run(c->bench->loop, NULL));
}

bool center_wait(struct center *c, bool (*done)(const struct center *c))
{
    int64_t end_ms = clock_mono_ms() + 6000;
    while (!done(c) && clock_mono_ms() < end_ms)
        center_run_ms(c, 3);
    return done(c);
}

const struct center_answer *center_answer_to(const struct center *c, const char *id)
{
    for (int i = 0; i < c->answers_n; i++)
        if (strcmp(c->answers[i].id, id) == 0)
            return &c->answers[i];
    return NULL;
}

enum err center_read_answer(const struct center *c, const char *id, enum soap_message message, struct soap_parsed *ret_answer, struct why *why)
{
    const struct center_answer *a = center_answer_to(c, id);
    return a == NULL ? ERR_NOT_FOUND : soap_read_response(SERVICE_REMOTE, message, buf_span(&a->envelope), ret_answer, why);
}

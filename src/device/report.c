/* What the device says by itself: the write result (S10) until its reception is confirmed (S13), and scans (S4). */
#include "device/agent.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "log/log.h"

enum { REPORT_TIMEOUT_MS = 30000 };

static enum err send_report(struct report *r, struct why *why);

void report_stop(struct report *r)
{
    r->active = false;
    if (r->timer != 0)
        loop_cancel(r->agent->loop, r->timer);
    r->timer = 0;
    if (r->client != NULL)
        http_client_free(r->client);
    r->client = NULL;
    tls_context_free(r->tls);
    r->tls = NULL;
    buf_done(&r->body);
}

static void send_again(void *context)
{
    struct report *r = context;
    struct why why = { "" };
    r->timer = 0;
    enum err err = send_report(r, &why);
    if (err != OK)
        log_failure(LOG_ERROR, "report", err, &why, NULL);
}

/* What the reply says; OK only when the station has received the report. */
static enum err read_reply(const struct report *r, const struct http_result *result, struct why *why)
{
    AUTO_PARSED answer = { 0 };
    if (result->err != OK)
        return why_set(why, result->err, "%s", why_text(&result->why, result->err));
    if (result->status != 200 && result->status != 500)
        return why_set(why, ERR_UNREACHABLE, "the station answers with HTTP status %d", result->status);
    enum err err = soap_read_response(SERVICE_STATION, r->message, buf_span(&result->body), &answer, why);
    if (err != OK)
        return err;
    bool accepted = r->message == SOAP_WRITE_RESULT ? ((struct write_result_response *)answer.body)->accepted
                                                    : ((struct scan_report_response *)answer.body)->accepted;
    return accepted ? OK : why_set(why, ERR_PROOF_FAILED, "the station did not accept the report");
}

/* S13: the station and the factory have it; a former identity is of no use any more. */
static void settle(struct report *r)
{
    struct board *b = r->agent->board;
    struct why why = { "" };
    r->active = false;
    r->received = true;
    log_event(LOG_INFO, "received", "number", b->values.number, "operation", soap_message_row(r->message)->operation, NULL);
    if (r->message != SOAP_WRITE_RESULT)
        return;
    board_history(b, "received", "");
    if (board_drop_stale(b, &why) != OK)
        log_event(LOG_WARN, "stale-identity", "number", b->values.number, "why", why.text, NULL);
    if (r->agent->changed != NULL)
        r->agent->changed(r->agent->context);
}

static void report_done(void *context, struct http_result *result)
{
    struct report *r = context;
    struct why why = { "" };
    int64_t delay_ms = 0;
    if (!r->active)
        return;
    enum err err = read_reply(r, result, &why);
    enum report_step step = decide_report(err, r->attempt, &delay_ms);
    if (step == REPORT_DONE) {
        settle(r);
        return;
    }
    log_failure(LOG_WARN, step == REPORT_AGAIN ? "report-again" : "report-refused", err, &why, "number",
                r->agent->board->values.number, NULL);
    if (step == REPORT_GIVE_UP || loop_timer(r->agent->loop, delay_ms, send_again, r, &r->timer) != OK)
        r->active = false;
}

static enum err send_report(struct report *r, struct why *why)
{
    const struct http_call call = {
        .url = r->url,
        .method = "POST",
        .content_type = soap_content_type(SOAP_1_2),
        .body = buf_span(&r->body),
        .tls = r->tls,
        .timeout_ms = REPORT_TIMEOUT_MS,
        .context = r,
    };
    r->attempt++;
    return http_client_send(r->client, &call, report_done, why);
}

static enum err client_tls(const struct agent *a, const struct credential *c, struct tls_context **ret_tls, struct why *why)
{
    const struct tls_options options = {
        .key = c->key,
        .chain = (const struct cert *const *)c->chain,
        .chain_n = c->chain_n,
        .trust = a->trust,
        .peers = ROLE_BIT(ROLE_STATION),
        .clock_behind = true,
    };
    if (c->key == NULL)
        return why_set(why, ERR_BAD_TRANSITION, "the board has no certificate to report with yet");
    return tls_context_new(&options, ret_tls, why);
}

static enum err start(struct agent *a, struct report *r, enum soap_message message, const void *body, const struct credential *c,
                      struct why *why)
{
    struct soap_header header = { .version = SOAP_1_2 };
    report_stop(r);
    r->agent = a;
    r->message = message;
    r->attempt = 0;
    r->active = true;
    r->received = false;
    snprintf(r->url, sizeof r->url, "%s", a->station);
    enum err err = rng_uuid_urn(header.message_id);
    if (err == OK)
        err = soap_write_request(SERVICE_STATION, message, &header, body, &r->body);
    if (err == OK)
        err = client_tls(a, c, &r->tls, why);
    if (err == OK)
        err = http_client_new(a->loop, &r->client, why);
    if (err == OK)
        err = send_report(r, why);
    if (err != OK)
        report_stop(r);
    return err;
}

/* Under the bootstrap certificate: what was to be written is not in force. */
static enum err report_failure(struct agent *a, const struct device_number *number, enum err write_error,
                               const struct why *failure, struct why *why)
{
    const struct write_result_request body = {
        .number = *number,
        .outcome = "NG",
        .fingerprint = span_of(a->pack_fingerprint, CERT_FINGERPRINT),
        .reason = why_text(failure, write_error),
    };
    return start(a, &a->result, SOAP_WRITE_RESULT, &body, &a->board->bootstrap, why);
}

/* Under the new identity, with the key as it was read back from the flash. */
static enum err report_success(struct agent *a, const struct device_number *number, struct why *why)
{
    const struct credential *identity = &a->board->identity;
    AUTO_BUF proof = BUF_INIT;
    enum err err = identity->key == NULL ? why_set(why, ERR_BUG, "there is no identity to report")
                                         : proof_make(identity->key, a->nonce, number, identity->fingerprint, &proof, why);
    const struct write_result_request body = {
        .number = *number,
        .outcome = "OK",
        .fingerprint = span_of(identity->fingerprint, CERT_FINGERPRINT),
        .proof = buf_span(&proof),
        .reason = "",
    };
    return err == OK ? start(a, &a->result, SOAP_WRITE_RESULT, &body, identity, why) : err;
}

enum err report_result(struct agent *a, enum err write_error, const struct why *failure, struct why *why)
{
    struct device_number number;
    enum err err = number_parse(span_text(a->board->values.number), &number, why);
    if (err != OK)
        return err;
    return failure == NULL ? report_success(a, &number, why) : report_failure(a, &number, write_error, failure, why);
}

enum err report_scan(struct agent *a, const char *text, struct why *why)
{
    const struct scan_report_request body = { .text = text };
    const struct board *b = a->board;
    if (*a->station == '\0')
        return why_set(why, ERR_CONFIG, "no station has called yet, and none is configured ([station] url)");
    return start(a, &a->scan, SOAP_SCAN_REPORT, &body, b->identity.key != NULL ? &b->identity : &b->bootstrap, why);
}

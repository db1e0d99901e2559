#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

/* --- The station's end --- */

static size_t station_begin(void *context, struct http_exchange *x)
{
    (void)context, (void)x;
    return LIMIT_MESSAGE;
}

static void take_result(struct arrived *a, const struct write_result_request *r)
{
    snprintf(a->number, sizeof a->number, "%s", r->number.text);
    snprintf(a->outcome, sizeof a->outcome, "%s", r->outcome);
    snprintf(a->reason, sizeof a->reason, "%s", r->reason);
    if (r->fingerprint.n == CERT_FINGERPRINT)
        memcpy(a->fingerprint, r->fingerprint.at, CERT_FINGERPRINT);
    buf_clear(&a->proof);
    assert_ok(buf_put_span(&a->proof, r->proof));
}

static void station_complete(void *context, struct http_exchange *x, struct span body)
{
    struct bench *b = context;
    struct arrived *a = &b->arrived;
    AUTO_PARSED request = { 0 };
    AUTO_BUF xml = BUF_INIT;
    assert_ok(soap_read_request(SERVICE_STATION, body, &request, NULL));
    a->n++;
    a->peer = *http_peer(x);
    snprintf(a->message_id, sizeof a->message_id, "%s", request.header.message_id);
    if (a->n <= a->refuse_first) {
        http_reply(x, 503, "text/plain", span_text("later"), NULL);
        return;
    }
    union {
        struct write_result_response result;
        struct scan_report_response scan;
    } answer;
    if (request.message == SOAP_WRITE_RESULT) {
        take_result(a, request.body);
        answer.result.accepted = !a->not_accepted;
    } else {
        snprintf(a->scan, sizeof a->scan, "%s", ((struct scan_report_request *)request.body)->text);
        answer.scan.accepted = true;
    }
    struct soap_header header = { .version = request.header.version };
    assert_ok(soap_write_response(SERVICE_STATION, request.message, &header, &answer, &xml));
    http_reply(x, 200, soap_content_type(header.version), buf_span(&xml), NULL);
}

static const struct http_handler station_service = { .begin = station_begin, .complete = station_complete };

struct tls_context *bench_context(const struct bench *b, const char *urn, bool server, unsigned peers, bool any_self_signed)
{
    struct tls_context *tls;
    struct why why = { "" };
    struct authority a = fixture_issue("infrastructure", "test", urn, &b->pki->infrastructure);
    const struct cert *chain[] = { a.cert, b->pki->infrastructure.cert };
    const struct tls_options options = { .server = server,
                                         .key = a.key,
                                         .chain = chain,
                                         .chain_n = 2,
                                         .trust = b->pki->trust,
                                         .peers = peers,
                                         .any_self_signed = any_self_signed };
    enum err err = tls_context_new(&options, &tls, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    authority_done(&a);
    return tls;
}

static void start_station(struct bench *b)
{
    struct why why = { "" };
    b->station_server = bench_context(b, STATION, true, ROLE_BIT(ROLE_DEVICE) | ROLE_BIT(ROLE_BOOTSTRAP), false);
    const struct http_server_options options = {
        .address = "127.0.0.1", .tls = b->station_server, .handler = &station_service, .context = b
    };
    assert_ok(http_server_new(b->loop, &options, &b->station, &why));
}

/* --- The device's end --- */

static void power_lost(void *context) { ((struct bench *)context)->power_lost = true; }

static void make_board(struct bench *b)
{
    struct why why = { "" };
    char dir[80];
    snprintf(b->dir, sizeof b->dir, "/tmp/nameplate-device-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(dir, sizeof dir, "%s/d", b->dir);
    const struct board_order order = { .number = NUMBER, .model = "3012", .board = "", .root = cert_der(b->pki->root.cert) };
    enum err err = board_create(dir, &order, &why);
    if (err == OK)
        err = board_open(dir, BOARD_USE, &b->board, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
}

void bench_start(struct bench *b, bool sealed)
{
    struct why why = { "" };
    *b = (struct bench){ .pki = fixture_new() };
    assert_ok(loop_new(&b->loop, &why));
    make_board(b);
    b->board.store_sealed = sealed;
    start_station(b);
    agent_init(b->loop, "127.0.0.1", 0, "", &b->agent);
    b->agent.power_lost = power_lost;
    b->agent.context = b;
    enum err err = agent_plug(&b->agent, &b->board, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
}

void bench_stop(struct bench *b)
{
    char command[96];
    agent_unplug(&b->agent);
    board_close(&b->board);
    http_server_free(b->station);
    tls_context_free(b->station_server);
    loop_free(b->loop);
    fixture_free(b->pki);
    buf_done(&b->arrived.proof);
    buf_done(&b->reply);
    snprintf(command, sizeof command, "rm -r %s", b->dir);
    assert_int_equal(system(command), 0);
}

static void encode(const struct bench *b, const char *number, const struct cert *cert, const struct key *key,
                   const struct cert *issuer, struct buf *ret_pack)
{
    AUTO_SECRET pkcs8 = SECRET_INIT;
    struct pack pack = { .root = cert_der(b->pki->root.cert),
                         .intermediates = { cert_der(issuer) },
                         .intermediates_n = 1,
                         .certificate = cert_der(cert) };
    assert_ok(key_to_pkcs8(key, &pkcs8, NULL));
    pack.private_key = secret_span(&pkcs8);
    assert_ok(number_parse(span_text(number), &pack.number, NULL));
    buf_clear(ret_pack);
    assert_ok(pack_encode(&pack, ret_pack));
}

struct cert *bench_pack(const struct bench *b, const char *number, struct buf *ret_pack)
{
    struct key *key;
    struct cert *cert = fixture_device(&b->pki->identity, number, NOW, &key);
    encode(b, number, cert, key, b->pki->identity.cert, ret_pack);
    key_free(key);
    return cert;
}

void bench_bootstrap_pack(const struct bench *b, const char *model, struct buf *ret_pack)
{
    char urn[64], number[64];
    snprintf(urn, sizeof urn, "urn:nameplate:bootstrap:%s", model);
    snprintf(number, sizeof number, "%s-BOOTSTRAP", model);
    struct authority a = fixture_issue("bootstrap", model, urn, &b->pki->bootstrap);
    encode(b, number, a.cert, a.key, b->pki->bootstrap.cert, ret_pack);
    authority_done(&a);
}

void bench_write_bootstrap(struct bench *b)
{
    AUTO_WIPED_BUF pack = BUF_INIT;
    struct why why = { "" };
    bench_bootstrap_pack(b, "3012", &pack);
    enum err err = board_install_bootstrap(&b->board, buf_span(&pack), &why);
    if (err == OK)
        err = agent_plug(&b->agent, &b->board, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
}

/* --- Calls --- */

static void call_done(void *context, struct http_result *result)
{
    struct bench *b = context;
    buf_clear(&b->reply);
    b->reply_err = result->err != OK ? result->err : buf_put_span(&b->reply, buf_span(&result->body));
    b->replied = true;
    loop_stop(b->loop);
}

enum err bench_call(struct bench *b, const char *urn, enum soap_message message, const void *body, struct soap_parsed *ret_answer,
                    struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    struct http_client *client;
    char url[64];
    struct soap_header header = { .version = SOAP_1_2, .message_id = "urn:uuid:1" };
    snprintf(header.reply_to, sizeof header.reply_to, "https://127.0.0.1:%u/soap/station",
             (unsigned)http_server_port(b->station));
    snprintf(url, sizeof url, "https://127.0.0.1:%u/soap/device", (unsigned)b->agent.port);
    struct tls_context *tls =
        bench_context(b, urn, false, ROLE_BIT(ROLE_BOOTSTRAP) | ROLE_BIT(ROLE_ANONYMOUS), b->board.boot.state == BOOT_BLANK);
    assert_ok(soap_write_request(SERVICE_DEVICE, message, &header, body, &xml));
    assert_ok(http_client_new(b->loop, &client, why));
    const struct http_call call = { .url = url,
                                    .method = "POST",
                                    .content_type = "application/soap+xml; charset=utf-8",
                                    .body = buf_span(&xml),
                                    .tls = tls,
                                    .timeout_ms = 5000,
                                    .context = b };
    b->replied = false;
    assert_ok(http_client_send(client, &call, call_done, why));
    while (!b->replied)
        assert_ok(loop_run(b->loop, why));
    http_client_free(client);
    tls_context_free(tls);
    return b->reply_err != OK ? b->reply_err : soap_read_response(SERVICE_DEVICE, message, buf_span(&b->reply), ret_answer, why);
}

static void tick(void *context) { loop_stop(((struct bench *)context)->loop); }

void bench_wait_arrived(struct bench *b, int n)
{
    int64_t end_ms = clock_mono_ms() + 2000;
    uint64_t id;
    /* one more turn after the last one, so that the device has read the answer */
    for (int after = 0; after < 10 && clock_mono_ms() < end_ms; after += b->arrived.n >= n) {
        assert_ok(loop_timer(b->loop, 2, tick, b, &id));
        assert_ok(loop_run(b->loop, NULL));
    }
    assert_int_equal(b->arrived.n, n);
}

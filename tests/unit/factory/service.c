/* The stations' service on a database, without a connection: what is answered, to whom, and that it was saved before. */
#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "../pki/fixture.h"
#include "../store/scratch.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "factory/service.h"
#include "pki/proof.h"

enum { NUMBERS = 6 };

static struct fixture *pki;
static struct factory factory;
static struct authority devices[NUMBERS + 1]; /* by serial number; 0: none */

/* --- The server, as the handler sees it --- */

static struct {
    struct peer peer;
    const char *method, *path;
    bool commit_fails;
    int commits, replies, status;
    int commits_at_reply;
    struct buf body;
} wire;

struct http_exchange {
    int nothing;
};
static struct http_exchange exchange;

const struct peer *__wrap_http_peer(const struct http_exchange *x);
const char *__wrap_http_method(const struct http_exchange *x);
const char *__wrap_http_path(const struct http_exchange *x);
const char *__wrap_http_query(const struct http_exchange *x);
void __wrap_http_reply(struct http_exchange *x, int status, const char *content_type, struct span body, const char *extra);
enum err __real_db_commit(struct db *db, struct why *why);
enum err __wrap_db_commit(struct db *db, struct why *why);

const struct peer *__wrap_http_peer(const struct http_exchange *x) { return x == &exchange ? &wire.peer : NULL; }
const char *__wrap_http_method(const struct http_exchange *x) { return x == &exchange ? "POST" : ""; }
const char *__wrap_http_path(const struct http_exchange *x) { return x == &exchange ? soap_service_row(SERVICE_FACTORY)->path : ""; }
const char *__wrap_http_query(const struct http_exchange *x) { return x == &exchange ? "" : "?"; }

void __wrap_http_reply(struct http_exchange *x, int status, const char *content_type, struct span body, const char *extra)
{
    (void)x, (void)content_type, (void)extra;
    wire.replies++;
    wire.status = status;
    wire.commits_at_reply = wire.commits;
    buf_clear(&wire.body);
    assert_ok(buf_put_span(&wire.body, body));
}

enum err __wrap_db_commit(struct db *db, struct why *why)
{
    if (wire.commit_fails)
        return why_set(why, ERR_NO_SPACE, "the disk is full");
    wire.commits++;
    return __real_db_commit(db, why);
}

/* --- What is there --- */

static struct device_number number_of(int serial)
{
    struct device_number number;
    snprintf(number.text, sizeof number.text, "3012-%06d", serial);
    return number;
}

static bool store_pack(int serial)
{
    uint8_t fingerprint[CERT_FINGERPRINT], binding[SEAL_BINDING];
    struct device_number number = number_of(serial);
    AUTO_SECRET key = SECRET_INIT;
    AUTO_BUF sealed = BUF_INIT;
    bool stored = false;
    devices[serial].cert = fixture_device(&pki->identity, number.text, clock_wall_s() - DAY, &devices[serial].key);
    cert_fingerprint(devices[serial].cert, fingerprint);
    struct stock_pack pack = { .number = number, .order = "O1", .fingerprint = fingerprint, .now_s = clock_wall_s(),
                               .certificate = cert_der(devices[serial].cert) };
    bool ok = key_to_pkcs8(devices[serial].key, &key, NULL) == OK &&
              seal(factory.sealer, secret_span(&key), factory_binding(&number, fingerprint, binding), &sealed, NULL) == OK &&
              stock_request_find(factory.db, "r1", &pack.request, NULL) == OK &&
              stock_chain_put(factory.db, cert_der(pki->root.cert), &pack.chain, NULL) == OK;
    pack.sealed = buf_span(&sealed);
    return ok && stock_pack_store(factory.db, &pack, &stored, NULL) == OK && stored;
}

static bool fill_stock(void)
{
    static const struct stock_model model = { .code = "3012", .name = "TYPE-1", .line = "A", .digits = 6, .identity = true };
    const struct plan_row row = { .day = clock_local_day(clock_wall_s()), .model = "3012", .quantity = NUMBERS, .first_serial = "000001" };
    const struct stock_request request = { .id = "r1", .made_s = 1 };
    int64_t n = 0;
    struct db *db = factory.db;
    bool ok = stock_model_put(db, &model, NULL) == OK && stock_station_put(db, &(struct stock_station){ "line-1", "A" }, NULL) == OK &&
              stock_station_put(db, &(struct stock_station){ "line-2", "A" }, NULL) == OK && stock_plan_add(db, &row, 5, NULL) == OK &&
              stock_request_add(db, &request, NULL) == OK && stock_request_take(db, "r1", row.day, row.day, NUMBERS, &n, NULL) == OK;
    for (int serial = 1; ok && serial <= NUMBERS; serial++)
        ok = store_pack(serial);
    return ok;
}

static int open_new(void **state)
{
    AUTO_SECRET kek = SECRET_INIT;
    struct why why = { "" };
    (void)state;
    pki = fixture_new();
    factory = (struct factory){ .policy = { .days_late = 3, .claims_per_station = 3, .reissues_most = 3, .lease_s = 300, .retention_s = 3600 } };
    factory.credentials.trust = trust_ref(pki->trust);
    snprintf(factory.settings.mode, sizeof factory.settings.mode, "store");
    wire.commit_fails = false;
    if (secret_copy("0123456789abcdef0123456789abcdef", SEAL_KEY, &kek) != OK || sealer_new(&kek, &factory.sealer, &why) != OK ||
        stock_open(scratch_path("service.db"), DB_CREATE, &factory.db, &why) != OK || !fill_stock()) {
        fprintf(stderr, "%s\n", why.text);
        return -1;
    }
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    for (int i = 1; i <= NUMBERS; i++)
        authority_done(&devices[i]);
    memset(devices, 0, sizeof devices);
    sealer_free(factory.sealer);
    trust_free(factory.credentials.trust);
    db_close(factory.db);
    fixture_free(pki);
    buf_wipe(&wire.body);
    return 0;
}

/* --- Asking --- */

static void come_as(enum role role, const char *name)
{
    wire.peer = (struct peer){ .role = role };
    snprintf(wire.peer.name, sizeof wire.peer.name, "%s", name);
}

/* The error of the fault, or OK: then ret_answer holds it, unless NULL. */
static enum err ask(enum soap_message message, const void *body, struct soap_parsed *ret_answer)
{
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed = { 0 };
    const struct soap_header header = { .version = SOAP_1_2, .message_id = "urn:uuid:1" };
    assert_ok(soap_write_request(SERVICE_FACTORY, message, &header, body, &xml));
    wire.commits = wire.replies = 0;
    factory_station_handler.complete(&factory, &exchange, buf_span(&xml));
    assert_int_equal(wire.replies, 1);
    enum err err = soap_read_response(SERVICE_FACTORY, message, buf_span(&wire.body), ret_answer == NULL ? &parsed : ret_answer, NULL);
    assert_true((err == OK) == (wire.status == 200));
    return err;
}

static enum err claim(int serial, const char *board, uint8_t ret_nonce[PROOF_NONCE])
{
    AUTO_PARSED answer = { 0 };
    enum err err = ask(SOAP_PACK, &(struct pack_request){ .number = number_of(serial), .board = board }, &answer);
    const struct pack_response *r = answer.body;
    if (err == OK && ret_nonce != NULL)
        memcpy(ret_nonce, r->nonce.at, PROOF_NONCE);
    return err;
}

static enum err report(int serial, const char *outcome, struct span proof, const char *reason)
{
    uint8_t fingerprint[CERT_FINGERPRINT];
    cert_fingerprint(devices[serial].cert, fingerprint);
    return ask(SOAP_WRITE_RESULT_REPORT,
               &(struct write_result_report_request){ .number = number_of(serial), .fingerprint = span_of(fingerprint, sizeof fingerprint),
                                                      .outcome = outcome, .proof = proof, .reason = reason }, NULL);
}

static void prove(int serial, const uint8_t nonce[PROOF_NONCE], struct buf *to)
{
    uint8_t fingerprint[CERT_FINGERPRINT];
    struct device_number number = number_of(serial);
    cert_fingerprint(devices[serial].cert, fingerprint);
    assert_ok(proof_make(devices[serial].key, nonce, &number, fingerprint, to, NULL));
}

static enum lifecycle_state state_of(int serial)
{
    struct identity row;
    assert_ok(stock_identity_newest(factory.db, number_of(serial).text, &row, NULL));
    return row.state;
}

/* --- Tests --- */

static void a_claim_is_on_record_before_it_is_answered(void **state) /* I9 */
{
    (void)state;
    come_as(ROLE_STATION, "line-1");
    assert_ok(claim(1, "b1", NULL));
    assert_int_equal(wire.commits_at_reply, 1);
    wire.commit_fails = true;
    assert_err(claim(2, "b2", NULL), ERR_NO_SPACE);
    assert_null(memmem(wire.body.data, wire.body.len, "<pack>", 6));
    wire.commit_fails = false;
    assert_int_equal(state_of(1), LIFE_CLAIMED);
    assert_int_equal(state_of(2), LIFE_STORED);
}

static void a_result_is_on_record_before_it_is_answered(void **state) /* I9 */
{
    (void)state;
    uint8_t nonce[PROOF_NONCE];
    AUTO_BUF proof = BUF_INIT;
    come_as(ROLE_STATION, "line-1");
    assert_ok(claim(1, "b1", nonce));
    prove(1, nonce, &proof);
    wire.commit_fails = true;
    assert_err(report(1, "OK", buf_span(&proof), ""), ERR_NO_SPACE);
    assert_err(report(1, "NG", span_text(""), "flash"), ERR_NO_SPACE);
    wire.commit_fails = false;
    assert_int_equal(state_of(1), LIFE_CLAIMED);
    assert_ok(report(1, "OK", buf_span(&proof), ""));
    assert_int_equal(wire.commits_at_reply, 1);
    assert_int_equal(state_of(1), LIFE_WRITTEN);
}

static void a_reception_and_a_board_are_on_record_before_they_are_answered(void **state) /* I9 */
{
    (void)state;
    uint8_t fingerprint[CERT_FINGERPRINT];
    come_as(ROLE_STATION, "line-1");
    assert_ok(claim(1, "b1", NULL));
    cert_fingerprint(devices[1].cert, fingerprint);
    const struct reception_report_request received = { .number = number_of(1), .fingerprint = span_of(fingerprint, sizeof fingerprint) };
    const struct board_report_request board = { .board = "b1", .model = "3012", .outcome = "OK", .reason = "" };
    wire.commit_fails = true;
    assert_err(ask(SOAP_RECEPTION_REPORT, &received, NULL), ERR_NO_SPACE);
    assert_err(ask(SOAP_BOARD_REPORT, &board, NULL), ERR_NO_SPACE);
    wire.commit_fails = false;
    assert_ok(ask(SOAP_RECEPTION_REPORT, &received, NULL));
    assert_int_equal(wire.commits_at_reply, 1);
    assert_ok(ask(SOAP_BOARD_REPORT, &board, NULL));
    assert_int_equal(wire.commits_at_reply, 1);
    assert_int_equal(state_of(1), LIFE_CLAIMED); /* S9 is not S11 */
}

static void written_is_what_was_proven_with_the_key_and_the_nonce(void **state) /* I4 */
{
    (void)state;
    uint8_t nonce[PROOF_NONCE], other[PROOF_NONCE] = { 7 };
    AUTO_BUF good = BUF_INIT, stale = BUF_INIT, foreign = BUF_INIT;
    come_as(ROLE_STATION, "line-1");
    assert_ok(claim(1, "b1", nonce));
    prove(1, nonce, &good);
    prove(1, other, &stale);
    prove(2, nonce, &foreign);
    assert_err(report(1, "OK", span_text(""), ""), ERR_PROOF_FAILED);
    assert_err(report(1, "OK", span_text("believe me"), ""), ERR_PROOF_FAILED);
    assert_err(report(1, "OK", buf_span(&stale), ""), ERR_PROOF_FAILED);
    assert_err(report(1, "OK", buf_span(&foreign), ""), ERR_PROOF_FAILED);
    assert_int_equal(state_of(1), LIFE_CLAIMED);
    assert_ok(report(1, "OK", buf_span(&good), ""));
    assert_int_equal(state_of(1), LIFE_WRITTEN);
}

static void only_a_registered_station_is_served(void **state) /* F-12 */
{
    (void)state;
    static const enum role strangers[] = { ROLE_ANONYMOUS, ROLE_BOOTSTRAP, ROLE_DEVICE, ROLE_GATEWAY, ROLE_FACTORY, ROLE_CA, ROLE_CENTER };
    const struct board_report_request board = { .board = "b1", .model = "3012", .outcome = "OK", .reason = "" };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        come_as(strangers[i], "line-1");
        assert_err(claim(1, "b1", NULL), ERR_NOT_ALLOWED);
        assert_err(report(1, "NG", span_text(""), ""), ERR_NOT_ALLOWED);
        assert_err(ask(SOAP_BOARD_REPORT, &board, NULL), ERR_NOT_ALLOWED);
    }
    come_as(ROLE_STATION, "line-9");
    assert_err(claim(1, "b1", NULL), ERR_NOT_ALLOWED);
    come_as(ROLE_STATION, "line-1");
    assert_ok(claim(1, "b1", NULL));
    assert_ok(stock_station_remove(factory.db, "line-1", NULL));
    assert_err(claim(1, "b1", NULL), ERR_NOT_ALLOWED);
}

static void the_pack_of_a_revoked_identity_is_not_handed_out_and_its_write_not_taken(void **state) /* I8 */
{
    (void)state;
    uint8_t nonce[PROOF_NONCE], serial[CERT_SERIAL_MAX];
    char hex[CERT_SERIAL_TEXT];
    AUTO_BUF crl = BUF_INIT, proof = BUF_INIT;
    int64_t now_s = clock_wall_s();
    come_as(ROLE_STATION, "line-1");
    assert_ok(claim(1, "b1", nonce));
    prove(1, nonce, &proof);
    cert_serial(devices[1].cert, hex);
    assert_ok(hex_decode(hex, strlen(hex) / 2, serial));
    const struct crl_entry entry = { .serial = serial, .serial_n = strlen(hex) / 2, .revoked_at = now_s };
    assert_ok(crl_issue(pki->identity.cert, pki->identity.key, 1, now_s, now_s + DAY, &entry, 1, &crl, NULL));
    assert_ok(trust_add_crls(factory.credentials.trust, buf_span(&crl), NULL));
    assert_err(claim(1, "b1", NULL), ERR_BAD_CERTIFICATE);
    assert_err(report(1, "OK", buf_span(&proof), ""), ERR_BAD_CERTIFICATE);
    assert_int_equal(state_of(1), LIFE_CLAIMED);
}

static void a_station_has_a_few_packs_outstanding_and_those_of_others_not(void **state)
{
    (void)state;
    come_as(ROLE_STATION, "line-1");
    for (int serial = 1; serial <= 3; serial++)
        assert_ok(claim(serial, "b", NULL));
    assert_err(claim(4, "b", NULL), ERR_TOO_MANY_CLAIMS);
    assert_ok(claim(2, "b", NULL)); /* I10 */
    come_as(ROLE_STATION, "line-2");
    assert_err(claim(1, "b", NULL), ERR_CLAIMED);
    assert_err(report(1, "NG", span_text(""), "a lie"), ERR_NOT_ALLOWED);
    assert_ok(claim(4, "b", NULL));
}

enum { DETAIL = 1200 };
static enum err keep_detail(void *context, int64_t n, const struct audit_entry *e)
{
    (void)n;
    snprintf(context, DETAIL, "%s", e->detail);
    return OK;
}

static void what_a_station_says_stands_on_one_line_of_the_trail(void **state)
{
    (void)state;
    char detail[DETAIL] = "";
    come_as(ROLE_STATION, "line-1");
    assert_ok(claim(1, "b1\n7 2026-01-01T00:00:00Z factory voided\xc2\x9b", NULL));
    assert_ok(stock_audit_list(factory.db, number_of(1).text, keep_detail, detail, NULL));
    assert_non_null(strstr(detail, "board=\"b1?7 2026"));
    assert_null(strpbrk(detail, "\n\x9b"));
    assert_err(claim(2, "b2 line=Z \"quoted\"", NULL), OK);
    assert_ok(stock_audit_list(factory.db, number_of(2).text, keep_detail, detail, NULL));
    assert_non_null(strstr(detail, "board=\"b2 line=Z \\\"quoted\\\"\" line="));
    assert_ok(report(2, "NG", span_text(""), "it failed\" erased=yes"));
    assert_ok(stock_audit_list(factory.db, number_of(2).text, keep_detail, detail, NULL));
    assert_non_null(strstr(detail, " reason=\"it failed\\\" erased=yes\""));
}

static void what_a_station_says_is_closed_in_the_trail_however_long_it_is(void **state)
{
    char detail[DETAIL] = "", said[400], quoted[TEXT_QUOTED], wanted[DETAIL];
    (void)state;
    memset(said, ' ', sizeof said - 1);
    said[sizeof said - 1] = '\0';
    text_quote(said, sizeof quoted, quoted);
    assert_int_equal(strlen(quoted), TEXT_QUOTED - 2); /* a byte is kept for a backslash */
    snprintf(wanted, sizeof wanted, "one=%s other=%s third=%s", quoted, quoted, quoted);
    assert_ok(db_begin(factory.db, NULL));
    assert_ok(factory_note(factory.db, "line-1", "board", "b1", NULL, "one=%s other=%s third=%s", quoted, quoted, quoted));
    assert_ok(db_commit(factory.db, NULL));
    assert_ok(stock_audit_list(factory.db, "b1", keep_detail, detail, NULL));
    assert_string_equal(detail, wanted);
}

static void a_board_is_of_a_model_that_can_be(void **state)
{
    (void)state;
    static const char *const rubbish[] = { "", "30-12", "3012 outcome=OK", "12345678901234567" };
    come_as(ROLE_STATION, "line-1");
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++)
        assert_err(ask(SOAP_BOARD_REPORT, &(struct board_report_request){ .board = "b1", .model = rubbish[i], .outcome = "NG", .reason = "" }, NULL),
                   ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claim_is_on_record_before_it_is_answered, open_new, close_it),
        cmocka_unit_test_setup_teardown(a_result_is_on_record_before_it_is_answered, open_new, close_it),
        cmocka_unit_test_setup_teardown(a_reception_and_a_board_are_on_record_before_they_are_answered, open_new, close_it),
        cmocka_unit_test_setup_teardown(written_is_what_was_proven_with_the_key_and_the_nonce, open_new, close_it),
        cmocka_unit_test_setup_teardown(only_a_registered_station_is_served, open_new, close_it),
        cmocka_unit_test_setup_teardown(the_pack_of_a_revoked_identity_is_not_handed_out_and_its_write_not_taken, open_new, close_it),
        cmocka_unit_test_setup_teardown(a_station_has_a_few_packs_outstanding_and_those_of_others_not, open_new, close_it),
        cmocka_unit_test_setup_teardown(what_a_station_says_stands_on_one_line_of_the_trail, open_new, close_it),
        cmocka_unit_test_setup_teardown(what_a_station_says_is_closed_in_the_trail_however_long_it_is, open_new, close_it),
        cmocka_unit_test_setup_teardown(a_board_is_of_a_model_that_can_be, open_new, close_it),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

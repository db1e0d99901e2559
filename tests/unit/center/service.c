/* Who may come to the field listener, and with what: without a connection, the desk behind it is the test's. */
#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "../store/scratch.h"
#include "base/clock.h"
#include "center/desk.h"

static struct center center;
static struct peer peer;
static int taken, incidents, refusals, status;
static char fault[4096];

struct http_exchange {
    int nothing;
};
static struct http_exchange exchange;

const struct peer *__wrap_http_peer(const struct http_exchange *x);
const char *__wrap_http_peer_address(const struct http_exchange *x);
const char *__wrap_http_method(const struct http_exchange *x);
const char *__wrap_http_path(const struct http_exchange *x);
const char *__wrap_http_query(const struct http_exchange *x);
void __wrap_http_reply(struct http_exchange *x, int code, const char *content_type, struct span body, const char *extra);
enum err __wrap_desk_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why);
enum err __wrap_replacement_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why);
void __wrap_desk_incident(struct desk *desk, const struct center_incident *incident);

const struct peer *__wrap_http_peer(const struct http_exchange *x) { return x == &exchange ? &peer : NULL; }
const char *__wrap_http_peer_address(const struct http_exchange *x) { return x == &exchange ? "10.0.0.7" : ""; }
const char *__wrap_http_method(const struct http_exchange *x) { return x == &exchange ? "POST" : ""; }
const char *__wrap_http_path(const struct http_exchange *x) { return x == &exchange ? soap_service_row(SERVICE_FIELD)->path : ""; }
const char *__wrap_http_query(const struct http_exchange *x) { return x == &exchange ? "" : "?"; }

void __wrap_http_reply(struct http_exchange *x, int code, const char *content_type, struct span body, const char *extra)
{
    (void)x, (void)content_type, (void)extra;
    status = code;
    snprintf(fault, sizeof fault, "%.*s", (int)body.n, (const char *)body.at);
}

enum err __wrap_desk_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why)
{
    (void)c, (void)x, (void)request, (void)why;
    taken++;
    return OK;
}

enum err __wrap_replacement_take(struct center *c, struct http_exchange *x, const struct soap_parsed *request, struct why *why)
{
    (void)c, (void)x, (void)request, (void)why;
    taken++;
    return OK;
}

void __wrap_desk_incident(struct desk *desk, const struct center_incident *incident)
{
    (void)desk;
    incidents += strcmp(incident->kind, "wrong-role") == 0;
    refusals += strcmp(incident->kind, "bad-certificate") == 0;
}

static void come(enum role role, enum soap_message message, const void *body)
{
    AUTO_BUF xml = BUF_INIT;
    const struct soap_header header = { .version = SOAP_1_2, .message_id = "urn:uuid:1" };
    peer = (struct peer){ .role = role, .name = "somebody" };
    taken = incidents = status = 0;
    assert_ok(soap_write_request(SERVICE_FIELD, message, &header, body, &xml));
    center_field_handler.complete(&center, &exchange, buf_span(&xml));
}

/* M-6: said here once more, so that a change of the table is seen. */
static void each_role_brings_what_is_its_own_and_the_rest_is_an_incident(void **state)
{
    static const struct exchange_request poll = { .wait = 0 };
    static const struct replacement_request board = { .number = { "3012-000001" } };
    (void)state;
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        bool node = role == ROLE_DEVICE || role == ROLE_GATEWAY;
        come(role, SOAP_EXCHANGE, &poll);
        assert_int_equal(taken, node);
        assert_int_equal(incidents, !node);
        assert_true(node || strstr(fault, "NOT_ALLOWED") != NULL);
        bool boards = role == ROLE_BOOTSTRAP || role == ROLE_GATEWAY;
        come(role, SOAP_REPLACEMENT, &board);
        assert_int_equal(taken, boards);
        assert_int_equal(incidents, !boards);
    }
}

/* M-6: TLS refuses an identity on the revocation list, also the moment after its device was renewed. */
static void an_identity_that_was_replaced_accuses_nobody_at_the_handshake_for_five_minutes(void **state)
{
    static const struct {
        const char *state;
        int64_t over_before; /* 0: it is not */
        int incidents;
    } rows[] = {
        { "voided", 100, 1 },  { "superseded", 100, 0 }, { "superseded", 301, 1 }, { "superseded", 0, 1 },
        { "revoked", 100, 1 }, { "field", 0, 1 },        { "stored", 0, 1 },       { "voided", 100, 0 }, /* another one counts now */
    };
    const struct why why = { "revoked" };
    (void)state;
    assert_ok(center_open(scratch_path("service.db"), DB_CREATE, &center.db, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct center_identity known = { .number = { "3012-000001" }, .generation = 1, .certificate = span_text("certificate") };
        const struct peer claimed = { .role = ROLE_DEVICE, .name = "3012-000001", .fingerprint = { (unsigned char)i } };
        known.fingerprint[0] = (uint8_t)i;
        snprintf(known.state, sizeof known.state, "stored");
        assert_ok(center_identity_put(center.db, &known, 1, NULL));
        snprintf(known.state, sizeof known.state, "%s", rows[i].state);
        known.over_s = rows[i].over_before == 0 ? 0 : clock_wall_s() - rows[i].over_before;
        assert_ok(center_identity_put(center.db, &known, 1, NULL));
        refusals = 0;
        service_refused(&center, &claimed, "10.0.0.7", ERR_BAD_CERTIFICATE, &why);
        assert_int_equal(refusals, rows[i].incidents);
    }
    const struct peer unknown = { .role = ROLE_DEVICE, .name = "3012-000001", .fingerprint = { 99 } };
    refusals = 0;
    service_refused(&center, &unknown, "10.0.0.7", ERR_BAD_CERTIFICATE, &why);
    assert_int_equal(refusals, 1);
    db_close(center.db);
    center.db = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_brings_what_is_its_own_and_the_rest_is_an_incident),
        cmocka_unit_test(an_identity_that_was_replaced_accuses_nobody_at_the_handshake_for_five_minutes),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

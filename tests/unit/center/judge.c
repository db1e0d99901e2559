#include "../pki/fixture.h"

#include <stdio.h>
#include <string.h>

#include "../../center_list.h"
#include "../store/scratch.h"
#include "base/clock.h"
#include "center/job.h"
#include "field/letter.h"

/* What comes by the gateway before (doc/decisions/0014), on a database and without a connection: what is refused, and whether an
 * incident names its device. */

#define DEVICE "3012-000001"
#define BEFORE "3100-000001"
#define ITS_GATEWAY "3100-000002"

enum { MINUTES_S = 300, WEEK_S = 7 * 86400 };

static struct center center;
static struct fixture *pki;
static struct key *key;
static struct cert *cert;

static void put(const char *number, enum center_kind kind, const char *gateway)
{
    struct center_device d = { .kind = kind };
    snprintf(d.number.text, sizeof d.number.text, "%s", number);
    snprintf(d.gateway.text, sizeof d.gateway.text, "%s", gateway);
    assert_ok(center_device_put(center.db, &d, NULL));
}

static int open_new(void **state)
{
    (void)state;
    pki = fixture_new();
    cert = fixture_device(&pki->identity, DEVICE, NOW, &key);
    center = (struct center){ .credentials = { .key = pki->infrastructure.key, .chain = { pki->infrastructure.cert }, .chain_n = 1 } };
    assert_ok(identities_new(&center.identities));
    assert_ok(center_open(scratch_path("judge.db"), DB_CREATE, &center.db, NULL));
    put(BEFORE, CENTER_GATEWAY, "");
    put(ITS_GATEWAY, CENTER_GATEWAY, "");
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    db_close(center.db);
    identities_free(center.identities);
    cert_free(cert);
    key_free(key);
    fixture_free(pki);
    return 0;
}

static void bind_anew(const char *number, enum center_kind kind)
{
    put(number, kind, BEFORE);
    put(number, kind, ITS_GATEWAY);
}

static struct job job_of(int64_t now_s, const char *gateway)
{
    struct job job = { .center = &center, .peer = { .role = ROLE_GATEWAY }, .now_s = now_s, .reach = REACH_ALL };
    snprintf(job.peer.name, sizeof job.peer.name, "%s", gateway);
    snprintf(job.number.text, sizeof job.number.text, "%s", gateway);
    assert_ok(response_begin(&job));
    return job;
}

static enum err keep_kind(void *context, const struct center_incident *i)
{
    snprintf(context, sizeof i->kind, "%s", i->kind);
    return OK;
}

/* The kind of the last incident that names it; "": there is none. */
static void check_incident(const char *number, const char *kind)
{
    char last[sizeof((struct center_incident *)0)->kind] = "";
    assert_ok(center_incident_list(center.db, number, 1, keep_kind, last, NULL));
    assert_string_equal(last, kind);
}

/* --- Presences --- */

static void tell_of(const char *state, int64_t over_s)
{
    struct center_identity i = { .number = { DEVICE }, .generation = 1, .certificate = cert_der(cert), .over_s = over_s };
    snprintf(i.state, sizeof i.state, "%s", state);
    cert_fingerprint(cert, i.fingerprint);
    assert_ok(center_identity_put(center.db, &i, 1, NULL));
}

static void show(int64_t now_s, const char *gateway, const struct key *signs, const char *error)
{
    uint8_t fingerprint[CERT_FINGERPRINT];
    AUTO_BUF signature = BUF_INIT;
    struct job job = job_of(now_s, gateway);
    cert_fingerprint(cert, fingerprint);
    struct field_presence p = { .number = { DEVICE }, .token = "", .nonce = "n1", .version = "1",
                                .fingerprint = span_of(fingerprint, sizeof fingerprint) };
    assert_ok(letter_sign_presence(signs, &p, &signature, NULL));
    p.signature = buf_span(&signature);
    assert_ok(presence_take(&job, &p, NULL));
    assert_int_equal(job.response.sessions_n, 1);
    assert_string_equal(job.response.sessions[0].state, "refused");
    assert_string_equal(job.response.sessions[0].error, error);
    response_end(&job);
}

/* M-6: it lay in the gateway before when its device was renewed: the rule of the five minutes. */
static void a_presence_of_an_identity_that_was_replaced_accuses_nobody_for_five_minutes(void **state)
{
    const int64_t over_s = clock_wall_s();
    static const struct {
        const char *state;
        int64_t after_s;
        const char *error, *incident;
    } rows[] = {
        { "field", 0, "NOT_BOUND", "" },
        { "superseded", 0, "UNKNOWN_IDENTITY", "" },
        { "superseded", MINUTES_S - 1, "UNKNOWN_IDENTITY", "" },
        { "superseded", MINUTES_S, "UNKNOWN_IDENTITY", "superseded" },
    };
    (void)state;
    bind_anew(DEVICE, CENTER_DEVICE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tell_of(rows[i].state, strcmp(rows[i].state, "field") == 0 ? 0 : over_s);
        show(over_s + rows[i].after_s, BEFORE, key, rows[i].error);
        check_incident(DEVICE, rows[i].incident);
    }
}

/* M-6 */
static void a_presence_that_the_device_did_not_sign_is_the_gateways_claim(void **state)
{
    (void)state;
    bind_anew(DEVICE, CENTER_DEVICE);
    tell_of("superseded", clock_wall_s());
    show(clock_wall_s(), BEFORE, pki->identity.key, "NOT_BOUND");
    check_incident(DEVICE, "not-bound");
}

/* --- Devices without an agent --- */

static enum err count_reading(void *context, const struct center_reading *r)
{
    (void)r;
    ++*(int *)context;
    return OK;
}

static void report(int64_t now_s, const char *gateway, const char *id, int readings)
{
    int n = 0;
    AUTO_BUF envelope = BUF_INIT;
    struct counter_value value = { .name = "print", .value = 10 };
    struct soap_header header = { .version = SOAP_1_2 };
    const struct agentless_report_request r = { .number = { DEVICE }, .source = "snmp://10.0.0.1", .serial = "1", .counters = &value,
                                                .counters_n = 1 };
    struct job job = job_of(now_s, gateway);
    snprintf(header.message_id, sizeof header.message_id, "%s", id);
    assert_ok(soap_write_request(SERVICE_CENTER, SOAP_AGENTLESS_REPORT, &header, &r, &envelope));
    const struct field_call c = { .id = id, .number = job.number, .limit = 60, .envelope = buf_span(&envelope), .maker = "gateway",
                                  .serial = *id };
    assert_ok(upcall_take(&job, &c, NULL));
    response_end(&job);
    assert_ok(center_reading_list(center.db, DEVICE, 10, count_reading, &n, NULL));
    assert_int_equal(n, readings);
}

/* M-5, M-6: an operator binds a printer to another gateway, and the one before goes on reading it. */
static void a_reading_of_the_gateway_before_is_not_taken_and_accuses_nobody(void **state)
{
    const int64_t now_s = clock_wall_s();
    (void)state;
    assert_ok(center_agreement_add(center.db, BEFORE, 1, 0, NULL));
    assert_ok(center_agreement_add(center.db, ITS_GATEWAY, 1, 0, NULL));
    bind_anew(DEVICE, CENTER_AGENTLESS);
    assert_ok(center_agreement_add(center.db, DEVICE, 1, 0, NULL));
    report(now_s, ITS_GATEWAY, "a", 1);
    report(now_s, BEFORE, "b", 1);
    report(now_s + WEEK_S - 60, BEFORE, "c", 1);
    check_incident(DEVICE, "");
    report(now_s + WEEK_S + 60, BEFORE, "d", 1);
    check_incident(DEVICE, "not-bound");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)
    const struct CMUnitTest tests[] = {
        T(a_presence_of_an_identity_that_was_replaced_accuses_nobody_for_five_minutes),
        T(a_presence_that_the_device_did_not_sign_is_the_gateways_claim),
        T(a_reading_of_the_gateway_before_is_not_taken_and_accuses_nobody),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#include "../test.h"

#include <stdio.h>

#include "../store/scratch.h"
#include "center/errand.h"
#include "center/job.h"

/* The steps of an exchange on a database, without a connection: the peer is a device that speaks for itself. */
static struct center center;
static struct loop *loop; /* never run: errands that become due are not begun */
static const char number[] = "3012-000001";

static int open_new(void **state)
{
    struct why why = { "" };
    struct center_device d = { .kind = CENTER_DEVICE, .number = { "3012-000001" } };
    const struct center_session chain = { .token = "t1" };
    (void)state;
    center = (struct center){ .settings = { .poll_s = 60 } };
    bool ok = loop_new(&loop, &why) == OK;
    center.loop = loop;
    ok = ok && errands_new(&center, &center.errands) == OK;
    ok = ok && center_open(scratch_path("letters.db"), DB_CREATE, &center.db, &why) == OK && center_device_put(center.db, &d, &why) == OK &&
              center_agreement_add(center.db, number, 1, 0, &why) == OK && center_session_put(center.db, number, &chain, &why) == OK;
    if (!ok)
        fprintf(stderr, "%s\n", why.text);
    return ok ? 0 : -1;
}

static int close_it(void **state)
{
    (void)state;
    errands_free(center.errands);
    loop_free(loop);
    db_close(center.db);
    return 0;
}

static struct job job_of(enum reach reach)
{
    struct job job = { .center = &center, .peer = { .role = ROLE_DEVICE }, .number = { "3012-000001" }, .now_s = 1000, .reach = reach };
    snprintf(job.peer.name, sizeof job.peer.name, "%s", number);
    assert_ok(response_begin(&job));
    return job;
}

static void call_down(const char *id)
{
    struct why why = { "" };
    bool fresh;
    struct center_call c = { .number = { "3012-000001" }, .down = true, .operation = "ChargeCounterRequest", .state = CALL_TAKEN,
                             .accepted_s = 990, .limit_s = 9990, .envelope = span_text("<e/>") };
    snprintf(c.id, sizeof c.id, "%s", id);
    assert_ok(center_call_add(center.db, &c, &fresh, &why));
}

static void write_reading(const char *id, int64_t sequence, struct buf *to)
{
    struct counter_value value = { .name = "print", .value = 10 * sequence };
    struct soap_header header = { .version = SOAP_1_2 };
    const struct charge_counter_response r = { .number = { "3012-000001" }, .epoch = 1, .sequence = sequence, .counters = &value, .counters_n = 1 };
    snprintf(header.relates_to, sizeof header.relates_to, "%s", id);
    assert_ok(soap_write_response(SERVICE_REMOTE, SOAP_CHARGE_COUNTER, &header, &r, to));
}

/* What is said in the receipt: "" when the answer was taken. serial 0: it is no numbered letter. */
static void answer_as(const char *id, int64_t sequence, int64_t serial, enum reach reach, char ret_error[32])
{
    struct why why = { "" };
    AUTO_BUF envelope = BUF_INIT;
    struct job job = job_of(reach);
    write_reading(id, sequence, &envelope);
    const struct field_answer a = { .id = id, .number = { "3012-000001" }, .kind = "response", .envelope = buf_span(&envelope), .serial = serial };
    assert_ok(answer_take(&job, &a, &why));
    assert_int_equal(job.response.receipts_n, 1);
    snprintf(ret_error, 32, "%s", job.response.receipts[0].error);
    response_end(&job);
}

static void answer(const char *id, int64_t sequence, enum reach reach, char ret_error[32])
{
    answer_as(id, sequence, 0, reach, ret_error);
}

static enum err count(void *context, const struct center_reading *r)
{
    (void)r;
    ++*(int *)context;
    return OK;
}

static int readings(void)
{
    struct why why = { "" };
    int n = 0;
    assert_ok(center_reading_list(center.db, number, 10, count, &n, &why));
    return n;
}

/* M-8: within its grace time an identity may ask to be renewed; what it answers is not billed. */
static void an_expired_identity_answers_no_call(void **state)
{
    char error[32];
    (void)state;
    call_down("c1");
    answer("c1", 1, REACH_RENEWAL, error);
    assert_string_equal(error, "UNKNOWN_IDENTITY"); /* the device sends it again when it was renewed */
    answer("c1", 1, REACH_CONFIRMATION, error);
    assert_string_equal(error, "UNCONFIRMED");
    assert_int_equal(readings(), 0);
    answer("c1", 1, REACH_ALL, error);
    assert_string_equal(error, "");
    assert_int_equal(readings(), 1);
}

/* M-8: its session says so, and hands out the next token. */
static void an_expired_identity_is_told_to_renew(void **state)
{
    struct why why = { "" };
    struct job job = job_of(REACH_RENEWAL);
    const struct field_presence p = { .number = { "3012-000001" }, .token = "t1", .nonce = "n2", .version = "1" };
    (void)state;
    assert_ok(presence_take(&job, &p, &why));
    assert_int_equal(job.response.sessions_n, 1);
    assert_string_equal(job.response.sessions[0].state, "refused");
    assert_string_equal(job.response.sessions[0].error, "EXPIRED");
    assert_true(job.response.sessions[0].token[0] != '\0');
    response_end(&job);
}

/* M-5, I10: an answer that comes twice has no effect; another reading under the same call has used up its number. */
static void a_reading_under_a_call_that_was_answered_keeps_the_chain_whole(void **state)
{
    static const struct {
        int64_t sequence;
        int readings;
    } rows[] = { { 1, 1 }, { 1, 1 }, { 2, 2 }, { 1, 2 }, { 2, 2 }, { 9, 2 } };
    char error[32];
    struct center_device d;
    struct why why = { "" };
    (void)state;
    call_down("c1");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer("c1", rows[i].sequence, REACH_ALL, error);
        assert_string_equal(error, "");
        assert_int_equal(readings(), rows[i].readings);
    }
    call_down("c2");
    answer("c2", 3, REACH_ALL, error);
    assert_int_equal(readings(), 3);
    assert_ok(center_device_find(center.db, number, &d, &why));
    assert_int_equal(d.standing, CENTER_NORMAL);
}

static void write_renewal(const char *id, struct buf *to)
{
    struct soap_header header = { .version = SOAP_1_2 };
    const struct renewal_request r = { .csr = span_text("csr") };
    snprintf(header.message_id, sizeof header.message_id, "%s", id);
    assert_ok(soap_write_request(SERVICE_CENTER, SOAP_RENEWAL, &header, &r, to));
}

static enum err take_state(void *context, const struct center_call *c)
{
    *(enum call_state *)context = c->state;
    return OK;
}

/* M-8: with a new key each time a device could fill the CA's register and the revocation list. */
static void a_device_that_asks_for_renewal_without_end_is_refused(void **state)
{
    char id[16];
    enum call_state now = CALL_WAITING;
    (void)state;
    for (int i = 0; i <= 20; i++) {
        struct why why = { "" };
        AUTO_BUF envelope = BUF_INIT;
        struct job job = job_of(REACH_ALL);
        snprintf(id, sizeof id, "r-%d", i);
        write_renewal(id, &envelope);
        const struct field_call c = { .id = id, .number = { "3012-000001" }, .limit = 60, .envelope = buf_span(&envelope) };
        assert_ok(upcall_take(&job, &c, &why));
        assert_ok(center_call_find(center.db, id, take_state, &now, &why));
        assert_int_equal(now, i < 20 ? CALL_DELAYED : CALL_ANSWERED); /* by a fault */
        response_end(&job);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)

/* M-5: its device moved, and the one before it still lies in a gateway. */
static void a_reading_that_is_ahead_waits_until_the_one_before_it_comes(void **state)
{
    static const struct {
        const char *call;
        int64_t sequence, serial;
        const char *error;
        int readings;
        int64_t missing;
    } rows[] = { { "c1", 1, 1, "", 1, 0 },  { "c3", 3, 3, "BUSY", 1, 2 }, { "c3", 3, 3, "BUSY", 1, 2 },
                 { "c2", 2, 2, "", 2, 0 },  { "c3", 3, 3, "", 3, 0 },     { "c2", 2, 2, "", 3, 0 } };
    char error[32];
    struct center_gap gap;
    struct why why = { "" };
    (void)state;
    for (const char *const *c = (const char *const[]){ "c1", "c2", "c3", NULL }; *c != NULL; c++)
        call_down(*c);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer_as(rows[i].call, rows[i].sequence, rows[i].serial, REACH_ALL, error);
        assert_string_equal(error, rows[i].error);
        assert_int_equal(readings(), rows[i].readings);
        assert_ok(center_gap_find(center.db, number, &gap, &why));
        assert_int_equal(gap.sequence, rows[i].missing);
    }
}

/* M-5: there is no letter in which the one before it could be. */
static void a_reading_that_is_ahead_of_nothing_is_a_crime(void **state)
{
    char error[32];
    struct center_device d;
    struct why why = { "" };
    (void)state;
    call_down("c1");
    call_down("c2");
    answer_as("c1", 1, 1, REACH_ALL, error);
    answer_as("c2", 3, 2, REACH_ALL, error);
    assert_string_equal(error, ""); /* taken as evidence */
    assert_ok(center_device_find(center.db, number, &d, &why));
    assert_int_equal(d.standing, CENTER_QUARANTINED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_expired_identity_answers_no_call),
        TEST(an_expired_identity_is_told_to_renew),
        TEST(a_reading_under_a_call_that_was_answered_keeps_the_chain_whole),
        TEST(a_reading_that_is_ahead_waits_until_the_one_before_it_comes),
        TEST(a_reading_that_is_ahead_of_nothing_is_a_crime),
        TEST(a_device_that_asks_for_renewal_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

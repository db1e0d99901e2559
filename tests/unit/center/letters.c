#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "../../center_list.h"
#include "../store/scratch.h"
#include "base/text.h"
#include "center/errand.h"
#include "center/job.h"

/* The steps of an exchange on a database, without a connection: the peer is a device that speaks for itself. */
static struct center center;
static struct loop *loop; /* never run: errands that become due are not begun */
static const char number[] = "3012-000001";
static int64_t now_s;

static int open_new(void **state)
{
    struct why why = { "" };
    struct center_device d = { .kind = CENTER_DEVICE, .number = { "3012-000001" } };
    const struct center_session chain = { .token = "t1" };
    (void)state;
    now_s = 1000;
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
    struct job job = { .center = &center, .peer = { .role = ROLE_DEVICE }, .number = { "3012-000001" }, .now_s = now_s, .reach = reach };
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

/* A CounterReport of the device's own; what its receipt says. */
static void report(int64_t sequence, const char *counter, char ret_error[32])
{
    char id[24];
    struct why why = { "" };
    AUTO_BUF envelope = BUF_INIT;
    struct job job = job_of(REACH_ALL);
    struct counter_value value = { .name = counter, .value = 10 * sequence };
    struct soap_header header = { .version = SOAP_1_2 };
    const struct counter_report_request r = { .number = { "3012-000001" }, .epoch = 1, .sequence = sequence, .counters = &value, .counters_n = 1 };
    snprintf(id, sizeof id, "report-%lld", (long long)sequence);
    snprintf(header.message_id, sizeof header.message_id, "%s", id);
    assert_ok(soap_write_request(SERVICE_CENTER, SOAP_COUNTER_REPORT, &header, &r, &envelope));
    const struct field_call c = { .id = id, .number = { "3012-000001" }, .limit = 60, .envelope = buf_span(&envelope) };
    ret_error[0] = '\0';
    assert_ok(upcall_take(&job, &c, &why));
    if (job.response.receipts_n > 0)
        snprintf(ret_error, 32, "%s", job.response.receipts[0].error);
    response_end(&job);
}

static enum call_state state_of(const char *id)
{
    struct why why = { "" };
    enum call_state now = CALL_STATE_COUNT;
    enum err err = center_call_find(center.db, id, take_state, &now, &why);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return now;
}

/* M-5: readings beyond an hour's measure stay in their device, which is not accused of anything, and are taken later. */
static void a_reading_beyond_an_hours_measure_waits_in_its_device(void **state)
{
    struct why why = { "" };
    char error[32];
    struct center_device d;
    struct center_reading r = { .number = { "3012-000001" }, .received_s = 1000, .billable = true, .verdict = "follows" };
    (void)state;
    assert_ok(db_begin(center.db, &why));
    for (int i = 1; i <= LIMIT_READINGS_LATELY; i++) {
        r.reading = (struct reading){ .epoch = 1, .sequence = i, .counters_n = 1, .counters = { { "print", 10 * i } } };
        assert_ok(center_reading_add(center.db, &r, &why));
    }
    assert_ok(db_commit(center.db, &why));
    const int64_t next = LIMIT_READINGS_LATELY + 1;
    call_down("c1");
    for (now_s = 1000; now_s < 1000 + 3600; now_s += 3599) {
        report(next, "print", error);
        assert_string_equal(error, "BUSY");
        assert_int_equal(state_of("report-1001"), CALL_STATE_COUNT); /* not kept */
        answer("c1", next, REACH_ALL, error);
        assert_string_equal(error, "BUSY");
        assert_int_equal(state_of("c1"), CALL_TAKEN);
    }
    now_s = 1000 + 3600;
    report(next, "print", error);
    assert_string_equal(error, "");
    assert_int_equal(state_of("report-1001"), CALL_ANSWERED);
    answer("c1", next + 1, REACH_ALL, error);
    assert_string_equal(error, "");
    assert_int_equal(state_of("c1"), CALL_ANSWERED);
    assert_ok(center_device_find(center.db, number, &d, &why));
    assert_int_equal(d.standing, CENTER_NORMAL);
}

/* M-5: what a counter is called goes into invoices. */
static void a_counter_with_a_name_that_is_none_is_refused(void **state)
{
    static const char *const names[] = { "", "=cmd()", "copy,print", "two\nlines", "two words" };
    char error[32];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        report((int64_t)i + 1, names[i], error);
    assert_int_equal(readings(), 0);
    report(1, "print", error); /* the same id again: its fault is known */
    assert_int_equal(readings(), 0);
    report(9, "print", error);
    assert_int_equal(readings(), 1);
}

/* M-7: what devices say of themselves is cut between two characters, so that operators' lists stay readable. */
static void what_a_device_says_of_itself_is_kept_as_utf_8(void **state)
{
    char version[3 * LIMIT_NAME] = "";
    struct why why = { "" };
    struct center_device d;
    struct job job = job_of(REACH_ALL);
    (void)state;
    for (size_t n = 0; n + 3 < sizeof version; n += 3)
        memcpy(version + n, "\xe2\x82\xac", 4);
    const struct field_presence p = { .number = { "3012-000001" }, .token = "t1", .nonce = "n2", .version = version };
    assert_ok(presence_take(&job, &p, &why));
    response_end(&job);
    assert_ok(center_device_find(center.db, number, &d, &why));
    assert_true(text_is_utf8(d.version));
    assert_true(strlen(d.version) > LIMIT_NAME - 4);
}

/* --- Calls of devices --- */

/* What is said in the receipt of the call: "" when it was taken. */
static void call_up(const char *from, const char *id, enum soap_message message, const void *body, char ret_error[32])
{
    struct why why = { "" };
    AUTO_BUF envelope = BUF_INIT;
    struct soap_header header = { .version = SOAP_1_2 };
    struct job job = job_of(REACH_ALL);
    snprintf(job.peer.name, sizeof job.peer.name, "%s", from);
    snprintf(job.number.text, sizeof job.number.text, "%s", from);
    snprintf(header.message_id, sizeof header.message_id, "%s", id);
    assert_ok(soap_write_request(SERVICE_CENTER, message, &header, body, &envelope));
    struct field_call c = { .id = id, .number = job.number, .limit = 60, .envelope = buf_span(&envelope) };
    assert_ok(upcall_take(&job, &c, &why));
    assert_int_equal(job.response.receipts_n, 1);
    snprintf(ret_error, 32, "%s", job.response.receipts[0].error);
    response_end(&job);
}

static enum err count_event(void *context, const char *by, int64_t at_s, const char *kind, const char *detail)
{
    (void)by, (void)at_s, (void)kind, (void)detail;
    ++*(int *)context;
    return OK;
}

static int events(void)
{
    int n = 0;
    assert_ok(center_event_list(center.db, number, 10, count_event, &n, NULL));
    return n;
}

static const struct event_report_request low = { .kind = "supply-low", .detail = "toner" };

/* M-2, I10: receipted each time, served once. */
static void a_call_that_comes_again_is_served_once(void **state)
{
    char error[32];
    (void)state;
    for (int i = 0; i < 3; i++) {
        call_up(number, "e1", SOAP_EVENT_REPORT, &low, error);
        assert_string_equal(error, "");
        assert_int_equal(events(), 1);
    }
    call_up(number, "e2", SOAP_EVENT_REPORT, &low, error);
    assert_int_equal(events(), 2);
}

/* I10: an id belongs to the call that it came with first; what another device sends under it gets no answer of that one. */
static void an_id_that_another_devices_call_has_is_refused(void **state)
{
    char error[32];
    (void)state;
    call_up(number, "e1", SOAP_EVENT_REPORT, &low, error);
    call_up("3012-000002", "e1", SOAP_EVENT_REPORT, &low, error);
    assert_string_equal(error, "CONFLICT");
}

static enum err keep_kind(void *context, const struct center_incident *i)
{
    snprintf(context, 32, "%s", i->kind);
    return OK;
}

/* M-6: who may send what holds inside of exchanges, too. */
static void a_device_sends_no_message_of_a_gateway(void **state)
{
    char error[32], kind[32] = "";
    struct counter_value value = { .name = "print", .value = 10 };
    const struct agentless_report_request r = { .number = { "3012-000001" }, .source = "snmp://10.0.0.1", .serial = "1", .counters = &value,
                                                .counters_n = 1 };
    (void)state;
    call_up(number, "a1", SOAP_AGENTLESS_REPORT, &r, error);
    assert_string_equal(error, "NOT_ALLOWED");
    assert_int_equal(readings(), 0);
    assert_ok(center_incident_list(center.db, number, 1, keep_kind, kind, NULL));
    assert_string_equal(kind, "wrong-role");
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

/* M-5: no device counts so far, and what cannot be reckoned with is not taken. */
static void a_reading_with_numbers_that_no_device_has_is_refused(void **state)
{
    enum { OTHERS = 3 };
    static const int64_t most = UINT32_MAX, most_counted = (int64_t)1 << 53;
    const struct {
        int64_t numbers[OTHERS], value;
        enum err err;
    } rows[] = { { { most, most, most }, most_counted, OK },         { { most + 1, 0, 1 }, 1, ERR_BAD_INPUT },
                 { { 1, most + 1, 1 }, 1, ERR_BAD_INPUT },           { { 1, 0, most + 1 }, 1, ERR_BAD_INPUT },
                 { { 1, 0, INT64_MAX }, 1, ERR_BAD_INPUT },          { { 1, 0, -1 }, 1, ERR_BAD_INPUT },
                 { { 1, 0, 1 }, most_counted + 1, ERR_BAD_INPUT }, { { 1, 0, 1 }, -1, ERR_BAD_INPUT } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct counter_value value = { .name = "print", .value = rows[i].value };
        const int64_t *n = rows[i].numbers;
        struct reading r;
        struct why why = { "" };
        assert_int_equal(reading_from(n[0], n[1], n[2], &value, 1, &r, &why), rows[i].err);
        assert_int_equal(why.text[0] != '\0', rows[i].err != OK);
    }
}

/* As an earlier version took it. */
static void a_reading_behind_the_last_number_of_all_is_judged(void **state)
{
    struct center_reading last = { .number = { "3012-000001" }, .received_s = 990, .billable = true, .verdict = "follows",
                                   .reading = { .epoch = 1, .sequence = INT64_MAX } };
    struct center_device d;
    struct why why = { "" };
    char error[32];
    (void)state;
    call_down("c1");
    assert_ok(center_reading_add(center.db, &last, &why));
    answer("c1", 7, REACH_ALL, error);
    assert_string_equal(error, "");
    assert_int_equal(readings(), 2);
    assert_ok(center_device_find(center.db, number, &d, &why));
    assert_int_equal(d.standing, CENTER_NORMAL); /* made before the first one that is known here */
}

/* --- Hand-overs that were told anew --- */

static void hand_over(const char *id, enum call_state state)
{
    struct center_call c = { .number = { "3012-000001" }, .down = true, .operation = "CounterHandOver", .state = state, .accepted_s = 990,
                             .limit_s = 9990, .envelope = span_text("<e/>") };
    snprintf(c.id, sizeof c.id, "%s", id);
    assert_ok(center_call_put(center.db, &c, NULL));
}

/* Under `id`, as the device's letter 1: a fault when `fault` is one. */
static void answer_hand_over(const char *id, enum err fault)
{
    AUTO_BUF envelope = BUF_INIT;
    struct job job = job_of(REACH_ALL);
    struct soap_header header = { .version = SOAP_1_2 };
    struct why why = { "" };
    snprintf(header.relates_to, sizeof header.relates_to, "%s", id);
    assert_ok(fault == OK ? soap_write_response(SERVICE_REMOTE, SOAP_COUNTER_HAND_OVER, &header,
                                                &(struct counter_hand_over_response){ .accepted = true }, &envelope)
                          : soap_write_fault(&header, fault, "no", &envelope));
    const struct field_answer a = { .id = id, .number = { "3012-000001" }, .kind = "response", .envelope = buf_span(&envelope), .serial = 1 };
    assert_ok(answer_take(&job, &a, &why));
    assert_string_equal(job.response.receipts[0].error, "");
    response_end(&job);
}

/* M-5: the answer lay in a gateway. It has its place among the device's letters, and the board is not told again. */
static void a_late_answer_to_a_hand_over_ends_the_one_that_was_told_anew(void **state)
{
    struct center_letters letters;
    (void)state;
    hand_over("h1", CALL_EXPIRED);
    hand_over("h2", CALL_WAITING);
    call_down("c1");
    answer_hand_over("h1", OK);
    assert_int_equal(state_of("h2"), CALL_ANSWERED);
    assert_int_equal(state_of("c1"), CALL_TAKEN);
    assert_ok(center_letters_find(center.db, number, "", &letters, NULL));
    assert_int_equal(letters.top, 1);
    assert_false(decide_letters_missing(&letters, 2));
}

/* The board may not have begun with it in time, or refuse it again. */
static void a_late_refusal_of_a_hand_over_is_not_the_last_word(void **state)
{
    (void)state;
    hand_over("h1", CALL_EXPIRED);
    hand_over("h2", CALL_TAKEN);
    answer_hand_over("h1", ERR_CONFLICT);
    assert_int_equal(state_of("h2"), CALL_TAKEN);
}

static void a_hand_over_that_a_board_did_not_begin_in_time_is_told_anew(void **state)
{
    (void)state;
    hand_over("h1", CALL_TAKEN);
    answer_hand_over("h1", ERR_EXPIRED);
    assert_int_equal(state_of("h1"), CALL_TAKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reading_with_numbers_that_no_device_has_is_refused),
        TEST(a_reading_behind_the_last_number_of_all_is_judged),
        TEST(an_expired_identity_answers_no_call),
        TEST(an_expired_identity_is_told_to_renew),
        TEST(a_reading_under_a_call_that_was_answered_keeps_the_chain_whole),
        TEST(a_reading_that_is_ahead_waits_until_the_one_before_it_comes),
        TEST(a_reading_that_is_ahead_of_nothing_is_a_crime),
        TEST(a_device_that_asks_for_renewal_without_end_is_refused),
        TEST(a_reading_beyond_an_hours_measure_waits_in_its_device),
        TEST(a_counter_with_a_name_that_is_none_is_refused),
        TEST(what_a_device_says_of_itself_is_kept_as_utf_8),
        TEST(a_call_that_comes_again_is_served_once),
        TEST(an_id_that_another_devices_call_has_is_refused),
        TEST(a_device_sends_no_message_of_a_gateway),
        TEST(a_late_answer_to_a_hand_over_ends_the_one_that_was_told_anew),
        TEST(a_late_refusal_of_a_hand_over_is_not_the_last_word),
        TEST(a_hand_over_that_a_board_did_not_begin_in_time_is_told_anew),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#include "../test.h"

#include "device/field_decide.h"

/* When a device polls, and what it makes of sessions and receipts: M-3, effect 1 */

enum { INTERVAL = 60 };

static int64_t after(struct poll *poll, struct poll_result result, uint64_t random) { return poll_after(poll, &result, random); }

/* M-3 */
static void the_interval_is_spread_by_up_to_a_tenth(void **state)
{
    (void)state;
    struct poll p = { .interval_s = INTERVAL };
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t random = 0; random < 20000; random += 7) {
        int64_t ms = after(&p, (struct poll_result){ .took_ms = 0 }, random);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_in_range(least, INTERVAL * 1000, INTERVAL * 1000 + 20);
    assert_in_range(most, INTERVAL * 1100 - 20, INTERVAL * 1100);
}

static void the_time_that_an_exchange_stood_counts(void **state)
{
    (void)state;
    struct poll p = { .interval_s = INTERVAL };
    assert_int_equal(after(&p, (struct poll_result){ .took_ms = 20000 }, 0), INTERVAL * 1000 - 20000);
    assert_int_equal(after(&p, (struct poll_result){ .took_ms = 70000 }, 0), 0);
}

/* M-3 */
static void failures_double_the_delay_from_one_second_to_the_interval(void **state)
{
    (void)state;
    static const int64_t seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
    struct poll p = { .interval_s = INTERVAL };
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        assert_int_equal(after(&p, (struct poll_result){ .failed = true }, 0), seconds[i] * 1000);
    assert_int_equal(after(&p, (struct poll_result){ .took_ms = 0 }, 0), INTERVAL * 1000);
    assert_int_equal(after(&p, (struct poll_result){ .failed = true }, 0), 1000);
}

static void what_is_new_goes_at_once_and_what_was_not_taken_later(void **state)
{
    (void)state;
    struct poll p = { .interval_s = INTERVAL };
    assert_int_equal(after(&p, (struct poll_result){ .fresh = true, .stale = true }, 5), 0);
    assert_int_equal(after(&p, (struct poll_result){ .more = true }, 5), 0);
    assert_int_equal(after(&p, (struct poll_result){ .stale = true }, 0), 1000);
    assert_int_equal(after(&p, (struct poll_result){ .stale = true }, 0), 2000);
}

static void an_exchange_waits_no_longer_than_the_interval(void **state)
{
    (void)state;
    const struct poll slow = { .interval_s = 3600 }, quick = { .interval_s = 5 };
    assert_int_equal(poll_wait(&slow, 50, false), 50);
    assert_int_equal(poll_wait(&quick, 50, false), 5);
    assert_int_equal(poll_wait(&slow, 0, false), 0);
    assert_int_equal(poll_wait(&slow, 50, true), 0);
}

static void an_interval_out_of_range_is_refused(void **state)
{
    (void)state;
    struct poll p = { .interval_s = INTERVAL };
    assert_err(poll_set_interval(&p, 0, NULL), ERR_BAD_INPUT);
    assert_err(poll_set_interval(&p, -1, NULL), ERR_BAD_INPUT);
    assert_err(poll_set_interval(&p, (int64_t)LIMIT_POLL_MOST_S + 1, NULL), ERR_BAD_INPUT);
    assert_int_equal(p.interval_s, INTERVAL);
    assert_ok(poll_set_interval(&p, 5, NULL));
    assert_int_equal(p.interval_s, 5);
}

static void renewal_is_due_when_a_third_is_left(void **state)
{
    (void)state;
    assert_false(renewal_is_due(0, 900, 599, 0));
    assert_true(renewal_is_due(0, 900, 600, 0));
    assert_true(renewal_is_due(0, 900, 1000, 0));
    assert_false(renewal_is_due(0, INT64_C(253402300799), INT64_C(1800000000), 12345)); /* forever */
}

/* Certificates of one day: their devices come over a tenth of the validity, each at its own moment, and in time. */
static void a_fleet_is_not_due_at_once(void **state)
{
    (void)state;
    int due[10] = { 0 };
    for (uint64_t random = 1; random < 50000; random += 49) {
        assert_false(renewal_is_due(0, 9000, 5999, random));
        assert_true(renewal_is_due(0, 9000, 6900, random));
        for (int i = 0; i < 10; i++)
            due[i] += renewal_is_due(0, 9000, 6000 + 90 * i, random) ? 1 : 0;
    }
    for (int i = 1; i < 10; i++)
        assert_in_range(due[i] - due[i - 1], 80, 125); /* of 1020 */
}

/* M-8: an identity that is not in force reaches as far as the centre's table says. */
static void a_session_allows_the_calls_that_it_is_for(void **state)
{
    (void)state;
    static const struct { enum session_step step; bool renewal, confirmation, part; } rows[] = {
        { SESSION_ADMITTED, true, true, true },
        { SESSION_REFUSED, false, false, false },
        { SESSION_RENEW, true, false, false },
        { SESSION_CONFIRM, false, true, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(session_allows(rows[i].step, SOAP_RENEWAL), rows[i].renewal);
        assert_int_equal(session_allows(rows[i].step, SOAP_RENEWAL_CONFIRMATION), rows[i].confirmation);
        assert_int_equal(session_allows(rows[i].step, SOAP_PROGRAM_PART), rows[i].part);
    }
}

/* Effect 1 */
static void sessions_say_what_may_be_said(void **state)
{
    (void)state;
    assert_int_equal(decide_admission("admitted", ""), SESSION_ADMITTED);
    assert_int_equal(decide_admission("refused", "NO_AGREEMENT"), SESSION_REFUSED);
    assert_int_equal(decide_admission("refused", "QUARANTINED"), SESSION_REFUSED);
    assert_int_equal(decide_admission("refused", "EXPIRED"), SESSION_RENEW);
    assert_int_equal(decide_admission("refused", "UNCONFIRMED"), SESSION_CONFIRM);
    assert_int_equal(decide_admission("anything", ""), SESSION_REFUSED);
}

static void a_reading_is_never_given_up(void **state)
{
    (void)state;
    static const struct { bool accepted; const char *error; bool reading; enum receipt_step step; } rows[] = {
        { true, "", true, RECEIPT_TAKEN },
        { false, "UNKNOWN_IDENTITY", false, RECEIPT_LATER },
        { false, "BUSY", true, RECEIPT_LATER },
        { false, "UNCONFIRMED", false, RECEIPT_LATER },
        { false, "UNCONFIRMED", true, RECEIPT_LATER },
        { false, "NO_AGREEMENT", true, RECEIPT_REDO },
        { false, "QUARANTINED", true, RECEIPT_REDO },
        { false, "NO_AGREEMENT", false, RECEIPT_REFUSED },
        { false, "COUNTER_CHAIN", true, RECEIPT_REFUSED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(decide_receipt(rows[i].accepted, rows[i].error, rows[i].reading), rows[i].step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_is_spread_by_up_to_a_tenth),
        cmocka_unit_test(the_time_that_an_exchange_stood_counts),
        cmocka_unit_test(failures_double_the_delay_from_one_second_to_the_interval),
        cmocka_unit_test(what_is_new_goes_at_once_and_what_was_not_taken_later),
        cmocka_unit_test(an_exchange_waits_no_longer_than_the_interval),
        cmocka_unit_test(an_interval_out_of_range_is_refused),
        cmocka_unit_test(renewal_is_due_when_a_third_is_left),
        cmocka_unit_test(a_fleet_is_not_due_at_once),
        cmocka_unit_test(a_session_allows_the_calls_that_it_is_for),
        cmocka_unit_test(sessions_say_what_may_be_said),
        cmocka_unit_test(a_reading_is_never_given_up),
    };
    return cmocka_run_group_tests_name("field_decide", tests, NULL, NULL);
}

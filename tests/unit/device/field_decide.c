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
    assert_false(renewal_is_due(0, 900, 599));
    assert_true(renewal_is_due(0, 900, 600));
    assert_true(renewal_is_due(0, 900, 1000));
}

/* Effect 1 */
static void sessions_say_what_may_be_said(void **state)
{
    (void)state;
    assert_int_equal(decide_admission("admitted", ""), SESSION_ADMITTED);
    assert_int_equal(decide_admission("refused", "NO_AGREEMENT"), SESSION_REFUSED);
    assert_int_equal(decide_admission("refused", "QUARANTINED"), SESSION_REFUSED);
    assert_int_equal(decide_admission("refused", "EXPIRED"), SESSION_RENEW);
    assert_int_equal(decide_admission("anything", ""), SESSION_REFUSED);
}

static void a_reading_is_never_given_up(void **state)
{
    (void)state;
    static const struct { bool accepted; const char *error; bool reading; enum receipt_step step; } rows[] = {
        { true, "", true, RECEIPT_TAKEN },
        { false, "UNKNOWN_IDENTITY", false, RECEIPT_LATER },
        { false, "BUSY", true, RECEIPT_LATER },
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
        cmocka_unit_test(sessions_say_what_may_be_said),
        cmocka_unit_test(a_reading_is_never_given_up),
    };
    return cmocka_run_group_tests_name("field_decide", tests, NULL, NULL);
}

#include "center.h"

#include <stdio.h>
#include <string.h>

#include "device/event.h"
#include "device/machine.h"
#include "device/threshold.h"

/* What the device reports by itself: each start, and each threshold that a counter passes, once (M-2, M-5, I9, I10). */

static struct bench bench;
static struct center center;
static const char *asked; /* id of the call that a test waits for */

static int said(const struct center *c, const char *begin)
{
    int n = 0;
    for (int i = 0; i < c->events; i++)
        n += strncmp(c->said[i], begin, strlen(begin)) == 0 ? 1 : 0;
    return n;
}

static bool said_start(const struct center *c) { return said(c, "start ") > 0; }
static bool said_two_starts(const struct center *c) { return said(c, "start ") > 1; }
static bool said_threshold(const struct center *c) { return said(c, "counter-threshold ") > 0; }
static bool is_answered(const struct center *c) { return center_answer_to(c, asked) != NULL; }

static int begin(void **state)
{
    (void)state;
    center_start(&center, &bench);
    return 0;
}

static int end(void **state)
{
    (void)state;
    center_stop(&center);
    return 0;
}

static void count(const char *application, int64_t n) { assert_ok(machine_count(&bench.board, application, n, NULL)); }

static void tell(bool *told)
{
    *told = false;
    assert_ok(threshold_tell(&bench.board, told, NULL));
}

static void each_start_is_reported_once_with_its_epoch(void **state)
{
    (void)state;
    char first[40], second[40];
    snprintf(first, sizeof first, "start epoch %d", (int)bench.board.ledger.now.values[LEDGER_EPOCH]);
    snprintf(second, sizeof second, "start epoch %d", (int)bench.board.ledger.now.values[LEDGER_EPOCH] + 1);
    center_start_device(&center);
    assert_true(center_wait(&center, said_start));
    center_run_ms(&center, 300);
    assert_int_equal(said(&center, first), 1);
    center_stop_device(&center);
    center_start_device(&center);
    assert_true(center_wait(&center, said_two_starts));
    center_run_ms(&center, 300);
    assert_int_equal(said(&center, first), 1);
    assert_int_equal(said(&center, second), 1);
    assert_int_equal(center.events, 2);
}

/* Effect 1: who is refused says nothing, and nothing piles up meanwhile. */
static void a_start_without_an_agreement_is_not_kept(void **state)
{
    (void)state;
    center.refuse = "NO_AGREEMENT";
    for (int i = 0; i < 3; i++) {
        center_start_device(&center);
        center_run_ms(&center, 200);
        center_stop_device(&center);
    }
    assert_int_equal(event_waiting(&bench.board, EVENT_START, ""), 0);
    center.refuse = NULL;
    center_start_device(&center);
    assert_true(center_wait(&center, said_start));
    assert_int_equal(center.events, 1);
}

static void a_threshold_is_told_once_when_its_counter_reaches_it(void **state)
{
    (void)state;
    bool told;
    assert_ok(threshold_set(&bench.board, "copy", 10, NULL));
    count("copy", 9);
    count("print", 50);
    tell(&told);
    assert_false(told);
    count("copy", 3);
    tell(&told);
    assert_true(told);
    count("copy", 1);
    tell(&told);
    assert_false(told);
    assert_ok(threshold_set(&bench.board, "copy", 10, NULL)); /* the call was carried out twice */
    tell(&told);
    assert_false(told);
    center_start_device(&center);
    assert_true(center_wait(&center, said_threshold));
    center_stop_device(&center);
    center_start_device(&center);
    center_run_ms(&center, 300);
    assert_int_equal(said(&center, "counter-threshold copy passed 10: 12"), 1);
    assert_int_equal(said(&center, "counter-threshold"), 1);
}

static void another_threshold_or_the_same_after_none_begins_anew(void **state)
{
    (void)state;
    bool told;
    count("copy", 20);
    assert_ok(threshold_set(&bench.board, "copy", 15, NULL)); /* it was passed already */
    tell(&told);
    assert_true(told);
    assert_ok(threshold_set(&bench.board, "copy", 25, NULL));
    tell(&told);
    assert_false(told);
    assert_ok(threshold_set(&bench.board, "copy", 0, NULL));
    count("copy", 10);
    tell(&told);
    assert_false(told);
    assert_ok(threshold_set(&bench.board, "copy", 25, NULL));
    tell(&told);
    assert_true(told);
}

static void a_threshold_that_cannot_be_is_refused(void **state)
{
    (void)state;
    assert_err(threshold_set(&bench.board, "water", 10, NULL), ERR_NOT_FOUND); /* an office machine */
    assert_err(threshold_set(&bench.board, "web", 10, NULL), ERR_NOT_FOUND);   /* counts nothing */
    assert_err(threshold_set(&bench.board, "", 10, NULL), ERR_NOT_FOUND);
    assert_err(threshold_set(&bench.board, "copy", -1, NULL), ERR_BAD_INPUT);
    assert_err(threshold_set(&bench.board, "copy", (int64_t)LIMIT_THRESHOLD + 1, NULL), ERR_BAD_INPUT);
}

/* M-2: set by a call of the centre, which is answered with the counter as it is. */
static void the_centre_sets_a_threshold(void **state)
{
    (void)state;
    AUTO_PARSED answer = { 0 };
    count("fax", 7);
    asked = center_call(&center, SOAP_COUNTER_THRESHOLD, &(struct counter_threshold_request){ "fax", 5 });
    center_start_device(&center);
    assert_true(center_wait(&center, is_answered));
    assert_ok(center_read_answer(&center, asked, SOAP_COUNTER_THRESHOLD, &answer, NULL));
    const struct counter_threshold_response *r = answer.body;
    assert_string_equal(r->application, "fax");
    assert_int_equal(r->at, 5);
    assert_int_equal(r->value, 7);
    assert_true(center_wait(&center, said_threshold));
    assert_int_equal(said(&center, "counter-threshold fax passed 5: 7"), 1);
}

static void drop_letters(void)
{
    struct option *o = &bench.board.option;
    for (uint32_t i = option_next(o, ITEM_CALL_UP, 0); i < QUEUE_SLOTS; i = option_next(o, ITEM_CALL_UP, 0))
        assert_ok(option_drop(o, i, NULL));
}

/* The power goes at any byte between the count and the mark: the event is there once after the next start, and not again
 * when it was delivered. */
static void no_power_cut_loses_or_doubles_a_threshold(void **state)
{
    (void)state;
    int cuts = 0, between = 0;
    bool told = false;
    char passed[64];
    for (int64_t cut = 0; cut < 18000; cut += 97) {
        const int64_t at = (int64_t)bench.board.ledger.now.values[CHARGE_COPY] + 1;
        snprintf(passed, sizeof passed, "copy passed %d:", (int)at);
        assert_ok(threshold_set(&bench.board, "copy", at, NULL));
        bench.board.faults.cut_after = cut;
        if (machine_count(&bench.board, "copy", 1, NULL) == OK)
            (void)!threshold_tell(&bench.board, &told, NULL);
        cuts += bench.board.faults.off ? 1 : 0;
        center.field = NULL;
        center_stop_device(&center); /* and opens the memories again */
        between += event_waiting(&bench.board, EVENT_THRESHOLD, passed) == 1 && strstr(bench.board.values.operation, "told") == NULL;
        if ((int64_t)bench.board.ledger.now.values[CHARGE_COPY] < at)
            count("copy", 1);
        tell(&told);
        assert_int_equal(event_waiting(&bench.board, EVENT_THRESHOLD, passed), 1);
        drop_letters();
        tell(&told);
        assert_false(told);
    }
    assert_true(cuts > 20);
    assert_true(between > 5);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(each_start_is_reported_once_with_its_epoch),
        T(a_start_without_an_agreement_is_not_kept),
        T(a_threshold_is_told_once_when_its_counter_reaches_it),
        T(another_threshold_or_the_same_after_none_begins_anew),
        T(a_threshold_that_cannot_be_is_refused),
        T(the_centre_sets_a_threshold),
        T(no_power_cut_loses_or_doubles_a_threshold),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}

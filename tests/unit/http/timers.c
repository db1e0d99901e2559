#include "../test.h"

#include "http/timers.h"

static int ran[64], ran_n;

static void note(void *context)
{
    ran[ran_n++] = *(int *)context;
}

static void run_until(struct timers *t, int64_t now_ms)
{
    struct timer timer;
    while (timers_take(t, now_ms, &timer))
        timer.fn(timer.context);
}

static void timers_run_in_the_order_in_which_they_are_due(void **state)
{
    (void)state;
    static int values[64];
    struct timers t = { 0 };
    uint64_t ids[64];
    for (int i = 0; i < 64; i++) {
        values[i] = (i * 37) % 64;
        assert_ok(timers_add(&t, 1000 + values[i], note, &values[i], &ids[i]));
        assert_int_not_equal(ids[i], 0);
    }
    for (int i = 0; i < 64; i += 2)
        timers_cancel(&t, ids[i]);
    ran_n = 0;
    assert_int_equal(timers_wait_ms(&t, 990), 1000 + 1 - 990);
    run_until(&t, 1063);
    assert_int_equal(ran_n, 32);
    for (int i = 1; i < ran_n; i++)
        assert_true(ran[i - 1] < ran[i]);
    assert_int_equal(timers_wait_ms(&t, 0), -1);
    timers_done(&t);
}

static void an_id_that_ran_does_not_cancel_its_successor(void **state)
{
    (void)state;
    static int one = 1, two = 2;
    struct timers t = { 0 };
    uint64_t first, second;
    assert_ok(timers_add(&t, 1, note, &one, &first));
    ran_n = 0;
    run_until(&t, 1);
    assert_ok(timers_add(&t, 2, note, &two, &second)); /* takes the same slot */
    timers_cancel(&t, first);
    timers_cancel(&t, 0);
    timers_cancel(&t, UINT64_MAX);
    run_until(&t, 2);
    assert_int_equal(ran_n, 2);
    timers_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_run_in_the_order_in_which_they_are_due),
        cmocka_unit_test(an_id_that_ran_does_not_cancel_its_successor),
    };
    return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}

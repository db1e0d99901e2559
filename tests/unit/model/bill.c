#include "../test.h"

#include "model/bill.h"

static struct reading reading(int64_t sequence, int64_t copy, int64_t print)
{
    return (struct reading){ .epoch = 1, .sequence = sequence, .counters_n = print < 0 ? 1 : 2,
                             .counters = { { "copy", copy }, { "print", print } } };
}

/* M-5: only what lies between readings that follow each other is counted. */
static void what_is_billed_is_the_sum_within_chains(void **state)
{
    (void)state;
    static const struct {
        int64_t sequence, copy, print; /* print -1: not there */
        bool within;
        int64_t copies, prints, breaks, readings;
    } rows[] = {
        { 4, 100, -1, false, 0, -1, 0, 0 }, /* the last one before the period */
        { 5, 130, -1, true, 30, -1, 0, 1 },
        { 6, 130, 7, true, 30, 7, 0, 2 },   /* an application more: it began at 0 */
        { 9, 900, 50, true, 30, 7, 1, 3 },  /* released from quarantine: another chain, the leap is not billed */
        { 10, 905, 51, true, 35, 8, 1, 4 },
        { 1, 2, 0, true, 35, 8, 2, 5 },     /* and one that begins lower */
        { 2, 4, 1, true, 37, 9, 2, 6 },
    };
    struct bill b = { 0 };
    struct reading last;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct reading r = reading(rows[i].sequence, rows[i].copy, rows[i].print);
        bool follows = i > 0 && reading_judge(&last, &r) == READING_FOLLOWS;
        last = r;
        assert_ok(bill_take(&b, &r, 1000 + (int64_t)i, follows, rows[i].within));
        assert_int_equal(b.counters[0].count, rows[i].copies);
        assert_int_equal(b.counters[0].closing, rows[i].copy);
        assert_int_equal(b.counters_n, rows[i].prints < 0 ? 1 : 2);
        if (rows[i].prints >= 0)
            assert_int_equal(b.counters[1].count, rows[i].prints);
        assert_int_equal(b.breaks, rows[i].breaks);
        assert_int_equal(b.readings, rows[i].readings);
    }
    assert_string_equal(b.counters[0].name, "copy");
    assert_int_equal(b.counters[0].opening, 100);
    assert_int_equal(b.counters[1].opening, 0);
    assert_int_equal(b.opened_s, 1000);
    assert_int_equal(b.closed_s, 1006);
}

static void the_first_reading_of_a_device_opens_its_bill(void **state)
{
    (void)state;
    struct bill b = { 0 };
    const struct reading first = reading(1, 4711, 3), second = reading(2, 4712, 3);
    assert_ok(bill_take(&b, &first, 1000, false, true));
    assert_int_equal(b.counters[0].opening, 4711);
    assert_int_equal(b.counters[0].count, 0);
    assert_int_equal(b.breaks, 0);
    assert_ok(bill_take(&b, &second, 1001, true, true));
    assert_int_equal(b.counters[0].count, 1);
}

/* M-5: between the first and the last of a chain nothing needs to be looked at. */
static void the_ends_of_a_chain_say_what_all_of_it_says(void **state)
{
    (void)state;
    struct bill all = { 0 }, ends = { 0 };
    for (int64_t i = 1; i <= 20; i++) {
        const struct reading r = reading(i, 100 + i * i, i < 5 ? -1 : 3 * i);
        assert_ok(bill_take(&all, &r, 1000 + i, i > 1, i > 1));
        if (i == 1 || i == 20)
            assert_ok(bill_take(&ends, &r, 1000 + i, i > 1, i > 1));
    }
    assert_int_equal(ends.counters_n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(ends.counters[i].name, all.counters[i].name);
        assert_int_equal(ends.counters[i].opening, all.counters[i].opening);
        assert_int_equal(ends.counters[i].closing, all.counters[i].closing);
        assert_int_equal(ends.counters[i].count, all.counters[i].count);
    }
    assert_int_equal(ends.readings, all.readings);
    assert_int_equal(ends.opened_s, all.opened_s);
    assert_int_equal(ends.closed_s, all.closed_s);
}

static void more_counters_than_a_bill_has_room_for_are_an_error(void **state)
{
    (void)state;
    struct bill b = { 0 };
    enum err err = OK;
    for (int i = 0; i <= BILL_COUNTERS / LIMIT_COUNTERS && err == OK; i++) {
        struct reading r = { .epoch = 1, .sequence = 10 - i, .counters_n = LIMIT_COUNTERS }; /* another chain each */
        for (int c = 0; c < LIMIT_COUNTERS; c++)
            r.counters[c].name[0] = (char)('a' + c), r.counters[c].name[1] = (char)('a' + i);
        err = bill_take(&b, &r, 1000, false, true);
        assert_err(err, i < BILL_COUNTERS / LIMIT_COUNTERS ? OK : ERR_TOO_LARGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_billed_is_the_sum_within_chains),
        cmocka_unit_test(the_first_reading_of_a_device_opens_its_bill),
        cmocka_unit_test(the_ends_of_a_chain_say_what_all_of_it_says),
        cmocka_unit_test(more_counters_than_a_bill_has_room_for_are_an_error),
    };
    return cmocka_run_group_tests_name("bill", tests, NULL, NULL);
}

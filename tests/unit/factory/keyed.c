#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "factory/keyed.h"

static struct keyed keyed;

static int setup(void **state)
{
    (void)state;
    memset(&keyed, 0, sizeof keyed);
    return 0;
}

static enum err add(const char *number, const char *line, int64_t until_s)
{
    struct keyed_number n = { .until_s = until_s };
    assert_ok(number_parse(span_text(number), &n.number, NULL));
    snprintf(n.line, sizeof n.line, "%s", line);
    snprintf(n.by, sizeof n.by, "meier");
    return keyed_add(&keyed, &n, 100, NULL);
}

static const char *next(const char *line, const char *station, int64_t now_s)
{
    const struct keyed_number *n = keyed_next(&keyed, line, station, now_s);
    return n == NULL ? "" : n->number.text;
}

/* F-9 */
static void a_number_goes_to_a_station_of_its_line_once(void **state)
{
    (void)state;
    struct keyed_number taken;
    assert_ok(add("3012-1", "A", 200));
    assert_ok(add("3012-2", "A", 200));
    assert_string_equal(next("B", "b1", 110), "");
    assert_string_equal(next("A", "a1", 110), "3012-1");
    assert_string_equal(next("A", "a2", 110), "3012-2");
    assert_false(keyed_take(&keyed, "a2", "3012-1", &taken));
    assert_true(keyed_take(&keyed, "a1", "3012-1", &taken));
    assert_string_equal(taken.by, "meier");
    assert_false(keyed_take(&keyed, "a1", "3012-1", &taken));
    assert_string_equal(next("A", "a1", 110), "");
}

/* I10: an answer that was lost is given again, to the same station only. */
static void a_number_whose_answer_was_lost_is_told_again(void **state)
{
    (void)state;
    assert_ok(add("3012-1", "A", 200));
    assert_string_equal(next("A", "a1", 110), "3012-1");
    assert_string_equal(next("A", "a2", 110), "");
    assert_string_equal(next("A", "a1", 110), "3012-1");
}

static void what_nobody_takes_expires(void **state)
{
    (void)state;
    assert_ok(add("3012-1", "A", 200));
    assert_string_equal(next("A", "a1", 199), "3012-1");
    assert_string_equal(next("A", "a1", 200), "");
    assert_int_equal(keyed.n, 0);
}

static void a_number_waits_once_and_a_line_holds_few(void **state)
{
    (void)state;
    assert_ok(add("3012-1", "A", 200));
    assert_err(add("3012-1", "B", 200), ERR_EXISTS);
    for (int i = 2; i <= LIMIT_KEYED_PER_LINE; i++) {
        char number[LIMIT_NUMBER_TEXT];
        snprintf(number, sizeof number, "3012-%d", i);
        assert_ok(add(number, "A", 200));
    }
    assert_err(add("3012-99", "A", 200), ERR_BUSY);
    assert_ok(add("3012-99", "B", 200));
    struct device_number n;
    assert_ok(number_parse(span_text("3012-1"), &n, NULL));
    keyed_withdraw(&keyed, &n);
    assert_ok(add("3012-100", "A", 200));
}

static void the_queue_is_bounded_over_all_lines(void **state)
{
    (void)state;
    for (int i = 0; i < LIMIT_KEYED; i++) {
        char number[LIMIT_NUMBER_TEXT], line[32];
        snprintf(number, sizeof number, "3012-%d", i);
        snprintf(line, sizeof line, "L%d", i / LIMIT_KEYED_PER_LINE);
        assert_ok(add(number, line, 200));
    }
    assert_err(add("3012-9999", "another", 200), ERR_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_number_goes_to_a_station_of_its_line_once, setup),
        cmocka_unit_test_setup(a_number_whose_answer_was_lost_is_told_again, setup),
        cmocka_unit_test_setup(what_nobody_takes_expires, setup),
        cmocka_unit_test_setup(a_number_waits_once_and_a_line_holds_few, setup),
        cmocka_unit_test_setup(the_queue_is_bounded_over_all_lines, setup),
    };
    return cmocka_run_group_tests_name("keyed", tests, NULL, NULL);
}

#include "../test.h"

#include "base/clock.h"

static void moments_are_read_and_written_in_rfc_3339(void **state)
{
    (void)state;
    int64_t at;
    char text[CLOCK_TEXT_SIZE];
    assert_ok(clock_parse("2003-03-08T12:34:56Z", &at));
    assert_int_equal(at, 1047126896);
    clock_format(at, text);
    assert_string_equal(text, "2003-03-08T12:34:56Z");
    assert_ok(clock_parse("2024-02-29", &at));
    assert_int_equal(at, 1709164800);
}

static void days_that_are_not_in_the_calendar_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "2023-02-29", "2023-13-01", "2023-00-10", "2023-04-31", "1900-01-01", "23-04-30", "2023-4-30", "2023-04-30 ", "" };
    int32_t day = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(clock_parse_day(bad[i], &day), ERR_BAD_INPUT);
    assert_int_equal(day, 7);
}

static void day_arithmetic_crosses_months_and_leap_days(void **state)
{
    (void)state;
    assert_int_equal(clock_day_add(20240228, 1), 20240229);
    assert_int_equal(clock_day_add(20240228, 2), 20240301);
    assert_int_equal(clock_day_add(20250101, -1), 20241231);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_read_and_written_in_rfc_3339),
        cmocka_unit_test(days_that_are_not_in_the_calendar_are_refused),
        cmocka_unit_test(day_arithmetic_crosses_months_and_leap_days),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

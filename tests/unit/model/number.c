#include "../test.h"

#include "model/number.h"

static void canonical_numbers_are_taken_and_keep_leading_zeros(void **state)
{
    (void)state;
    struct device_number n;
    char model[LIMIT_MODEL_CODE + 1];
    struct why why;
    assert_ok(number_parse(span_text("0012-000456"), &n, &why));
    number_model(&n, model);
    assert_string_equal(model, "0012");
    assert_string_equal(number_serial(&n), "000456");
}

static void anything_but_the_canonical_form_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "-", "3012", "3012-", "-123456", "3012-12345 ", " 3012-123456", "3012-123-456", "3012-12345a", "3012\x00-1",
        "3012_123456", "30123012301230123-1", "3012-1234567890123456789012345",
    };
    struct device_number n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(number_parse(span_text(bad[i]), &n, NULL), ERR_BAD_NUMBER);
    assert_err(number_parse(span_of("3012-1\0002", 8), &n, NULL), ERR_BAD_NUMBER);
}

static void counting_up_keeps_the_width_and_refuses_to_widen(void **state)
{
    (void)state;
    struct device_number n, sum;
    struct why why;
    assert_ok(number_make("3012", "000099", &n, &why));
    assert_ok(number_add(&n, 1, &sum, &why));
    assert_string_equal(sum.text, "3012-000100");
    assert_ok(number_add(&n, 999900, &sum, &why));
    assert_string_equal(sum.text, "3012-999999");
    assert_err(number_add(&n, 999901, &sum, &why), ERR_TOO_LARGE);
    assert_ok(number_make("3012", "A99", &n, &why));
    assert_err(number_add(&n, 1, &sum, &why), ERR_BAD_NUMBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_numbers_are_taken_and_keep_leading_zeros),
        cmocka_unit_test(anything_but_the_canonical_form_is_refused),
        cmocka_unit_test(counting_up_keeps_the_width_and_refuses_to_widen),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}

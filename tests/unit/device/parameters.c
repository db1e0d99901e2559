#include "../test.h"

#include <stdio.h>
#include <string.h>

#include "device/parameters.h"

/* D-2, F-23 */
static void parameters_go_to_operation_or_application_values(void **state)
{
    (void)state;
    struct nvram v = { 0 };
    assert_ok(parameters_set(&v, "sleep", "60", NULL));
    assert_ok(parameters_set(&v, "application.tray", "A4 plain", NULL));
    assert_ok(parameters_set(&v, "language", "de", NULL));
    assert_string_equal(v.operation, "sleep=60\nlanguage=de\n");
    assert_string_equal(v.application, "tray=A4 plain\n");
}

static void a_value_that_comes_again_replaces_the_first(void **state)
{
    (void)state;
    struct nvram v = { 0 }, again;
    assert_ok(parameters_set(&v, "a", "1", NULL));
    assert_ok(parameters_set(&v, "ab", "2", NULL));
    assert_ok(parameters_set(&v, "a", "a longer one", NULL));
    assert_string_equal(v.operation, "ab=2\na=a longer one\n");
    again = v;
    assert_ok(parameters_set(&again, "a", "a longer one", NULL));
    assert_memory_equal(&again, &v, sizeof v);
}

static void odd_names_and_values_are_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = { { "", "1" },    { "application.", "1" }, { "a=b", "1" },
                                           { "a b", "1" }, { "a\n", "1" },          { "a", "1\nb=2" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nvram v = { 0 };
        assert_err(parameters_set(&v, rows[i][0], rows[i][1], NULL), ERR_BAD_INPUT);
        assert_string_equal(v.operation, "");
    }
}

static void more_than_fits_is_refused(void **state)
{
    (void)state;
    struct nvram v = { 0 };
    char name[16];
    enum err err = OK;
    for (int i = 0; err == OK && i < 1000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        err = parameters_set(&v, name, "value", NULL);
    }
    assert_int_equal(err, ERR_TOO_LARGE);
    assert_true(strlen(v.operation) < sizeof v.operation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_go_to_operation_or_application_values),
        cmocka_unit_test(a_value_that_comes_again_replaces_the_first),
        cmocka_unit_test(odd_names_and_values_are_refused),
        cmocka_unit_test(more_than_fits_is_refused),
    };
    return cmocka_run_group_tests_name("parameters", tests, NULL, NULL);
}

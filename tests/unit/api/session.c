#include "../test.h"

#include <string.h>

#include "api/session.h"

static void passwords_are_kept_as_yescrypt_and_short_ones_refused(void **state)
{
    (void)state;
    char hash[128], again[128];
    struct why why;
    assert_err(password_hash("seven77", hash, &why), ERR_BAD_INPUT);
    assert_ok(password_hash("correct horse", hash, &why));
    assert_ok(password_hash("correct horse", again, &why));
    assert_memory_equal(hash, "$y$", 3);
    assert_string_not_equal(hash, again);
    assert_true(password_right("correct horse", hash));
    assert_false(password_right("correct horsE", hash));
    assert_false(password_right("", hash));
    assert_false(password_right("correct horse", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(passwords_are_kept_as_yescrypt_and_short_ones_refused) };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}

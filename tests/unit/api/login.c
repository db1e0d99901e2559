#include "../test.h"

#include "api/login.h"

enum { NOW = 1000000 };

struct login_row {
    struct login_facts facts;
    enum err err;
    int64_t failures, locked_until;
};

/* F-20 */
static void the_fifth_wrong_password_locks_the_account(void **state)
{
    (void)state;
    static const struct login_row rows[] = {
        { { true, false, true, 4, 0 }, OK, 0, 0 },
        { { true, false, false, 0, 0 }, ERR_NOT_AUTHENTICATED, 1, 0 },
        { { true, false, false, 3, 0 }, ERR_NOT_AUTHENTICATED, 4, 0 },
        { { true, false, false, 4, 0 }, ERR_NOT_AUTHENTICATED, 0, NOW + 900 },
        { { true, false, true, 0, NOW + 1 }, ERR_LOCKED_OUT, 0, NOW + 1 },
        { { true, false, true, 0, NOW }, OK, 0, 0 },
        { { true, true, true, 0, 0 }, ERR_NOT_AUTHENTICATED, 1, 0 },
        { { false, false, true, 0, 0 }, ERR_NOT_AUTHENTICATED, 1, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct login_effect e;
        struct why why;
        assert_err(login_decide(&rows[i].facts, 5, 900, NOW, &e, &why), rows[i].err);
        assert_int_equal(e.failures, rows[i].failures);
        assert_int_equal(e.locked_until_s, rows[i].locked_until);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_fifth_wrong_password_locks_the_account) };
    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}

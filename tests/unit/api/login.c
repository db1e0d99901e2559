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

/* F-20: nobody finds out by trying which names there are. */
static void an_unknown_name_and_a_locked_account_are_refused_in_the_same_words(void **state)
{
    (void)state;
    static const struct login_facts refused[] = {
        { false, false, false, 0, 0 }, { true, false, false, 0, 0 }, { true, false, false, 4, 0 },
        { true, false, true, 0, NOW + 1 }, { true, true, true, 0, 0 },
    };
    struct login_effect e;
    struct why first, why;
    assert_err(login_decide(&refused[0], 5, 900, NOW, &e, &first), ERR_NOT_AUTHENTICATED);
    for (size_t i = 1; i < sizeof refused / sizeof *refused; i++) {
        assert_true(login_decide(&refused[i], 5, 900, NOW, &e, &why) != OK);
        assert_string_equal(why.text, first.text);
    }
}

/* Whoever asks a thousand times does not stop the line. */
static void so_many_passwords_are_looked_at_and_no_more(void **state)
{
    (void)state;
    struct login_pace pace = { 0 };
    int looked_at = 0;
    for (int64_t ms = 0; ms < 10000; ms++)
        looked_at += login_may_try(&pace, NOW + ms);
    assert_int_equal(looked_at, LOGIN_BURST - 1 + 10000 / LOGIN_EVERY_MS);
    assert_true(login_may_try(&pace, NOW + 3600 * 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fifth_wrong_password_locks_the_account),
        cmocka_unit_test(an_unknown_name_and_a_locked_account_are_refused_in_the_same_words),
        cmocka_unit_test(so_many_passwords_are_looked_at_and_no_more),
    };
    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}

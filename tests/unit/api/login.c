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

/* Whoever asks a thousand times does not stop the line, on a slow machine either. */
static void passwords_are_looked_at_for_a_quarter_of_the_time_and_no_more(void **state)
{
    (void)state;
    static const int64_t took_ms[] = { 20, 50, 1000 };
    for (size_t i = 0; i < sizeof took_ms / sizeof *took_ms; i++) {
        struct login_pace pace = { 0 };
        int64_t spent_ms = 0, at_once_ms = 0;
        for (int64_t ms = 0; ms < 100000; ms++) {
            if (!login_may_try(&pace, NOW + ms))
                continue;
            login_tried(&pace, took_ms[i]);
            spent_ms += took_ms[i];
            at_once_ms += ms == 0 ? took_ms[i] : 0;
            ms += took_ms[i];
        }
        assert_true(at_once_ms <= LOGIN_DEBT_MS + took_ms[i]);
        assert_in_range(spent_ms, 100000 / LOGIN_SHARE, 100000 / LOGIN_SHARE + LOGIN_DEBT_MS + 2 * took_ms[i]);
        assert_true(login_may_try(&pace, NOW + 3600 * 1000));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fifth_wrong_password_locks_the_account),
        cmocka_unit_test(an_unknown_name_and_a_locked_account_are_refused_in_the_same_words),
        cmocka_unit_test(passwords_are_looked_at_for_a_quarter_of_the_time_and_no_more),
    };
    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}

#include "../test.h"

#include "model/call.h"

/* M-4, I10: what is over stays as it is, whatever comes late. */
static void a_call_that_is_over_never_changes(void **state)
{
    (void)state;
    struct why why = { "" };
    for (unsigned from = 0; from < CALL_STATE_COUNT; from++)
        for (unsigned event = 0; event < CALL_EVENT_COUNT; event++) {
            enum call_state to = CALL_WAITING;
            enum err err = call_next((enum call_state)from, (enum call_event)event, &to, &why);
            if (call_is_over((enum call_state)from) && err == OK)
                assert_int_equal(to, from);
        }
}

/* M-2 to M-4: the way of a call with a delayed response. */
static void a_delayed_call_is_answered_later(void **state)
{
    (void)state;
    static const enum call_event way[] = { CALL_EVENT_TAKE, CALL_EVENT_DELAY, CALL_EVENT_DELAY, CALL_EVENT_ANSWER };
    enum call_state at = CALL_WAITING;
    struct why why = { "" };
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        assert_ok(call_next(at, way[i], &at, &why));
    assert_int_equal(at, CALL_ANSWERED);
}

static void a_move_that_is_not_in_the_table_is_refused(void **state)
{
    (void)state;
    enum call_state to;
    struct why why = { "" };
    assert_err(call_next(CALL_ANSWERED, CALL_EVENT_REFUSE, &to, &why), ERR_BAD_TRANSITION);
    assert_err(call_next(CALL_ANSWERED, CALL_EVENT_EXPIRE, &to, &why), ERR_BAD_TRANSITION);
}

static void names_are_read_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CALL_STATE_COUNT; i++) {
        enum call_state got;
        assert_ok(call_state_parse(call_state_name((enum call_state)i), &got));
        assert_int_equal(got, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_is_over_never_changes),
        cmocka_unit_test(a_delayed_call_is_answered_later),
        cmocka_unit_test(a_move_that_is_not_in_the_table_is_refused),
        cmocka_unit_test(names_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

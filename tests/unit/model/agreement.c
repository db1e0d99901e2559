#include "../test.h"

#include "model/agreement.h"

/* M-6, effect 1: only an active agreement, inside its time, lets a device in. */
static const struct {
    struct agreement agreement;
    int64_t now_s;
    enum agreement_state state;
} cases[] = {
    { { AGREEMENT_NONE, 0, 0 }, 100, AGREEMENT_NONE },
    { { AGREEMENT_ACTIVE, 50, 0 }, 100, AGREEMENT_ACTIVE },
    { { AGREEMENT_ACTIVE, 50, 200 }, 199, AGREEMENT_ACTIVE },
    { { AGREEMENT_ACTIVE, 50, 200 }, 200, AGREEMENT_ENDED },
    { { AGREEMENT_ACTIVE, 101, 0 }, 100, AGREEMENT_NONE },
    { { AGREEMENT_SUSPENDED, 50, 0 }, 100, AGREEMENT_SUSPENDED },
    { { AGREEMENT_SUSPENDED, 50, 90 }, 100, AGREEMENT_ENDED },
    { { AGREEMENT_ENDED, 50, 0 }, 100, AGREEMENT_ENDED },
};

static void an_agreement_is_worth_what_its_times_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = { "" };
        assert_int_equal(agreement_now(&cases[i].agreement, cases[i].now_s), cases[i].state);
        assert_int_equal(agreement_check(&cases[i].agreement, cases[i].now_s, &why),
                         cases[i].state == AGREEMENT_ACTIVE ? OK : ERR_NO_AGREEMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(an_agreement_is_worth_what_its_times_say) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

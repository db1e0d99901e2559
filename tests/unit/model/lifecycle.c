#include "../test.h"

#include <string.h>

#include "model/lifecycle.h"

static const struct lifecycle_move *find(unsigned from, unsigned event)
{
    size_t n;
    const struct lifecycle_move *moves = lifecycle_moves(&n);
    for (size_t i = 0; i < n; i++)
        if (moves[i].from == from && moves[i].event == event)
            return &moves[i];
    return NULL;
}

static void every_triple_that_is_not_a_row_is_refused(void **state)
{
    (void)state;
    for (unsigned from = 0; from < LIFE_COUNT; from++)
        for (unsigned event = 0; event < LIFE_EVENT_COUNT; event++)
            for (unsigned who = 0; who < ROLE_COUNT; who++) {
                const struct lifecycle_move *move = find(from, event);
                enum lifecycle_state to = LIFE_COUNT;
                enum err err = lifecycle_next((enum lifecycle_state)from, (enum lifecycle_event)event, (enum role)who, &to, NULL);
                assert_int_equal(err, move == NULL ? ERR_BAD_TRANSITION : move->who != who ? ERR_NOT_ALLOWED : OK);
                assert_int_equal(to, err == OK ? move->to : LIFE_COUNT);
            }
}

static void a_pair_of_state_and_event_has_one_row(void **state)
{
    (void)state;
    size_t n;
    const struct lifecycle_move *moves = lifecycle_moves(&n);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(find(moves[i].from, moves[i].event), &moves[i]);
}

static void nothing_leads_out_of_a_state_in_which_the_identity_is_dead(void **state) /* I8 */
{
    (void)state;
    size_t n;
    const struct lifecycle_move *moves = lifecycle_moves(&n);
    for (size_t i = 0; i < n; i++)
        if (!lifecycle_is_live(moves[i].from) && moves[i].from != LIFE_PLANNED && moves[i].from != LIFE_RENEWING)
            assert_int_equal(moves[i].to, moves[i].from);
}

static void only_a_written_identity_may_lose_its_pack(void **state)
{
    (void)state;
    size_t n;
    const struct lifecycle_move *moves = lifecycle_moves(&n);
    for (size_t i = 0; i < n; i++)
        if (moves[i].to == LIFE_ERASED && moves[i].from != LIFE_ERASED)
            assert_int_equal(moves[i].from, LIFE_WRITTEN);
}

static void state_names_are_read_back(void **state)
{
    (void)state;
    enum lifecycle_state s;
    for (unsigned i = 0; i < LIFE_COUNT; i++) {
        assert_ok(lifecycle_parse(lifecycle_name((enum lifecycle_state)i), &s));
        assert_int_equal(s, i);
    }
    assert_err(lifecycle_parse("lost", &s), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_triple_that_is_not_a_row_is_refused),
        cmocka_unit_test(a_pair_of_state_and_event_has_one_row),
        cmocka_unit_test(nothing_leads_out_of_a_state_in_which_the_identity_is_dead),
        cmocka_unit_test(only_a_written_identity_may_lose_its_pack),
        cmocka_unit_test(state_names_are_read_back),
    };
    return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}

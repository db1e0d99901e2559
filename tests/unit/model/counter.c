#include "../test.h"

#include "model/counter.h"

#define READING(e, b, s, copy, print) \
    { .epoch = (e), .boots = (b), .sequence = (s), .counters_n = 2, .counters = { { "copy", (copy) }, { "print", (print) } } }

static const struct reading last = READING(5, 1, 17, 100, 40);

/* M-5: a reading is billed only when it follows the one before. */
static const struct {
    const char *what;
    struct reading now;
    enum reading_verdict verdict;
} cases[] = {
    { "the next one", READING(5, 0, 18, 101, 40), READING_FOLLOWS },
    { "the next one without anything counted", READING(5, 0, 18, 100, 40), READING_FOLLOWS },
    { "the next one after three starts", READING(8, 3, 18, 100, 41), READING_FOLLOWS },
    { "the same again", READING(5, 1, 17, 100, 40), READING_SAME },
    { "the same sequence with another counter", READING(5, 1, 17, 101, 40), READING_SEQUENCE_REPEATS },
    { "an older sequence", READING(5, 0, 16, 100, 40), READING_SEQUENCE_REPEATS },
    { "a sequence left out", READING(5, 0, 19, 101, 40), READING_SEQUENCE_SKIPS },
    { "an older epoch", READING(4, 0, 18, 101, 40), READING_EPOCH_BACK },
    { "an epoch further than its starts", READING(7, 1, 18, 101, 40), READING_EPOCH_SKIPS },
    { "starts without a new epoch", READING(5, 1, 18, 101, 40), READING_EPOCH_SKIPS },
    { "a negative number of starts", READING(5, -1, 18, 101, 40), READING_EPOCH_SKIPS },
    { "a counter that goes back", READING(5, 0, 18, 99, 40), READING_COUNTER_BACK },
};

static void a_reading_must_follow_the_one_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (reading_judge(&last, &cases[i].now) != cases[i].verdict)
            fail_msg("%s: %s", cases[i].what, reading_verdict_name(reading_judge(&last, &cases[i].now)));
}

static void a_counter_that_is_missing_went_back(void **state)
{
    (void)state;
    struct reading now = READING(5, 0, 18, 101, 40);
    now.counters_n = 1;
    assert_int_equal(reading_judge(&last, &now), READING_COUNTER_BACK);
}

static void a_counter_that_is_new_is_taken(void **state)
{
    (void)state;
    struct reading now = READING(5, 0, 18, 101, 40);
    now.counters[now.counters_n++] = (struct counter){ "fax", 3 };
    assert_int_equal(reading_judge(&last, &now), READING_FOLLOWS);
}

static void any_first_reading_is_taken(void **state)
{
    (void)state;
    assert_int_equal(reading_judge(NULL, &last), READING_FOLLOWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reading_must_follow_the_one_before),
        cmocka_unit_test(a_counter_that_is_missing_went_back),
        cmocka_unit_test(a_counter_that_is_new_is_taken),
        cmocka_unit_test(any_first_reading_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

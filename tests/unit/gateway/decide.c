/* What a gateway decides (M-1, M-3). */
#include "../test.h"

#include <string.h>

#include "gateway/decide.h"

static const struct uplink_policy policy = { .interval_ms = 30000, .wait_ms = 45000 };

static struct peer peer(enum role role, const char *name)
{
    struct peer p = { .role = role };
    strcpy(p.name, name);
    return p;
}

static void each_speaks_for_whom_it_may(void **state) /* M-1, M-6 */
{
    (void)state;
    static const struct {
        enum role role;
        const char *name, *number;
        enum err err;
    } rows[] = {
        { ROLE_DEVICE, "4001-1", "4001-1", OK },
        { ROLE_DEVICE, "4001-1", "4001-2", ERR_NUMBER_MISMATCH },
        { ROLE_DEVICE, "4001-1", "4001-9", ERR_NUMBER_MISMATCH },
        { ROLE_GATEWAY, "4001-8", "4001-8", OK },
        { ROLE_GATEWAY, "4001-8", "4001-1", OK }, /* whether it is bound says the centre */
        { ROLE_GATEWAY, "4001-9", "4001-9", OK }, /* our own agent */
        { ROLE_GATEWAY, "4001-9", "4001-1", ERR_NUMBER_MISMATCH },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct peer p = peer(rows[i].role, rows[i].name);
        assert_int_equal(decide_speaks(&p, "4001-9", rows[i].number, NULL), rows[i].err);
    }
}

static void a_device_shows_the_identity_of_its_connection(void **state) /* M-6, M-8 */
{
    (void)state;
    const unsigned char mine[sizeof((struct peer *)0)->fingerprint] = { 1 }, another[sizeof mine] = { 2 };
    static const struct {
        enum role role;
        bool mine;
        size_t n;
        enum err err;
    } rows[] = {
        { ROLE_DEVICE, true, sizeof mine, OK },
        { ROLE_DEVICE, false, sizeof mine, ERR_BAD_SIGNATURE }, /* the board in whose place it is, or that is in its place */
        { ROLE_DEVICE, true, sizeof mine - 1, ERR_BAD_SIGNATURE },
        { ROLE_DEVICE, true, 0, ERR_BAD_SIGNATURE },
        { ROLE_GATEWAY, false, sizeof mine, OK }, /* of its agent, or of one below it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct peer p = peer(rows[i].role, "4001-1");
        memcpy(p.fingerprint, mine, sizeof mine);
        assert_int_equal(decide_shows(&p, span_of(rows[i].mine ? mine : another, rows[i].n), NULL), rows[i].err);
    }
}

static struct uplink_end end(enum uplink_act act, bool ok, int64_t took_ms, unsigned came, bool left)
{
    return (struct uplink_end){ .act = act, .ok = ok, .took_ms = took_ms, .came = came, .left = left };
}

static void finish(struct uplink_state *s, struct uplink_end e, int64_t now_ms)
{
    uplink_ended(s, &policy, &e, now_ms, 0);
}

static void a_poll_stands_while_what_is_new_goes_up_beside_it(void **state)
{
    (void)state;
    struct uplink_state s = { 0 };
    assert_int_equal(uplink_next(&s, 0).act, UPLINK_POLL);
    uplink_began(&s, UPLINK_POLL);
    assert_int_equal(uplink_next(&s, 0).act, UPLINK_REST);
    assert_true(uplink_next(&s, 0).at_ms == INT64_MAX);
    s.news = true;
    assert_int_equal(uplink_next(&s, 1).act, UPLINK_SEND);
    uplink_began(&s, UPLINK_SEND);
    assert_int_equal(uplink_next(&s, 1).act, UPLINK_REST);
    s.news = true; /* came meanwhile: it goes with the next */
    assert_int_equal(uplink_next(&s, 1).act, UPLINK_REST);
    finish(&s, end(UPLINK_SEND, true, 10, 1, false), 20);
    assert_int_equal(uplink_next(&s, 20).act, UPLINK_SEND);
}

static void what_goes_up_goes_before_the_first_poll(void **state)
{
    (void)state;
    struct uplink_state s = { .news = true };
    assert_int_equal(uplink_next(&s, 0).act, UPLINK_SEND);
}

static void the_next_poll_is_at_once_when_one_stood_and_after_the_interval_when_not(void **state) /* M-3 */
{
    (void)state;
    static const struct {
        int64_t took_ms;
        unsigned came;
        int64_t next_ms;
    } rows[] = { { 45000, 0, 100000 }, { 30000, 0, 100000 }, { 5, 0, 130000 }, { 5, 1, 100000 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct uplink_state s = { .polling = true };
        finish(&s, end(UPLINK_POLL, true, rows[i].took_ms, rows[i].came, false), 100000);
        assert_int_equal(s.poll_at_ms, rows[i].next_ms);
    }
}

static void failures_double_the_delay_up_to_the_interval_and_one_success_ends_it(void **state) /* M-3 */
{
    (void)state;
    static const int64_t delays[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
    struct uplink_state s = { .news = true };
    int64_t now_ms = 0;
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        assert_int_equal(uplink_next(&s, now_ms).act, UPLINK_SEND);
        uplink_began(&s, UPLINK_SEND);
        finish(&s, end(UPLINK_SEND, false, 1, 0, true), now_ms);
        struct uplink_order order = uplink_next(&s, now_ms);
        assert_int_equal(order.act, UPLINK_REST);
        assert_int_equal(order.at_ms, now_ms + delays[i]);
        now_ms = order.at_ms;
    }
    uplink_began(&s, UPLINK_SEND);
    assert_int_equal(uplink_next(&s, now_ms).act, UPLINK_REST); /* no second attempt beside it */
    finish(&s, end(UPLINK_SEND, true, 1, 3, false), now_ms);
    assert_int_equal(s.failures, 0);
    assert_int_equal(uplink_next(&s, now_ms).act, UPLINK_POLL);
}

static void delays_are_spread_by_up_to_a_tenth(void **state) /* M-3 */
{
    (void)state;
    struct uplink_state s = { .polling = true };
    struct uplink_end e = end(UPLINK_POLL, true, 5, 0, false);
    uplink_ended(&s, &policy, &e, 0, UINT32_MAX);
    assert_true(s.poll_at_ms > 32900 && s.poll_at_ms <= 33000);
}

static void a_letter_that_nobody_takes_is_not_sent_in_a_circle(void **state)
{
    (void)state;
    struct uplink_state s = { .news = true };
    int64_t now_ms = 0, before_ms = -1;
    for (int i = 0; i < 4; i++) {
        assert_true(now_ms > before_ms);
        uplink_began(&s, UPLINK_SEND);
        finish(&s, end(UPLINK_SEND, true, 1, 0, true), now_ms);
        before_ms = now_ms;
        now_ms = s.send_at_ms;
        assert_true(s.news);
    }
    assert_int_equal(now_ms, 1000 + 2000 + 4000 + 8000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_speaks_for_whom_it_may),
        cmocka_unit_test(a_device_shows_the_identity_of_its_connection),
        cmocka_unit_test(a_poll_stands_while_what_is_new_goes_up_beside_it),
        cmocka_unit_test(what_goes_up_goes_before_the_first_poll),
        cmocka_unit_test(the_next_poll_is_at_once_when_one_stood_and_after_the_interval_when_not),
        cmocka_unit_test(failures_double_the_delay_up_to_the_interval_and_one_success_ends_it),
        cmocka_unit_test(delays_are_spread_by_up_to_a_tenth),
        cmocka_unit_test(a_letter_that_nobody_takes_is_not_sent_in_a_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

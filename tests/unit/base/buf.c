#include "../test.h"

#include "base/arena.h"
#include "base/buf.h"

static void a_failed_append_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    AUTO_BUF b = { .max = 4 };
    assert_ok(buf_put_text(&b, "abc"));
    assert_err(buf_put_text(&b, "de"), ERR_TOO_LARGE);
    assert_string_equal(buf_text(&b), "abc");
    assert_ok(buf_put_text(&b, "d"));
}

static void consuming_keeps_the_rest_in_order(void **state)
{
    (void)state;
    AUTO_BUF b = BUF_INIT;
    assert_ok(buf_putf(&b, "%s-%d", "3012", 7));
    buf_consume(&b, 5);
    assert_string_equal(buf_text(&b), "7");
    buf_consume(&b, 99);
    assert_int_equal(b.len, 0);
}

static void an_arena_stops_at_its_ceiling_and_starts_again_after_reset(void **state)
{
    (void)state;
    struct arena *a;
    assert_ok(arena_new(40000, &a));
    assert_non_null(arena_take(a, 30000));
    assert_null(arena_take(a, 10001));
    assert_string_equal(arena_text(a, span_text("3012")), "3012");
    arena_reset(a);
    assert_non_null(arena_take(a, 40000));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_append_leaves_the_buffer_as_it_was),
        cmocka_unit_test(consuming_keeps_the_rest_in_order),
        cmocka_unit_test(an_arena_stops_at_its_ceiling_and_starts_again_after_reset),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}

#include "../test.h"

#include "verify/moment.h"

/* 2026-11-22T15:04:05Z */
enum { MOMENT = 1795359845, MIDNIGHT = 1795305600 };

static void moments_are_read_as_rfc_3339_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at_s;
    } rows[] = {
        { "2026-11-22T15:04:05Z", MOMENT },
        { "2026-11-22t15:04:05z", MOMENT },
        { "2026-11-22T15:04:05.999Z", MOMENT }, /* a fraction is dropped, never rounded up */
        { "2026-11-22T16:04:05+01:00", MOMENT },
        { "2026-11-22T09:34:05.5-05:30", MOMENT },
        { "2026-11-23T00:04:05+09:00", MOMENT },
        { "2026-11-22T15:04:05-00:00", MOMENT }, /* RFC 3339 4.3: the local offset is unknown */
        { "2026-11-22", MIDNIGHT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t at = 0;
        if (moment_parse(rows[i].text, &at) != OK || at != rows[i].at_s)
            fail_msg("%s became %lld", rows[i].text, (long long)at);
    }
}

static void what_is_no_moment_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "yesterday",
        "1795359845",
        "2026-11-22T15:04:05",
        "2026-11-22T15:04:05.Z",
        "2026-11-22T15:04:05+1:00",
        "2026-11-22T15:04:05+01:60",
        "2026-11-22T15:04:05+24:00",
        "2026-11-22T15:04:05 01:00",
        "2026-11-22T15:04:05Z ",
        "2026-11-22T15:04:05ZZ",
        "2026-11-22T25:04:05Z",
        "2026-02-30T15:04:05Z",
        "2026-11-22 15:04:05Z",
        "2026-11-22T15:04:05+0100",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t at = 7;
        if (moment_parse(bad[i], &at) == OK)
            fail_msg("\"%s\" was taken as %lld", bad[i], (long long)at);
        assert_int_equal(at, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_read_as_rfc_3339_writes_them),
        cmocka_unit_test(what_is_no_moment_is_refused),
    };
    return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}

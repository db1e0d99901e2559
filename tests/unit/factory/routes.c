#include "../test.h"

#include <string.h>

#include "factory/admin.h"

struct cell {
    const char *method, *path;
    bool viewer, planner, admin;
};

/* F-20: role x operation, every cell. */
static const struct cell cells[] = {
    { "POST", "/api/v1/session", true, true, true },
    { "DELETE", "/api/v1/session", true, true, true },
    { "GET", "/api/v1/status", true, true, true },
    { "POST", "/api/v1/plan", false, true, true },
    { "GET", "/api/v1/plan", true, true, true },
    { "GET", "/api/v1/models", true, true, true },
    { "POST", "/api/v1/models", false, false, true },
    { "POST", "/api/v1/forget/3012", false, false, true },
    { "GET", "/api/v1/stations", true, true, true },
    { "POST", "/api/v1/stations", false, false, true },
    { "DELETE", "/api/v1/stations/a", false, false, true },
    { "GET", "/api/v1/operators", false, false, true },
    { "POST", "/api/v1/operators", false, false, true },
    { "POST", "/api/v1/requests", false, true, true },
    { "GET", "/api/v1/requests", true, true, true },
    { "GET", "/api/v1/numbers/3012-1", true, true, true },
};

static void each_role_may_do_what_the_table_says(void **state)
{
    (void)state;
    assert_int_equal(admin_routes_n, sizeof cells / sizeof *cells);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        bool known;
        const struct admin_route *route = admin_find(cells[i].method, cells[i].path, &known);
        assert_non_null(route);
        assert_int_equal(admin_may(route, OPERATOR_VIEWER), cells[i].viewer);
        assert_int_equal(admin_may(route, OPERATOR_PLANNER), cells[i].planner);
        assert_int_equal(admin_may(route, OPERATOR_ADMIN), cells[i].admin);
    }
}

static void only_the_log_in_needs_no_log_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < admin_routes_n; i++)
        assert_int_equal(admin_routes[i].may == MAY_ANYBODY,
                         strcmp(admin_routes[i].path, "/api/v1/session") == 0 && strcmp(admin_routes[i].method, "POST") == 0);
}

static void what_is_not_in_the_table_has_no_route(void **state)
{
    (void)state;
    bool known;
    assert_null(admin_find("PUT", "/api/v1/plan", &known));
    assert_true(known);
    assert_null(admin_find("GET", "/api/v1/numbers/", &known));
    assert_null(admin_find("GET", "/api/v1/numbers/a/b", &known));
    assert_null(admin_find("GET", "/api/v1/planx", &known));
    assert_null(admin_find("GET", "/", &known));
    assert_false(known);
}

static void passwords_are_kept_as_yescrypt_and_short_ones_refused(void **state)
{
    (void)state;
    char hash[128], again[128];
    struct why why;
    assert_err(password_hash("seven77", hash, &why), ERR_BAD_INPUT);
    assert_ok(password_hash("correct horse", hash, &why));
    assert_ok(password_hash("correct horse", again, &why));
    assert_memory_equal(hash, "$y$", 3);
    assert_string_not_equal(hash, again);
    assert_true(password_right("correct horse", hash));
    assert_false(password_right("correct horsE", hash));
    assert_false(password_right("", hash));
    assert_false(password_right("correct horse", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_may_do_what_the_table_says),
        cmocka_unit_test(only_the_log_in_needs_no_log_in),
        cmocka_unit_test(what_is_not_in_the_table_has_no_route),
        cmocka_unit_test(passwords_are_kept_as_yescrypt_and_short_ones_refused),
    };
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}

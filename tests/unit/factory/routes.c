#include "../test.h"

#include <stdint.h>
#include <string.h>

#include "../api/described.h"
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
    { "DELETE", "/api/v1/plan", false, true, true },
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
    { "POST", "/api/v1/keys", false, true, true },
    { "POST", "/api/v1/reissues/3012-1", false, true, true },
    { "POST", "/api/v1/releases/a", false, false, true },
    { "GET", "/api/v1/numbers/3012-1", true, true, true },
    { "GET", "/api/v1/labels/3012-1", true, true, true },
    { "GET", "/api/v1/openapi.json", true, true, true },
};

static void each_role_may_do_what_the_table_says(void **state)
{
    (void)state;
    assert_int_equal(admin_table.routes_n, sizeof cells / sizeof *cells);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        bool known;
        const struct api_route *route = api_find(&admin_table, cells[i].method, cells[i].path, &known);
        assert_non_null(route);
        assert_int_equal(api_may(route, OPERATOR_VIEWER), cells[i].viewer);
        assert_int_equal(api_may(route, OPERATOR_PLANNER), cells[i].planner);
        assert_int_equal(api_may(route, OPERATOR_ADMIN), cells[i].admin);
    }
}

static void only_the_log_in_and_the_description_need_no_log_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < admin_table.routes_n; i++) {
        const struct api_route *r = &admin_table.routes[i];
        bool log_in = strcmp(r->path, "/api/v1/session") == 0 && strcmp(r->method, "POST") == 0;
        assert_int_equal(r->may == API_ANYBODY, log_in || strcmp(r->path, "/api/v1/openapi.json") == 0);
    }
}

static void the_description_has_every_route_and_no_other(void **state)
{
    (void)state;
    check_description_has_each_route(&admin_table);
}

static void the_description_names_the_roles_of_each_route(void **state)
{
    (void)state;
    check_description_names_the_roles(&admin_table);
}

static void what_is_not_in_the_table_has_no_route(void **state)
{
    (void)state;
    bool known;
    assert_null(api_find(&admin_table, "PUT", "/api/v1/plan", &known));
    assert_true(known);
    assert_null(api_find(&admin_table, "GET", "/api/v1/numbers/", &known));
    assert_null(api_find(&admin_table, "GET", "/api/v1/numbers/a/b", &known));
    assert_null(api_find(&admin_table, "GET", "/api/v1/planx", &known));
    assert_null(api_find(&admin_table, "GET", "/", &known));
    assert_false(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_may_do_what_the_table_says),
        cmocka_unit_test(only_the_log_in_and_the_description_need_no_log_in),
        cmocka_unit_test(the_description_has_every_route_and_no_other),
        cmocka_unit_test(the_description_names_the_roles_of_each_route),
        cmocka_unit_test(what_is_not_in_the_table_has_no_route),
    };
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}

#include "../test.h"

#include "../api/cells.h"
#include "../api/described.h"
#include "factory/admin.h"

/* F-20: role x operation, every cell. */
static const struct cell cells[] = {
    { "POST", "/api/v1/session", { true, true, true } },
    { "DELETE", "/api/v1/session", { true, true, true } },
    { "GET", "/api/v1/status", { true, true, true } },
    { "POST", "/api/v1/plan", { false, true, true } },
    { "GET", "/api/v1/plan", { true, true, true } },
    { "DELETE", "/api/v1/plan", { false, true, true } },
    { "GET", "/api/v1/models", { true, true, true } },
    { "POST", "/api/v1/models", { false, false, true } },
    { "POST", "/api/v1/forget/3012", { false, false, true } },
    { "GET", "/api/v1/stations", { true, true, true } },
    { "POST", "/api/v1/stations", { false, false, true } },
    { "DELETE", "/api/v1/stations/a", { false, false, true } },
    { "GET", "/api/v1/operators", { false, false, true } },
    { "POST", "/api/v1/operators", { false, false, true } },
    { "POST", "/api/v1/requests", { false, true, true } },
    { "GET", "/api/v1/requests", { true, true, true } },
    { "POST", "/api/v1/keys", { false, true, true } },
    { "POST", "/api/v1/reissues/3012-1", { false, true, true } },
    { "POST", "/api/v1/releases/a", { false, false, true } },
    { "GET", "/api/v1/numbers/3012-1", { true, true, true } },
    { "GET", "/api/v1/labels/3012-1", { true, true, true } },
    { "GET", "/api/v1/openapi.json", { true, true, true } },
};

static void each_role_may_do_what_the_table_says(void **state)
{
    (void)state;
    check_cells(&admin_table, cells, sizeof cells / sizeof *cells);
}

static void only_the_log_in_and_the_description_need_no_log_in(void **state)
{
    (void)state;
    check_what_needs_no_log_in(&admin_table);
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
    check_no_route(&admin_table, "PUT", "/api/v1/plan", true);
    check_no_route(&admin_table, "GET", "/api/v1/numbers/", false);
    check_no_route(&admin_table, "GET", "/api/v1/numbers/a/b", false);
    check_no_route(&admin_table, "GET", "/api/v1/planx", false);
    check_no_route(&admin_table, "GET", "/", false);
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

#include "../test.h"

#include <stdint.h>
#include <string.h>

#include "../api/described.h"
#include "center/console.h"

struct cell {
    const char *method, *path;
    bool viewer, manager, admin;
};

/* M-7: role x operation, every cell. */
static const struct cell cells[] = {
    { "POST", "/api/v1/session", true, true, true },       { "DELETE", "/api/v1/session", true, true, true },
    { "GET", "/api/v1/openapi.json", true, true, true },   { "GET", "/api/v1/operators", false, false, true },
    { "POST", "/api/v1/operators", false, false, true },   { "GET", "/api/v1/status", true, true, true },
    { "GET", "/api/v1/customers", true, true, true },      { "POST", "/api/v1/customers", false, true, true },
    { "GET", "/api/v1/sites", true, true, true },          { "POST", "/api/v1/sites", false, true, true },
    { "GET", "/api/v1/devices", true, true, true },        { "POST", "/api/v1/devices", false, true, true },
    { "GET", "/api/v1/devices/x", true, true, true },      { "POST", "/api/v1/scrapped/x", false, false, true },
    { "POST", "/api/v1/released/x", false, false, true },  { "GET", "/api/v1/tickets", true, true, true },
    { "POST", "/api/v1/tickets/x", false, false, true },   { "GET", "/api/v1/agreements", true, true, true },
    { "POST", "/api/v1/agreements/x", false, true, true }, { "GET", "/api/v1/calls", true, true, true },
    { "POST", "/api/v1/calls", false, true, true },        { "GET", "/api/v1/calls/x", true, true, true },
    { "GET", "/api/v1/counters", true, true, true },       { "GET", "/api/v1/incidents", true, true, true },
    { "GET", "/api/v1/events", true, true, true },         { "GET", "/api/v1/programs", true, true, true },
    { "POST", "/api/v1/programs/x", false, false, true },  { "GET", "/api/v1/table", true, true, true },
    { "POST", "/api/v1/table", false, true, true },
};

static void each_role_may_do_what_the_table_says(void **state)
{
    (void)state;
    assert_int_equal(console_table.routes_n, sizeof cells / sizeof *cells);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        bool known;
        const struct api_route *route = api_find(&console_table, cells[i].method, cells[i].path, &known);
        assert_non_null(route);
        assert_int_equal(api_may(route, CONSOLE_VIEWER), cells[i].viewer);
        assert_int_equal(api_may(route, CONSOLE_MANAGER), cells[i].manager);
        assert_int_equal(api_may(route, CONSOLE_ADMIN), cells[i].admin);
    }
}

static void only_the_log_in_and_the_description_need_no_log_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < console_table.routes_n; i++) {
        const struct api_route *r = &console_table.routes[i];
        bool log_in = strcmp(r->path, "/api/v1/session") == 0 && strcmp(r->method, "POST") == 0;
        assert_int_equal(r->may == API_ANYBODY, log_in || strcmp(r->path, "/api/v1/openapi.json") == 0);
    }
}

static void the_description_has_every_route_and_no_other(void **state)
{
    (void)state;
    check_description_has_each_route(&console_table);
}

static void the_description_names_the_roles_of_each_route(void **state)
{
    (void)state;
    check_description_names_the_roles(&console_table);
}

static void what_is_not_in_the_table_has_no_route(void **state)
{
    (void)state;
    bool known;
    assert_null(api_find(&console_table, "PUT", "/api/v1/devices", &known));
    assert_true(known);
    assert_null(api_find(&console_table, "GET", "/api/v1/devices/", &known));
    assert_null(api_find(&console_table, "GET", "/api/v1/devices/a/b", &known));
    assert_null(api_find(&console_table, "GET", "/api/v1/devicesx", &known));
    assert_null(api_find(&console_table, "GET", "/", &known));
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

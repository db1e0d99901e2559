#include "../test.h"

#include "../api/cells.h"
#include "../api/described.h"
#include "center/console.h"

/* M-7: role x operation, every cell. */
static const struct cell cells[] = {
    { "POST", "/api/v1/session", { true, true, true } },       { "DELETE", "/api/v1/session", { true, true, true } },
    { "GET", "/api/v1/openapi.json", { true, true, true } },   { "GET", "/api/v1/operators", { false, false, true } },
    { "POST", "/api/v1/operators", { false, false, true } },   { "GET", "/api/v1/status", { true, true, true } },
    { "GET", "/api/v1/customers", { true, true, true } },      { "POST", "/api/v1/customers", { false, true, true } },
    { "GET", "/api/v1/sites", { true, true, true } },          { "POST", "/api/v1/sites", { false, true, true } },
    { "GET", "/api/v1/devices", { true, true, true } },        { "POST", "/api/v1/devices", { false, true, true } },
    { "GET", "/api/v1/devices/x", { true, true, true } },      { "POST", "/api/v1/scrapped/x", { false, false, true } },
    { "POST", "/api/v1/released/x", { false, false, true } },  { "GET", "/api/v1/tickets", { true, true, true } },
    { "POST", "/api/v1/tickets/x", { false, false, true } },   { "GET", "/api/v1/agreements", { true, true, true } },
    { "POST", "/api/v1/agreements/x", { false, true, true } }, { "GET", "/api/v1/calls", { true, true, true } },
    { "POST", "/api/v1/calls", { false, true, true } },        { "GET", "/api/v1/calls/x", { true, true, true } },
    { "GET", "/api/v1/counters", { true, true, true } },       { "GET", "/api/v1/incidents", { true, true, true } },
    { "GET", "/api/v1/events", { true, true, true } },         { "GET", "/api/v1/programs", { true, true, true } },
    { "POST", "/api/v1/programs/x", { false, false, true } },  { "GET", "/api/v1/table", { true, true, true } },
    { "POST", "/api/v1/table", { false, true, true } },        { "GET", "/api/v1/billing", { true, true, true } },
};

static void each_role_may_do_what_the_table_says(void **state)
{
    (void)state;
    check_cells(&console_table, cells, sizeof cells / sizeof *cells);
}

static void only_the_log_in_and_the_description_need_no_log_in(void **state)
{
    (void)state;
    check_what_needs_no_log_in(&console_table);
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
    check_no_route(&console_table, "PUT", "/api/v1/devices", true);
    check_no_route(&console_table, "GET", "/api/v1/devices/", false);
    check_no_route(&console_table, "GET", "/api/v1/devices/a/b", false);
    check_no_route(&console_table, "GET", "/api/v1/devicesx", false);
    check_no_route(&console_table, "GET", "/", false);
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

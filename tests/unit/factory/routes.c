#include "../test.h"

#include <stdint.h>
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

/* The description's name of a route's path: "/api/v1/numbers/" is "/numbers/{...}". NULL when it is not described. */
static const json_t *find_described(const json_t *paths, const char *path)
{
    static const char base[] = "/api/v1";
    const char *key;
    json_t *value;
    assert_memory_equal(path, base, sizeof base - 1);
    path += sizeof base - 1;
    size_t n = strlen(path);
    json_object_foreach((json_t *)(uintptr_t)paths, key, value)
    {
        size_t fixed = strcspn(key, "{");
        if (n == fixed && strncmp(key, path, n) == 0)
            return value;
    }
    return NULL;
}

static const char *lower(const char *method)
{
    return strcmp(method, "GET") == 0 ? "get" : strcmp(method, "POST") == 0 ? "post" : "delete";
}

static void the_description_has_every_route_and_no_other(void **state)
{
    (void)state;
    json_t *description = json_loads(admin_description, JSON_REJECT_DUPLICATES, NULL), *value;
    const json_t *paths = json_object_get(description, "paths");
    const char *key;
    size_t described = 0;
    assert_true(json_is_object(paths));
    for (size_t i = 0; i < admin_table.routes_n; i++) {
        const json_t *operation = json_object_get(find_described(paths, admin_table.routes[i].path), lower(admin_table.routes[i].method));
        if (operation == NULL)
            fail_msg("%s %s is not described", admin_table.routes[i].method, admin_table.routes[i].path);
        /* Without a log-in exactly where the table says so. */
        assert_int_equal(json_object_get(operation, "security") != NULL, admin_table.routes[i].may == API_ANYBODY);
    }
    json_object_foreach((json_t *)(uintptr_t)paths, key, value) described += json_object_size(value);
    assert_int_equal(described, admin_table.routes_n);
    json_decref(description);
}

/* "For: planner, admin." says the same roles as the table. */
static void the_description_names_the_roles_of_each_route(void **state)
{
    (void)state;
    json_t *description = json_loads(admin_description, 0, NULL);
    const json_t *paths = json_object_get(description, "paths");
    for (size_t i = 0; i < admin_table.routes_n; i++) {
        const struct api_route *r = &admin_table.routes[i];
        if (r->may == API_ANYBODY)
            continue;
        const json_t *operation = json_object_get(find_described(paths, r->path), lower(r->method));
        const char *text = json_string_value(json_object_get(operation, "description"));
        assert_non_null(text);
        for (unsigned role = 0; admin_table.roles[role] != NULL; role++)
            assert_int_equal(strstr(text, admin_table.roles[role]) != NULL,
                             api_may(r, role));
    }
    json_decref(description);
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

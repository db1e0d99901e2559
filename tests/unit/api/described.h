/* Whether a table of routes and its OpenAPI description say the same; for any program's table. */
#ifndef TESTS_UNIT_API_DESCRIBED_H
#define TESTS_UNIT_API_DESCRIBED_H

#include <stdint.h>
#include <string.h>

#include "api/service.h"

/* The description's name of a route's path: "/api/v1/numbers/" is "/numbers/{...}". NULL when it is not described. */
static inline const json_t *find_described(const json_t *paths, const char *path)
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

static inline const char *lower(const char *method)
{
    return strcmp(method, "GET") == 0 ? "get" : strcmp(method, "POST") == 0 ? "post" : "delete";
}

static inline void check_description_has_each_route(const struct api_table *table)
{
    json_t *description = json_loads(table->description, JSON_REJECT_DUPLICATES, NULL), *value;
    const json_t *paths = json_object_get(description, "paths");
    const char *key;
    size_t described = 0;
    assert_true(json_is_object(paths));
    for (size_t i = 0; i < table->routes_n; i++) {
        const json_t *operation = json_object_get(find_described(paths, table->routes[i].path), lower(table->routes[i].method));
        if (operation == NULL)
            fail_msg("%s %s is not described", table->routes[i].method, table->routes[i].path);
        /* Without a log-in exactly where the table says so. */
        assert_int_equal(json_object_get(operation, "security") != NULL, table->routes[i].may == API_ANYBODY);
    }
    json_object_foreach((json_t *)(uintptr_t)paths, key, value) described += json_object_size(value);
    assert_int_equal(described, table->routes_n);
    json_decref(description);
}

/* "For: manager, admin." says the same roles as the table. */
static inline void check_description_names_the_roles(const struct api_table *table)
{
    json_t *description = json_loads(table->description, 0, NULL);
    const json_t *paths = json_object_get(description, "paths");
    for (size_t i = 0; i < table->routes_n; i++) {
        const struct api_route *r = &table->routes[i];
        if (r->may == API_ANYBODY)
            continue;
        const json_t *operation = json_object_get(find_described(paths, r->path), lower(r->method));
        const char *text = json_string_value(json_object_get(operation, "description"));
        assert_non_null(text);
        for (unsigned role = 0; table->roles[role] != NULL; role++)
            assert_int_equal(strstr(text, table->roles[role]) != NULL, api_may(r, role));
    }
    json_decref(description);
}

#endif

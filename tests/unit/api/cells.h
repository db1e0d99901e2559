/* Role x route, every cell; for any program's table. */
#ifndef TESTS_UNIT_API_CELLS_H
#define TESTS_UNIT_API_CELLS_H

#include <stdint.h>
#include <string.h>

#include "api/service.h"

enum { CELL_ROLES = 3 };

struct cell {
    const char *method, *path;
    bool may[CELL_ROLES]; /* by role, the weakest first */
};

static inline void check_cells(const struct api_table *table, const struct cell *cells, size_t n)
{
    assert_int_equal(table->routes_n, n);
    for (size_t i = 0; i < n; i++) {
        bool known;
        const struct api_route *route = api_find(table, cells[i].method, cells[i].path, &known);
        assert_non_null(route);
        for (unsigned role = 0; role < CELL_ROLES; role++)
            assert_int_equal(api_may(route, role), cells[i].may[role]);
    }
}

static inline void check_what_needs_no_log_in(const struct api_table *table)
{
    for (size_t i = 0; i < table->routes_n; i++) {
        const struct api_route *r = &table->routes[i];
        bool log_in = strcmp(r->path, "/api/v1/session") == 0 && strcmp(r->method, "POST") == 0;
        assert_int_equal(r->may == API_ANYBODY, log_in || strcmp(r->path, "/api/v1/openapi.json") == 0);
    }
}

/* `known`: there with another method. */
static inline void check_no_route(const struct api_table *table, const char *method, const char *path, bool known)
{
    bool found;
    assert_null(api_find(table, method, path, &found));
    assert_int_equal(found, known);
}

#endif

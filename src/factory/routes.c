#include <string.h>

#include "factory/admin.h"

const struct admin_route admin_routes[] = {
    { "POST", "/api/v1/session", MAY_ANYBODY, api_login },
    { "DELETE", "/api/v1/session", MAY_VIEW, api_logout },
    { "GET", "/api/v1/status", MAY_VIEW, api_status },
    { "POST", "/api/v1/plan", MAY_PLAN, api_plan_import },
    { "GET", "/api/v1/plan", MAY_VIEW, api_plan_list },
    { "DELETE", "/api/v1/plan", MAY_PLAN, api_plan_remove },
    { "GET", "/api/v1/models", MAY_VIEW, api_model_list },
    { "POST", "/api/v1/models", MAY_ADMINISTER, api_model_put },
    { "POST", "/api/v1/forget/", MAY_ADMINISTER, api_forget },
    { "GET", "/api/v1/stations", MAY_VIEW, api_station_list },
    { "POST", "/api/v1/stations", MAY_ADMINISTER, api_station_put },
    { "DELETE", "/api/v1/stations/", MAY_ADMINISTER, api_station_remove },
    { "GET", "/api/v1/operators", MAY_ADMINISTER, api_operator_list },
    { "POST", "/api/v1/operators", MAY_ADMINISTER, api_operator_put },
    { "POST", "/api/v1/requests", MAY_PLAN, api_request },
    { "GET", "/api/v1/requests", MAY_VIEW, api_request_open },
    { "GET", "/api/v1/numbers/", MAY_VIEW, api_number },
    { "GET", "/api/v1/labels/", MAY_VIEW, api_label },
    { "GET", "/api/v1/openapi.json", MAY_ANYBODY, api_openapi },
};
const size_t admin_routes_n = sizeof admin_routes / sizeof *admin_routes;

static const char *const roles[OPERATOR_ROLES] = {
    [OPERATOR_VIEWER] = "viewer",
    [OPERATOR_PLANNER] = "planner",
    [OPERATOR_ADMIN] = "admin",
};

const char *operator_role_name(enum operator_role role)
{
    return (unsigned)role < OPERATOR_ROLES ? roles[role] : "unknown";
}

enum err operator_role_parse(const char *name, enum operator_role *ret_role)
{
    for (unsigned i = 0; i < OPERATOR_ROLES; i++)
        if (strcmp(roles[i], name) == 0) {
            *ret_role = (enum operator_role)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

static bool path_fits(const char *pattern, const char *path)
{
    size_t n = strlen(pattern);
    if (pattern[n - 1] != '/')
        return strcmp(pattern, path) == 0;
    return strncmp(pattern, path, n) == 0 && path[n] != '\0' && strchr(path + n, '/') == NULL;
}

const struct admin_route *admin_find(const char *method, const char *path, bool *ret_known)
{
    *ret_known = false;
    for (size_t i = 0; i < admin_routes_n; i++) {
        if (!path_fits(admin_routes[i].path, path))
            continue;
        *ret_known = true;
        if (strcmp(admin_routes[i].method, method) == 0)
            return &admin_routes[i];
    }
    return NULL;
}

bool admin_may(const struct admin_route *route, enum operator_role role)
{
    return (route->may & (MAY_ANYBODY | 1u << (unsigned)role)) != 0;
}

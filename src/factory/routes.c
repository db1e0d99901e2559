#include "factory/admin.h"

static const struct api_route routes[] = {
    { "POST", "/api/v1/session", API_ANYBODY, api_login },
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
    { "POST", "/api/v1/releases/", MAY_ADMINISTER, api_station_release },
    { "POST", "/api/v1/reissues/", MAY_PLAN, api_reissue },
    { "POST", "/api/v1/keys", MAY_PLAN, api_key },
    { "GET", "/api/v1/numbers/", MAY_VIEW, api_number_show },
    { "GET", "/api/v1/labels/", MAY_VIEW, api_label },
    { "GET", "/api/v1/openapi.json", API_ANYBODY, api_description },
};

static const char *const roles[] = {
    [OPERATOR_VIEWER] = "viewer",
    [OPERATOR_PLANNER] = "planner",
    [OPERATOR_ADMIN] = "admin",
    NULL,
};

const char admin_description[] =
#include "openapi.inc"
    ;

const struct api_table admin_table = { routes, sizeof routes / sizeof *routes, roles, admin_description };

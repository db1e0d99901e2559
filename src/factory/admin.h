/* The administrators' JSON service: one table of routes with the roles that may use each (F-20). */
#ifndef FACTORY_ADMIN_H
#define FACTORY_ADMIN_H

#include "api/service.h"
#include "factory/factory.h"

enum operator_role { OPERATOR_VIEWER, OPERATOR_PLANNER, OPERATOR_ADMIN };
enum {
    MAY_VIEW = 1 << OPERATOR_VIEWER | 1 << OPERATOR_PLANNER | 1 << OPERATOR_ADMIN,
    MAY_PLAN = 1 << OPERATOR_PLANNER | 1 << OPERATOR_ADMIN,
    MAY_ADMINISTER = 1 << OPERATOR_ADMIN,
};
extern const struct api_table admin_table;

/* The service of a running factory server; its address is the context of api_service_handler. */
struct api_service admin_service(struct factory *factory);

static inline struct factory *admin_factory(const struct api_call *call)
{
    return call->service->context;
}

/* doc/openapi.json: what /api/v1 understands, for other people's programs; a NUL behind it. */
extern const char admin_description[];

/* What two people must want: the second one's name and password stand in the body, unless the settings ask for one
 * person only (then *ret_name is ""). Errors: NOT_ALLOWED, those of session_check. */
enum err admin_second_person(struct api_call *call, char ret_name[LIMIT_NAME + 1], struct why *why) MUST_CHECK;

api_handler api_status, api_plan_import, api_plan_list, api_model_list, api_model_put, api_forget, api_station_list,
    api_station_put, api_station_remove, api_request, api_request_open, api_number_show, api_label, api_plan_remove,
    api_key, api_reissue, api_station_release;

#endif

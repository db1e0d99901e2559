/* The administrators' JSON service: one table of routes with the roles that may use each (F-20). */
#ifndef FACTORY_ADMIN_H
#define FACTORY_ADMIN_H

#include <jansson.h>

#include "factory/factory.h"

enum operator_role { OPERATOR_VIEWER, OPERATOR_PLANNER, OPERATOR_ADMIN, OPERATOR_ROLES };
enum {
    MAY_VIEW = 1 << OPERATOR_VIEWER | 1 << OPERATOR_PLANNER | 1 << OPERATOR_ADMIN,
    MAY_PLAN = 1 << OPERATOR_PLANNER | 1 << OPERATOR_ADMIN,
    MAY_ADMINISTER = 1 << OPERATOR_ADMIN,
    MAY_ANYBODY = 1 << OPERATOR_ROLES, /* without a log-in */
};
const char *operator_role_name(enum operator_role role);
enum err operator_role_parse(const char *name, enum operator_role *ret_role) MUST_CHECK;

/* doc/openapi.json: what /api/v1 understands, for other people's programs; a NUL behind it. */
extern const char admin_openapi[];

struct admin_call {
    struct factory *factory;
    const char *rest, *query; /* behind the route's "/" and behind '?' */
    struct span body;
    json_t *json;             /* the body as a JSON object, where there is one; borrowed by the handler */
    const char *authorization; /* the header; NULL: none */
    struct stock_operator op;  /* who is logged in */
    char actor[LIMIT_NAME + 16];
    json_t *answer; /* set by the handler; owned by the call */
};
typedef enum err admin_handler(struct admin_call *call, struct why *why);

struct admin_route {
    const char *method, *path; /* a path that ends in '/' takes one more word: call->rest */
    unsigned may;              /* bits of operator roles */
    admin_handler *handler;
};
extern const struct admin_route admin_routes[];
extern const size_t admin_routes_n;

/* The route of a request; NULL: none. *ret_known: the path exists with another method. */
const struct admin_route *admin_find(const char *method, const char *path, bool *ret_known);
bool admin_may(const struct admin_route *route, enum operator_role role);

/* Text member of the body; fallback when absent (NULL: it must be there). Errors: BAD_INPUT. */
enum err admin_text(const struct admin_call *call, const char *name, const char *fallback, size_t size, char *ret_text,
                    struct why *why) MUST_CHECK;
/* Value of "name=" in the query, "" when absent. */
void admin_query(const struct admin_call *call, const char *name, size_t size, char *ret_text);
/* Begin, fn, audit entry, commit: what each changing handler does. */
enum err admin_commit(struct admin_call *call, enum err err, const char *event, const char *subject, const char *detail,
                      struct why *why) MUST_CHECK;

/* --- Passwords and sessions (session.c) --- */
enum { PASSWORD_MIN = 8, TOKEN_TEXT = 65 };
/* yescrypt by crypt(5). Errors: BAD_INPUT (too short), NO_MEMORY. */
enum err password_hash(const char *password, char ret_hash[128], struct why *why) MUST_CHECK;
bool password_right(const char *password, const char *hash);
/* Checks name and password with lock-out, saves the counters. Errors: NOT_AUTHENTICATED, LOCKED_OUT. */
enum err session_check(struct factory *factory, const char *name, const char *password, struct stock_operator *ret_op,
                       struct why *why) MUST_CHECK;
/* The operator of "Bearer TOKEN". Errors: NOT_AUTHENTICATED. */
enum err session_find(struct factory *factory, const char *authorization, struct stock_operator *ret_op,
                      struct why *why) MUST_CHECK;

admin_handler api_login, api_logout, api_status, api_plan_import, api_plan_list, api_model_list, api_model_put, api_forget,
    api_station_list, api_station_put, api_station_remove, api_operator_list, api_operator_put, api_request,
    api_request_open, api_number, api_label, api_plan_remove, api_openapi;

#endif

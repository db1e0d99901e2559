/* A program's JSON service for people: one table of routes with the roles that may use each, log-in with lock-out,
 * sessions, operators. The program gives its table, its roles, its database and its handlers. */
#ifndef API_SERVICE_H
#define API_SERVICE_H

#include <jansson.h>

#include "http/server.h"
#include "model/csv.h"
#include "store/audit.h"
#include "store/people.h"

struct api_service;

struct api_call {
    const struct api_service *service;
    const char *rest, *query; /* behind the route's "/" and behind '?' */
    struct span body;
    json_t *json;              /* the body as a JSON object, where there is one; borrowed by the handler */
    const char *authorization; /* the header; NULL: none */
    struct person op;          /* who is logged in */
    char actor[LIMIT_NAME + 16];
    json_t *answer; /* set by the handler; owned by the call */
};
typedef enum err api_handler(struct api_call *call, struct why *why);

/* Bits of roles: bit i is the program's role i. */
enum { API_ROLES_MAX = 8, API_ANYBODY = 1 << API_ROLES_MAX /* without a log-in */ };

struct api_route {
    const char *method, *path; /* a path that ends in '/' takes one more word: call->rest */
    unsigned may;              /* bits of roles */
    api_handler *handler;
};

struct api_table {
    const struct api_route *routes;
    size_t routes_n;
    const char *const *roles; /* names, the weakest first; ended by NULL. The last one administers operators. */
    const char *description;  /* OpenAPI, as JSON with a NUL behind it */
};

struct api_service {
    const struct api_table *table;
    struct people people;                                                               /* of the loop's thread */
    enum err (*audit)(struct db *db, const struct audit_entry *entry, struct why *why); /* inside a transaction */
    int64_t login_failures, lock_s, session_s;
    void *context;                                      /* the program's, for its handlers and the functions below */
    size_t (*most)(const char *path);                   /* body's ceiling in bytes; NULL: LIMIT_JSON for each path */
    enum err (*ready)(void *context);                   /* GET /readyz; NULL: always */
    enum err (*metrics)(void *context, struct buf *to); /* GET /metrics; NULL: none */
};

/* Its context is the struct api_service. */
extern const struct http_handler api_service_handler;

/* The route of a request; NULL: none. *ret_known: the path exists with another method. */
const struct api_route *api_find(const struct api_table *table, const char *method, const char *path, bool *ret_known);
bool api_may(const struct api_route *route, unsigned role);
/* Errors: NOT_FOUND. */
enum err api_role_parse(const struct api_table *table, const char *name, unsigned *ret_role) MUST_CHECK;

/* --- For handlers --- */

/* Text member of the body; fallback when absent (NULL: it must be there). Errors: BAD_INPUT. */
enum err api_text(const struct api_call *call, const char *name, const char *fallback, size_t size, char *ret_text,
                  struct why *why) MUST_CHECK;
/* Value of "name=" in the query, percent-decoded, "" when absent. */
void api_query(const struct api_call *call, const char *name, size_t size, char *ret_text);
/* Ends what a changing handler began with db_begin: with an entry of the audit trail when `err` is OK. Returns the
 * first error; then nothing was changed. */
enum err api_commit(struct api_call *call, enum err err, const char *event, const char *subject, const char *detail,
                    struct why *why) MUST_CHECK;

/* Takes `row` over into the array. Errors: NO_MEMORY, also when row is NULL. */
enum err api_push(json_t *rows, json_t *row) MUST_CHECK;
/* Whole number of the body; `fallback` when absent. Errors: BAD_INPUT. */
enum err api_integer(const struct api_call *call, const char *name, int64_t fallback, int64_t least, int64_t most, int64_t *ret_value,
                     struct why *why) MUST_CHECK;
/* {"mistakes": [{"line", "column", "reason"}], "more"}, for the answer of a handler that refuses a file. */
json_t *api_mistakes(const struct csv_mistakes *mistakes);

/* What each table has: log-in, log-out, operators, the description. */
api_handler api_login, api_logout, api_operator_list, api_operator_put, api_description;

#endif

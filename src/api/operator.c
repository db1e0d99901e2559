/* Operators: accounts with roles (F-20). */
#include <stdio.h>

#include "api/session.h"
#include "base/clock.h"

static enum err add_operator(void *context, const struct person *o)
{
    json_t *row = json_pack("{s:s,s:s,s:b,s:b}", "name", o->name, "role", o->role, "disabled", o->disabled, "locked",
                            o->locked_until_s > clock_wall_s());
    return row == NULL || json_array_append_new(context, row) != 0 ? ERR_NO_MEMORY : OK;
}

enum err api_operator_list(struct api_call *call, struct why *why)
{
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return people_each(&call->service->people, add_operator, rows, why);
}

/* "viewer, planner or admin" */
static const char *list_roles(const struct api_table *table, size_t size, char *to)
{
    size_t n = 0;
    to[0] = '\0';
    for (size_t i = 0; table->roles[i] != NULL && n < size; i++)
        n += (size_t)snprintf(to + n, size - n, "%s%s",
                              i == 0                        ? ""
                              : table->roles[i + 1] == NULL ? " or "
                                                            : ", ",
                              table->roles[i]);
    return to;
}

static enum err read_operator(struct api_call *call, struct person *op, bool known, struct why *why)
{
    char password[PASSWORD_SIZE];
    unsigned role;
    char roles[API_ROLES_MAX * sizeof op->role];
    enum err err = api_text(call, "role", known ? op->role : "", sizeof op->role, op->role, why);
    if (err == OK && op->role[0] == '\0')
        err = why_set(why, ERR_BAD_INPUT, "what the operator may do has to be said: --role %s",
                      list_roles(call->service->table, sizeof roles, roles));
    else if (err == OK && api_role_parse(call->service->table, op->role, &role) != OK)
        err = why_set(why, ERR_BAD_INPUT, "\"%s\" is not a role: %s is needed", op->role,
                      list_roles(call->service->table, sizeof roles, roles));
    if (err == OK)
        err = api_text(call, "password", known ? "" : NULL, sizeof password, password, why);
    if (err == OK && password[0] != '\0')
        err = password_hash(password, op->hash, why);
    secret_wipe(password, sizeof password);
    json_t *disabled = json_object_get(call->json, "disabled");
    if (disabled != NULL)
        op->disabled = json_is_true(disabled);
    op->failures = op->locked_until_s = 0;
    return err;
}

/* New or changed; a change ends the operator's sessions. */
enum err api_operator_put(struct api_call *call, struct why *why)
{
    const struct people *people = &call->service->people;
    struct person op = { .hash = "" };
    char name[LIMIT_NAME + 1];
    enum err err = api_text(call, "name", NULL, sizeof name, name, why);
    if (err != OK)
        return err;
    bool known = people_get(people, name, &op, NULL) == OK;
    memcpy(op.name, name, sizeof op.name);
    err = name[0] == '\0' ? ERR_BAD_INPUT : read_operator(call, &op, known, why);
    if (err == OK && op.disabled && strcmp(name, call->op.name) == 0)
        err = why_set(why, ERR_CONFLICT, "nobody disables the own account");
    if (err == OK)
        err = db_begin(people->db, why);
    if (err == OK)
        err = people_put(people, &op, why);
    if (err == OK && known)
        err = people_session_end(people, op.name, clock_wall_s(), why);
    call->answer = json_pack("{s:s,s:s,s:b}", "name", op.name, "role", op.role, "disabled", op.disabled);
    return api_commit(call, err, "operator", name, op.disabled ? "disabled=yes" : op.role, why);
}

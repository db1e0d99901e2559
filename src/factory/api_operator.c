/* Operators: accounts with roles (F-20). */
#include <stdio.h>

#include "base/clock.h"
#include "factory/admin.h"

static enum err add_operator(void *context, const struct stock_operator *o)
{
    json_t *row = json_pack("{s:s,s:s,s:b,s:b}", "name", o->name, "role", o->role, "disabled", o->disabled, "locked",
                            o->locked_until_s > clock_wall_s());
    return row == NULL || json_array_append_new(context, row) != 0 ? ERR_NO_MEMORY : OK;
}

enum err api_operator_list(struct admin_call *call, struct why *why)
{
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return stock_operator_each(call->factory->db, add_operator, rows, why);
}

static enum err read_operator(struct admin_call *call, struct stock_operator *op, bool known, struct why *why)
{
    char password[256];
    enum operator_role role;
    enum err err = admin_text(call, "role", known ? op->role : NULL, sizeof op->role, op->role, why);
    if (err == OK && operator_role_parse(op->role, &role) != OK)
        err = why_set(why, ERR_BAD_INPUT, "\"%s\" is not a role: admin, planner or viewer", op->role);
    if (err == OK)
        err = admin_text(call, "password", known ? "" : NULL, sizeof password, password, why);
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
enum err api_operator_put(struct admin_call *call, struct why *why)
{
    struct db *db = call->factory->db;
    struct stock_operator op = { .hash = "" };
    char name[LIMIT_NAME + 1];
    enum err err = admin_text(call, "name", NULL, sizeof name, name, why);
    if (err != OK)
        return err;
    bool known = stock_operator_get(db, name, &op, NULL) == OK;
    memcpy(op.name, name, sizeof op.name);
    err = name[0] == '\0' ? ERR_BAD_INPUT : read_operator(call, &op, known, why);
    if (err == OK && op.disabled && strcmp(name, call->op.name) == 0)
        err = why_set(why, ERR_CONFLICT, "nobody disables the own account");
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = stock_operator_put(db, &op, why);
    if (err == OK && known)
        err = stock_session_end(db, op.name, clock_wall_s(), why);
    call->answer = json_pack("{s:s,s:s,s:b}", "name", op.name, "role", op.role, "disabled", op.disabled);
    return admin_commit(call, err, "operator", name, op.disabled ? "disabled=yes" : op.role, why);
}

#include "factory/plan_import.h"

#include "base/clock.h"

static enum err add_rows(struct db *db, const struct plan *plan, struct plan_result *result, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < plan->rows_n; i++) {
        result->rows++;
        if (plan->rows[i].known) {
            result->known++;
            continue;
        }
        err = stock_plan_add(db, &plan->rows[i], clock_wall_s(), why);
        result->devices += plan->rows[i].quantity;
    }
    return err;
}

static enum err import_rows(struct db *db, const char *actor, struct plan *plan, struct plan_result *result, struct why *why)
{
    struct stock_known known;
    enum err err = stock_plan_known(db, &known, why);
    if (err != OK)
        return err;
    err = plan_check(plan, &known.known, why);
    if (err == OK)
        err = add_rows(db, plan, result, why);
    if (err == OK)
        err = factory_note(db, actor, "plan", "import", why, "rows=%zu known=%zu devices=%lld", result->rows, result->known,
                           (long long)result->devices);
    stock_known_done(&known);
    return err;
}

enum err plan_import(struct db *db, const char *actor, struct span csv, bool dry_run, struct plan *plan,
                     struct plan_result *ret_result, struct why *why)
{
    struct plan_result result = { 0 };
    enum err err = plan_parse(csv, plan, why);
    if (err == ERR_BAD_INPUT && plan->mistakes.n > 0)
        err = OK; /* what is wrong with the rows that could be read is told with it */
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = import_rows(db, actor, plan, &result, why);
    if (err == OK && !dry_run)
        err = db_commit(db, why);
    db_rollback(db);
    if (err == OK)
        *ret_result = result;
    return err;
}

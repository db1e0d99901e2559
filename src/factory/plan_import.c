#include "factory/plan_import.h"

#include "base/clock.h"

static enum err add_rows(struct db *db, const struct plan *plan, struct plan_result *result, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < plan->rows_n; i++) {
        result->rows++;
        result->known += plan->rows[i].known;
        result->past += plan->rows[i].past;
        if (plan->rows[i].known || plan->rows[i].past)
            continue;
        err = stock_plan_add(db, &plan->rows[i], clock_wall_s(), why);
        result->devices += plan->rows[i].quantity;
    }
    return err;
}

static enum err import_rows(struct db *db, const struct plan_file *file, struct plan *plan, struct plan_result *result, struct why *why)
{
    struct stock_known known;
    enum err err = stock_plan_known(db, &known, why);
    if (err != OK)
        return err;
    known.known.oldest = clock_day_add(clock_local_day(clock_wall_s()), -file->days_late);
    known.known.leave_out_past = file->leave_out_past;
    err = plan_check(plan, &known.known, why);
    if (err == OK)
        err = add_rows(db, plan, result, why);
    if (err == OK)
        err = factory_note(db, file->actor, "plan", "import", why, "rows=%zu known=%zu past=%zu devices=%lld", result->rows, result->known,
                           result->past, (long long)result->devices);
    stock_known_done(&known);
    return err;
}

enum err plan_import(struct db *db, const struct plan_file *file, struct plan *plan, struct plan_result *ret_result, struct why *why)
{
    struct plan_result result = { 0 };
    enum err err = plan_parse(file->csv, plan, why);
    if (err == ERR_BAD_INPUT && plan->mistakes.n > 0)
        err = OK; /* what is wrong with the rows that could be read is told with it */
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = import_rows(db, file, plan, &result, why);
    if (err == OK && !file->dry_run)
        err = db_commit(db, why);
    db_rollback(db);
    if (err == OK)
        *ret_result = result;
    return err;
}

#include "store/stock_schema.h"

struct account_call {
    stock_account_fn *fn;
    void *context;
};

static enum err pass_account(void *context, const struct db_row *row)
{
    struct account_call *call = context;
    struct stock_account a = {
        .issued = db_row_int(row, 1),
        .written = db_row_int(row, 2),
        .on_hand = db_row_int(row, 3),
        .voided = db_row_int(row, 4),
        .superseded = db_row_int(row, 5),
    };
    db_row_copy(row, 0, sizeof a.order, a.order);
    return call->fn(call->context, &a);
}

enum err stock_account_each(struct db *db, stock_account_fn *fn, void *context, struct why *why)
{
    struct account_call call = { fn, context };
    return db_query(db, ASK_ACCOUNT_EACH, DB_NO_ARGS, pass_account, &call, why);
}

struct check_row {
    unsigned statement;
    const char *sentence;
};

/* What the constraints should have made impossible, and what a person should look at. */
static const struct check_row checks[] = {
    { ASK_CHECK_TWO_LIVE, "has two live identities" },
    { ASK_CHECK_PACK_GONE, "its pack is gone though nobody proved to have it" },
    { ASK_CHECK_PACK_KEPT, "its pack is kept though it has no further use" },
    { ASK_CHECK_WRITTEN, "the write-completion flag contradicts its state" },
    { ASK_CHECK_CLAIM, "is claimed by nobody" },
    { ASK_CHECK_REQUEST, "is asked for under a request that does not exist" },
    { ASK_CHECK_FAILED, "failed, and the CA will not be told" },
    { ASK_CHECK_REFUSED, "the CA refused what was reported about it" },
    { ASK_CHECK_PLAN, "of this model the plan and the identities differ in number" },
};

struct fault_call {
    stock_fault_fn *fn;
    void *context;
    const char *sentence;
};

static enum err pass_fault(void *context, const struct db_row *row)
{
    struct fault_call *call = context;
    return call->fn(call->context, db_row_text(row, 0), call->sentence);
}

enum err stock_check(struct db *db, stock_fault_fn *fn, void *context, struct why *why)
{
    enum err err = db_check(db, why);
    for (size_t i = 0; err == OK && i < sizeof checks / sizeof *checks; i++) {
        struct fault_call call = { fn, context, checks[i].sentence };
        err = db_query(db, checks[i].statement, DB_NO_ARGS, pass_fault, &call, why);
    }
    return err;
}

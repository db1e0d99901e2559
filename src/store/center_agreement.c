#include "store/center_schema.h"

enum err center_agreement_add(struct db *db, const char *number, int64_t from_s, int64_t until_s, struct why *why)
{
    int64_t overlap = 0;
    enum err err = center_there(db, ASK_DEVICE_THERE, "device", number, why);
    if (err == OK && until_s != 0 && until_s <= from_s)
        err = why_set(why, ERR_BAD_INPUT, "the agreement would end before it begins");
    if (err == OK)
        err = db_first_int(db, ASK_AGREEMENT_OVERLAP, DB_ARGS(db_text(number), db_int(from_s), db_int(until_s)), &overlap, why);
    if (err == OK && overlap > 0)
        err = why_set(why, ERR_CONFLICT, "%s is under an agreement for that time already: end it first", number);
    return err != OK ? err : db_run(db, ASK_AGREEMENT_ADD, DB_ARGS(db_text(number), db_int(from_s), db_int(until_s)), why);
}

struct current {
    int64_t id;
    enum agreement_state state;
};

static enum err take_current(void *context, const struct db_row *row)
{
    struct current *c = context;
    c->id = db_row_int(row, 0);
    return agreement_state_parse(db_row_text(row, 1), &c->state) == OK ? OK : ERR_DAMAGED;
}

static bool may_become(enum agreement_state was, enum agreement_state becomes)
{
    switch (becomes) {
    case AGREEMENT_ACTIVE: return was == AGREEMENT_SUSPENDED;
    case AGREEMENT_SUSPENDED: return was == AGREEMENT_ACTIVE;
    case AGREEMENT_ENDED: return was == AGREEMENT_ACTIVE || was == AGREEMENT_SUSPENDED;
    case AGREEMENT_NONE:
    case AGREEMENT_STATE_COUNT: break;
    }
    return false;
}

enum err center_agreement_set(struct db *db, const char *number, enum agreement_state state, int64_t now_s, struct why *why)
{
    struct current current = { 0 };
    enum err err =
        center_one(db, ASK_AGREEMENT_CURRENT, DB_ARGS(db_text(number), db_int(now_s)), take_current, &current, number, why);
    if (err == ERR_NOT_FOUND)
        return why_set(why, ERR_NOT_FOUND, "%s has no agreement", number);
    if (err == OK && !may_become(current.state, state))
        err = why_set(why, ERR_CONFLICT, "the agreement of %s is %s: it cannot become %s", number,
                      agreement_state_name(current.state), agreement_state_name(state));
    return err != OK ? err
                     : db_run(db, ASK_AGREEMENT_SET,
                              DB_ARGS(db_int(current.id), db_text(agreement_state_name(state)), db_int(now_s)), why);
}

enum err center_agreement_within(struct db *db, const char *number, int64_t from_s, int64_t until_s, bool *ret_within,
                                 struct why *why)
{
    int64_t n = 0;
    enum err err = db_first_int(db, ASK_AGREEMENT_WITHIN, DB_ARGS(db_text(number), db_int(from_s), db_int(until_s)), &n, why);
    if (err == OK)
        *ret_within = n > 0;
    return err;
}

struct listing {
    center_agreement_fn *fn;
    void *context;
};

static enum err pass_agreement(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct agreement a = { .from_s = db_row_int(row, 2), .until_s = db_row_int(row, 3) };
    if (agreement_state_parse(db_row_text(row, 1), &a.state) != OK)
        return ERR_DAMAGED;
    return l->fn(l->context, db_row_text(row, 0), &a);
}

enum err center_agreement_list(struct db *db, const char *number, center_agreement_fn *fn, void *context, struct why *why)
{
    struct listing l = { fn, context };
    if (number == NULL)
        return db_query(db, ASK_AGREEMENT_EACH, DB_NO_ARGS, pass_agreement, &l, why);
    return db_query(db, ASK_AGREEMENT_EACH_NUMBER, DB_ARGS(db_text(number)), pass_agreement, &l, why);
}

#include "store/center_page.h"
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
    struct center_page page;
};

static enum err read_agreement(const struct db_row *row, struct agreement *ret)
{
    *ret = (struct agreement){ .from_s = db_row_int(row, 2), .until_s = db_row_int(row, 3) };
    return agreement_state_parse(db_row_text(row, 1), &ret->state) == OK ? OK : ERR_DAMAGED;
}

static enum err pass_agreement(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct agreement a;
    enum err err = read_agreement(row, &a);
    return err == OK ? l->fn(l->context, db_row_text(row, 0), &a) : err;
}

enum err center_agreement_list(struct db *db, const char *number, center_agreement_fn *fn, void *context, struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    if (number == NULL)
        return db_query(db, ASK_AGREEMENT_EACH, DB_NO_ARGS, pass_agreement, &l, why);
    return db_query(db, ASK_AGREEMENT_EACH_NUMBER, DB_ARGS(db_text(number)), pass_agreement, &l, why);
}

/* --- In pages --- */

static enum err page_agreement(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct agreement a;
    enum err err = read_agreement(row, &a);
    if (err != OK)
        return err;
    const struct center_page_row r = { .key = db_row_int(row, 4), .from_s = a.from_s, .until_s = a.until_s, .customer = db_row_text(row, 5),
                                       .site = db_row_text(row, 6),
                                       .kind = agreement_state_name(agreement_now(&a, l->page.filter->now_s)) };
    return center_page_shows(&l->page, &r) ? l->fn(l->context, db_row_text(row, 0), &a) : OK;
}

static enum err take_number(void *context, const struct db_row *row)
{
    db_row_copy(row, 0, LIMIT_NUMBER_TEXT + 1, context);
    return OK;
}

enum err center_agreement_page(struct db *db, const struct center_filter *f, center_agreement_fn *fn, void *context, int64_t *ret_next,
                               struct why *why)
{
    struct listing l = { fn, context, center_page_begin(f, false) };
    char after[LIMIT_NUMBER_TEXT + 1] = "";
    enum err err = f->after == 0 ? OK : db_first(db, ASK_AGREEMENT_NUMBER, DB_ARGS(db_int(f->after)), take_number, after, why);
    if (err == ERR_NOT_FOUND)
        err = center_page_lost(f, why);
    if (err == OK)
        err = db_query(db, f->number == NULL ? ASK_AGREEMENT_PAGE : ASK_AGREEMENT_PAGE_NUMBER,
                       DB_ARGS(db_text(f->number == NULL ? after : f->number), db_int(f->after), db_int(l.page.limit)), page_agreement, &l,
                       why);
    *ret_next = center_page_next(&l.page);
    return err;
}

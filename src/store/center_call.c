#include "store/center_page.h"
#include "store/center_schema.h"

static enum err add_row(struct db *db, const struct center_call *c, bool *ret_new, struct why *why)
{
    enum err err = db_run(db, ASK_CALL_ADD,
                          DB_ARGS(db_text(c->id), db_text(c->number.text), db_int(c->down), db_text(c->operation),
                                  db_text(call_state_name(c->state)), db_int(c->accepted_s), db_int(c->limit_s), db_int(c->due_s),
                                  db_text(c->actor), db_blob(c->envelope), c->answer.n == 0 ? db_null() : db_blob(c->answer),
                                  db_text(c->reason)),
                          why);
    if (err == OK)
        *ret_new = db_changes(db) == 1;
    return err;
}

enum err center_call_room(struct db *db, const char *number, bool down, struct why *why)
{
    int64_t n = 0, untold = 0;
    enum err err = db_first_int(db, ASK_CALL_COUNT, DB_ARGS(db_text(number), db_int(down)), &n, why);
    if (err == OK && !down)
        err = db_first_int(db, ASK_CALL_COUNT_UP, DB_ARGS(db_text(number)), &untold, why);
    n += untold;
    return err == OK && n >= LIMIT_CALLS_WAITING ? why_set(why, ERR_BUSY, "%lld calls wait for %s already", (long long)n, number) : err;
}

enum err center_call_add(struct db *db, const struct center_call *c, bool *ret_new, struct why *why)
{
    enum err err = center_call_room(db, c->number.text, c->down, why);
    if (err == OK)
        return add_row(db, c, ret_new, why);
    if (err != ERR_BUSY || center_one(db, ASK_CALL_GET, DB_ARGS(db_text(c->id)), NULL, NULL, c->id, NULL) != OK)
        return err;
    *ret_new = false;
    return OK;
}

enum err center_call_put(struct db *db, const struct center_call *c, struct why *why)
{
    bool fresh;
    return add_row(db, c, &fresh, why);
}

enum err center_call_lately(struct db *db, const char *number, const char *operation, int64_t since_s, int64_t most, bool *ret_reached,
                            struct why *why)
{
    int64_t n = 0;
    enum err err =
        db_first_int(db, ASK_CALL_LATELY, DB_ARGS(db_text(number), db_text(operation), db_int(since_s), db_int(most)), &n, why);
    if (err == OK)
        *ret_reached = n >= most;
    return err;
}

struct listing {
    center_call_fn *fn;
    void *context;
};

static enum err pass_call(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct center_call c = { .down = db_row_int(row, 2) != 0,
                             .accepted_s = db_row_int(row, 5),
                             .limit_s = db_row_int(row, 6),
                             .due_s = db_row_int(row, 7),
                             .envelope = db_row_blob(row, 9),
                             .answer = db_row_blob(row, 10) };
    db_row_copy(row, 0, sizeof c.id, c.id);
    db_row_copy(row, 1, sizeof c.number.text, c.number.text);
    db_row_copy(row, 3, sizeof c.operation, c.operation);
    db_row_copy(row, 8, sizeof c.actor, c.actor);
    db_row_copy(row, 11, sizeof c.reason, c.reason);
    if (call_state_parse(db_row_text(row, 4), &c.state) != OK)
        return ERR_DAMAGED;
    return l->fn(l->context, &c);
}

enum err center_call_find(struct db *db, const char *id, center_call_fn *fn, void *context, struct why *why)
{
    struct listing l = { fn, context };
    return center_one(db, ASK_CALL_GET, DB_ARGS(db_text(id)), pass_call, &l, id, why);
}

enum err center_call_waiting(struct db *db, const char *number, bool down, int64_t most, center_call_fn *fn, void *context,
                             struct why *why)
{
    struct listing l = { fn, context };
    return db_query(db, down ? ASK_CALL_DOWN : ASK_CALL_UP, DB_ARGS(db_text(number), db_int(most)), pass_call, &l, why);
}

struct numbers {
    center_number_fn *fn;
    void *context;
};

static enum err pass_number(void *context, const struct db_row *row)
{
    struct numbers *n = context;
    return n->fn(n->context, db_row_text(row, 0));
}

enum err center_call_below(struct db *db, const char *gateway, int64_t most, center_number_fn *fn, void *context, struct why *why)
{
    struct numbers n = { fn, context };
    return db_query(db, ASK_CALL_BELOW, DB_ARGS(db_text(gateway), db_int(most)), pass_number, &n, why);
}

enum err center_call_unanswered(struct db *db, int64_t most, center_call_fn *fn, void *context, struct why *why)
{
    struct listing l = { fn, context };
    return db_query(db, ASK_CALL_UP_OPEN, DB_ARGS(db_int(most)), pass_call, &l, why);
}

static enum err take_state(void *context, const struct center_call *c)
{
    *(enum call_state *)context = c->state;
    return OK;
}

enum err center_call_move(struct db *db, const char *id, enum call_event event, int64_t due_s, struct span answer,
                          const char *reason, enum call_state *ret_state, struct why *why)
{
    enum call_state was = CALL_WAITING, becomes = CALL_WAITING;
    enum err err = center_call_find(db, id, take_state, &was, why);
    if (err == OK)
        err = call_next(was, event, &becomes, why);
    bool later = was == CALL_DELAYED && becomes == CALL_DELAYED && event == CALL_EVENT_DELAY;
    if (err == OK && (becomes != was || later))
        err = db_run(db, ASK_CALL_MOVE,
                     DB_ARGS(db_text(id), db_text(call_state_name(becomes)), db_int(due_s),
                             answer.n == 0 ? db_null() : db_blob(answer), db_text(reason)),
                     why);
    if (err == OK && becomes != was)
        err = db_run(db, ASK_CALL_UNSETTLE, DB_ARGS(db_text(id)), why);
    if (err == OK)
        *ret_state = becomes;
    return err;
}

enum err center_call_settle(struct db *db, const char *id, struct why *why)
{
    return db_run(db, ASK_CALL_SETTLE, DB_ARGS(db_text(id)), why);
}

enum err center_call_tell_again(struct db *db, const char *id, struct why *why)
{
    return db_run(db, ASK_CALL_TELL_AGAIN, DB_ARGS(db_text(id)), why);
}

enum err center_call_expire(struct db *db, int64_t now_s, int64_t *ret_n, int64_t *ret_next_s, struct why *why)
{
    int64_t n = 0, next = 0;
    enum err err = db_first_int(db, ASK_CALL_NEXT_LIMIT, DB_NO_ARGS, &next, why);
    if (err == OK && next != 0 && next <= now_s) {
        err = db_run(db, ASK_CALL_EXPIRE, DB_ARGS(db_int(now_s)), why);
        n = db_changes(db);
        if (err == OK)
            err = db_first_int(db, ASK_CALL_NEXT_LIMIT, DB_NO_ARGS, &next, why);
    }
    if (err == OK) {
        *ret_n = n;
        *ret_next_s = next;
    }
    return err;
}

enum err center_call_due(struct db *db, const char *operation, int64_t now_s, int64_t most, center_call_fn *fn, void *context,
                         struct why *why)
{
    struct listing l = { fn, context };
    return db_query(db, ASK_CALL_DUE, DB_ARGS(db_int(now_s), db_text(operation), db_int(most)), pass_call, &l, why);
}

enum err center_call_prolong(struct db *db, const char *id, int64_t limit_s, struct why *why)
{
    return db_run(db, ASK_CALL_PROLONG, DB_ARGS(db_text(id), db_int(limit_s)), why);
}

enum err center_call_open(struct db *db, const char *number, const char *operation, int64_t most, center_call_fn *fn, void *context,
                          struct why *why)
{
    struct listing l = { fn, context };
    return db_query(db, ASK_CALL_OPEN, DB_ARGS(db_text(number), db_text(operation), db_int(most)), pass_call, &l, why);
}

enum err center_call_forget(struct db *db, int64_t before_s, int64_t most, int64_t *ret_n, struct why *why)
{
    enum err err = db_run(db, ASK_CALL_FORGET, DB_ARGS(db_int(before_s), db_int(most)), why);
    if (err == OK)
        *ret_n = db_changes(db);
    return err;
}

/* --- The list --- */

struct paging {
    struct listing listing;
    struct center_page page;
};

static enum err page_call(void *context, const struct db_row *row)
{
    struct paging *p = context;
    enum call_state state;
    if (call_state_parse(db_row_text(row, 4), &state) != OK)
        return ERR_DAMAGED;
    const struct center_page_row r = { .key = db_row_int(row, 12), .from_s = db_row_int(row, 5), .until_s = db_row_int(row, 5) + 1,
                                       .kind = db_row_text(row, 4), .customer = db_row_text(row, 13), .site = db_row_text(row, 14),
                                       .closed = call_is_over(state) };
    return center_page_shows(&p->page, &r) ? pass_call(&p->listing, row) : OK;
}

enum err center_call_page(struct db *db, const struct center_filter *f, center_call_fn *fn, void *context, int64_t *ret_next, struct why *why)
{
    const struct center_pages of = { ASK_CALL_PAGE, f->number == NULL ? ASK_CALL_PAGE_OPEN : ASK_CALL_PAGE_NUMBER, ASK_CALL_ACCEPTED };
    struct paging p = { { fn, context }, center_page_begin(f, f->number == NULL && !f->open) };
    enum err err = center_page_ask(db, &of, &p.page, page_call, &p, why);
    *ret_next = center_page_next(&p.page);
    return err;
}

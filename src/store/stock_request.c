#include "store/stock_schema.h"

enum err stock_request_add(struct db *db, const struct stock_request *r, struct why *why)
{
    return db_run(db, ASK_REQUEST_ADD, DB_ARGS(db_text(r->id), db_int(r->direct), db_int(r->made_s), db_int(r->state)), why);
}

enum err stock_request_drop(struct db *db, const char *id, struct why *why)
{
    return db_run(db, ASK_REQUEST_DROP, DB_ARGS(db_text(id)), why);
}

enum err stock_request_find(struct db *db, const char *id, int64_t *ret_place, struct why *why)
{
    int64_t place = 0; /* none has 0 */
    enum err err = db_first_int(db, ASK_REQUEST_FIND, DB_ARGS(db_text(id)), &place, why);
    if (err == OK && place == 0)
        return why_set(why, ERR_NOT_FOUND, "the request %s is not in the factory's database", id);
    if (err == OK)
        *ret_place = place;
    return err;
}

enum err stock_request_set(struct db *db, const char *id, enum stock_request_state state, const char *reason, struct why *why)
{
    return db_run(db, ASK_REQUEST_SET, DB_ARGS(db_text(id), db_int((int64_t)state), db_text(reason)), why);
}

struct request_call {
    stock_request_fn *fn;
    void *context;
};

static enum err pass_request(void *context, const struct db_row *row)
{
    struct request_call *call = context;
    struct stock_request r = { .direct = db_row_int(row, 1) != 0, .made_s = db_row_int(row, 2), .state = db_row_int(row, 3) };
    db_row_copy(row, 0, sizeof r.id, r.id);
    db_row_copy(row, 4, sizeof r.reason, r.reason);
    return call->fn(call->context, &r);
}

enum err stock_request_each(struct db *db, enum stock_request_state state, stock_request_fn *fn, void *context, struct why *why)
{
    struct request_call call = { fn, context };
    return db_query(db, ASK_REQUEST_EACH, DB_ARGS(db_int((int64_t)state)), pass_request, &call, why);
}

enum err stock_request_take(struct db *db, const char *id, int32_t from, int32_t to, int64_t most, int64_t *ret_n,
                            struct why *why)
{
    enum err err = db_run(db, ASK_REQUEST_TAKE, DB_ARGS(db_text(id), db_int(from), db_int(to), db_int(most)), why);
    if (err == OK)
        *ret_n = db_changes(db);
    return err;
}

struct number_call {
    stock_number_fn *fn;
    void *context;
};

static enum err pass_number(void *context, const struct db_row *row)
{
    struct number_call *call = context;
    return call->fn(call->context, db_row_int(row, 0), db_row_text(row, 1));
}

enum err stock_request_numbers(struct db *db, const char *id, int64_t after, int64_t most, stock_number_fn *fn, void *context,
                               struct why *why)
{
    struct number_call call = { fn, context };
    return db_query(db, ASK_REQUEST_NUMBERS, DB_ARGS(db_text(id), db_int(after), db_int(most)), pass_number, &call, why);
}

enum err stock_request_missing(struct db *db, const char *id, int64_t *ret_n, struct why *why)
{
    return db_first_int(db, ASK_REQUEST_MISSING, DB_ARGS(db_text(id)), ret_n, why);
}

enum err stock_request_move(struct db *db, const char *id, const char *to, struct why *why)
{
    return db_run(db, ASK_REQUEST_MOVE, DB_ARGS(db_text(id), db_text(to)), why);
}

enum err stock_request_release(struct db *db, const char *id, struct why *why)
{
    return db_run(db, ASK_REQUEST_RELEASE, DB_ARGS(db_text(id)), why);
}

enum err stock_outcome_add(struct db *db, const struct stock_outcome *o, struct why *why)
{
    return db_run(db, ASK_OUTCOME_ADD,
                  DB_ARGS(db_text(o->number.text), db_int(o->generation), db_blob(span_of(o->fingerprint, IDENTITY_FINGERPRINT)),
                          db_text(o->outcome), db_text(o->reason)),
                  why);
}

struct outcome_call {
    stock_outcome_fn *fn;
    void *context;
};

static enum err pass_outcome(void *context, const struct db_row *row)
{
    struct outcome_call *call = context;
    struct stock_outcome o = { .id = db_row_int(row, 0), .generation = db_row_int(row, 2) };
    struct span fingerprint = db_row_blob(row, 3);
    if (fingerprint.n != sizeof o.fingerprint)
        return ERR_DAMAGED;
    memcpy(o.fingerprint, fingerprint.at, sizeof o.fingerprint);
    db_row_copy(row, 1, sizeof o.number.text, o.number.text);
    db_row_copy(row, 4, sizeof o.outcome, o.outcome);
    db_row_copy(row, 5, sizeof o.reason, o.reason);
    db_row_copy(row, 6, sizeof o.refused, o.refused);
    return call->fn(call->context, &o);
}

enum err stock_outcome_each(struct db *db, int64_t most, stock_outcome_fn *fn, void *context, struct why *why)
{
    struct outcome_call call = { fn, context };
    return db_query(db, ASK_OUTCOME_EACH, DB_ARGS(db_int(most)), pass_outcome, &call, why);
}

enum err stock_outcome_done(struct db *db, int64_t id, struct why *why)
{
    return db_run(db, ASK_OUTCOME_DONE, DB_ARGS(db_int(id)), why);
}

enum err stock_outcome_refused(struct db *db, int64_t id, const char *why_not, struct why *why)
{
    return db_run(db, ASK_OUTCOME_REFUSED, DB_ARGS(db_int(id), db_text(why_not)), why);
}

/* A request's id is long, and stood in each row of its numbers and in their index; now its place does. */
const char stock_request_migration[] =
    "CREATE TABLE request_row (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, direct INTEGER NOT NULL,"
    " made INTEGER NOT NULL, state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), reason TEXT NOT NULL DEFAULT '') STRICT;"
    "INSERT INTO request_row (id, direct, made, state, reason) SELECT id, direct, made, state, reason FROM request ORDER BY made, id;"
    "DROP TABLE request;"
    "ALTER TABLE request_row RENAME TO request;"
    "CREATE INDEX request_state ON request (state, made);"
#define REQUEST "INTEGER"
#define COPY \
    "SELECT id, number, generation, model, day, state, live, order_id," \
    " (SELECT r.place FROM request r WHERE r.id = identity.request), pack, fingerprint, direct, created, written, station," \
    " board, lease_until, nonce, written_at, reason FROM identity"
#include "store/identity_row.tbl"
#undef REQUEST
#undef COPY
    ;

#include "store/stock_schema.h"

static void read_station(const struct db_row *row, struct stock_station *s)
{
    db_row_copy(row, 0, sizeof s->name, s->name);
    db_row_copy(row, 1, sizeof s->line, s->line);
}

static enum err take_station(void *context, const struct db_row *row)
{
    read_station(row, context);
    return OK;
}

enum err stock_station_put(struct db *db, const struct stock_station *s, struct why *why)
{
    return db_run(db, ASK_STATION_PUT, DB_ARGS(db_text(s->name), db_text(s->line)), why);
}

enum err stock_station_remove(struct db *db, const char *name, struct why *why)
{
    enum err err = db_run(db, ASK_STATION_REMOVE, DB_ARGS(db_text(name)), why);
    return err == OK && db_changes(db) == 0 ? why_set(why, ERR_NOT_FOUND, "there is no station %s", name) : err;
}

enum err stock_station_get(struct db *db, const char *name, struct stock_station *ret_station, struct why *why)
{
    return stock_one(db, ASK_STATION_GET, DB_ARGS(db_text(name)), take_station, ret_station, why);
}

struct station_call {
    stock_station_fn *fn;
    void *context;
};

static enum err pass_station(void *context, const struct db_row *row)
{
    struct station_call *call = context;
    struct stock_station station;
    read_station(row, &station);
    return call->fn(call->context, &station);
}

enum err stock_station_each(struct db *db, stock_station_fn *fn, void *context, struct why *why)
{
    struct station_call call = { fn, context };
    return db_query(db, ASK_STATION_EACH, DB_NO_ARGS, pass_station, &call, why);
}

static void read_operator(const struct db_row *row, struct stock_operator *o)
{
    *o = (struct stock_operator){ .disabled = db_row_int(row, 3) != 0,
                                  .failures = db_row_int(row, 4),
                                  .locked_until_s = db_row_int(row, 5) };
    db_row_copy(row, 0, sizeof o->name, o->name);
    db_row_copy(row, 1, sizeof o->role, o->role);
    db_row_copy(row, 2, sizeof o->hash, o->hash);
}

static enum err take_operator(void *context, const struct db_row *row)
{
    read_operator(row, context);
    return OK;
}

enum err stock_operator_put(struct db *db, const struct stock_operator *o, struct why *why)
{
    return db_run(db, ASK_OPERATOR_PUT,
                  DB_ARGS(db_text(o->name), db_text(o->role), db_text(o->hash), db_int(o->disabled), db_int(o->failures),
                          db_int(o->locked_until_s)),
                  why);
}

enum err stock_operator_get(struct db *db, const char *name, struct stock_operator *ret_op, struct why *why)
{
    return stock_one(db, ASK_OPERATOR_GET, DB_ARGS(db_text(name)), take_operator, ret_op, why);
}

struct operator_call {
    stock_operator_fn *fn;
    void *context;
};

static enum err pass_operator(void *context, const struct db_row *row)
{
    struct operator_call *call = context;
    struct stock_operator op;
    read_operator(row, &op);
    return call->fn(call->context, &op);
}

enum err stock_operator_each(struct db *db, stock_operator_fn *fn, void *context, struct why *why)
{
    struct operator_call call = { fn, context };
    return db_query(db, ASK_OPERATOR_EACH, DB_NO_ARGS, pass_operator, &call, why);
}

enum err stock_session_add(struct db *db, const uint8_t hash[32], const char *op, int64_t expires_s, struct why *why)
{
    return db_run(db, ASK_SESSION_ADD, DB_ARGS(db_blob(span_of(hash, 32)), db_text(op), db_int(expires_s)), why);
}

static enum err take_name(void *context, const struct db_row *row)
{
    db_row_copy(row, 0, LIMIT_NAME + 1, context);
    return OK;
}

enum err stock_session_get(struct db *db, const uint8_t hash[32], int64_t now_s, char ret_op[LIMIT_NAME + 1], struct why *why)
{
    return stock_one(db, ASK_SESSION_GET, DB_ARGS(db_blob(span_of(hash, 32)), db_int(now_s)), take_name, ret_op, why);
}

enum err stock_session_drop(struct db *db, const uint8_t hash[32], int64_t now_s, struct why *why)
{
    return db_run(db, ASK_SESSION_DROP, DB_ARGS(db_blob(span_of(hash, 32)), db_int(now_s)), why);
}

enum err stock_session_end(struct db *db, const char *op, int64_t now_s, struct why *why)
{
    return db_run(db, ASK_SESSION_END, DB_ARGS(db_text(op), db_int(now_s)), why);
}

enum err stock_bootstrap_put(struct db *db, const char *model, struct span sealed, int64_t now_s, struct why *why)
{
    return db_run(db, ASK_BOOTSTRAP_PUT, DB_ARGS(db_text(model), db_blob(sealed), db_int(now_s)), why);
}

enum err stock_bootstrap_read(struct db *db, const char *model, struct buf *sealed_to, struct why *why)
{
    return stock_blob(db, ASK_BOOTSTRAP_READ, DB_ARGS(db_text(model)), sealed_to, why);
}

enum err stock_board_add(struct db *db, const char *board, const char *model, const char *station, const char *outcome,
                         const char *reason, int64_t now_s, struct why *why)
{
    return db_run(db, ASK_BOARD_ADD,
                  DB_ARGS(db_text(board), db_text(model), db_text(station), db_text(outcome), db_text(reason), db_int(now_s)),
                  why);
}

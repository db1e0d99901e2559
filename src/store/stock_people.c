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

struct people stock_people(struct db *db) { return (struct people){ db, ASK_PEOPLE }; }

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

/* What stations were handed and nobody has proved yet; how often a number was made anew. */
#include "store/stock_schema.h"

enum err stock_handed_add(struct db *db, const struct identity *row, int64_t now_s, struct why *why)
{
    return db_run(db, ASK_HANDED_ADD,
                  DB_ARGS(db_text(row->number.text), db_int(row->generation), db_text(row->station), db_int(now_s)), why);
}

enum err stock_handed_count(struct db *db, const char *station, const char *except, int64_t since_s, int64_t *ret_n,
                            struct why *why)
{
    return db_first_int(db, ASK_HANDED_COUNT, DB_ARGS(db_text(station), db_text(except), db_int(since_s)), ret_n, why);
}

enum err stock_handed_done(struct db *db, const struct identity *row, struct why *why)
{
    return db_run(db, ASK_HANDED_DONE, DB_ARGS(db_text(row->number.text), db_int(row->generation)), why);
}

enum err stock_handed_release(struct db *db, const char *station, int64_t *ret_n, struct why *why)
{
    enum err err = db_run(db, ASK_HANDED_RELEASE, DB_ARGS(db_text(station)), why);
    if (err == OK)
        *ret_n = db_changes(db);
    return err;
}

enum err stock_reissues(struct db *db, const char *number, int64_t since_s, int64_t *ret_n, struct why *why)
{
    return db_first_int(db, ASK_REISSUES, DB_ARGS(db_text(number), db_int(since_s)), ret_n, why);
}

/* Questions with one answer. */
#include "store/db.h"

struct first_row {
    db_row_fn *fn;
    void *context;
    bool seen;
};

static enum err take_first(void *context, const struct db_row *row)
{
    struct first_row *first = context;
    if (first->seen)
        return OK;
    first->seen = true;
    return first->fn == NULL ? OK : first->fn(first->context, row);
}

enum err db_first(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row, void *context,
                  struct why *why)
{
    struct first_row first = { on_row, context, false };
    enum err err = db_query(db, statement, args, args_n, take_first, &first, why);
    return err == OK && !first.seen ? ERR_NOT_FOUND : err;
}

static enum err take_int(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_row_int(row, 0);
    return OK;
}

enum err db_first_int(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, int64_t *ret_value,
                      struct why *why)
{
    int64_t value = 0;
    enum err err = db_first(db, statement, args, args_n, take_int, &value, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    *ret_value = value;
    return OK;
}

#include "store/relay_sql.h"

struct routes {
    relay_route_fn *fn;
    void *context;
};

static enum err give_route(void *context, const struct db_row *row)
{
    struct routes *routes = context;
    return routes->fn(routes->context, db_row_text(row, 0), db_row_text(row, 1), db_row_int(row, 2), db_row_int(row, 3));
}

enum err relay_routes(struct db *db, relay_route_fn *fn, void *context, struct why *why)
{
    struct routes routes = { fn, context };
    return db_query(db, RELAY_ROUTES, DB_NO_ARGS, give_route, &routes, why);
}

static enum err take_pair(void *context, const struct db_row *row)
{
    int64_t *pair = context;
    pair[0] = db_row_int(row, 0);
    pair[1] = db_row_int(row, 1);
    return OK;
}

enum err relay_count(struct db *db, struct relay_counts *ret_counts, struct why *why)
{
    int64_t up[2] = { 0 }, down[2] = { 0 }, presences = 0, oldest = 0;
    enum err err = db_query(db, RELAY_TALLY, DB_ARGS(db_int(0)), take_pair, up, why);
    if (err == OK)
        err = db_query(db, RELAY_TALLY, DB_ARGS(db_int(1)), take_pair, down, why);
    if (err == OK)
        err = db_first_int(db, RELAY_PRESENCES_WAITING, DB_NO_ARGS, &presences, why);
    if (err == OK)
        err = db_first_int(db, RELAY_OLDEST_UP, DB_NO_ARGS, &oldest, why);
    if (err == OK)
        *ret_counts = (struct relay_counts){ up[0], down[0], up[1], down[1], presences, oldest };
    return err;
}

enum err relay_note(struct db *db, const char *name, const char *text, int64_t now_s, struct why *why)
{
    return db_run(db, RELAY_NOTE_PUT, DB_ARGS(db_text(name), db_text(text), db_int(now_s)), why);
}

struct notes {
    relay_note_fn *fn;
    void *context;
};

static enum err give_note(void *context, const struct db_row *row)
{
    struct notes *notes = context;
    return notes->fn(notes->context, db_row_text(row, 0), db_row_text(row, 1), db_row_int(row, 2));
}

enum err relay_notes(struct db *db, relay_note_fn *fn, void *context, struct why *why)
{
    struct notes notes = { fn, context };
    return db_query(db, RELAY_NOTES, DB_NO_ARGS, give_note, &notes, why);
}

/* Moving a database from its file into PostgreSQL, once and for good (doc/postgresql.md).
 *
 * Two that issue from the same stock would hand out twice (I1, I2), so at each moment at most one of the two can be used.
 * Everything is copied in one transaction, compared and verified in it, and kept as "arriving", which no program opens; then
 * the file is marked as moved away, which no program opens either; then the copy becomes the database. The server is told to look at
 * what it has (ANALYZE). Killed before the
 * first of these commits, the target is as empty as it was, and the file is in use as before; after it, the same move again
 * brings it to its end: it begins anew while the file is not marked, and finishes when it is. */
#ifndef STORE_DB_MOVE_H
#define STORE_DB_MOVE_H

#include "store/db.h"

/* Of a database that can be moved. */
struct db_movable {
    const struct db_schema *schema;
    unsigned trail; /* the first statement of its audit trail */
    enum err (*check)(struct db *db, int64_t *ret_faults, struct why *why);
};

struct db_moved {
    int64_t tables, rows;
    int64_t entries; /* of the audit trail */
};
/* `actor`: who moves it, for the audit trail. */
typedef enum err db_move_fn(const char *file, const char *url, const char *actor, struct db_moved *ret_moved, struct why *why); /* stock_move, center_move */

/* Errors: BUSY (the file is in use; no connection), EXISTS (the target is not empty; the file was moved before), CONFIG (the
 * URL; a file of another version), DAMAGED (what arrived differs from the file; its audit trail does not verify), and those of
 * db_open. */
enum err db_move(const struct db_movable *what, const char *file, const char *url, const char *actor, struct db_moved *ret_moved,
                 struct why *why) MUST_CHECK;

/* Of a trail that audit_open opened: whether its file was moved away, and when and to where, as the last entry about it says. Such an
 * entry is written when the copying begins, so that it moves along. */
struct db_moved_away {
    bool moved;
    int64_t at_s;  /* 0: a move that wrote no entry yet */
    char url[512]; /* never with a password: such a URL is refused */
};
enum err db_find_move(struct db *db, struct db_moved_away *ret_away, struct why *why) MUST_CHECK;

#endif

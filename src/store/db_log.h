/* When what is committed is moved from SQLite's log into the database's own file: for db_sqlite.c only. */
#ifndef STORE_DB_LOG_H
#define STORE_DB_LOG_H

#include <sqlite3.h>
#include <stdatomic.h>

struct db_log {
    int most;            /* pages; a commit that leaves more moves them */
    atomic_bool *untidy; /* somebody else's, who moves them sooner; NULL: nobody does */
};

void db_log_watch(struct db_log *log, sqlite3 *sqlite); /* from now on; `log` stays where it is */
void db_log_leave(struct db_log *log, atomic_bool *untidy);
int db_log_move(sqlite3 *sqlite); /* SQLite's code */

#endif

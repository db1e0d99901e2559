#include "store/db_log.h"

#include <stdbool.h>
#include <stddef.h>

/* Pages of 4 kB. A batch of 10,000 writes tens of megabytes: a checkpoint each 16 MB costs less than SQLite's each 4 MB,
 * and none while it runs, still less. */
enum { MOST = 4000, MOST_LEFT = 16000, UNTIDY = 1000 };

/* PASSIVE: waits for nobody. BUSY: another handle is at it. */
int db_log_move(sqlite3 *sqlite)
{
    int code = sqlite3_wal_checkpoint_v2(sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return code == SQLITE_BUSY ? SQLITE_OK : code;
}

/* SQLite's: after each commit, with the pages in the log. The commit stands whatever comes of the move, and the next one
 * tries again. */
static int after_commit(void *context, sqlite3 *sqlite, const char *name, int pages)
{
    const struct db_log *log = context;
    (void)name;
    if (log->untidy != NULL && pages >= UNTIDY)
        atomic_store(log->untidy, true);
    if (pages >= log->most)
        (void)db_log_move(sqlite);
    return SQLITE_OK;
}

void db_log_watch(struct db_log *log, sqlite3 *sqlite)
{
    log->most = MOST;
    sqlite3_wal_hook(sqlite, after_commit, log); /* in the place of SQLite's own, which counts too */
}

void db_log_leave(struct db_log *log, atomic_bool *untidy)
{
    log->most = MOST_LEFT;
    log->untidy = untidy;
}

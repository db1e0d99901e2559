/* PostgreSQL: one writer at a time, as SQLite has it. What reads and then writes (is there a live identity, how many are
 * outstanding, which entry of the trail is the last) relies on it; with READ COMMITTED each statement behind the lock sees
 * all that was committed before the lock was had. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "store/db_postgres.h"

enum { SETTLE_MS = 10000, SETTLE_WAIT_MS = 250 };

/* Of this database, schema by schema. */
#define KEY(what) "hashtextextended('nameplate ' || current_schema() || " what ", 0)"
#define LOCK "SELECT pg_advisory_xact_lock(" KEY("' writer'") ");"

enum err postgres_begin(struct db *db, struct why *why)
{
    static const char begin[] = "BEGIN;" LOCK "SELECT pg_current_xact_id()::text";
    struct postgres *p = postgres_of(db);
    enum err err = postgres_connected(db, why);
    if (err == OK)
        err = postgres_ask(db, begin, sizeof p->transaction, p->transaction, why);
    if (err != OK && !p->open && postgres_lost(db)) { /* noticed only now: nothing was done yet */
        err = postgres_connected(db, why);
        if (err == OK)
            err = postgres_ask(db, begin, sizeof p->transaction, p->transaction, why);
    }
    p->open = true;
    if (err != OK)
        postgres_rollback(db);
    return err;
}

void postgres_rollback(struct db *db)
{
    struct postgres *p = postgres_of(db);
    if (!p->open)
        return;
    p->open = false;
    if (!postgres_lost(db))
        PQclear(PQexec(p->conn, "ROLLBACK"));
}

/* The connection was lost while the commit was under way. The server knows what became of it, as soon as it is back. */
static enum err settle(struct db *db, const char *transaction, struct why *why)
{
    char sql[160], status[32] = "";
    snprintf(sql, sizeof sql, "BEGIN;" LOCK "SELECT pg_xact_status('%s'::xid8)", transaction);
    enum err err = ERR_BUSY;
    int64_t until_ms = clock_mono_ms() + SETTLE_MS;
    while (err != OK && clock_mono_ms() < until_ms) {
        postgres_of(db)->not_before_ms = 0;
        err = postgres_connected(db, why);
        if (err == OK)
            err = postgres_ask(db, sql, sizeof status, status, why);
        if (!postgres_lost(db))
            PQclear(PQexec(postgres_of(db)->conn, "ROLLBACK"));
        if (err != OK)
            nanosleep(&(struct timespec){ .tv_nsec = SETTLE_WAIT_MS * 1000000L }, NULL);
    }
    if (err != OK)
        return why_prefix(why, ERR_BUSY, "whether the last change was kept is not known");
    return strcmp(status, "committed") == 0 ? OK : why_set(why, ERR_BUSY, "%s: the connection was lost before the change was kept",
                                                           postgres_of(db)->where);
}

enum err postgres_commit(struct db *db, struct why *why)
{
    struct postgres *p = postgres_of(db);
    if (!p->open || postgres_lost(db)) {
        p->open = false;
        return why_set(why, ERR_BUSY, "%s: the connection was lost, nothing was changed", p->where);
    }
    p->open = false;
    PGresult *result = PQexec(p->conn, "COMMIT");
    bool undone = strcmp(PQcmdStatus(result), "ROLLBACK") == 0; /* something failed before, and was not looked at */
    enum err err = postgres_done(db, result, why);
    if (err != OK && postgres_lost(db))
        return settle(db, p->transaction, why);
    return err == OK && undone ? why_set(why, ERR_BUG, "%s database: a transaction in which something failed was committed",
                                         db->schema->name)
                               : err;
}

enum err postgres_point(struct db *db, const char *sql, struct why *why)
{
    struct postgres *p = postgres_of(db);
    if (!p->open || postgres_lost(db))
        return why_set(why, ERR_BUSY, "%s: the connection was lost, nothing was changed", p->where);
    return postgres_done(db, PQexec(p->conn, sql), why);
}

enum err postgres_tell(struct db *db, const char *text, struct why *why)
{
    struct postgres *p = postgres_of(db);
    enum err err = postgres_connected(db, why);
    if (err != OK)
        return err;
    return postgres_done(db, PQexecParams(p->conn, "SELECT pg_notify(current_schema(), $1)", 1, NULL, &text, NULL, NULL, 0), why);
}

void postgres_hear(struct db *db, db_heard_fn *heard, void *context)
{
    struct postgres *p = postgres_of(db);
    if (p->open || postgres_connected(db, NULL) != OK || PQconsumeInput(p->conn) == 0)
        return;
    if (p->missed)
        heard(context, NULL);
    p->missed = false;
    for (PGnotify *n; (n = PQnotifies(p->conn)) != NULL; PQfreemem(n))
        if (n->be_pid != PQbackendPID(p->conn))
            heard(context, n->extra);
}

/* The lock is the connection's: who loses it, or dies, leads no more. */
enum err postgres_lead(struct db *db, const char *job, bool *ret_leads, struct why *why)
{
    struct postgres *p = postgres_of(db);
    char sql[256], answer[8] = "";
    enum err err = postgres_connected(db, why);
    if (err != OK)
        return err;
    bool led = strcmp(p->job, job) == 0;
    snprintf(sql, sizeof sql, led ? "SELECT 'true'" : "SELECT pg_try_advisory_lock(" KEY("' job %s'") ")::text", job);
    err = postgres_ask(db, sql, sizeof answer, answer, why);
    if (err != OK)
        return err;
    *ret_leads = strcmp(answer, "true") == 0;
    snprintf(p->job, sizeof p->job, "%s", *ret_leads ? job : "");
    return OK;
}

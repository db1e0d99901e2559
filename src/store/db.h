/* A database with its statements declared before start: the only room with SQL.
 *
 * SQLite in a file (WAL, STRICT, foreign keys, synchronous=FULL), or PostgreSQL behind a URL, for several servers on
 * several machines; the interface names nothing of either. A store (register.h, stock.h, audit.h) is a table of
 * statements, a list of migrations, and functions that ask. What SQL both take, and what is turned: db_dialect.h.
 * Handles belong to one thread; several processes may open one database. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"

struct db;
struct db_row; /* the row under the cursor; valid inside the row function only */

/* Statement i of the table is asked for by the number i. Parameters are $1, $2, ... */
struct db_schema {
    const char *name;                /* "register", "stock" */
    const char *const *migrations;   /* SQL scripts; number n brings version n-1 to n; NULL-terminated.
                                      * NULL: whatever version is there, for reading only */
    const char *const *statements;   /* SQL by number */
    size_t statements_n;
    size_t cache_kib; /* SQLite: pages kept in memory, where one transaction changes more than fit into 2,000 KiB; 0: those */
};

/* DB_ALONE, for db_move.h: a file while nobody else has it open; a PostgreSQL in which there need not be anything yet. */
enum db_mode { DB_READ_ONLY, DB_READ_WRITE, DB_CREATE, DB_ALONE };

/* `place`: a file, or postgresql://USER@HOST:PORT,HOST:PORT/DATABASE. Opens, checks the version, migrates (DB_CREATE and
 * DB_READ_WRITE), prepares nothing yet. Errors: NOT_FOUND, CONFIG (a newer version than this program knows; a URL that
 * cannot be used; one that was moved away), DAMAGED, IO, NO_SPACE, BUSY (no connection; DB_ALONE: a file in use). */
bool db_is_url(const char *place);
enum err db_check_url(const char *url, struct why *why) MUST_CHECK; /* without connecting. Errors: CONFIG */
enum err db_open(const char *place, enum db_mode mode, const struct db_schema *schema, struct db **ret_db, struct why *why) MUST_CHECK;
void db_close(struct db *db); /* NULL is fine; rolls back what is open */

/* A write transaction from the start: two writers queue, also those on two machines, and who has it sees all that was
 * committed before. After an error in it, it is rolled back, or to a point. A connection that was lost is made anew by the
 * next db_begin or question outside of a transaction. Errors: BUSY (waited 15 s, no connection). */
enum err db_begin(struct db *db, struct why *why) MUST_CHECK;
enum err db_commit(struct db *db, struct why *why) MUST_CHECK; /* durable when it returns OK; rolled back otherwise */
void db_rollback(struct db *db); /* fine without a transaction */

/* Inside a transaction: a point to which it can be taken back, so that many pieces of work share one commit and one that
 * fails spoils none of the others. Not nested. */
enum err db_point(struct db *db, struct why *why) MUST_CHECK;
enum err db_point_back(struct db *db, struct why *why) MUST_CHECK; /* undoes what came after it */
enum err db_point_keep(struct db *db, struct why *why) MUST_CHECK; /* what came after it belongs to the transaction */

/* What is committed lies in a log first; a checkpoint moves it into the database's own file. By itself, a commit that
 * leaves more than 16 MB in the log does so. A program that is idle now and then does it when nobody waits: with
 * db_tidy_later, the flag is set by a commit of this handle that leaves more than 4 MB, and db_tidy, by any handle of the
 * file, moves what there is; a commit does so from 64 MB on. What cannot be moved now (somebody reads) is moved the next
 * time. */
void db_tidy_later(struct db *db, atomic_bool *untidy);
enum err db_tidy(struct db *db, struct why *why) MUST_CHECK;

struct db_value {
    enum { DB_IS_NULL, DB_IS_INT, DB_IS_TEXT, DB_IS_BLOB } kind;
    int64_t number;
    struct span bytes;
};
static inline struct db_value db_null(void) { return (struct db_value){ .kind = DB_IS_NULL }; }
static inline struct db_value db_int(int64_t v) { return (struct db_value){ .kind = DB_IS_INT, .number = v }; }
static inline struct db_value db_text(const char *v)
{
    return v == NULL ? db_null() : (struct db_value){ .kind = DB_IS_TEXT, .bytes = span_text(v) };
}
static inline struct db_value db_blob(struct span v) { return (struct db_value){ .kind = DB_IS_BLOB, .bytes = v }; }
#define DB_ARGS(...) (const struct db_value[]){ __VA_ARGS__ }, sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value)
#define DB_NO_ARGS NULL, 0

typedef enum err db_row_fn(void *context, const struct db_row *row); /* an error ends the query with it */

/* Runs a statement; `on_row` for each row (NULL: none expected). Errors: CONFLICT (a constraint), NO_SPACE,
 * IO, DAMAGED, BUSY. */
enum err db_query(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row, void *context,
                  struct why *why) MUST_CHECK;
enum err db_run(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, struct why *why) MUST_CHECK;
/* The first row only; no row function (NULL): whether there is one. Errors: NOT_FOUND without any, which the caller explains. */
enum err db_first(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row, void *context,
                  struct why *why) MUST_CHECK;
/* The integer in the first column of the first row; 0 without any. */
enum err db_first_int(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, int64_t *ret_value,
                      struct why *why) MUST_CHECK;
int64_t db_changes(const struct db *db); /* rows changed by the last db_run */
int64_t db_last_id(const struct db *db); /* of the row that the last insertion made */

int64_t db_row_int(const struct db_row *row, int column); /* 0 for NULL */
bool db_row_null(const struct db_row *row, int column);
struct span db_row_blob(const struct db_row *row, int column);
const char *db_row_text(const struct db_row *row, int column); /* "" for NULL */
/* Copies at most size - 1 bytes. */
void db_row_copy(const struct db_row *row, int column, size_t size, char *ret_text);

/* Whether this handle is the one among all on this database that does `job`, a schedule that runs once; it stays so until
 * the handle is closed or its connection lost, and then another one gets it. One job per handle; ask before each turn.
 * A file belongs to one server: always true. Errors: BUSY (no connection). */
enum err db_lead(struct db *db, const char *job, bool *ret_leads, struct why *why) MUST_CHECK;

/* What other servers on the same database should know: tell after the commit, hear as often as it matters. `text` NULL: some
 * may have been missed (a new connection). One's own words are not heard. A file has nobody to tell. */
typedef void db_heard_fn(void *context, const char *text);
enum err db_tell(struct db *db, const char *text, struct why *why) MUST_CHECK;
void db_hear(struct db *db, db_heard_fn *heard, void *context);

/* Integrity check of the whole file, or that every row of the database can be read (fsck). Errors: DAMAGED. */
enum err db_check(struct db *db, struct why *why) MUST_CHECK;

#endif

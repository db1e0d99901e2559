/* A connection to PostgreSQL, for db_postgres*.c only. */
#ifndef STORE_DB_POSTGRES_H
#define STORE_DB_POSTGRES_H

#include <libpq-fe.h>

#include "store/db_backend.h"

enum { POSTGRES_JOB = 64, POSTGRES_PARAMETERS = 32, POSTGRES_NUMBER = 24 };
enum { POSTGRES_TEXT = 0, POSTGRES_BINARY = 1 }; /* libpq's formats */

struct postgres_statement; /* prepared */

struct postgres {
    PGconn *conn; /* NULL or closed: the next question outside of a transaction connects again */
    char *place;
    enum db_mode mode;
    char where[256];         /* "line on db1:5432", without the password */
    bool open;               /* between begin and commit */
    char transaction[24];    /* its number */
    int64_t not_before_ms;   /* no attempt to connect before */
    char job[POSTGRES_JOB];  /* that this connection leads */
    bool missed;             /* what others told before this connection */
    int64_t changes;
    unsigned cursors; /* that were opened; the last one's number */
    struct postgres_statement *statements; /* by number */
};

static inline struct postgres *postgres_of(const struct db *db) { return db->handle; }

/* What a statement is given, as libpq wants it. */
struct postgres_values {
    int parameters;
    const Oid *types;
    const char *at[POSTGRES_PARAMETERS];
    int n[POSTGRES_PARAMETERS], formats[POSTGRES_PARAMETERS];
    char numbers[POSTGRES_PARAMETERS][POSTGRES_NUMBER];
};

/* db_postgres.c */

/* A connection that answers; made anew when it was lost and no transaction is open. Errors: BUSY, CONFIG, NOT_FOUND. */
enum err postgres_connected(struct db *db, struct why *why) MUST_CHECK;
bool postgres_lost(const struct db *db);
/* Frees `result` and says what it is: OK for PGRES_COMMAND_OK and PGRES_TUPLES_OK. */
enum err postgres_done(struct db *db, PGresult *result, struct why *why) MUST_CHECK;
enum err postgres_error(struct db *db, const PGresult *result, struct why *why) MUST_CHECK;
/* The first column of the first row; "" without any. */
enum err postgres_ask(struct db *db, const char *sql, size_t size, char *ret_text, struct why *why) MUST_CHECK;

enum err postgres_execute(struct db *db, const char *sql, struct why *why) MUST_CHECK; /* statements behind one another */
enum err postgres_make_schema(struct db *db, struct why *why) MUST_CHECK; /* with its version, 0; inside a transaction */
enum err postgres_continue_ids(struct db *db, struct why *why) MUST_CHECK; /* behind the highest one of each table */

/* db_postgres_transaction.c */
enum err postgres_begin(struct db *db, struct why *why) MUST_CHECK;
enum err postgres_commit(struct db *db, struct why *why) MUST_CHECK;
void postgres_rollback(struct db *db);
enum err postgres_point(struct db *db, const char *sql, struct why *why) MUST_CHECK;
enum err postgres_lead(struct db *db, const char *job, bool *ret_leads, struct why *why) MUST_CHECK;
enum err postgres_tell(struct db *db, const char *text, struct why *why) MUST_CHECK;
void postgres_hear(struct db *db, db_heard_fn *heard, void *context);

/* db_postgres_cursor.c */

/* A question in PostgreSQL's words whose answer stays at the server; `v` NULL: it takes no values. What was opened must be
 * walked: each row is passed on, and at the end, or the first error, it is closed. */
enum err postgres_cursor_open(struct db *db, const char *sql, const struct postgres_values *v, unsigned *ret_cursor,
                              struct why *why) MUST_CHECK;
enum err postgres_cursor_walk(struct db *db, unsigned cursor, db_row_fn *on_row, void *context, struct why *why) MUST_CHECK;
enum err postgres_pass(PGresult *result, db_row_fn *on_row, void *context) MUST_CHECK; /* the rows that have come */

/* db_postgres_query.c */
enum err postgres_query(struct db *db, unsigned number, const struct db_value *args, size_t args_n, db_row_fn *on_row,
                        void *context, struct why *why) MUST_CHECK;
void postgres_forget_statements(struct db *db); /* a new connection knows none */
void postgres_free_statements(struct db *db);
enum err postgres_new_statements(struct db *db) MUST_CHECK;
int64_t postgres_row_int(const struct db_row *row, int column);
bool postgres_row_null(const struct db_row *row, int column);
struct span postgres_row_blob(const struct db_row *row, int column);
const char *postgres_row_text(const struct db_row *row, int column);

#endif

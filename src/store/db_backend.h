/* What a kind of database does for db.c: SQLite in a file, PostgreSQL behind a URL. For db*.c only. */
#ifndef STORE_DB_BACKEND_H
#define STORE_DB_BACKEND_H

#include "store/db.h"

struct db {
    const struct db_backend *backend;
    const struct db_schema *schema;
    void *handle; /* the backend's own; NULL before its open */
};

/* What a move (db_move.h) adds to the version, so that no program, old or new, takes the database for its own: of a file that
 * is out of date since, and of a copy that nobody may use yet. */
enum { DB_MOVED_AWAY = 1000000, DB_ARRIVING = 2000000 };

/* db.c */
int64_t db_newest_version(const struct db_schema *schema);
enum err db_check_version(const struct db *db, int64_t version, struct why *why) MUST_CHECK; /* not newer than is known here */
enum err db_run_migrations(struct db *db, struct why *why) MUST_CHECK; /* between migration_begin and migration_end */

struct db_row {
    const struct db_backend *backend;
    void *result; /* sqlite3_stmt or PGresult */
    int line;     /* of a PGresult */
};

struct db_backend {
    enum err (*open)(struct db *db, const char *place, enum db_mode mode, struct why *why);
    void (*close)(struct db *db);

    /* Between the two nobody else writes, and tables that others point at may be written again; the second checks what
     * points where, and commits. */
    enum err (*migration_begin)(struct db *db, struct why *why);
    enum err (*migration_end)(struct db *db, struct why *why);
    enum err (*script)(struct db *db, const char *sql, struct why *why); /* statements behind one another */
    enum err (*version_read)(struct db *db, int64_t *ret_version, struct why *why);
    enum err (*version_write)(struct db *db, int64_t version, struct why *why);

    enum err (*begin)(struct db *db, struct why *why);
    enum err (*commit)(struct db *db, struct why *why);
    void (*rollback)(struct db *db);
    enum err (*point)(struct db *db, const char *sql, struct why *why);

    enum err (*query)(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row,
                      void *context, struct why *why);
    /* A question by its text, in this database's own words. */
    enum err (*walk)(struct db *db, const char *sql, db_row_fn *on_row, void *context, struct why *why);
    int64_t (*changes)(const struct db *db);
    int64_t (*last_id)(const struct db *db);
    int64_t (*row_int)(const struct db_row *row, int column);
    bool (*row_null)(const struct db_row *row, int column);
    struct span (*row_blob)(const struct db_row *row, int column);
    const char *(*row_text)(const struct db_row *row, int column);

    void (*tidy_later)(struct db *db, atomic_bool *untidy);
    enum err (*tidy)(struct db *db, struct why *why);
    /* NULL: one server alone. */
    enum err (*lead)(struct db *db, const char *job, bool *ret_leads, struct why *why);
    enum err (*tell)(struct db *db, const char *text, struct why *why);
    void (*hear)(struct db *db, db_heard_fn *heard, void *context);
    enum err (*check)(struct db *db, struct why *why);
};

extern const struct db_backend db_sqlite, db_postgres;

#endif

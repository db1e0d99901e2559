#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/db_backend.h"

bool db_is_url(const char *place) { return strncmp(place, "postgresql://", 13) == 0 || strncmp(place, "postgres://", 11) == 0; }

/* --- Opening --- */

int64_t db_newest_version(const struct db_schema *schema)
{
    int64_t n = 0;
    while (schema->migrations[n] != NULL)
        n++;
    return n;
}

enum err db_check_version(const struct db *db, int64_t version, struct why *why)
{
    int64_t newest = db_newest_version(db->schema);
    if (version >= DB_ARRIVING)
        return why_set(why, ERR_CONFIG, "the move of the %s database to here did not come to its end: begin it again, by the same "
                                        "database move", db->schema->name);
    if (version >= DB_MOVED_AWAY)
        return why_set(why, ERR_CONFIG, "the %s database of this file was moved to PostgreSQL, and the file is out of date since: "
                                        "[store] url in the settings must say where it is now", db->schema->name);
    if (version > newest)
        return why_set(why, ERR_CONFIG, "the %s database has version %lld, this program knows %lld: use the newer program",
                       db->schema->name, (long long)version, (long long)newest);
    return OK;
}

enum err db_run_migrations(struct db *db, struct why *why)
{
    int64_t version = 0; /* read again: another process may have migrated while we waited for the lock */
    enum err err = db->backend->version_read(db, &version, why);
    if (err == OK)
        err = db_check_version(db, version, why);
    for (int64_t n = version; err == OK && n < db_newest_version(db->schema); n++) {
        err = db->backend->script(db, db->schema->migrations[n], why);
        if (err == OK)
            err = db->backend->version_write(db, n + 1, why);
    }
    return err;
}

static enum err migrate(struct db *db, enum db_mode mode, struct why *why)
{
    int64_t version = 0;
    enum err err = db->backend->version_read(db, &version, why);
    if (err == OK)
        err = db_check_version(db, version, why);
    if (err != OK || version == db_newest_version(db->schema))
        return err;
    if (mode == DB_READ_ONLY)
        return why_set(why, ERR_CONFIG, "the %s database has version %lld: start the server once, it brings it up to date",
                       db->schema->name, (long long)version);
    err = db->backend->migration_begin(db, why);
    if (err == OK)
        err = db_run_migrations(db, why);
    if (err == OK)
        return db->backend->migration_end(db, why);
    db_rollback(db);
    return err;
}

enum err db_open(const char *place, enum db_mode mode, const struct db_schema *schema, struct db **ret_db, struct why *why)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return ERR_NO_MEMORY;
    db->schema = schema;
    db->backend = db_is_url(place) ? &db_postgres : &db_sqlite;
    enum err err = db->backend->open(db, place, mode, why);
    if (err == OK && schema->migrations != NULL)
        err = migrate(db, mode, why);
    if (err != OK) {
        db_close(db);
        return err;
    }
    *ret_db = db;
    return OK;
}

void db_close(struct db *db)
{
    if (db != NULL && db->handle != NULL)
        db->backend->close(db);
    free(db);
}

/* --- Transactions --- */

enum err db_begin(struct db *db, struct why *why) { return db->backend->begin(db, why); }
enum err db_commit(struct db *db, struct why *why) { return db->backend->commit(db, why); }
void db_rollback(struct db *db) { db->backend->rollback(db); }

enum err db_point(struct db *db, struct why *why) { return db->backend->point(db, "SAVEPOINT work", why); }
enum err db_point_back(struct db *db, struct why *why) { return db->backend->point(db, "ROLLBACK TO work; RELEASE work", why); }
enum err db_point_keep(struct db *db, struct why *why) { return db->backend->point(db, "RELEASE work", why); }

void db_tidy_later(struct db *db, atomic_bool *untidy) { db->backend->tidy_later(db, untidy); }
enum err db_tidy(struct db *db, struct why *why) { return db->backend->tidy(db, why); }

/* --- Statements --- */

enum err db_query(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row, void *context,
                  struct why *why)
{
    return db->backend->query(db, statement, args, args_n, on_row, context, why);
}

enum err db_run(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, struct why *why)
{
    return db->backend->query(db, statement, args, args_n, NULL, NULL, why);
}

int64_t db_changes(const struct db *db) { return db->backend->changes(db); }
int64_t db_last_id(const struct db *db) { return db->backend->last_id(db); }

/* --- Rows --- */

int64_t db_row_int(const struct db_row *row, int column) { return row->backend->row_int(row, column); }
bool db_row_null(const struct db_row *row, int column) { return row->backend->row_null(row, column); }
struct span db_row_blob(const struct db_row *row, int column) { return row->backend->row_blob(row, column); }
const char *db_row_text(const struct db_row *row, int column) { return row->backend->row_text(row, column); }

void db_row_copy(const struct db_row *row, int column, size_t size, char *ret_text)
{
    snprintf(ret_text, size, "%s", db_row_text(row, column));
    text_mend(ret_text); /* what had no room; what an earlier version took in */
}

/* --- Several servers, one database --- */

/* A file belongs to one server: there is nobody to share with. */
enum err db_lead(struct db *db, const char *job, bool *ret_leads, struct why *why)
{
    if (db->backend->lead != NULL)
        return db->backend->lead(db, job, ret_leads, why);
    *ret_leads = true;
    return OK;
}

enum err db_tell(struct db *db, const char *text, struct why *why)
{
    return db->backend->tell == NULL ? OK : db->backend->tell(db, text, why);
}

void db_hear(struct db *db, db_heard_fn *heard, void *context)
{
    if (db->backend->hear != NULL)
        db->backend->hear(db, heard, context);
}

enum err db_check(struct db *db, struct why *why) { return db->backend->check(db, why); }

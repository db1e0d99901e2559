#include "store/db_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "store/db_log.h"

enum { BUSY_MS = 15000, ALONE_MS = 1000, PARAMETERS_MAX = 32 };

struct statement {
    sqlite3_stmt *stmt;
    int parameters;
    int at[PARAMETERS_MAX]; /* SQLite's position of $1, $2 ... */
};

struct sqlite {
    sqlite3 *sqlite;
    struct statement *cache; /* by number; prepared when first asked for */
    struct db_log log;
};

static sqlite3 *sqlite_of(const struct db *db) { return ((const struct sqlite *)db->handle)->sqlite; }

/* The one place that knows SQLite's codes. */
static enum err translate(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return OK;
    case SQLITE_FULL: return ERR_NO_SPACE;
    case SQLITE_CONSTRAINT: return ERR_CONFLICT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_DAMAGED;
    case SQLITE_NOMEM: return ERR_NO_MEMORY;
    case SQLITE_TOOBIG: return ERR_TOO_LARGE;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ERR_NOT_ALLOWED;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return ERR_BUG;
    default: return ERR_IO;
    }
}

static enum err failed(const struct db *db, int code, struct why *why)
{
    return why_set(why, translate(code), "%s database: %s", db->schema->name, sqlite3_errmsg(sqlite_of(db)));
}

static enum err execute(struct db *db, const char *sql, struct why *why)
{
    int code = sqlite3_exec(sqlite_of(db), sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : failed(db, code, why);
}

/* --- Transactions --- */

static enum err begin(struct db *db, struct why *why) { return execute(db, "BEGIN IMMEDIATE", why); }

static void rollback(struct db *db)
{
    if (sqlite3_get_autocommit(sqlite_of(db)) == 0)
        sqlite3_exec(sqlite_of(db), "ROLLBACK", NULL, NULL, NULL);
}

static enum err commit(struct db *db, struct why *why)
{
    enum err err = execute(db, "COMMIT", why);
    if (err != OK)
        rollback(db);
    return err;
}

/* --- Opening --- */

/* Made by ourselves, so that nobody else can read it from its first moment; SQLite gives its log the same mode. */
static enum err make_file(const char *path, struct why *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return why_errno(why, errno, "cannot create %s", path);
    close(fd);
    return file_sync_parent(path, why);
}

static enum err connect_file(struct db *db, const char *path, enum db_mode mode, struct why *why)
{
    if (mode != DB_CREATE && !file_exists(path))
        return why_set(why, ERR_NOT_FOUND, "there is no %s database at %s", db->schema->name, path);
    enum err err = mode == DB_CREATE ? make_file(path, why) : OK;
    if (err != OK)
        return err;
    int flags = mode == DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int code = sqlite3_open_v2(path, &((struct sqlite *)db->handle)->sqlite, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return why_set(why, translate(code), "cannot open %s: %s", path, sqlite3_errstr(code));
    sqlite3_extended_result_codes(sqlite_of(db), 1);
    sqlite3_busy_timeout(sqlite_of(db), mode == DB_ALONE ? ALONE_MS : BUSY_MS);
    return OK;
}

static enum err set_up(struct db *db, enum db_mode mode, struct why *why)
{
    char sql[48];
    enum err err = execute(db, "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;", why);
    if (err == OK && mode == DB_ALONE) /* before the log is looked at: then nobody else can look, and who does, is in the way */
        err = execute(db, "PRAGMA locking_mode=EXCLUSIVE", why);
    if (err == OK && mode != DB_READ_ONLY)
        err = execute(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;", why);
    if (err == OK && db->schema->cache_kib != 0) {
        snprintf(sql, sizeof sql, "PRAGMA cache_size=-%zu", db->schema->cache_kib);
        err = execute(db, sql, why);
    }
    if (err == ERR_BUSY && mode == DB_ALONE)
        err = why_set(why, ERR_BUSY, "the %s database is in use: stop the server first, and wait for commands that read it",
                      db->schema->name);
    db_log_watch(&((struct sqlite *)db->handle)->log, sqlite_of(db));
    return err;
}

static enum err read_version(struct db *db, int64_t *ret_version, struct why *why)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(sqlite_of(db), "PRAGMA user_version", -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *ret_version = sqlite3_column_int64(stmt, 0);
    enum err err = code == SQLITE_ROW ? OK : failed(db, code, why);
    sqlite3_finalize(stmt);
    return err;
}

static enum err write_version(struct db *db, int64_t version, struct why *why)
{
    char set[64];
    snprintf(set, sizeof set, "PRAGMA user_version=%lld", (long long)version);
    return execute(db, set, why);
}

/* Runs a check that reports each fault as a row, `good` (or no row) meaning that there is none. */
static enum err check_by(struct db *db, const char *sql, const char *good, struct why *why)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(sqlite_of(db), sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    enum err err = OK;
    if (code == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        if (text == NULL || strcmp((const char *)text, good) != 0)
            err = why_set(why, ERR_DAMAGED, "%s database: %s", db->schema->name, text == NULL ? "?" : (const char *)text);
    } else if (code != SQLITE_DONE) {
        err = failed(db, code, why);
    }
    sqlite3_finalize(stmt);
    return err;
}

static enum err check_references(struct db *db, struct why *why)
{
    return check_by(db, "SELECT 'a row of ' || \"table\" || ' points at one of ' || parent || ' that is not there' "
                        "FROM pragma_foreign_key_check LIMIT 1", "", why);
}

/* A table that others point at may be written again meanwhile; what points where is checked at the end. */
static enum err begin_migration(struct db *db, struct why *why)
{
    enum err err = execute(db, "PRAGMA foreign_keys=OFF", why);
    return err != OK ? err : begin(db, why);
}

static enum err end_migration(struct db *db, struct why *why)
{
    enum err err = check_references(db, why);
    if (err == OK)
        err = commit(db, why);
    rollback(db);
    return err != OK ? err : execute(db, "PRAGMA foreign_keys=ON", why);
}

/* SQLite counts its memory under a lock for nobody; before the first connection it can be told not to. */
static void configure(void) { (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static enum err open_sqlite(struct db *db, const char *path, enum db_mode mode, struct why *why)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    struct sqlite *own = calloc(1, sizeof *own);
    if (own == NULL)
        return ERR_NO_MEMORY;
    pthread_once(&configured, configure);
    db->handle = own;
    own->cache = calloc(db->schema->statements_n + 1, sizeof *own->cache);
    enum err err = own->cache == NULL ? ERR_NO_MEMORY : connect_file(db, path, mode, why);
    return err != OK ? err : set_up(db, mode, why);
}

static void close_sqlite(struct db *db)
{
    struct sqlite *own = db->handle;
    if (own->cache != NULL)
        for (size_t i = 0; i < db->schema->statements_n; i++)
            sqlite3_finalize(own->cache[i].stmt);
    sqlite3_close(own->sqlite);
    free(own->cache);
    free(own);
}

static void tidy_later(struct db *db, atomic_bool *untidy) { db_log_leave(&((struct sqlite *)db->handle)->log, untidy); }

static enum err tidy(struct db *db, struct why *why)
{
    int code = db_log_move(sqlite_of(db));
    return code == SQLITE_OK ? OK : failed(db, code, why);
}

/* --- Statements --- */

/* SQLite numbers "$2" by where it stands first, so the position is looked up by name, once. */
static enum err map_parameters(struct db *db, unsigned number, struct statement *s, struct why *why)
{
    s->parameters = sqlite3_bind_parameter_count(s->stmt);
    if (s->parameters > PARAMETERS_MAX)
        return why_set(why, ERR_BUG, "%s database: statement %u takes too many values", db->schema->name, number);
    for (int i = 0; i < s->parameters; i++) {
        char name[16];
        snprintf(name, sizeof name, "$%d", i + 1);
        s->at[i] = sqlite3_bind_parameter_index(s->stmt, name);
        if (s->at[i] == 0)
            return why_set(why, ERR_BUG, "%s database: statement %u does not use %s", db->schema->name, number, name);
    }
    return OK;
}

static enum err prepare(struct db *db, unsigned number, unsigned flags, struct statement *ret, struct why *why)
{
    struct statement s = { 0 };
    const char *sql = number < db->schema->statements_n ? db->schema->statements[number] : NULL;
    if (sql == NULL)
        return why_set(why, ERR_BUG, "%s database: there is no statement %u", db->schema->name, number);
    int code = sqlite3_prepare_v3(sqlite_of(db), sql, -1, flags, &s.stmt, NULL);
    if (code != SQLITE_OK)
        return failed(db, code, why);
    enum err err = map_parameters(db, number, &s, why);
    if (err == OK)
        *ret = s;
    else
        sqlite3_finalize(s.stmt);
    return err;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct db_value *v)
{
    switch (v->kind) {
    case DB_IS_NULL: return sqlite3_bind_null(stmt, at);
    case DB_IS_INT: return sqlite3_bind_int64(stmt, at, v->number);
    case DB_IS_TEXT:
        return sqlite3_bind_text64(stmt, at, (const char *)v->bytes.at, v->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_IS_BLOB:
        return v->bytes.n == 0 ? sqlite3_bind_zeroblob(stmt, at, 0)
                               : sqlite3_bind_blob64(stmt, at, v->bytes.at, v->bytes.n, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static enum err bind_all(struct db *db, const struct statement *s, unsigned number, const struct db_value *args, size_t n,
                         struct why *why)
{
    if (n != (size_t)s->parameters)
        return why_set(why, ERR_BUG, "%s database: statement %u takes %d values, not %zu", db->schema->name, number,
                       s->parameters, n);
    for (size_t i = 0; i < n; i++) {
        int code = bind_one(s->stmt, s->at[i], &args[i]);
        if (code != SQLITE_OK)
            return failed(db, code, why);
    }
    return OK;
}

static enum err step_all(struct db *db, sqlite3_stmt *stmt, db_row_fn *on_row, void *context, struct why *why)
{
    struct db_row row = { &db_sqlite, stmt, 0 };
    for (;;) {
        int code = sqlite3_step(stmt);
        if (code == SQLITE_DONE)
            return OK;
        if (code != SQLITE_ROW)
            return failed(db, code, why);
        enum err err = on_row == NULL ? OK : on_row(context, &row);
        if (err != OK)
            return err;
    }
}

static enum err query(struct db *db, unsigned number, const struct db_value *args, size_t args_n, db_row_fn *on_row, void *context,
                      struct why *why)
{
    bool cached = number < db->schema->statements_n;
    struct statement once = { 0 }, *s = cached ? &((struct sqlite *)db->handle)->cache[number] : &once;
    enum err err = OK;
    if (s->stmt != NULL && sqlite3_stmt_busy(s->stmt) != 0)
        s = &once; /* asked again from its own row function */
    if (s->stmt == NULL)
        err = prepare(db, number, s == &once ? 0 : SQLITE_PREPARE_PERSISTENT, s, why);
    if (err == OK)
        err = bind_all(db, s, number, args, args_n, why);
    if (err == OK)
        err = step_all(db, s->stmt, on_row, context, why);
    if (s->stmt != NULL) {
        sqlite3_reset(s->stmt);
        sqlite3_clear_bindings(s->stmt);
    }
    sqlite3_finalize(once.stmt);
    return err;
}

static enum err walk(struct db *db, const char *sql, db_row_fn *on_row, void *context, struct why *why)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(sqlite_of(db), sql, -1, &stmt, NULL);
    enum err err = code == SQLITE_OK ? step_all(db, stmt, on_row, context, why) : failed(db, code, why);
    sqlite3_finalize(stmt);
    return err;
}

static int64_t changes(const struct db *db) { return sqlite3_changes64(sqlite_of(db)); }

static int64_t last_id(const struct db *db) { return sqlite3_last_insert_rowid(sqlite_of(db)); }

/* --- Rows --- */

static int64_t row_int(const struct db_row *row, int column) { return sqlite3_column_int64(row->result, column); }

static bool row_null(const struct db_row *row, int column) { return sqlite3_column_type(row->result, column) == SQLITE_NULL; }

static struct span row_blob(const struct db_row *row, int column)
{
    const void *at = sqlite3_column_blob(row->result, column);
    return span_of(at, (size_t)sqlite3_column_bytes(row->result, column));
}

static const char *row_text(const struct db_row *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row->result, column);
    return text == NULL ? "" : (const char *)text;
}

/* --- Checking --- */

static enum err check(struct db *db, struct why *why)
{
    enum err err = check_by(db, "PRAGMA integrity_check(1)", "ok", why);
    return err != OK ? err : check_references(db, why);
}

const struct db_backend db_sqlite = {
    .open = open_sqlite,
    .close = close_sqlite,
    .migration_begin = begin_migration,
    .migration_end = end_migration,
    .script = execute,
    .version_read = read_version,
    .version_write = write_version,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .point = execute,
    .query = query,
    .walk = walk,
    .changes = changes,
    .last_id = last_id,
    .row_int = row_int,
    .row_null = row_null,
    .row_blob = row_blob,
    .row_text = row_text,
    .tidy_later = tidy_later,
    .tidy = tidy,
    .check = check,
};

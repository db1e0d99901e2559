#include "store/stock_schema.h"

static const char first_migration[] =
    "CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "CREATE TABLE model (code TEXT PRIMARY KEY, name TEXT NOT NULL, voltage TEXT NOT NULL, power TEXT NOT NULL,"
    " current TEXT NOT NULL, profile TEXT NOT NULL, pattern TEXT NOT NULL, line TEXT NOT NULL,"
    " digits INTEGER NOT NULL CHECK (digits BETWEEN 1 AND 24), identity INTEGER NOT NULL CHECK (identity IN (0, 1)),"
    " discontinued INTEGER NOT NULL CHECK (discontinued IN (0, 1))) STRICT;"
    "CREATE TABLE plan (day INTEGER NOT NULL, model TEXT NOT NULL REFERENCES model (code),"
    " quantity INTEGER NOT NULL CHECK (quantity > 0), first_serial TEXT NOT NULL CHECK (first_serial <> ''),"
    " added INTEGER NOT NULL, PRIMARY KEY (day, model)) STRICT;"
    "CREATE TABLE request (id TEXT PRIMARY KEY, direct INTEGER NOT NULL, made INTEGER NOT NULL,"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), reason TEXT NOT NULL DEFAULT '') STRICT;"
    /* The states and the moves between them are those of model/lifecycle.tbl, here too. */
    "CREATE TABLE lifecycle_move (was TEXT NOT NULL, becomes TEXT NOT NULL, PRIMARY KEY (was, becomes)) STRICT, WITHOUT ROWID;"
#define MOVE(from, event, to, who, step, source)                                                                                 \
    "INSERT OR IGNORE INTO lifecycle_move VALUES (lower('" #from "'), lower('" #to "'));"
#include "model/lifecycle.tbl"
#undef STATE
#undef MOVE
    "CREATE TABLE identity (number TEXT NOT NULL, generation INTEGER NOT NULL CHECK (generation > 0),"
    " model TEXT NOT NULL REFERENCES model (code), day INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN (''"
#define STATE(code, name, live, what) ",'" name "'"
#include "model/lifecycle.tbl"
#undef STATE
    ")),"
    " order_id TEXT NOT NULL DEFAULT '', request TEXT, pack BLOB, certificate BLOB,"
    " fingerprint BLOB CHECK (fingerprint IS NULL OR length(fingerprint) = 32),"
    " direct INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
    " written INTEGER NOT NULL DEFAULT 0 CHECK (written = CASE WHEN state IN ('written', 'erased', 'field', 'superseded',"
    " 'revoked') THEN 1 ELSE 0 END),"
    " station TEXT NOT NULL DEFAULT '', board TEXT NOT NULL DEFAULT '', lease_until INTEGER NOT NULL DEFAULT 0,"
    " nonce BLOB CHECK (nonce IS NULL OR length(nonce) = 16), written_at INTEGER NOT NULL DEFAULT 0,"
    " reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (number, generation),"
    " CHECK ((request IS NULL) = (state = 'planned')),"
    " CHECK (pack IS NULL OR state IN ('stored', 'claimed', 'failed', 'written')),"
    " CHECK (pack IS NOT NULL OR direct = 1 OR state NOT IN ('stored', 'claimed', 'written')),"
    " CHECK ((fingerprint IS NULL) = (state IN ('planned', 'requested'))),"
    " CHECK (state <> 'claimed' OR (station <> '' AND nonce IS NOT NULL))) STRICT;"
    "CREATE UNIQUE INDEX identity_live ON identity (number) WHERE state NOT IN ('voided', 'superseded', 'revoked');"
    "CREATE INDEX identity_day ON identity (day, model);"
    "CREATE INDEX identity_request ON identity (request) WHERE request IS NOT NULL;"
    "CREATE INDEX identity_claimed ON identity (station) WHERE state = 'claimed';"
    "CREATE INDEX identity_at_line ON identity (state) WHERE state IN ('claimed', 'written');"
    "CREATE INDEX identity_planned ON identity (day) WHERE state = 'planned';"
    "CREATE TRIGGER identity_move BEFORE UPDATE OF state ON identity WHEN old.state <> new.state AND NOT EXISTS"
    " (SELECT 1 FROM lifecycle_move WHERE was = old.state AND becomes = new.state)"
    " AND NOT (old.state IN ('stored', 'claimed') AND new.state = 'erased')"
    " BEGIN SELECT RAISE(ROLLBACK, 'this change of state is not in the life of an identity'); END;"
    "CREATE TRIGGER identity_stays BEFORE DELETE ON identity"
    " BEGIN SELECT RAISE(ABORT, 'the row of an identity is never deleted'); END;"
    "CREATE TABLE outcome (id INTEGER PRIMARY KEY, number TEXT NOT NULL, generation INTEGER NOT NULL,"
    " fingerprint BLOB NOT NULL, outcome TEXT NOT NULL CHECK (outcome IN ('written', 'failed', 'voided')),"
    " reason TEXT NOT NULL, refused TEXT NOT NULL DEFAULT '', UNIQUE (number, generation, outcome)) STRICT;"
    "CREATE TABLE station (name TEXT PRIMARY KEY, line TEXT NOT NULL) STRICT;"
    /* What store/people.c needs, from before there was people_migration. */
    "CREATE TABLE operator (name TEXT PRIMARY KEY, role TEXT NOT NULL CHECK (role IN ('admin', 'planner', 'viewer')),"
    " hash TEXT NOT NULL, disabled INTEGER NOT NULL, failures INTEGER NOT NULL, locked_until INTEGER NOT NULL) STRICT;"
    "CREATE TABLE session (hash BLOB PRIMARY KEY, operator TEXT NOT NULL REFERENCES operator (name), expires INTEGER NOT NULL) "
    "STRICT;"
    "CREATE TABLE bootstrap (model TEXT PRIMARY KEY, pack BLOB NOT NULL, fetched INTEGER NOT NULL) STRICT;"
    "CREATE TABLE board (id INTEGER PRIMARY KEY, board TEXT NOT NULL, model TEXT NOT NULL, station TEXT NOT NULL,"
    " outcome TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT;";

/* A number that nobody asked for may leave the plan again; any other row stays for good. */
static const char plan_removal_migration[] =
    "DROP TRIGGER identity_stays;"
    "CREATE TRIGGER identity_stays BEFORE DELETE ON identity WHEN old.state <> 'planned' OR old.generation > 1"
    " BEGIN SELECT RAISE(ABORT, 'the row of an identity is never deleted'); END;";

/* Which station was handed which pack, until its write is known: also when the lease is over. */
static const char handed_migration[] =
    "CREATE TABLE handed (number TEXT NOT NULL, generation INTEGER NOT NULL, station TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (number, generation, station)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX handed_station ON handed (station, at);";

static const char *const migrations[] = { first_migration, audit_migration, plan_removal_migration, stock_material_migration,
                                          handed_migration, stock_request_migration, NULL };

static const char *const statements[STOCK_STATEMENTS] = {
#define X(name, sql) [ASK_##name] = sql,
#include "store/stock.tbl"
#undef X
    AUDIT_STATEMENT_ROWS(ASK_AUDIT),
    PEOPLE_STATEMENT_ROWS(ASK_PEOPLE),
};

static const struct db_schema schema = { .name = "stock", .migrations = migrations, .statements = statements, .statements_n = STOCK_STATEMENTS };

enum err stock_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why)
{
    return db_open(path, mode, &schema, ret_db, why);
}

static enum err count_fault(void *context, const char *number, const char *sentence)
{
    (void)number;
    (void)sentence;
    ++*(int64_t *)context;
    return OK;
}

static enum err check(struct db *db, int64_t *ret_faults, struct why *why)
{
    return stock_check(db, count_fault, ret_faults, why);
}

enum err stock_move(const char *file, const char *url, const char *actor, struct db_moved *ret_moved, struct why *why)
{
    return db_move(&(struct db_movable){ &schema, ASK_AUDIT, check }, file, url, actor, ret_moved, why);
}

enum err stock_one(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row,
                   void *context, struct why *why)
{
    enum err err = db_first(db, statement, args, args_n, on_row, context, why);
    return err == ERR_NOT_FOUND ? why_set(why, ERR_NOT_FOUND, "is not in the factory's database") : err;
}

static enum err take_blob(void *context, const struct db_row *row)
{
    return buf_put_span(context, db_row_blob(row, 0));
}

enum err stock_blob(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, struct buf *to,
                    struct why *why)
{
    return stock_one(db, statement, args, args_n, take_blob, to, why);
}

enum err stock_audit(struct db *db, const struct audit_entry *entry, struct why *why)
{
    return audit_append(db, ASK_AUDIT, entry, why);
}

enum err stock_audit_list(struct db *db, const char *subject, audit_fn *fn, void *context, struct why *why)
{
    return audit_list(db, ASK_AUDIT, subject, fn, context, why);
}

enum err stock_audit_verify(struct db *db, int64_t *ret_n, uint8_t ret_head[32], struct why *why)
{
    return audit_verify(db, ASK_AUDIT, ret_n, ret_head, why);
}

unsigned stock_audit_first(void)
{
    return ASK_AUDIT;
}

enum err stock_mark_get(struct db *db, const char *name, int64_t *ret_value, struct why *why)
{
    return db_first_int(db, ASK_MARK_GET, DB_ARGS(db_text(name)), ret_value, why);
}

enum err stock_mark_set(struct db *db, const char *name, int64_t value, struct why *why)
{
    return db_run(db, ASK_MARK_SET, DB_ARGS(db_text(name), db_int(value)), why);
}

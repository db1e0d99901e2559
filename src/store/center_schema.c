#include "store/center_schema.h"

#include <stdarg.h>
#include <stdio.h>

static const char first_migration[] =
    "CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "CREATE TABLE customer (id TEXT PRIMARY KEY CHECK (id <> ''), name TEXT NOT NULL, address TEXT NOT NULL,"
    " telephone TEXT NOT NULL, email TEXT NOT NULL) STRICT;"
    "CREATE TABLE site (id TEXT PRIMARY KEY CHECK (id <> ''), customer TEXT NOT NULL REFERENCES customer (id),"
    " name TEXT NOT NULL, address TEXT NOT NULL) STRICT;"
    "CREATE INDEX site_customer ON site (customer);"
    "CREATE TABLE device (number TEXT PRIMARY KEY CHECK (number <> ''),"
    " kind TEXT NOT NULL CHECK (kind IN ('device', 'gateway', 'agentless')),"
    " customer TEXT REFERENCES customer (id), site TEXT REFERENCES site (id), gateway TEXT REFERENCES device (number),"
    " address TEXT NOT NULL DEFAULT '', telephone TEXT NOT NULL DEFAULT '', interval INTEGER NOT NULL DEFAULT 0,"
    " standing TEXT NOT NULL DEFAULT 'normal' CHECK (standing IN ('normal', 'quarantined', 'scrapped')),"
    " standing_reason TEXT NOT NULL DEFAULT '', version TEXT NOT NULL DEFAULT '', seen INTEGER NOT NULL DEFAULT 0,"
    " via TEXT NOT NULL DEFAULT '',"
    " baseline INTEGER NOT NULL DEFAULT 0) STRICT;" /* readings after this one make the chain that is judged */
    "CREATE INDEX device_customer ON device (customer) WHERE customer IS NOT NULL;"
    "CREATE INDEX device_site ON device (site) WHERE site IS NOT NULL;"
    "CREATE INDEX device_gateway ON device (gateway) WHERE gateway IS NOT NULL;"
    "CREATE INDEX device_scrapped ON device (number) WHERE standing = 'scrapped';"
    "CREATE TABLE agreement (id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES device (number),"
    " state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'ended')), from_s INTEGER NOT NULL,"
    " until_s INTEGER NOT NULL CHECK (until_s = 0 OR until_s > from_s)) STRICT;"
    "CREATE INDEX agreement_number ON agreement (number, id);"
    "CREATE TABLE identity (fingerprint BLOB PRIMARY KEY CHECK (length(fingerprint) = 32), number TEXT NOT NULL,"
    " generation INTEGER NOT NULL, state TEXT NOT NULL, certificate BLOB NOT NULL) STRICT;"
    "CREATE INDEX identity_number ON identity (number, generation);"
    "CREATE TABLE chain (number TEXT PRIMARY KEY, token TEXT NOT NULL, used TEXT NOT NULL, nonce TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE call (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE CHECK (id <> ''), number TEXT NOT NULL,"
    " down INTEGER NOT NULL CHECK (down IN (0, 1)), operation TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN (''"
#define CALL_STATE(code, name, over, what) ",'" name "'"
#include "model/call.tbl"
#undef CALL_STATE
    ")), accepted_s INTEGER NOT NULL, limit_s INTEGER NOT NULL, due_s INTEGER NOT NULL, actor TEXT NOT NULL,"
    " envelope BLOB NOT NULL, answer BLOB, reason TEXT NOT NULL, settled INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX call_down ON call (number, seq) WHERE down = 1 AND state = 'waiting';"
    "CREATE INDEX call_up ON call (number, seq) WHERE down = 0 AND settled = 0;"
    "CREATE INDEX call_pending ON call (seq) WHERE down = 0 AND state = 'delayed';"
    "CREATE INDEX call_open ON call (number, down, seq) WHERE state IN ('waiting', 'taken', 'delayed');"
    "CREATE INDEX call_limit ON call (limit_s) WHERE state IN ('waiting', 'taken', 'delayed');"
    "CREATE INDEX call_number ON call (number, seq);"
    "CREATE TABLE reading (id INTEGER PRIMARY KEY, number TEXT NOT NULL, epoch INTEGER NOT NULL, boots INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, received_s INTEGER NOT NULL, via TEXT NOT NULL, call TEXT NOT NULL,"
    " billable INTEGER NOT NULL CHECK (billable IN (0, 1)), verdict TEXT NOT NULL,"
    " CHECK (billable = 0 OR verdict = 'follows')) STRICT;"
    "CREATE INDEX reading_number ON reading (number, id);"
    "CREATE INDEX reading_billable ON reading (number, id) WHERE billable = 1;"
    "CREATE TABLE reading_counter (reading INTEGER NOT NULL REFERENCES reading (id), name TEXT NOT NULL, value INTEGER NOT NULL,"
    " UNIQUE (reading, name)) STRICT;"
    "CREATE TRIGGER reading_stays BEFORE UPDATE ON reading BEGIN SELECT RAISE(ABORT, 'a reading is never changed'); END;"
    "CREATE TRIGGER reading_kept BEFORE DELETE ON reading BEGIN SELECT RAISE(ABORT, 'a reading is never deleted'); END;"
    "CREATE TABLE incident (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, number TEXT NOT NULL, by TEXT NOT NULL,"
    " text TEXT NOT NULL, evidence BLOB NOT NULL, times INTEGER NOT NULL DEFAULT 1) STRICT;"
    "CREATE INDEX incident_number ON incident (number, id);"
    "CREATE INDEX incident_same ON incident (kind, number, by, at);"
    "CREATE TABLE event (id INTEGER PRIMARY KEY, number TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL) STRICT;"
    "CREATE INDEX event_number ON event (number, id);"
    "CREATE TABLE program (version TEXT PRIMARY KEY CHECK (version <> ''), size INTEGER NOT NULL, added INTEGER NOT NULL,"
    " sha256 BLOB NOT NULL CHECK (length(sha256) = 32), signature BLOB NOT NULL) STRICT;"
    "CREATE TABLE ticket (id INTEGER PRIMARY KEY, number TEXT NOT NULL, board TEXT NOT NULL, model TEXT NOT NULL,"
    " csr_hash BLOB NOT NULL CHECK (length(csr_hash) = 32), csr BLOB NOT NULL,"
    " state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'refused', 'issued')),"
    " actor TEXT NOT NULL DEFAULT '', asked INTEGER NOT NULL, decided INTEGER NOT NULL DEFAULT 0, certificate BLOB,"
    " CHECK ((certificate IS NULL) = (state <> 'issued'))) STRICT;"
    "CREATE INDEX ticket_number ON ticket (number, board, id);"
    "CREATE INDEX ticket_open ON ticket (id) WHERE state IN ('waiting', 'approved');";

/* Calls that are over leave after a while. */
static const char over_migration[] =
    "CREATE INDEX call_over ON call (limit_s) WHERE state IN ('answered', 'refused', 'expired');";

/* So that one sender, or one kind, cannot fill the list of incidents. */
static const char flood_migration[] = "CREATE INDEX incident_by ON incident (by, at); CREATE INDEX incident_kind ON incident (kind, at);";

/* What came late is told from a restored memory, and a letter from a copy's. */
static const char late_migration[] =
    "ALTER TABLE chain ADD COLUMN position INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE chain ADD COLUMN letters INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE chain ADD COLUMN shown BLOB NOT NULL DEFAULT x'';"
    "CREATE TABLE doubt (number TEXT PRIMARY KEY, released INTEGER NOT NULL CHECK (released IN (0, 1)), challenge TEXT NOT NULL,"
    " late INTEGER NOT NULL, late_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE letters (number TEXT NOT NULL, maker TEXT NOT NULL, top INTEGER NOT NULL, marks BLOB NOT NULL,"
    " PRIMARY KEY (number, maker)) STRICT;";

/* What is to be billed for a period. */
static const char period_migration[] = "CREATE INDEX reading_period ON reading (number, received_s, id) WHERE billable = 1;";

/* A reading that is ahead waits for those before it; one that comes twice is known by its number. */
static const char gap_migration[] =
    "CREATE TABLE gap (number TEXT PRIMARY KEY, since_s INTEGER NOT NULL, position INTEGER NOT NULL, sequence INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX reading_sequence ON reading (number, sequence) WHERE billable = 1;";

/* Lists of what came in, in pages and by time. */
static const char page_migration[] =
    "CREATE INDEX reading_received ON reading (received_s, id);"
    "CREATE INDEX incident_at ON incident (at, id);"
    "CREATE INDEX event_at ON event (at, id);"
    "CREATE INDEX call_accepted ON call (accepted_s, seq);"
    "CREATE INDEX call_open_seq ON call (seq) WHERE state IN ('waiting', 'taken', 'delayed');";

/* Where a chain of readings ends and another one begins, so that a period is billed from the ends of its chains. */
static const char break_migration[] =
    "CREATE TABLE reading_break (number TEXT NOT NULL, reading INTEGER NOT NULL REFERENCES reading (id), PRIMARY KEY (number, reading))"
    " STRICT, WITHOUT ROWID;" READING_BREAKS ";";

/* What was under way when an identity, or the way by a gateway, came to an end accuses nobody. */
static const char under_way_migration[] =
    "ALTER TABLE identity ADD COLUMN over_s INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE formerly (number TEXT NOT NULL, gateway TEXT NOT NULL, until_s INTEGER NOT NULL, PRIMARY KEY (number, gateway))"
    " STRICT, WITHOUT ROWID;";

static const char *const migrations[] = { first_migration, audit_migration,  people_migration, over_migration, flood_migration,
                                          late_migration,  period_migration, gap_migration,    page_migration, break_migration,
                                          under_way_migration, NULL };

static const char *const statements[CENTER_STATEMENTS] = {
#define X(name, sql) [ASK_##name] = sql,
#include "store/center.tbl"
#undef X
    AUDIT_STATEMENT_ROWS(ASK_AUDIT),
    PEOPLE_STATEMENT_ROWS(ASK_PEOPLE),
};

static const struct db_schema schema = { .name = "center", .migrations = migrations, .statements = statements, .statements_n = CENTER_STATEMENTS };

enum err center_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why)
{
    return db_open(path, mode, &schema, ret_db, why);
}

static enum err check(struct db *db, int64_t *ret_faults, struct why *why)
{
    *ret_faults = 0;
    return db_check(db, why);
}

enum err center_move(const char *file, const char *url, const char *actor, struct db_moved *ret_moved, struct why *why)
{
    return db_move(&(struct db_movable){ &schema, ASK_AUDIT, check }, file, url, actor, ret_moved, why);
}

enum err center_one(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, db_row_fn *on_row,
                    void *context, const char *what, struct why *why)
{
    enum err err = db_first(db, statement, args, args_n, on_row, context, why);
    return err == ERR_NOT_FOUND ? why_set(why, ERR_NOT_FOUND, "%s is not known here", what) : err;
}

enum err center_there(struct db *db, unsigned statement, const char *kind, const char *key, struct why *why)
{
    int64_t n = 0;
    enum err err = db_first_int(db, statement, DB_ARGS(db_text(key)), &n, why);
    return err == OK && n == 0 ? why_set(why, ERR_NOT_FOUND, "there is no %s %s", kind, key) : err;
}

struct people center_people(struct db *db) { return (struct people){ db, ASK_PEOPLE }; }

enum err center_audit_entry(struct db *db, const struct audit_entry *entry, struct why *why)
{
    return audit_append(db, ASK_AUDIT, entry, why);
}

enum err center_audit(struct db *db, int64_t now_s, const char *actor, const char *event, const char *subject, struct why *why,
                      const char *detail, ...)
{
    char text[512];
    va_list args;
    va_start(args, detail);
    if (vsnprintf(text, sizeof text, detail, args) < 0)
        text[0] = '\0';
    va_end(args);
    return center_audit_entry(db, &(struct audit_entry){ now_s, actor, event, subject, text }, why);
}

enum err center_audit_list(struct db *db, const char *subject, audit_fn *fn, void *context, struct why *why)
{
    return audit_list(db, ASK_AUDIT, subject, fn, context, why);
}

enum err center_audit_verify(struct db *db, int64_t *ret_n, uint8_t ret_head[32], struct why *why)
{
    return audit_verify(db, ASK_AUDIT, ret_n, ret_head, why);
}

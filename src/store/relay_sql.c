#include "store/relay_sql.h"

static const char first_migration[] =
    "CREATE TABLE letter (seq INTEGER PRIMARY KEY, down INTEGER NOT NULL CHECK (down IN (0, 1)),"
    " kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2), id TEXT NOT NULL CHECK (id <> ''), number TEXT NOT NULL,"
    " via TEXT NOT NULL, seconds INTEGER NOT NULL, taken INTEGER NOT NULL, envelope BLOB NOT NULL, signature BLOB NOT NULL,"
    " signers BLOB NOT NULL, done INTEGER NOT NULL DEFAULT 0, UNIQUE (down, kind, id)) STRICT;" /* done: when it was passed on */
    "CREATE INDEX letter_up ON letter (seq) WHERE down = 0 AND done = 0;"
    "CREATE INDEX letter_down ON letter (via, seq) WHERE down = 1 AND done = 0;"
    "CREATE INDEX letter_number ON letter (number, down) WHERE done = 0;"
    "CREATE INDEX letter_limit ON letter (taken + seconds) WHERE down = 1 AND kind = 0 AND done = 0;"
    "CREATE INDEX letter_old ON letter (taken) WHERE down = 1 AND done = 0;"
    "CREATE INDEX letter_done ON letter (done) WHERE done > 0;"
    /* How much waits, kept by the table itself: each letter asks for it. */
    "CREATE TABLE tally (down INTEGER PRIMARY KEY, waiting INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;"
    "INSERT INTO tally VALUES (0, 0, 0), (1, 0, 0);"
    "CREATE TRIGGER letter_comes AFTER INSERT ON letter WHEN new.done = 0"
    " BEGIN UPDATE tally SET waiting = waiting + 1, bytes = bytes + length(new.envelope) WHERE down = new.down; END;"
    "CREATE TRIGGER letter_passes AFTER UPDATE OF done ON letter WHEN old.done = 0 AND new.done <> 0"
    " BEGIN UPDATE tally SET waiting = waiting - 1, bytes = bytes - length(old.envelope) WHERE down = old.down; END;"
    "CREATE TRIGGER letter_goes AFTER DELETE ON letter WHEN old.done = 0"
    " BEGIN UPDATE tally SET waiting = waiting - 1, bytes = bytes - length(old.envelope) WHERE down = old.down; END;"
    "CREATE TABLE refusal (down INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, via TEXT NOT NULL,"
    " error TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (down, kind, id)) STRICT;"
    "CREATE INDEX refusal_to ON refusal (down, via) WHERE told < 3;"
    "CREATE TABLE presence (number TEXT NOT NULL, via TEXT NOT NULL, nonce TEXT NOT NULL, token TEXT, fingerprint BLOB NOT NULL,"
    " version TEXT, signature BLOB NOT NULL, pending INTEGER NOT NULL, at INTEGER NOT NULL,"
    " state TEXT NOT NULL DEFAULT '', error TEXT, reason TEXT, session_token TEXT, interval INTEGER NOT NULL DEFAULT 0,"
    " session_signature BLOB NOT NULL DEFAULT x'', signers BLOB NOT NULL DEFAULT x'', fresh INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (number, via)) STRICT;"
    "CREATE INDEX presence_pending ON presence (at) WHERE pending = 1;"
    "CREATE INDEX presence_fresh ON presence (via) WHERE fresh = 1;"
    "CREATE INDEX presence_at ON presence (at);"
    "CREATE TABLE route (number TEXT PRIMARY KEY, via TEXT NOT NULL, seen INTEGER NOT NULL) STRICT;"
    "CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT NOT NULL, at INTEGER NOT NULL) STRICT;";

/* A letter's place in the life of its device; who is asked whether it is there. */
static const char place_migration[] = "ALTER TABLE letter ADD COLUMN token TEXT NOT NULL DEFAULT '';"
                                      "ALTER TABLE letter ADD COLUMN serial INTEGER NOT NULL DEFAULT 0;"
                                      "ALTER TABLE letter ADD COLUMN maker TEXT NOT NULL DEFAULT '';"
                                      "ALTER TABLE presence ADD COLUMN letters INTEGER NOT NULL DEFAULT 0;"
                                      "ALTER TABLE presence ADD COLUMN challenge TEXT;"
                                      "ALTER TABLE presence ADD COLUMN session_challenge TEXT;"
                                      "CREATE TABLE own (serial INTEGER NOT NULL) STRICT;"
                                      "INSERT INTO own VALUES (0);";

/* Up to which reading the centre has them. */
static const char readings_migration[] = "ALTER TABLE presence ADD COLUMN session_readings INTEGER NOT NULL DEFAULT 0;";

/* By which identity the number came that has the route. */
static const char route_migration[] = "ALTER TABLE route ADD COLUMN fingerprint BLOB NOT NULL DEFAULT x'';";

static const char *const migrations[] = { first_migration, place_migration, readings_migration, route_migration, NULL };

static const char *const statements[RELAY_STATEMENTS] = {
#define X(name, sql) [RELAY_##name] = sql,
#include "store/relay.tbl"
#undef X
};

static const struct db_schema schema = { .name = "relay", .migrations = migrations, .statements = statements, .statements_n = RELAY_STATEMENTS };

enum err relay_open(const char *path, enum db_mode mode, struct db **ret_db, struct why *why)
{
    return db_open(path, mode, &schema, ret_db, why);
}

struct copy {
    size_t size;
    char *to;
};

static enum err take_text(void *context, const struct db_row *row)
{
    const struct copy *copy = context;
    db_row_copy(row, 0, copy->size, copy->to);
    return OK;
}

enum err relay_text(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, size_t size, char *ret_text,
                    struct why *why)
{
    struct copy copy = { .size = size, .to = ret_text };
    *ret_text = '\0';
    enum err err = db_first(db, statement, args, args_n, take_text, &copy, why);
    return err == ERR_NOT_FOUND ? OK : err;
}

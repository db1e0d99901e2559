#include "store/register_field.h"

#include <stdio.h>

#include "store/register_sql.h"

#define STATE(code, name, live, what) LIVE_##live(name)
#define LIVE_0(name) ""
#define LIVE_1(name) ",'" name "'"

/* The table of certificates is told of the new state and of identities without a batch by changing the text of its
 * checks, which SQLite's manual allows for changes that leave the rows alone (lang_altertable, 7). */
const char register_field_migration[] =
    /* One row for each identity that the centre is told of, at the place of its last change. A cursor never comes
     * again (AUTOINCREMENT). */
    "CREATE TABLE feed (cursor INTEGER PRIMARY KEY AUTOINCREMENT, certificate INTEGER NOT NULL UNIQUE) STRICT;"
    "INSERT INTO feed (certificate) SELECT id FROM certificate WHERE kind = 'device'"
    " AND state IN ('written', 'erased', 'field', 'superseded', 'revoked') ORDER BY id;"
    "CREATE TRIGGER certificate_feed AFTER UPDATE OF state ON certificate"
    " WHEN NEW.kind = 'device' AND NEW.state <> OLD.state"
    " AND (NEW.state IN ('written', 'erased', 'field', 'superseded', 'revoked') OR OLD.state = 'renewing')"
    " BEGIN DELETE FROM feed WHERE certificate = NEW.id;"
    " INSERT OR ROLLBACK INTO feed (certificate) VALUES (NEW.id); END;"

    "ALTER TABLE certificate ADD COLUMN replaces INTEGER;" /* made in the field: row of the identity before */
    "CREATE INDEX certificate_renewing ON certificate (created_at) WHERE state = 'renewing';"
    "CREATE INDEX certificate_field ON certificate (order_id, state) WHERE replaces IS NOT NULL;"
    "CREATE INDEX certificate_replaces ON certificate (replaces) WHERE replaces IS NOT NULL;"
    "CREATE TABLE renewal ("
    " csr BLOB PRIMARY KEY CHECK (length(csr) = 32), key BLOB NOT NULL UNIQUE CHECK (length(key) = 32)," /* I10, I2 */
    " number TEXT NOT NULL, requester TEXT NOT NULL, order_id INTEGER NOT NULL REFERENCES production_order (id),"
    " replaces INTEGER NOT NULL REFERENCES certificate (id), serial BLOB NOT NULL UNIQUE REFERENCES body (serial),"
    " created_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX renewal_number ON renewal (number);"
    "CREATE TRIGGER renewal_stays BEFORE DELETE ON renewal BEGIN SELECT RAISE(ABORT, 'a renewal stays on record'); END;"
    "CREATE TRIGGER renewal_same BEFORE UPDATE ON renewal BEGIN SELECT RAISE(ABORT, 'a renewal is never changed'); END;"

    "DROP TRIGGER certificate_dead;"
    "CREATE TRIGGER certificate_dead BEFORE UPDATE OF state ON certificate"
    " WHEN OLD.state <> NEW.state AND OLD.state NOT IN ('planned', 'renewing'"
#include "model/lifecycle.tbl"
#undef STATE
    ") BEGIN SELECT RAISE(ROLLBACK, 'a revoked identity stays revoked'); END;"

    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_schema SET sql = replace(replace(replace(sql,"
    " 'state IN (''-''', CASE WHEN sql LIKE '%''renewing''%' THEN 'state IN (''-''' ELSE 'state IN (''-'',''renewing''' END),"
    " 'order_id IS NOT NULL AND request IS NOT NULL',"
    " 'order_id IS NOT NULL AND (request IS NOT NULL OR body IS NOT NULL)'),"
    " 'WHEN ''device'' THEN slice IS NOT NULL', 'WHEN ''device'' THEN slice IS NOT NULL OR body IS serial')"
    " WHERE type = 'table' AND name = 'certificate';"
    "PRAGMA writable_schema = RESET;";

#define RENEWAL_COLUMNS "r.csr, r.key, r.number, r.requester, r.order_id, r.replaces, r.serial, b.tbs, r.created_at, c.id, c.state, c.der"
#define RENEWAL_TABLES "renewal r JOIN body b ON b.serial = r.serial LEFT JOIN certificate c ON c.serial = r.serial"
#define RENEWAL_ROW(state) \
    "'device', r.number, (SELECT coalesce(max(generation), 0) + 1 FROM certificate WHERE subject = r.number AND kind = 'device'), " \
    "'identity', r.order_id, r.requester, '" state "', r.serial, r.serial, r.created_at, r.replaces"
#define RENEWAL_INSERT "INSERT INTO certificate (kind, subject, generation, issuer, order_id, requester, state, serial, body, " \
    "created_at, replaces, "

const char register_sql_feed[] = "SELECT f.cursor, c.generation, c.subject, c.state, c.der FROM feed f "
                                 "JOIN certificate c ON c.id = f.certificate WHERE f.cursor > $1 ORDER BY f.cursor LIMIT $2";
const char register_sql_feed_newest[] = "SELECT coalesce(max(cursor), 0) FROM feed";
const char register_sql_feed_add[] = "INSERT INTO feed (certificate) SELECT id FROM certificate WHERE serial = $1";
const char register_sql_renewal_find[] = "SELECT " RENEWAL_COLUMNS " FROM " RENEWAL_TABLES " WHERE r.csr = $1";
const char register_sql_renewal_unsigned[] = "SELECT " RENEWAL_COLUMNS " FROM " RENEWAL_TABLES " WHERE r.number = $1 AND c.id IS NULL";
const char register_sql_renewal_key[] = "SELECT 1 FROM renewal WHERE key = $1";
const char register_sql_renewal_add[] = "INSERT INTO renewal (csr, key, number, requester, order_id, replaces, serial, created_at) "
                                        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const char register_sql_renewal_issue[] = RENEWAL_INSERT "der, fingerprint, issued_at, key) SELECT " RENEWAL_ROW("renewing")
                                          ", $2, $3, $4, $5 FROM renewal r WHERE r.serial = $1";
const char register_sql_renewal_drop[] = RENEWAL_INSERT "revoked_at, reason) SELECT " RENEWAL_ROW("voided")
                                         ", $2, 'superseded' FROM renewal r WHERE r.serial = $1";

/* --- What changed --- */

struct feeding {
    register_known_fn *fn;
    void *context;
};

static enum err known_row(void *context, const struct db_row *row)
{
    const struct feeding *f = context;
    const struct register_known known = { .cursor = db_row_int(row, 0), .generation = db_row_int(row, 1),
                                          .number = db_row_text(row, 2), .state = db_row_text(row, 3), .der = db_row_blob(row, 4) };
    return f->fn(f->context, &known);
}

enum err register_feed(struct db *db, int64_t cursor, int64_t n, register_known_fn *fn, void *context, struct why *why)
{
    struct feeding f = { fn, context };
    return db_query(db, REG_FEED, DB_ARGS(db_int(cursor), db_int(n)), known_row, &f, why);
}

enum err register_feed_newest(struct db *db, int64_t *ret_cursor, struct why *why)
{
    return db_first_int(db, REG_FEED_NEWEST, DB_NO_ARGS, ret_cursor, why);
}

/* --- Renewals --- */

struct reading {
    register_renewal_fn *fn;
    void *context;
    int64_t rows;
};

static enum err renewal_row(void *context, const struct db_row *row)
{
    struct reading *l = context;
    struct register_renewal r = { .order_id = db_row_int(row, 4), .replaces = db_row_int(row, 5), .serial = db_row_blob(row, 6),
                                  .tbs = db_row_blob(row, 7), .created_s = db_row_int(row, 8), .certificate = db_row_int(row, 9),
                                  .state = LIFE_REQUESTED, .der = db_row_blob(row, 11) };
    struct span csr = db_row_blob(row, 0), key = db_row_blob(row, 1);
    if (csr.n != sizeof r.csr || key.n != sizeof r.key ||
        (r.certificate != 0 && lifecycle_parse(db_row_text(row, 10), &r.state) != OK))
        return ERR_DAMAGED;
    memcpy(r.csr, csr.at, csr.n);
    memcpy(r.key, key.at, key.n);
    db_row_copy(row, 2, sizeof r.number, r.number);
    db_row_copy(row, 3, sizeof r.requester, r.requester);
    l->rows++;
    return l->fn(l->context, &r);
}

enum err register_renewal_find(struct db *db, const uint8_t csr[REGISTER_DIGEST], register_renewal_fn *fn, void *context,
                               struct why *why)
{
    struct reading l = { .fn = fn, .context = context };
    enum err err = db_query(db, REG_RENEWAL_FIND, DB_ARGS(db_blob(span_of(csr, REGISTER_DIGEST))), renewal_row, &l, why);
    if (err == OK && l.rows == 0)
        err = why_set(why, ERR_NOT_FOUND, "no such signing request came before");
    return err;
}

enum err register_renewal_unsigned(struct db *db, const char *number, register_renewal_fn *fn, void *context, struct why *why)
{
    struct reading l = { .fn = fn, .context = context };
    return db_query(db, REG_RENEWAL_UNSIGNED, DB_ARGS(db_text(number)), renewal_row, &l, why);
}

enum err register_renewal_has_key(struct db *db, const uint8_t key[REGISTER_DIGEST], bool *ret_known, struct why *why)
{
    int64_t found = 0;
    enum err err = db_first_int(db, REG_RENEWAL_KEY, DB_ARGS(db_blob(span_of(key, REGISTER_DIGEST))), &found, why);
    if (err == OK)
        *ret_known = found != 0;
    return err;
}

enum err register_renewal_add(struct db *db, const struct register_renewal *r, struct why *why)
{
    struct register_certificate body = { .kind = "device", .issuer = "identity", .serial = r->serial, .tbs = r->tbs,
                                         .created_s = r->created_s };
    snprintf(body.subject, sizeof body.subject, "%s", r->number);
    snprintf(body.requester, sizeof body.requester, "%s", r->requester);
    enum err err = register_body_add(db, &body, why);
    return err != OK ? err
                     : db_run(db, REG_RENEWAL_ADD,
                              DB_ARGS(db_blob(span_of(r->csr, sizeof r->csr)), db_blob(span_of(r->key, sizeof r->key)),
                                      db_text(r->number), db_text(r->requester), db_int(r->order_id), db_int(r->replaces),
                                      db_blob(r->serial), db_int(r->created_s)),
                              why);
}

static enum err inserted(struct db *db, enum err err, struct why *why)
{
    if (err == OK && db_changes(db) != 1)
        err = why_set(why, ERR_BUG, "a renewal is not on record");
    return err;
}

enum err register_renewal_issue(struct db *db, struct span serial, struct span der, const uint8_t fingerprint[REGISTER_FINGERPRINT],
                                struct span key, int64_t now_s, struct why *why)
{
    enum err err = db_run(db, REG_RENEWAL_ISSUE,
                          DB_ARGS(db_blob(serial), db_blob(der), db_blob(span_of(fingerprint, REGISTER_FINGERPRINT)), db_int(now_s),
                                  db_blob(key)),
                          why);
    err = inserted(db, err, why);
    if (err == OK)
        err = inserted(db, db_run(db, REG_FEED_ADD, DB_ARGS(db_blob(serial)), why), why);
    return err;
}

enum err register_renewal_drop(struct db *db, struct span serial, int64_t now_s, struct why *why)
{
    return inserted(db, db_run(db, REG_RENEWAL_DROP, DB_ARGS(db_blob(serial), db_int(now_s)), why), why);
}

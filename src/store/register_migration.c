/* Migrations of the register behind the first. */
#include "store/register_sql.h"

/* Checks of an inserted row compare one by one: for a list of three and more behind IN, SQLite builds a table, each time. */
#define STATE(code, name, live, what) " WHEN '" name "' THEN 1"
#define LIVE_0(name) ""
#define LIVE_1(name) ",'" name "'"
#define DEAD_0(name) " AND state <> '" name "'"
#define DEAD_1(name) ""

/* A number that is accepted is a narrow row of its own until its certificate is made, and what is signed together is
 * recorded together, as one slice. The register of certificates is written again: its rows are inserted by the thousand,
 * so what guards an insertion is an index, a check or a reference, and no trigger, for which SQLite prepares to take
 * back each statement by itself. */
const char register_slice_migration[] =
    "ALTER TABLE request ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE reservation ("
    " number TEXT PRIMARY KEY," /* I1: for one request at a time */
    " generation INTEGER NOT NULL CHECK (generation > 0), order_id INTEGER NOT NULL, request INTEGER NOT NULL,"
    " position INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE slice ("
    " id INTEGER PRIMARY KEY, request INTEGER NOT NULL REFERENCES request (id), position INTEGER NOT NULL,"
    " numbers INTEGER NOT NULL CHECK (numbers > 0), issued_at INTEGER, digest BLOB CHECK (length(digest) = 32),"
    " audit INTEGER," /* the entry that tells of it; none: each certificate has one of its own */
    " UNIQUE (request, position), CHECK ((digest IS NULL) = (audit IS NULL)), CHECK (digest IS NULL OR issued_at IS NOT NULL)"
    ") STRICT;"
    /* What will be signed (I5), until it is; the certificates contain it. */
    "CREATE TABLE slice_body (slice INTEGER PRIMARY KEY REFERENCES slice (id), bodies BLOB NOT NULL) STRICT;"
    /* The keys, sealed, until the requester has confirmed. */
    "CREATE TABLE slice_key (slice INTEGER PRIMARY KEY REFERENCES slice (id), sealed BLOB NOT NULL) STRICT;"

    "CREATE TABLE certificate_row ("
    " id INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL CHECK (kind = 'device' OR kind = 'bootstrap' OR kind = 'infrastructure' OR kind = 'issuing' OR kind = 'root'),"
    " subject TEXT NOT NULL, generation INTEGER NOT NULL CHECK (generation > 0),"
    " issuer TEXT NOT NULL CHECK (issuer = 'identity' OR issuer = 'bootstrap' OR issuer = 'infrastructure' OR issuer = 'root'),"
    " order_id INTEGER REFERENCES production_order (id),"
    " requester TEXT NOT NULL,"
    " request INTEGER REFERENCES request (id), position INTEGER,"
    " state TEXT NOT NULL CHECK (CASE state"
#include "model/lifecycle.tbl"
#undef STATE
    " ELSE 0 END),"
    " serial BLOB, fingerprint BLOB, der BLOB,"
    " created_at INTEGER NOT NULL, issued_at INTEGER, revoked_at INTEGER, reason TEXT NOT NULL DEFAULT '',"
    /* I5: what is signed was on record before, in a slice or by itself */
    " slice INTEGER REFERENCES slice (id), body BLOB REFERENCES body (serial),"
    " CHECK (kind <> 'device' OR (order_id IS NOT NULL AND request IS NOT NULL)),"
    " CHECK ((der IS NULL) = (fingerprint IS NULL)),"
    " CHECK (der IS NULL OR serial IS NOT NULL),"
    " CHECK (serial IS NULL OR CASE kind WHEN 'device' THEN slice IS NOT NULL ELSE body IS serial END),"
    /* voided without a certificate: its body was on record and may have been signed */
    " CHECK (state = 'planned' OR der IS NOT NULL OR (state = 'voided' AND serial IS NOT NULL))"
    ") STRICT;"

    /* Certificates of batches from before: a slice of one, with its key. */
    "INSERT INTO slice (request, position, numbers, issued_at) SELECT request, position, 1, coalesce(issued_at, created_at)"
    " FROM certificate WHERE kind = 'device' AND state <> 'requested' ORDER BY id;"
    "INSERT INTO slice_key SELECT s.id, k.sealed FROM sealed_key k JOIN certificate c ON c.id = k.certificate"
    " JOIN slice s ON s.request = c.request AND s.position = c.position WHERE c.kind = 'device';"
    "INSERT INTO certificate_row SELECT c.id, c.kind, c.subject, c.generation, c.issuer, c.order_id, c.requester, c.request,"
    " c.position, c.state, c.serial, c.fingerprint, c.der, c.created_at, c.issued_at, c.revoked_at, c.reason, s.id,"
    " CASE c.kind WHEN 'device' THEN NULL ELSE c.serial END FROM certificate c"
    " LEFT JOIN slice s ON s.request = c.request AND s.position = c.position WHERE c.state <> 'requested' ORDER BY c.id;"
    /* What was on record to be signed at this moment may have been: voided, its number listed, and made again. */
    "INSERT INTO slice (request, position, numbers, issued_at) SELECT c.request, -c.id, 1, c.created_at FROM certificate c"
    " JOIN sealed_key k ON k.certificate = c.id WHERE c.state = 'requested' AND k.serial IS NOT NULL;"
    "INSERT INTO certificate_row SELECT c.id, c.kind, c.subject, c.generation, c.issuer, c.order_id, c.requester, c.request,"
    " -c.id, 'voided', k.serial, NULL, NULL, c.created_at, NULL, unixepoch(), 'superseded', s.id, NULL FROM certificate c"
    " JOIN sealed_key k ON k.certificate = c.id JOIN slice s ON s.request = c.request AND s.position = -c.id"
    " WHERE c.state = 'requested';"
    "INSERT INTO reservation SELECT subject, generation + EXISTS (SELECT 1 FROM certificate_row r WHERE r.id = c.id), order_id,"
    " request, position FROM certificate c WHERE state = 'requested';"
    "UPDATE request SET waiting = (SELECT count(*) FROM reservation r WHERE r.request = request.id)"
    " WHERE id IN (SELECT request FROM reservation);"
    "DELETE FROM sealed_key WHERE certificate IN (SELECT id FROM certificate WHERE kind = 'device');"

    "DROP TABLE certificate;"
    "ALTER TABLE certificate_row RENAME TO certificate;"
    "CREATE UNIQUE INDEX certificate_generation ON certificate (subject, generation, kind);"
    "CREATE UNIQUE INDEX certificate_serial ON certificate (serial) WHERE serial IS NOT NULL;"
    "CREATE UNIQUE INDEX certificate_request ON certificate (request, position) WHERE request IS NOT NULL;"
    "CREATE INDEX certificate_order ON certificate (order_id, state) WHERE order_id IS NOT NULL;"
    "CREATE INDEX certificate_revoked ON certificate (issuer) WHERE revoked_at IS NOT NULL;"
    /* I1: at most one live identity for a number */
    "CREATE UNIQUE INDEX certificate_live ON certificate (subject) WHERE (kind = 'device' OR kind = 'bootstrap')"
#define STATE(code, name, live, what) DEAD_##live(name)
#include "model/lifecycle.tbl"
#undef STATE
    ";"
    /* I8: no way back from a dead state */
    "CREATE TRIGGER certificate_dead BEFORE UPDATE OF state ON certificate"
    " WHEN OLD.state <> NEW.state AND OLD.state NOT IN ('planned'"
#define STATE(code, name, live, what) LIVE_##live(name)
#include "model/lifecycle.tbl"
#undef STATE
    ") BEGIN SELECT RAISE(ROLLBACK, 'a revoked identity stays revoked'); END;"
    /* I5: what was signed stays on record, as it was signed */
    "CREATE TRIGGER certificate_stays BEFORE DELETE ON certificate"
    " BEGIN SELECT RAISE(ABORT, 'a certificate stays in the register'); END;"
    "CREATE TRIGGER certificate_same BEFORE UPDATE OF kind, subject, generation, order_id, request, position, serial, fingerprint, der, slice, body"
    " ON certificate"
    " BEGIN SELECT RAISE(ABORT, 'a certificate is never changed'); END;"
    "CREATE TRIGGER slice_stays BEFORE DELETE ON slice BEGIN SELECT RAISE(ABORT, 'a slice stays on record'); END;"
    "CREATE TRIGGER slice_same BEFORE UPDATE ON slice WHEN OLD.issued_at IS NOT NULL OR NEW.request <> OLD.request"
    " OR NEW.position <> OLD.position OR NEW.numbers <> OLD.numbers"
    " BEGIN SELECT RAISE(ABORT, 'what was signed together is never changed'); END;"
    "CREATE TRIGGER slice_body_same BEFORE UPDATE ON slice_body"
    " BEGIN SELECT RAISE(ABORT, 'what was to be signed is never changed'); END;"
    "CREATE TRIGGER slice_body_stays BEFORE DELETE ON slice_body"
    " WHEN (SELECT issued_at FROM slice WHERE id = OLD.slice) IS NULL"
    " BEGIN SELECT RAISE(ABORT, 'what is to be signed stays on record'); END;";

/* I2: a key is found again in all certificates that were ever made. Of those that are there, by the identifier that each of them
 * has in its extension: behind its OBJECT IDENTIFIER and two headers. */
const char register_key_migration[] =
    "ALTER TABLE certificate ADD COLUMN key BLOB;"
    "UPDATE certificate SET key = substr(der, instr(der, x'0603551D0E04160414') + 9, 16) WHERE der IS NOT NULL;"
    "CREATE INDEX certificate_key ON certificate (key) WHERE key IS NOT NULL;"
    "DROP TRIGGER certificate_same;"
    "CREATE TRIGGER certificate_same BEFORE UPDATE OF kind, subject, generation, order_id, request, position, serial, fingerprint, der,"
    " slice, body, key ON certificate"
    " BEGIN SELECT RAISE(ABORT, 'a certificate is never changed'); END;";

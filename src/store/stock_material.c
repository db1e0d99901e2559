/* What an identity is made of: sealed key, certificate and chain, beside its row. The row changes often and stays small;
 * this is written once, and the sealed part taken away when the row says so. */
#include "store/stock_schema.h"

/* The certificates above the device's are the same for thousands of packs: each chain is kept once. */
enum err stock_chain_put(struct db *db, struct span chain, int64_t *ret_id, struct why *why)
{
    int64_t id = 0;
    enum err err = db_run(db, ASK_CHAIN_PUT, DB_ARGS(db_blob(chain)), why);
    if (err == OK)
        err = db_first_int(db, ASK_CHAIN_FIND, DB_ARGS(db_blob(chain)), &id, why);
    if (err == OK)
        *ret_id = id;
    return err;
}

/* Not by the way that waits for it: there already, with the same certificate. */
static enum err check_there(struct db *db, const struct stock_pack *p, struct why *why)
{
    int64_t there = 0;
    enum err err = db_first_int(db, ASK_PACK_THERE,
                             DB_ARGS(db_text(p->number.text), db_text(p->request),
                                     db_blob(span_of(p->fingerprint, IDENTITY_FINGERPRINT))),
                             &there, why);
    if (err == OK && there == 0)
        return why_set(why, ERR_NOT_FOUND, "the CA sent a pack for %s that was not asked for, or another one than before",
                       p->number.text);
    return err;
}

enum err stock_pack_store(struct db *db, const struct stock_pack *p, bool *ret_stored, struct why *why)
{
    int64_t id = 0;
    bool direct = p->sealed.n == 0;
    enum err err = db_first_int(db, ASK_PACK_WAITS, DB_ARGS(db_text(p->number.text), db_text(p->request)), &id, why);
    *ret_stored = id != 0;
    if (err == OK && id == 0)
        return check_there(db, p, why);
    if (err == OK)
        err = db_run(db, ASK_MATERIAL_ADD,
                     DB_ARGS(db_int(id), direct ? db_null() : db_blob(p->sealed), db_blob(p->certificate),
                             p->chain == 0 ? db_null() : db_int(p->chain)),
                     why);
    return err != OK ? err
                     : db_run(db, ASK_PACK_STORE,
                              DB_ARGS(db_int(id), db_text(p->order), db_int(!direct),
                                      db_blob(span_of(p->fingerprint, IDENTITY_FINGERPRINT)), db_int(p->now_s), db_int(direct)),
                              why);
}

struct material_out {
    struct buf *sealed, *certificate, *chain;
};

static enum err take_material(void *context, const struct db_row *row)
{
    const struct material_out *out = context;
    enum err err = buf_put_span(out->sealed, db_row_blob(row, 0));
    if (err == OK)
        err = buf_put_span(out->certificate, db_row_blob(row, 1));
    return err != OK ? err : buf_put_span(out->chain, db_row_blob(row, 2));
}

enum err stock_pack_read(struct db *db, const struct identity *row, struct buf *sealed_to, struct buf *certificate_to,
                         struct buf *chain_to, struct why *why)
{
    struct material_out out = { sealed_to, certificate_to, chain_to };
    return stock_one(db, ASK_PACK_READ, DB_ARGS(db_text(row->number.text), db_int(row->generation)), take_material, &out, why);
}

enum err stock_certificate_read(struct db *db, const struct identity *row, struct buf *der_to, struct why *why)
{
    return stock_blob(db, ASK_CERTIFICATE_READ, DB_ARGS(db_text(row->number.text), db_int(row->generation)), der_to, why);
}

#define MOVE(from, event, to, who, step, source)
#define IS_DEAD "(state = 'voided' OR state = 'superseded' OR state = 'revoked')"

/* The row of an identity without its bytes, which were rewritten with each change of state; `live` and `pack` say in the
 * row what the indexes and checks need, so that a change of state alone touches no index of all numbers. The checks
 * compare one by one: for a list of three and more behind IN, SQLite builds a table, each time. */
const char stock_material_migration[] =
    "CREATE TABLE chain (id INTEGER PRIMARY KEY, certificates BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE identity_row (id INTEGER PRIMARY KEY, number TEXT NOT NULL, generation INTEGER NOT NULL CHECK (generation > 0),"
    " model TEXT NOT NULL REFERENCES model (code), day INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK (1 = CASE state"
#define STATE(code, name, live, what) " WHEN '" name "' THEN 1"
#include "model/lifecycle.tbl"
#undef STATE
#undef MOVE
    " ELSE 0 END),"
    " live INTEGER NOT NULL DEFAULT 1 CHECK ((live = 0) = " IS_DEAD "),"
    " order_id TEXT NOT NULL DEFAULT '', request TEXT,"
    " pack INTEGER NOT NULL DEFAULT 0 CHECK (pack IN (0, 1)),"
    " fingerprint BLOB CHECK (fingerprint IS NULL OR length(fingerprint) = 32),"
    " direct INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
    " written INTEGER NOT NULL DEFAULT 0 CHECK (written = CASE state WHEN 'written' THEN 1 WHEN 'erased' THEN 1"
    " WHEN 'field' THEN 1 WHEN 'superseded' THEN 1 WHEN 'revoked' THEN 1 ELSE 0 END),"
    " station TEXT NOT NULL DEFAULT '', board TEXT NOT NULL DEFAULT '', lease_until INTEGER NOT NULL DEFAULT 0,"
    " nonce BLOB CHECK (nonce IS NULL OR length(nonce) = 16), written_at INTEGER NOT NULL DEFAULT 0,"
    " reason TEXT NOT NULL DEFAULT '', UNIQUE (number, generation),"
    " CHECK ((request IS NULL) = (state = 'planned')),"
    " CHECK (pack = 0 OR state = 'stored' OR state = 'claimed' OR state = 'failed' OR state = 'written'),"
    " CHECK (pack = 1 OR direct = 1 OR (state <> 'stored' AND state <> 'claimed' AND state <> 'written')),"
    " CHECK ((fingerprint IS NULL) = (state IN ('planned', 'requested'))),"
    " CHECK (state <> 'claimed' OR (station <> '' AND nonce IS NOT NULL))) STRICT;"
    "INSERT INTO identity_row SELECT rowid, number, generation, model, day, state,"
    " CASE WHEN " IS_DEAD " THEN 0 ELSE 1 END, order_id, request, CASE WHEN pack IS NULL THEN 0 ELSE 1 END, fingerprint,"
    " direct, created, written, station, board, lease_until, nonce, written_at, reason FROM identity;"
    /* A sealed pack without a chain is a whole one, as they were kept before. */
    "CREATE TABLE material (id INTEGER PRIMARY KEY, sealed BLOB, certificate BLOB NOT NULL,"
    " chain INTEGER REFERENCES chain (id)) STRICT;"
    "INSERT INTO material SELECT rowid, pack, certificate, NULL FROM identity WHERE certificate IS NOT NULL;"
    "DROP TABLE identity;"
    "ALTER TABLE identity_row RENAME TO identity;"
    "CREATE UNIQUE INDEX identity_live ON identity (number) WHERE live = 1;"
    "CREATE INDEX identity_day ON identity (day, model);"
    "CREATE INDEX identity_request ON identity (request) WHERE request IS NOT NULL;"
    "CREATE INDEX identity_claimed ON identity (station) WHERE state = 'claimed';"
    "CREATE INDEX identity_at_line ON identity (state) WHERE state IN ('claimed', 'written');"
    "CREATE INDEX identity_planned ON identity (day) WHERE state = 'planned';"
    "CREATE TRIGGER identity_move BEFORE UPDATE OF state ON identity WHEN old.state <> new.state AND NOT EXISTS"
    " (SELECT 1 FROM lifecycle_move WHERE was = old.state AND becomes = new.state)"
    " AND NOT (old.state IN ('stored', 'claimed') AND new.state = 'erased')"
    " BEGIN SELECT RAISE(ROLLBACK, 'this change of state is not in the life of an identity'); END;"
    "CREATE TRIGGER identity_stays BEFORE DELETE ON identity WHEN old.state <> 'planned' OR old.generation > 1"
    " BEGIN SELECT RAISE(ABORT, 'the row of an identity is never deleted'); END;"
    /* A row that says that its pack is gone has none: what is overwritten is gone from the file (secure_delete). */
    "CREATE TRIGGER identity_pack_gone AFTER UPDATE OF pack ON identity WHEN old.pack = 1 AND new.pack = 0"
    " BEGIN UPDATE material SET sealed = NULL WHERE id = new.id; END;"
    "CREATE TRIGGER material_stays BEFORE DELETE ON material BEGIN SELECT RAISE(ABORT, 'a certificate is never deleted'); END;"
    "CREATE TRIGGER material_same BEFORE UPDATE ON material WHEN new.certificate IS NOT old.certificate OR new.id <> old.id"
    " OR (new.sealed IS NOT NULL AND new.sealed IS NOT old.sealed)"
    " BEGIN SELECT RAISE(ROLLBACK, 'a certificate is never changed'); END;";

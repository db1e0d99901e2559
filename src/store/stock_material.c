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
                             DB_ARGS(db_text(p->number.text), db_int(p->request),
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
    enum err err = db_first_int(db, ASK_PACK_WAITS, DB_ARGS(db_text(p->number.text), db_int(p->request)), &id, why);
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

/* The row of an identity without its bytes, which were rewritten with each change of state. */
const char stock_material_migration[] =
    "CREATE TABLE chain (id INTEGER PRIMARY KEY, certificates BLOB NOT NULL UNIQUE) STRICT;"
    /* A sealed pack without a chain is a whole one, as they were kept before. */
    "CREATE TABLE material (id INTEGER PRIMARY KEY, sealed BLOB, certificate BLOB NOT NULL,"
    " chain INTEGER REFERENCES chain (id)) STRICT;"
    "INSERT INTO material SELECT rowid, pack, certificate, NULL FROM identity WHERE certificate IS NOT NULL;"
#define REQUEST "TEXT"
#define COPY \
    "SELECT rowid, number, generation, model, day, state," \
    " CASE WHEN " IS_DEAD " THEN 0 ELSE 1 END, order_id, request, CASE WHEN pack IS NULL THEN 0 ELSE 1 END, fingerprint," \
    " direct, created, written, station, board, lease_until, nonce, written_at, reason FROM identity"
#include "store/identity_row.tbl"
#undef REQUEST
#undef COPY
    "CREATE TRIGGER material_stays BEFORE DELETE ON material BEGIN SELECT RAISE(ABORT, 'a certificate is never deleted'); END;"
    "CREATE TRIGGER material_same BEFORE UPDATE ON material WHEN new.certificate IS NOT old.certificate OR new.id <> old.id"
    " OR (new.sealed IS NOT NULL AND new.sealed IS NOT old.sealed)"
    " BEGIN SELECT RAISE(ROLLBACK, 'a certificate is never changed'); END;";

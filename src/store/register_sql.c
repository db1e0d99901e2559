/* All SQL of the register. */
#include "store/register_sql.h"

/* 'planned','requested',... from the rows of lifecycle.tbl: all, the live ones, the dead ones that were once live. */
#define STATE(code, name, live, what) ",'" name "'"
#define ALL_STATES "('-'"
static const char migration_1[] =
    "CREATE TABLE production_order ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE, factory TEXT NOT NULL, model TEXT NOT NULL,"
    " quantity INTEGER NOT NULL CHECK (quantity > 0),"
    " first_serial TEXT NOT NULL, until INTEGER NOT NULL, created_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX order_factory ON production_order (factory, model);"

    "CREATE TABLE request ("
    " id INTEGER PRIMARY KEY,"
    " requester TEXT NOT NULL, message_id TEXT NOT NULL,"
    " digest BLOB NOT NULL CHECK (length(digest) = 32), numbers INTEGER NOT NULL,"
    " accepted_at INTEGER NOT NULL, confirmed_at INTEGER,"
    " data_key BLOB,"
    " UNIQUE (requester, message_id),"
    " CHECK ((confirmed_at IS NULL) = (data_key IS NOT NULL))"
    ") STRICT;"

    "CREATE TABLE certificate ("
    " id INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL CHECK (kind IN ('root','issuing','infrastructure','bootstrap','device')),"
    " subject TEXT NOT NULL, generation INTEGER NOT NULL CHECK (generation > 0),"
    " issuer TEXT NOT NULL CHECK (issuer IN ('root','identity','bootstrap','infrastructure')),"
    " order_id INTEGER REFERENCES production_order (id),"
    " requester TEXT NOT NULL,"
    " request INTEGER REFERENCES request (id), position INTEGER,"
    " state TEXT NOT NULL CHECK (state IN " ALL_STATES
#include "model/lifecycle.tbl"
#undef STATE
    ")),"
    " serial BLOB, fingerprint BLOB, der BLOB,"
    " created_at INTEGER NOT NULL, issued_at INTEGER, revoked_at INTEGER, reason TEXT NOT NULL DEFAULT '',"
    " CHECK (kind <> 'device' OR (order_id IS NOT NULL AND request IS NOT NULL)),"
    " CHECK ((der IS NULL) = (fingerprint IS NULL)),"
    " CHECK (der IS NULL OR serial IS NOT NULL),"
    /* voided without a certificate: its body was on record and may have been signed */
    " CHECK (state IN ('planned', 'requested') OR der IS NOT NULL OR (state = 'voided' AND serial IS NOT NULL))"
    ") STRICT;"
    "CREATE UNIQUE INDEX certificate_generation ON certificate (subject, generation, kind);"
    "CREATE UNIQUE INDEX certificate_serial ON certificate (serial) WHERE serial IS NOT NULL;"
    "CREATE UNIQUE INDEX certificate_request ON certificate (request, position) WHERE request IS NOT NULL;"
    "CREATE INDEX certificate_order ON certificate (order_id, state) WHERE order_id IS NOT NULL;"
    "CREATE INDEX certificate_revoked ON certificate (issuer) WHERE revoked_at IS NOT NULL;"
    /* I1: at most one live identity for a number */
    "CREATE UNIQUE INDEX certificate_live ON certificate (subject) WHERE kind IN ('device', 'bootstrap') AND state IN " ALL_STATES
#define LIVE_0(name) ""
#define LIVE_1(name) ",'" name "'"
#define STATE(code, name, live, what) LIVE_##live(name)
#include "model/lifecycle.tbl"
#undef STATE
    ");"
    /* The two guards of a change take back the whole transaction, as the changes that are made by the thousand do
     * (OR ROLLBACK): what may fail alone makes SQLite copy every page first, for each statement.
     * I8: no way back from a dead state */
    "CREATE TRIGGER certificate_dead BEFORE UPDATE OF state ON certificate"
    " WHEN OLD.state <> NEW.state AND OLD.state NOT IN ('planned'"
#define STATE(code, name, live, what) LIVE_##live(name)
#include "model/lifecycle.tbl"
#undef STATE
    ") BEGIN SELECT RAISE(ROLLBACK, 'a revoked identity stays revoked'); END;"
    /* I5: what was signed stays on record, as it was signed */
    "CREATE TRIGGER certificate_stays BEFORE DELETE ON certificate"
    " BEGIN SELECT RAISE(ABORT, 'a certificate stays in the register'); END;"
    "CREATE TRIGGER certificate_same BEFORE UPDATE OF der, serial ON certificate"
    " WHEN (OLD.der IS NOT NULL AND NEW.der IS NOT OLD.der) OR (OLD.serial IS NOT NULL AND NEW.serial IS NOT OLD.serial)"
    " BEGIN SELECT RAISE(ROLLBACK, 'a certificate is never changed'); END;"

    /* What waits beside a certificate: its sealed key, and before it is signed what will be signed (I5). Both leave
     * when the requester has confirmed. */
    "CREATE TABLE sealed_key ("
    " certificate INTEGER PRIMARY KEY REFERENCES certificate (id), sealed BLOB NOT NULL, serial BLOB, tbs BLOB,"
    " CHECK ((tbs IS NULL) = (serial IS NULL))"
    ") STRICT;"

    /* What was to be signed outside a batch (I5): on record before it is signed, and for good. */
    "CREATE TABLE body ("
    " serial BLOB PRIMARY KEY, tbs BLOB NOT NULL,"
    " kind TEXT NOT NULL, subject TEXT NOT NULL, issuer TEXT NOT NULL, requester TEXT NOT NULL, created_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER body_stays BEFORE DELETE ON body BEGIN SELECT RAISE(ABORT, 'what was to be signed stays on record'); END;"
    "CREATE TRIGGER body_same BEFORE UPDATE ON body BEGIN SELECT RAISE(ABORT, 'what was to be signed is never changed'); END;"
    "CREATE TRIGGER certificate_recorded BEFORE INSERT ON certificate"
    " WHEN NEW.serial IS NOT NULL AND NOT EXISTS (SELECT 1 FROM body b WHERE b.serial = NEW.serial)"
    " BEGIN SELECT RAISE(ABORT, 'what is signed is on record before'); END;"

    "CREATE TABLE token ("
    " hash BLOB PRIMARY KEY CHECK (length(hash) = 32),"
    " role TEXT NOT NULL, name TEXT NOT NULL, hosts TEXT NOT NULL,"
    " created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    " used_at INTEGER, csr BLOB, certificate INTEGER REFERENCES certificate (id),"
    " CHECK ((used_at IS NULL) = (csr IS NULL))"
    ") STRICT;"

    "CREATE TABLE crl ("
    " issuer TEXT NOT NULL, number INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL, next_update INTEGER NOT NULL, revoked INTEGER NOT NULL,"
    " der BLOB,"
    " PRIMARY KEY (issuer, number)"
    ") STRICT;"
    /* I7: CRL numbers only grow */
    "CREATE TRIGGER crl_grows BEFORE INSERT ON crl"
    " WHEN NEW.number <= (SELECT coalesce(max(number), 0) FROM crl WHERE issuer = NEW.issuer)"
    " BEGIN SELECT RAISE(ABORT, 'a CRL number only grows'); END;"
    "CREATE TRIGGER crl_stays BEFORE DELETE ON crl BEGIN SELECT RAISE(ABORT, 'a CRL number stays on record'); END;";

/* Which certificate profile a model's devices get: said by its orders, "" leaves it to the configuration. */
static const char migration_3[] =
    "ALTER TABLE production_order ADD COLUMN profile TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX order_profile ON production_order (model, profile) WHERE profile <> '';";

static const char *const migrations[] = { migration_1, audit_migration, migration_3, register_slice_migration, register_field_migration,
                                          register_key_migration, NULL };

#define CERTIFICATE_COLUMNS \
    "c.id, c.kind, c.subject, c.generation, c.issuer, coalesce(o.name, ''), c.order_id, c.requester, c.request, c.position, " \
    "c.state, c.serial, c.fingerprint, c.der, c.created_at, c.revoked_at, c.reason, c.slice, c.key"
/* A reserved number, as if it were a certificate in state "requested". */
#define RESERVED "SELECT 0, 'device', r.number, r.generation, 'identity', coalesce(o.name, ''), r.order_id, q.requester, r.request, " \
    "r.position, 'requested', NULL, NULL, NULL, q.accepted_at, NULL, '', NULL, NULL FROM reservation r JOIN request q ON q.id = r.request " \
    "LEFT JOIN production_order o ON o.id = r.order_id "
#define SLICE_COLUMNS "s.id, s.request, s.position, s.numbers, s.issued_at, b.bodies, k.sealed, q.message_id"
#define SLICE_TABLES "slice s JOIN request q ON q.id = s.request LEFT JOIN slice_body b ON b.slice = s.id " \
    "LEFT JOIN slice_key k ON k.slice = s.id"
#define CERTIFICATE_TABLES "certificate c LEFT JOIN production_order o ON o.id = c.order_id"


#define TOKEN_COLUMNS "t.hash, t.role, t.name, t.hosts, t.created_at, t.expires_at, t.used_at, t.csr, c.der"

#define DOUBLED_HEAD "SELECT subject FROM certificate WHERE kind = 'device' AND state IN ('-'"
static const char doubled[] = DOUBLED_HEAD
#define STATE(code, name, live, what) LIVE_##live(name)
#include "model/lifecycle.tbl"
#undef STATE
    ") GROUP BY subject HAVING count(*) > 1 UNION ALL SELECT r.number FROM reservation r JOIN certificate c "
    "ON c.subject = r.number AND c.kind = 'device' AND c.state IN ('-'"
#define STATE(code, name, live, what) LIVE_##live(name)
#include "model/lifecycle.tbl"
#undef STATE
    ") LIMIT 1";

static const char *const sql[REG_COUNT] = {
    [REG_DOUBLED] = doubled,
    /* the infrastructure may ask again with its key */
    [REG_KEY_DOUBLED] = "SELECT min(subject) || ' and ' || max(subject) FROM certificate WHERE key IS NOT NULL GROUP BY key "
                        "HAVING count(*) > 1 AND NOT (min(kind) = 'infrastructure' AND max(kind) = 'infrastructure' "
                        "AND min(subject) = max(subject)) LIMIT 1",
    [REG_ORDER_ADD] = "INSERT INTO production_order (name, factory, model, quantity, first_serial, until, created_at, "
                      "profile) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    [REG_MODEL_PROFILE] = "SELECT profile FROM production_order WHERE model = $1 AND profile <> '' LIMIT 1",
    [REG_ORDER_LIST] =
        "WITH reserved AS MATERIALIZED (SELECT order_id, count(*) AS n FROM reservation GROUP BY order_id) "
        "SELECT o.id, o.name, o.factory, o.model, o.quantity, o.first_serial, o.until, o.created_at,"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.state NOT IN ('planned', 'requested')),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.state IN ('written', 'erased', 'field')),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.state IN ('stored', 'claimed', 'failed', 'renewing')),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.state = 'voided'),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.state IN ('superseded', 'revoked')),"
        " coalesce((SELECT n FROM reserved r WHERE r.order_id = o.id), 0), o.profile,"
        /* made in the field, by what became of them */
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.replaces IS NOT NULL),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.replaces IS NOT NULL AND c.state = 'field'),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.replaces IS NOT NULL AND c.state = 'renewing'),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.replaces IS NOT NULL AND c.state = 'voided'),"
        " (SELECT count(*) FROM certificate c WHERE c.order_id = o.id AND c.replaces IS NOT NULL AND c.state IN ('superseded', 'revoked')) "
        "FROM production_order o WHERE ($1 IS NULL OR o.factory = $1) AND ($2 IS NULL OR o.name = $2) ORDER BY o.id",
    [REG_CERTIFICATE_LIST] = "SELECT " CERTIFICATE_COLUMNS " FROM " CERTIFICATE_TABLES
                             " WHERE ($1 IS NULL OR c.subject = $1) AND ($2 IS NULL OR c.state = $2) AND ($3 IS NULL OR o.name = $3) "
                             "UNION ALL " RESERVED "WHERE ($1 IS NULL OR r.number = $1) AND ($2 IS NULL OR $2 = 'requested') "
                             "AND ($3 IS NULL OR o.name = $3)",
    /* the same for one subject; by its index, since a register has millions of rows and is asked for each report */
    [REG_SUBJECT_LIST] = "SELECT " CERTIFICATE_COLUMNS " FROM " CERTIFICATE_TABLES
                         " WHERE c.subject = $1 AND ($2 IS NULL OR c.state = $2) AND ($3 IS NULL OR o.name = $3) "
                         "UNION ALL " RESERVED "WHERE r.number = $1 AND ($2 IS NULL OR $2 = 'requested') AND ($3 IS NULL OR o.name = $3)",
    [REG_KEY_LIST] = "SELECT " CERTIFICATE_COLUMNS " FROM " CERTIFICATE_TABLES " WHERE c.key = $1",
    [REG_CERTIFICATE_FIND] = "SELECT " CERTIFICATE_COLUMNS ", k.sealed FROM " CERTIFICATE_TABLES
                             " LEFT JOIN sealed_key k ON k.certificate = c.id "
                             "WHERE c.subject = $2 AND c.kind = $1 ORDER BY c.generation DESC LIMIT 1",
    [REG_CERTIFICATE_ADD] =
        "INSERT INTO certificate (kind, subject, generation, issuer, requester, state, serial, fingerprint, der, created_at, issued_at, body, key) "
        "VALUES ($1, $2, (SELECT coalesce(max(generation), 0) + 1 FROM certificate WHERE subject = $2 AND kind = $1), "
        "$3, $4, $5, $6, $7, $8, $9, $9, $6, $10)",
    [REG_BODY_ADD] = "INSERT INTO body (serial, tbs, kind, subject, issuer, requester, created_at) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7)",
    [REG_BODY_LIST] = "SELECT b.serial, b.tbs, b.kind, b.subject, b.issuer, b.requester, b.created_at, c.der FROM body b "
                      "LEFT JOIN certificate c ON c.serial = b.serial WHERE $1 IS NULL OR b.subject = $1 ORDER BY b.rowid",
    [REG_CERTIFICATE_MOVE] = "UPDATE certificate SET state = $3, revoked_at = coalesce(revoked_at, $4), "
                             "reason = CASE WHEN $5 = '' THEN reason ELSE $5 END WHERE id = $1 AND state = $2",
    [REG_SEALED_PUT] = "INSERT INTO sealed_key (certificate, sealed) VALUES ($1, $2)",
    [REG_REQUEST_FIND] = "SELECT id, digest, numbers, accepted_at, confirmed_at, data_key FROM request "
                         "WHERE requester = $1 AND message_id = $2",
    [REG_REQUEST_ADD] = "INSERT INTO request (requester, message_id, digest, numbers, accepted_at, data_key, waiting) "
                        "VALUES ($1, $2, $3, $4, $5, $6, $4)",
    [REG_REQUEST_WAITING] = "SELECT waiting FROM request WHERE id = $1",
    [REG_REQUEST_MADE] = "UPDATE request SET waiting = waiting - $2 WHERE id = $1",
    [REG_REQUEST_CONFIRM] = "UPDATE request SET confirmed_at = $2, data_key = NULL WHERE id = $1 AND confirmed_at IS NULL",
    [REG_REQUEST_DROP_KEYS] = "DELETE FROM slice_key WHERE slice IN (SELECT id FROM slice WHERE request = $1)",
    [REG_REQUEST_ROWS] = "SELECT " CERTIFICATE_COLUMNS " FROM " CERTIFICATE_TABLES
                         " WHERE c.request = $1 AND c.position >= $2 AND c.position < $2 + $3 ORDER BY c.position",
    [REG_HISTORY] = "SELECT generation, state, request FROM certificate WHERE subject = $1 AND kind = 'device' "
                    "UNION ALL SELECT generation, 'requested', request FROM reservation WHERE number = $1",
    [REG_RANGE_KNOWN] = "SELECT EXISTS (SELECT 1 FROM certificate WHERE subject BETWEEN $1 AND $2)",
    [REG_RESERVE] = "INSERT INTO reservation (number, generation, order_id, request, position) VALUES ($1, $2, $3, $4, $5)",
    [REG_RESERVED_LIST] = "SELECT number, generation, order_id, request, position FROM reservation WHERE request = $1",
    [REG_RESERVATION] = "SELECT number, generation, order_id, request, position FROM reservation WHERE number = $1",
    [REG_UNRESERVE] = "DELETE FROM reservation WHERE number = $1 AND request = $2",
    [REG_UNRESERVE_RUN] = "DELETE FROM reservation WHERE number BETWEEN $1 AND $2 AND request = $3 AND position >= $4 AND position < $5",
    [REG_LET_GO] = "INSERT INTO certificate (kind, subject, generation, issuer, order_id, requester, request, position, state, serial, "
                   "created_at, revoked_at, reason, slice) SELECT 'device', r.number, r.generation, 'identity', r.order_id, q.requester, "
                   "r.request, r.position, $2, $3, q.accepted_at, $5, $6, $4 FROM reservation r JOIN request q ON q.id = r.request "
                   "WHERE r.number = $1",
    [REG_SLICE_ADD] = "INSERT INTO slice (request, position, numbers) VALUES ($1, $2, $3)",
    [REG_SLICE_BODIES_ADD] = "INSERT INTO slice_body (slice, bodies) VALUES ($1, $2)",
    [REG_SLICE_KEYS_ADD] = "INSERT INTO slice_key (slice, sealed) VALUES ($1, $2)",
    [REG_SLICE_FIND] = "SELECT " SLICE_COLUMNS " FROM " SLICE_TABLES " WHERE s.request = $1 AND s.position = $2",
    [REG_SLICE_COVERING] = "SELECT " SLICE_COLUMNS " FROM " SLICE_TABLES " WHERE s.request = $1 AND s.position <= $2 "
                           "ORDER BY s.position DESC LIMIT 1",
    [REG_SLICE_UNSIGNED] = "SELECT " SLICE_COLUMNS " FROM " SLICE_TABLES " WHERE b.bodies IS NOT NULL ORDER BY s.id",
    [REG_ISSUE] = "INSERT INTO certificate (kind, subject, generation, issuer, order_id, requester, request, position, state, serial, "
                  "fingerprint, der, created_at, issued_at, slice, key) "
                  "VALUES ('device', $1, $2, 'identity', $3, $4, $5, $6, 'stored', $7, $8, $9, $10, $11, $12, $13)",
    /* the entry that was appended last, in this transaction */
    [REG_SLICE_DONE] = "UPDATE slice SET issued_at = $2, digest = $3, audit = (SELECT max(n) FROM audit) "
                       "WHERE id = $1 AND issued_at IS NULL",
    [REG_SLICE_BODIES_DROP] = "DELETE FROM slice_body WHERE slice = $1",
    [REG_SLICES_TOLD] = "SELECT s.id, s.request, s.position, s.numbers, s.audit, coalesce(a.detail, '') FROM slice s "
                        "LEFT JOIN audit a ON a.n = s.audit AND a.event = 'issue' WHERE s.audit IS NOT NULL ORDER BY s.id",
    [REG_SLICE_CERTIFICATES] = "SELECT c.fingerprint, coalesce(o.name, '') FROM " CERTIFICATE_TABLES " WHERE c.request = $2 "
                               "AND c.position >= $3 AND c.position < $3 + $4 AND c.slice = $1 AND c.der IS NOT NULL ORDER BY c.position",
    [REG_UNTOLD] = "SELECT c.subject, lower(hex(c.serial)) FROM certificate c LEFT JOIN slice s ON s.id = c.slice "
                   "WHERE c.der IS NOT NULL AND CASE WHEN s.audit IS NULL "
                   "THEN NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = c.subject AND a.event = 'issue' "
                   "AND instr(a.detail, 'serial=' || lower(hex(c.serial))) > 0) "
                   /* in the run that the slice's digest is over */
                   "ELSE s.request IS NOT c.request OR NOT c.position BETWEEN s.position AND s.position + s.numbers - 1 END LIMIT 1",
    [REG_AUDIT_ABOUT] = register_sql_about,
    [REG_FEED] = register_sql_feed,
    [REG_FEED_NEWEST] = register_sql_feed_newest,
    [REG_FEED_ADD] = register_sql_feed_add,
    [REG_RENEWAL_FIND] = register_sql_renewal_find,
    [REG_RENEWAL_UNSIGNED] = register_sql_renewal_unsigned,
    [REG_RENEWAL_KEY] = register_sql_renewal_key,
    [REG_RENEWAL_ADD] = register_sql_renewal_add,
    [REG_RENEWAL_ISSUE] = register_sql_renewal_issue,
    [REG_RENEWAL_DROP] = register_sql_renewal_drop,
    [REG_RENEWAL_STALE] = "SELECT " CERTIFICATE_COLUMNS " FROM " CERTIFICATE_TABLES " WHERE c.state = 'renewing' AND c.created_at < $1 "
                          "AND EXISTS (SELECT 1 FROM certificate p WHERE p.id = c.replaces AND p.state IN ('written', 'erased', 'field')) "
                          "ORDER BY c.created_at LIMIT 100",
    [REG_TOKEN_ADD] = "INSERT INTO token (hash, role, name, hosts, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
    [REG_TOKEN_FIND] = "SELECT " TOKEN_COLUMNS " FROM token t LEFT JOIN certificate c ON c.id = t.certificate WHERE t.hash = $1",
    [REG_TOKEN_SPEND] = "UPDATE token SET used_at = $2, csr = $3, certificate = $4 WHERE hash = $1 AND used_at IS NULL",
    [REG_TOKEN_LIST] = "SELECT " TOKEN_COLUMNS " FROM token t LEFT JOIN certificate c ON c.id = t.certificate "
                       "ORDER BY t.created_at, t.name",
    [REG_CRL_NEWEST] = "SELECT issuer, number, this_update, next_update, revoked, der FROM crl WHERE issuer = $1 "
                       "ORDER BY number DESC LIMIT 1",
    [REG_CRL_ADD] = "INSERT INTO crl (issuer, number, this_update, next_update, revoked, der) VALUES ($1, $2, $3, $4, $5, $6)",
    [REG_CRL_FORGET] = "UPDATE crl SET der = NULL WHERE issuer = $1 AND number < $2 AND der IS NOT NULL",
    [REG_REVOKED_LIST] = "SELECT " CERTIFICATE_COLUMNS " FROM " CERTIFICATE_TABLES
                         " WHERE c.issuer = $1 AND c.revoked_at IS NOT NULL AND c.serial IS NOT NULL ORDER BY c.id",
    AUDIT_STATEMENT_ROWS(REG_AUDIT),
};

const struct db_schema register_schema = {
    .name = "register",
    .migrations = migrations,
    .statements = sql,
    .statements_n = REG_COUNT,
    .cache_kib = 8000, /* a slice's certificates and their random places in three indexes */
};

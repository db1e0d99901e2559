/* The register's audit trail: its chain, and that every certificate is told of in it (I5, I15). A slice of a batch is
 * told of by one entry, which holds the digest of the slice's certificates. */
#include <stdarg.h>
#include <stdio.h>

#include "base/hex.h"
#include "store/register_sql.h"

enum err register_audit(struct db *db, int64_t now_s, const char *actor, const char *event, const char *subject, struct why *why,
                        const char *detail, ...)
{
    char text[512];
    va_list args;
    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    const struct audit_entry e = { .at_s = now_s, .actor = actor, .event = event, .subject = subject, .detail = text };
    return audit_append(db, REG_AUDIT, &e, why);
}

/* All entries about a subject, and for a certificate that was made in a slice the entry that tells of the slice. */
const char register_sql_about[] =
    "SELECT n, at, actor, event, subject, detail, hash FROM audit WHERE subject = $1 "
    "UNION ALL SELECT a.n, a.at, a.actor, a.event, c.subject, 'generation=' || c.generation || ' serial=' || lower(hex(c.serial)) "
    "|| ' order=' || coalesce(o.name, '') || ' requester=' || c.requester || ' slice=' || s.id, a.hash FROM certificate c "
    "JOIN slice s ON s.id = c.slice JOIN audit a ON a.n = s.audit LEFT JOIN production_order o ON o.id = c.order_id "
    "WHERE c.subject = $1 AND c.der IS NOT NULL ORDER BY n";

static enum err take_yes(void *context, const struct db_row *row)
{
    (void)row;
    *(bool *)context = true;
    return OK;
}

enum err register_trail_read(const char *path, const char *subject, audit_fn *fn, void *context, struct why *why)
{
    enum { ASK_SLICES = AUDIT_STATEMENTS, ASK_ABOUT, ASKS };
    static const char *const statements[ASKS] = {
        AUDIT_STATEMENT_ROWS(0), [ASK_SLICES] = "SELECT 1 FROM sqlite_schema WHERE name = 'slice'", [ASK_ABOUT] = register_sql_about,
    };
    static const struct db_schema schema = { .name = "register", .migrations = NULL, .statements = statements, .statements_n = ASKS };
    struct db *db = NULL;
    bool slices = false;
    enum err err = db_open(path, DB_READ_ONLY, &schema, &db, why);
    if (err == OK)
        err = db_query(db, ASK_SLICES, DB_NO_ARGS, take_yes, &slices, why);
    if (err == OK)
        err = slices ? audit_list_by(db, ASK_ABOUT, subject, fn, context, why) : audit_list(db, 0, subject, fn, context, why);
    db_close(db);
    return err;
}

enum err register_audit_list(struct db *db, const char *subject, audit_fn *fn, void *context, struct why *why)
{
    if (subject == NULL)
        return audit_list(db, REG_AUDIT, NULL, fn, context, why);
    return audit_list_by(db, REG_AUDIT_ABOUT, subject, fn, context, why);
}

unsigned register_audit_first(void) { return REG_AUDIT; }

/* --- Slices against their entries --- */

struct slice_check {
    struct db *db;
    struct buf put; /* what is hashed */
    struct why *why;
};

static enum err add_certificate(void *context, const struct db_row *row)
{
    return register_digest_put(context, db_row_blob(row, 0), db_row_text(row, 1));
}

static bool says_digest(const char *detail, const uint8_t digest[REGISTER_DIGEST])
{
    char hex[2 * REGISTER_DIGEST + 1];
    hex_encode(digest, REGISTER_DIGEST, hex);
    const char *at = strstr(detail, " digest=");
    return at != NULL && strncmp(at + strlen(" digest="), hex, sizeof hex - 1) == 0;
}

static enum err check_slice(void *context, const struct db_row *row)
{
    struct slice_check *c = context;
    uint8_t digest[REGISTER_DIGEST];
    int64_t id = db_row_int(row, 0), entry = db_row_int(row, 4);
    buf_clear(&c->put);
    enum err err = db_query(c->db, REG_SLICE_CERTIFICATES,
                            DB_ARGS(db_int(id), db_int(db_row_int(row, 1)), db_int(db_row_int(row, 2)), db_int(db_row_int(row, 3))),
                            add_certificate, &c->put, c->why);
    if (err == OK)
        err = register_digest(buf_span(&c->put), digest);
    if (err == OK && !says_digest(db_row_text(row, 5), digest))
        err = why_set(c->why, ERR_DAMAGED, "the certificates of slice %lld are not those that entry %lld of the audit trail tells of",
                      (long long)id, (long long)entry);
    return err;
}

static enum err check_untold(void *context, const struct db_row *row)
{
    return why_set(context, ERR_DAMAGED, "no entry of the audit trail tells of the certificate of %s with the serial number %s",
                   db_row_text(row, 0), db_row_text(row, 1));
}

enum err register_audit_verify(struct db *db, int64_t *ret_n, uint8_t ret_head[32], struct why *why)
{
    struct slice_check c = { .db = db, .why = why };
    enum err err = audit_verify(db, REG_AUDIT, ret_n, ret_head, why);
    if (err == OK)
        err = db_query(db, REG_SLICES_TOLD, DB_NO_ARGS, check_slice, &c, why);
    if (err == OK)
        err = db_query(db, REG_UNTOLD, DB_NO_ARGS, check_untold, why, why);
    buf_done(&c.put);
    return err;
}

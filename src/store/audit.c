#include "store/audit.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { HASH = 32, ASK_LAST = 0, ASK_INSERT, ASK_LIST, ASK_LIST_SUBJECT, ASK_AT };

const char audit_migration[] =
    "CREATE TABLE audit ("
    " n INTEGER PRIMARY KEY CHECK (n > 0),"
    " at INTEGER NOT NULL,"
    " actor TEXT NOT NULL, event TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL,"
    " hash BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"
    "CREATE INDEX audit_subject ON audit (subject, n);";

const char audit_sql_last[] = "SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1";
const char audit_sql_insert[] = "INSERT INTO audit (n, at, actor, event, subject, detail, hash) "
                                "VALUES ($1, $2, $3, $4, $5, $6, $7)";
const char audit_sql_list[] = "SELECT n, at, actor, event, subject, detail, hash FROM audit ORDER BY n";
const char audit_sql_list_subject[] = "SELECT n, at, actor, event, subject, detail, hash FROM audit "
                                      "WHERE subject = $1 ORDER BY n";

const char audit_sql_at[] = "SELECT n, hash FROM audit WHERE n = $1";

enum err audit_open(const char *place, const char *name, const char *more, struct audit_trail *ret_trail, struct why *why)
{
    *ret_trail = (struct audit_trail){ .statements = { AUDIT_STATEMENT_ROWS(0), [AUDIT_STATEMENTS] = more } };
    ret_trail->schema = (struct db_schema){ .name = name, .statements = ret_trail->statements,
                                            .statements_n = AUDIT_STATEMENTS + (more != NULL) };
    return db_open(place, DB_READ_ONLY, &ret_trail->schema, &ret_trail->db, why);
}

static void put_number(uint8_t *to, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        to[i] = (uint8_t)value;
}

static bool add_number(EVP_MD_CTX *md, int64_t value)
{
    uint8_t bytes[8];
    put_number(bytes, (uint64_t)value);
    return EVP_DigestUpdate(md, bytes, sizeof bytes) == 1;
}

/* Every text with its length in front, so that no two entries can read the same. */
static bool add_text(EVP_MD_CTX *md, const char *text)
{
    size_t n = strlen(text);
    return add_number(md, (int64_t)n) && EVP_DigestUpdate(md, text, n) == 1;
}

static enum err chain(const struct audit_head *before, int64_t n, const struct audit_entry *e, uint8_t ret_hash[HASH])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    if (md == NULL)
        return ERR_NO_MEMORY;
    bool done = EVP_DigestInit_ex2(md, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(md, before->hash, HASH) == 1 &&
                add_number(md, n) && add_number(md, e->at_s) &&
                add_text(md, e->actor) && add_text(md, e->event) && add_text(md, e->subject) && add_text(md, e->detail) &&
                EVP_DigestFinal_ex(md, ret_hash, NULL) == 1;
    EVP_MD_CTX_free(md);
    return done ? OK : ERR_BUG;
}

static enum err take_head(void *context, const struct db_row *row)
{
    struct audit_head *head = context;
    struct span hash = db_row_blob(row, 1);
    if (hash.n != HASH)
        return ERR_DAMAGED;
    head->n = db_row_int(row, 0);
    memcpy(head->hash, hash.at, HASH);
    return OK;
}

enum err audit_append(struct db *db, unsigned first, const struct audit_entry *e, struct why *why)
{
    struct audit_head head = { 0 };
    uint8_t hash[HASH];
    enum err err = db_query(db, first + ASK_LAST, DB_NO_ARGS, take_head, &head, why);
    if (err == OK)
        err = chain(&head, head.n + 1, e, hash);
    if (err != OK)
        return err;
    return db_run(db, first + ASK_INSERT,
                  DB_ARGS(db_int(head.n + 1), db_int(e->at_s), db_text(e->actor), db_text(e->event), db_text(e->subject),
                          db_text(e->detail), db_blob(span_of(hash, HASH))),
                  why);
}

static struct audit_entry entry_of(const struct db_row *row)
{
    return (struct audit_entry){ .at_s = db_row_int(row, 1), .actor = db_row_text(row, 2), .event = db_row_text(row, 3),
                                 .subject = db_row_text(row, 4), .detail = db_row_text(row, 5) };
}

struct listing {
    audit_fn *fn;
    void *context;
};

static enum err list_row(void *context, const struct db_row *row)
{
    const struct listing *l = context;
    struct audit_entry e = entry_of(row);
    return l->fn(l->context, db_row_int(row, 0), &e);
}

enum err audit_list_by(struct db *db, unsigned statement, const char *subject, audit_fn *fn, void *context, struct why *why)
{
    struct listing l = { fn, context };
    return db_query(db, statement, DB_ARGS(db_text(subject)), list_row, &l, why);
}

enum err audit_list(struct db *db, unsigned first, const char *subject, audit_fn *fn, void *context, struct why *why)
{
    struct listing l = { fn, context };
    if (subject == NULL)
        return db_query(db, first + ASK_LIST, DB_NO_ARGS, list_row, &l, why);
    return audit_list_by(db, first + ASK_LIST_SUBJECT, subject, fn, context, why);
}

struct walk {
    struct audit_head head;
    struct why *why;
};

static enum err walk_row(void *context, const struct db_row *row)
{
    struct walk *w = context;
    int64_t n = db_row_int(row, 0);
    struct audit_entry e = entry_of(row);
    uint8_t hash[HASH];
    if (n != w->head.n + 1)
        return why_set(w->why, ERR_DAMAGED, "entry %lld of the audit trail is missing", (long long)w->head.n + 1);
    enum err err = chain(&w->head, n, &e, hash);
    if (err != OK)
        return err;
    if (!span_equal(db_row_blob(row, 6), span_of(hash, HASH)))
        return why_set(w->why, ERR_DAMAGED,
                       "entry %lld of the audit trail (\"%s\" about %s) was changed, or is not the one that was written there",
                       (long long)n, e.event, e.subject);
    w->head.n = n;
    memcpy(w->head.hash, hash, HASH);
    return OK;
}

enum err audit_verify(struct db *db, unsigned first, int64_t *ret_n, uint8_t ret_head[32], struct why *why)
{
    struct walk w = { .why = why };
    enum err err = db_query(db, first + ASK_LIST, DB_NO_ARGS, walk_row, &w, why);
    if (err != OK)
        return err;
    *ret_n = w.head.n;
    memcpy(ret_head, w.head.hash, HASH);
    return OK;
}

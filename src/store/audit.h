/* The audit trail: one row per thing that happened to an identity or a setting, chained by hashes, so that
 * nothing in its middle can be changed, removed or put in without showing (doc/protocol/audit.md).
 *
 *   hash(n) = SHA-256(hash(n-1) | n | time | actor | event | subject | detail), fields with their lengths
 *
 * A trail lives in the database of its program; entries are appended inside the transaction that does what
 * they tell of. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/db.h"

/* The trail's table (one migration), and its statements, which a schema takes up among its own from number
 * `first` on: `static const char *const sql[] = { [ASK_X] = "...", AUDIT_STATEMENT_ROWS(ASK_AUDIT) };` with
 * AUDIT_STATEMENTS numbers left free behind ASK_AUDIT. */
extern const char audit_migration[];
extern const char audit_sql_last[], audit_sql_insert[], audit_sql_list[], audit_sql_list_subject[], audit_sql_at[];
enum { AUDIT_STATEMENTS = 5 };
#define AUDIT_STATEMENT_ROWS(first) \
    [(first)] = audit_sql_last, [(first) + 1] = audit_sql_insert, [(first) + 2] = audit_sql_list, \
    [(first) + 3] = audit_sql_list_subject, [(first) + 4] = audit_sql_at

struct audit_entry {
    int64_t at_s;        /* wall clock */
    const char *actor;   /* "factory:factory-1", "operator:meier", "station:line-1" */
    const char *event;   /* "issue", "claim", "login" ... */
    const char *subject; /* device number, order, operator */
    const char *detail;  /* key=value pairs; never a secret; may be "" */
};

/* Call between db_begin and db_commit, so that no other process appends in between. Errors: those of db_query.
 * `first` is the number of the schema's first audit statement. */
enum err audit_append(struct db *db, unsigned first, const struct audit_entry *entry, struct why *why) MUST_CHECK;

/* The trail of a program's database, of whatever version, for reading only: audit_list and audit_verify with
 * `first` 0. `name`: of the database ("stock"), by which PostgreSQL has it; `more`: one statement more, of number AUDIT_STATEMENTS,
 * as for audit_list_by, or NULL; both stay the caller's. Errors: NOT_FOUND, DAMAGED, IO; those of db_open for a URL. */
struct audit_trail {
    const char *statements[AUDIT_STATEMENTS + 1];
    struct db_schema schema;
    struct db *db;
};
enum err audit_open(const char *place, const char *name, const char *more, struct audit_trail *ret_trail, struct why *why) MUST_CHECK;

typedef enum err audit_fn(void *context, int64_t n, const struct audit_entry *entry);
/* In order; subject NULL: all entries. */
enum err audit_list(struct db *db, unsigned first, const char *subject, audit_fn *fn, void *context, struct why *why) MUST_CHECK;

/* By a statement of the schema that gives the columns of AUDIT_STATEMENT_ROWS' lists for a subject. */
enum err audit_list_by(struct db *db, unsigned statement, const char *subject, audit_fn *fn, void *context, struct why *why) MUST_CHECK;

/* Walks the chain. Errors: DAMAGED, `why` naming the first bad entry. ret_n: how many entries there are,
 * ret_head: the last hash. */
enum err audit_verify(struct db *db, unsigned first, int64_t *ret_n, uint8_t ret_head[32], struct why *why) MUST_CHECK;

/* --- Heads: an entry's number and hash pin all that was before it --- */

struct audit_head {
    int64_t n; /* 0: none */
    uint8_t hash[32];
};

enum err audit_head_now(struct db *db, unsigned first, struct audit_head *ret_head, struct why *why) MUST_CHECK;
/* Of entry n; none when there is no such entry. */
enum err audit_head_at(struct db *db, unsigned first, int64_t n, struct audit_head *ret_head, struct why *why) MUST_CHECK;
bool audit_head_equal(const struct audit_head *a, const struct audit_head *b);

/* Whether the trail still has the head that a person or another program kept, written as N:HASH. NULL: nothing to
 * check. Errors: USAGE (not written so), DAMAGED (cut or changed since). */
enum err audit_head_check(struct db *db, unsigned first, const char *kept, struct why *why) MUST_CHECK;

/* Another program's trail has this head: kept in ours, as an entry "witness" about "trail:OWNER". Inside a
 * transaction. */
enum err audit_witness(struct db *db, unsigned first, const char *actor, const char *owner, int64_t now_s,
                       const struct audit_head *head, struct why *why) MUST_CHECK;
/* The head that was kept last; none when none was. */
enum err audit_witnessed(struct db *db, unsigned first, const char *owner, struct audit_head *ret_head, struct why *why) MUST_CHECK;

#endif

#include "store/people.h"

enum { ASK_PUT = 0, ASK_GET, ASK_EACH, ASK_SESSION_ADD, ASK_SESSION_GET, ASK_SESSION_DROP, ASK_SESSION_END };

/* Which roles there are is said by the program (api/service.h). */
const char people_migration[] =
    "CREATE TABLE operator (name TEXT PRIMARY KEY CHECK (name <> ''), role TEXT NOT NULL CHECK (role <> ''),"
    " hash TEXT NOT NULL, disabled INTEGER NOT NULL, failures INTEGER NOT NULL, locked_until INTEGER NOT NULL) STRICT;"
    "CREATE TABLE session (hash BLOB PRIMARY KEY CHECK (length(hash) = 32), operator TEXT NOT NULL REFERENCES operator (name),"
    " expires INTEGER NOT NULL) STRICT;";

#define COLUMNS "name, role, hash, disabled, failures, locked_until"
const char people_sql_put[] =
    "INSERT INTO operator (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (name) DO UPDATE SET role = $2, hash = $3, disabled = $4, failures = $5, locked_until = $6";
const char people_sql_get[] = "SELECT " COLUMNS " FROM operator WHERE name = $1";
const char people_sql_each[] = "SELECT " COLUMNS " FROM operator ORDER BY name";
const char people_sql_session_add[] = "INSERT INTO session (hash, operator, expires) VALUES ($1, $2, $3)";
const char people_sql_session_get[] = "SELECT operator FROM session WHERE hash = $1 AND expires > $2";
const char people_sql_session_drop[] = "DELETE FROM session WHERE hash = $1 OR expires <= $2";
const char people_sql_session_end[] = "DELETE FROM session WHERE operator = $1 OR expires <= $2";

enum err people_put(const struct people *p, const struct person *o, struct why *why)
{
    return db_run(p->db, p->first + ASK_PUT,
                  DB_ARGS(db_text(o->name), db_text(o->role), db_text(o->hash), db_int(o->disabled), db_int(o->failures),
                          db_int(o->locked_until_s)),
                  why);
}

static void read_person(const struct db_row *row, struct person *p)
{
    *p = (struct person){ .disabled = db_row_int(row, 3) != 0, .failures = db_row_int(row, 4), .locked_until_s = db_row_int(row, 5) };
    db_row_copy(row, 0, sizeof p->name, p->name);
    db_row_copy(row, 1, sizeof p->role, p->role);
    db_row_copy(row, 2, sizeof p->hash, p->hash);
}

static enum err take_person(void *context, const struct db_row *row)
{
    read_person(row, context);
    return OK;
}

enum err people_get(const struct people *p, const char *name, struct person *ret_person, struct why *why)
{
    enum err err = db_first(p->db, p->first + ASK_GET, DB_ARGS(db_text(name)), take_person, ret_person, why);
    return err == ERR_NOT_FOUND ? why_set(why, ERR_NOT_FOUND, "there is no operator %s", name) : err;
}

struct listing {
    person_fn *fn;
    void *context;
};

static enum err pass_person(void *context, const struct db_row *row)
{
    const struct listing *l = context;
    struct person person;
    read_person(row, &person);
    return l->fn(l->context, &person);
}

enum err people_each(const struct people *p, person_fn *fn, void *context, struct why *why)
{
    struct listing l = { .fn = fn, .context = context };
    return db_query(p->db, p->first + ASK_EACH, DB_NO_ARGS, pass_person, &l, why);
}

enum err people_session_add(const struct people *p, const uint8_t hash[32], const char *name, int64_t expires_s, struct why *why)
{
    return db_run(p->db, p->first + ASK_SESSION_ADD, DB_ARGS(db_blob(span_of(hash, 32)), db_text(name), db_int(expires_s)), why);
}

static enum err take_name(void *context, const struct db_row *row)
{
    db_row_copy(row, 0, LIMIT_NAME + 1, context);
    return OK;
}

enum err people_session_get(const struct people *p, const uint8_t hash[32], int64_t now_s, char ret_name[LIMIT_NAME + 1],
                            struct why *why)
{
    enum err err = db_first(p->db, p->first + ASK_SESSION_GET, DB_ARGS(db_blob(span_of(hash, 32)), db_int(now_s)), take_name,
                            ret_name, why);
    return err == ERR_NOT_FOUND ? why_set(why, ERR_NOT_FOUND, "there is no such session") : err;
}

enum err people_session_drop(const struct people *p, const uint8_t hash[32], int64_t now_s, struct why *why)
{
    return db_run(p->db, p->first + ASK_SESSION_DROP, DB_ARGS(db_blob(span_of(hash, 32)), db_int(now_s)), why);
}

enum err people_session_end(const struct people *p, const char *name, int64_t now_s, struct why *why)
{
    return db_run(p->db, p->first + ASK_SESSION_END, DB_ARGS(db_text(name), db_int(now_s)), why);
}

/* PostgreSQL: statements prepared when they are first asked for, and rows. A row's function may ask again on the same
 * connection, so nothing may be on its way there meanwhile: a short answer comes whole before its first row is looked at, and
 * a long one piece by piece through a cursor. Which of the two it is shows when it comes: what is too long is let go, row by
 * row, and asked for again (no row was passed on by then); from then on the statement is asked through a cursor at once. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/db_dialect.h"
#include "store/db_postgres.h"

enum { SHORT_MOST = 200 }; /* rows of a short answer */
enum { OF_BYTEA = 17, OF_INT8 = 20, OF_INT4 = 23, OF_TEXT = 25 }; /* pg_type.h of the server */

struct postgres_statement {
    bool prepared, is_long;
    int parameters;
    Oid types[POSTGRES_PARAMETERS];
};

enum err postgres_new_statements(struct db *db)
{
    postgres_of(db)->statements = calloc(db->schema->statements_n + 1, sizeof(struct postgres_statement));
    return postgres_of(db)->statements == NULL ? ERR_NO_MEMORY : OK;
}

void postgres_free_statements(struct db *db) { free(postgres_of(db)->statements); }

void postgres_forget_statements(struct db *db)
{
    if (postgres_of(db)->statements != NULL)
        memset(postgres_of(db)->statements, 0, db->schema->statements_n * sizeof(struct postgres_statement));
}

/* --- Preparing --- */

/* A type where the first values tell one; where one is null, the server finds it from the statement. */
static int tell_types(const struct db_value *args, size_t args_n, Oid *types)
{
    for (size_t i = 0; i < args_n; i++)
        switch (args[i].kind) {
        case DB_IS_NULL: types[i] = 0; break;
        case DB_IS_INT: types[i] = OF_INT8; break;
        case DB_IS_TEXT: types[i] = OF_TEXT; break;
        case DB_IS_BLOB: types[i] = OF_BYTEA; break;
        }
    return (int)args_n;
}

static bool known_column(Oid type) { return type == OF_INT8 || type == OF_INT4 || type == OF_TEXT || type == OF_BYTEA; }

static enum err describe(struct db *db, unsigned number, const char *name, struct postgres_statement *s, struct why *why)
{
    PGresult *result = PQdescribePrepared(postgres_of(db)->conn, name);
    enum err err = PQresultStatus(result) == PGRES_COMMAND_OK ? OK : postgres_error(db, result, why);
    int n = err == OK ? PQnparams(result) : 0;
    if (n > POSTGRES_PARAMETERS)
        err = why_set(why, ERR_BUG, "%s database: statement %u takes too many values", db->schema->name, number);
    for (int i = 0; err == OK && i < n; i++)
        s->types[i] = PQparamtype(result, i);
    for (int i = 0; err == OK && i < PQnfields(result); i++)
        if (!known_column(PQftype(result, i)))
            err = why_set(why, ERR_BUG, "%s database: column %d of statement %u has a type that is not known here",
                          db->schema->name, i, number);
    s->parameters = n;
    PQclear(result);
    return err;
}

static bool is_writing(const char *sql)
{
    return strncmp(sql, "INSERT", 6) == 0 || strncmp(sql, "UPDATE", 6) == 0 || strncmp(sql, "DELETE", 6) == 0;
}

/* The statement in PostgreSQL's words, as a text in `to`. */
static enum err in_their_words(struct db *db, unsigned number, struct buf *to, const char **ret_text, struct why *why)
{
    enum err err = dialect_postgres(db->schema->statements[number], to, why);
    const char *text = err == OK ? buf_text(to) : NULL;
    if (err == OK && text == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        *ret_text = text;
    return err;
}

static enum err prepare(struct db *db, unsigned number, const char *name, const struct db_value *args, size_t args_n,
                        struct why *why)
{
    struct postgres_statement *s = &postgres_of(db)->statements[number];
    AUTO_BUF sql = BUF_INIT;
    const char *text = NULL;
    Oid types[POSTGRES_PARAMETERS];
    if (args_n > POSTGRES_PARAMETERS)
        return why_set(why, ERR_BUG, "%s database: too many values for statement %u", db->schema->name, number);
    enum err err = in_their_words(db, number, &sql, &text, why);
    if (err != OK)
        return err;
    err = postgres_done(db, PQprepare(postgres_of(db)->conn, name, text, tell_types(args, args_n, types), types), why);
    if (err == OK)
        err = describe(db, number, name, s, why);
    s->prepared = err == OK;
    return err;
}

/* --- Values --- */

static bool is_of(const struct db_value *v, Oid type)
{
    switch (v->kind) {
    case DB_IS_NULL: return true;
    case DB_IS_INT: return type != OF_BYTEA;
    case DB_IS_TEXT: return type == OF_TEXT;
    case DB_IS_BLOB: return type == OF_BYTEA;
    }
    return false;
}

static void put_value(struct postgres_values *to, size_t i, const struct db_value *v)
{
    to->at[i] = NULL;
    to->formats[i] = POSTGRES_TEXT;
    switch (v->kind) {
    case DB_IS_NULL: return;
    case DB_IS_INT:
        snprintf(to->numbers[i], POSTGRES_NUMBER, "%lld", (long long)v->number);
        to->at[i] = to->numbers[i];
        return;
    case DB_IS_TEXT: /* text is the same in both formats, and in the binary one needs no zero behind it */
    case DB_IS_BLOB:
        to->at[i] = v->bytes.at == NULL ? "" : (const char *)v->bytes.at;
        to->n[i] = (int)v->bytes.n;
        to->formats[i] = POSTGRES_BINARY;
        return;
    }
}

static enum err put_values(struct db *db, unsigned number, const struct db_value *args, size_t n, struct postgres_values *to, struct why *why)
{
    const struct postgres_statement *s = &postgres_of(db)->statements[number];
    if (n != (size_t)s->parameters)
        return why_set(why, ERR_BUG, "%s database: statement %u takes %d values, not %zu", db->schema->name, number,
                       s->parameters, n);
    to->parameters = (int)n;
    to->types = s->types;
    for (size_t i = 0; i < n; i++) {
        if (!is_of(&args[i], s->types[i]))
            return why_set(why, ERR_CONFLICT, "%s database: value %zu of statement %u is of another type than its column",
                           db->schema->name, i + 1, number);
        if (args[i].kind != DB_IS_INT && args[i].bytes.n > INT32_MAX / 4)
            return why_set(why, ERR_TOO_LARGE, "%s database: a value of %zu bytes", db->schema->name, args[i].bytes.n);
        put_value(to, i, &args[i]);
    }
    return OK;
}

/* --- Asking --- */

struct answer {
    PGresult *rows[SHORT_MOST]; /* one row each; all of them in the first for a statement that writes */
    int n;
    unsigned cursor; /* 0: `rows` are all there are */
};

static void drop_rows(struct answer *a)
{
    while (a->n > 0)
        PQclear(a->rows[--a->n]);
}

static enum err pass_rows(const struct answer *a, db_row_fn *on_row, void *context)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < a->n; i++)
        err = postgres_pass(a->rows[i], on_row, context);
    return err;
}

/* What the server sends, up to the end of it: the connection is free afterwards. */
static enum err take_rows(struct db *db, struct answer *a, bool *ret_more, struct why *why)
{
    struct postgres *p = postgres_of(db);
    enum err err = OK;
    for (PGresult *result; (result = PQgetResult(p->conn)) != NULL; PQclear(result)) {
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COMMAND_OK)
            p->changes = strtoll(PQcmdTuples(result), NULL, 10);
        else if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK)
            err = postgres_error(db, result, why);
        *ret_more = *ret_more || (PQntuples(result) > 0 && a->n == SHORT_MOST);
        if (PQntuples(result) > 0 && a->n < SHORT_MOST) {
            a->rows[a->n++] = result;
            result = NULL;
        }
    }
    return err;
}

static enum err execute(struct db *db, unsigned number, const struct postgres_values *v, struct answer *a, struct why *why)
{
    struct postgres *p = postgres_of(db);
    char name[16];
    snprintf(name, sizeof name, "s%u", number);
    if (PQsendQueryPrepared(p->conn, name, v->parameters, v->at, v->n, v->formats, POSTGRES_BINARY) == 0)
        return postgres_error(db, NULL, why);
    bool writing = is_writing(db->schema->statements[number]), more = false;
    if (!writing)
        (void)PQsetSingleRowMode(p->conn);
    enum err err = take_rows(db, a, &more, why);
    if (err != OK || more)
        drop_rows(a);
    p->statements[number].is_long = more;
    return err;
}

static enum err open_cursor(struct db *db, unsigned number, const struct postgres_values *v, struct answer *a, struct why *why)
{
    AUTO_BUF sql = BUF_INIT;
    const char *text = NULL;
    enum err err = in_their_words(db, number, &sql, &text, why);
    return err != OK ? err : postgres_cursor_open(db, text, v, &a->cursor, why);
}

/* Once, on the connection as it is. */
static enum err ask_once(struct db *db, unsigned number, const struct db_value *args, size_t args_n, struct answer *a,
                         struct why *why)
{
    const struct postgres_statement *s = &postgres_of(db)->statements[number];
    struct postgres_values values;
    char name[16];
    snprintf(name, sizeof name, "s%u", number);
    enum err err = s->prepared ? OK : prepare(db, number, name, args, args_n, why);
    if (err == OK)
        err = put_values(db, number, args, args_n, &values, why);
    if (err == OK && !s->is_long)
        err = execute(db, number, &values, a, why);
    return err == OK && s->is_long ? open_cursor(db, number, &values, a, why) : err;
}

/* What writes by itself queues with those who write in transactions. */
static enum err write_alone(struct db *db, unsigned number, const struct db_value *args, size_t args_n, struct answer *a,
                            struct why *why)
{
    enum err err = postgres_begin(db, why);
    if (err == OK)
        err = ask_once(db, number, args, args_n, a, why);
    if (err == OK)
        err = postgres_commit(db, why);
    postgres_rollback(db);
    return err;
}

/* A question outside of a transaction may be asked again on a new connection. */
static enum err ask(struct db *db, unsigned number, const struct db_value *args, size_t args_n, struct answer *a, struct why *why)
{
    enum err err = postgres_connected(db, why);
    if (err == OK)
        err = ask_once(db, number, args, args_n, a, why);
    if (err == OK || postgres_of(db)->open || !postgres_lost(db))
        return err;
    err = postgres_connected(db, why);
    return err != OK ? err : ask_once(db, number, args, args_n, a, why);
}

enum err postgres_query(struct db *db, unsigned number, const struct db_value *args, size_t args_n, db_row_fn *on_row,
                        void *context, struct why *why)
{
    struct answer a = { .n = 0 };
    const char *sql = number < db->schema->statements_n ? db->schema->statements[number] : NULL;
    if (sql == NULL)
        return why_set(why, ERR_BUG, "%s database: there is no statement %u", db->schema->name, number);
    bool alone = !postgres_of(db)->open && is_writing(sql);
    enum err err = (alone ? write_alone : ask)(db, number, args, args_n, &a, why);
    if (err == OK)
        err = a.cursor == 0 ? pass_rows(&a, on_row, context) : postgres_cursor_walk(db, a.cursor, on_row, context, why);
    drop_rows(&a);
    return err;
}

/* --- Rows, in the binary format --- */

int64_t postgres_row_int(const struct db_row *row, int column)
{
    const PGresult *result = row->result;
    const char *at = PQgetvalue(result, row->line, column);
    uint64_t eight;
    uint32_t four;
    switch (PQgetlength(result, row->line, column)) {
    case sizeof eight: memcpy(&eight, at, sizeof eight); return (int64_t)be64toh(eight);
    case sizeof four: memcpy(&four, at, sizeof four); return (int32_t)be32toh(four);
    default: return 0; /* null */
    }
}

bool postgres_row_null(const struct db_row *row, int column) { return PQgetisnull(row->result, row->line, column) == 1; }

struct span postgres_row_blob(const struct db_row *row, int column)
{
    return span_of(PQgetvalue(row->result, row->line, column), (size_t)PQgetlength(row->result, row->line, column));
}

/* libpq puts a zero behind each value. */
const char *postgres_row_text(const struct db_row *row, int column) { return PQgetvalue(row->result, row->line, column); }

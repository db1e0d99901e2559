/* PostgreSQL: connections, errors, migrations. Each database of ours ("stock", "center") is a schema of that name in the
 * database that the URL says. */
#include "store/db_postgres.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/db_dialect.h"

enum { RECONNECT_MS = 500 };

/* --- Errors --- */

/* The one place that knows PostgreSQL's codes (appendix A of its manual); the longest that fits counts. */
static const struct {
    const char *begins;
    enum err err;
} codes[] = {
    { "53100", ERR_NO_SPACE },    { "53200", ERR_NO_MEMORY },   { "55P03", ERR_BUSY },      { "25006", ERR_NOT_ALLOWED },
    { "42501", ERR_NOT_ALLOWED }, { "57014", ERR_BUSY },        { "22021", ERR_BAD_INPUT }, { "22P05", ERR_BAD_INPUT },
    { "08", ERR_BUSY },           { "23", ERR_CONFLICT },       { "25", ERR_BUG },          { "40", ERR_BUSY },
    { "42", ERR_BUG },            { "53", ERR_BUSY },           { "54", ERR_TOO_LARGE },    { "57", ERR_BUSY },
    { "58", ERR_IO },             { "XX001", ERR_DAMAGED },     { "XX002", ERR_DAMAGED },   { "22001", ERR_TOO_LARGE },
    { "34", ERR_BUSY }, /* a cursor that is gone: the connection was made anew between two of its pieces */
};

static enum err translate(const char *state)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strncmp(state, codes[i].begins, strlen(codes[i].begins)) == 0)
            return codes[i].err;
    return ERR_IO;
}

bool postgres_lost(const struct db *db) { return PQstatus(postgres_of(db)->conn) != CONNECTION_OK; }

/* libpq's sentences go over several lines and never hold the password. */
static enum err say(struct why *why, enum err err, const char *where, const char *message)
{
    char line[WHY_MAX];
    snprintf(line, sizeof line, "%s", message);
    for (char *c = line; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    size_t n = strlen(line);
    while (n > 0 && line[n - 1] == ' ')
        line[--n] = '\0';
    return why_set(why, err, "%s: %s", where, line);
}

enum err postgres_error(struct db *db, const PGresult *result, struct why *why)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (postgres_lost(db) || state == NULL)
        return say(why, ERR_BUSY, postgres_of(db)->where, PQerrorMessage(postgres_of(db)->conn));
    return why_set(why, translate(state), "%s database: %s", db->schema->name, message == NULL ? state : message);
}

enum err postgres_done(struct db *db, PGresult *result, struct why *why)
{
    ExecStatusType status = PQresultStatus(result);
    enum err err = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? OK : postgres_error(db, result, why);
    PQclear(result);
    return err;
}

enum err postgres_ask(struct db *db, const char *sql, size_t size, char *ret_text, struct why *why)
{
    PGresult *result = PQexec(postgres_of(db)->conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return postgres_done(db, result, why);
    snprintf(ret_text, size, "%s", PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
    PQclear(result);
    return OK;
}

enum err postgres_execute(struct db *db, const char *sql, struct why *why)
{
    return postgres_done(db, PQexec(postgres_of(db)->conn, sql), why);
}

/* --- Connecting --- */

static const char *option(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, name) == 0)
            return options->val == NULL ? "" : options->val;
    return "";
}

/* Each of "a,b": a socket's folder, or this machine. */
static bool all_local(const char *hosts)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
    for (const char *at = hosts; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        size_t n = strcspn(at, ",");
        bool local = n == 0 || *at == '/';
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            local = local || (strlen(names[i]) == n && memcmp(names[i], at, n) == 0);
        if (!local)
            return false;
    }
    return true;
}

enum err db_check_url(const char *url, struct why *why)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL); /* its complaint could quote a password */
    if (options == NULL)
        return why_set(why, ERR_CONFIG, "the database's URL cannot be understood: write it as "
                                        "postgresql://USER@HOST:PORT,HOST:PORT/DATABASE");
    enum err err = OK;
    if (option(options, "password")[0] != '\0' || option(options, "sslpassword")[0] != '\0')
        err = why_set(why, ERR_CONFIG, "a password does not belong in the database's URL: put it into a file that libpq reads "
                                       "(?passfile=PATH, or ~/.pgpass), mode 0600");
    else if (option(options, "dbname")[0] == '\0')
        err = why_set(why, ERR_CONFIG, "the database's URL says no database: postgresql://USER@HOST/DATABASE");
    PQconninfoFree(options);
    return err;
}

/* Over the network only to a server that shows a certificate for its name, unless the URL says otherwise. */
static PGconn *open_connection(const struct postgres *p)
{
    PQconninfoOption *options = PQconninfoParse(p->place, NULL);
    if (options == NULL)
        return NULL;
    const char *const keywords[] = { "client_encoding", "connect_timeout", "tcp_user_timeout", "keepalives_idle",
                                     "keepalives_interval", "sslmode", "target_session_attrs", "fallback_application_name",
                                     "dbname", NULL };
    const char *const values[] = { "UTF8", "3", "10000", "10", "5", all_local(option(options, "host")) ? "prefer" : "verify-full",
                                   p->mode == DB_READ_ONLY ? "any" : "read-write", "nameplate", p->place, NULL };
    PGconn *conn = PQconnectdbParams(keywords, values, 1);
    PQconninfoFree(options);
    return conn;
}

static void silent(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static enum err set_up(struct db *db, struct why *why)
{
    struct postgres *p = postgres_of(db);
    char sql[512], answer[16] = "";
    snprintf(sql, sizeof sql,
             "SET search_path = %s; SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '60s';"
             "SET default_transaction_read_only = %s; SET default_transaction_isolation = 'read committed';"
             "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';"
             "%s%s; SELECT current_setting('fsync')",
             db->schema->name, p->mode == DB_READ_ONLY ? "on" : "off", p->mode == DB_READ_ONLY ? "" : "LISTEN ",
             p->mode == DB_READ_ONLY ? "" : db->schema->name);
    enum err err = postgres_ask(db, sql, sizeof answer, answer, why);
    if (err == OK && p->mode != DB_READ_ONLY && strcmp(answer, "on") != 0)
        err = why_set(why, ERR_CONFIG, "%s runs with fsync = %s: what it confirms can be lost", p->where, answer);
    return err;
}

static enum err connect(struct db *db, struct why *why)
{
    struct postgres *p = postgres_of(db);
    PQfinish(p->conn);
    p->job[0] = '\0';
    p->missed = true;
    postgres_forget_statements(db);
    p->conn = open_connection(p);
    if (p->conn == NULL)
        return ERR_NO_MEMORY;
    PQsetNoticeProcessor(p->conn, silent, NULL);
    snprintf(p->where, sizeof p->where, "the database %s on %s", PQdb(p->conn) == NULL ? "?" : PQdb(p->conn),
             PQhost(p->conn) == NULL ? "?" : PQhost(p->conn));
    enum err err = postgres_lost(db) ? say(why, ERR_BUSY, p->where, PQerrorMessage(p->conn)) : set_up(db, why);
    p->not_before_ms = err == OK ? 0 : clock_mono_ms() + RECONNECT_MS;
    return err;
}

enum err postgres_connected(struct db *db, struct why *why)
{
    struct postgres *p = postgres_of(db);
    if (!postgres_lost(db))
        return OK;
    if (p->open || clock_mono_ms() < p->not_before_ms)
        return why_set(why, ERR_BUSY, "%s is out of reach", p->where);
    return connect(db, why);
}

enum err postgres_make_schema(struct db *db, struct why *why)
{
    char sql[512];
    snprintf(sql, sizeof sql, "CREATE SCHEMA IF NOT EXISTS %s;"
                              "CREATE TABLE IF NOT EXISTS %s.schema_version (version BIGINT NOT NULL);"
                              "INSERT INTO %s.schema_version SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM %s.schema_version)",
             db->schema->name, db->schema->name, db->schema->name, db->schema->name);
    return postgres_execute(db, sql, why);
}

static enum err make_schema(struct db *db, struct why *why)
{
    enum err err = postgres_begin(db, why);
    if (err == OK)
        err = postgres_make_schema(db, why);
    if (err == OK)
        err = postgres_commit(db, why);
    postgres_rollback(db);
    return err;
}

static enum err find_schema(struct db *db, enum db_mode mode, struct why *why)
{
    char sql[160], there[8] = "";
    snprintf(sql, sizeof sql, "SELECT to_regclass('%s.schema_version') IS NOT NULL", db->schema->name);
    enum err err = postgres_ask(db, sql, sizeof there, there, why);
    if (err != OK || strcmp(there, "t") == 0)
        return err;
    return mode == DB_CREATE ? make_schema(db, why)
                             : why_set(why, ERR_NOT_FOUND, "there is no %s database in %s", db->schema->name, postgres_of(db)->where);
}

static enum err open_postgres(struct db *db, const char *place, enum db_mode mode, struct why *why)
{
    struct postgres *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NO_MEMORY;
    db->handle = p;
    p->mode = mode;
    p->place = strdup(place);
    enum err err = p->place == NULL ? ERR_NO_MEMORY : db_check_url(place, why);
    if (err == OK)
        err = postgres_new_statements(db);
    if (err == OK)
        err = connect(db, why);
    return err != OK || mode == DB_ALONE ? err : find_schema(db, mode, why);
}

static void close_postgres(struct db *db)
{
    struct postgres *p = postgres_of(db);
    PQfinish(p->conn);
    postgres_free_statements(db);
    free(p->place);
    free(p);
}

/* --- Migrations --- */

static enum err script(struct db *db, const char *sql, struct why *why)
{
    AUTO_BUF theirs = BUF_INIT;
    enum err err = dialect_postgres(sql, &theirs, why);
    const char *text = err == OK ? buf_text(&theirs) : NULL;
    if (err == OK && text == NULL)
        err = ERR_NO_MEMORY;
    return err != OK ? err : postgres_execute(db, text, why);
}

static enum err read_version(struct db *db, int64_t *ret_version, struct why *why)
{
    char text[24] = "";
    enum err err = postgres_ask(db, "SELECT version FROM schema_version", sizeof text, text, why);
    if (err == OK && text[0] == '\0')
        err = why_set(why, ERR_DAMAGED, "%s database: its version is gone", db->schema->name);
    if (err == OK)
        *ret_version = strtoll(text, NULL, 10);
    return err;
}

static enum err write_version(struct db *db, int64_t version, struct why *why)
{
    char sql[80];
    snprintf(sql, sizeof sql, "UPDATE schema_version SET version = %lld", (long long)version);
    return postgres_execute(db, sql, why);
}

enum err postgres_continue_ids(struct db *db, struct why *why)
{
    return postgres_execute(db,
                            "DO $$ DECLARE c record; BEGIN FOR c IN SELECT table_name AS t, column_name AS n"
                            " FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES' LOOP"
                            " EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), coalesce(max(%I), 0) + 1, false) FROM %I',"
                            " quote_ident(c.t), c.n, c.n, c.t); END LOOP; END $$",
                            why);
}

/* What points where is checked as it is written. Ids that a migration copied are not given out again. */
static enum err end_migration(struct db *db, struct why *why)
{
    enum err err = postgres_continue_ids(db, why);
    if (err == OK)
        err = postgres_commit(db, why);
    postgres_rollback(db);
    return err;
}

/* --- What else is asked --- */

static enum err walk(struct db *db, const char *sql, db_row_fn *on_row, void *context, struct why *why)
{
    unsigned cursor = 0;
    enum err err = postgres_cursor_open(db, sql, NULL, &cursor, why);
    return err != OK ? err : postgres_cursor_walk(db, cursor, on_row, context, why);
}

static int64_t changes(const struct db *db) { return postgres_of(db)->changes; }

static int64_t last_id(const struct db *db)
{
    PGresult *result = PQexec(postgres_of(db)->conn, "SELECT lastval()");
    int64_t id = PQresultStatus(result) == PGRES_TUPLES_OK ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return id;
}

/* Reads every row of every table: a page whose checksum is wrong shows. */
static enum err check(struct db *db, struct why *why)
{
    enum err err = postgres_connected(db, why);
    return err != OK ? err
                     : postgres_execute(db,
                                        "DO $$ DECLARE t record; BEGIN FOR t IN SELECT c.oid::regclass::text AS name FROM pg_class c"
                                        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' LOOP"
                                        " EXECUTE 'SELECT count(x::text) FROM ' || t.name || ' x'; END LOOP; END $$",
                                        why);
}

/* The server does it by itself. */
static void tidy_later(struct db *db, atomic_bool *untidy)
{
    (void)db;
    (void)untidy;
}

static enum err tidy(struct db *db, struct why *why)
{
    (void)db;
    (void)why;
    return OK;
}

const struct db_backend db_postgres = {
    .open = open_postgres,
    .close = close_postgres,
    .migration_begin = postgres_begin,
    .migration_end = end_migration,
    .script = script,
    .version_read = read_version,
    .version_write = write_version,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .point = postgres_point,
    .query = postgres_query,
    .walk = walk,
    .changes = changes,
    .last_id = last_id,
    .tidy_later = tidy_later,
    .tidy = tidy,
    .row_int = postgres_row_int,
    .row_null = postgres_row_null,
    .row_blob = postgres_row_blob,
    .row_text = postgres_row_text,
    .lead = postgres_lead,
    .tell = postgres_tell,
    .hear = postgres_hear,
    .check = check,
};

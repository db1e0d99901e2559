#include "store/db_postgres_move.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/db_postgres.h"

/* --- The tables --- */

const char postgres_move_tables[] =
    "SELECT quote_ident(table_name), string_agg(format('t.%I', column_name), ', ' ORDER BY ordinal_position),"
    " string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position),"
    " string_agg(CASE data_type WHEN 'bigint' THEN 'i' WHEN 'text' THEN 't' WHEN 'bytea' THEN 'b' ELSE '?' END, ''"
    " ORDER BY ordinal_position), count(*) FILTER (WHERE column_name <> 'rowid')"
    " FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'schema_version'"
    " GROUP BY table_name ORDER BY table_name";

#define EACH_TABLE                                                                                                               \
    "FOR t IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"  \
    " AND relname <> 'schema_version' LOOP "
#define EACH_REFERENCE                                                                                                           \
    "FOR t IN SELECT conrelid::regclass AS name, conname FROM pg_constraint WHERE contype = 'f'"                                 \
    " AND connamespace = current_schema()::regnamespace LOOP "

/* Also empty of what the migrations put in: the file has it. */
static const char open_tables[] =
    "DO $$ DECLARE t record; BEGIN "
    EACH_TABLE "EXECUTE format('TRUNCATE %s CASCADE', t.name);"
    " EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', t.name); END LOOP; "
    EACH_REFERENCE "EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY DEFERRED', t.name, t.conname);"
    " END LOOP; END $$";

static const char close_tables[] =
    "SET CONSTRAINTS ALL IMMEDIATE;"
    "DO $$ DECLARE t record; BEGIN "
    EACH_REFERENCE "EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I NOT DEFERRABLE', t.name, t.conname); END LOOP; "
    EACH_TABLE "EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', t.name);"
    " EXECUTE format('ANALYZE %s', t.name); END LOOP; END $$"; /* or it would take all of them for empty, for a while */

enum err postgres_move_look(struct db *db, int64_t *ret_version, struct why *why)
{
    char sql[256], what[24] = "";
    snprintf(sql, sizeof sql,
             "SELECT CASE WHEN to_regclass('%s.schema_version') IS NOT NULL THEN 'ours' WHEN EXISTS (SELECT 1 FROM pg_class"
             " WHERE relnamespace = to_regnamespace('%s')) THEN 'other' END", db->schema->name, db->schema->name);
    enum err err = postgres_ask(db, sql, sizeof what, what, why);
    if (err == OK && strcmp(what, "ours") == 0)
        return db->backend->version_read(db, ret_version, why);
    if (err == OK)
        *ret_version = what[0] == '\0' ? POSTGRES_NOTHING : POSTGRES_OTHER;
    return err;
}

/* Who was quicker than us has migrated, or will fail at the first table. */
static enum err make_tables(struct db *db, struct why *why)
{
    int64_t version = 0;
    enum err err = postgres_make_schema(db, why);
    if (err == OK)
        err = db->backend->version_read(db, &version, why);
    if (err == OK && version != 0)
        err = why_set(why, ERR_EXISTS, "somebody else made a %s database in %s meanwhile", db->schema->name, postgres_of(db)->where);
    if (err == OK)
        err = db_run_migrations(db, why);
    return err != OK ? err : postgres_execute(db, open_tables, why);
}

enum err postgres_move_begin(struct db *db, bool replace, struct why *why)
{
    char drop[64];
    snprintf(drop, sizeof drop, "DROP SCHEMA %s CASCADE", db->schema->name);
    enum err err = postgres_execute(db, "SET idle_in_transaction_session_timeout = 0", why); /* a large file takes its time */
    if (err == OK)
        err = postgres_begin(db, why);
    if (err == OK && replace)
        err = postgres_execute(db, drop, why);
    return err != OK ? err : make_tables(db, why);
}

enum err postgres_move_end(struct db *db, struct why *why)
{
    enum err err = postgres_execute(db, close_tables, why);
    return err != OK ? err : postgres_continue_ids(db, why);
}

/* --- COPY --- */

enum err postgres_copy_begin(struct db *db, const char *table, const char *columns, struct why *why)
{
    static const char header[19] = "PGCOPY\n\377\r\n"; /* and zeros: no flags, no extension */
    AUTO_BUF sql = BUF_INIT;
    enum err err = buf_putf(&sql, "COPY %s (%s) FROM STDIN (FORMAT binary)", table, columns);
    const char *text = err == OK ? buf_text(&sql) : NULL;
    if (text == NULL)
        return ERR_NO_MEMORY;
    PGresult *result = PQexec(postgres_of(db)->conn, text);
    if (PQresultStatus(result) != PGRES_COPY_IN)
        return postgres_done(db, result, why);
    PQclear(result);
    return postgres_copy_put(db, span_of(header, sizeof header), why);
}

enum err postgres_copy_put(struct db *db, struct span rows, struct why *why)
{
    bool put = PQputCopyData(postgres_of(db)->conn, (const char *)rows.at, (int)rows.n) == 1;
    return put ? OK : postgres_error(db, NULL, why);
}

enum err postgres_copy_end(struct db *db, bool whole, struct why *why)
{
    static const char trailer[] = "\377\377";
    PGconn *conn = postgres_of(db)->conn;
    enum err err = whole ? postgres_copy_put(db, span_of(trailer, sizeof trailer - 1), why) : OK;
    if (err == OK && PQputCopyEnd(conn, whole ? NULL : "given up") != 1)
        err = postgres_error(db, NULL, why);
    for (PGresult *result; err == OK && (result = PQgetResult(conn)) != NULL;)
        err = postgres_done(db, result, why);
    return err;
}

/* Where a test's database lies: in a file of its own folder, or in the PostgreSQL that NAMEPLATE_TEST_POSTGRES names
 * (on_postgres runs the same tests there). */
#ifndef TESTS_UNIT_STORE_PLACE_H
#define TESTS_UNIT_STORE_PLACE_H

#include <libpq-fe.h>

#include "scratch.h"

static inline const char *place_url(void) { return getenv("NAMEPLATE_TEST_POSTGRES"); }

/* By hand, past what is tested. */
static inline int place_sql(const char *sql)
{
    PGconn *conn = PQconnectdb(place_url());
    PGresult *result = PQexec(conn, sql);
    int bad = PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK;
    if (bad)
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    return -bad;
}

/* Nothing there yet. */
static inline const char *place_new(const char *file, const char *schema)
{
    char sql[128];
    if (place_url() == NULL)
        return scratch_path(file);
    snprintf(sql, sizeof sql, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS %s CASCADE", schema);
    return place_sql(sql) == 0 ? place_url() : "/nowhere";
}

/* What place_new made, as it is now. */
static inline const char *place_again(const char *file)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", scratch_dir, file);
    return place_url() == NULL ? path : place_url();
}

#endif

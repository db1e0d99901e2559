/* What the factory and the centre ask PostgreSQL does not walk through a table, but for the lists that a person asks for, the
 * checks, and what is done once in a while: an index answers it, and the server chooses it. It says how it goes about each
 * statement, for any values (force_generic_plan), in tables that are large. Runs by on_postgres; skipped without a server.
 * SQLite's: center_plan.c. */
#include "../test.h"

#include "place.h"
#include "store/center.h"
#include "store/db_dialect.h"
#include "store/stock.h"

struct statement {
    const char *name, *sql;
};

static const struct statement center[] = {
#define X(name, sql) { #name, sql },
#include "store/center.tbl"
    { NULL, NULL },
};
static const struct statement stock[] = {
#include "store/stock.tbl"
#undef X
    { NULL, NULL },
};

/* Those of center_plan.c. */
static const char *const center_lists[] = {
    "CUSTOMER_EACH", "SITE_EACH", "AGREEMENT_EACH", "PROGRAM_EACH", "TICKET_EACH", "COUNTS",
    "TICKET_EACH_OPEN", "CALL_UP_OPEN", "IDENTITY_SCRAPPED",
    "CALL_FORGET", /* so many at a time: for any number it would walk, for the one that it is given it does not */
    NULL,
};
static const char *const stock_lists[] = {
    "MODEL_EACH", "PLAN_EACH", "IDENTITY_EACH", "IDENTITY_IN_STATE", "PACKS", "REQUEST_EACH", "OUTCOME_EACH", "STATION_EACH",
    "ACCOUNT_EACH", "CHECK_TWO_LIVE", "CHECK_PACK_GONE", "CHECK_PACK_KEPT", "CHECK_WRITTEN", "CHECK_CLAIM", "CHECK_REQUEST",
    "CHECK_FAILED", "CHECK_REFUSED", "CHECK_PLAN", "COUNT_EACH", NULL,
};

/* --- Many rows --- */

#define NUMBER "'3012-' || lpad(i::text, 6, '0')"
#define GATEWAY "'3015-' || lpad((i / 10 + 1)::text, 6, '0')"
#define MANY " FROM generate_series(1, 20000) i"

static const char *const center_rows[] = {
    "INSERT INTO mark SELECT 'm' || i, i" MANY,
    "INSERT INTO customer SELECT 'c' || i, 'n', 'a', 't', 'e'" MANY,
    "INSERT INTO site SELECT 's' || i, 'c' || i, 'n', 'a'" MANY,
    "INSERT INTO device (number, kind) SELECT '3015-' || lpad(i::text, 6, '0'), 'gateway' FROM generate_series(1, 2001) i",
    "INSERT INTO device (number, kind, customer, site, gateway) SELECT " NUMBER ", 'device', 'c' || i, 's' || i, " GATEWAY MANY,
    "INSERT INTO formerly SELECT " NUMBER ", " GATEWAY ", i" MANY,
    "INSERT INTO agreement (number, state, from_s, until_s) SELECT " NUMBER ", 'active', 1, 0" MANY,
    "INSERT INTO identity SELECT sha256(i::text::bytea), " NUMBER ", 1, 'field', ''" MANY,
    "INSERT INTO chain SELECT " NUMBER ", 't', 'u', 'n'" MANY,
    "INSERT INTO doubt SELECT " NUMBER ", 1, '', 0, 0" MANY,
    "INSERT INTO gap SELECT " NUMBER ", 1, 1, 1" MANY,
    "INSERT INTO letters SELECT " NUMBER ", '', 1, ''" MANY,
    "INSERT INTO call (id, number, down, operation, state, accepted_s, limit_s, due_s, actor, envelope, reason, settled) SELECT 'c' || i, "
    NUMBER ", i % 2, 'x', CASE WHEN i % 100 = 1 THEN 'waiting' ELSE 'answered' END, i, i, i, '', '', '', 1" MANY,
    "INSERT INTO reading (number, epoch, boots, sequence, received_s, via, call, billable, verdict) SELECT " NUMBER
    ", 1, 1, 1, i, '', '', 1, 'follows'" MANY,
    "INSERT INTO reading_counter SELECT i, 'copy', i" MANY,
    "INSERT INTO reading_break SELECT " NUMBER ", i" MANY,
    "INSERT INTO incident (at, kind, number, by, text, evidence) SELECT i, 'k' || i % 10, " NUMBER ", " NUMBER ", '', ''" MANY,
    "INSERT INTO event (number, at, kind, detail) SELECT " NUMBER ", i, 'start', ''" MANY,
    "INSERT INTO program SELECT 'v' || i, 1, i, sha256('1'), ''" MANY,
    "INSERT INTO ticket (number, board, model, csr_hash, csr, asked, state) SELECT " NUMBER ", 'b' || i, '3012', sha256(i::text::bytea), '', 1,"
    " CASE WHEN i % 100 = 0 THEN 'waiting' ELSE 'refused' END" MANY,
    NULL,
};
static const char *const stock_rows[] = {
    "INSERT INTO mark SELECT 'm' || i, i" MANY,
    "INSERT INTO model SELECT 'm' || i, 'n', '', '', '', '', '', 'A', 6, 1, 0" MANY,
    "INSERT INTO plan SELECT 20260101 + i % 100, 'm' || i, 1, '000001', 1" MANY,
    "INSERT INTO request (id, direct, made, state) SELECT 'r' || i, 0, i, 2" MANY,
    "INSERT INTO identity (number, generation, model, day, state, created, request, fingerprint, written) SELECT " NUMBER
    ", 1, 'm' || i, 20260101 + i % 100, 'erased', 1, i, sha256(i::text::bytea), 1" MANY,
    "INSERT INTO chain (certificates) SELECT i::text::bytea" MANY,
    "INSERT INTO material (id, certificate, chain) SELECT i, '', i" MANY,
    "INSERT INTO outcome (number, generation, fingerprint, outcome, reason) SELECT " NUMBER ", 1, '', 'written', ''" MANY,
    "INSERT INTO handed SELECT " NUMBER ", 1, 's' || i % 100, i" MANY,
    "INSERT INTO station SELECT 's' || i, 'A'" MANY,
    "INSERT INTO bootstrap SELECT 'm' || i, '', 1" MANY,
    NULL,
};

static bool is_among(const char *const *names, const char *name)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static int highest_parameter(const char *sql)
{
    int highest = 0;
    for (const char *at = sql; (at = strchr(at, '$')) != NULL; at++) {
        int n = atoi(at + 1);
        highest = n > highest ? n : highest;
    }
    return highest;
}

static PGresult *must(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    return result;
}

/* "Seq Scan on t", or "Index Scan using i on t" that looks for nothing in the index. What a statement made itself (CTE Scan,
 * WorkTable Scan) is as small as it made it. */
static bool walks(const PGresult *plan, int line)
{
    const char *text = PQgetvalue(plan, line, 0);
    if (strstr(text, "Seq Scan on ") != NULL)
        return true;
    if (strstr(text, "Index Scan ") == NULL && strstr(text, "Index Only Scan ") == NULL)
        return false;
    for (int i = line + 1; i < PQntuples(plan) && strstr(PQgetvalue(plan, i, 0), "->") == NULL; i++)
        if (strstr(PQgetvalue(plan, i, 0), "Index Cond:") != NULL)
            return false;
    return true;
}

static bool explain(PGconn *conn, const char *sql, char ret_step[256])
{
    AUTO_BUF text = BUF_INIT;
    bool found = false;
    assert_ok(buf_put_text(&text, "PREPARE asked AS "));
    assert_ok(dialect_postgres(sql, &text, NULL));
    PQclear(must(conn, buf_text(&text)));
    buf_clear(&text);
    assert_ok(buf_put_text(&text, "EXPLAIN EXECUTE asked"));
    for (int i = 0, n = highest_parameter(sql); i < n; i++)
        assert_ok(buf_putf(&text, "%s NULL%s", i == 0 ? " (" : ",", i + 1 == n ? ")" : ""));
    PGresult *plan = must(conn, buf_text(&text));
    for (int i = 0; !found && i < PQntuples(plan); i++)
        if ((found = walks(plan, i)))
            snprintf(ret_step, 256, "%s", PQgetvalue(plan, i, 0));
    PQclear(plan);
    PQclear(must(conn, "DEALLOCATE asked"));
    return found;
}

static PGconn *connect_to(const char *schema, const char *const *rows)
{
    char path[64];
    PGconn *conn = PQconnectdb(place_url());
    snprintf(path, sizeof path, "SET search_path = %s", schema);
    PQclear(must(conn, path));
    for (; *rows != NULL; rows++)
        PQclear(must(conn, *rows));
    PQclear(must(conn, "ANALYZE"));
    PQclear(must(conn, "SET plan_cache_mode = force_generic_plan"));
    return conn;
}

static void only_lists_walk(const char *schema, const char *const *rows, const struct statement *s, const char *const *lists)
{
    char step[256];
    int wrong = 0;
    PGconn *conn = connect_to(schema, rows);
    for (; s->name != NULL; s++) {
        bool list = is_among(lists, s->name), walk = explain(conn, s->sql, step);
        if (walk != list)
            print_error("%s: %s\n", s->name, list ? "walks through nothing: it need not stand among the lists" : step);
        wrong += walk != list;
    }
    PQfinish(conn);
    assert_int_equal(wrong, 0);
}

static void no_statement_of_the_centre_but_a_list_walks_through_a_table(void **state) /* M-6, M-7 */
{
    struct db *db;
    (void)state;
    if (place_url() == NULL)
        skip();
    assert_ok(center_open(place_new("", "center"), DB_CREATE, &db, NULL));
    db_close(db);
    only_lists_walk("center", center_rows, center, center_lists);
}

static void no_statement_of_the_factory_but_a_list_walks_through_a_table(void **state) /* F-6 */
{
    struct db *db;
    (void)state;
    if (place_url() == NULL)
        skip();
    assert_ok(stock_open(place_new("", "stock"), DB_CREATE, &db, NULL));
    db_close(db);
    only_lists_walk("stock", stock_rows, stock, stock_lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_of_the_centre_but_a_list_walks_through_a_table),
        cmocka_unit_test(no_statement_of_the_factory_but_a_list_walks_through_a_table),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}

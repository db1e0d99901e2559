/* What the centre does for a poll does not grow with the number of devices: no statement of its database walks through a
 * table, but for the lists that a person asks for. SQLite says how it would go about each (EXPLAIN QUERY PLAN). */
#include "../test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/center_schema.h"

static const struct statement {
    const char *name, *sql;
} statements[] = {
#define X(name, sql) { #name, sql },
#include "store/center.tbl"
#undef X
};

/* What the console shows of everything at once. Lists in pages begin where the one before ended, by an index. */
static const char *const lists[] = {
    "CUSTOMER_EACH", "SITE_EACH", "AGREEMENT_EACH", "PROGRAM_EACH", "TICKET_EACH", "COUNTS",
    /* what is to be done, by an index of that alone; not part of an exchange */
    "TICKET_EACH_OPEN", "CALL_UP_OPEN", "IDENTITY_SCRAPPED",
};

static const char *const tables[] = {
    "mark", "customer", "site", "device", "agreement", "identity", "chain", "call", "reading", "reading_counter", "reading_break", "incident", "event",
    "program", "ticket",
};

static bool is_list(const char *name)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i], name) == 0)
            return true;
    return false;
}

/* "SCAN device", "SCAN d USING INDEX device_customer": by an index too each row is looked at. What a statement made itself (a
 * recursion, a list of constants) is as small as it made it. */
static bool walks(const char *sql, const char *step)
{
    char name[64], as[80];
    if (sscanf(step, "SCAN %63s", name) != 1)
        return false;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        snprintf(as, sizeof as, "%s %s ", tables[i], name);
        if (strcmp(name, tables[i]) == 0 || strstr(sql, as) != NULL)
            return true;
    }
    return false;
}

static sqlite3 *open_copy(char *path)
{
    struct db *db;
    sqlite3 *raw;
    struct why why = { "" };
    close(mkstemp(path));
    unlink(path);
    if (center_open(path, DB_CREATE, &db, &why) != OK)
        fail_msg("%s", why.text);
    db_close(db);
    assert_int_equal(sqlite3_open_v2(path, &raw, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    return raw;
}

static bool explain(sqlite3 *db, const char *sql, char ret_step[256])
{
    char explained[8192];
    sqlite3_stmt *s;
    bool found = false;
    snprintf(explained, sizeof explained, "EXPLAIN QUERY PLAN %s", sql);
    if (sqlite3_prepare_v2(db, explained, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    while (!found && sqlite3_step(s) == SQLITE_ROW) {
        snprintf(ret_step, 256, "%s", (const char *)sqlite3_column_text(s, 3));
        found = walks(sql, ret_step);
    }
    sqlite3_finalize(s);
    return found;
}

static void no_statement_but_a_list_walks_through_a_table(void **state) /* M-6, M-7 */
{
    (void)state;
    char path[] = "/tmp/nameplate-plan-XXXXXX", step[256];
    sqlite3 *db = open_copy(path);
    int wrong = 0;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        bool list = is_list(statements[i].name), walk = explain(db, statements[i].sql, step);
        if (walk != list)
            print_error("%s: %s\n", statements[i].name, list ? "walks through nothing: it need not stand among the lists" : step);
        wrong += walk != list;
    }
    sqlite3_close(db);
    unlink(path);
    assert_int_equal(wrong, 0);
}

/* The test itself: what it looks for is found. */
static void a_walk_is_found(void **state)
{
    (void)state;
    char path[] = "/tmp/nameplate-plan-XXXXXX", step[256];
    sqlite3 *db = open_copy(path);
    static const struct {
        const char *sql;
        bool walk;
    } rows[] = {
        { "SELECT count(*) FROM device WHERE version = $1", true },
        { "SELECT d.number FROM device d WHERE d.via = $1", true },
        { "SELECT number FROM device WHERE standing IN ('normal', 'scrapped')", true },
        { "UPDATE call SET state = 'expired' WHERE limit_s + 1 < $1 AND state IN ('waiting', 'taken', 'delayed')", true },
        { "SELECT number FROM device WHERE number = $1", false },
        { "SELECT seq FROM call WHERE number = $1 AND down = 1 AND state = 'waiting' ORDER BY seq LIMIT $2", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(explain(db, rows[i].sql, step), rows[i].walk);
    sqlite3_close(db);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_but_a_list_walks_through_a_table),
        cmocka_unit_test(a_walk_is_found),
    };
    return cmocka_run_group_tests_name("center_plan", tests, NULL, NULL);
}

#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/audit.h"
#include "trace/events.h"

static char dir[] = "/tmp/nameplate-trace-XXXXXX";

static void path_in(const char *name, char ret_path[128]) { snprintf(ret_path, 128, "%s/%s", dir, name); }

/* The centre's, with one row. */
#define INCIDENT \
    "CREATE TABLE incident (id INTEGER PRIMARY KEY, at INTEGER, kind TEXT, number TEXT, by TEXT, text TEXT, evidence BLOB, times INTEGER)" \
    " STRICT; INSERT INTO incident VALUES (1, 1795352400, 'forked', '3012-123456', '3012-000002', 'a copy', x'', 3);"

/* A program's database of a version that the tracer does not know, with one entry. */
static void make_trail(const char *folder, const char *file, int64_t at_s, const char *event, const char *subject)
{
    static const char *const migrations[] = { audit_migration, INCIDENT, NULL };
    static const char *const statements[] = { AUDIT_STATEMENT_ROWS(0) };
    static const struct db_schema schema = { .name = "test", .migrations = migrations, .statements = statements, .statements_n = AUDIT_STATEMENTS };
    struct db *db;
    char path[128];
    path_in(folder, path);
    assert_ok(file_make_dir(path, NULL));
    path_in(file, path);
    assert_ok(db_open(path, DB_CREATE, &schema, &db, NULL));
    assert_ok(db_begin(db, NULL));
    const struct audit_entry e = { at_s, "tester", event, subject, "order=O-1" };
    assert_ok(audit_append(db, 0, &e, NULL));
    assert_ok(db_commit(db, NULL));
    db_close(db);
}

static int start(void **state)
{
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    return mkdtemp(dir) == NULL;
}

static int stop(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static struct device_number number(void)
{
    struct device_number n;
    assert_ok(number_parse(span_text("3012-123456"), &n, NULL));
    return n;
}

static void the_trails_of_all_programs_are_merged_by_time(void **state)
{
    (void)state;
    static const char history[] = "{\"time\": \"2026-11-22T10:00:00Z\", \"actor\": \"device\", \"event\": \"assembled\", "
                                  "\"number\": \"\", \"detail\": \"\"}\n"
                                  "{\"time\": \"2026-11-22T12:00:00Z\", \"actor\": \"device\", \"event\": \"write\", \"number\": "
                                  "\"3012-123456\", \"detail\": \"\"}\n"
                                  "{\"time\": \"2026-11-22T12:00:0"; /* cut by a crash */
    static const char *const wanted[] = { "device assembled", "ca issue", "factory claim", "device write", "center agreement-add", "center incident" };
    const struct device_number n = number();
    struct events events;
    char path[128];
    struct why why = { "" };
    make_trail("ca", "ca/register.db", 1795345200 + 3600, "issue", "3012-123456"); /* 12:00 */
    make_trail("factory", "factory/stock.db", 1795345200 + 3600, "claim", "3012-123456");
    make_trail("center", "center/center.db", 1795345200 + 7000, "agreement-add", "3012-123456");
    path_in("devices-1/3012-123456", path);
    assert_ok(file_make_dir(path, NULL));
    path_in("devices-1/3012-123456/history.jsonl", path);
    assert_ok(file_create(path, span_text(history), 0600, NULL));
    enum err err = events_gather(dir, &n, &events, &why);
    if (err != OK)
        fail_msg("%s", why_text(&why, err));
    assert_int_equal(events.n, 6);
    for (size_t i = 0; i < 6; i++) {
        char found[64];
        snprintf(found, sizeof found, "%s %s", event_source_name(events.list[i].source), events.list[i].event);
        assert_string_equal(found, wanted[i]);
    }
    assert_string_equal(events.list[5].detail, "forked: a copy (3 times)");
    assert_string_equal(events.list[5].actor, "3012-000002");
    events_done(&events);
}

/* All in one second: a write that fails, is re-issued and succeeds, as three trails tell of it. */
static void within_a_second_causes_go_before_what_they_cause(void **state)
{
    (void)state;
    enum { CA_TRAIL, FACTORY_TRAIL, DEVICE_TRAIL = 3 };
    static const struct {
        unsigned source;
        const char *event, *detail;
    } rows[] = {
        { CA_TRAIL, "issue", "generation=1 serial=1" }, { CA_TRAIL, "failed", "from=stored to=voided" },
        { CA_TRAIL, "issue", "generation=2 serial=2" }, { CA_TRAIL, "written", "from=stored to=written" },
        { CA_TRAIL, "revoke", "from=written to=revoked" },
        { FACTORY_TRAIL, "claim", "generation=1" }, { FACTORY_TRAIL, "received", "fingerprint=ab" },
        { FACTORY_TRAIL, "failed", "generation=1" }, { FACTORY_TRAIL, "voided", "generation=1" },
        { FACTORY_TRAIL, "request", "generation=2" }, { FACTORY_TRAIL, "claim", "generation=2" },
        { FACTORY_TRAIL, "written", "generation=2" },
        { DEVICE_TRAIL, "assembled", "" }, { DEVICE_TRAIL, "write-failed", "" }, { DEVICE_TRAIL, "received", "" },
        { DEVICE_TRAIL, "write", "" },
    };
    static const char *const wanted[] = {
        "device assembled", "ca issue", "factory claim", "factory received", "device write-failed", "factory failed",
        "device received", "ca failed", "factory voided", "factory request", "ca issue", "factory claim", "device write",
        "factory written", "ca written", "ca revoke",
    };
    struct events events = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_ok(events_add(&events, rows[i].source, 1000, "tester", rows[i].event, rows[i].detail));
    events_sort(&events);
    for (size_t i = 0; i < events.n; i++) {
        char found[64];
        snprintf(found, sizeof found, "%s %s", event_source_name(events.list[i].source), events.list[i].event);
        assert_string_equal(found, wanted[i]);
    }
    events_done(&events);
}

/* What a station gave as its reason is in the same text. */
static void only_a_name_outside_of_quotes_says_the_generation(void **state)
{
    (void)state;
    static const struct {
        const char *event, *detail;
        int64_t generation;
    } rows[] = {
        { "claim", "generation=3 board=b1", 3 },
        { "failed", "board=\"b generation=99\" generation=2", 2 },
        { "failed", "reason=generation=99", 1 },
        { "failed", "reason=\"said \\\" generation=99\"", 1 },
        { "failed", "reason=\"ends in \\\\\" generation=2", 2 },
        { "failed", "reason=\"was cut, generation=99", 1 },
        { "written", "regeneration=99", 1 },
        { "incident", "forked: generation=99 generation=98", 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct events events = { 0 };
        assert_ok(events_add(&events, 1, 1000, "tester", rows[i].event, rows[i].detail));
        events_sort(&events);
        if (events.list[0].generation != rows[i].generation)
            fail_msg("%s: %lld", rows[i].detail, (long long)events.list[0].generation);
        events_done(&events);
    }
}

/* The chain of a trail vouches for its order, whatever the names say. */
static void a_trail_keeps_its_own_order_within_a_second(void **state)
{
    (void)state;
    static const char *const trail[] = { "written", "claim", "unheard-of", "request" };
    struct events events = { 0 };
    assert_ok(events_add(&events, 0, 1000, "tester", "issue", "generation=1"));
    for (size_t i = 0; i < 4; i++)
        assert_ok(events_add(&events, 1, 1000, "tester", trail[i], ""));
    events_sort(&events);
    for (size_t i = 0, next = 0; i < events.n; i++)
        if (events.list[i].source == 1)
            assert_string_equal(events.list[i].event, trail[next++]);
    events_done(&events);
}

static void a_number_that_no_trail_knows_is_said_to_be_unknown(void **state)
{
    (void)state;
    const struct device_number n = number();
    struct events events;
    assert_err(events_gather(dir, &n, &events, NULL), ERR_NOT_FOUND);
    make_trail("ca", "ca/register.db", 1, "issue", "3012-999999");
    struct why why = { "" };
    assert_err(events_gather(dir, &n, &events, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "3012-123456"));
}

/* The factory server's database as a move leaves it. `to` NULL: a move of an earlier version, which wrote no entry. */
static void move_away(const char *to)
{
    char command[600], path[128];
    path_in("factory/stock.db", path);
    make_trail("factory", "factory/stock.db", 1795345200, "claim", "3012-123456");
    if (to != NULL) {
        static const char insert[] = "INSERT INTO audit (n, at, actor, event, subject, detail, hash) VALUES (2, 1795345260, 'operator:meier',"
                                     " 'database-move', 'database', 'to=%s', zeroblob(32));";
        char sql[400];
        snprintf(sql, sizeof sql, insert, to);
        snprintf(command, sizeof command, "sqlite3 %s \"%s\"", path, sql);
        assert_int_equal(system(command), 0);
    }
    snprintf(command, sizeof command, "sqlite3 %s 'PRAGMA user_version = 1000002'", path);
    assert_int_equal(system(command), 0);
}

static void of_a_database_that_was_moved_what_is_left_is_told_and_where_the_rest_is(void **state)
{
    (void)state;
    const struct device_number n = number();
    static const struct {
        const char *to, *note[4];
    } rows[] = {
        { "postgresql://nameplate@127.0.0.1:1/line",
          { "factory/stock.db was moved at 2026-11-22T11:01:00Z to postgresql://nameplate@127.0.0.1:1/line", "cannot be read from here (",
            "what happened since is told by nameplate factory audit list 3012-123456", "" } },
        { NULL, { "was moved to PostgreSQL", "nameplate factory audit list 3012-123456", "", "" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct events events;
        struct why why = { "" };
        start(NULL);
        move_away(rows[i].to);
        assert_ok(events_gather(dir, &n, &events, &why));
        assert_int_equal(events.n, 1);
        for (size_t w = 0; w < 4; w++)
            if (strstr(events.note, rows[i].note[w]) == NULL)
                fail_msg("%s", events.note);
        events_done(&events);
        const struct device_number other = { "3012-999999" };
        assert_err(events_gather(dir, &other, &events, &why), ERR_NOT_FOUND);
        assert_non_null(strstr(events.note, "factory audit list 3012-999999"));
        stop(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_trails_of_all_programs_are_merged_by_time, start, stop),
        cmocka_unit_test(within_a_second_causes_go_before_what_they_cause),
        cmocka_unit_test(only_a_name_outside_of_quotes_says_the_generation),
        cmocka_unit_test(a_trail_keeps_its_own_order_within_a_second),
        cmocka_unit_test_setup_teardown(a_number_that_no_trail_knows_is_said_to_be_unknown, start, stop),
        cmocka_unit_test(of_a_database_that_was_moved_what_is_left_is_told_and_where_the_rest_is),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}

#include "../test.h"

#include "../store/scratch.h"
#include "center/table.h"

enum { NOW = 1800000000 };

static int open_new(void **state)
{
    struct db *db = NULL;
    struct why why;
    if (center_open(scratch_path("center.db"), DB_CREATE, &db, &why) != OK)
        return -1;
    *state = db;
    return 0;
}

static int close_it(void **state)
{
    db_close(*state);
    return 0;
}

/* Takes a table over; the mistakes stay in `table`. */
static enum err take(struct db *db, const char *csv, struct table *table)
{
    struct why why = { "" };
    enum err err = table_parse(span_text(csv), table, &why);
    if (err == OK)
        err = db_begin(db, &why);
    if (err == OK)
        err = table_apply(table, db, NOW, &why);
    if (err == OK)
        err = db_commit(db, &why);
    db_rollback(db);
    return err;
}

static void check_written(struct db *db, const char *expected)
{
    AUTO_BUF csv = BUF_INIT;
    struct why why;
    assert_ok(table_write(db, NOW, &csv, &why));
    assert_string_equal(buf_text(&csv), expected);
}

#define HEADS_1 "#customer,id,name,address,telephone,email\n"
#define HEADS_2 "#site,id,customer,name,address\n"
#define HEADS_3 "#device,number,kind,customer,site,gateway,address,telephone,interval\n"
#define HEADS_4 "#agreement,number,state,from,until\n"

static const char whole[] =
    HEADS_1 "customer,acme,\"ACME, Ltd\",\"1 \"\"Long\"\" Road\",+81 3 1234-5678,office@acme.example\n" HEADS_2
            "site,acme-1,acme,Head office,\n" HEADS_3 "device,3012-000001,agentless,acme,acme-1,3100-000001,snmp://192.0.2.7,,\n"
            "device,3100-000001,gateway,acme,acme-1,3100-000002,,,600\n"
            "device,3100-000002,gateway,,,,,03-123456,\n" HEADS_4 "agreement,3012-000001,active,2026-03-19T00:00:00Z,\n"
            "agreement,3100-000001,suspended,2026-03-19T00:00:00Z,2099-03-19T00:00:00Z\n";

/* M-7 */
static void what_was_written_reads_back_the_same(void **state)
{
    AUTO_TABLE table, again;
    assert_ok(take(*state, whole, &table));
    check_written(*state, whole);
    assert_ok(take(*state, whole, &again));
    check_written(*state, whole);
}

struct wrong {
    const char *csv;
    size_t line, column;
    const char *reason;
};

/* M-7: line and column of a mistake, in the file or against the database. */
static const struct wrong wrongs[] = {
    { "vehicle,1", 1, 1, "none of customer, site, device, agreement" },
    { "customer", 1, 1, "id is missing" },
    { "customer,a,b,c,d,e,f", 1, 20, "no more than 5 fields" },
    { "customer,a,b,c,call me", 1, 16, "not a telephone number" },
    { "\nsite,s,nobody", 2, 8, "no customer nobody" },
    { "site,s,", 1, 8, "customer is missing" },
    { "device,3012-1,printer", 1, 15, "not a kind" },
    { "device,30 12-1", 1, 8, "30 12" },
    { "device,3012-1,device,nobody", 1, 22, "no customer nobody" },
    { "customer,a\ndevice,3012-1,device,a,nowhere", 2, 24, "no site nowhere" },
    { "device,3012-1,device,,,3100-9", 1, 24, "3100-9" },
    { "device,3012-1,device,,,,,,-5", 1, 27, "number of seconds" },
    { "device,3012-1,device,,,,,,5x", 1, 27, "number of seconds" },
    { "device,3012-1,agentless,,,,192.0.2.7", 1, 8, "needs the gateway" },
    { "device,3012-1\ndevice,3012-1", 2, 8, "stands in line 1 already" },
    { "device,3100-1,gateway,,,3100-2\ndevice,3100-2,gateway,,,3100-1", 2, 25, "3100-" },
    { "agreement,3012-9,active,2026-03-19", 1, 11, "no device 3012-9" },
    { "device,3012-1\nagreement,3012-1,live,2026-03-19", 2, 18, "not a state" },
    { "device,3012-1\nagreement,3012-1,active,2026-02-30", 2, 25, "not a day or moment" },
    { "device,3012-1\nagreement,3012-1,active,2026-03-19,2026-03-19", 2, 36, "end before it begins" },
    { "device,3012-1\nagreement,3012-1,ended,2026-03-19", 2, 24, "needs its end" },
    { "device,3012-1\nagreement,3012-1,active,2026-03-19\nagreement,3012-1,active,2026-04-19", 3, 11, "already" },
    { "customer,a,Ren\xe9 Ltd", 1, 12, "not UTF-8" }, /* as a spreadsheet saves it */
    { "customer,a,One\ncustomer,b\ncustomer,a,Two", 3, 10, "a stands in line 1 already" },
    { "customer,a\nsite,s,a\nsite,s,a", 3, 6, "s stands in line 2 already" },
    { "customer,a\ncustomer,b\nsite,s,a\ndevice,3012-1,device,b,s", 4, 24, "site s is customer a's, not b's" },
    { "device,3012-1\ndevice,3012-2,device,,,3012-1", 2, 24, "not as a gateway" },
};

static void a_table_with_one_mistake_changes_nothing(void **state)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        AUTO_TABLE table;
        assert_err(take(*state, wrongs[i].csv, &table), ERR_BAD_INPUT);
        assert_int_equal(table.mistakes.n, 1);
        const struct csv_mistake *m = &table.mistakes.list[0];
        if (m->line != wrongs[i].line || m->column != wrongs[i].column || strstr(m->why.text, wrongs[i].reason) == NULL)
            fail_msg("row %zu: %zu:%zu %s", i, m->line, m->column, m->why.text);
        check_written(*state, HEADS_1 HEADS_2 HEADS_3 HEADS_4);
    }
}

static void all_mistakes_are_told_in_the_order_of_lines(void **state)
{
    AUTO_TABLE table;
    assert_err(
        take(*state, "device,3012-1,device,nobody\nsite,s,nobody\ncustomer,a\nagreement,3012-2,active,2026-03-19\n", &table),
        ERR_BAD_INPUT);
    static const size_t lines[] = { 1, 2, 4 };
    assert_int_equal(table.mistakes.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(table.mistakes.list[i].line, lines[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_new, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_reads_back_the_same),
        TEST(a_table_with_one_mistake_changes_nothing),
        TEST(all_mistakes_are_told_in_the_order_of_lines),
    };
    return cmocka_run_group_tests_name("table", tests, scratch_make, scratch_remove);
}

/* What is billed from the ends of chains is what is billed reading by reading, whatever the readings are. */
#include "../test.h"

#include <sqlite3.h>

#include "model/bill.h"
#include "place.h"
#include "store/center_schema.h"

enum { READINGS = 300, PERIODS = 200, DEVICES = 450 /* more than one piece of a long answer */ };

static struct db *open_new(void)
{
    struct db *db;
    struct why why = { "" };
    if (center_open(place_new("billing.db", "center"), DB_CREATE, &db, &why) != OK)
        fail_msg("%s", why.text);
    return db;
}

static uint32_t seed;
static int64_t any(int64_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (int64_t)(seed >> 8) % below;
}

static void add(struct db *db, const char *number, const struct reading *r, int64_t at_s, bool billable)
{
    struct center_reading row = { .reading = *r, .received_s = at_s, .billable = billable };
    snprintf(row.number.text, sizeof row.number.text, "%s", number);
    strcpy(row.verdict, billable ? "follows" : "counter-back");
    assert_ok(center_reading_add(db, &row, NULL));
}

/* Most follow; some do not, each in another way. */
static struct reading next_reading(const struct reading *last)
{
    struct reading r = *last;
    r.boots = any(3);
    r.epoch += r.boots;
    r.sequence++;
    for (size_t i = 0; i < r.counters_n; i++)
        r.counters[i].value += any(50);
    switch (any(40)) {
    case 0: r.sequence += any(3); break;
    case 1: r.sequence = 1 + any(5); break;
    case 2: r.epoch += 1; break;
    case 3: r.counters[0].value = any(r.counters[0].value + 1); break;
    case 4: r.counters_n = 1; break;
    case 5:
        if (r.counters_n < 4)
            r.counters[r.counters_n++] = (struct counter){ { (char)('a' + r.counters_n) }, any(2) * any(9) };
        break;
    default: break;
    }
    return r;
}

struct kept {
    struct reading reading;
    int64_t at_s;
};

static void fill(struct db *db, struct kept *kept)
{
    struct reading last = { .epoch = 1, .sequence = 7, .counters_n = 1, .counters = { { "a", 100 } } };
    assert_ok(db_begin(db, NULL));
    for (int64_t i = 0; i < READINGS; i++) {
        last = next_reading(&last);
        kept[i] = (struct kept){ last, 1000 + 10 * i };
        add(db, "3012-000001", &last, kept[i].at_s, true);
        if (any(10) == 0)
            add(db, "3012-000001", &(struct reading){ .sequence = any(9) }, kept[i].at_s + 1, false);
        add(db, "3012-000002", &(struct reading){ .epoch = 1, .sequence = 1 + any(READINGS) }, kept[i].at_s, true);
    }
    assert_ok(db_commit(db, NULL));
}

/* Reading by reading, as each was judged. */
static struct bill by_each(const struct kept *kept, int64_t from_s, int64_t until_s)
{
    struct bill bill = { 0 };
    const struct reading *last = NULL;
    for (int64_t i = 0; i < READINGS && kept[i].at_s < until_s; i++) {
        if (i + 1 < READINGS && kept[i + 1].at_s < from_s)
            continue;
        bool follows = last != NULL && reading_judge(last, &kept[i].reading) == READING_FOLLOWS;
        assert_ok(bill_take(&bill, &kept[i].reading, kept[i].at_s, follows, kept[i].at_s >= from_s));
        last = &kept[i].reading;
    }
    return bill;
}

struct period {
    struct bill bill;
    int64_t from_s;
};

static enum err take(void *context, const struct center_reading *r, bool follows)
{
    struct period *p = context;
    return bill_take(&p->bill, &r->reading, r->received_s, follows, r->received_s >= p->from_s);
}

static void same_bill(const struct bill *one, const struct bill *other)
{
    assert_int_equal(one->readings, other->readings);
    assert_int_equal(one->breaks, other->breaks);
    assert_int_equal(one->opened_s, other->opened_s);
    assert_int_equal(one->closed_s, other->closed_s);
    assert_int_equal(one->counters_n, other->counters_n);
    for (size_t i = 0; i < one->counters_n; i++) {
        const struct bill_counter *a = &one->counters[i], *b = NULL;
        for (size_t j = 0; j < other->counters_n; j++)
            if (strcmp(other->counters[j].name, a->name) == 0)
                b = &other->counters[j];
        assert_non_null(b);
        assert_int_equal(a->opening, b->opening);
        assert_int_equal(a->closing, b->closing);
        assert_int_equal(a->count, b->count);
    }
}

static void check_periods(struct db *db, const struct kept *kept)
{
    for (int i = 0; i < PERIODS; i++) {
        struct period p = { .from_s = 950 + any(10 * READINGS + 100) };
        int64_t until_s = p.from_s + any(10 * READINGS);
        assert_ok(center_reading_period(db, "3012-000001", p.from_s, until_s, take, &p, NULL));
        struct bill each = by_each(kept, p.from_s, until_s);
        same_bill(&p.bill, &each);
    }
}

/* M-5 */
static void the_ends_of_chains_bill_what_all_readings_do(void **state)
{
    static struct kept kept[READINGS];
    (void)state;
    for (seed = 1; seed < 6; seed++) {
        uint32_t begun = seed;
        struct db *db = open_new();
        fill(db, kept);
        check_periods(db, kept);
        db_close(db);
        seed = begun;
    }
}

/* As before the version that keeps where chains end. */
static void take_back(void)
{
    static const char drop[] = "ALTER TABLE center.identity DROP COLUMN over_s; DROP TABLE center.formerly; DROP TABLE center.reading_break; "
                               "UPDATE center.schema_version SET version = version - 2";
    if (place_url() != NULL) {
        assert_int_equal(place_sql(drop), 0);
        return;
    }
    sqlite3 *raw;
    sqlite3_stmt *version;
    char back[160];
    assert_int_equal(sqlite3_open(place_again("billing.db"), &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, "PRAGMA user_version", -1, &version, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(version), SQLITE_ROW);
    snprintf(back, sizeof back, "ALTER TABLE identity DROP COLUMN over_s; DROP TABLE formerly; DROP TABLE reading_break; PRAGMA user_version = %d",
             sqlite3_column_int(version, 0) - 2);
    sqlite3_finalize(version);
    assert_int_equal(sqlite3_exec(raw, back, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
}

static void what_an_earlier_version_kept_is_billed_the_same(void **state)
{
    static struct kept kept[READINGS];
    (void)state;
    struct db *db = open_new();
    seed = 77;
    fill(db, kept);
    db_close(db);
    take_back();
    assert_ok(center_open(place_again("billing.db"), DB_READ_WRITE, &db, NULL));
    check_periods(db, kept);
    db_close(db);
}

static enum err count_breaks(void *context, const struct center_reading *r, bool follows)
{
    (void)r;
    *(int *)context += !follows;
    return OK;
}

static int chains(struct db *db)
{
    int n = 0;
    assert_ok(center_reading_period(db, "3012-000001", 1, 9000, count_breaks, &n, NULL));
    return n;
}

/* An earlier version took any number from a device. */
static void behind_the_last_number_of_all_a_chain_ends(void **state)
{
    static const int64_t sequences[] = { INT64_MAX - 1, INT64_MAX, 0, 1, INT64_MAX };
    (void)state;
    struct db *db = open_new();
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        add(db, "3012-000001", &(struct reading){ .epoch = 1, .sequence = sequences[i] }, 1000 + (int64_t)i, true);
    assert_int_equal(chains(db), 3);
    db_close(db);
    take_back();
    assert_ok(center_open(place_again("billing.db"), DB_READ_WRITE, &db, NULL));
    assert_int_equal(chains(db), 3);
    db_close(db);
}

/* --- As the console asks: device by device, inside the answer of another question --- */

struct invoice {
    struct db *db;
    int64_t devices, count;
};

static enum err bill_device(void *context, const struct center_device *d)
{
    struct invoice *v = context;
    struct period p = { .from_s = 0 };
    bool within = true;
    enum err err = center_reading_period(v->db, d->number.text, 0, 5000, take, &p, NULL);
    if (err == OK)
        err = center_agreement_within(v->db, d->number.text, 0, 5000, &within, NULL);
    v->devices++;
    v->count += p.bill.counters_n == 1 && !within ? p.bill.counters[0].count : 0;
    return err;
}

static void each_device_of_a_long_list_is_billed_while_the_list_is_read(void **state)
{
    (void)state;
    struct db *db = open_new();
    struct invoice v = { db, 0, 0 };
    const struct center_device_filter all = { .now_s = 9000 };
    assert_ok(db_begin(db, NULL));
    for (int i = 1; i <= DEVICES; i++) {
        struct center_device d = { .kind = CENTER_DEVICE };
        snprintf(d.number.text, sizeof d.number.text, "3012-%06d", i);
        assert_ok(center_device_put(db, &d, NULL));
        for (int64_t n = 1; n <= 3; n++)
            add(db, d.number.text, &(struct reading){ .epoch = 1, .sequence = n, .counters_n = 1, .counters = { { "a", n * i } } }, 1000 * n, true);
    }
    assert_ok(db_commit(db, NULL));
    assert_ok(center_device_list(db, &all, bill_device, &v, NULL));
    assert_int_equal(v.devices, DEVICES);
    assert_int_equal(v.count, 2 * DEVICES * (DEVICES + 1) / 2);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ends_of_chains_bill_what_all_readings_do),
        cmocka_unit_test(what_an_earlier_version_kept_is_billed_the_same),
        cmocka_unit_test(behind_the_last_number_of_all_a_chain_ends),
        cmocka_unit_test(each_device_of_a_long_list_is_billed_while_the_list_is_read),
    };
    return cmocka_run_group_tests_name("billing", tests, scratch_make, scratch_remove);
}

#include "../test.h"

#include "base/file.h"
#include "store/stock.h"

#include "scratch.h"

/* A database of an earlier version (tests/data/stock-5.sql) is taken over as it was. */

static const char *old_database(void)
{
    static char command[2 * PATH_MAX];
    const char *path = scratch_path("stock.db");
    snprintf(command, sizeof command, "sqlite3 %s <" TEST_DATA "/stock-5.sql", path);
    assert_int_equal(system(command), 0);
    return path;
}

static void numbers_keep_the_request_that_they_were_asked_for_under(void **state)
{
    (void)state;
    static const char request[] = "urn:uuid:3b147a91-3bcb-4eff-9759-311a0153f8dc";
    struct db *db;
    struct why why = { "" };
    struct identity row;
    int64_t missing, packs;
    AUTO_BUF sealed = BUF_INIT, certificate = BUF_INIT, chain = BUF_INIT;
    if (stock_open(old_database(), DB_READ_WRITE, &db, &why) != OK)
        fail_msg("%s", why.text);
    assert_ok(stock_identity_newest(db, "3012-00000002", &row, &why));
    assert_string_equal(row.request, request);
    assert_int_equal(row.state, LIFE_STORED);
    assert_ok(stock_pack_read(db, &row, &sealed, &certificate, &chain, &why));
    assert_int_not_equal(sealed.len, 0);
    assert_ok(stock_identity_newest(db, "3012-00001001", &row, &why));
    assert_string_equal(row.request, "");
    assert_int_equal(row.state, LIFE_PLANNED);
    assert_ok(stock_request_missing(db, request, &missing, &why));
    assert_ok(stock_packs(db, &packs, &why));
    assert_int_equal(missing, 0);
    assert_int_equal(packs, 3);
    db_close(db);
}

static enum err count_fault(void *context, const char *number, const char *sentence)
{
    (void)number, (void)sentence;
    ++*(int *)context;
    return OK;
}

static void nothing_is_amiss_in_it(void **state)
{
    (void)state;
    struct db *db;
    struct why why = { "" };
    int64_t entries;
    uint8_t head[32];
    int faults = 0;
    assert_ok(stock_open(old_database(), DB_READ_WRITE, &db, &why));
    assert_ok(stock_check(db, count_fault, &faults, &why));
    assert_int_equal(faults, 0);
    assert_ok(stock_audit_verify(db, &entries, head, &why));
    assert_int_equal(entries, 10);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_the_request_that_they_were_asked_for_under),
        cmocka_unit_test(nothing_is_amiss_in_it),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

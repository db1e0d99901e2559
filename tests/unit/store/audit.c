#include "../test.h"
#include "place.h"

#include "base/hex.h"
#include "store/audit.h"

/* The statements behind the audit trail's are what an editor of the database does. */
enum { AUDIT, CHANGE = AUDIT + AUDIT_STATEMENTS, CHANGE_TIME, REMOVE, INSERT_COPY, SWAP_A, SWAP_B, SWAP_C, RENUMBER, FORGE, STATEMENTS };

static const char *const migrations[] = { audit_migration, NULL };
static const char *const sql[STATEMENTS] = {
    AUDIT_STATEMENT_ROWS(AUDIT),
    [CHANGE] = "UPDATE audit SET detail = 'order=2' WHERE n = 4",
    [CHANGE_TIME] = "UPDATE audit SET at = at + 1 WHERE n = 4",
    [REMOVE] = "DELETE FROM audit WHERE n = 4",
    [INSERT_COPY] = "INSERT INTO audit SELECT 4, at, actor, event, subject, detail, hash FROM audit WHERE n = 5",
    [SWAP_A] = "UPDATE audit SET n = 100 WHERE n = 4",
    [SWAP_B] = "UPDATE audit SET n = 4 WHERE n = 5",
    [SWAP_C] = "UPDATE audit SET n = 5 WHERE n = 100",
    [FORGE] = "UPDATE audit SET detail = $1, hash = $2 WHERE n = 4",
    [RENUMBER] = "UPDATE audit SET n = n + 1 WHERE n = (SELECT max(n) FROM audit)",
};
static const struct db_schema schema = { .name = "trail", .migrations = migrations, .statements = sql, .statements_n = STATEMENTS };

static struct db *trail_of(int n)
{
    struct db *db = NULL;
    assert_ok(db_open(place_new("trail.db", "trail"), DB_CREATE, &schema, &db, NULL));
    assert_ok(db_begin(db, NULL));
    for (int i = 0; i < n; i++) {
        char subject[16];
        snprintf(subject, sizeof subject, "3012-%06d", i % 3);
        const struct audit_entry e = { 1000 + i, "factory:factory-1", "issue", subject, "order=1" };
        assert_ok(audit_append(db, AUDIT, &e, NULL));
    }
    assert_ok(db_commit(db, NULL));
    return db;
}

static void an_untouched_trail_verifies_and_its_head_depends_on_every_entry(void **state) /* I15 */
{
    (void)state;
    uint8_t head[2][32];
    int64_t n = -1;
    for (int i = 0; i < 2; i++) {
        struct db *db = trail_of(8 + i);
        assert_ok(audit_verify(db, AUDIT, &n, head[i], NULL));
        assert_int_equal(n, 8 + i);
        db_close(db);
    }
    assert_memory_not_equal(head[0], head[1], 32);
}

static void an_empty_trail_verifies(void **state)
{
    (void)state;
    uint8_t head[32];
    int64_t n = -1;
    struct db *db = trail_of(0);
    assert_ok(audit_verify(db, AUDIT, &n, head, NULL));
    assert_int_equal(n, 0);
    db_close(db);
}

static void a_changed_removed_inserted_or_reordered_entry_is_found_and_named(void **state) /* I15 */
{
    (void)state;
    static const struct {
        unsigned edits[5]; /* 0 ends */
        const char *names;
    } cases[] = {
        { { CHANGE }, "entry 4 " },
        { { CHANGE_TIME }, "entry 4 " },
        { { REMOVE }, "entry 4 " },
        { { SWAP_A, SWAP_B, SWAP_C }, "entry 4 " },
        { { REMOVE, INSERT_COPY }, "entry 4 " },
        { { RENUMBER }, "entry 8 " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct db *db = trail_of(8);
        uint8_t head[32];
        int64_t n = -1;
        struct why why = { 0 };
        for (size_t k = 0; cases[i].edits[k] != 0; k++)
            assert_ok(db_run(db, cases[i].edits[k], DB_NO_ARGS, NULL));
        assert_err(audit_verify(db, AUDIT, &n, head, &why), ERR_DAMAGED);
        assert_non_null(strstr(why.text, cases[i].names));
        assert_int_equal(n, -1);
        db_close(db);
    }
}

/* Who changes an entry can make its hash anew, from the one before: the next one shows it. */
static void an_entry_that_was_changed_with_its_hash_is_found_by_the_next(void **state) /* I15 */
{
    (void)state;
    uint8_t head[32];
    int64_t n = -1;
    struct why why = { 0 };
    struct audit_head before, forged;
    struct db *db = trail_of(4);
    assert_ok(audit_head_at(db, AUDIT, 3, &before, NULL));
    assert_ok(db_run(db, REMOVE, DB_NO_ARGS, NULL));
    const struct audit_entry entry = { 1003, "factory:factory-1", "issue", "3012-000000", "order=2" };
    assert_ok(audit_append(db, AUDIT, &entry, NULL));
    assert_ok(audit_head_at(db, AUDIT, 4, &forged, NULL));
    db_close(db);
    db = trail_of(8);
    assert_ok(db_run(db, FORGE, DB_ARGS(db_text("order=2"), db_blob(span_of(forged.hash, sizeof forged.hash))), NULL));
    assert_err(audit_verify(db, AUDIT, &n, head, &why), ERR_DAMAGED);
    assert_non_null(strstr(why.text, "entry 5 "));
    db_close(db);
}

static enum err count_entry(void *context, int64_t n, const struct audit_entry *e)
{
    assert_string_equal(e->subject, "3012-000001");
    assert_true(n > 0 && e->at_s == 999 + n);
    ++*(int *)context;
    return OK;
}

static void the_entries_about_one_subject_are_listed_in_order(void **state)
{
    (void)state;
    struct db *db = trail_of(8);
    int n = 0;
    assert_ok(audit_list(db, AUDIT, "3012-000001", count_entry, &n, NULL));
    assert_int_equal(n, 3);
    db_close(db);
}

/* As N:HASH, by hand. */
static void check_kept(struct db *db, const struct audit_head *now)
{
    char hex[65], text[100];
    hex_encode(now->hash, sizeof now->hash, hex);
    snprintf(text, sizeof text, "8:%s", hex);
    assert_ok(audit_head_check(db, AUDIT, NULL, NULL));
    assert_ok(audit_head_check(db, AUDIT, text, NULL));
    text[0] = '7';
    assert_err(audit_head_check(db, AUDIT, text, NULL), ERR_DAMAGED);
    text[0] = '9';
    assert_err(audit_head_check(db, AUDIT, text, NULL), ERR_DAMAGED);
    static const char *const bad[] = { "", "8", "8:", "8:zz", "0:", ":", "head" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(audit_head_check(db, AUDIT, bad[i], NULL), ERR_USAGE);
}

static void a_head_pins_its_entry_and_another_trail_keeps_it(void **state) /* I15 */
{
    (void)state;
    struct audit_head now, at, kept = { .n = 7 };
    uint8_t hash[32];
    int64_t n;
    struct db *db = trail_of(8);
    assert_ok(audit_verify(db, AUDIT, &n, hash, NULL));
    assert_ok(audit_head_now(db, AUDIT, &now, NULL));
    assert_int_equal(now.n, 8);
    assert_memory_equal(now.hash, hash, sizeof hash);
    assert_ok(audit_head_at(db, AUDIT, 8, &at, NULL));
    assert_true(audit_head_equal(&now, &at));
    assert_ok(audit_head_at(db, AUDIT, 7, &at, NULL));
    assert_false(audit_head_equal(&now, &at));
    assert_ok(audit_head_at(db, AUDIT, 9, &at, NULL)); /* cut off */
    assert_int_equal(at.n, 0);
    check_kept(db, &now);
    assert_ok(audit_witnessed(db, AUDIT, "ca", &kept, NULL));
    assert_int_equal(kept.n, 0);
    for (now.n = 5; now.n <= 6; now.n++) {
        assert_ok(db_begin(db, NULL));
        assert_ok(audit_witness(db, AUDIT, "factory:factory-1", "ca", 2000, &now, NULL));
        assert_ok(db_commit(db, NULL));
    }
    now.n = 6; /* the last one counts */
    assert_ok(audit_witnessed(db, AUDIT, "ca", &kept, NULL));
    assert_true(audit_head_equal(&kept, &now));
    assert_ok(audit_witnessed(db, AUDIT, "factory-1", &kept, NULL));
    assert_int_equal(kept.n, 0);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_trail_verifies_and_its_head_depends_on_every_entry),
        cmocka_unit_test(an_empty_trail_verifies),
        cmocka_unit_test(a_changed_removed_inserted_or_reordered_entry_is_found_and_named),
        cmocka_unit_test(a_head_pins_its_entry_and_another_trail_keeps_it),
        cmocka_unit_test(an_entry_that_was_changed_with_its_hash_is_found_by_the_next),
        cmocka_unit_test(the_entries_about_one_subject_are_listed_in_order),
    };
    return cmocka_run_group_tests_name("audit", tests, scratch_make, scratch_remove);
}

/* Revoking a number whose pack is on its way. */
#include "folder.h"

#include <string.h>

#include "ca/crl.h"

static const uint8_t serial[16] = { 0x41, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

struct row {
    int64_t id, generation, revoked_s;
    enum lifecycle_state state;
    bool made;
};

static enum err take_row(void *context, const struct register_certificate *c)
{
    *(struct row *)context = (struct row){ c->id, c->generation, c->revoked_s, c->state, c->der.n != 0 };
    return OK;
}

static struct row row_of(const char *number)
{
    struct row row = { 0 };
    assert_ok(register_certificate_find(signer->db, "device", number, take_row, &row, NULL));
    return row;
}

/* What a signer leaves that is killed between its two commits. */
static void record_first_step(const char *number)
{
    assert_ok(db_begin(signer->db, NULL));
    assert_ok(register_prepared(signer->db, row_of(number).id, span_of(serial, sizeof serial), span_text("to be signed"),
                                span_text("sealed"), NULL));
    assert_ok(db_commit(signer->db, NULL));
}

static bool is_on_list(void)
{
    AUTO_BUF der = BUF_INIT;
    assert_ok(crl_current(signer->db, &signer->ca, AUTHORITY_IDENTITY, 30, true, &der, NULL));
    return memmem(der.data, der.len, serial, sizeof serial) != NULL;
}

static int packs_of(int64_t tag)
{
    AUTO_WIPED_BUF packs = BUF_INIT;
    int n = folder_collect(tag, &packs);
    folder_close_batch(tag);
    return n;
}

static void a_number_that_may_be_signed_already_is_voided_and_its_serial_listed(void **state) /* I1, I5, I8 */
{
    (void)state;
    int64_t pending = folder_ask_batch("factory-1", "pending", "3012", 1, 3);
    folder_assert_accepted(pending, 3);
    record_first_step("3012-000002");
    assert_false(is_on_list());
    assert_int_equal(folder_run("revoke", "3012-000002"), 0);
    assert_int_equal(row_of("3012-000002").state, LIFE_VOIDED);
    assert_true(row_of("3012-000002").revoked_s != 0);
    assert_true(is_on_list());
    assert_int_equal(packs_of(pending), 2);
    folder_restart();
    int64_t repeat = folder_ask_batch("factory-1", "pending", "3012", 1, 3);
    folder_assert_accepted(repeat, 3);
    assert_int_equal(packs_of(repeat), 2);
    assert_false(row_of("3012-000002").made);
    int64_t next = folder_ask_batch("factory-1", "after", "3012", 2, 1);
    folder_assert_accepted(next, 1);
    assert_int_equal(packs_of(next), 1);
    assert_int_equal(row_of("3012-000002").generation, 2);
    assert_int_equal(row_of("3012-000002").state, LIFE_STORED);
}

static void a_number_that_was_only_reserved_is_let_go_and_never_made(void **state) /* I1 */
{
    (void)state;
    int64_t pending = folder_ask_batch("factory-1", "reserved", "3012", 11, 2);
    folder_assert_accepted(pending, 2);
    assert_int_equal(folder_run("revoke", "3012-000011"), 0);
    assert_int_equal(row_of("3012-000011").state, LIFE_PLANNED);
    assert_int_equal(packs_of(pending), 1);
    assert_false(row_of("3012-000011").made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_may_be_signed_already_is_voided_and_its_serial_listed),
        cmocka_unit_test(a_number_that_was_only_reserved_is_let_go_and_never_made),
    };
    return cmocka_run_group_tests_name("revoke", tests, folder_begin, folder_end);
}

/* Revoking a number whose pack is on its way. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "ca/crl.h"

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

/* The serial number of the body that is on record for a number and not signed. */
struct pending {
    const char *number;
    uint8_t serial[16];
    bool found;
};

static enum err search_bodies(void *context, const struct register_slice *slice)
{
    struct pending *p = context;
    struct register_body body;
    for (struct span rest = slice->bodies; register_body_next(&rest, &body);)
        if (span_equal(body.number, span_text(p->number))) {
            assert_int_equal(body.serial.n, sizeof p->serial);
            memcpy(p->serial, body.serial.at, sizeof p->serial);
            p->found = true;
        }
    return OK;
}

static struct pending pending_of(const char *number)
{
    struct pending p = { .number = number };
    assert_ok(register_slice_unsigned(signer->db, search_bodies, &p, NULL));
    return p;
}

static bool is_on_list(const struct pending *p)
{
    AUTO_BUF der = BUF_INIT;
    assert_ok(crl_current(signer->db, &signer->ca, AUTHORITY_IDENTITY, 30, true, &der, NULL));
    return memmem(der.data, der.len, p->serial, sizeof p->serial) != NULL;
}

static int packs_of(int64_t tag)
{
    AUTO_WIPED_BUF packs = BUF_INIT;
    int n = folder_collect(tag, &packs);
    folder_close_batch(tag);
    return n;
}

/* The first slice is handed out, the second is on record and not signed: as when the signer is killed now. */
static void a_number_that_may_be_signed_already_is_voided_and_its_serial_listed(void **state) /* I1, I5, I8 */
{
    (void)state;
    char number[32];
    int n = LIMIT_ISSUE_BATCH + 3;
    snprintf(number, sizeof number, "3012-%06d", LIMIT_ISSUE_BATCH + 2);
    int64_t asked = folder_ask_batch("factory-1", "pending", "3012", 1, n);
    folder_assert_accepted(asked, n);
    folder_ask(CA_REQUEST_NEXT, asked);
    folder_send();
    struct pending pending = pending_of(number);
    assert_true(pending.found);
    assert_false(is_on_list(&pending));
    assert_int_equal(folder_run("revoke", number), 0);
    assert_int_equal(row_of(number).state, LIFE_VOIDED);
    assert_true(row_of(number).revoked_s != 0);
    assert_true(is_on_list(&pending));
    assert_int_equal(packs_of(asked), 2);
    folder_restart();
    int64_t repeat = folder_ask_batch("factory-1", "pending", "3012", 1, n);
    folder_assert_accepted(repeat, n);
    assert_int_equal(packs_of(repeat), n - 1);
    assert_false(row_of(number).made);
    int64_t next = folder_ask_batch("factory-1", "after", "3012", LIMIT_ISSUE_BATCH + 2, 1);
    folder_assert_accepted(next, 1);
    assert_int_equal(packs_of(next), 1);
    assert_int_equal(row_of(number).generation, 2);
    assert_int_equal(row_of(number).state, LIFE_STORED);
}

static void a_number_that_was_only_reserved_is_let_go_and_never_made(void **state) /* I1 */
{
    (void)state;
    int64_t pending = folder_ask_batch("factory-1", "reserved", "3012", 5011, 2);
    folder_assert_accepted(pending, 2);
    assert_int_equal(folder_run("revoke", "3012-005011"), 0);
    assert_int_equal(row_of("3012-005011").state, LIFE_PLANNED);
    assert_int_equal(packs_of(pending), 1);
    assert_false(row_of("3012-005011").made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_may_be_signed_already_is_voided_and_its_serial_listed),
        cmocka_unit_test(a_number_that_was_only_reserved_is_let_go_and_never_made),
    };
    return cmocka_run_group_tests_name("revoke", tests, folder_begin, folder_end);
}

/* The signer, asked by frames. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "model/der.h"
#include "pki/verify.h"

/* --- Tests --- */

static void a_repeated_request_gives_the_same_packs_after_a_restart_too(void **state) /* F-4, I10 */
{
    (void)state;
    struct buf packs[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            folder_restart();
        int64_t tag = folder_ask_batch("factory-1", "repeat", "3012", 1, 700);
        folder_assert_accepted(tag, 700);
        assert_int_equal(folder_collect(tag, &packs[i]), 700);
        folder_close_batch(tag);
    }
    assert_true(packs[0].len > 700 * 1000);
    assert_true(span_equal(buf_span(&packs[0]), buf_span(&packs[1])));
    assert_true(span_equal(buf_span(&packs[0]), buf_span(&packs[2])));
    for (int i = 0; i < 3; i++)
        buf_wipe(&packs[i]);
}

static void a_batch_broken_off_half_way_is_taken_up_where_it_was(void **state) /* I9, I10 */
{
    (void)state;
    struct buf packs = BUF_INIT;
    int n = LIMIT_ISSUE_BATCH + 88;
    int64_t tag = folder_ask_batch("factory-1", "half", "3012", 1001, n);
    folder_assert_accepted(tag, n);
    folder_ask(CA_REQUEST_NEXT, tag);
    folder_send();
    struct buf first = BUF_INIT;
    assert_ok(buf_put_span(&first, buf_span(&signer->out)));
    folder_restart();
    last_tag = tag - 1; /* the same tag again, for the same bytes */
    tag = folder_ask_batch("factory-1", "half", "3012", 1001, n);
    folder_assert_accepted(tag, n);
    folder_ask(CA_REQUEST_NEXT, tag);
    folder_send();
    assert_int_equal(first.len, signer->out.len);
    assert_memory_equal(first.data, signer->out.data, first.len);
    folder_ask(CA_REQUEST_NEXT, tag);
    folder_send();
    folder_close_batch(tag);
    buf_wipe(&packs);
    buf_wipe(&first);
}

static enum err keep_bodies(void *context, const struct register_slice *slice)
{
    return buf_put_span(context, slice->bodies);
}

static enum err take_der(void *context, const struct register_certificate *c)
{
    buf_clear(context);
    return buf_put_span(context, c->der);
}

static void what_was_on_record_when_the_signer_died_is_what_is_signed(void **state) /* I5, I10 */
{
    (void)state;
    AUTO_BUF bodies = BUF_INIT, der = BUF_INIT;
    AUTO_WIPED_BUF packs = BUF_INIT;
    struct register_body body;
    int n = LIMIT_ISSUE_BATCH + 5, seen = 0;
    int64_t tag = folder_ask_batch("factory-1", "died", "3012", 4001, n);
    folder_assert_accepted(tag, n);
    folder_ask(CA_REQUEST_NEXT, tag);
    folder_send();
    folder_restart();
    assert_ok(register_slice_unsigned(signer->db, keep_bodies, &bodies, NULL));
    assert_true(bodies.len > 5 * 300);
    tag = folder_ask_batch("factory-1", "died", "3012", 4001, n);
    folder_assert_accepted(tag, n);
    assert_int_equal(folder_collect(tag, &packs), n);
    folder_close_batch(tag);
    for (struct span rest = buf_span(&bodies); register_body_next(&rest, &body); seen++) {
        char number[LIMIT_NUMBER_TEXT + 1];
        snprintf(number, sizeof number, "%.*s", (int)body.number.n, (const char *)body.number.at);
        assert_ok(register_certificate_find(signer->db, "device", number, take_der, &der, NULL));
        assert_non_null(memmem(der.data, der.len, body.tbs.at, body.tbs.n));
    }
    assert_int_equal(seen, 5);
    bodies.len = 0;
    assert_ok(register_slice_unsigned(signer->db, keep_bodies, &bodies, NULL));
    assert_int_equal(bodies.len, 0);
}

static enum err found(void *context, const struct register_certificate *c)
{
    (void)context;
    (void)c;
    return OK;
}

static enum err count_entry(void *context, int64_t n, const struct audit_entry *e)
{
    (void)n;
    (void)e;
    ++*(int64_t *)context;
    return OK;
}

static int64_t count_audit(const char *subject)
{
    int64_t n = 0;
    assert_ok(register_audit_list(signer->db, subject, count_entry, &n, NULL));
    return n;
}

static void every_pack_holds_a_certificate_for_its_number_that_verifies(void **state) /* F-25, M-8 */
{
    (void)state;
    AUTO_WIPED_BUF packs = BUF_INIT;
    AUTO_CERT cert = NULL;
    AUTO_KEY key = NULL;
    AUTO_TRUST trust = NULL;
    struct pack pack;
    int64_t tag = folder_ask_batch("factory-1", "verify", "3012", 6001, 1);
    folder_assert_accepted(tag, 1);
    assert_int_equal(folder_collect(tag, &packs), 1);
    assert_ok(pack_decode(buf_span(&packs), &pack, NULL));
    assert_string_equal(pack.number.text, "3012-006001");
    assert_ok(cert_from_der(pack.certificate, &cert, NULL));
    assert_ok(key_from_pkcs8(pack.private_key, &key, NULL));
    assert_true(cert_matches_key(cert, key));
    assert_ok(trust_new(&trust));
    assert_ok(trust_add_roots(trust, pack.root, NULL));
    assert_ok(trust_add_intermediates(trust, pack.intermediates[0], NULL));
    int64_t from, to;
    cert_times(cert, &from, &to);
    assert_ok(verify_certificate(trust, cert, &(struct verify_request){ .profile = VERIFY_DEVICE, .now_s = from + 1 }, NULL));
    folder_close_batch(tag);
    assert_ok(register_certificate_find(signer->db, "device", "3012-006001", found, NULL, NULL)); /* I5 */
    assert_int_equal(count_audit("3012-006001"), 1);
}

static void assert_first_pack(const struct buf *packs, const char *number)
{
    struct span rest = buf_span(packs), first;
    struct pack pack;
    AUTO_CERT cert = NULL;
    AUTO_KEY key = NULL;
    assert_ok(der_take_whole(&rest, DER_SEQUENCE, &first));
    assert_ok(pack_decode(first, &pack, NULL));
    assert_string_equal(pack.number.text, number);
    assert_ok(cert_from_der(pack.certificate, &cert, NULL));
    assert_ok(key_from_pkcs8(pack.private_key, &key, NULL));
    assert_true(cert_matches_key(cert, key));
}

/* The keys of a batch's first slice are made while it is judged. Here another one comes between, twice. */
static void batches_under_way_at_once_each_get_their_own(void **state)
{
    (void)state;
    AUTO_WIPED_BUF a = BUF_INIT, b = BUF_INIT;
    int64_t first = folder_ask_batch("factory-1", "one", "3012", 6301, 40);
    folder_assert_accepted(first, 40);
    int64_t second = folder_ask_batch("factory-1", "two", "3012", 6401, 40);
    folder_assert_accepted(second, 40);
    assert_int_equal(folder_collect(second, &b), 40);
    assert_int_equal(folder_collect(first, &a), 40);
    folder_close_batch(first);
    folder_close_batch(second);
    assert_first_pack(&a, "3012-006301");
    assert_first_pack(&b, "3012-006401");
}

static void the_end_of_a_batch_comes_in_ever_smaller_slices(void **state)
{
    (void)state;
    static const int slices[] = { 350, 175, 128, 47 };
    AUTO_WIPED_BUF packs = BUF_INIT;
    int64_t tag = folder_ask_batch("factory-1", "repeat", "3012", 1, 700);
    folder_assert_accepted(tag, 700);
    for (size_t i = 0; i < 4; i++) {
        bool all = false;
        assert_int_equal(folder_next(tag, &packs, &all), slices[i]);
        assert_int_equal(all, i == 3);
    }
    folder_close_batch(tag);
}

static void one_refused_number_refuses_all_and_nothing_is_issued(void **state) /* I11, I1 */
{
    (void)state;
    int64_t tag = folder_ask_batch("factory-1", "over", "3014", 1, 4);
    folder_assert_refused(tag, ERR_OVER_ORDER, "3014-000004");
    assert_int_equal(count_audit("3014-000001"), 0);
    AUTO_BUF bodies = BUF_INIT; /* what was begun meanwhile is on no record */
    assert_ok(register_slice_unsigned(signer->db, keep_bodies, &bodies, NULL));
    assert_int_equal(bodies.len, 0);
    tag = folder_ask_batch("factory-1", "fits", "3014", 1, 3);
    folder_assert_accepted(tag, 3);
    folder_close_batch(tag);
    tag = folder_ask_batch("factory-1", "fits", "3014", 2, 2);
    folder_assert_refused(tag, ERR_CONFLICT, "other device numbers");
    tag = folder_ask_batch("factory-1", "again", "3014", 2, 1);
    folder_assert_refused(tag, ERR_LIVE_IDENTITY, "3014-000002");
    tag = folder_ask_batch("factory-2", "other", "3014", 9, 1);
    folder_assert_refused(tag, ERR_NO_ORDER, "factory-2");
    tag = folder_ask_batch("factory-1", "empty", "3014", 9, 0);
    folder_assert_refused(tag, ERR_BAD_INPUT, "no device number");
}

static void a_request_whose_packs_were_not_all_made_cannot_be_confirmed(void **state) /* I9 */
{
    (void)state;
    int64_t tag = folder_ask_batch("factory-1", "early", "3012", 6201, 2);
    folder_assert_accepted(tag, 2);
    folder_close_batch(tag);
    tag = folder_ask(CA_REQUEST_CONFIRM, ++last_tag);
    folder_text("factory-1");
    folder_text("early");
    folder_send();
    folder_assert_refused(tag, ERR_BAD_TRANSITION, "2 packs");
}

static void confirmed_keys_are_destroyed_and_not_given_out_again(void **state) /* I2, I14 */
{
    (void)state;
    AUTO_WIPED_BUF packs = BUF_INIT;
    int64_t tag = folder_ask_batch("factory-1", "confirm", "3012", 6101, 2);
    folder_assert_accepted(tag, 2);
    assert_int_equal(folder_collect(tag, &packs), 2);
    folder_close_batch(tag);
    for (int i = 0; i < 2; i++) { /* twice: I10 */
        struct frame_reader fields;
        tag = folder_ask(CA_REQUEST_CONFIRM, ++last_tag);
        folder_text("factory-1");
        folder_text("confirm");
        folder_send();
        assert_int_equal(folder_answer(tag, &fields), CA_ANSWER_DONE);
    }
    tag = folder_ask_batch("factory-1", "confirm", "3012", 6101, 2);
    folder_assert_refused(tag, ERR_CONFLICT, "destroyed");
}

static void a_request_out_of_turn_or_unknown_is_refused(void **state)
{
    (void)state;
    int64_t tag = folder_ask(CA_REQUEST_NEXT, ++last_tag);
    folder_send();
    folder_assert_refused(tag, ERR_NOT_ALLOWED, "next");
    tag = folder_ask(77, ++last_tag);
    folder_send();
    folder_assert_refused(tag, ERR_UNSUPPORTED, "77");
    tag = folder_ask(CA_REQUEST_OPEN, ++last_tag);
    folder_text("factory-1");
    folder_send();
    folder_assert_refused(tag, ERR_BAD_INPUT, "frame");
}

static void bootstrap_packs_are_made_once_and_given_again(void **state) /* M-8, F-22 */
{
    (void)state;
    AUTO_WIPED_BUF first = BUF_INIT;
    for (int i = 0; i < 2; i++) {
        struct frame_reader fields;
        struct pack pack;
        int64_t tag = folder_ask(CA_REQUEST_BOOTSTRAP, ++last_tag);
        folder_text("factory-1");
        folder_text("3012");
        folder_send();
        assert_int_equal(folder_answer(tag, &fields), CA_ANSWER_PACK);
        struct span bytes = frame_bytes(&fields);
        assert_ok(pack_decode(bytes, &pack, NULL));
        assert_string_equal(pack.number.text, "3012-BOOTSTRAP");
        if (i == 0)
            assert_ok(buf_put_span(&first, bytes));
        else
            assert_true(span_equal(buf_span(&first), bytes));
    }
    int64_t tag = folder_ask(CA_REQUEST_BOOTSTRAP, ++last_tag);
    folder_text("factory-1");
    folder_text("9999");
    folder_send();
    folder_assert_refused(tag, ERR_NO_ORDER, "9999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_request_gives_the_same_packs_after_a_restart_too),
        cmocka_unit_test(a_batch_broken_off_half_way_is_taken_up_where_it_was),
        cmocka_unit_test(what_was_on_record_when_the_signer_died_is_what_is_signed),
        cmocka_unit_test(every_pack_holds_a_certificate_for_its_number_that_verifies),
        cmocka_unit_test(batches_under_way_at_once_each_get_their_own),
        cmocka_unit_test(the_end_of_a_batch_comes_in_ever_smaller_slices),
        cmocka_unit_test(one_refused_number_refuses_all_and_nothing_is_issued),
        cmocka_unit_test(a_request_whose_packs_were_not_all_made_cannot_be_confirmed),
        cmocka_unit_test(confirmed_keys_are_destroyed_and_not_given_out_again),
        cmocka_unit_test(a_request_out_of_turn_or_unknown_is_refused),
        cmocka_unit_test(bootstrap_packs_are_made_once_and_given_again),
    };
    return cmocka_run_group_tests_name("signer", tests, folder_begin, folder_end);
}

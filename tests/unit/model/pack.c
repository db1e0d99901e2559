#include "../test.h"

#include "model/pack.h"

/* Elements of the right shape: a DER sequence stands in for a certificate. */
static const uint8_t root[] = { 0x30, 1, 'r' }, issuer[] = { 0x30, 1, 'i' }, leaf[] = { 0x30, 1, 'l' }, key[] = { 0x30, 1, 'k' };

static struct pack example(void)
{
    struct pack p = {
        .root = span_of(root, sizeof root),
        .intermediates = { span_of(issuer, sizeof issuer) },
        .intermediates_n = 1,
        .certificate = span_of(leaf, sizeof leaf),
        .private_key = span_of(key, sizeof key),
    };
    assert_ok(number_parse(span_text("3012-123456"), &p.number, NULL));
    return p;
}

static void a_pack_comes_back_as_it_was_put_in(void **state)
{
    (void)state;
    struct pack in = example(), out;
    struct why why;
    AUTO_WIPED_BUF bytes = BUF_INIT;
    assert_ok(pack_encode(&in, &bytes));
    assert_ok(pack_decode(buf_span(&bytes), &out, &why));
    assert_string_equal(out.number.text, "3012-123456");
    assert_int_equal(out.intermediates_n, 1);
    assert_true(span_equal(out.root, in.root) && span_equal(out.intermediates[0], in.intermediates[0]));
    assert_true(span_equal(out.certificate, in.certificate) && span_equal(out.private_key, in.private_key));
}

static void pack_with_trailing_byte_is_refused(void **state)
{
    (void)state;
    struct pack in = example(), out;
    struct why why;
    AUTO_WIPED_BUF bytes = BUF_INIT;
    assert_ok(pack_encode(&in, &bytes));
    assert_ok(buf_put(&bytes, "", 1));
    assert_err(pack_decode(buf_span(&bytes), &out, &why), ERR_BAD_INPUT);
}

static void a_pack_cut_anywhere_or_with_any_byte_changed_in_its_frame_is_refused_or_differs(void **state)
{
    (void)state;
    struct pack in = example(), out;
    struct why why;
    AUTO_WIPED_BUF bytes = BUF_INIT;
    assert_ok(pack_encode(&in, &bytes));
    for (size_t n = 0; n < bytes.len; n++)
        assert_err(pack_decode(span_of(bytes.data, n), &out, &why), ERR_BAD_INPUT);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] ^= 0x80;
        if (pack_decode(buf_span(&bytes), &out, &why) == OK)
            assert_false(span_equal(out.certificate, in.certificate) && span_equal(out.private_key, in.private_key) &&
                         span_equal(out.root, in.root) && span_equal(out.intermediates[0], in.intermediates[0]) &&
                         number_equal(&out.number, &in.number));
        bytes.data[i] ^= 0x80;
    }
}

static void too_many_issuers_are_refused(void **state)
{
    (void)state;
    struct pack in = example(), out;
    struct why why;
    AUTO_WIPED_BUF bytes = BUF_INIT, chain = BUF_INIT;
    for (int i = 0; i < LIMIT_CHAIN + 1; i++)
        assert_ok(buf_put(&chain, issuer, sizeof issuer));
    in.intermediates[0] = buf_span(&chain);
    assert_ok(pack_encode(&in, &bytes));
    assert_err(pack_decode(buf_span(&bytes), &out, &why), ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_comes_back_as_it_was_put_in),
        cmocka_unit_test(pack_with_trailing_byte_is_refused),
        cmocka_unit_test(a_pack_cut_anywhere_or_with_any_byte_changed_in_its_frame_is_refused_or_differs),
        cmocka_unit_test(too_many_issuers_are_refused),
    };
    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}

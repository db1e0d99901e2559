#include "../test.h"

#include <openssl/core_names.h>

#include "pki/issuer.h"
#include "pki/openssl.h"

static void a_signing_request_gives_its_key_back_and_nothing_else_is_used(void **state)
{
    (void)state;
    for (unsigned type = 0; type < KEY_TYPE_COUNT; type++) {
        AUTO_KEY key = NULL;
        AUTO_BUF csr = BUF_INIT, spki = BUF_INIT, expected = BUF_INIT;
        assert_ok(key_generate((enum key_type)type, &key, NULL));
        assert_ok(csr_make(key, "factory-1", &csr, NULL));
        assert_ok(csr_read(buf_span(&csr), &spki, NULL));
        assert_ok(key_spki(key, &expected));
        assert_true(span_equal(buf_span(&spki), buf_span(&expected)));
    }
}

static void a_signing_request_with_any_byte_changed_is_refused(void **state)
{
    (void)state;
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT, spki = BUF_INIT;
    assert_ok(key_generate(KEY_P256, &key, NULL));
    assert_ok(csr_make(key, "station-1", &csr, NULL));
    for (size_t i = 0; i < csr.len; i++) {
        csr.data[i] ^= 1;
        assert_true(csr_read(buf_span(&csr), &spki, NULL) != OK);
        csr.data[i] ^= 1;
        assert_true(csr_read(span_of(csr.data, i), &spki, NULL) != OK);
    }
    assert_int_equal(spki.len, 0);
    assert_ok(buf_put(&csr, "", 1));
    assert_err(csr_read(buf_span(&csr), &spki, NULL), ERR_BAD_INPUT);
}

static void a_key_in_other_bytes_is_no_other_key(void **state) /* I2 */
{
    (void)state;
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT, spki = BUF_INIT;
    assert_ok(key_generate(KEY_P256, &key, NULL));
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key_evp(key), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                                    OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED), 1);
    assert_ok(csr_make(key, "device", &csr, NULL));
    assert_err(csr_read(buf_span(&csr), &spki, NULL), ERR_BAD_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signing_request_gives_its_key_back_and_nothing_else_is_used),
        cmocka_unit_test(a_signing_request_with_any_byte_changed_is_refused),
        cmocka_unit_test(a_key_in_other_bytes_is_no_other_key),
    };
    return cmocka_run_group_tests_name("csr", tests, NULL, NULL);
}

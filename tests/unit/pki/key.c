#include "../test.h"

#include <string.h>

#include "pki/cert.h"
#include "pki/key.h"
#include "pki/openssl.h"

static void keys_of_every_type_survive_pem_and_pkcs8(void **state)
{
    (void)state;
    AUTO_SECRET passphrase = SECRET_INIT, empty = SECRET_INIT;
    assert_ok(secret_copy("correct horse", 13, &passphrase));
    for (unsigned type = 0; type < KEY_TYPE_COUNT; type++) {
        struct why why = { 0 };
        AUTO_KEY key = NULL;
        AUTO_KEY plain = NULL;
        AUTO_KEY opened = NULL;
        AUTO_KEY carried = NULL;
        AUTO_KEY locked = NULL;
        AUTO_SECRET pem = SECRET_INIT, sealed = SECRET_INIT, der = SECRET_INIT;
        AUTO_BUF signature = BUF_INIT;
        enum key_type parsed;
        assert_ok(key_type_parse(key_type_name((enum key_type)type), &parsed));
        assert_ok(key_generate(parsed, &key, &why));
        assert_ok(key_to_pem(key, NULL, &pem, &why));
        assert_ok(key_to_pem(key, &passphrase, &sealed, &why));
        assert_ok(key_to_pkcs8(key, &der, &why));
        assert_non_null(memmem(sealed.data, sealed.len, "ENCRYPTED", 9));
        assert_ok(key_from_pem(secret_span(&pem), &empty, &plain, &why));
        assert_ok(key_from_pem(secret_span(&sealed), &passphrase, &opened, &why));
        assert_ok(key_from_pkcs8(secret_span(&der), &carried, &why));
        assert_err(key_from_pem(secret_span(&sealed), NULL, &locked, &why), ERR_BAD_KEY);
        assert_int_equal(key_type(opened), type);
        assert_int_equal(EVP_PKEY_eq(key_evp(key), key_evp(carried)), 1);
        assert_int_equal(EVP_PKEY_eq(key_evp(key), key_evp(plain)), 1);
        assert_ok(key_sign(carried, span_text("hello"), &signature, &why));
    }
}

static void a_wrong_passphrase_opens_nothing(void **state)
{
    (void)state;
    AUTO_KEY key = NULL;
    AUTO_KEY opened = NULL;
    AUTO_SECRET right = SECRET_INIT, wrong = SECRET_INIT, pem = SECRET_INIT;
    assert_ok(secret_copy("right", 5, &right));
    assert_ok(secret_copy("wrong", 5, &wrong));
    assert_ok(key_generate(KEY_P256, &key, NULL));
    assert_ok(key_to_pem(key, &right, &pem, NULL));
    assert_err(key_from_pem(secret_span(&pem), &wrong, &opened, NULL), ERR_BAD_KEY);
}

/* I3: key and certificate agree, so the public part that a key came with must be its own. */
static void a_private_key_with_a_strangers_public_part_is_refused(void **state)
{
    (void)state;
    AUTO_KEY one = NULL;
    AUTO_KEY other = NULL;
    AUTO_KEY mixed = NULL;
    AUTO_SECRET a = SECRET_INIT, b = SECRET_INIT;
    assert_ok(key_generate(KEY_P256, &one, NULL));
    assert_ok(key_generate(KEY_P256, &other, NULL));
    assert_ok(key_to_pkcs8(one, &a, NULL));
    assert_ok(key_to_pkcs8(other, &b, NULL));
    assert_int_equal(a.len, b.len);
    memcpy(a.data + a.len - 65, b.data + b.len - 65, 65); /* the uncompressed point stands at the end */
    assert_err(key_from_pkcs8(secret_span(&a), &mixed, NULL), ERR_BAD_KEY);
}

static void cut_or_lengthened_keys_are_refused(void **state)
{
    (void)state;
    AUTO_KEY key = NULL;
    AUTO_KEY back = NULL;
    AUTO_SECRET der = SECRET_INIT;
    uint8_t longer[1024];
    assert_ok(key_generate(KEY_P256, &key, NULL));
    assert_ok(key_to_pkcs8(key, &der, NULL));
    for (size_t n = 0; n < der.len; n++)
        assert_err(key_from_pkcs8(span_of(der.data, n), &back, NULL), ERR_BAD_KEY);
    memcpy(longer, der.data, der.len);
    longer[der.len] = 0;
    assert_err(key_from_pkcs8(span_of(longer, der.len + 1), &back, NULL), ERR_BAD_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_every_type_survive_pem_and_pkcs8),
        cmocka_unit_test(a_wrong_passphrase_opens_nothing),
        cmocka_unit_test(a_private_key_with_a_strangers_public_part_is_refused),
        cmocka_unit_test(cut_or_lengthened_keys_are_refused),
    };
    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
